"""Presses on voters who wait in the place of the card. All of it goes by the presses' own response_urls."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services import card_replies, conversations
from bot.services.card_replies import Waiting
from bot.services.cards import Card
from bot.views import card_replies as views
from bot.views import cards as card_views
from bot.views import ids
from handlers.kit import Kit
from handlers.requests import Click
from handlers.slack_text import for_phone


def register(app: AsyncApp) -> None:
    """The buttons below each voter, and the way back to the card."""
    app.action(ids.WAITING_ANSWER)(answer)
    app.action(ids.WAITING_OPT_OUT)(_decides(conversations.opt_out))
    app.action(ids.WAITING_KEEP)(_decides(conversations.keep_texting, is_over=False))
    app.action(ids.WAITING_DONE)(_decides(conversations.done, dated=False))
    app.action(ids.WAITING_BACK)(back)


async def answer(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Text this voter, and show the others with what was typed to them."""
    which, (read, drawing) = click.number(), click.numbers()
    words = for_phone(_typed(click).get(which, ""))
    act: dict[str, Any] = {"by": click.who, "act_key": f"waiting:{click.who}:{which}:{drawing}", "read": read}
    async with kit.database.transaction() as session:
        await card_replies.answer(session, which, words, **act, now=kit.clock(), terms=kit.terms)
        found = await _what_now(session, click, kit)
    await ack()
    show(kit, click, found, but=which)


def _decides(act: Callable[..., Awaitable[Any]], *, dated: bool = True, is_over: bool = True) -> Callable[..., Any]:
    async def run(ack: AsyncAck, click: Click, kit: Kit) -> None:
        when = {"now": kit.clock()} if dated else {}
        async with kit.database.transaction() as session:
            await act(session, click.number(), by=click.who, **when)
            if is_over:
                await card_replies.seen(session, click.number(), read=click.numbers()[0])
            found = await _what_now(session, click, kit)
        await ack()
        show(kit, click, found)

    return run


async def back(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The card as it was, with the words that were begun on it."""
    async with kit.database.transaction() as session:
        shown = await card_replies.back(session, click.who, now=kit.clock())
    await ack()
    show(kit, click, shown)


async def _what_now(session: Any, click: Click, kit: Kit) -> Waiting | Card:
    """Those who still wait, or the card if nobody does."""
    return await card_replies.waiting(session, click.who) or await card_replies.back(
        session, click.who, now=kit.clock()
    )


def show(kit: Kit, click: Click, found: Waiting | Card, *, but: int | None = None) -> None:
    """In the place of what was pressed, with what was typed there, `but` for one voter."""
    if isinstance(found, Card):
        shown = card_views.card(found, kit.picture(found))
    else:
        typed = {which: words for which, words in _typed(click).items() if which != but}
        shown = views.waiting(found, round(kit.clock().timestamp() * 1000), typed)
    key = f"waiting:{click.channel}:{click.ts}"
    kit.slack.replace(click.response_url, shown, card=key, version=kit.slack.next_version(key))


def _typed(click: Click) -> dict[int, str]:
    """What stands in the fields, by conversation."""
    fields = {name: element for block in click.values.values() for name, element in block.items()}
    found = {}
    for name, element in fields.items():
        kind, _, rest = name.partition(".")
        which = rest.partition(".")[0]
        if kind == views.FIELD and which.isdigit():
            found[int(which)] = element.get("value") or ""
    return found
