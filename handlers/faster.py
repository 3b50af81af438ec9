"""Text faster: the card in a modal. A submission is one press, and its answer is the next contact."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import cards, faster, texting
from bot.services.cards import MESSAGE, MODAL, Card, Press
from bot.services.faster import HandOut
from bot.services.resting import Rest
from bot.views import faster as views
from bot.views import ids
from handlers.kit import Kit
from handlers.requests import Click
from handlers.slack_text import for_phone

log = structlog.get_logger()
NO_MESSAGE = -1
"""For a modal with no card in a message below it."""

_SET_ASIDE: dict[str, Callable[..., Awaitable[Card]]] = {
    views.SKIP: texting.skip,
    ids.WRONG_NUMBER: texting.wrong_number,
    ids.OPT_OUT: texting.opt_out,
}


def register(app: AsyncApp) -> None:
    """The button beside the card, and the modal's submission and end."""
    app.action(ids.FASTER)(begin)
    app.action(ids.FASTER_UNDO)(undo)
    app.view(ids.FASTER_MODAL)(submit)
    app.view_closed(ids.FASTER_MODAL)(end)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a volunteer gave back with a drawing."""

    who: str
    handed_out: HandOut
    words: str | None
    choice: str

    @classmethod
    def of(cls, who: str, view: dict[str, Any]) -> "Submission":
        """From the view as Slack sends it along."""
        given = {name: element for block in _state(view).values() for name, element in block.items()}
        chosen = (given.get("choice") or {}).get("selected_option") or {}
        words = (given.get("draft") or {}).get("value")
        return cls(who, HandOut.parse(view["private_metadata"]), words, chosen.get("value", ""))

    @property
    def press(self) -> Press:
        """The press on the card that it is."""
        return Press(self.who, self.handed_out.version, self.words, self.handed_out.contact_id, surface=MODAL)


async def begin(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The card goes on in the modal."""
    press = replace(click.press(), surface=MODAL)
    async with kit.database.transaction() as session:
        shown = await faster.begin(session, press, now=kit.clock())
    try:
        await kit.slack.open_view(click.trigger_id, _drawing(kit, shown, below=press.version))
    except SlackTrouble:
        await _stays_a_message(kit, click.who)
        raise
    await ack()


async def offer(kit: Kit, who: str, trigger_id: str, shown: Card) -> bool:
    """Hand a volunteer the modal in place of the card; False if there is nobody to text, or Slack will not open it."""
    if isinstance(shown.next, Rest):
        return False
    try:
        await kit.slack.open_view(trigger_id, _drawing(kit, shown, below=NO_MESSAGE, crowded=True))
    except SlackTrouble as trouble:
        log.warning("slack did not open the modal, so the card is posted", why=str(trouble))
        await _stays_a_message(kit, who)
        return False
    return True


async def _stays_a_message(kit: Kit, who: str) -> None:
    async with kit.database.transaction() as session:
        await cards.shown_on(session, who, MESSAGE)


async def submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """One submission, one text, unless a key is held down: then the clock of the hand-out starts again."""
    given, now = Submission.of(body["user"]["id"], view), kit.clock()
    if given.handed_out.follows_too_soon(now):
        anew = replace(given.handed_out, milliseconds=round(now.timestamp() * 1000))
        return await _answer(ack, views.again(view, anew, given.words))
    async with kit.database.transaction() as session:
        shown = await _act(session, given, kit)
    await _answer(ack, _drawing(kit, shown, below=given.handed_out.below))


async def undo(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """Take the last text of all back, from the summary: a button there, where nothing is submitted."""
    press, given = replace(click.press(), surface=MODAL), Submission.of(click.who, body["view"])
    async with kit.database.transaction() as session:
        shown = await texting.undo(session, press, click.argument(), now=kit.clock())
    await kit.slack.update_view(_drawing(kit, shown, below=given.handed_out.below), body["view"])
    await ack()


async def end(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Closed: the replies come, and the card as a message."""
    given = Submission.of(body["user"]["id"], view)
    words = given.words if given.words not in _proposed(view) else None
    press = Press(given.who, given.handed_out.version, words, given.handed_out.contact_id)
    async with kit.database.transaction() as session:
        await faster.end(session, press, view_id=view["id"], below=given.handed_out.below, now=kit.clock())
    await ack()


async def _act(session: Session, given: Submission, kit: Kit) -> Card:
    """Do what was chosen, by the same ways as the card's buttons."""
    press, now, what = given.press, kit.clock(), given.choice
    if given.handed_out.more is not None:
        return await texting.open_card(session, given.who, given.handed_out.more, now=now, surface=MODAL)
    if what in _SET_ASIDE:
        return await _SET_ASIDE[what](session, press, now=now)
    if what.startswith(views.UNDO):
        return await texting.undo(session, press, what.partition(":")[2], now=now)
    press = replace(press, body=for_phone(press.body or ""))
    return await texting.send(session, press, now=now, terms=kit.terms)


def _drawing(kit: Kit, shown: Card, *, below: int, crowded: bool = False) -> dict[str, Any]:
    handed_out = HandOut.of(shown, below=below, now=kit.clock())
    return views.drawing(shown, handed_out, picture=kit.picture(shown), crowded=crowded)


async def _answer(ack: AsyncAck, view: dict[str, Any]) -> None:
    await ack(response_action="update", view=view)


def _state(view: dict[str, Any]) -> dict[str, Any]:
    """What stands in the fields; a view that was closed may come without it."""
    return (view.get("state") or {}).get("values") or {}


def _proposed(view: dict[str, Any]) -> list[Any]:
    return [block["element"].get("initial_value") for block in view["blocks"] if block["type"] == "input"]
