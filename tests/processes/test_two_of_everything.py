"""Real processes: two of each role on PostgreSQL share the work, one on SQLite does it alone; all end cleanly."""

import asyncio
import os
import signal
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import aiohttp
import pytest
from sqlalchemy import create_engine, text

from bot.database import driver_url
from sandbox.carrier import Carrier
from sandbox.serving import serve
from sandbox.slack import File, Person, Slack
from tests.forks import Forked
from tests.world import CONSENT, SECRET

PATIENCE = 90
"""Seconds; some hundred times what each step takes on an idle machine."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def people(count: int) -> str:
    """A list of so many people who live where it is midday now: the processes have the real clock."""
    cities = sorted(
        zone for zone in available_timezones() if zone.startswith(("America/", "Asia/", "Europe/", "Pacific/"))
    )
    zone = next(zone for zone in cities if datetime.now(ZoneInfo(zone)).hour in (11, 12, 13))
    rows = [f"Voter{n},Nr{n},+1313555{1000 + n},{zone}" for n in range(count)]
    return "\n".join(["First Name,Last Name,Cell Phone,Timezone", *rows])


async def until(true: Callable[[], Any], what: str) -> None:
    """Wait for something to come about."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, f"this never came about: {what}"
        await asyncio.sleep(0.02)


