"""What is to be said in Slack waits here, row by row, until the one writer gets to it.

A voter's words and cards wait as ids and are drawn when their turn comes, so that what piled up meanwhile goes out as
one post; a notice waits as its words.
"""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from bot.database import Session
from models import slack_post, state_is, state_was
from models.types import Json, Moment


class PostKind(StrEnum):
    """What a post shows. A voter's words come first, a card's return last."""

    REPLY = "reply"
    NOTE = "note"
    ASSIGNED = "assigned"
    OPENED = "opened"
    READING = "reading"
    IMPORTED = "imported"
    REJECTED = "rejected"
    NOT_EXPORTED = "not_exported"
    AUDIT_LOG = "audit_log"
    INBOX = "inbox"
    INBOX_AGAIN = "inbox_again"
    INBOX_WORD = "inbox_word"
    DIGEST = "digest"
    LOST = "lost"
    CARD = "card"
    ERASE = "erase"


PRIORITY = {
    PostKind.REPLY: 0,
    PostKind.NOTE: 0,
    PostKind.INBOX_WORD: 0,
    PostKind.INBOX: 5,
    PostKind.INBOX_AGAIN: 5,
    PostKind.READING: 10,
    PostKind.IMPORTED: 10,
    PostKind.REJECTED: 10,
    PostKind.NOT_EXPORTED: 10,
    PostKind.AUDIT_LOG: 10,
    PostKind.ASSIGNED: 20,
    PostKind.OPENED: 20,
    PostKind.DIGEST: 20,
    PostKind.LOST: 20,
    PostKind.CARD: 30,
    PostKind.ERASE: 40,
}
BEHIND = timedelta(seconds=10)
MAX_ATTEMPTS = 20
"""With the back-off below, two and a half hours of trying."""

_ADD = text(
    "INSERT INTO slack_post (dedupe_key, merge_key, kind, recipient, payload, priority, due_at, about, state, attempts)"
    " VALUES (:dedupe_key, :merge_key, :kind, :recipient, :payload, :priority, :due_at, :about, 'queued', 0)"
    " ON CONFLICT (dedupe_key) DO NOTHING"
).bindparams(bindparam("due_at", type_=Moment), bindparam("payload", type_=Json))

_DUE = (
    select(slack_post)
    .where(state_is(slack_post, "queued"), slack_post.c.due_at <= bindparam("now"))
    .where(slack_post.c.recipient.not_in(bindparam("busy", expanding=True)))
    .order_by(slack_post.c.priority, slack_post.c.due_at, slack_post.c.id)
    .limit(1)
)
_KNOWN = select(slack_post.c.id).where(slack_post.c.dedupe_key == bindparam("key"))
_OLDEST = (
    select(slack_post)
    .where(state_is(slack_post, "queued"), slack_post.c.due_at <= bindparam("now"))
    .where(slack_post.c.priority == bindparam("level"))
    .where(slack_post.c.recipient.not_in(bindparam("busy", expanding=True)))
    .order_by(slack_post.c.due_at, slack_post.c.id)
    .limit(1)
)
_LATE = (
    select(slack_post.c.id)
    .where(state_is(slack_post, "queued"), slack_post.c.due_at < bindparam("late"))
    .where(slack_post.c.priority == PRIORITY[PostKind.REPLY])
    .limit(1)
)
_MERGED = (
    select(slack_post)
    .where(slack_post.c.merge_key == bindparam("key"), state_is(slack_post, "queued"))
    .order_by(slack_post.c.id)
)
_FINISH = (
    update(slack_post)
    .where(
        slack_post.c.merge_key == bindparam("key"),
        state_is(slack_post, "queued"),
        slack_post.c.id <= bindparam("up_to"),
    )
    .values(state="posted", payload={})  # Slack has the words: nobody has to be erased here as well
)
_PUT_OFF = (
    update(slack_post)
    .where(slack_post.c.merge_key == bindparam("key"), state_is(slack_post, "queued"))
    .values(due_at=bindparam("until"), error=func.coalesce(bindparam("why"), slack_post.c.error))
)
_HURRY = (
    update(slack_post)
    .where(slack_post.c.merge_key == bindparam("key"), state_is(slack_post, "queued"))
    .where(slack_post.c.due_at > bindparam("now"))
    .values(due_at=bindparam("now"))
)
_DOUBT = (
    update(slack_post)
    .where(slack_post.c.merge_key == bindparam("key"), state_is(slack_post, "queued"))
    .where(slack_post.c.id <= bindparam("up_to"))
    .values(doubted_at=func.coalesce(slack_post.c.doubted_at, bindparam("now", type_=Moment)))
    .returning(slack_post.c.id)
)
_IN_DOUBT = (
    select(slack_post)
    .where(state_is(slack_post, "queued"), slack_post.c.recipient == bindparam("who"))
    .where(slack_post.c.kind == bindparam("kind"), slack_post.c.doubted_at.is_not(None))
    .order_by(slack_post.c.id)
)
_NO_DOUBT = (
    update(slack_post)
    .where(slack_post.c.merge_key == bindparam("key"), state_is(slack_post, "queued"))
    .where(slack_post.c.id <= bindparam("up_to"), slack_post.c.doubted_at.is_not(None))
    .values(doubted_at=None)
)
_FAILED = (
    update(slack_post)
    .where(slack_post.c.id == bindparam("post_id"), state_was(slack_post, "queued"))
    .values(
        attempts=slack_post.c.attempts + 1,
        error=bindparam("why"),
        due_at=bindparam("until"),
        state=bindparam("new_state"),
    )
)


