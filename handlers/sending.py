"""The way out: claim what is due, post each text once, write down what came of it.

A claim is posted within two seconds or goes back; what nobody can prove is UNKNOWN and stays with people.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.database import Session
from bot.services import alarms, backlog, outbox, outcomes, spending
from bot.services.outbox import Claimed
from bot.services.outcomes import Outcome, Result
from handlers.gate import Gate
from handlers.kit import Kit
from handlers.loops import go_round

log = structlog.get_logger()

AT_ONCE = 50
"""Texts of this process that are with the carrier at one time."""
IDLE_SECONDS = 0.25
RECORD_SECONDS = 0.25
"""Between two looks whether there are outcomes left to write, and before what could not be written is tried again."""
TOGETHER_SECONDS = 0.1
"""Texts that come within so short a time are claimed, and their outcomes written, in one transaction."""
POST_WITHIN = 2.0
"""Seconds from a claim to its POST, by the machine's own clock."""
DOUBTS = 5
"""So many answers in a row that prove nothing shut the door for a while."""
SHUT = timedelta(seconds=30)
"""So long nothing is tried; then a harmless question, every time, until the carrier answers it."""
SLOW_SECONDS = 3.0
"""A POST that has had no answer for so long may become a doubt: no more than `DOUBTS` are out then."""
MEASURE_EVERY = timedelta(seconds=5)
"""Between two looks at how long the queue is."""
LAST_SECONDS = 6.0
"""What is with the carrier when the program ends has so long to be answered."""
TRIES = 120
"""An outcome that alone cannot be written so often is left to its lease: the sweep finds it."""


