"""How fast this process may post to Slack: a budget for the workspace that Slack's refusals teach, and one a channel.

Slack allows about one message a second in a channel and some two hundred a minute in all, and says neither number.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

A_MINUTE = 180.0
"""Posts a minute in the workspace: somewhat under what Slack is known to allow an app."""
LEAST_A_MINUTE = 20.0
FALLS_TO = 0.5
"""Of the pace that was too much."""
RISES_BY = 20.0
"""Posts a minute, with every minute in which Slack has refused none."""
BURST = 20.0
CHANNEL_BURST = 4.0
"""Posts at once in one channel; then one a second."""


@dataclass
class Tokens:
    """So many at once, and so many a second."""

    burst: float
    left: float
    at: datetime

    def refill(self, now: datetime, a_second: float) -> float:
        """How many there are now."""
        elapsed = max((now - self.at).total_seconds(), 0.0)
        self.left, self.at = min(self.left + elapsed * a_second, self.burst), now
        return self.left


@dataclass
class Budget:
    """How many posts may still be made now; less from the moment on when Slack says to slow down."""

    clock: Callable[[], datetime]
    a_minute: float = A_MINUTE
    shut_until: datetime | None = None
    _all: Tokens = field(init=False)
    _changed_at: datetime = field(init=False)
    _channels: dict[str, Tokens] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._changed_at = self.clock()
        self._all = Tokens(BURST, BURST, self._changed_at)

    def allows(self) -> bool:
        """Whether a post may be made now."""
        now = self.clock()
        if self.shut_until is not None and now < self.shut_until:
            return False
        while self.a_minute < A_MINUTE and now - self._changed_at >= timedelta(minutes=1):
            self._changed_at += timedelta(minutes=1)
            self.a_minute = min(self.a_minute + RISES_BY, A_MINUTE)
        return self._all.refill(now, self.a_minute / 60) >= 1

    def busy(self) -> list[str]:
        """The channels and people that have had as many posts as Slack takes for now."""
        now = self.clock()
        full = [where for where, tokens in self._channels.items() if tokens.refill(now, 1.0) >= tokens.burst]
        for where in full:
            del self._channels[where]
        return [where for where, tokens in self._channels.items() if tokens.left < 1]

    def spend(self, to: str, channel: str) -> None:
        """A post has been made to somebody or to a channel, which turned out to be this `channel`."""
        now = self.clock()
        self._all.refill(now, self.a_minute / 60)
        self._all.left -= 1
        tokens = self._channels.get(channel) or self._channels.get(to) or Tokens(CHANNEL_BURST, CHANNEL_BURST, now)
        tokens.refill(now, 1.0)
        tokens.left -= 1
        self._channels[to] = self._channels[channel] = tokens

    def shut(self, seconds: float, *, limited: bool) -> None:
        """Slack takes nothing for so long; `limited`, because it was too much."""
        now = self.clock()
        self.shut_until = now + timedelta(seconds=seconds)
        if limited:
            self.a_minute = max(self.a_minute * FALLS_TO, LEAST_A_MINUTE)
            self._changed_at = self.shut_until
            self._all = Tokens(BURST, 1.0, self.shut_until)
