"""How the program ends: on the first signal it takes no more and finishes what is in flight, within ten seconds.

A second signal, or the end of that time, ends it at once. That is no worse than a crash: whatever was shown as done is
in the database, and what was with the carrier or with Slack is looked for by whoever comes next.
"""

import asyncio
import os
import sys
import threading
import time

import structlog

log = structlog.get_logger()

WITHIN = 10.0
LEFT_FOR_CLOSING = 2.0
"""Of these seconds, for giving leases and connections back."""


class Ending:
    """`stopping` is what every loop of the program looks at."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self._asked_at: float | None = None

    def ask(self) -> None:
        """A signal has come."""
        if self._asked_at is not None:
            return end_at_once("a second signal")
        self._asked_at = time.monotonic()
        self.stopping.set()
        # A thread: it comes even if something holds up the event loop.
        watch = threading.Timer(WITHIN, end_at_once, ["ten seconds were not enough"])
        watch.daemon = True
        watch.start()

    def left(self) -> float:
        """Seconds for what is in flight, from now on."""
        gone = time.monotonic() - self._asked_at if self._asked_at is not None else 0.0
        return max(WITHIN - LEFT_FOR_CLOSING - gone, 0.0)


def end_at_once(why: str) -> None:
    """End this process, and leave everything as it is."""
    log.warning("ending at once", why=why)
    sys.stderr.flush()
    os._exit(1)