class Sender:
    """The loop of one worker process."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._in_flight: dict[asyncio.Task[None], float] = {}
        self._outcomes: list[Outcome] = []
        self._something = asyncio.Event()
        self._doubts = 0
        self._tries: Counter[int] = Counter()
        self._claimed_at = 0.0
        self._gate = Gate(kit)
        self._measured_at: datetime | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops; then what is in flight is waited for and written down."""
        while not stopping.is_set() and not await self._begun():  # noqa: ASYNC110 (a database does not call back)
            await asyncio.sleep(1)
        recorder = asyncio.create_task(self._record_all(stopping))
        pauses = {"idle": IDLE_SECONDS, "busy": TOGETHER_SECONDS, "after_trouble": IDLE_SECONDS}
        await go_round(stopping, self._send_out, failed="nothing could be claimed", **pauses)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=LAST_SECONDS)
            for task in late:  # it has left, or will: the sweep finds its lease over, and nobody sends it again
                task.cancel()
            await asyncio.sleep(0)
        self._something.set()
        await recorder

    async def _send_out(self) -> bool:
        claimed = await self._claim()
        for text in claimed:
            task = asyncio.create_task(self._post(text, self._claimed_at))
            self._in_flight[task] = self._kit.stopwatch()
            task.add_done_callback(self._in_flight.pop)
        return bool(claimed)

    async def begin(self) -> None:
        """What a process that died has left behind is looked at before anything is claimed."""
        kit = self._kit
        async with kit.database.transaction() as session:
            await outbox.begin(session, rate=kit.settings.sms_segments_per_second, now=kit.clock())
            await alarms.tell(session, await outcomes.sweep(session, now=kit.clock()), now=kit.clock())

    async def _begun(self) -> bool:
        try:
            await self.begin()
        except Exception:
            log.exception("the database is away; trying again")
            return False
        return True

    async def step(self) -> bool:
        """One claim to its end; False when nothing is due."""
        claimed = await self._claim()
        await asyncio.gather(*(self._post(text, self._claimed_at) for text in claimed))
        batch, self._outcomes = self._outcomes, []
        if batch:
            await self._record(batch)
        return bool(claimed)

    async def _claim(self) -> list[Claimed]:
        kit, free = self._kit, self._most() - len(self._in_flight)
        if free <= 0:
            return []
        await self._measure()
        if not await self._gate.lets_pass() or not await self._is_there_any():
            return []
        self._claimed_at = kit.stopwatch()
        async with kit.database.transaction() as session:
            rate = kit.settings.sms_segments_per_second
            return await outbox.claim(session, owner=kit.owner, rate=rate, limit=free, now=kit.clock())

    async def _is_there_any(self) -> bool:
        """Whether a text is due and the door open. One that is shut is knocked at though nothing waits: the status
        says that it is, until it opens."""
        async with self._kit.database.reading() as session:
            shut = await outbox.shut(session)
            if shut is None:
                return await outbox.is_anything_due(session, now=self._kit.clock())
        return await self._opens(shut)

    async def _measure(self) -> None:
        """How long what waits takes to leave, and what it costs: contacts are handed out no faster."""
        kit, now = self._kit, self._kit.clock()
        if self._measured_at is not None and now - self._measured_at < MEASURE_EVERY:
            return
        self._measured_at = now
        async with kit.database.transaction() as session:
            # Campaigns before the pace, as whoever records outcomes: two that wait for each other would both fail.
            await spending.look(session, prices=kit.prices, now=now)
            await backlog.measure(session, rate=kit.settings.sms_segments_per_second, now=now)

    def _most(self) -> int:
        """How many may be out at one time: an outage shall leave a handful of riddles, however it begins."""
        if self._doubts:
            return 1
        slow = self._kit.stopwatch() - SLOW_SECONDS
        return DOUBTS if any(began < slow for began in self._in_flight.values()) else AT_ONCE

    async def _opens(self, shut: Any) -> bool:
        """Whether the carrier answers again, asked with something harmless once the pause is over."""
        kit = self._kit
        if shut.held_why is not None or kit.clock() < shut.tripped_until:
            return False
        well = await kit.sms.is_well()
        until, why = (None, None) if well else (kit.clock() + SHUT, shut.why)
        async with kit.database.transaction() as session:
            await outbox.trip(session, until=until, why=why)
        return well

    async def _post(self, text: Claimed, claimed_at: float) -> None:
        kit, now = self._kit, self._kit.clock()
        by_the_clock = (now - text.claimed_at).total_seconds()  # it goes on while a machine sleeps
        if max(kit.stopwatch() - claimed_at, by_the_clock) > POST_WITHIN:
            outcome = Outcome(text.id, Result.LATER, why="the claim had grown old")
        else:
            outcome = await kit.sms.post(text, now=now)
        self._outcomes.append(outcome)
        self._something.set()

    async def _record_all(self, stopping: asyncio.Event) -> None:
        """Outcomes that come together are written together."""
        while not (stopping.is_set() and not self._in_flight and not self._outcomes):
            try:
                await asyncio.wait_for(self._something.wait(), RECORD_SECONDS)
            except TimeoutError:
                continue
            if not stopping.is_set():
                await asyncio.sleep(TOGETHER_SECONDS)
            self._something.clear()
            batch, self._outcomes = self._outcomes, []
            if batch:
                await self._record(batch)

    async def _record(self, batch: list[Outcome]) -> None:
        """What cannot be written together is written one by one: none is lost for the sake of another."""
        if await self._is_written(batch):
            return
        for outcome in batch:
            if await self._is_written([outcome]):
                continue
            self._tries[outcome.message_id] += 1
            if self._tries[outcome.message_id] < TRIES:
                self._outcomes.append(outcome)
            else:
                log.error("an outcome is left to its lease", message=outcome.message_id, result=outcome.result)
        await asyncio.sleep(RECORD_SECONDS)
        self._something.set()

    async def _is_written(self, batch: list[Outcome]) -> bool:
        kit = self._kit
        try:
            async with kit.database.transaction() as session:
                trouble = await outcomes.record(session, batch, now=kit.clock())
                await alarms.follow(session, trouble, prices=kit.prices, now=kit.clock())
                doubts = await self._judge(session, batch)
        except Exception:
            log.exception("outcomes could not be written; trying again", texts=len(batch))
            return False
        self._doubts = doubts
        for outcome in batch:
            self._tries.pop(outcome.message_id, None)
        return True

    async def _judge(self, session: Session, batch: Iterable[Outcome]) -> int:
        """Shut the door when the carrier refuses us, or proves nothing time after time: how often in a row it did."""
        doubts = self._doubts
        for outcome in batch:
            doubts = doubts + 1 if outcome.result is Result.UNKNOWN else 0
            if outcome.result is Result.STOP or doubts >= DOUBTS:
                why = outcome.why if outcome.result is Result.STOP else "the carrier's answers prove nothing"
                log.error("sending is stopped for a while", why=why)
                now = self._kit.clock()
                await outbox.trip(session, until=now + SHUT, why=why)
                await alarms.sending_stopped(session, why, now=now, admins=self._kit.settings.admin_users)
                return DOUBTS - 1
        return doubts
