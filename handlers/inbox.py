"""The inbox: the command that says where it is, and what is pressed on its items."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import inbox, inbox_channel, inbox_numbers, inbox_places, reviews
from bot.services.inbox import Item
from bot.views import ids
from bot.views import inbox as views
from bot.views.blocks import Block, message
from handlers.kit import Kit
from handlers.requests import Click, require
from handlers.slack_text import for_phone
from handlers.subcommands import Command, Subcommand
from handlers.words import one, split
from models import Role


def register(app: AsyncApp) -> None:
    """The items' buttons, and the modals behind two of them."""
    app.action(ids.INBOX_TAKE)(take)
    app.action(ids.INBOX_HAND_BACK)(_decides(inbox.hand_back))
    app.action(ids.INBOX_DONE)(_decides(inbox.done))
    app.action(ids.INBOX_OPT_OUT)(_decides(inbox_numbers.opt_out))
    app.action(ids.INBOX_KEEP)(_decides(inbox_numbers.keep))
    app.action(ids.INBOX_LET_BACK)(_decides(inbox_numbers.let_back, Role.ORGANIZER))
    app.action(ids.INBOX_STAYS_OUT)(_decides(inbox_numbers.stays_out))
    app.action(ids.INBOX_LEAVE)(_decides(reviews.leave, Role.ORGANIZER))
    app.action(ids.INBOX_SEND_ANYWAY)(_decides(reviews.send_anyway, Role.ORGANIZER))
    app.action(ids.INBOX_SEND_AGAIN)(send_again)
    app.action(ids.INBOX_ANSWER)(_opens(views.answer_modal))
    app.action(ids.INBOX_TELL)(_opens(views.tell_modal))
    app.view(ids.INBOX_ANSWER)(answer)
    app.view(ids.INBOX_TELL)(tell_volunteer)


async def set_inbox(command: Command, kit: Kit) -> str:
    """Where calls go from now on; without a channel, where they go now."""
    words = command.words.strip().lower()
    if not words:
        return await _says_where(kit)
    if words == "off":
        return await _off(command, kit)
    _, mentioned, _ = split(command.words)
    channel = one(mentioned, "#", SUBCOMMANDS["inbox"].usage)
    await _move_to(channel, command, kit)
    return f"Calls for help, texts from unknown people, texts in doubt and alarms go to <#{channel}> from now on."


async def _move_to(channel: str, command: Command, kit: Kit) -> None:
    """Whether we may post there shows by a post."""
    try:
        await kit.slack.post(channel, message(views.THIS_IS_THE_INBOX))
    except SlackTrouble as trouble:
        if trouble.for_good:
            raise Refusal(
                "I can't post there. Add me to the channel first: type `/invite @Textbank` in it."
            ) from trouble
        raise
    async with kit.database.transaction() as session:
        await inbox_channel.choose(session, channel, by=command.who, now=kit.clock())
        await inbox_places.bring_what_waits(session, channel, now=kit.clock())


async def _says_where(kit: Kit) -> str:
    async with kit.database.reading() as session:
        channel = await inbox_channel.current(session)
    if channel:
        return f"The inbox is <#{channel}>. `/textbank inbox off` ends that, `/textbank inbox #channel` moves it."
    return f"{DIRECTLY} `/textbank inbox #channel` sends it all to a channel."


async def _off(command: Command, kit: Kit) -> str:
    async with kit.database.transaction() as session:
        channel = await inbox_channel.current(session)
        if channel:
            await inbox_channel.leave(session, channel, by=command.who, now=kit.clock())
    return DIRECTLY


async def take(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """First come, first served; the second is told who has it."""
    await _require(kit, click.who)
    async with kit.database.transaction() as session:
        at = (click.channel, click.ts)
        item = await inbox.take(session, click.number(), by=click.who, at=at, now=kit.clock())
    await ack()
    _show(kit, click.response_url, item)
    if item.done:
        kit.slack.whisper(click.response_url, "That has been done already.")
    elif item.taken_by != click.who:
        kit.slack.whisper(click.response_url, f"<@{item.taken_by}> was quicker and has it.")


async def send_again(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Texts in doubt, each as a new text of this press."""
    await _require(kit, click.who, Role.ORGANIZER)
    async with kit.database.transaction() as session:
        item = await reviews.send_again(session, click.number(), by=click.who, now=kit.clock(), terms=kit.terms)
    await ack()
    _show(kit, click.response_url, item)


def _decides(act: Callable[..., Awaitable[Item]], least: Role = Role.MANAGER) -> Callable[..., Awaitable[None]]:
    """A press that settles something: done, handed back, opted out."""

    async def run(ack: AsyncAck, click: Click, kit: Kit) -> None:
        await _require(kit, click.who, least)
        async with kit.database.transaction() as session:
            item = await act(session, click.number(), by=click.who, now=kit.clock())
        await ack()
        _show(kit, click.response_url, item)

    return run


def _opens(drawn: Callable[[Item, str], Block]) -> Callable[..., Awaitable[None]]:
    """A press that opens a modal. It carries the press's own address, by which the item is drawn anew afterwards."""

    async def run(ack: AsyncAck, click: Click, kit: Kit) -> None:
        await _require(kit, click.who)
        async with kit.database.reading() as session:
            item = await inbox.mine(session, click.number(), by=click.who)
        metadata = json.dumps({"item": item.id, "response_url": click.response_url})
        await kit.slack.open_view(click.trigger_id, drawn(item, metadata))
        await ack()

    return run


async def answer(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Text the voter in the volunteer's place."""
    who, about, words = body["user"]["id"], json.loads(view["private_metadata"]), for_phone(_typed(view))
    await _require(kit, who)
    async with kit.database.transaction() as session:
        act = {"by": who, "act_key": f"modal:{view['id']}", "now": kit.clock()}
        item = await inbox.answer(session, about["item"], words, **act, terms=kit.terms)
    await ack()
    _show(kit, about["response_url"], item)


async def tell_volunteer(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Words for the volunteer alone."""
    who, about, words = body["user"]["id"], json.loads(view["private_metadata"]), _typed(view)
    await _require(kit, who)
    async with kit.database.transaction() as session:
        act = {"by": who, "act_key": f"modal:{view['id']}", "now": kit.clock()}
        item = await inbox.tell_volunteer(session, about["item"], words, **act)
    await ack()
    _show(kit, about["response_url"], item, words=words)


def _typed(view: dict[str, Any]) -> str:
    return view["state"]["values"]["message"]["message"].get("value") or ""


async def _require(kit: Kit, who: str, least: Role = Role.MANAGER) -> None:
    await require(kit, who, least, "calls in the inbox")


def _show(kit: Kit, response_url: str, item: Item, *, words: str | None = None) -> None:
    key = f"inbox:{item.id}"
    shown = views.item(item, words=words)
    kit.slack.replace(response_url, shown, card=key, version=kit.slack.next_version(key))


DIRECTLY = "Calls come to whoever made the campaign, in their direct messages with Textbank."
SUBCOMMANDS: dict[str, Subcommand] = {
    "inbox": Subcommand(
        set_inbox, Role.ORGANIZER, "/textbank inbox #channel", "where calls for help, unknown texts and alarms go"
    ),
}
