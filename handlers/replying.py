"""The modal behind **Reply**."""

import json
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services import conversations, replying
from bot.services.replying import Reply
from bot.views import ids
from bot.views import replying as views
from handlers.kit import Kit
from handlers.requests import Click
from handlers.slack_text import for_phone
from handlers.threads import is_there, show_again


def register(app: AsyncApp) -> None:
    """Its button in a thread, its saved replies, its submission."""
    app.action(ids.THREAD_REPLY)(open_reply)
    app.action(ids.SAVED_REPLY)(fill)
    app.view(ids.REPLY)(reply)


async def open_reply(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Open the modal. It carries the press's own address, by which what was pressed is drawn anew once all is done."""
    async with kit.database.reading() as session:
        form = await replying.form(session, click.number(), by=click.who, terms=kit.terms, now=kit.clock())
        root = await conversations.root_of(session, click.number(), click.who)
    if root is None:
        async with kit.database.transaction() as session:
            await is_there(session, click, kit)
    about = {"conversation": click.number(), "shown": click.numbers(), "response_url": click.response_url}
    await kit.slack.open_view(click.trigger_id, views.reply_modal(form, metadata=json.dumps(about)))
    await ack()


async def fill(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """Put a saved reply into the field."""
    view = body["view"]
    async with kit.database.reading() as session:
        form = await replying.form(
            session, _about(view)["conversation"], by=click.who, terms=kit.terms, now=kit.clock()
        )
    words = form.with_saved(click.number(), _values(view).get("message", {}).get("value") or "")
    drawn = {"words": words, "drawing": view["hash"], "metadata": view["private_metadata"]}
    await kit.slack.update_view(views.reply_modal(form.as_opened(_opened_with(view)), **drawn), view)
    await ack()


async def reply(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Answer, record and close, as one. Done looks the same from here as by its button; a mere answer draws nothing."""
    given, about = _reply(view), _about(view)
    async with kit.database.transaction() as session:
        act = {"by": body["user"]["id"], "now": kit.clock()}
        talk = await replying.submit(session, about["conversation"], given, **act, terms=kit.terms)
        said = await conversations.said_in(session, talk.conversation_id, about["shown"]) if talk else []
    await ack()
    if talk:
        show_again(kit, about["response_url"], talk, said)


def _about(view: dict[str, Any]) -> dict[str, Any]:
    """Which conversation, and what was pressed for it."""
    found: dict[str, Any] = json.loads(view["private_metadata"])
    return found


def _reply(view: dict[str, Any]) -> Reply:
    given, before = _values(view), _opened_with(view)
    chosen = {
        _question(name): (element.get("selected_option") or {}).get("value")
        for name, element in given.items()
        if name.startswith("question.")
    }
    changed = {number: choice for number, choice in chosen.items() if choice != before.get(number)}
    ticked = given.get("then", {}).get("selected_options") or []
    words = for_phone(given.get("message", {}).get("value") or "")
    return Reply(view["id"], words, changed, is_done=bool(ticked))


def _opened_with(view: dict[str, Any]) -> dict[int, str | None]:
    """Question → the answer that its field showed when the modal opened."""
    return {
        _question(element["action_id"]): (element.get("initial_option") or {}).get("value")
        for element in _inputs(view)
        if element["action_id"].startswith("question.")
    }


def _question(name: str) -> int:
    return int(name.partition(".")[2])


def _values(view: dict[str, Any]) -> dict[str, Any]:
    """Field name → what stands in it. One that came without a value was not touched."""
    drawn = {
        each["action_id"]: {"value": each.get("initial_value"), "selected_option": each.get("initial_option")}
        for each in _inputs(view)
    }
    return drawn | {name: element for block in view["state"]["values"].values() for name, element in block.items()}


def _inputs(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [block["element"] for block in view["blocks"] if block["type"] == "input"]
