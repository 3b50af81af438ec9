"""Slack's requests as plain values, what a listener may ask for by name, and how a refusal reaches the person.

A listener has no `try` for a refusal: whatever is raised comes to `_on_error`, which answers 200 with a sentence.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltContext
from slack_bolt.error import BoltUnhandledRequestError
from sqlalchemy.exc import DBAPIError

from bot.errors import Forbidden, Refusal, Refusals
from bot.gateways.slack import SlackTrouble
from bot.services import audit, volunteers
from bot.services.cards import Press
from bot.views.blocks import notice
from bot.views.text import escape
from handlers import home_page
from handlers.dropped import slack_dropped
from handlers.kit import Kit
from handlers.metrics import HANDLED
from handlers.refusing import refuse_in_thread
from handlers.roles import is_admin
from models import Role

log = structlog.get_logger()

INJECTED = ("kit", "click")
"""The names that a listener may have beside Bolt's own; Bolt gives a misspelt name None."""

OUR_FAULT = "Something went wrong on our side, so nothing was done. Please try again in a moment."
BUSY = "The database is busy, so nothing was done. Please try again in a moment."
UNFINISHED = "Something went wrong on our side before it was done. `/textbank status` shows how far it came."
UNKNOWN = "Textbank does not know that button or form any more, so nothing was done. Type `/text` for a fresh card."


@dataclass(frozen=True, slots=True)
class Click:
    """A press on a button, a menu or a modal's Submit."""

    who: str
    username: str
    value: str
    response_url: str
    trigger_id: str
    channel: str | None
    ts: str | None
    values: dict[str, Any]

    def press(self) -> Press:
        """A press on a card; the value begins with the drawing's version, and ends with whom it showed."""
        version = self.value.partition(":")[0]
        number = int(version) if is_id(version) else -1
        typed = self.values.get(f"message.{version}", {}).get(f"draft.{version}", {}).get("value")
        _, _, whom = self.value.rpartition(":")
        contact = int(whom) if is_id(whom) and whom != self.value else None
        return Press(self.who, number, typed, contact)

    def argument(self) -> str:
        """What follows the version in a card's value: what is to be done, or else the contact."""
        return self.value.partition(":")[2].partition(":")[0]

    def number(self) -> int:
        """A value that is an id. Raises Refusal for one that is not: we never made it."""
        number = self.value.partition(":")[0]
        if not is_id(number):
            raise Refusal("That button is from an older Textbank. Type `/text` for a fresh card.")
        return int(number)

    def numbers(self) -> list[int]:
        """The numbers that follow the first."""
        return [int(number) for number in self.argument().split(",") if is_id(number)]

    def newest(self) -> int | None:
        """On a thread's first message, the last of the voter's texts that it shows."""
        last = self.value.partition("::")[2]
        return int(last) if is_id(last) else None


def is_id(words: str) -> bool:
    """Whether these are the digits of an id that a database can hold."""
    return words.isascii() and words.isdigit() and len(words) <= 18


def click_of(body: dict[str, Any]) -> Click:
    """The click in a block_actions payload."""
    action = body["actions"][0]
    container = body.get("container", {})
    return Click(
        who=body["user"]["id"],
        username=body["user"].get("username") or body["user"].get("name", ""),
        value=action.get("value") or (action.get("selected_option") or {}).get("value", ""),
        response_url=body.get("response_url", ""),
        trigger_id=body.get("trigger_id", ""),
        channel=container.get("channel_id"),
        ts=container.get("message_ts"),
        values=body.get("state", {}).get("values", {}),
    )


def register(app: AsyncApp, kit: Kit) -> None:
    """Equip every listener, and turn what is raised into words."""

    @app.middleware
    async def equip(context: AsyncBoltContext, body: dict[str, Any], next: Callable[[], Awaitable[None]]) -> Any:
        context["kit"] = kit
        HANDLED.labels("command" if "command" in body else body.get("type", "other")).inc()
        if body.get("type") == "app_rate_limited":
            await slack_dropped(kit, datetime.fromtimestamp(body["minute_rate_limited"], UTC))
            return BoltResponse(status=200, body="")
        if body.get("type") == "block_actions":
            context["click"] = click_of(body)
        await next()
        return None

    @app.error
    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        return await _on_error(kit, error, body)


async def require(kit: Kit, who: str, role: Role, doing: str) -> None:
    """Raises Forbidden unless this person may act as `role`. Workspace admins are admins here too."""
    async with kit.database.reading() as session:
        given = await volunteers.role_of(session, who) or Role.VOLUNTEER
    if role in volunteers.MAY[given]:
        return
    if await is_admin(kit, who):
        return
    if given is Role.NONE:
        raise Forbidden(volunteers.SUSPENDED)
    raise Forbidden(f"Only {_a(role)} can do that ({doing}). Ask an admin for the role if you should have it.")


