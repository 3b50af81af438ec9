"""Processes of Textbank for a story, forked from one that has read the libraries in.

They are real ones, with the command line as their whole program, and end or are killed like any other. Only reading the
libraries, two thirds of the work of a start, is done once.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_LOADED = multiprocessing.get_context("forkserver")
_LOADED.set_forkserver_preload(["bot.__main__", "bot.app", "bot.migrate", "alembic.command"])


class Forked:
    """One of them, with the methods of a `subprocess.Popen`."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path, *, by: str = "bot") -> None:
        self._process = _LOADED.Process(target=_run, args=(by, tuple(words), dict(environment), log))
        self._process.start()
        self._log = log

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """As `poll`."""
        return self.poll()

    def poll(self) -> int | None:
        """Its exit code, once it has ended: negative, the signal that killed it."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """The same, when it has ended. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("bot", timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def said(self) -> str:
        """What it has written so far, to either stream."""
        return self._log.read_text()

    def kill(self) -> None:
        """At once, with no chance to tidy up."""
        self._process.kill()


def _run(by: str, words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """`python -m bot …`, in the child, or what stands in for it."""
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [by, *words]
    runpy.run_module(by, run_name="__main__", alter_sys=True)
