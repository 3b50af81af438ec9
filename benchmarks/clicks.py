"""Clicks a second through the whole path, beside a bare Bolt app that only acknowledges and posts a card.

`python -m benchmarks.clicks [--seconds 2] [--turns 6] [--volunteers 16] [--only sqlite]`. The servers take short turns,
so that a machine whose speed changes is as fast or slow for all of them: the ratio counts.
The whole path: signature, transaction, next card by response_url, and the text at the carrier. With Text faster the
next card comes as the answer to the click, in its modal.
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from benchmarks import ground, load

CONTACTS = 20_000


@dataclass
class Served:
    """A server that volunteers click on, by turns with the others, and what it has done."""

    name: str
    process: subprocess.Popen[bytes]
    servers: list[int]
    load: load.Load
    settle: bool
    seconds: float = 0.0
    cpu: float = 0.0

    def turn(self, seconds: float) -> None:
        """Let the volunteers click, and wait until the carrier has every text."""
        before = _cpu(self.process.pid, self.servers)
        self.seconds += asyncio.run(load.run(self.load, seconds=seconds, settle=self.settle))
        self.cpu += _cpu(self.process.pid, self.servers) - before

    @property
    def rate(self) -> float:
        """Clicks a second."""
        return len(self.load.latencies) / self.seconds

    def row(self, bare: "Served") -> str:
        """A line of the table."""
        times = sorted(self.load.latencies)
        p50, p95 = times[len(times) // 2] * 1000, times[int(len(times) * 0.95)] * 1000
        figures = (
            f"{self.rate:9.0f}{self.rate / bare.rate:7.2f}{p50:8.1f}{p95:8.1f}{self.cpu / len(times) * 1000:13.2f}"
        )
        return f"{self.name:34}{figures}{self.load.texts:8}"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(url: str, port: int, outside: int) -> dict[str, str]:
    """Settings that point at the simulated outside."""
    return {
        **ground.environment(url),
        "PORT": str(port),
        "SLACK_API_URL": f"http://127.0.0.1:{outside}/api/",
        "TWILIO_API_URL": f"http://127.0.0.1:{outside}",
        "SMS_SEGMENTS_PER_SECOND": "100000",
        "UNDO_SECONDS": "0",
    }


@contextmanager
def served(
    name: str, module: str, url: str, servers: list[int], values: dict[str, str], *, faster: bool = False, **more: str
) -> Iterator[Served]:
    """A server, up until the block ends. Between its turns nobody answers it, and what it says of that is not told."""
    port, outside = free_port(), free_port()
    words, settings = [sys.executable, "-m", module], environment(url, port, outside) | more
    with tempfile.TemporaryFile() as log, subprocess.Popen(words, env=settings, stderr=log) as process:
        try:
            _wait_for(port, log)
            clicking = load.Load(f"http://127.0.0.1:{port}/slack/events", outside, values, faster)
            yield Served(name, process, servers, clicking, settle=module == "bot")
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port: int, log: IO[bytes]) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"the server did not start:\n{log.read().decode()}")


def _cpu(pid: int, servers: list[int]) -> float:
    """Processor seconds of these processes and all below them."""
    total = 0.0
    for each in [pid, *servers]:
        family = [psutil.Process(each), *psutil.Process(each).children(recursive=True)]
        total += sum(member.cpu_times().user + member.cpu_times().system for member in family)
    return total


async def _prepare(url: str, people: int, *, faster: bool) -> dict[str, str]:
    async with ground.opened(url) as database:
        with tempfile.TemporaryDirectory() as folder:
            campaign_id = await ground.fill(database, CONTACTS, folder=Path(folder))
        return await ground.hand_out(database, campaign_id, people, CONTACTS // people, faster=faster)


def main() -> None:
    """Measure the yardstick and the product on both databases, and print the ratio."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=2, help="of one turn")
    asked.add_argument("--turns", type=int, default=6)
    asked.add_argument("--volunteers", type=int, default=16)
    asked.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = asked.parse_args()
    values = {f"U0VOL{number:04d}": "1:1" for number in range(chosen.volunteers)}
    unused: tuple[str, str, list[int]] = ("benchmarks.bare", "sqlite:///unused", [])
    with ExitStack() as stack:
        up = [
            stack.enter_context(served("bare Bolt", *unused, dict(values))),
            stack.enter_context(served("bare Bolt, kept pool", *unused, dict(values), KEPT="1")),
        ]
        for kind in [chosen.only] if chosen.only else ["sqlite", "postgresql"]:
            for faster in (False, True):
                url, servers = stack.enter_context(ground.database_url(kind))
                drawn = asyncio.run(_prepare(url, chosen.volunteers, faster=faster))
                name = f"Textbank, {kind}" + ", Text faster" * faster
                up.append(stack.enter_context(served(name, "bot", url, servers, drawn, faster=faster)))
        for each in up:
            if each.settle:
                asyncio.run(load.let_begin(each.load))
        for _ in range(chosen.turns):
            for each in up:
                each.turn(chosen.seconds)
    print(f"{'':34}{'clicks/s':>9}{'ratio':>7}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms/text':>13}{'texts':>8}")
    for each in up:
        print(each.row(up[0]))


if __name__ == "__main__":
    main()
