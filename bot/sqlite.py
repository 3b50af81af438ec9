"""SQLite without a thread for every call.

aiosqlite hands each call to a thread and back, some twenty-five times a click, for work that takes microseconds; and
whoever comes back from a thread waits up to 5 ms for the interpreter. Only what really waits goes there: the write lock
while another process has it, and the commits of a disk that is slow.
"""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import aiosqlite

BEGIN_WRITING = "BEGIN IMMEDIATE"
QUICK = 0.002
"""Seconds. While commits take less, as on a solid-state disk, waiting for one costs less than handing it over."""


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose quick calls run where they are made."""

    busy_milliseconds = 0
    commits_take = 0.0
    """Seconds, of late."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if fn.__name__ == "commit":
            timed = partial(self._timed, fn)
            return timed() if self.commits_take < QUICK else await super()._execute(timed)
        if args and args[0] == BEGIN_WRITING:
            return await self._begin_writing(fn, *args, **kwargs)
        return fn(*args, **kwargs)

    def _timed(self, commit: Callable[[], None]) -> None:
        started = time.perf_counter()
        commit()
        self.commits_take += (time.perf_counter() - started - self.commits_take) / 8

    async def _begin_writing(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Take the write lock at once if it is free; else wait for it in the thread."""
        database = self._conn
        database.execute("PRAGMA busy_timeout=0")
        try:
            return fn(*args, **kwargs)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
        finally:
            database.execute(f"PRAGMA busy_timeout={self.busy_milliseconds}")
        return await super()._execute(fn, *args, **kwargs)


async def connect(path: str, *, busy_seconds: float) -> Connection:
    """Open the file, which two threads use by turns and never at once."""
    open_file = partial(sqlite3.connect, path, timeout=busy_seconds, check_same_thread=False, isolation_level=None)
    connection = Connection(open_file, iter_chunk_size=64)
    connection.busy_milliseconds = int(busy_seconds * 1000)
    connection._thread.daemon = True  # a connection that nobody closed must not hold the program up
    await connection
    return connection
