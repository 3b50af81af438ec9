"""What organizers and managers read, on a large campaign: milliseconds and statements.

`python -m benchmarks.reports [--what status] [--contacts 1000000] [--texts 300000] [--only sqlite]`. The campaign is
invented by SQL: contacts, the texts of 200 volunteers over ten afternoons, tallies, answers that wait, errors.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, event, text

from benchmarks import ground
from bot.clock import now
from bot.database import Database, Session
from bot.services import campaigns, daily, reports
from bot.services.campaigns import NewCampaign
from bot.services.digest_days import until_now
from bot.services.money import Prices
from bot.services.tallies import bucket_of
from models.types import Moment

TIMES = 30
PRICES = Prices(Decimal("0.012"), Decimal("0.03"))
VOLUNTEERS, DAYS, HOURS = 200, 10, 4
QUARTERS = DAYS * HOURS * 4
ONE_IN = 6
"""Each volunteer is there in every so-manyeth quarter of an hour, and sends about a text in fifteen seconds."""

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)"
_PEOPLE = (
    f"INSERT INTO person (phone, phone_hash) {_NUMBERS}"
    " SELECT '+1' || CAST(2000000000 + i AS TEXT), 'hash ' || CAST(i AS TEXT) FROM n"
)
_CONTACTS = (
    "INSERT INTO contact (campaign_id, person_id, import_id, window_id, first_name, last_name, place, fields)"
    " SELECT :campaign_id, id, :import_id, :window_id, 'Ann', 'Lee', 'Flint, Michigan', {nothing} FROM person"
)
_CONVERSATIONS = (
    "INSERT INTO conversation (contact_id, campaign_id, person_id, segment_id, window_id, pass, position, state,"
    " volunteer_id, last_out_at, waiting_since)"
    " SELECT id, campaign_id, person_id, :segment_id, window_id, 1, 0,"
    " CASE WHEN id > :texts THEN 'pool' WHEN id % 1000 = 0 THEN 'needs_reply' WHEN id % 10 = 0 THEN 'talking'"
    " ELSE 'texted' END, CASE WHEN id <= :texts THEN 'U0VOL' || CAST(id % 200 AS TEXT) END,"
    " CASE WHEN id <= :texts THEN :at {moment} END, CASE WHEN id <= :texts AND id % 1000 = 0 THEN :at {moment} END"
    " FROM contact"
)
_TEXTS = (
    "INSERT INTO message (conversation_id, person_id, campaign_id, volunteer_id, kind, pass, act_key, body, segments,"
    " state, state_at, created_at, priority, due_at, expires_at)"
    " SELECT contact_id, person_id, campaign_id, volunteer_id, 'first', 1, 'card:' || CAST(contact_id AS TEXT),"
    " 'Hi Ann, are you voting in Flint?', 1, CASE WHEN contact_id % 50000 = 0 THEN 'review' ELSE 'delivered' END,"
    " :at {moment}, :at {moment}, 10, :at {moment}, :at {moment} FROM conversation WHERE volunteer_id IS NOT NULL"
)
_TALLY = text(
    "INSERT INTO tally (campaign_id, bucket, volunteer_id, script_id, metric, n)"
    " VALUES (:campaign_id, :bucket, :volunteer_id, :script_id, :metric, :n)"
).bindparams(bindparam("bucket", type_=Moment))


async def invent(database: Database, contacts: int, texts: int) -> int:
    """A live campaign of that size; its id."""
    new = NewCampaign("Benchmark", ground.SCRIPT, "Signed up for this benchmark", "list.csv", None)
    moment, nothing = ("", "'{}'") if database.sqlite else ("::timestamptz", "'{}'::jsonb")
    async with database.transaction() as session:
        campaign_id, import_id = await campaigns.create(session, new, by="U0ORG", now=now())
        await session.execute(text("INSERT INTO texting_window (key) VALUES ('America/Detroit')"))
        await session.execute(text("UPDATE campaign SET state = 'live'"))
        await session.execute(text("UPDATE contact_import SET state = 'live', imported = :rows"), {"rows": contacts})
        values = {"campaign_id": campaign_id, "import_id": import_id, "window_id": 1, "segment_id": 1, "texts": texts}
        at = {"at": now().replace(tzinfo=None).isoformat(" ") if database.sqlite else now()}
        await session.execute(text(_PEOPLE), {"rows": contacts})
        for statement in (_CONTACTS, _CONVERSATIONS, _TEXTS):
            await session.execute(text(statement.format(moment=moment, nothing=nothing)), {**values, **at})
    async with database.transaction() as session:
        await _tallies(session, campaign_id, contacts, texts)
        await session.execute(text("ANALYZE"))
    return campaign_id


async def _tallies(session: Session, campaign_id: int, contacts: int, texts: int) -> None:
    """As the clicks would have left them: a row for each volunteer, quarter of an hour at it, and metric."""
    each = texts * ONE_IN / (VOLUNTEERS * QUARTERS)
    shares = {"texted": 1.0, "accepted": 1.0, "delivered": 0.95, "undelivered": 0.05, "error_30003": 0.04}
    shares |= {"error_30007": 0.01, "replies": 0.12, "replied": 0.1, "answered": 0.08, "opt_outs": 0.01}
    whole = {"imported": contacts, "handed": texts}
    first = {"campaign_id": campaign_id, "bucket": _quarters()[0], "volunteer_id": "", "script_id": 0}
    await session.execute(_TALLY, [{**first, "metric": metric, "n": n} for metric, n in whole.items()])
    for nth, bucket in enumerate(_quarters()):
        rows = [
            {**first, "bucket": bucket, "volunteer_id": f"U0VOL{who}", "script_id": 1, "metric": metric, "n": n}
            for who in range(nth % ONE_IN, VOLUNTEERS, ONE_IN)
            for metric, share in shares.items()
            if (n := int(each * share * (nth + 1)) - int(each * share * nth))
        ]
        if rows:
            await session.execute(_TALLY, rows)


def _quarters() -> list[datetime]:
    today = bucket_of(now())
    return [
        today - timedelta(days=day, minutes=15 * quarter)
        for day in reversed(range(DAYS))
        for quarter in reversed(range(HOURS * 4))
    ]


async def status(session: Session, campaign_id: int) -> None:
    """`/textbank status Benchmark`, all of it but Slack."""
    found = await campaigns.find(session, "benchmark")
    await reports.status(session, found, now=now(), rate=3.0, prices=PRICES)


async def digest(session: Session, _campaign_id: int) -> None:
    """The figures of a day's digest, with the ranking, beside those of the thirteen days before."""
    schedule, day = until_now(now(), "America/Detroit")
    await daily.read(session, schedule, day, prices=PRICES, ranking=True, now=now())


