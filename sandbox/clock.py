"""The sandbox's clock: it goes like the one on the wall, and can be set to another time of day."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as TimeOfDay
from zoneinfo import ZoneInfo

HOME = ZoneInfo("America/New_York")
"""By this clock the people of the workspace live."""


class Clock:
    """Seconds since 1970, as `time.time` gives them, moved by `offset`."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._listeners: list[Callable[[float], None]] = []

    def __call__(self) -> float:
        return time.time() + self.offset

    @property
    def local(self) -> datetime:
        """This moment where the workspace's people live."""
        return datetime.fromtimestamp(self(), HOME)

    def on_move(self, listener: Callable[[float], None]) -> None:
        """`listener` is given the new offset, now and whenever it changes."""
        self._listeners.append(listener)
        listener(self.offset)

    def off_move(self, listener: Callable[[float], None]) -> None:
        self._listeners.remove(listener)

    def moves(self, seconds: float) -> None:
        """On by so many seconds, at once."""
        self.offset += seconds
        for listener in self._listeners:
            listener(self.offset)

    def moves_to(self, at: TimeOfDay) -> None:
        """On to the next time that it is so late."""
        now = self.local
        then = datetime.combine(now.date(), at, HOME)
        if then <= now:
            then = datetime.combine(now.date() + timedelta(days=1), at, HOME)
        self.moves(then.timestamp() - now.timestamp())
