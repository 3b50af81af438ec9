"""The way out: claim what is due, post each text once, write down what came of it.

A claim is posted within two seconds or goes back; what nobody can prove is UNKNOWN and stays with people.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.services import campaigns, outbox, posts
from bot.services.outbox import Claimed, Outcome, Result
from bot.services.posts import PostKind
from handlers.kit import Kit
from models import CampaignState

log = structlog.get_logger()

AT_ONCE = 50
"""Texts of this process that are with the carrier at one time."""
IDLE_SECONDS = 0.25
POST_WITHIN = 2.0
"""Seconds from a claim to its POST, by the machine's own clock."""
DOUBTS = 5
"""So many answers in a row that prove nothing shut the door for a while."""
SHUT = timedelta(seconds=30)


class Sender:
    """The loop of one worker process."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._in_flight: set[asyncio.Task[None]] = set()
        self._outcomes: list[Outcome] = []
        self._something = asyncio.Event()
        self._doubts = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops; then what is in flight is waited for and written down."""
        await self.begin()
        recorder = asyncio.create_task(self._record_all(stopping))
        while not stopping.is_set():
            claimed = await self._claim()
            for text in claimed:
                task = asyncio.create_task(self._post(text, time.monotonic()))
                self._in_flight.add(task)
                task.add_done_callback(self._in_flight.discard)
            if not claimed:
                await asyncio.sleep(IDLE_SECONDS)
        while self._in_flight:
            await asyncio.wait(self._in_flight)
        self._something.set()
        await recorder

    async def begin(self) -> None:
        """What a process that died has left behind is looked at before anything is claimed."""
        kit = self._kit
        async with kit.database.transaction() as session:
            await outbox.begin(session, rate=kit.settings.sms_segments_per_second, now=kit.clock())
            await outbox.sweep(session, now=kit.clock())

    async def step(self) -> bool:
        """One claim to its end; False when nothing is due."""
        claimed = await self._claim()
        claimed_at = time.monotonic()
        await asyncio.gather(*(self._post(text, claimed_at) for text in claimed))
        batch, self._outcomes = self._outcomes, []
        if batch:
            await self._record(batch)
        return bool(claimed)

    async def _claim(self) -> list[Claimed]:
        kit, free = self._kit, AT_ONCE - len(self._in_flight)
        if not free:
            return []
        try:
            async with kit.database.reading() as session:
                if not await outbox.is_anything_due(session, now=kit.clock()):
                    return []
            async with kit.database.transaction() as session:
                rate = kit.settings.sms_segments_per_second
                return await outbox.claim(session, owner=kit.owner, rate=rate, limit=free, now=kit.clock())
        except DBAPIError:
            log.exception("nothing could be claimed")
            return []

    async def _post(self, text: Claimed, claimed_at: float) -> None:
        if time.monotonic() - claimed_at > POST_WITHIN:
            outcome = Outcome(text.id, Result.LATER, why="the claim had grown old")
        else:
            outcome = await self._kit.sms.post(text, now=self._kit.clock())
        self._outcomes.append(outcome)
        self._something.set()

    async def _record_all(self, stopping: asyncio.Event) -> None:
        """Outcomes that come together are written together."""
        while not (stopping.is_set() and not self._in_flight and not self._outcomes):
            try:
                await asyncio.wait_for(self._something.wait(), IDLE_SECONDS)
            except TimeoutError:
                continue
            self._something.clear()
            batch, self._outcomes = self._outcomes, []
            if batch:
                await self._record(batch)

    async def _record(self, batch: list[Outcome]) -> None:
        kit = self._kit
        try:
            async with kit.database.transaction() as session:
                not_set_up = await outbox.record(session, batch, now=kit.clock())
                for row in not_set_up:
                    await self._pause_campaign(session, row.campaign_id)
                await self._judge(session, batch)
        except DBAPIError:
            log.exception("outcomes could not be written; trying again")
            self._outcomes += batch
            await asyncio.sleep(IDLE_SECONDS)
            self._something.set()

    async def _pause_campaign(self, session: AsyncSession, campaign_id: int) -> None:
        """The account may not send for this campaign: trying the next text would fail the same way."""
        found = await campaigns.by_id(session, campaign_id)
        if found.state != CampaignState.LIVE:
            return
        now = self._kit.clock()
        await campaigns.pause(session, found, by="carrier", now=now)
        words = (
            f"{found.name} is paused: the carrier says that this account or number is not set up to send these texts. "
            "Look at the carrier's console; when it is right, type "
            f"`/textbank resume {found.name}`."
        )
        key = f"not-set-up:{campaign_id}:{now.timestamp()}"
        await posts.add(session, PostKind.TELL, to=found.created_by, dedupe=key, now=now, words=words)

    async def _judge(self, session: AsyncSession, batch: Iterable[Outcome]) -> None:
        """Shut the door when the carrier refuses us, or proves nothing time after time."""
        for outcome in batch:
            self._doubts = self._doubts + 1 if outcome.result is Result.UNKNOWN else 0
            if outcome.result is Result.STOP or self._doubts >= DOUBTS:
                why = outcome.why if outcome.result is Result.STOP else "the carrier's answers prove nothing"
                log.error("sending is stopped for a while", why=why)
                until = self._kit.clock() + SHUT
                await outbox.trip(session, until=until, why=why)
                self._doubts = 0
                return
