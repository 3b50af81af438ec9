"""A conversation's thread: typing in it answers the voter, and its buttons do the rest."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.database import Session
from bot.errors import Refusal
from bot.services import conversations, folded, inbox, posts, replies
from bot.services.conversations import Said, Talk
from bot.services.posts import PostKind
from bot.views import ids
from bot.views import threads as views
from bot.views.blocks import modal
from handlers.kit import Kit
from handlers.post_kinds import find_thread
from handlers.requests import Click, require
from handlers.slack_text import for_phone
from models import Role

TYPED = {None, "thread_broadcast"}
"""Kinds of message that are somebody's own new words."""
EDITED = "An edit changes nothing on the phone: the text goes as you first typed it. Type a new line to put it right."
DELETED: dict[bool | None, str] = {
    True: "Taken back: that line was not texted.",
    False: "Too late to take it back: that text has already left, and nothing can call it back.",
}
"""What is said of a line that was deleted, by whether its text was still here."""


def register(app: AsyncApp) -> None:
    """The thread's buttons, and whatever is typed to the bot."""
    app.action(ids.THREAD_OPT_OUT)(_decides(conversations.opt_out))
    app.action(ids.THREAD_KEEP_TEXTING)(_decides(conversations.keep_texting))
    app.action(ids.THREAD_HELP)(ask_for_help)
    app.action(ids.SHOW_WORDS)(show_words)
    app.action(ids.THREAD_DONE)(_decides(conversations.done, dated=False))
    app.event("message")(typed)


async def typed(event: dict[str, Any], kit: Kit) -> None:
    """Words typed to the bot. In a thread they go to its voter; a deleted line is taken back while it still can be."""
    if event.get("channel_type") != "im" or event.get("bot_id"):
        return
    if event.get("subtype") in ("message_deleted", "message_changed"):
        return await _changed(event, kit)
    if event.get("subtype") == "file_share":
        raise Refusal("Pictures and files can't be texted from here yet, so nothing was sent. Type your words alone.")
    if event.get("subtype") not in TYPED:
        return
    if "thread_ts" not in event:
        raise Refusal(
            "Nobody was texted: type in a voter's thread to answer them, or `/text` to get your next contact."
        )
    await _answer(event, kit)


async def _answer(event: dict[str, Any], kit: Kit) -> None:
    where = event["channel"], event["thread_ts"]
    async with kit.database.reading() as session:
        is_known = await conversations.at_thread(session, *where) is not None
        doubted = [] if is_known else await replies.in_doubt(session, event["user"])
    for post, found in doubted:  # it may be one that Slack made without saying so
        await find_thread(kit, post, found)
    async with kit.database.transaction() as session:
        conversation_id = await conversations.at_thread(session, *where)
        if conversation_id is None:
            raise Refusal(
                "This thread belongs to no voter, so nobody was texted. Type in the thread that has the voter's words."
            )
        body = for_phone(event.get("text", ""))
        act = {"by": event["user"], "act_key": _typed_key(event["channel"], event["ts"])}
        await conversations.answer(session, conversation_id, body, **act, now=kit.clock(), terms=kit.terms)


async def _changed(event: dict[str, Any], kit: Kit) -> None:
    """A line that was texted is deleted or edited: whether that still changes anything is said in its thread."""
    before, after = event.get("previous_message", {}), event.get("message")
    if not before.get("thread_ts") or before.get("bot_id") or (after and after.get("text") == before.get("text")):
        return
    key, now = _typed_key(event["channel"], before["ts"]), kit.clock()
    async with kit.database.transaction() as session:
        if after:
            said = EDITED if await conversations.was_texted(session, key) else None
        else:
            said = DELETED.get(await conversations.unsay(session, key, now=now))
        if said:
            note = {"words": said, "thread_ts": before["thread_ts"]}
            dedupe = f"changed:{key}:{'edited' if after else 'deleted'}"
            await posts.add(session, PostKind.NOTE, to=event["channel"], dedupe=dedupe, now=now, **note)


def _typed_key(channel: str, ts: str) -> str:
    """The human act behind a typed line."""
    return f"typed:{channel}:{ts}"


def _decides(act: Callable[..., Awaitable[Talk]], *, dated: bool = True) -> Callable[..., Awaitable[None]]:
    """What a volunteer makes of a conversation: never text them again, go on talking, done."""

    async def run(ack: AsyncAck, click: Click, kit: Kit) -> None:
        when = {"now": kit.clock()} if dated else {}
        async with kit.database.transaction() as session:
            talk = await act(session, click.number(), by=click.who, **when)
            await is_there(session, click, kit)
            said = await conversations.said_in(session, talk.conversation_id, click.numbers())
        await ack()
        show_again(kit, click.response_url, talk, said)

    return run


async def show_words(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Words that are folded, to whoever pressed; in a modal, on a page of their own."""
    async with kit.database.reading() as session:
        said, conversation_id = await folded.read(session, click.number(), by=click.who)
    if conversation_id is None:
        await require(kit, click.who, Role.MANAGER, "reading what others' voters wrote")
    shown = views.unfolded(said, conversation_id)
    if click.response_url:
        kit.slack.whisper(click.response_url, "What was folded:", shown)
    else:
        await kit.slack.push_view(click.trigger_id, modal("What was folded", "notice", shown, submit=None))
    await ack()


async def ask_for_help(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Tell the organizer."""
    async with kit.database.transaction() as session:
        asks: dict[str, Any] = {"by": click.who, "words": None, "now": kit.clock(), "admins": kit.settings.admin_users}
        await inbox.ask_for_help(session, click.number(), **asks)
        await is_there(session, click, kit)
    await ack()
    kit.slack.whisper(click.response_url, "Help is on its way: your organizer has been told.")


async def is_there(session: Session, click: Click, kit: Kit) -> None:
    """What is pressed is there: a thread's first message, of which Slack may not have said that it made it."""
    newest = click.newest()
    if newest is not None and click.channel and click.ts:
        where, now = (click.channel, click.ts), kit.clock()
        await replies.pressed(session, click.number(), where, by=click.who, newest=newest, now=now)


def show_again(kit: Kit, response_url: str, talk: Talk, said: list[Said]) -> None:
    """Draw anew what was pressed: the thread's first message, or one of the later ones with the words it showed."""
    key = f"thread:{talk.conversation_id}:{said[0].inbound_id if said else ''}"
    shown = views.later(talk, said) if said else views.root(talk)
    kit.slack.replace(response_url, shown, card=key, version=kit.slack.next_version(key))