async def add(
    session: Session,
    kind: PostKind,
    *,
    to: str,
    dedupe: str,
    now: datetime,
    merge: str | None = None,
    due_at: datetime | None = None,
    about: int | None = None,
    **payload: Any,
) -> None:
    """Queue a post, once for each `dedupe` key. Posts that share a `merge` key go out together.

    `about` is the contact whose name or words it has, wherever that is not in a thread of theirs.
    """
    values = {
        "dedupe_key": dedupe,
        "merge_key": merge or dedupe,
        "kind": kind.value,
        "recipient": to,
        "payload": payload,
        "priority": PRIORITY[kind],
        "due_at": due_at or now,
        "about": about,
    }
    await session.execute(_ADD, values)


async def is_known(session: Session, dedupe: str) -> bool:
    """Whether a post of this key was ever queued."""
    return (await session.execute(_KNOWN, {"key": dedupe})).first() is not None


async def first_due(session: Session, *, now: datetime, busy: Collection[str] = ()) -> Any | None:
    """The most urgent post that may be made now; none for those recipients who have just had one."""
    return (await session.execute(_DUE, {"now": now, "busy": list(busy)})).first()


async def oldest_due(session: Session, *, now: datetime, busy: Collection[str] = ()) -> Any | None:
    """The post that has waited longest, however little urgent: made now and then, so that none waits for ever.

    While none has waited long, the most urgent one as ever: a card is not to come just before the thread it goes below.
    """
    found: list[Any] = []
    for level in sorted(set(PRIORITY.values())):
        values = {"now": now - BEHIND, "busy": list(busy), "level": level}
        found += (await session.execute(_OLDEST, values)).all()
    oldest = min(found, key=lambda post: (post.due_at, post.id), default=None)
    return oldest or await first_due(session, now=now, busy=busy)


async def is_behind(session: Session, *, now: datetime) -> bool:
    """Whether voters' words wait longer for their turn than anybody would for a press."""
    return (await session.execute(_LATE, {"late": now - BEHIND})).first() is not None


async def merged(session: Session, merge_key: str) -> list[Any]:
    """Everything queued under this key, the oldest first."""
    return list((await session.execute(_MERGED, {"key": merge_key})).all())


async def finish(session: Session, post: Any, *, up_to: int | None = None) -> None:
    """The post is made, and with it every older one that was merged into it."""
    await session.execute(_FINISH, {"key": post.merge_key, "up_to": up_to or post.id})


async def put_off(session: Session, merge_key: str, *, until: datetime, why: str | None = None) -> None:
    """Not now: whatever is queued under this key waits. `why` is Slack's word for it."""
    await session.execute(_PUT_OFF, {"key": merge_key, "until": until, "why": why})


async def hurry(session: Session, merge_key: str, *, now: datetime) -> None:
    """Now, if it was to wait. What is late already stays as late as it is."""
    await session.execute(_HURRY, {"key": merge_key, "now": now})


async def doubt(session: Session, post: Any, *, up_to: int, now: datetime) -> set[int]:
    """This post, and the older ones merged into it, are about to be made: from now on Slack may show them.

    Until it says that it does, or does not, they are looked for before they are made again. Returns the ids of those
    that are still to be made.
    """
    values = {"key": post.merge_key, "up_to": up_to, "now": now}
    return set((await session.execute(_DOUBT, values)).scalars())


async def in_doubt(session: Session, kind: PostKind, to: str) -> list[Any]:
    """This person's posts of which nobody can say yet whether Slack has made them."""
    return list((await session.execute(_IN_DOUBT, {"who": to, "kind": kind.value})).all())


async def not_made(session: Session, post: Any, *, up_to: int) -> None:
    """Slack has said that it does not show them."""
    await session.execute(_NO_DOUBT, {"key": post.merge_key, "up_to": up_to})


async def failed(session: Session, post: Any, why: str, *, now: datetime, for_good: bool = False) -> bool:
    """Slack would not take it. Tried again with a growing pause, unless trying again cannot help or has not for hours.

    A voter's words are tried for as long as that may help. Returns whether somebody must look after it.
    """
    pause = timedelta(seconds=min(2 ** min(post.attempts, 10), 900))
    hopeless = for_good or post.attempts + 1 >= MAX_ATTEMPTS
    given_up = for_good or (hopeless and post.kind != PostKind.REPLY)
    state = "failed" if given_up else "queued"
    values = {"why": why[:500], "until": now + pause, "new_state": state}
    moved: Any = await session.execute(_FAILED, {"post_id": post.id, **values})
    return hopeless and bool(moved.rowcount)


def payload_of(post: Any) -> dict[str, Any]:
    """A post's payload as a dict, however the driver handed it over."""
    return json.loads(post.payload) if isinstance(post.payload, str) else dict(post.payload)
