"""One file of contacts, from its first row to the pool: the one service that opens transactions of its own.

It runs beside people who are clicking. SQLite has one writer at a time, so each transaction is short, and after it the
file is left to the others for a while.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import text

from bot.database import Database, Session
from bot.services import contact_staging, contacts
from bot.services.contact_rows import Chunk, Opening, Options, Refused
from bot.services.contact_staging import Overtaken
from bot.services.contacts import Running
from bot.services.file_reader import reading
from models import ImportState

LEASE = timedelta(minutes=1)
TRIES = 5
"""An import that broke off so often without getting any further is given up."""
OPEN_AT_ONCE = 6_000
DROP_AT_ONCE = 1_000
_STAGE_TRIES = 5
_LEFT_TO_OTHERS = 0.4
"""Seconds for the others after each second of holding SQLite's one lock: they only look now and then if it is free."""

Progress = Callable[[int, int], Any]
"""Told after each chunk how many rows of this run were imported and rejected so far."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


async def import_file(
    database: Database,
    import_id: int,
    path: Path,
    options: Options,
    *,
    owner: str,
    clock: Callable[[], datetime],
    on_progress: Progress = lambda _imported, _rejected: None,
    on_opened: Callable[[int], Any] = lambda _conversations: None,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Read the file, or go on where a killed run left it, until its contacts can be handed out or nothing is left.

    Does nothing while another process is at it, and stops without a word when one has taken over, or before the next
    transaction once it `is_over`: then whoever comes next goes on. What could not be
    imported, and why, is in the import's row and its rejected rows.
    """
    work = _Work(database, owner, clock, is_over)
    running = await work.take(import_id)
    if running is None:
        return
    await work.prepare()
    try:
        state = running.state
        if state is ImportState.STAGING:
            state = await _stage(work, running, path, options, on_progress)
        if state is ImportState.LIVE:
            await _open(work, running, on_opened)
        else:
            await _drop(work, running)
    except (contacts.LeaseLost, _Over):
        return
    finally:
        async with database.transaction() as session:
            await contacts.give_back(session, import_id, owner=owner)


class _Over(Exception):
    """The program ends."""


class _Work:
    """Short transactions, one after another, that renew the lease and let others in between."""

    def __init__(
        self, database: Database, owner: str, clock: Callable[[], datetime], is_over: Callable[[], bool]
    ) -> None:
        self._is_over = is_over
        self._database = database
        self._owner = owner
        self._free_until = 0.0
        self.clock = clock

    def until(self) -> datetime:
        return self.clock() + LEASE

    async def take(self, import_id: int) -> Running | None:
        return await self.do(contacts.take, import_id, owner=self._owner, now=self.clock(), until=self.until())

    async def prepare(self) -> None:
        if self._database.sqlite:
            # Rows fall anywhere in the indexes of phones; SQLite's own 2 MB hold too little of those.
            async with self._database.reading() as session:
                await session.execute(text("PRAGMA cache_size = -32768"))

    async def do(
        self, step: Callable[Concatenate[Session, _P], Awaitable[_T]], *args: _P.args, **more: _P.kwargs
    ) -> _T:
        await asyncio.sleep(max(0.0, self._free_until - time.perf_counter()))
        if self._is_over():
            raise _Over
        async with self._database.transaction() as session:
            since = time.perf_counter()
            done = await step(session, *args, **more)
        if self._database.sqlite:
            until = time.perf_counter()
            self._free_until = until + (until - since) * _LEFT_TO_OTHERS
        return done


async def _stage(work: _Work, running: Running, path: Path, options: Options, on_progress: Progress) -> ImportState:
    """Put every row in, and make them count. Returns what the import is then: LIVE, or FAILED if the file is none."""
    if running.tries > TRIES:
        return await _give_up(work, running)
    imported = rejected = 0
    names: list[str] = []
    windows: dict[str, int] = {}
    async with reading(path, running.next_row, options) as messages:
        async for message in messages:
            match message:
                case Refused(why):
                    await work.do(contacts.fail, running, why, now=work.clock())
                    return ImportState.FAILED
                case Opening(header, names):
                    await work.do(contacts.describe, running, header)
                case Chunk():
                    counts = await _stage_chunk(work, running, message, windows)
                    imported, rejected = imported + counts[0], rejected + counts[1]
                    on_progress(imported, rejected)
    await work.do(contacts.go_live, running, names=names, now=work.clock())
    return ImportState.LIVE


async def _give_up(work: _Work, running: Running) -> ImportState:
    row = max(running.next_row, 1)
    why = (
        f"Reading this file broke off {TRIES} times at row {row:,}. Whoever runs Textbank finds the reason in its log."
    )
    await work.do(contacts.fail, running, why, now=work.clock())
    return ImportState.FAILED


async def _stage_chunk(work: _Work, running: Running, chunk: Chunk, windows: dict[str, int]) -> tuple[int, int]:
    if fresh := [key for key in chunk.windows if key not in windows]:
        windows |= await work.do(contact_staging.windows, fresh)
    for _ in range(_STAGE_TRIES):
        with contextlib.suppress(Overtaken):  # the other import has committed by now: its people are found
            return await work.do(contacts.stage, running, chunk, windows, until=work.until())
    raise RuntimeError("the database does not take rows that nothing stands against: was TEXTBANK_SECRET changed?")


async def _open(work: _Work, running: Running, on_opened: Callable[[int], Any]) -> None:
    after: int | None = running.open_after or 0
    opened = 0
    while after is not None:
        times = {"until": work.until(), "now": work.clock()}
        after = await work.do(contacts.open_some, running, after=after, limit=OPEN_AT_ONCE, **times)
        on_opened(opened := opened + OPEN_AT_ONCE)
    await work.do(contacts.take_stock)


async def _drop(work: _Work, running: Running) -> None:
    while await work.do(contacts.drop_some, running, limit=DROP_AT_ONCE, until=work.until()):
        pass
