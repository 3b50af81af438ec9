"""An event loop in which nothing waits: time jumps to whatever is due next, and one thread does everything.

Each callback belongs to the simulated process in whose context it was made. A process that is killed never goes on, not
even to its `finally`; one that is paused does later all that it would have done meanwhile.
"""

import asyncio
import heapq
from collections.abc import Callable
from contextvars import Context, ContextVar
from typing import Any, Protocol


class Stuck(Exception):
    """Nobody has anything left to do, and what was waited for has not happened."""


class Host(Protocol):
    """What the loop asks of a process."""

    alive: bool
    paused: bool
    held: list[asyncio.Handle]


PROCESS: ContextVar[Host | None] = ContextVar("process", default=None)
"""In whose name the code runs; None for the outside world."""
OUTSIDE = Context()
"""The outside world's context."""


class Loop(asyncio.SelectorEventLoop):
    """Use `reset` before each schedule: the same seed must find the same moments."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0
        self.tasks: list[asyncio.Task[Any]] = []
        """All of this schedule's: what a killed process leaves behind must not be tidied up as garbage meanwhile."""
        self.set_task_factory(self._keep)
        self.set_exception_handler(lambda _loop, _context: None)  # of tasks that a killed process has left behind

    def time(self) -> float:
        return self._moment

    def reset(self) -> None:
        """Begin anew at moment 0, with nothing to do."""
        self._moment = 0.0
        self._ready.clear()
        self._scheduled.clear()
        self.tasks.clear()

    def _keep(self, loop: asyncio.AbstractEventLoop, work: Any, context: Context | None = None) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, context=context)
        self.tasks.append(task)
        return task

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """At once and in this thread: another would come and go as the machine pleases."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _run_once(self) -> None:
        ready = self._ready
        if not ready:
            self._jump()
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(PROCESS)
            if process is not None and (process.paused or not process.alive):
                process.held.append(handle)
                continue
            handle._run()

    def _jump(self) -> None:
        scheduled = self._scheduled
        while scheduled:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            if timer._cancelled:
                continue
            self._moment = max(self._moment, timer._when)
            self._ready.append(timer)
            return
        raise Stuck
