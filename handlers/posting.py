"""The one writer to Slack: takes what waits in the posts' table, draws it as things are now, and posts it.

One process holds the job at a time. Slack's limits are kept by going slowly; what it refuses for now stays here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services import leases, posts
from bot.services.posts import PostKind, payload_of
from handlers.kit import Kit
from handlers.post_kinds import LOSERS, MAKERS

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
"""Renewed before each post, and longer than the slowest of them takes."""
IDLE_SECONDS = 0.3
A_MINUTE = 180
"""Posts a minute in the workspace: somewhat under what Slack allows an app."""
BURST = 20
AFTER_THE_OTHERS = timedelta(seconds=1)
"""If it was this post that Slack stumbles over, the others go first when it listens again."""


@dataclass
class Budget:
    """How many posts may still be made now; refilled with time, and emptied when Slack says to slow down."""

    clock: Callable[[], datetime]
    left: float = BURST
    at: datetime | None = None
    shut_until: datetime | None = None

    def allows(self) -> bool:
        """Whether a post may be made now."""
        now = self.clock()
        elapsed = (now - (self.at or now)).total_seconds()
        self.left, self.at = min(self.left + max(elapsed, 0) * A_MINUTE / 60, BURST), now
        return self.left >= 1 and (self.shut_until is None or now >= self.shut_until)

    def spend(self) -> None:
        """One post has been made."""
        self.left -= 1


@dataclass
class Writer:
    """The loop, and how each kind of post is made."""

    kit: Kit
    budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self.budget = Budget(self.kit.clock)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops."""
        while not stopping.is_set():
            try:
                worked = await self.step()
            except Exception:
                log.exception("posting to slack failed")
                worked = False
            if not worked:
                await _sleep(stopping, IDLE_SECONDS)
        async with self.kit.database.transaction() as session:
            await leases.give_back(session, "slack", owner=self.kit.owner)

    async def step(self) -> bool:
        """Make the posts that are due, if the job is ours; whether there was anything to do."""
        if not self.budget.allows() or not await self._due(1) or not await self._is_ours():
            return False
        made: set[str] = set()
        for post in await self._due():  # as the last writer left it: what was read before the job was ours may be done
            if post.merge_key not in made and self.budget.allows():
                if not await self._is_ours():
                    break
                made.add(post.merge_key)
                await self._deliver(post)
        return True

    async def _due(self, limit: int = 20) -> list[Any]:
        async with self.kit.database.reading() as session:
            return await posts.due(session, now=self.kit.clock(), limit=limit)

    async def _is_ours(self) -> bool:
        """Take the job or keep it, for long enough for one post."""
        kit = self.kit
        async with kit.database.transaction() as session:
            return await leases.take(session, "slack", owner=kit.owner, now=kit.clock(), lasting=LEASE)

    async def _deliver(self, post: Any) -> None:
        try:
            if await MAKERS[post.kind](self.kit, post, payload_of(post)):
                self.budget.spend()
        except SlackTrouble as trouble:
            if trouble.pause:
                return await self._put_off(post, trouble)
            for_good = trouble.gone if post.kind == PostKind.REPLY else trouble.for_good
            await self._failed(post, str(trouble), f"Slack says {trouble}", for_good=for_good)
        except Exception as error:
            log.exception("a post could not be drawn", kind=post.kind)
            await self._failed(post, repr(error), "a fault of ours, which stands in Textbank's log")

    async def _put_off(self, post: Any, trouble: SlackTrouble) -> None:
        """Slack is busy, away or closed to us: that is nothing against this post, and nothing else would go either."""
        log.warning("slack takes no posts for now", why=str(trouble))
        self.budget.shut_until = self.kit.clock() + timedelta(seconds=trouble.pause)
        async with self.kit.database.transaction() as session:
            await posts.put_off(session, post.merge_key, until=self.budget.shut_until + AFTER_THE_OTHERS)

    async def _failed(self, post: Any, why: str, in_words: str, *, for_good: bool = False) -> None:
        now = self.kit.clock()
        log.warning("slack refused a post", kind=post.kind, why=why)
        async with self.kit.database.transaction() as session:
            stuck = await posts.failed(session, post, why, now=now, for_good=for_good)
            if stuck and post.kind in LOSERS:
                await LOSERS[post.kind](self.kit, session, post, payload_of(post), in_words)


async def _sleep(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, or wake at once when the program stops."""
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
