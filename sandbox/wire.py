"""What passes between Slack, Textbank and the carrier, and a bell that rings whenever anything may look different.

Both servers write here whatever they are asked and whatever they ask. Nobody has to read it.
"""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from typing import Any

SLACK, TEXTBANK, CARRIER = "Slack", "Textbank", "carrier"
KEPT = 300


@dataclass(slots=True, frozen=True)
class Exchange:
    """One request and its answer. `asked` and `answered` are as they came, secrets included: show neither unread."""

    id: int
    at: float
    sender: str
    to: str
    what: str
    status: int
    """0: no answer."""
    seconds: float
    asked: Any = None
    answered: Any = None
    why: str = ""
    """In a word, why there was no answer, or why it was spoiled."""


class Wire:
    """The last exchanges, and a number that grows with every change."""

    def __init__(self) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=KEPT)
        self.version = 0
        self._numbers = itertools.count(1)
        self._waiting: set[asyncio.Future[None]] = set()

    def passed(self, sender: str, to: str, what: str, **more: Any) -> None:
        """Write an exchange down, once it is over."""
        self.exchanges.append(Exchange(next(self._numbers), sender=sender, to=to, what=what, **more))
        self.changed()

    def changed(self) -> None:
        """Something on a screen or a phone may look different now."""
        self.version += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def later_than(self, version: int) -> int:
        """The version, once it is another one than this."""
        while self.version == version:
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(waiting)
            try:
                await waiting
            finally:
                self._waiting.discard(waiting)
        return self.version
