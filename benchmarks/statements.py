"""Statements for a click, and what they take, on a small campaign and on a large one.

`python -m benchmarks.statements [--contacts 20000 1000000] [--only sqlite]`. The same count and nearly the same time on
both is the point: nothing on the way of a click counts or walks a table.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks import ground
from bot.clock import now
from bot.services import texting
from bot.services.cards import Card, Draft, Press
from bot.services.terms import Terms

CLICKS = 200
TERMS = Terms(timedelta(0), timedelta(hours=24), 1)


async def measure(url: str, contacts: int) -> tuple[float, float]:
    """Statements for each click, and the median of a click's milliseconds in services and database."""
    async with ground.opened(url) as database:
        with tempfile.TemporaryDirectory() as folder:
            campaign_id = await ground.fill(database, contacts, folder=Path(folder))
        values = await ground.hand_out(database, campaign_id, 1, CLICKS + 100)
        [who] = values
        async with database.transaction() as session:
            card = await texting.open_card(session, who, campaign_id, now=now())
        seen: list[str] = []

        @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
        def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        times: list[float] = []
        for number in range(CLICKS + 50):
            if number == 50:  # the first ones prepare their statements
                seen.clear()
                times.clear()
            started = time.perf_counter()
            async with database.transaction() as session:
                press = Press(who, card.version, _proposed(card))
                card = await texting.send(session, press, now=now(), terms=TERMS)
            times.append(time.perf_counter() - started)
        return len(seen) / CLICKS, statistics.median(times) * 1000


def _proposed(card: Card) -> str:
    assert isinstance(card.next, Draft)
    return card.next.text


def main() -> None:
    """Print a line for each size and database."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--contacts", type=int, nargs="+", default=[20_000, 1_000_000])
    asked.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = asked.parse_args()
    print(f"{'database':12}{'contacts':>10}{'statements':>12}{'ms a click':>12}")
    for kind in [chosen.only] if chosen.only else ["sqlite", "postgresql"]:
        for contacts in chosen.contacts:
            with ground.database_url(kind) as (url, _):
                statements, milliseconds = asyncio.run(measure(url, contacts))
            print(f"{kind:12}{contacts:10,}{statements:12.1f}{milliseconds:12.2f}")


if __name__ == "__main__":
    main()
