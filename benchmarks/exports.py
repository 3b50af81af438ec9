"""How fast a campaign's files are written, in how much memory, and what people who click meanwhile notice of it.

    python -m benchmarks.exports --rows 1000000 --database sqlite

Three contacts in ten have been texted, and one in ten has answered. The export runs in a process of its own, as the
worker starts it. Beside it, this process writes a small row 50 times a second, as a click does, and notes how long each
write took. On SQLite it also notes how long the log grew that is written back only while no reader stands in the way.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from benchmarks import ground
from benchmarks.imports import click, watch
from bot.database import Database
from bot.services.export_files import FILES
from models import inbound, message

NOW = datetime(2026, 10, 20, 16, tzinfo=UTC)
AT_ONCE = 5_000
_CONTACTS = text("SELECT id, person_id FROM contact WHERE id > :after ORDER BY id LIMIT :limit")
_TEXTED = text("UPDATE conversation SET state = 'texted', volunteer_id = 'U0VOL0001' WHERE contact_id % 10 < 3")


async def talk(database: Database, campaign_id: int) -> None:
    """As if volunteers had been at it for a while."""
    after = 0
    while True:
        async with database.transaction() as session:
            rows = (await session.execute(_CONTACTS, {"after": after, "limit": AT_ONCE})).all()
            if not rows:
                break
            after = rows[-1].id
            sent = [_text(row, campaign_id) for row in rows if row.id % 10 < 3]
            await session.execute(insert(message), sent)
            await session.execute(insert(inbound), [_answer(row) for row in rows if row.id % 10 == 0])
    async with database.transaction() as session:
        await session.execute(_TEXTED)
    if not database.sqlite:
        async with database.transaction() as session:
            await session.exec_driver_sql("ANALYZE")


def _text(row: Any, campaign_id: int) -> dict[str, Any]:
    at = NOW + timedelta(seconds=row.id)
    return {
        "conversation_id": row.id,
        "person_id": row.person_id,
        "campaign_id": campaign_id,
        "volunteer_id": "U0VOL0001",
        "kind": "first",
        "pass": 1,
        "act_key": f"benchmark:{row.id}",
        "body": "Hi Ann, it's Vera with Michigan Votes. Can we count on you in Flint?",
        "segments": 1,
        "state": "delivered",
        "state_at": at,
        "created_at": at,
        "priority": 10,
        "due_at": at,
        "expires_at": at,
        "carrier_sid": f"SM{row.id:032}",
    }


def _answer(row: Any) -> dict[str, Any]:
    return {
        "carrier_sid": f"IN{row.id:032}",
        "person_id": row.person_id,
        "from_number": "+13135550100",
        "to_number": "+13135550199",
        "body": "Yes! Where do I vote?",
        "verdict": "none",
        "conversation_id": row.id,
        "at": NOW + timedelta(seconds=row.id, minutes=1),
    }


def start_export(url: str, campaign_id: int, folder: Path, niceness: int) -> subprocess.Popen[bytes]:
    """The export's own process, as the worker starts it."""
    words = [sys.executable, "-m", "bot", "write-files", "--nice", str(niceness), str(campaign_id), str(folder)]
    return subprocess.Popen(words, env=ground.environment(url), stdout=subprocess.DEVNULL)


async def longest_log(url: str, process: subprocess.Popen[bytes]) -> int:
    """The most bytes that SQLite's log had."""
    log, most = url.removeprefix("sqlite:///") + "-wal", 0
    while process.poll() is None:
        most = max(most, _size(log))
        await asyncio.sleep(0.1)
    return most


def _size(path: str) -> int:
    return os.path.getsize(path) if os.path.exists(path) else 0


async def measure(url: str, campaign_id: int, rows: int, folder: Path, niceness: int) -> None:
    since = time.perf_counter()
    process = start_export(url, campaign_id, folder, niceness)
    took, (pss, uss, cpu), log = await asyncio.gather(
        click(url, campaign_id, process, 0.02), watch(process), longest_log(url, process)
    )
    seconds = time.perf_counter() - since
    if process.returncode != 0:
        raise SystemExit(f"the export ended with {process.returncode}")
    took.sort()
    size = sum(_size(os.path.join(folder, name)) for name in FILES)
    print(f"{rows:,} contacts in {seconds:.1f} s: {rows / seconds:,.0f} a second, {size / 1e6:.0f} MB of files")
    print(f"processor: {cpu:.1f} s, {cpu / rows * 1e6:.0f} µs a contact (without PostgreSQL's own)")
    print(f"memory at most: {pss:.0f} MB (PSS), {uss:.0f} MB (USS); log at most: {log / 1e6:.0f} MB")
    median, p99 = (took[int(len(took) * share)] * 1_000 for share in (0.5, 0.99))
    print(f"{len(took):,} small writes meanwhile: median {median:.0f} ms, p99 {p99:.0f} ms, ", end="")
    print(f"longest {took[-1] * 1_000:.0f} ms")


async def run(url: str, rows: int, folder: Path, niceness: int) -> None:
    async with ground.opened(url) as database:
        campaign_id = await ground.fill(database, rows, folder=folder)
        await talk(database, campaign_id)
    out = folder / "out"
    out.mkdir()
    await measure(url, campaign_id, rows, out, niceness)


def main() -> None:
    arguments = ground.asked(__doc__, rows=100_000)
    with tempfile.TemporaryDirectory() as name, ground.database_url(arguments.database) as (url, _):
        asyncio.run(run(url, arguments.rows, Path(name), arguments.nice))


if __name__ == "__main__":
    main()
