"""SQLAlchemy's engines, kept from one test to the next for the statements that they have compiled.

Compiling is half the work of a short story, and a process that serves for weeks does it once, too. All else that an
engine has, its connections, ends with its test. Two who are at one database at once have an engine each.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine


class Engines:
    """Lends each engine for the length of a test."""

    def __init__(self) -> None:
        self._free: defaultdict[Any, list[Engine | AsyncEngine]] = defaultdict(list)
        self._lent: list[tuple[Any, Engine | AsyncEngine]] = []

    def lend(self, make: Callable[..., Any], url: str, **options: Any) -> Any:
        """As `make(url, **options)`, but it may be one that an earlier test has used."""
        key = (make, url, repr(options))
        engine = self._free[key].pop() if self._free[key] else make(url, **options)
        self._lent.append((key, engine))
        return engine

    def come_back(self) -> None:
        """The test is over. An engine that was left open is not lent again."""
        for key, engine in self._lent:
            if engine.pool.checkedin() == engine.pool.checkedout() == 0:
                self._free[key].append(engine)
        self._lent.clear()