WHAT: dict[str, Callable[[Session, int], Awaitable[None]]] = {"status": status, "digest": digest}
"""What can be measured."""


async def measure(url: str, what: list[str], contacts: int, texts: int) -> list[tuple[str, float, float, float]]:
    """(what, statements, median and longest milliseconds) for each."""
    async with ground.opened(url) as database:
        campaign_id = await invent(database, contacts, texts)
        seen: list[str] = []

        @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
        def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            if not statement.startswith("BEGIN"):
                seen.append(statement)

        found = []
        for name in what:
            times = []
            async with database.reading() as session:
                await WHAT[name](session, campaign_id)  # prepares its statements
            seen.clear()
            for _ in range(TIMES):
                started = time.perf_counter()
                async with database.reading() as session:
                    await WHAT[name](session, campaign_id)
                times.append((time.perf_counter() - started) * 1000)
            found.append((name, len(seen) / TIMES, statistics.median(times), max(times)))
        return found


def main() -> None:
    """Print a line for each report and database."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--what", nargs="+", choices=sorted(WHAT), default=sorted(WHAT))
    asked.add_argument("--contacts", type=int, default=1_000_000)
    asked.add_argument("--texts", type=int, default=300_000)
    asked.add_argument("--only", choices=["sqlite", "postgresql"])
    chosen = asked.parse_args()
    print(
        f"{'database':12}{'what':10}{'contacts':>11}{'texts':>9}{'statements':>12}{'median ms':>11}{'longest ms':>12}"
    )
    for kind in [chosen.only] if chosen.only else ["sqlite", "postgresql"]:
        with ground.database_url(kind) as (url, _):
            rows = asyncio.run(measure(url, chosen.what, chosen.contacts, chosen.texts))
        for what, statements, median, longest in rows:
            size = f"{chosen.contacts:11,}{chosen.texts:9,}"
            print(f"{kind:12}{what:10}{size}{statements:12.1f}{median:11.1f}{longest:12.1f}")


if __name__ == "__main__":
    main()
