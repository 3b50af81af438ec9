"""How a job of a process goes round: a step and the next, until the program stops."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

log = structlog.get_logger()

AFTER_TROUBLE_SECONDS = 5.0
"""What went wrong is likely to go wrong again at once: a database that is away, a fault of ours."""


async def go_round(
    stopping: asyncio.Event,
    step: Callable[[], Awaitable[Any]],
    *,
    failed: str,
    idle: float,
    busy: float = 0.0,
    after_trouble: float = AFTER_TROUBLE_SECONDS,
) -> None:
    """Step until the program stops, and let the step that is under way then be the last.

    The next one comes `busy` seconds after one that says it had something to do, and `idle` seconds after any other. A
    step that raises is logged as `failed`: the loop outlives whatever it was.
    """
    while not stopping.is_set():
        try:
            pause = busy if await step() else idle
        except Exception:
            log.exception(failed)
            pause = after_trouble
        await rest(stopping, pause)


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, or wake at once when the program stops."""
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)


async def cut_off(stopping: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Let this go on until it ends or the program stops: what is under way then is broken off, and put away."""
    ending, task = asyncio.create_task(stopping.wait()), asyncio.create_task(work)
    try:
        await asyncio.wait({ending, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
