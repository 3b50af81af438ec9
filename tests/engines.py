"""SQLAlchemy's engines, kept from one test to the next: for the statements that they have compiled, and on PostgreSQL
for their connections, on which the server has planned them.

That is more than half the work of a short story, and a process that serves for weeks does it once, too. Two who are at
one database at once have an engine each, with connections of its own.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

PREPARED = 1_000
"""So many statements a connection keeps planned; psycopg's hundred are fewer than all stories together have."""


class Engines:
    """Lends each engine for the length of a test."""

    def __init__(self) -> None:
        self._free: defaultdict[Any, list[Engine | AsyncEngine]] = defaultdict(list)
        self._lent: list[tuple[Any, Engine | AsyncEngine]] = []
        self._connections: dict[Engine | AsyncEngine, list[Any]] = {}

    def lend(self, make: Callable[..., Any], url: str, **options: Any) -> Any:
        """As `make(url, **options)`, but it may be one that an earlier test has used."""
        key = (make, url, repr(options))
        engine = self._free[key].pop() if self._free[key] else make(url, **options)
        if isinstance(engine, AsyncEngine) and engine not in self._connections:
            self._connections[engine] = _kept(engine.sync_engine)
        self._lent.append((key, engine))
        return engine

    def come_back(self) -> None:
        """The test is over. An engine that was left open is not lent again."""
        for key, engine in self._lent:
            if engine.pool.checkedin() == engine.pool.checkedout() == 0:
                self._free[key].append(engine)
            else:
                self._connections.pop(engine, None)
        self._lent.clear()

    def backends(self) -> list[int]:
        """The processes of PostgreSQL's server that serve the kept connections."""
        return [connection.info.backend_pid for kept in self._connections.values() for connection in kept]

    def forget(self, alive: set[int]) -> None:
        """Keep no connection whose process is not among these."""
        for kept in self._connections.values():
            kept[:] = [connection for connection in kept if connection.info.backend_pid in alive]


def _kept(engine: Engine) -> list[Any]:
    """Connections that the engine closes in good order come into this list, and out of it when it wants one."""
    kept: list[Any] = []
    close = engine.dialect.do_close

    def do_close(connection: Any) -> None:
        if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
            close(connection)
        else:
            kept.append(connection)

    engine.dialect.do_close = do_close  # type: ignore[method-assign]
    event.listen(engine, "do_connect", lambda *_: kept.pop() if kept else None)
    event.listen(engine, "connect", _remember)
    return kept


def _remember(connection: Any, *_: Any) -> None:
    connection.driver_connection.prepared_max = PREPARED
