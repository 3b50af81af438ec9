"""How fast a file of contacts is imported, in how much memory, and what people who click meanwhile notice of it.

    python -m benchmarks.imports --rows 1000000 --database sqlite

The import runs in a process of its own, as the worker starts it. Beside it, this process writes a small row 50 times a
second, as a click does, and notes how long each write took: its longest is the longest that the import held a click up.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks import ground
from bot.database import Database
from bot.services import campaigns, tallies
from bot.services.tallies import Metric

NOW = datetime(2026, 10, 20, 16, tzinfo=UTC)
AREA_CODES = ("313", "248", "734", "810", "517", "616", "989", "231", "906", "269")
HEADER = (
    "Voter File VANID,LastName,FirstName,CellPhone,HomePhone,PreferredPhone,DOB,City,State,Zip5,Precinct,PollingPlace"
)


def write_file(path: Path, rows: int) -> None:
    """A voter-file export; one row in a hundred has no proper phone."""
    rng = random.Random(20261020)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for row in range(rows):
            number = rng.randrange(2_000_000, 10_000_000)
            phone = f"({rng.choice(AREA_CODES)}) {number // 10_000:03}-{number % 10_000:04}"
            cell, home = (phone, "") if row % 3 else ("", phone)
            if row % 100 == 99:
                cell, home = "n/a", "555-0100"
            file.write(
                f"{row + 1},Lastname{row % 5000},First{row % 900},{cell},{home},{cell},{1 + row % 12}/{1 + row % 28}"
                f"/{1930 + row % 75},City{row % 500},MI,{48_001 + rng.randrange(1_900)},"
                f'"Ward {row % 9}, Pct {row % 40}",School Number {row % 800}\n'
            )


async def new_import(url: str, path: Path) -> tuple[int, int]:
    database = Database(url)
    async with database.transaction() as session:
        new = campaigns.NewCampaign("Benchmark", "Hi {first_name}", "Signed up on our page", path.name, None)
        ids = await campaigns.create(session, new, by="U1", now=NOW)
    await database.close()
    return ids


def start_import(url: str, import_id: int, path: Path, niceness: int) -> subprocess.Popen[bytes]:
    """The import's own process, as the worker starts it."""
    reading = [sys.executable, "-m", "bot", "read-file", "--nice", str(niceness), str(import_id), str(path)]
    return subprocess.Popen(reading, env=ground.environment(url))


async def click(url: str, campaign_id: int, process: subprocess.Popen[bytes], every: float) -> list[float]:
    """Seconds that each small write took while the import ran."""
    database, took = Database(url), []
    while process.poll() is None:
        since = time.perf_counter()
        async with database.transaction() as session:
            entry = tallies.entry(Metric.TEXTED, campaign_id=campaign_id, volunteer_id="U1", script_id=1, now=NOW)
            await tallies.bump(session, [entry])
        took.append(time.perf_counter() - since)
        await asyncio.sleep(every)
    await database.close()
    return took


async def watch(process: subprocess.Popen[bytes]) -> tuple[float, float, float]:
    """The most memory that the import's processes had together, in MB (proportional shares, and each one's own alone),
    and the seconds of processor that they used."""
    most_pss = most_uss = 0.0
    cpu: dict[int, float] = {}
    while process.poll() is None:
        pss = uss = 0
        try:
            root = psutil.Process(process.pid)
            for one in (root, *root.children(recursive=True)):
                memory, times = one.memory_full_info(), one.cpu_times()
                cpu[one.pid] = times.user + times.system
                pss, uss = pss + memory.pss, uss + memory.uss
        except psutil.Error:
            pass
        most_pss, most_uss = max(most_pss, pss / 1e6), max(most_uss, uss / 1e6)
        await asyncio.sleep(0.2)
    return most_pss, most_uss, sum(cpu.values())


async def measure(url: str, campaign_id: int, import_id: int, path: Path, rows: int, niceness: int) -> None:
    since = time.perf_counter()
    process = start_import(url, import_id, path, niceness)
    took, (pss, uss, cpu) = await asyncio.gather(click(url, campaign_id, process, 0.02), watch(process))
    seconds = time.perf_counter() - since
    if process.returncode != 0:
        raise SystemExit(f"the import ended with {process.returncode}")
    took.sort()
    rank = {
        name: took[int(len(took) * share)] * 1_000 for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
    print(f"{rows:,} rows in {seconds:.1f} s: {rows / seconds:,.0f} a second (start-up and conversations included)")
    print(f"processor: {cpu:.1f} s, {cpu / rows * 1e6:.0f} µs a row (without PostgreSQL's own)")
    print(f"memory of the import's processes at most: {pss:.0f} MB (PSS), {uss:.0f} MB (USS)")
    ranks = ", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in rank.items())
    print(f"{len(took):,} small writes meanwhile: {ranks}, longest {took[-1] * 1_000:.0f} ms")


def main() -> None:
    arguments = ground.asked(__doc__, rows=200_000)
    with tempfile.TemporaryDirectory() as name, ground.database_url(arguments.database) as (url, _):
        path = Path(name) / "voters.csv"
        write_file(path, arguments.rows)
        campaign_id, import_id = asyncio.run(new_import(url, path))
        asyncio.run(measure(url, campaign_id, import_id, path, arguments.rows, arguments.nice))


if __name__ == "__main__":
    main()
