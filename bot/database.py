"""The engine, and `transaction()`: the only place where anything is committed.

SQLite takes one writer at a time. Its own waiting is a sleep with back-off, so writers of this process queue on a lock
here, first come first served; other processes wait by the busy timeout.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from bot import sqlite

WAL_PAGES = 4_000
"""Some 16 MB of log before it is written back: often enough, and seldom enough for an import to go on."""
BUSY_SECONDS = 10
"""How long a writer waits for another process to let go of the SQLite file."""


class Database:
    """One engine and its sessions. `sqlite` says which of the two databases it is."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.sqlite else _postgres_engine(url, pool_size)
        self._one_writer: AbstractAsyncContextManager[Any] = asyncio.Lock() if self.sqlite else nullcontext()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session that is committed if the block ends well, and undone if it raises."""
        async with self._one_writer, AsyncSession(self.engine, expire_on_commit=False) as session:
            if self.sqlite:
                await session.connection(execution_options={"writes": True})
            async with _committed(session):
                yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session for looking only: on SQLite it neither waits for a writer nor holds one up."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


@asynccontextmanager
async def _committed(session: AsyncSession) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()


def driver_url(url: str, *, asynchronous: bool = True) -> str:
    """The address as SQLAlchemy wants it, from the one that hosts hand out."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.get_backend_name() == "sqlite":
        drivername = "sqlite+aiosqlite" if asynchronous else "sqlite"
    else:
        drivername = "postgresql+psycopg"
    return parsed.set(drivername=drivername).render_as_string(hide_password=False)


def _postgres_engine(url: str, pool_size: int) -> AsyncEngine:
    # Every hot statement finds its rows by index, whatever its parameters are: planned once, not at each click.
    options = {"options": "-c plan_cache_mode=force_generic_plan", "prepare_threshold": 0}
    chosen = {"pool_size": pool_size, "max_overflow": 0, "hide_parameters": True}
    return create_async_engine(driver_url(url), connect_args=options, **chosen)


def _sqlite_engine(url: str) -> AsyncEngine:
    path = make_url(url).database or ""
    engine = create_async_engine(
        driver_url(url), async_creator=partial(sqlite.connect, path, busy_seconds=BUSY_SECONDS), hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"wal_autocheckpoint={WAL_PAGES}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        # A writer says so at once: two readers that both want to become writers would deadlock.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
