"""Runs schedules: one by its seed, or many, with what they found and how much they held."""

import asyncio
import gc
import logging
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from bot.migrate import migrate
from bot.services import carrier_log
from bot.settings import Settings
from handlers.worker import Importer
from sandbox.slack import File
from tests.simulation import checks
from tests.simulation.cast import CAMPAIGN, LIST, Cast
from tests.simulation.loop import Loop
from tests.simulation.scale import FULL, Mix, Scale, all_full
from tests.simulation.stage import Stage, poll_every, settings_of, virtual
from tests.world import CONSENT, SCRIPT

MEMORY = Path("/dev/shm")
LONGEST = 3600.0
"""Seconds after the last fault by which everything must have settled."""
TIDY_EVERY = 25
"""Between so many schedules garbage is collected, and at no other time: looking for it costs a sixth of everything."""
DECIDES = 0.8
"""How often a lead decides about texts that are in doubt at the end."""
WHOLE_WAY_EVERY = 25
"""Of so many schedules one goes through the web app with Bolt and signatures."""


@dataclass
class Result:
    """What a schedule came to: `wrong` is empty if every promise held."""

    seed: int
    wrong: list[str]
    injected: Counter[str]
    log: list[tuple[float, str]]
    again: str = ""
    """What is to be typed to see it once more."""
    happened: Counter[str] = field(default_factory=Counter)
    texts: int = 0


@dataclass
class Totals:
    """What many schedules held."""

    schedules: int = 0
    texts: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    failed: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.schedules += 1
        self.texts += result.texts
        self.injected += result.injected
        self.happened += result.happened
        if result.wrong:
            self.failed.append(result)


class Simulation:
    """A folder, a loop and a database to begin from; open it with `simulation()`."""

    def __init__(self, folder: Path, loop: Loop) -> None:
        self.folder = folder
        self.loop = loop
        self.settings: Settings = settings_of(folder)
        self.template = folder / "template.db"

    def prepare(self) -> None:
        """The database that every schedule begins with: a live campaign, six voters, two volunteers with contacts."""
        empty = self.folder / "empty.db"
        migrate(f"sqlite:///{empty}")
        self._run(self._prologue(_Making(self, 0, empty)))
        with sqlite3.connect(self.folder / "bank.db") as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.execute("PRAGMA journal_mode=DELETE")
        shutil.copyfile(self.folder / "bank.db", self.template)

    async def _prologue(self, making: "_Making") -> None:
        stage = making.stage(idle=True)
        await asyncio.sleep(1)
        olivia, kit = stage.olivia, stage.processes[0].kit
        await olivia.types("/textbank new")
        file = File("list.csv", LIST.encode())
        await olivia.submits({"Name": CAMPAIGN, "Script": SCRIPT, "Contacts (CSV)": file, "Consent": CONSENT})
        while await Importer(kit).step():
            pass
        await olivia.types(f"/textbank start {CAMPAIGN}")
        for who, count in (("priya", 4), ("sam", 2)):
            await olivia.types(f"/textbank assign {CAMPAIGN} @{who} {count}")
        for person in (stage.priya, stage.sam):
            await person.types("/text")
        async with kit.database.transaction() as session:
            await session.exec_driver_sql("UPDATE slack_post SET state = 'posted' WHERE state = 'queued'")
            await session.exec_driver_sql("DELETE FROM card")
            await carrier_log.begin(session, now=stage.now() - timedelta(days=1))
        await stage.end()

    def schedule(self, seed: int, mix: Mix = all_full) -> Result:
        """One schedule, from its seed and the mix that it belongs to."""
        more = "" if mix is all_full else " --small"
        result = Result(seed, [], Counter(), [], f"python -m tests.simulation --seed {seed}{more}")
        self._run(self._play(_Making(self, seed, self.template, mix(seed)), result))
        return result

    async def _play(self, making: "_Making", result: Result) -> None:
        stage = making.stage(whole_way=making.seed % WHOLE_WAY_EVERY == 0)
        poll_every(stage.random.choice(stage.scale.looks), stage.scale)
        result.injected, result.happened, result.log = stage.weather.injected, stage.happened, stage.log
        cast = Cast(stage)
        await asyncio.sleep(0.5)
        for person, count in cast.plan:
            if count:
                await person.types("/text")
        stage.weather.fine = False
        await asyncio.wait_for(cast.play(), 3600)
        await asyncio.sleep(stage.random.choice((0.0, 3.0, 20.0)))
        stage.all_well()
        await asyncio.sleep(1)
        if cast.has_paused:
            await cast.resume()
        result.wrong += await self._settle(stage, cast)
        if cast.lead.has_doubts() and stage.random.random() < DECIDES:
            stage.weather.fine = stage.random.random() < 0.5
            await cast.lead.decides()
            stage.all_well()
            result.wrong += await self._settle(stage, cast)
        try:
            result.wrong += await checks.look(stage, cast)
        except Exception as error:
            result.wrong.append(f"the checks themselves failed: {error!r}")
            raise
        finally:
            result.texts = len(stage.carrier.texts)
            await stage.end()

    async def _settle(self, stage: Stage, cast: Cast) -> list[str]:
        """Until everything is at its end, or would have to be."""
        poll_every(14.0, stage.scale)
        stage.minute = 60.0
        until = self.loop.time() + LONGEST
        while pending := checks.pending(stage, cast):
            if self.loop.time() > until:
                return [f"stuck: {pending}"]
            if "unknown" in pending or self.loop.time() > until - LONGEST + 200:
                poll_every(300.0, stage.scale)
                stage.minute = 300.0
                await asyncio.sleep(310)
            else:
                await asyncio.sleep(15)
        await asyncio.sleep(10)
        return []

    def _run(self, work: object) -> None:
        self.loop.reset()
        with virtual(self.loop):
            self.loop.run_until_complete(work)  # type: ignore[arg-type]