async def say_when_done(kit: Kit, response_url: str, work: Awaitable[str], *, ours: str = UNFINISHED) -> None:
    """For what goes on after the answer: the outcome, or why it failed, whispered to whoever asked for it.

    No words: the outcome speaks for itself. `ours` is said of a fault of ours.
    """
    try:
        words = await work
    except Exception as error:
        words = _words(error, ours)
    if words:
        kit.slack.whisper(response_url, words)


def _a(role: Role) -> str:
    return f"an {role}" if role in (Role.ADMIN, Role.ORGANIZER) else f"a {role}"


async def _on_error(kit: Kit, error: Exception, body: dict[str, Any]) -> BoltResponse:
    if isinstance(error, Forbidden):
        await _note_refused(kit, body)
    words = _words(error)
    kind = body.get("type")
    if kind == "event_callback" and not isinstance(error, BoltUnhandledRequestError):
        return await _event_failed(kit, error, words, body)
    if kind == "view_submission":
        return _as_field_error(error, words, body)
    if kind == "block_actions" and body.get("response_url"):
        kit.slack.whisper(body["response_url"], words)
        return BoltResponse(status=200, body="")
    if kind == "block_actions" and (body.get("view") or {}).get("type") == "home":
        await home_page.show(kit, body["user"]["id"], f":warning: {words}")
    elif kind == "block_actions" and "view" in body:
        kit.later(kit.slack.push_view(body["trigger_id"], notice(escape(words))))
    if "command" in body:
        answer = json.dumps({"response_type": "ephemeral", "text": words})
        return BoltResponse(status=200, body=answer, headers={"content-type": ["application/json"]})
    return BoltResponse(status=200, body="")


async def _note_refused(kit: Kit, body: dict[str, Any]) -> None:
    """Who was refused what: a command, a button, a form, or words typed in a thread."""
    if "command" in body:
        who, subject = body["user_id"], body["command"]
        if subject == "/textbank":
            subject = " ".join([subject, *body.get("text", "").lower().split()[:1]])
    elif "event" in body:
        who, subject = body["event"]["user"], body["event"]["type"]
    else:
        who = body["user"]["id"]
        subject = body["actions"][0]["action_id"] if "actions" in body else body["view"]["callback_id"]
    async with kit.database.transaction() as session:
        await audit.note(session, who=who, what="refused", subject=subject, now=kit.clock())


def _words(error: Exception, ours: str | None = None) -> str:
    """The sentence for the person; `ours` is said of our own fault where "nothing was done" would not be true."""
    if isinstance(error, Refusal):
        return str(error)
    if isinstance(error, SlackTrouble):
        log.warning("slack trouble", why=str(error))
        wait = (
            f" Try again in {max(round(error.pause), 1)} seconds." if error.pause else " Please try again in a moment."
        )
        return f"Slack did not do it ({error}).{wait}"
    if isinstance(error, BoltUnhandledRequestError):
        return UNKNOWN
    log.error("a handler failed", exc_info=error)
    return ours or (BUSY if isinstance(error, DBAPIError) else OUR_FAULT)


def _as_field_error(error: Exception, words: str, body: dict[str, Any]) -> BoltResponse:
    """Each sentence under the field that it is about, with everything that was typed still there."""
    inputs = [block["block_id"] for block in body["view"]["blocks"] if block["type"] == "input"]
    answer: dict[str, Any] = {"response_action": "update", "view": notice(escape(words))}
    if inputs:
        about = {_place_of(error, inputs): words}
        if isinstance(error, Refusals):
            about = {_place_of(each, inputs): str(each) for each in reversed(error.each)}  # a field's first one stays
        answer = {"response_action": "errors", "errors": about}
    return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]})


def _place_of(error: Exception, inputs: list[str]) -> str:
    """The field that this is about. One that is drawn anew goes by its name and what tells the drawings apart."""
    about = error.field if isinstance(error, Refusal) else None
    return next((block_id for block_id in inputs if block_id.partition(".")[0] == about), inputs[-1])


async def _event_failed(kit: Kit, error: Exception, words: str, body: dict[str, Any]) -> BoltResponse:
    """A refusal is said in the thread. Our own fault is answered 503, so that Slack brings the event again."""
    event = body.get("event", {})
    if not isinstance(error, Refusal):
        return BoltResponse(status=503, body="")
    if event.get("channel") and event.get("ts"):
        await refuse_in_thread(kit, event, words)
    return BoltResponse(status=200, body="")
