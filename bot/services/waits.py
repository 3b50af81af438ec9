"""How long voters wait for an answer: tallied by steps of minutes, from which a median is estimated.

Keeping each wait would mean sorting them all for a median; the steps are as fine as anybody says a wait.
"""

from collections.abc import Mapping
from datetime import datetime

STEPS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880)
"""The most minutes of each step; the last one of all is open."""
METRICS = (*(f"answered_within_{minutes}" for minutes in STEPS), "answered_later")


def metric_of(since: datetime, now: datetime) -> str:
    """Under which an answer is tallied to somebody who has waited since then."""
    waited = (now - since).total_seconds() / 60
    return next((name for most, name in zip(STEPS, METRICS, strict=False) if waited <= most), METRICS[-1])


def median(counts: Mapping[str, int]) -> float | None:
    """The median wait in minutes, as if the waits of one step were spread evenly over it; None if nobody waited."""
    half = sum(max(counts.get(name, 0), 0) for name in METRICS) / 2
    least = 0
    for most, name in zip((*STEPS, STEPS[-1]), METRICS, strict=True):
        inside = max(counts.get(name, 0), 0)
        if inside and half <= inside:
            return least + (most - least) * half / inside
        half -= inside
        least = most
    return None
