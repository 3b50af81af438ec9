"""After events of Slack's were lost: live threads are read, and what volunteers typed there is texted after all, once.

Slack tells that it drops events (`app_rate_limited`). That nobody listened for a while is seen by whoever listens next,
by the pulse in the database.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import conversations, leases, lost_events, posts
from bot.services.lost_events import PULSE, WEB, Span
from bot.services.posts import PostKind
from handlers import threads
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.refusing import refuse_in_thread

log = structlog.get_logger()

JOB = "catching up"
LEASE = timedelta(seconds=60)
BEAT_SECONDS = 20
LOOK_SECONDS = 5.0
BETWEEN_SECONDS = 1.5
"""Between two calls: Slack takes fifty a minute."""
ONCE_MORE = timedelta(seconds=30)
"""Between two readings of everything, while Slack goes on dropping events."""
TOO_LATE = timedelta(minutes=30)
WORDS = (
    "Slack brought this line too late, so nobody was texted. Look at what has been said since, and if it still fits, "
    "type it again."
)


async def listening(kit: Kit, stopping: asyncio.Event) -> None:
    """The pulse of a web. If it had stopped, events of that time may be lost."""
    await go_round(stopping, lambda: beat(kit), failed="no sign of life could be left", idle=BEAT_SECONDS)


async def beat(kit: Kit) -> None:
    """Somebody listens to Slack."""
    async with kit.database.transaction() as session:
        now = kit.clock()
        if since := await lost_events.silence(session, now=now):
            await lost_events.note(session, since, now)
        await leases.take(session, WEB, owner=WEB, now=now, lasting=PULSE)


class CatchUp:
    """The loop of the worker that reads threads; one process at a time."""

    def __init__(self, kit: Kit, *, between: float = BETWEEN_SECONDS) -> None:
        self._kit = kit
        self._between = between
        self._read: set[tuple[str, str]] = set()
        self._began: datetime | None = None
        self._not_before: datetime | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops."""
        await go_round(stopping, self.step, failed="threads could not be read", idle=LOOK_SECONDS, busy=self._between)

    async def step(self) -> bool:
        """Read one thread; False when there is none to be read now."""
        kit, now = self._kit, self._kit.clock()
        if self._not_before is not None and now < self._not_before:
            return False
        async with kit.database.reading() as session:
            span = await lost_events.span(session)
            live = await lost_events.live_threads(session, span.since) if span else []
        if span is None:
            return False
        async with kit.database.transaction() as session:
            if not await leases.take(session, JOB, owner=kit.owner, now=now, lasting=LEASE):
                return False
        self._began = self._began or now
        left = [each for each in live if (each.channel, each.root_ts) not in self._read]
        if not left:
            return await self._all_read(span)
        await self._read_one(left[0], span)
        return True

    async def _all_read(self, span: Span) -> bool:
        began, self._began, self._read = self._began, None, set()
        if began is not None and began >= span.until:
            async with self._kit.database.transaction() as session:
                await lost_events.over(session, span)
        else:
            self._not_before = self._kit.clock() + ONCE_MORE
        return False

    async def _read_one(self, found: Any, span: Span) -> None:
        try:
            said = await self._kit.slack.replies(found.channel, found.root_ts, since=span.since)
        except SlackTrouble as trouble:
            log.warning("a thread could not be read", why=str(trouble))
            if trouble.pause:
                self._not_before = self._kit.clock() + timedelta(seconds=trouble.pause)
                return
            said = []
        for line in said:
            if line.get("user") == found.volunteer_id and not line.get("bot_id"):
                await self._take_up({**line, "channel": found.channel, "channel_type": "im"})
        self._read.add((found.channel, found.root_ts))

    async def _take_up(self, line: dict[str, Any]) -> None:
        """A line as if its event had come, unless it did."""
        kit, now, where = self._kit, self._kit.clock(), f"{line['channel']}:{line['ts']}"
        async with kit.database.transaction() as session:
            seen = await conversations.was_texted(session, f"typed:{where}") is not None
            if seen or await posts.is_known(session, f"refused:{where}"):
                return
            if now - datetime.fromtimestamp(float(line["ts"]), now.tzinfo) > TOO_LATE:
                note = {"words": WORDS, "thread_ts": line["thread_ts"]}
                key = f"late:{where}"
                return await posts.add(session, PostKind.NOTE, to=line["channel"], dedupe=key, now=now, **note)
        try:
            await threads.typed(line, kit)
        except Refusal as refusal:
            await refuse_in_thread(kit, line, str(refusal))
