"""The product as the sandbox runs it: the same in everything, but for its clock, which its parent process moves.

Each line on standard input is a number of seconds by which this clock differs from the wall's. When that input ends, so
does the process: a sandbox that was killed leaves nobody behind.
"""

import asyncio
import signal
import sys
from datetime import datetime, timedelta

from bot.app import serve
from bot.clock import now
from bot.settings import Settings
from handlers.clock import tick
from handlers.kit import Kit


async def serve_by_a_clock_that_moves(settings: Settings) -> None:
    """All roles, until a signal or the end of standard input."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    offset = _offset(await lines.readline())

    def clock() -> datetime:
        return now() + offset

    async def keeps_time(kit: Kit) -> None:
        nonlocal offset
        while line := await lines.readline():
            offset = _offset(line)
            await tick(kit)  # what has come due shows at once, and not within a minute
        signal.raise_signal(signal.SIGTERM)

    await serve(settings, ("web", "worker", "clock"), clock=clock, beside=keeps_time)


def _offset(line: bytes) -> timedelta:
    return timedelta(seconds=float(line or 0))
