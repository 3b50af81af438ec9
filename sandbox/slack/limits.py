"""How often each method may be called, and what the network and Slack may do to a call instead.

A window of a minute for each method; chat.postMessage also has a bucket for each channel. Slack's numbers are
"documented minimums" with bursts tolerated; here they are the limit itself, so that code which counts on luck fails.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

TIER_2, TIER_3, TIER_4 = 20, 50, 100


class Window:
    """At most `most` in any `seconds`."""

    def __init__(self, most: int, seconds: float = 60.0) -> None:
        self.most = most
        self.seconds = seconds
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more may be taken; 0 when it may be at once."""
        taken = self._taken
        while taken and taken[0] <= now - self.seconds:
            taken.popleft()
        return 0.0 if len(taken) < self.most else taken[len(taken) - self.most] + self.seconds - now

    def take(self, now: float) -> None:
        self._taken.append(now)


class Bucket:
    """`rate` a second on average, `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._left = burst
        self._at = float("-inf")

    def wait(self, now: float) -> float:
        if self._at != float("-inf"):
            self._left = min(self.burst, self._left + (now - self._at) * self.rate)
        self._at = now
        return 0.0 if self._left >= 1 - 1e-9 else (1 - self._left) / self.rate

    def take(self, now: float) -> None:
        self._left -= 1


class Limits:
    """Every limit of one workspace and app. The numbers may be changed before, or between, calls."""

    def __init__(self, clock: Callable[[], float], tiers: dict[str, int]) -> None:
        self._clock = clock
        self.per_minute = dict(tiers)
        self.posts_per_channel_per_second = 1.0
        self.post_burst = 5.0
        self.response_urls_per_minute: int | None = None  # undocumented by Slack, so off until somebody sets it
        self._windows: dict[str, Window] = {}
        self._channels: dict[str, Bucket] = {}

    def refuse(self, method: str, channel: str | None = None) -> int | None:
        """The Retry-After of a refusal, or None when the call may go on (it is then counted)."""
        now = self._clock()
        most = self.response_urls_per_minute if method == "response_url" else self.per_minute.get(method)
        gates: list[Window | Bucket] = []
        if most is not None:
            window = self._windows.setdefault(method, Window(most))
            window.most = most
            gates.append(window)
        if method == "chat.postMessage" and channel:
            rate, burst = self.posts_per_channel_per_second, self.post_burst
            gates.append(self._channels.setdefault(channel, Bucket(rate, burst)))
        wait = max((gate.wait(now) for gate in gates), default=0.0)
        if wait > 0:
            return max(1, ceil(wait))
        for gate in gates:
            gate.take(now)
        return None


@dataclass
class Weather:
    """What happens to the next calls of one method instead of, or after, their work."""

    status: int = 200
    error: str | None = None
    retry_after: int | None = None
    times: int = 1
    cut: bool = False
    delay: float = 0.0
    after: bool = False

    @property
    def fails(self) -> bool:
        return self.cut or self.error is not None or self.status != 200


class Forecast:
    """The weather ordered for each method, first ordered first come."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Weather]] = {}

    def order(self, method: str, weather: Weather) -> None:
        self._waiting.setdefault(method, deque()).append(weather)

    def next(self, method: str) -> Weather | None:
        waiting = self._waiting.get(method)
        if not waiting:
            return None
        weather = waiting[0]
        weather.times -= 1
        if weather.times <= 0:
            waiting.popleft()
        return weather

    def clear(self) -> None:
        self._waiting.clear()
