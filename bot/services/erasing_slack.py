"""What Slack shows of people who are erased: where that may be, and a post for each place that blanks it there.

Threads of theirs are blanked whole. In a direct message it is our messages about them, known by their posts and by the
marks in their blocks. What people typed themselves only they can delete.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from bot.database import Session
from bot.services import posts
from bot.services.posts import PostKind, payload_of
from models import contact, contact_import, conversation, inbox_item, message, slack_post, state_is, thread

AT_ONCE = 5
APART = timedelta(seconds=6)
"""Between two posts, of AT_ONCE calls at the most: Slack lets an app change fifty messages a minute."""

_THEIRS: Any = bindparam("ids", expanding=True)
_THREADS = select(thread.c.channel, thread.c.root_ts).where(thread.c.conversation_id.in_(_THEIRS))
_ITEMS = select(inbox_item.c.channel, inbox_item.c.ts).where(
    inbox_item.c.ts.is_not(None),
    or_(
        inbox_item.c.conversation_id.in_(_THEIRS),
        inbox_item.c.dedupe_key == bindparam("stranger"),
        inbox_item.c.dedupe_key.like(bindparam("strangers")),
    ),
)
_VOLUNTEERS = (
    select(conversation.c.volunteer_id)
    .where(conversation.c.contact_id.in_(_THEIRS), conversation.c.volunteer_id.is_not(None))
    .union(select(message.c.volunteer_id).where(message.c.conversation_id.in_(_THEIRS)))
)
_POSTS = select(slack_post.c.id, slack_post.c.recipient).where(slack_post.c.about.in_(_THEIRS))
_STRANGERS = select(inbox_item).where(
    inbox_item.c.kind.in_(("stranger", "wants_back")),
    inbox_item.c.conversation_id.is_(None),
    inbox_item.c.ts.is_not(None),
)
_OF_CAMPAIGN = select(contact.c.id).where(contact.c.campaign_id == bindparam("campaign_id"), contact.c.id.in_(_THEIRS))
_POSTS_OF_CAMPAIGN = (
    select(slack_post.c.id)
    .join(contact, contact.c.id == slack_post.c.about)
    .where(contact.c.campaign_id == bindparam("campaign_id"))
    .where(slack_post.c.id.in_(bindparam("posts", expanding=True)))
)
_SINCE = (
    select(func.min(contact_import.c.created_at))
    .join(contact, contact.c.import_id == contact_import.c.id)
    .where(contact.c.id.in_(_THEIRS))
)
_WORDED = (PostKind.NOTE.value, PostKind.INBOX_WORD.value)
_UNSAID = select(slack_post).where(
    slack_post.c.state.in_(("queued", "failed")),
    slack_post.c.kind.in_(_WORDED),
    or_(slack_post.c.about.in_(_THEIRS), slack_post.c.recipient.in_(bindparam("channels", expanding=True))),
)
_DROP = update(slack_post).where(slack_post.c.id == bindparam("which")).values(state="dropped", payload={})
_LAST_DUE = select(func.max(slack_post.c.due_at)).where(
    state_is(slack_post, "queued"), slack_post.c.priority == posts.PRIORITY[PostKind.ERASE]
)


async def queue(session: Session, ids: Sequence[int], *, hashed: str, by: str, now: datetime) -> None:
    """Have it all blanked: threads, items of the inbox, and what stands in volunteers' direct messages.

    `ids` are a person's contacts, `hashed` their number's hash. `by` is told if Slack does not do it.
    """
    of: dict[str, Any] = {"ids": ids, "stranger": f"stranger:{hashed}", "strangers": f"stranger:{hashed}:%"}
    roots = {(row.channel, row.root_ts) for row in (await session.execute(_THREADS, of)).all()}
    roots |= {(row.channel, row.ts) for row in (await session.execute(_ITEMS, of)).all()}
    await _leave_unsaid(session, ids, roots)
    for channel, ts in sorted(roots):
        await _add(session, channel, by=by, now=now, thread_ts=ts)
    if not ids:
        return
    said: dict[str, list[int]] = {who: [] for who in (await session.execute(_VOLUNTEERS, of)).scalars()}
    for post in (await session.execute(_POSTS, of)).all():
        said.setdefault(post.recipient, []).append(post.id)
    since = (await session.execute(_SINCE, of)).scalar_one()
    for to, theirs in sorted(said.items()):
        if to:
            await _add(session, to, by=by, now=now, contacts=list(ids), posts=theirs, since=since.timestamp())


async def of_conversations(session: Session, ids: Sequence[int], *, by: str, now: datetime) -> None:
    """Have their threads and calls blanked, which is most of it: for many people at once."""
    of = {"ids": ids, "stranger": "", "strangers": ""}
    roots = {(row.channel, row.root_ts) for row in (await session.execute(_THREADS, of)).all()}
    roots |= {(row.channel, row.ts) for row in (await session.execute(_ITEMS, of)).all()}
    await _leave_unsaid(session, ids, roots)
    for channel, ts in sorted(roots):
        await _add(session, channel, by=by, now=now, thread_ts=ts)


async def of_campaign(session: Session, campaign_id: int, ids: Sequence[int], *, by: str, now: datetime) -> None:
    """Have cards and notes about the campaign's people blanked for whoever was told of these, once each."""
    told = set((await session.execute(_VOLUNTEERS, {"ids": ids})).scalars())
    told |= {post.recipient for post in (await session.execute(_POSTS, {"ids": ids})).all()}
    since = (await session.execute(_SINCE, {"ids": ids})).scalar_one()
    for to in sorted(told):
        key = f"erase:{to}:campaign:{campaign_id}"
        if not await posts.is_known(session, key):
            await _add(session, to, by=by, now=now, key=key, campaign=campaign_id, since=since.timestamp())


