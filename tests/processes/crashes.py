"""A text bank whose processes die: what a volunteer and voters do meanwhile, and what must be true when all is over."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from bot.database import driver_url
from sandbox.slack import File, Person
from tests.processes.doomed import NOWHERE
from tests.processes.test_two_of_everything import PATIENCE, Fleet, free_port, people, until
from tests.world import CONSENT

DOOMED = "tests.processes.doomed"
LEFT = ("accepted", "sent", "delivered")
SHOWN_TO_PEOPLE = ("unknown", "review")


@dataclass
class Bank:
    """One campaign, one volunteer, and whoever answers; the processes may come and go."""

    run: Fleet
    database_url: str
    contacts: int
    port: int = field(default_factory=free_port)
    number: int = 0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.olivia: Person = self.run.slack.person("Olivia Organizer", is_admin=True)
        self.priya: Person = self.run.slack.person("Priya Shah")
        self.engine: Engine = create_engine(driver_url(self.database_url))
        self.run.slack.retry_delays = (0.0, 0.5, 1.0, 2.0, 4.0)
        self.run.webs.append(f"http://127.0.0.1:{self.port}")
        self.run.through(0)

    def ask(self, statement: str) -> list[Any]:
        """What the database says; nothing while it is away."""
        with contextlib.suppress(DBAPIError), self.engine.connect() as connection:
            return list(connection.execute(text(statement)).all())
        return []

    # -- processes ---------------------------------------------------------------------------------------------

    def start(self, point: str = NOWHERE, times: int = 1, *role: str, **more: str) -> str:
        """A process that comes to its end at this point: its name."""
        self.number += 1
        name = f"life {self.number}"
        at = {"PORT": str(self.port), "PUBLIC_URL": self.run.webs[0]}
        self.run.start(name, point, str(times), *role, by=DOOMED, **at, **more)
        return name

    async def dies(self, name: str) -> None:
        """Until the process has been killed, by itself or by somebody."""
        process = self.run.processes[name]
        await until(lambda: process.poll() is not None, f"the end of {name}")
        assert process.returncode == -signal.SIGKILL, self.run.log(name)
        del self.run.processes[name]

    async def is_up(self) -> None:
        await self.run.is_up()

    # -- people ------------------------------------------------------------------------------------------------

    async def opens(self) -> None:
        """The campaign, while all is well."""
        await self.olivia.types("/textbank new")
        file = File("list.csv", people(self.contacts).encode())
        fields = {"Name": "Fall GOTV", "Script": "Hi {first_name}, it's {volunteer}.", "Consent": CONSENT}
        await self.olivia.submits({**fields, "Contacts (CSV)": file})
        await until(lambda: any("contacts imported" in m.words for m in self.olivia.dm.messages), "the import")
        await self.olivia.types("/textbank start Fall GOTV")
        await self.olivia.types(f"/textbank assign Fall GOTV @priya {self.contacts}")

    async def clicks(self, pause: float = 0.02) -> None:
        """Priya presses Send until nobody is left. Where nothing happens she asks for a new card, as people do."""
        while not self.asked_all():
            card = self.priya.card
            words = card.words if card else ""
            if card and card.button("Send"):
                await self.priya.presses("Send", on=card)
            else:
                await self.priya.types("/text")
            ends = time.monotonic() + 1
            while self.priya.card and self.priya.card.words == words and time.monotonic() < ends:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if self.priya.card and self.priya.card.words == words:
                await self.priya.types("/text")
            await asyncio.sleep(pause)

    def asked_all(self) -> bool:
        rows = self.ask("SELECT count(*) AS n FROM conversation WHERE state NOT IN ('held', 'pool', 'staged')")
        return bool(rows) and rows[0].n == self.contacts

    async def answers(self, stopping: asyncio.Event) -> list[str]:
        """Whoever was texted answers once; the carrier brings what nobody has taken again, until somebody does."""
        said: dict[str, str] = {}
        while not stopping.is_set():
            for sent in list(self.run.carrier.texts):
                words = f"Answer of {sent.to[-4:]}!"
                if sent.to in said or int(sent.to[-4:]) % 5:
                    continue
                statuses = await self.run.carrier.phone(sent.to).texts(words, sid=f"SM{sent.to[-4:]}")
                if statuses == [204]:
                    said[sent.to] = words
            await asyncio.sleep(0.05)
        return list(said.values())

    def claimed_by(self, pid: int) -> set[str]:
        """To whom this process is about to post."""
        rows = self.ask(
            "SELECT phone FROM message JOIN person ON person.id = message.person_id"
            f" WHERE state = 'posting' AND lease_owner LIKE '%:{pid}:%'"
        )
        return {row.phone for row in rows}

    def in_doubt(self) -> set[str]:
        """Those of whose text nobody can say whether it left, and to whom it did leave."""
        rows = self.ask(
            "SELECT phone FROM message JOIN person ON person.id = message.person_id WHERE state = 'unknown'"
        )
        return {row.phone for row in rows} & {one.to for one in self.run.carrier.texts}

    # -- what must be true -----------------------------------------------------------------------------------------

    async def settles(self) -> None:
        """Until nothing is on its way any more: what nobody can know has been told to somebody."""
        busy = (
            "SELECT 1 FROM message WHERE state IN ('queued', 'posting')"
            " UNION ALL SELECT 1 FROM slack_post WHERE state = 'queued'"
        )
        quiet = 0
        ends = time.monotonic() + PATIENCE
        while quiet < 5:
            assert time.monotonic() < ends, self.ask(busy.replace("1 FROM", "* FROM").partition(" UNION")[0])
            quiet = quiet + 1 if not self.ask(busy) and self.ask("SELECT 1 AS one") else 0
            await asyncio.sleep(0.2)

    def check(self, answers: list[str]) -> dict[str, int]:
        """No text twice, none lost without word, nothing that was not clicked, every answer in its thread, once."""
        sent = [one.to for one in self.run.carrier.texts]
        assert sorted(sent) == sorted(set(sent)), "a text left twice"
        rows = self.ask(
            "SELECT person.phone, message.state FROM message JOIN person ON person.id = message.person_id"
            " WHERE message.state NOT IN ('taken_back', 'blocked', 'rejected', 'expired')"
        )
        assert len(rows) == self.contacts == len({row.phone for row in rows})
        states = {row.phone: row.state for row in rows}
        assert set(states.values()) <= {*LEFT, *SHOWN_TO_PEOPLE}
        assert {phone for phone, state in states.items() if state in LEFT} <= set(sent), "a text is said to have left"
        lost = [phone for phone in sent if states[phone] not in (*LEFT, *SHOWN_TO_PEOPLE)]
        assert lost == []
        words = "\n".join(thread.words for thread in self.priya.threads)
        later = "\n".join(reply.words for thread in self.priya.threads for reply in thread.replies)
        assert [answer for answer in answers if answer not in words + later] == [], "an answer is lost"
        twice = [answer for answer in answers if words.count(answer) > 1]
        assert twice == [], "threads were made twice"
        doubtful = sum(state in SHOWN_TO_PEOPLE for state in states.values())
        return {"texts": len(sent), "in doubt": doubtful, "answers": len(answers)}


@contextlib.asynccontextmanager
async def working(bank: Bank) -> AsyncIterator[None]:
    """The campaign is made, and people text, whatever becomes of the process; the one that is left finishes."""
    await bank.is_up()
    await bank.opens()
    stopping = asyncio.Event()
    voters = asyncio.create_task(bank.answers(stopping))
    priya = asyncio.create_task(bank.clicks(0.1))
    try:
        yield
        await asyncio.wait_for(priya, PATIENCE)
        await bank.settles()
        stopping.set()
        bank.said = await asyncio.wait_for(voters, PATIENCE)
        await bank.settles()
    finally:
        for task in (priya, voters):
            task.cancel()
        await asyncio.gather(priya, voters, return_exceptions=True)
        bank.engine.dispose()


async def at_points(bank: Bank, points: list[str], then: Callable[[], Awaitable[None]] | None = None) -> dict[str, int]:
    """One life for each point, and one that lives, in which `then` happens. What came of it."""
    name = bank.start(points[0], 2)
    async with working(bank):
        for point in points[1:]:
            await bank.dies(name)
            name = bank.start(point, 2)
        await bank.dies(name)
        bank.start()
        await bank.is_up()
        if then:
            await then()
    return bank.check(bank.said)


async def at_random(bank: Bank, dice: random.Random) -> dict[str, int]:
    """Killed at any moment, again and again, until everybody has been texted."""
    name = bank.start()
    async with working(bank):
        while not bank.asked_all():
            await asyncio.sleep(dice.uniform(0.2, 4))
            os.kill(bank.run.processes[name].pid, signal.SIGKILL)
            await bank.dies(name)
            name = bank.start()
    return {**bank.check(bank.said), "lives": bank.number}
