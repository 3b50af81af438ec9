"""The way in for files of contacts: run one import to its end, a file over 256 KB by a process of its own.

It runs beside people who are clicking. SQLite has one writer at a time, so each transaction here is short, and after it
the file is left to the others for a while.
"""

import asyncio
import contextlib
import multiprocessing
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.database import Database
from bot.services import contacts
from bot.services.contact_rows import Chunk, Opening, Options, Refused, send_chunks
from bot.services.contacts import Running
from models import ImportState

LEASE = timedelta(minutes=1)
OPEN_AT_ONCE = 4_000
DROP_AT_ONCE = 1_000
_TRIES = 5
SMALL_FILE = 1 << 18
_LEFT_TO_OTHERS = 0.4
"""Seconds for the others after each second of holding SQLite's one lock: they only look now and then if it is free."""

Progress = Callable[[int, int], Any]
"""Told after each chunk how many rows of this run were imported and rejected so far."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


async def run(
    database: Database,
    import_id: int,
    path: Path,
    *,
    region: str,
    secret: str,
    hours: str,
    owner: str,
    clock: Callable[[], datetime],
    progress: Progress | None = None,
    chunk_rows: int = 1_000,
) -> None:
    """Read the file, or go on where a killed run left it, until its contacts can be handed out or nothing is left.

    Does nothing while another process is at it, and stops without a word when one has taken over. What could not be
    imported, and why, is in the import's row and its rejected rows.
    """
    work = _Work(database, owner, clock)
    options = Options(region=region, secret=secret, hours=hours, chunk_rows=chunk_rows)
    running = await work.take(import_id)
    if running is None:
        return
    await work.prepare()
    try:
        state = running.state
        if state is ImportState.STAGING:
            state = await _stage(work, running, path, options, progress or (lambda _imported, _rejected: None))
        if state is ImportState.LIVE:
            await _open(work, running)
        else:
            await _drop(work, running)
    except contacts.LeaseLost:
        return
    finally:
        async with database.transaction() as session:
            await contacts.give_back(session, import_id, owner=owner)


class _Work:
    """Short transactions, one after another, that renew the lease and let others in between."""

    def __init__(self, database: Database, owner: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._owner = owner
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
        self, step: Callable[Concatenate[AsyncSession, _P], Awaitable[_T]], *args: _P.args, **more: _P.kwargs
    ) -> _T:
        async with self._database.transaction() as session:
            since = time.perf_counter()
            done = await step(session, *args, **more)
        if self._database.sqlite:
            await asyncio.sleep((time.perf_counter() - since) * _LEFT_TO_OTHERS)
        return done


async def _stage(work: _Work, running: Running, path: Path, options: Options, progress: Progress) -> ImportState:
    """Put every row in, and make them count. Returns what the import is then: LIVE, or FAILED if the file is none."""
    imported = rejected = 0
    names: list[str] = []
    known_windows: set[str] = set()
    async with _reading(path, running.next_row, options) as messages:
        async for message in messages:
            match message:
                case Refused(why):
                    await work.do(contacts.fail, running, why, now=work.clock())
                    return ImportState.FAILED
                case Opening(header, names):
                    await work.do(contacts.describe, running, header)
                case Chunk():
                    counts = await _stage_chunk(work, running, message, known_windows)
                    imported, rejected = imported + counts[0], rejected + counts[1]
                    progress(imported, rejected)
    await work.do(contacts.go_live, running, names=names, now=work.clock())
    return ImportState.LIVE


async def _stage_chunk(work: _Work, running: Running, chunk: Chunk, known_windows: set[str]) -> tuple[int, int]:
    if fresh := [key for key in chunk.windows if key not in known_windows]:
        await work.do(contacts.add_windows, fresh)
        known_windows.update(fresh)
    for _ in range(_TRIES):
        with contextlib.suppress(contacts.Overtaken):  # the other import has committed by now: its people are found
            return await work.do(contacts.stage, running, chunk, until=work.until())
    raise RuntimeError("the database does not take rows that nothing stands against: was TEXTBANK_SECRET changed?")


async def _open(work: _Work, running: Running) -> None:
    after: int | None = running.open_after or 0
    while after is not None:
        times = {"until": work.until(), "now": work.clock()}
        after = await work.do(contacts.open_some, running, after=after, limit=OPEN_AT_ONCE, **times)
    await work.do(contacts.take_stock)


async def _drop(work: _Work, running: Running) -> None:
    while await work.do(contacts.drop_some, running, limit=DROP_AT_ONCE, until=work.until()):
        pass


def is_small(path: Path) -> bool:
    """Whether the file can be read beside people who are clicking, in less time than it takes to start a process."""
    return not path.exists() or path.stat().st_size <= SMALL_FILE


@contextlib.asynccontextmanager
async def _reading(path: Path, start: int, options: Options) -> AsyncIterator[AsyncIterator[Any]]:
    """The file's chunks from row `start` on, from a process that reads ahead of us by one or two."""
    if is_small(path):
        yield _read_at_once(path, start, options)
        return
    spawn = multiprocessing.get_context("spawn")  # a fork would copy open database connections
    receiving, sending = spawn.Pipe(duplex=False)
    process = spawn.Process(target=send_chunks, args=(sending, path, start, options), daemon=True)
    process.start()
    sending.close()  # the reader's end is then the only one: when either process dies, the other notices
    async with contextlib.aclosing(_messages(receiving)) as messages:
        try:
            yield messages
        finally:
            process.terminate()
            await asyncio.to_thread(process.join)


async def _read_at_once(path: Path, start: int, options: Options) -> AsyncGenerator[Any, None]:
    found: list[Any] = []
    await asyncio.to_thread(send_chunks, SimpleNamespace(send=found.append), path, start, options)
    for message in found:
        if message is not None:
            yield message


async def _messages(receiving: Connection) -> AsyncGenerator[Any, None]:
    """Fetch the next message while the last is being worked on."""
    ahead = asyncio.ensure_future(asyncio.to_thread(receiving.recv))
    try:
        while (message := await ahead) is not None:
            ahead = asyncio.ensure_future(asyncio.to_thread(receiving.recv))
            yield message
    except EOFError:
        raise RuntimeError("the process that reads the file ended too early") from None
    finally:
        await asyncio.wait([ahead])
        if not ahead.cancelled():
            ahead.exception()  # the end of a pipe that nobody reads any more is no news
