"""Clicks a second through the whole path, beside a bare Bolt app that only acknowledges and posts a card.

`python -m benchmarks.clicks [--seconds 8] [--volunteers 16] [--only sqlite]`. One run, one machine: the ratio counts.
The whole path: signature, transaction, next card by response_url, and the text at the carrier.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import ground, load

CONTACTS = 20_000


@dataclass
class Figures:
    """What one server did."""

    name: str
    clicks: int
    seconds: float
    p50: float
    p95: float
    cpu: float
    texts: int

    @property
    def rate(self) -> float:
        """Clicks a second."""
        return self.clicks / self.seconds


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(url: str, port: int, outside: int) -> dict[str, str]:
    """Settings that point at the simulated outside."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "PORT": str(port),
        "SLACK_BOT_TOKEN": ground.BOT_TOKEN,
        "SLACK_SIGNING_SECRET": ground.SIGNING_SECRET,
        "SLACK_API_URL": f"http://127.0.0.1:{outside}/api/",
        "TWILIO_ACCOUNT_SID": ground.ACCOUNT,
        "TWILIO_AUTH_TOKEN": "benchmark",
        "TWILIO_MESSAGING_SERVICE_SID": "MG" + "5" * 32,
        "TWILIO_API_URL": f"http://127.0.0.1:{outside}",
        "TEXTBANK_SECRET": ground.SECRET,
        "SMS_SEGMENTS_PER_SECOND": "100000",
        "UNDO_SECONDS": "0",
    }


def measure(
    name: str, module: str, url: str, servers: list[int], values: dict[str, str], seconds: float, **more: str
) -> Figures:
    """Start a server, let the volunteers click, and wait until the carrier has every text."""
    port, outside = free_port(), free_port()
    process = subprocess.Popen([sys.executable, "-m", module], env=environment(url, port, outside) | more)
    try:
        _wait_for(port)
        before = _cpu(process.pid, servers)
        lo = load.Load(f"http://127.0.0.1:{port}/slack/events", outside)
        took = asyncio.run(load.run(lo, values, seconds=seconds, settle=module == "bot"))
        cpu = _cpu(process.pid, servers) - before
    finally:
        process.terminate()
        process.wait(20)
    times = sorted(lo.latencies)
    p95 = times[int(len(times) * 0.95)]
    return Figures(name, len(times), took, statistics.median(times), p95, cpu, lo.texts)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def _cpu(pid: int, servers: list[int]) -> float:
    """Processor seconds of these processes and all below them."""
    total = 0.0
    for each in [pid, *servers]:
        family = [psutil.Process(each), *psutil.Process(each).children(recursive=True)]
        total += sum(member.cpu_times().user + member.cpu_times().system for member in family)
    return total


async def _prepare(url: str, people: int) -> dict[str, str]:
    async with ground.opened(url) as database:
        with tempfile.TemporaryDirectory() as folder:
            campaign_id = await ground.fill(database, CONTACTS, folder=Path(folder))
        return await ground.hand_out(database, campaign_id, people, CONTACTS // people)


def main() -> None:
    """Measure the yardstick and the product on both databases, and print the ratio."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--seconds", type=float, default=8)
    asked.add_argument("--volunteers", type=int, default=16)
    asked.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = asked.parse_args()
    values = {f"U0VOL{number:04d}": "1:1" for number in range(chosen.volunteers)}
    unused = ("benchmarks.bare", "sqlite:///unused", [], values, chosen.seconds)
    bare = measure("bare Bolt", *unused)
    rows = [bare, measure("bare Bolt, kept pool", *unused, KEPT="1")]
    for kind in [chosen.only] if chosen.only else ["sqlite", "postgresql"]:
        with ground.database_url(kind) as (url, servers):
            drawn = asyncio.run(_prepare(url, chosen.volunteers))
            rows.append(measure(f"Textbank, {kind}", "bot", url, servers, drawn, chosen.seconds))
    print(f"{'':22}{'clicks/s':>9}{'ratio':>7}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms/text':>13}{'texts':>8}")
    for row in rows:
        ratio, per_text = row.rate / bare.rate, row.cpu / max(row.clicks, 1) * 1000
        times = f"{row.p50 * 1000:8.1f}{row.p95 * 1000:8.1f}"
        print(f"{row.name:22}{row.rate:9.0f}{ratio:7.2f}{times}{per_text:13.2f}{row.texts:8}")


if __name__ == "__main__":
    main()
