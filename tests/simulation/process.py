"""One simulated process of the product: web, worker and clock, over the database that all of them share.

It can be killed at every await that reaches the outside (between and inside transactions too), paused and woken late,
and have its clock put forward or back. What it had not committed is gone then, as with a real process.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError

from bot.app import CUT_OFF_SECONDS, LAST_ANSWERS_SECONDS, Running, web
from bot.database import Database, Session
from bot.gateways.slack import Slack
from bot.gateways.sms import Sms
from handlers import clock
from handlers.budget import Budget
from handlers.carrier_list import Watch
from handlers.catching_up import CatchUp, listening
from handlers.kit import Kit
from handlers.posting import Writer
from handlers.sending import Sender
from tests.simulation.desk import Desk
from tests.simulation.loop import OUTSIDE, PROCESS
from tests.simulation.wire import asgi, cut

if TYPE_CHECKING:
    from tests.simulation.stage import Stage

MOST_STEP = 90.0
"""Seconds by which a clock is put forward or back."""
LONGEST_PAUSE = 130.0


class Engines:
    """SQLAlchemy's engines, kept from one schedule to the next for the statements that they have compiled."""

    def __init__(self) -> None:
        self._free: list[Engine] = []
        self._open: dict[Engine, list[sqlite3.Connection]] = {}

    def lend(self, url: str, **options: Any) -> Engine:
        """In the place of `create_engine`."""
        if self._free:
            engine = self._free.pop()
        else:
            engine = create_engine(url, **options)
            event.listen(engine, "connect", lambda raw, _record, of=engine: self._open[of].append(raw))
        self._open.setdefault(engine, [])
        return engine

    def end(self, engine: Engine) -> None:
        """Its process is gone: what it had not committed is undone, and the engine can be lent again."""
        if engine not in self._open:
            return
        for raw in self._open.pop(engine):
            with suppress(sqlite3.Error):
                raw.rollback()
            with suppress(sqlite3.Error):
                raw.close()
        engine.pool = engine.pool.recreate()
        self._free.append(engine)


ENGINES = Engines()


