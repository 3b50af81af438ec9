"""How a queued post is said in Slack: by whoever holds the job, and once, though Slack may fall silent over it.

Slack knows no key by which the same post would count once. So a post is put down as doubtful in the transaction that
renews the job's lease, made within two seconds or not at all, and after a silence looked for by a mark nobody sees.
"""

from datetime import timedelta
from typing import Any

import structlog

from bot.gateways.slack import Message, SlackTrouble
from bot.services import leases, posts
from handlers.kit import Kit

log = structlog.get_logger()

JOB = "slack"
LEASE = timedelta(seconds=60)
"""Renewed before each post, and longer than the slowest of them takes."""
SAY_WITHIN = 2.0
"""Seconds from the renewal to the call, by the machine's own clock and by ours: whoever was paused in between may have
lost the job."""


class NotNow(Exception):
    """Nothing was said: the job is another's, or the channel has had enough for a second."""


async def is_ours(kit: Kit, session: Any) -> bool:
    """Take the job of posting or keep it, for long enough for one post."""
    return await leases.take(session, JOB, owner=kit.owner, now=kit.clock(), lasting=LEASE)


async def say(
    kit: Kit,
    post: Any,
    message: Message,
    *,
    to: str | None = None,
    thread_ts: str | None = None,
    first: int = 0,
    up_to: int = 0,
) -> tuple[str, str]:
    """Make this post, with those merged into it from the `first` one `up_to` that id: its (channel, ts).

    Raises SlackTrouble, or NotNow if nothing was said.
    """
    to, up_to = to or post.recipient, up_to or post.id
    if {to, post.recipient} & set(kit.budget.busy()):
        raise NotNow
    await _doubt(kit, post, first or post.id, up_to)
    try:
        where = await kit.slack.post(to, message, thread_ts=thread_ts, mark=mark(up_to))
    except SlackTrouble as trouble:
        if not trouble.in_doubt:
            async with kit.database.transaction() as session:
                await posts.not_made(session, post, up_to=up_to)
        raise
    kit.budget.spend(to, where[0])
    return where


async def _doubt(kit: Kit, post: Any, first: int, up_to: int) -> None:
    """Put the post down as doubtful while the job is ours. Raises NotNow if it is not, or may not be by now."""
    began, told = kit.stopwatch(), kit.clock()
    async with kit.database.transaction() as session:
        if not await is_ours(kit, session):
            raise NotNow
        if first not in await posts.doubt(session, post, up_to=up_to, now=told):
            raise NotNow  # somebody has seen it meanwhile: a press in it is proof
    if max(kit.stopwatch() - began, (kit.clock() - told).total_seconds()) > SAY_WITHIN:
        raise NotNow


async def said_before(
    kit: Kit, post: Any, *, to: str | None = None, thread_ts: str | None = None, up_to: int = 0, since: Any = None
) -> tuple[str, str] | None:
    """Where this post is, if it was made without Slack's saying so. None also if it was never in doubt."""
    since = since or post.doubted_at
    if since is None:
        return None
    try:
        return await kit.slack.find(to or post.recipient, mark(up_to or post.id), since=since, thread_ts=thread_ts)
    except SlackTrouble as trouble:
        if trouble.pause:
            raise
        log.warning("slack does not say whether it made a post, so it is made again", why=str(trouble))
        return None


async def say_once(
    kit: Kit, post: Any, message: Message, *, to: str | None = None, thread_ts: str | None = None
) -> tuple[str, str]:
    """As `say`, for a post that nothing is merged into; the one that was made before, if there is one."""
    before = await said_before(kit, post, to=to, thread_ts=thread_ts)
    return before or await say(kit, post, message, to=to, thread_ts=thread_ts)


def mark(post_id: int) -> str:
    """By which a post can be found again. The workspace can read it: it says nothing."""
    return f"post:{post_id}"


def post_of(mark: str) -> int:
    """The post that has this mark."""
    return int(mark.removeprefix("post:"))