@dataclass
class _Making:
    """What a stage is made from, once the loop runs."""

    simulation: Simulation
    seed: int
    template: Path
    scale: Scale = FULL

    def stage(self, *, idle: bool = False, whole_way: bool = False) -> Stage:
        made = self.simulation
        stage = Stage(self.seed, made.folder, self.template, made.settings, self.scale, whole_way=whole_way)
        stage.idle = idle
        return stage


@contextmanager
def simulation() -> Iterator[Simulation]:
    """Ready to run schedules, with everything that the product logs left out."""
    kept = structlog.get_config()
    folder = Path(tempfile.mkdtemp(prefix="textbank-simulation-", dir=MEMORY if MEMORY.is_dir() else None))
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    loop = Loop()
    try:
        made = Simulation(folder, loop)
        made.prepare()
        gc.collect()
        gc.freeze()  # what is here stays: nobody has to look through it for garbage
        gc.disable()
        yield made
    finally:
        gc.enable()
        gc.unfreeze()
        loop.close()
        logging.disable(logging.NOTSET)
        structlog.configure(**kept)
        shutil.rmtree(folder, ignore_errors=True)


def run(
    made: Simulation,
    seeds: Iterable[int],
    mix: Mix = all_full,
    *,
    until: float = float("inf"),
    failures: int = 1,
    tell: Callable[[Result], None] = lambda _result: None,
) -> Totals:
    """All of these schedules, as far as there is time before `until`; stops after so many `failures`."""
    totals = Totals()
    for seed in seeds:
        if time.monotonic() > until or len(totals.failed) >= failures:
            break
        if totals.schedules % TIDY_EVERY == 0:
            gc.collect()
        result = made.schedule(seed, mix)
        totals.add(result)
        tell(result)
    return totals


def story(result: Result) -> str:
    """A schedule in words: what happened in order, what is wrong, and how to see it again."""
    lines = [f"{at:9.2f} s  {words}" for at, words in result.log]
    lines += ["", *(f"WRONG: {words}" for words in result.wrong)]
    return "\n".join([*lines, f"Again: {result.again}"])