async def of_strangers(session: Session, inbound_ids: Collection[int], *, now: datetime) -> None:
    """Have the calls blanked that began with these texts of nobody's."""
    for item in (await session.execute(_STRANGERS)).all():
        if item.payload.get("first") in inbound_ids:
            await _add(session, item.channel, by=item.taken_by or item.shown_to, now=now, thread_ts=item.ts)


async def of_campaign_among(
    session: Session, campaign_id: int, contacts: Collection[int], post_ids: Collection[int]
) -> tuple[list[int], list[int]]:
    """Which of these are contacts of the campaign, and which of these posts tell of one."""
    contacts_of = await session.execute(_OF_CAMPAIGN, {"campaign_id": campaign_id, "ids": list(contacts)})
    posts_of = await session.execute(_POSTS_OF_CAMPAIGN, {"campaign_id": campaign_id, "posts": list(post_ids)})
    return list(contacts_of.scalars()), list(posts_of.scalars())


async def next_turn(session: Session, *, now: datetime) -> datetime:
    """When the next of these posts may be made, so that all together keep the pace."""
    last = (await session.execute(_LAST_DUE)).scalar_one()
    return max(last + APART, now) if last else now


async def _add(session: Session, to: str, *, by: str, now: datetime, key: str | None = None, **where: Any) -> None:
    key = key or f"erase:{to}:{where.get('thread_ts') or where['contacts'][0]}:{now.timestamp()}"
    due = await next_turn(session, now=now)
    await posts.add(session, PostKind.ERASE, to=to, dedupe=key, now=now, due_at=due, by=by, **where)


async def _leave_unsaid(session: Session, ids: Sequence[int], roots: set[tuple[str, str]]) -> None:
    """Words about them that wait to be posted, or could not be, are not said any more."""
    channels = sorted({channel for channel, _ in roots})
    for post in (await session.execute(_UNSAID, {"ids": ids, "channels": channels})).all():
        if post.about in ids or (post.recipient, payload_of(post).get("thread_ts")) in roots:
            await session.execute(_DROP, {"which": post.id})
