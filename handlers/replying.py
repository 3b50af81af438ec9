"""The modal behind **Reply**."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services import replying
from bot.services.replying import Reply
from bot.views import ids
from bot.views import replying as views
from handlers.kit import Kit
from handlers.requests import Click
from handlers.slack_text import for_phone


def register(app: AsyncApp) -> None:
    """Its button in a thread, its saved replies, its submission."""
    app.action(ids.THREAD_REPLY)(open_reply)
    app.action(ids.SAVED_REPLY)(fill)
    app.view(ids.REPLY)(reply)


async def open_reply(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Open the modal."""
    async with kit.database.reading() as session:
        form = await replying.form(session, click.number(), by=click.who, now=kit.clock())
    await kit.slack.open_view(click.trigger_id, views.reply_modal(form))
    await ack()


async def fill(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """Put a saved reply into the field."""
    view = body["view"]
    async with kit.database.reading() as session:
        form = await replying.form(session, int(view["private_metadata"]), by=click.who, now=kit.clock())
    words = form.with_saved(click.number(), _values(view).get("message", {}).get("value") or "")
    await kit.slack.update_view(views.reply_modal(form, words=words, drawing=view["hash"]), view)
    await ack()


async def reply(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], kit: Kit) -> None:
    """Answer, record and close, as one."""
    given = _reply(view)
    async with kit.database.transaction() as session:
        number, act = int(view["private_metadata"]), {"by": body["user"]["id"], "now": kit.clock()}
        await replying.submit(session, number, given, **act, undo=kit.undo)
    await ack()


def _reply(view: dict[str, Any]) -> Reply:
    given = _values(view)
    answers = {
        int(name.partition(".")[2]): (element.get("selected_option") or {}).get("value")
        for name, element in given.items()
        if name.startswith("question.")
    }
    ticked = given.get("then", {}).get("selected_options") or []
    words = for_phone(given.get("message", {}).get("value") or "")
    return Reply(view["id"], words, answers, is_done=bool(ticked))


def _values(view: dict[str, Any]) -> dict[str, Any]:
    """Field name → what stands in it."""
    return {name: element for block in view["state"]["values"].values() for name, element in block.items()}
