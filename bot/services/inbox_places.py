"""Where the inbox's items are shown: each in one place after another, and in each once.

An item that loses its place (the channel is gone or is the inbox no longer, the person is suspended) has moved once
more; posts that wait from before that are not made.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.database import Session
from bot.services import inbox_channel, posts, volunteers
from bot.services.posts import PostKind
from models import Role, inbox_item, slack_post, state_is

_SHOWN = (
    update(inbox_item)
    .where(inbox_item.c.id == bindparam("which"), inbox_item.c.moved == bindparam("was"))
    .where(inbox_item.c.ts.is_(None))
    .values(shown_to=bindparam("to"), channel=bindparam("place"), ts=bindparam("stamp"))
)
_MOVE = (
    update(inbox_item)
    .where(inbox_item.c.done_at.is_(None))
    .values(shown_to=None, channel=None, ts=None, moved=inbox_item.c.moved + 1)
    .returning(inbox_item.c.id)
)
_LEAVE = _MOVE.where(inbox_item.c.shown_to == bindparam("lost"))
_LEAVE_ONE = _MOVE.where(inbox_item.c.id == bindparam("which"), inbox_item.c.moved == bindparam("was"))
_BRING = _MOVE.where(
    inbox_item.c.id.in_(
        select(inbox_item.c.id).where(inbox_item.c.done_at.is_(None), inbox_item.c.ts.is_(None)).limit(100)
    )
)
_PLACE = select(inbox_item.c.campaign_id, inbox_item.c.moved, inbox_item.c.ts).where(
    inbox_item.c.id == bindparam("which")
)

_DOUBTED = select(slack_post.c.payload).where(
    state_is(slack_post, "queued"),
    slack_post.c.priority == posts.PRIORITY[PostKind.INBOX],
    slack_post.c.kind == PostKind.INBOX.value,
    slack_post.c.doubted_at.is_not(None),
)


async def show(session: Session, item_id: int, to: str, *, moved: int, now: datetime) -> None:
    """Queue the item for a channel or a person, once for each until it has to move again."""
    key = f"inbox:{item_id}:{moved}:{to}"
    await posts.add(session, PostKind.INBOX, to=to, dedupe=key, now=now, item_id=item_id, moved=moved)


def below(item_id: int) -> str:
    """The merge key of what is to go below this item."""
    return f"inbox:{item_id}:again"


async def is_in_doubt(session: Session, item: Any) -> bool:
    """Whether Slack may show this item already: as it was then, without what has come since."""
    doubted = [posts.payload_of(row) for row in await session.execute(_DOUBTED)]
    return any(about["item_id"] == item.id and about["moved"] == item.moved for about in doubted)


async def waiting_below(session: Session, item_id: int) -> list[Any]:
    """The posts that are still to go below this item, oldest first."""
    return await posts.merged(session, below(item_id))


async def shown(session: Session, item: Any, to: str, channel: str, ts: str) -> None:
    """It is on the screen. Where it was first is where what comes later goes, until somebody takes it elsewhere."""
    await session.execute(_SHOWN, {"which": item.id, "was": item.moved, "to": to, "place": channel, "stamp": ts})


async def bring_what_waits(session: Session, to: str, *, now: datetime) -> None:
    """What is shown nowhere, because nobody was known or Slack would not have it, to the inbox that has been set."""
    for item_id in (await session.execute(_BRING)).scalars().all():
        moved = (await session.execute(_PLACE, {"which": item_id})).one().moved
        await show(session, item_id, to, moved=moved, now=now)


async def is_suspended(session: Session, to: str) -> bool:
    """Whether this is somebody who is to get nothing any more."""
    return await volunteers.role_of(session, to) is Role.NONE


async def leave(session: Session, lost: str, *, now: datetime, admins: Collection[str] = ()) -> None:
    """All that is open goes from this channel, or from this person, to those who come next."""
    for item_id in (await session.execute(_LEAVE, {"lost": lost})).scalars().all():
        await go_on(session, item_id, lost, now=now, admins=admins)


async def goes_with_the_inbox(session: Session, item: Any, *, now: datetime, admins: Collection[str]) -> bool:
    """What comes after an item that is shown where the inbox is no longer goes with it, to where the inbox is now.

    False if the item is where it should be.
    """
    channel = await inbox_channel.current(session)
    if item.where is None or item.shown_to == channel or (channel is None and item.where[0].startswith("D")):
        return False
    if (await session.execute(_LEAVE_ONE, {"which": item.id, "was": item.moved})).first() is not None:
        await go_on(session, item.id, item.shown_to, now=now, admins=admins)
    return True


async def nowhere(session: Session, item: Any) -> None:
    """Slack will not show what comes below it: all of it waits for an inbox that is set."""
    await session.execute(_LEAVE_ONE, {"which": item.id, "was": item.moved})


async def go_on(session: Session, item_id: int, lost: str, *, now: datetime, admins: Collection[str] = ()) -> None:
    """An item that is shown nowhere goes to those who come next after the place that was lost."""
    row = (await session.execute(_PLACE, {"which": item_id})).one()
    if row.ts is not None:
        return
    for to in await inbox_channel.recipients(session, row.campaign_id, admins=admins, but=lost):
        await show(session, item_id, to, moved=row.moved, now=now)
