"""The engine, and `transaction()`: the only place where anything is committed."""

from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import CursorResult, Dialect, Executable, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot import sqlite


class Session(Protocol):
    """One transaction on either database. There is no way to commit it but to come to the end of its block."""

    dialect: Dialect

    async def execute(self, statement: Executable, parameters: Any = None, /) -> CursorResult[Any]:
        """As SQLAlchemy's `Connection.execute`; the result is all here."""

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> CursorResult[Any]:
        """As SQLAlchemy's: for bulk work in one database's own words."""


class Database:
    """One engine and its transactions. `sqlite` says which of the two databases it is."""

    def __init__(self, url: str, *, connections: int = 12) -> None:
        """`connections` is the most that PostgreSQL is asked for at once."""
        self.sqlite = url.startswith("sqlite")
        self.engine = sqlite.Engine(driver_url(url)) if self.sqlite else _postgresql(url, connections)
        self._looking = self._at_level("AUTOCOMMIT")
        self._standing_still = self._at_level("REPEATABLE READ")

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """A session that is committed if the block ends well, and undone if it raises."""
        return self.engine.begin()

    def reading(self) -> AbstractAsyncContextManager[Session]:
        """A session for looking only: on SQLite it neither waits for a writer nor holds one up.

        On PostgreSQL each statement sees the moment at which it begins, and no trip is made for a BEGIN or a COMMIT.
        """
        return self._looking.connect()

    def reading_one_moment(self) -> AbstractAsyncContextManager[Session]:
        """The same, but all statements see the same moment."""
        return self._standing_still.connect()

    def _at_level(self, level: str) -> sqlite.Engine | AsyncEngine:
        """The engine for looking. On SQLite every look is at one moment, whatever the level."""
        if isinstance(self.engine, sqlite.Engine):
            return self.engine
        return self.engine.execution_options(isolation_level=level)

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


def driver_url(url: str) -> str:
    """The address as SQLAlchemy wants it, from the one that hosts hand out."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    drivername = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=drivername).render_as_string(hide_password=False)


def sqlite_file(url: str) -> Path | None:
    """SQLite's file, as a whole path; None for PostgreSQL, or where there is no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(parsed.database or "").resolve()


def _postgresql(url: str, connections: int) -> AsyncEngine:
    # A server that is silent is as good as gone: whoever waits for it is told so, and soon.
    options = {"prepare_threshold": 0, "connect_timeout": 5, "tcp_user_timeout": 15_000}
    chosen = {"pool_size": connections, "max_overflow": 0, "pool_timeout": 10, "hide_parameters": True}
    engine = create_async_engine(driver_url(url), connect_args=options, **chosen)
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "handle_error", _on_error)
    return engine


def _on_connect(connection: DBAPIConnection, _: Any) -> None:
    """Every hot statement finds its rows by index, whatever its parameters are: planned once, not at each click.

    Not among the options of the connection: those of the address would be lost, and poolers refuse them.
    """
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
    connection.commit()


def discreet(error: BaseException) -> None:
    """Leave of a database's error what happened, and nothing of the row that it happened to.

    PostgreSQL's DETAIL and CONTEXT repeat numbers and words, and errors are logged.
    """
    if error.args and isinstance(error.args[0], str):
        error.args = (error.args[0].partition("\n")[0], *error.args[1:])


def _on_error(context: ExceptionContext) -> None:
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            discreet(error)