@dataclass
class Fleet:
    """Processes of Textbank, and the Slack and carrier that they talk to."""

    slack: Slack
    carrier: Carrier
    environment: dict[str, str]
    logs: Path
    processes: dict[str, Forked] = field(default_factory=dict)
    webs: list[str] = field(default_factory=list)

    def start(self, name: str, *words: str, by: str = "bot", **more: str) -> Forked:
        """`python -m bot` with these words, or what stands in for it."""
        self.processes[name] = Forked(words, {**self.environment, **more}, self.logs / f"{name}.log", by=by)
        return self.processes[name]

    def start_web(self, name: str, *words: str) -> None:
        """Each web is its own public address: there is no router in front of them."""
        port = free_port()
        self.webs.append(f"http://127.0.0.1:{port}")
        self.start(name, *words, PORT=str(port), PUBLIC_URL=self.webs[-1])

    async def is_up(self) -> None:
        """Wait until every web can serve."""
        for url in self.webs:
            await self._answers(url)

    async def _answers(self, url: str) -> None:
        async with aiohttp.ClientSession() as http:
            ends = time.monotonic() + PATIENCE
            while True:
                for name, process in self.processes.items():
                    assert process.poll() is None, self.log(name)
                assert time.monotonic() < ends, f"{url} never came up"
                try:
                    async with http.get(f"{url}/healthz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.05)

    def through(self, number: int) -> None:
        """Slack's and the carrier's next requests go to this web."""
        url = self.webs[number % len(self.webs)]
        self.slack.request_url, self.carrier.inbound_url = f"{url}/slack/events", f"{url}/twilio/inbound"

    def log(self, name: str) -> str:
        return (self.logs / f"{name}.log").read_text()

    async def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Every process ends by itself, soon, and well."""
        for process in self.processes.values():
            process.send_signal(number)
        for name, process in self.processes.items():
            code = await asyncio.to_thread(process.wait, 30)
            assert code == 0, f"{name} ended with {code}:\n{self.log(name)}"  # 1, had it taken longer than it may
            assert "Traceback" not in self.log(name), self.log(name)


@asynccontextmanager
async def fleet(database_url: str, logs: Path) -> AsyncIterator[Fleet]:
    """The two servers, for processes to be started against."""
    slack, carrier = Slack(), Carrier()
    async with serve(slack.app) as slack.url, serve(carrier.app) as carrier.url:
        environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "BIND_ADDRESS": "127.0.0.1",
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": f"{slack.url}/api/",
            "TWILIO_ACCOUNT_SID": carrier.account_sid,
            "TWILIO_AUTH_TOKEN": carrier.auth_token,
            "TWILIO_MESSAGING_SERVICE_SID": str(carrier.messaging_service_sid),
            "TWILIO_API_URL": carrier.url,
            "TEXTBANK_SECRET": SECRET,
            "SMS_SEGMENTS_PER_SECOND": "500",
            "UNDO_SECONDS": "0.2",
        }
        started = Fleet(slack, carrier, environment, logs)
        try:
            yield started
        finally:
            for process in started.processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()
            await slack.aclose()
            await carrier.aclose()


@pytest.fixture
def empty_postgres(postgres: Any) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = "two_of_everything"
    engine = create_engine(driver_url(postgres.get_uri("postgres")), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        # Off for the other tests; here a server that is killed must still have what it has committed.
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = on"))
    yield postgres.get_uri(name)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


async def a_live_campaign(run: Fleet, olivia: Person, count: int) -> None:
    run.through(0)
    await olivia.types("/textbank new")
    fields = {"Name": "Fall GOTV", "Script": "Hi {first_name}, it's {volunteer}.", "Consent": CONSENT}
    await olivia.submits({**fields, "Contacts (CSV)": File("list.csv", people(count).encode())})
    run.through(1)
    await until(lambda: any(f"{count} contacts imported" in m.words for m in olivia.dm.messages), "the import")
    shown = await olivia.types("/textbank start Fall GOTV")
    assert "is live" in shown.text


async def texts_all(run: Fleet, volunteer: Person, first: int) -> None:
    """Clicks Send until there is nobody left, each click by way of another web."""
    run.through(first)
    await volunteer.types("/text")
    await until(lambda: volunteer.card, "the first card")
    number = first
    while volunteer.card and volunteer.card.button("Send"):
        card, words = volunteer.card, volunteer.card.words
        number += 1
        run.through(number)
        await volunteer.presses("Send", on=card)
        await until(lambda card=card, words=words: card.words != words, "the next contact")


async def test_two_of_everything_text_each_contact_once_and_thread_each_answer_once(
    empty_postgres: str, tmp_path: Path
) -> None:
    async with fleet(empty_postgres, tmp_path) as run:
        assert run.start("migrate", "migrate").wait(PATIENCE) == 0, run.log("migrate")
        del run.processes["migrate"]
        for name in ("web 1", "web 2"):
            run.start_web(name, "web")
        for name in ("worker 1", "worker 2", "clock"):
            run.start(name, name.split()[0], PUBLIC_URL=run.webs[0])
        await run.is_up()
        olivia = run.slack.person("Olivia Organizer", is_admin=True)
        team = [run.slack.person(name) for name in ("Priya Shah", "Sam Ito", "Lee Wong")]
        await a_live_campaign(run, olivia, 60)
        mentions = " ".join(f"@{volunteer.name}" for volunteer in team)
        shown = await olivia.types(f"/textbank assign Fall GOTV {mentions} 20")
        assert "60 contacts of Fall GOTV are now with 3 people" in shown.text

        await asyncio.gather(*(texts_all(run, volunteer, number) for number, volunteer in enumerate(team)))
        await until(lambda: len(run.carrier.texts) >= 60, "sixty texts")

        phones = [run.carrier.phone(f"+1313555{1000 + number}") for number in range(0, 60, 4)]
        for number, phone in enumerate(phones):
            run.through(number)
            assert await phone.texts(f"Answer {number}!", times=2) == [204, 204]

        def threads() -> list[str]:
            return [thread.words for volunteer in team for thread in volunteer.threads]

        await until(lambda: len(threads()) >= len(phones), "a thread for each answer")
        await asyncio.sleep(1.5)  # what would come twice comes now
        assert sorted(text.to for text in run.carrier.texts) == [f"+1313555{1000 + number}" for number in range(60)]
        for number in range(len(phones)):
            assert sum(f"Answer {number}!" in words for words in threads()) == 1
        assert len(threads()) == len(phones)
        assert [volunteer.warnings for volunteer in team] == [[], [], []]

        answered = team[0].threads[0]
        run.through(1)
        await team[0].writes("Thank you!", in_=answered)
        await until(lambda: len(run.carrier.texts) == 61, "the answer")
        await run.end()


async def test_one_process_does_it_all_on_sqlite(tmp_path: Path) -> None:
    async with fleet(f"sqlite:///{tmp_path}/textbank.db", tmp_path) as run:
        run.start_web("textbank")
        await run.is_up()
        olivia, priya = run.slack.person("Olivia Organizer", is_admin=True), run.slack.person("Priya Shah")
        await a_live_campaign(run, olivia, 3)
        await olivia.types("/textbank assign @priya 3")
        await texts_all(run, priya, 0)
        await until(lambda: len(run.carrier.texts) == 3, "three texts")
        await run.carrier.phone("+13135551000").texts("Hello?")
        thread = await until_there(lambda: priya.threads, "the thread")
        run.carrier.fail_next("slow")
        run.carrier.slow_seconds = 2
        await priya.writes("Thank you!", in_=thread[0])
        await until(lambda: len(run.carrier.texts) == 4, "an answer that is on its way")
        await run.end(signal.SIGINT)
        assert states(tmp_path)[-1] == "accepted", "what was in flight has been written down"

        run.start_web("again")
        del run.webs[0], run.processes["textbank"]
        await run.is_up()
        run.through(0)
        run.carrier.fail_next("hang")

        def posts() -> int:  # the carrier is also asked for its list
            return sum(call.method == "POST" for call in run.carrier.calls)

        asked = posts()
        await priya.writes("Until then!", in_=thread[0])
        await until(lambda: posts() > asked, "an answer that the carrier says nothing to")
        process, began = run.processes["again"], time.monotonic()
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert process.poll() is None, "it waits for the carrier"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 10) == 1
        assert time.monotonic() - began < 5
        assert states(tmp_path)[-1] == "posting", "whoever comes next finds it"


async def until_there(found: Callable[[], Any], what: str) -> Any:
    await until(found, what)
    return found()


def states(folder: Path) -> list[str]:
    """Every text's state, oldest first."""
    with closing(sqlite3.connect(folder / "textbank.db")) as database:
        return [state for (state,) in database.execute("SELECT state FROM message ORDER BY id")]
