"""SQLite from an event loop, without a thread for every call.

A call takes microseconds, far less than handing it to a thread and back, so calls are made where they stand. Only what
really waits goes to a thread: the write lock while another process has it, and the commits of a disk that is slow.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, create_engine, event

BUSY_SECONDS = 10
"""How long a writer waits for another process to let go of the file."""
WAL_PAGES = 4_000
"""Some 16 MB of log before it is written back: often enough, and seldom enough for an import to go on."""
QUICK = 0.002
"""Seconds. While commits take less, as on a solid-state disk, waiting for one costs less than handing it over."""


class Session:
    """One transaction. What it awaits is done at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.dialect = connection.dialect

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        """As SQLAlchemy's."""
        return self._connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> CursorResult[Any]:
        """As SQLAlchemy's."""
        return self._connection.exec_driver_sql(statement, parameters)


class Engine:
    """One file. It takes one writer at a time, and its own waiting is a sleep with back-off: writers of this process
    queue on a lock here, first come first served; other processes wait by the busy timeout.
    """

    def __init__(self, url: str) -> None:
        # Never a wait for a connection, which would be the event loop's.
        self.sync_engine = create_engine(
            url,
            max_overflow=-1,
            hide_parameters=True,
            connect_args={"check_same_thread": False, "isolation_level": None},
        )
        event.listen(self.sync_engine, "connect", _on_connect)
        self._one_writer = asyncio.Lock()
        self._commits_take = 0.0
        """Seconds, of late."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Session]:
        """A transaction that may write, and says so at once: two readers who both want to write would deadlock."""
        async with self._one_writer:
            with self.sync_engine.connect() as connection:
                await _take_the_lock(_driver(connection))
                connection.begin()
                yield Session(connection)
                await self._commit(connection)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Session]:
        """A transaction for looking only: it neither waits for a writer nor holds one up."""
        with self.sync_engine.connect() as connection:
            _driver(connection).execute("BEGIN")
            connection.begin()
            yield Session(connection)

    async def dispose(self) -> None:
        """Close the file."""
        self.sync_engine.dispose()

    async def _commit(self, connection: Connection) -> None:
        started = time.perf_counter()
        if self._commits_take < QUICK:
            connection.commit()
        else:
            await _aside(connection.commit)
        self._commits_take += (time.perf_counter() - started - self._commits_take) / 8


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    busy = f"busy_timeout={BUSY_SECONDS * 1000}"
    wal = ("journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={WAL_PAGES}")
    for pragma in (busy, *wal, "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


async def _take_the_lock(database: sqlite3.Connection) -> None:
    """At once if it is free; else wait for it in a thread."""
    database.execute("PRAGMA busy_timeout=0")
    try:
        database.execute("BEGIN IMMEDIATE")
        return
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        database.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    await _aside(lambda: database.execute("BEGIN IMMEDIATE"))


async def _aside(work: Callable[[], object]) -> None:
    """In a thread. Whoever is cancelled meanwhile still sees it through: one connection, one call at a time."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise
