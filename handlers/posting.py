"""The one writer to Slack: takes what waits in the posts' table, draws it as things are now, and posts it.

One process holds the job at a time. Voters' words come first; of five posts one is whatever has waited longest, so that
nothing waits for ever.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from bot.database import Session
from bot.gateways.slack import SlackTrouble
from bot.services import leases, posts, slack_access
from bot.services.posts import PostKind, payload_of
from handlers import leavers
from handlers.budget import Budget
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.post_kinds import LOSERS, MAKERS
from handlers.saying import JOB, NotNow, is_ours

log = structlog.get_logger()

IDLE_SECONDS = 0.3
FAIR = 5
"""Of so many posts one is the one that has waited longest."""
AFTER_THE_OTHERS = timedelta(seconds=1)
"""If it was this post that Slack stumbles over, the others go first when it listens again."""


@dataclass
class Writer:
    """The loop, and how each kind of post is made."""

    kit: Kit
    _turn: int = 0
    _locked_out: str | None = field(default="not known yet", init=False)

    @property
    def budget(self) -> Budget:
        """How fast this process may post."""
        return self.kit.budget

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops: then the post that is under way is the last."""
        await go_round(stopping, self.step, failed="posting to slack failed", idle=IDLE_SECONDS)
        async with self.kit.database.transaction() as session:
            await leases.give_back(session, JOB, owner=self.kit.owner)

    async def step(self) -> bool:
        """Make the post whose turn it is, if the job is ours; whether there was anything to do."""
        kit = self.kit
        if not self.budget.allows():
            return False
        async with kit.database.reading() as session:
            if await posts.first_due(session, now=kit.clock(), busy=self.budget.busy()) is None:
                return False
        async with kit.database.transaction() as session:
            if not await is_ours(kit, session):
                return False
        async with kit.database.reading() as session:  # as the last writer left it
            post = await self._whose_turn(session)
        if post is not None:
            await self._deliver(post)
        return True

    async def _whose_turn(self, session: Session) -> Any | None:
        self._turn = (self._turn + 1) % FAIR
        which = posts.first_due if self._turn else posts.oldest_due
        return await which(session, now=self.kit.clock(), busy=self.budget.busy())

    async def _deliver(self, post: Any) -> None:
        try:
            if await MAKERS[post.kind](self.kit, post, payload_of(post)):
                await self._let_in()
        except NotNow:
            async with self.kit.database.transaction() as session:
                await posts.put_off(session, post.merge_key, until=self.kit.clock() + AFTER_THE_OTHERS)
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
        self.budget.shut(trouble.pause, limited=trouble.limited)
        until = self.kit.clock() + timedelta(seconds=trouble.pause) + AFTER_THE_OTHERS
        async with self.kit.database.transaction() as session:
            await posts.put_off(session, post.merge_key, until=until, why=str(trouble))
            if trouble.locked_out and self._locked_out != str(trouble):
                log.error("slack does not take our token: what is to be said there waits", why=str(trouble))
                self._locked_out = str(trouble)
                await slack_access.lost(session, str(trouble), now=self.kit.clock())

    async def _let_in(self) -> None:
        """Slack has taken something of ours, after it did not or for the first time."""
        if self._locked_out is None:
            return
        async with self.kit.database.transaction() as session:
            await slack_access.is_back(session)
        self._locked_out = None

    async def _failed(self, post: Any, why: str, in_words: str, *, for_good: bool = False) -> None:
        now = self.kit.clock()
        log.warning("slack refused a post", kind=post.kind, why=why)
        if for_good and await leavers.see_to(self.kit, post):
            return
        async with self.kit.database.transaction() as session:
            stuck = await posts.failed(session, post, why, now=now, for_good=for_good)
            if stuck and post.kind in LOSERS:
                await LOSERS[post.kind](self.kit, session, post, payload_of(post), in_words)
