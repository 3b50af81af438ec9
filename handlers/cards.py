"""Presses on the volunteer's card, and the ways to a first one."""

from dataclasses import replace
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import (
    assignments,
    campaigns,
    card_replies,
    consents,
    conversations,
    faster,
    inbox,
    posts,
    texting,
    volunteers,
)
from bot.services.cards import MESSAGE, MODAL, Card
from bot.services.posts import PostKind
from bot.views import cards as views
from bot.views import ids
from handlers import card_replies as on_card
from handlers import faster as in_modal
from handlers.kit import Kit
from handlers.pictures import post_card
from handlers.requests import Click
from handlers.slack_text import for_phone
from handlers.words import unquoted


def register(app: AsyncApp) -> None:
    """The card's buttons, `/text`, and "Start texting"."""
    app.action(ids.SEND)(send)
    app.action(ids.SKIP)(skip)
    app.action(ids.CARD_MENU)(menu)
    app.action(ids.UNDO)(undo)
    app.action(ids.REPLIES)(replies)
    app.action(ids.START_TEXTING)(start_texting)
    app.action(ids.TAKE_BATCH)(start_texting)
    app.command("/text")(text)


async def send(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """One click, one text."""
    press = click.press()
    press = replace(press, body=for_phone(press.body or ""))
    async with kit.database.transaction() as session:
        card = await texting.send(session, press, now=kit.clock(), terms=kit.terms)
    await ack()
    _show(kit, click, card)


async def skip(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The next contact, without a text to this one."""
    async with kit.database.transaction() as session:
        card = await texting.skip(session, click.press(), now=kit.clock())
    await ack()
    _show(kit, click, card)


async def undo(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Take the last text or skip back."""
    async with kit.database.transaction() as session:
        card = await texting.undo(session, click.press(), click.argument(), now=kit.clock())
    await ack()
    _show(kit, click, card)


async def menu(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Wrong number, Opt out, Ask for help, About."""
    if click.argument() == ids.ASK_FOR_HELP:
        return await _ask_for_help(ack, click, kit)
    if click.argument() == ids.ABOUT:
        return await _about(ack, click, kit)
    act = texting.wrong_number if click.argument() == ids.WRONG_NUMBER else texting.opt_out
    async with kit.database.transaction() as session:
        card = await act(session, click.press(), now=kit.clock())
    await ack()
    _show(kit, click, card)


async def _about(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """How the person on the card agreed to be texted."""
    async with kit.database.reading() as session:
        contact_id, _ = await texting.about(session, click.press(), why="About")
        consent = await consents.of_contact(session, contact_id)
    await ack()
    kit.slack.whisper(click.response_url, views.about(consent))


async def _ask_for_help(ack: AsyncAck, click: Click, kit: Kit) -> None:
    async with kit.database.transaction() as session:
        conversation_id, draft = await texting.about(session, click.press())
        asks: dict[str, Any] = {"by": click.who, "words": draft, "now": kit.clock(), "admins": kit.settings.admin_users}
        await inbox.ask_for_help(session, conversation_id, **asks)
    await ack()
    kit.slack.whisper(click.response_url, "Help is on its way: your organizer has been told. You can go on meanwhile.")


async def replies(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Open the threads now, or while Slack takes too few posts for that, show who waits in the place of the card."""
    async with kit.database.transaction() as session:
        above = await conversations.open_threads_now(session, click.who, now=kit.clock())
        found = await card_replies.instead_of_threads(session, click.press(), now=kit.clock())
    await ack()
    if found:
        return on_card.show(kit, click, found)
    if above:
        kit.slack.whisper(click.response_url, views.waiting_above(above))


async def start_texting(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """A batch and its first card: in place of our message to this person, or below an invitation elsewhere."""
    await _introduce(kit, click.who, click.username)
    direct = (click.channel or "").startswith("D")
    async with kit.database.transaction() as session:
        if not direct:
            campaigns.check_open(await campaigns.by_id(session, click.number()))
            batch = next(iter(click.numbers()), assignments.BATCH)
            await assignments.invite(session, click.number(), click.who, batch)
        card, crowded = await _open(session, kit, click.who, click.number())
    await ack()
    if crowded and await in_modal.offer(kit, click.who, click.trigger_id, card):
        return None
    if direct:
        return _show(kit, click, card)
    await _post(kit, click.who, card)
    kit.slack.whisper(click.response_url, views.brought(card, "Your first contact"))
    return None


async def text(ack: AsyncAck, command: dict[str, Any], kit: Kit) -> None:
    """`/text [campaign]`: the next contact, in the direct message."""
    who, named = command["user_id"], unquoted(command.get("text", ""))
    campaign_id: int | None = None
    if named:
        async with kit.database.reading() as session:
            campaign_id = (await campaigns.find_among_mine(session, named, volunteer_id=who)).id
    channel, card = await bring(kit, who, command.get("user_name", ""), campaign_id, command["trigger_id"])
    await ack("" if channel in (None, command.get("channel_id")) else views.brought(card, "Your next contact"))


async def bring(kit: Kit, who: str, username: str, campaign_id: int | None, trigger_id: str) -> tuple[str | None, Card]:
    """A fresh card in the direct message, of this campaign or of what they hold, and which channel that is.

    No channel if it opened as a modal instead, since so many are texting.
    """
    await _introduce(kit, who, username)
    async with kit.database.transaction() as session:
        card, crowded = await _open(session, kit, who, campaign_id)
    if crowded and await in_modal.offer(kit, who, trigger_id, card):
        return None, card
    return await _post(kit, who, card), card


async def _open(session: Session, kit: Kit, who: str, campaign_id: int | None) -> tuple[Card, bool]:
    """A fresh card, and whether so many are texting that it belongs into the modal."""
    crowded = await faster.is_busy(session, now=kit.clock())
    surface = MODAL if crowded else MESSAGE
    return await texting.open_card(session, who, campaign_id, now=kit.clock(), surface=surface), crowded


def _show(kit: Kit, click: Click, card: Card) -> None:
    otherwise = partial(_bring_back, kit, click.who, card.version)
    shown = views.card(card, kit.picture(card))
    kit.slack.replace(click.response_url, shown, card=click.who, version=card.version, otherwise=otherwise)


async def _bring_back(kit: Kit, who: str, version: int) -> None:
    """The click's own address did not take the card: it comes as a message of its own."""
    key = f"card:{who}:{version}:lost"
    async with kit.database.transaction() as session:
        await posts.add(session, PostKind.CARD, to=who, dedupe=key, merge=f"card:{who}", now=kit.clock())


async def _post(kit: Kit, who: str, card: Card) -> str:
    """A card of its own, at the bottom of the direct message: which channel that is."""
    channel, _ = await post_card(kit, who, card)
    return channel


async def _introduce(kit: Kit, who: str, username: str) -> None:
    """Make sure that we know this person's name: scripts sign with it. Once, not for each text."""
    async with kit.database.reading() as session:
        known = await volunteers.named(session, who)
    if known:
        return
    try:
        name = (await kit.slack.profile(who))["name"]
    except SlackTrouble:
        name = username.replace(".", " ").replace("_", " ").title()
    async with kit.database.transaction() as session:
        await volunteers.meet(session, who, name=name)
