"""What comes in from Slack and the carrier, told as it comes: that it comes is kept, and whoever measures listens.

Here an event of our own is heard too, which Bolt throws away before any listener is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from bot.services import heard
from bot.services.heard import What

if TYPE_CHECKING:
    from handlers.kit import Kit

log = structlog.get_logger()

SELDOM = timedelta(hours=1)
"""Each kind is kept once an hour by each process: an event costs no write."""
Listener = Callable[[str, dict[str, Any]], None]
"""Gets from where it came ("slack", "status") and what."""


class Ear:
    """Of one process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._kept: dict[What, datetime] = {}

    @property
    def is_listened_to(self) -> bool:
        """Whether somebody measures."""
        return bool(self._listeners)

    @contextmanager
    def told(self, listener: Listener) -> Iterator[None]:
        """Until the block ends, this listener gets whatever comes."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def hears(self, where: str, body: dict[str, Any]) -> None:
        """Tell whoever listens."""
        for listener in self._listeners:
            listener(where, body)

    def is_news(self, what: What, now: datetime) -> bool:
        """Whether it is long ago that this was kept."""
        last = self._kept.get(what)
        if last is not None and abs(now - last) < SELDOM:
            return False
        self._kept[what] = now
        return True


async def keep(kit: "Kit", what: What) -> None:
    """Note in the database that this came. If that fails, whatever came has its way all the same."""
    now = kit.clock()
    if not kit.ear.is_news(what, now):
        return
    try:
        async with kit.database.transaction() as session:
            await heard.note(session, what, now=now)
    except Exception as away:
        log.warning("it could not be kept what came from Slack", what=what.value, why=type(away).__name__)


class Overheard:
    """A listener that keeps what it is told, and lets others wait for some of it. `stopwatch` says when each came."""

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self._stopwatch = stopwatch
        self._all: list[tuple[float, str, dict[str, Any]]] = []
        self._news = asyncio.Event()

    def __call__(self, where: str, body: dict[str, Any]) -> None:
        self._all.append((self._stopwatch(), where, body))
        self._news.set()

    async def wait_for(
        self, where: str, wanted: Callable[[dict[str, Any]], bool], *, within: float, count: int = 1
    ) -> list[tuple[float, dict[str, Any]]]:
        """(when, what) of those that are wanted: as soon as there are so many, or what there is by then."""
        try:
            async with asyncio.timeout(within):
                while len(found := self._those(where, wanted)) < count:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return self._those(where, wanted)
        return found

    def _those(self, where: str, wanted: Callable[[dict[str, Any]], bool]) -> list[tuple[float, dict[str, Any]]]:
        return [(at, body) for at, source, body in self._all if source == where and wanted(body)]


def overhear(kit: "Kit") -> Callable[..., Awaitable[Any]]:
    """Bolt's first middleware: it sees everything that Slack has signed, our own messages' events as well."""

    async def hear(body: dict[str, Any], next: Callable[[], Awaitable[Any]]) -> Any:
        kit.ear.hears("slack", body)
        if body.get("type") == "event_callback":
            await keep(kit, What.EVENT)
        elif body.get("type") == "url_verification":
            await keep(kit, What.VERIFIED)
        return await next()

    return hear