class Process:
    """See above. A killed one is replaced by a new one of its name."""

    def __init__(self, stage: "Stage", name: str) -> None:
        self.stage = stage
        self.name = name
        self.alive = True
        self.paused = False
        self.held: list[asyncio.Handle] = []
        self.step = timedelta()
        self.stepped_at = float("-inf")
        self.serving: set[asyncio.Future[Any]] = set()
        self.listens = False
        self._running: Running | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.app: Any = None
        self.context = Context()
        self.context.run(PROCESS.set, self)
        asyncio.get_running_loop().create_task(self._live(), context=self.context)

    def clock(self) -> datetime:
        """The time, as this process's machine has it."""
        return self.stage.now() + self.step

    async def _live(self) -> None:
        stage, loop = self.stage, asyncio.get_running_loop()
        inner = Database(stage.url)
        self.engine = inner.engine.sync_engine  # type: ignore[union-attr]
        self.database: Any = Watched(self, inner)
        slack = await Slack(stage.settings).__aenter__()
        sms = await Sms(stage.settings).__aenter__()
        self.kit = kit = Kit(
            stage.settings, self.database, slack, sms, self.clock, self.name, Budget(self.clock), loop.time
        )
        self.app = asgi(web(kit)) if stage.whole_way else Desk(kit)
        self.listens = True
        if stage.idle:
            return
        self._running = running = Running(kit)
        stopping = running.ending.stopping
        await asyncio.sleep(stage.random.uniform(0, 3))
        if stopping.is_set():
            return
        self._ticking = loop.create_task(self._minutes())
        jobs = [job.run(stopping) for job in (Sender(kit), Watch(kit), Writer(kit), CatchUp(kit))]
        running.tasks += [loop.create_task(work) for work in (*jobs, listening(kit, stopping))]

    async def _minutes(self) -> None:
        await asyncio.sleep(self.stage.random.uniform(0, 60))
        while True:
            with suppress(OperationalError):  # as the scheduler does: it is logged, and the next minute comes
                await clock.tick(self.kit)
            await asyncio.sleep(self.stage.minute)

    def ask_to_end(self) -> None:
        """As by SIGTERM: it takes no more, and finishes what is in flight."""
        self.listens = False
        asyncio.get_running_loop().create_task(self._ends(), context=self.context)

    async def _ends(self) -> None:
        """As `bot.app` does it: the web's last answers, then the loops, then what goes on behind answers."""
        running = self._running
        if running is not None:
            running.ending.stopping.set()
            if self._ticking:
                self._ticking.cancel()
            if self.serving:
                await asyncio.wait(self.serving, timeout=LAST_ANSWERS_SECONDS)
            await running.stop()
        await self.kit.drain(CUT_OFF_SECONDS)
        await self.kit.sms.__aexit__(None, None, None)
        await self.kit.slack.__aexit__(None, None, None)
        self.stage.note(f"{self.name}: has ended")
        self.crash()
        await asyncio.get_running_loop().create_future()

    # -- what may happen to it ---------------------------------------------------------------------------

    async def meets(self, where: str) -> str | None:
        """What happens to this process here, if anything. "crash" is the caller's to do."""
        kind = self.stage.weather.strikes("process")
        if kind is None:
            return None
        random = self.stage.random
        if kind == "pause":
            seconds = random.choice((0.5, 1.5, 3.0, 8.0, 70.0, LONGEST_PAUSE))
            self.stage.note(f"{self.name}: paused for {seconds} s, {where}")
            self.pause(seconds)
            await asyncio.sleep(0)
        elif kind == "wait":
            await asyncio.sleep(random.uniform(0.02, 2.5))
        elif kind == "clock step":
            self.step = timedelta(seconds=random.uniform(-MOST_STEP, MOST_STEP))
            self.stepped_at = asyncio.get_running_loop().time()
            self.stage.skew = max(self.stage.skew, 2 * abs(self.step.total_seconds()))
            self.stage.note(f"{self.name}: its clock is now {self.step.total_seconds():+.1f} s off")
        return kind

    def pause(self, seconds: float) -> None:
        """It stands still, and does later what it would have done meanwhile."""
        self.paused = True
        asyncio.get_running_loop().call_later(seconds, self.wake, context=OUTSIDE)

    def wake(self) -> None:
        """It goes on."""
        self.paused = False
        held, self.held = self.held, []
        asyncio.get_running_loop()._ready.extend(held)  # type: ignore[attr-defined]

    def crash(self) -> None:
        """It is no more; another of its name comes up after a while."""
        if not self.alive:
            return
        self.alive = self.listens = False
        loop = asyncio.get_running_loop()
        for answered in self.serving:
            loop.call_later(0.01, cut, answered, context=OUTSIDE)
        self.stage.buried(self)

    async def dies(self, where: str) -> None:
        """Here and now: nothing of what was to follow is done."""
        self.stage.note(f"{self.name}: killed {where}")
        self.crash()
        await asyncio.get_running_loop().create_future()


class Watched:
    """The process's database, with what may happen around and inside a transaction."""

    sqlite = True

    def __init__(self, process: Process, inner: Database) -> None:
        self._process = process
        self._inner = inner

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        doomed = await self._before("a transaction")
        async with self._inner.transaction() as session:
            yield _Doomed(session, self._process) if doomed else session
            if doomed:
                await self._process.dies("before its commit")
        if await self._process.meets("after a commit") == "crash":
            await self._process.dies("after a commit")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        if await self._before("a look at the database"):
            await self._process.dies("before a look at the database")
        async with self._inner.reading() as session:
            yield session

    reading_one_moment = reading

    async def close(self) -> None:
        await self._inner.close()

    async def _before(self, what: str) -> bool:
        kind = await self._process.meets(f"before {what}")
        if kind == "database locked":
            raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))
        return kind == "crash"


class _Doomed:
    """A transaction in the middle of which its process is killed, after a few statements or at its commit."""

    def __init__(self, session: Session, process: Process) -> None:
        self._session = session
        self._process = process
        self._left = process.stage.random.randint(1, 8)
        self.dialect = session.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> Any:
        self._left -= 1
        if self._left == 0:
            await self._process.dies("in the middle of a transaction")
        return await self._session.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Any:
        return await self._session.exec_driver_sql(statement, parameters)
