"""A whole world for a story: Slack, the carrier and Textbank, speaking HTTP on this machine.

Only the network is simulated: the product is the real one, with the real SDKs and a real database.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from bot.app import open_kit, web
from bot.settings import Settings
from handlers import clock as clock_handler
from handlers.carrier_list import Watch
from handlers.catching_up import CatchUp
from handlers.exporting import Exporter
from handlers.kit import Kit
from handlers.looking_up import LookUps
from handlers.opt_out_files import OptOutReader
from handlers.pictures import PictureFetcher
from handlers.posting import Writer
from handlers.sending import Sender
from handlers.worker import Importer
from sandbox.carrier import Carrier, Phone
from sandbox.serving import serve
from sandbox.slack import File, Person, Slack, clicks
from sandbox.slack.delivery import Answer
from sandbox.wire import Wire
from tests import ready

TUESDAY_NOON = datetime(2026, 10, 20, 16, 0, tzinfo=UTC)
"""Noon in Detroit, nine in the morning in Los Angeles."""

SECRET = "a secret for tests, long enough"
SCRIPT = "Hi {first_name|there}, it's {volunteer} with Michigan Votes. Can we count on you in {city|your town}?"
CONSENT = "Signed up at our county fair booth, summer 2026"
LIST = """First Name,Last Name,Cell Phone,City,State
Sara,Lopez,(313) 555-0101,Detroit,MI
Tom,Reed,313.555.0102,Flint,MI
Ana,Díaz,+1 313 555 0103,Lansing,MI
"""
QUEUES = """
SELECT EXISTS (SELECT 1 FROM contact_import WHERE state = 'staging') AS imports,
    EXISTS (SELECT 1 FROM picture_request) AS pictures,
    EXISTS (SELECT 1 FROM opt_out_file) AS optouts,
    EXISTS (SELECT 1 FROM export WHERE state IN ('waiting', 'running')) AS exports,
    EXISTS (SELECT 1 FROM message WHERE state IN ('queued', 'posting')) AS texts,
    EXISTS (SELECT 1 FROM slack_post WHERE state = 'queued') AS posts,
    EXISTS (SELECT 1 FROM setting WHERE name = 'events_lost') AS lines,
    EXISTS (SELECT 1 FROM setting WHERE name LIKE 'lookup:%') AS lookups
"""
"""What says that a job may have something to do, whatever the time is."""


READY = ready.Ready()


class Time:
    """The one clock of a story, and its stopwatch: they stand still until they are told to go on."""

    def __init__(self) -> None:
        self.now = TUESDAY_NOON
        self.ticks = 0.0

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **span: float) -> None:
        self.now += timedelta(**span)
        self.ticks += timedelta(**span).total_seconds()

    def stopwatch(self) -> float:
        return self.ticks


@dataclass
class World:
    """The servers, the product, and the people in the story."""

    slack: Slack
    carrier: Carrier
    kit: Kit
    time: Time
    organizer: Person
    sender: Sender
    writer: Writer
    importer: Importer
    exporter: Exporter
    fetcher: PictureFetcher
    reader: OptOutReader
    watch: Watch
    catcher: CatchUp
    looker: LookUps
    plain: bool
    """With the settings that all stories have which do not speak of settings."""
    _looked_at: datetime | None = None

    async def settles(self) -> None:
        """Until nobody has anything left to do at this moment."""
        while True:
            await self.drawn()
            worked = [await job.step() for job in await self._asked_for()]
            if not any(worked) and not self._under_way():
                return

    async def _asked_for(self) -> list[Any]:
        """The jobs that may have something to do: whose queue is full, and when the clock has moved, who goes by it.

        A look at each of them, every time, would be half of the statements of a story.
        """
        jobs = {
            "imports": self.importer,
            "pictures": self.fetcher,
            "optouts": self.reader,
            "exports": self.exporter,
            "lines": self.catcher,
            "lookups": self.looker,
            "texts": self.sender,
            "list": self.watch,
            "posts": self.writer,
        }
        due = {"texts", "list", "posts"} if self._looked_at != self.time.now else set()
        self._looked_at = self.time.now
        [full] = await self.query(QUEUES)
        return [job for name, job in jobs.items() if name in due or getattr(full, name, False)]

    async def drawn(self) -> None:
        """Until what was pressed, written or texted is answered, and shows on the screens."""
        while self._under_way():
            await self.slack.settle()
            await self.kit.slack.drain()
            await self.kit.drain()
            await self.carrier.settle()

    def _under_way(self) -> bool:
        """Whether anybody is still busy without being asked again."""
        kit = self.kit
        return bool(self.slack.delivery.busy or self.carrier.in_flight() or kit.slack._drawing or kit._background)

    async def minute(self) -> None:
        """A minute passes, and the clock ticks."""
        self.time.passes(minutes=1)
        await clock_handler.tick(self.kit)
        await self.settles()

    async def a_while(self, seconds: float = 6) -> None:
        """The time for an Undo passes, and the clicking pauses."""
        self.time.passes(seconds=seconds)
        await self.settles()

    async def next_day(self) -> None:
        """What was clicked leaves; then it is the next day, and whoever was texted today may be texted again."""
        await self.a_while()
        await self.a_while(24 * 3600)

    async def query(self, statement: str, **values: Any) -> list[Any]:
        """Look at the database, for what no screen shows."""
        async with self.kit.database.reading() as session:
            return list((await session.execute(text(statement), values)).all())

    async def new_campaign(
        self,
        name: str = "Fall GOTV",
        contacts: str | bytes = LIST,
        *,
        script: str = SCRIPT,
        file_name: str = "list.csv",
        picture: File | None = None,
    ) -> None:
        """The organizer makes a campaign and its contacts are read."""
        content = contacts.encode() if isinstance(contacts, str) else contacts
        await self.organizer.types("/textbank new")
        file = File(file_name, content)
        fields = {"Name": name, "Script": script, "Contacts (CSV)": file, "Consent": CONSENT, "Picture": picture}
        await self.organizer.submits(fields)
        await self.settles()

    async def live_campaign(self, name: str = "Fall GOTV", contacts: str | bytes = LIST, **more: Any) -> None:
        """A campaign that runs. If a story has begun so before, it is there at once, and nobody was told of it."""
        begins = self.plain and not more and self.time.now == TUESDAY_NOON and await ready.is_empty(self.kit.database)
        beginning = (self.kit.database.sqlite, name, contacts)
        if begins and await READY.put_back(self.kit.database, beginning):
            return await self.settles()
        await self.new_campaign(name, contacts, **more)
        await self.organizer.types(f"/textbank start {name}")
        if begins:
            await READY.keep(self.kit.database, beginning)

    async def texting(self, volunteer: Person, count: int = 50, name: str = "Fall GOTV") -> None:
        """The volunteer has contacts in hand and the first of them on the card."""
        await self.organizer.types(f"/textbank assign {name} @{volunteer.name.split()[0].lower()} {count}")
        await self.settles()
        await volunteer.types("/text")
        await self.settles()

    async def forgets(self, number: str) -> str:
        """The organizer has somebody erased, and reads what came of it."""
        await self.organizer.types(f"/textbank forget {number}")
        answer = await self.organizer.submits()
        assert answer is not None
        return answer.words

    def phone(self, number: str) -> Phone:
        """A voter's phone."""
        return self.carrier.phone(number)


def people(count: int, *, city: str = "Detroit", state: str = "MI") -> str:
    """A file of so many contacts: Voter100 with the phone (313) 555-0100, and so on."""
    rows = [f"Voter{n},Vale,(313) 555-{n:04},{city},{state}" for n in range(100, 100 + count)]
    return "\n".join(["First Name,Last Name,Cell Phone,City,State", *rows])


def aims(person: Person, label: str) -> Callable[[], Coroutine[Any, Any, Answer]]:
    """Her finger over a button as it is drawn now; what is returned presses it, whatever is drawn by then."""
    drawn, (block, element) = person._find(None, lambda one: one.button(label), f"button {label!r}")
    payload = clicks.block_actions(person, drawn, clicks.button_action(block, element))
    return lambda: person.slack.delivery.interact(payload)


@contextlib.asynccontextmanager
async def open_world(database_url: str, *, wire: Wire | None = None, **more: Any) -> AsyncIterator[World]:
    """Start the servers and the product; nothing of it runs by itself: `settles` and `minute` turn the wheels."""
    time, product = Time(), {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await product["app"](scope, receive, send)

    slack, carrier = (kind(clock=lambda: time.now.timestamp(), wire=wire) for kind in (Slack, Carrier))
    async with serve(slack.app) as slack.url, serve(carrier.app) as carrier.url, serve(app) as url:
        settings = settings_for(database_url, slack, carrier, **{"public_url": url, **more})
        slack.request_url = f"{url}/slack/events"
        carrier.inbound_url = f"{url}/twilio/inbound"
        slack.delivery.quiet = 0.0  # what the product still has to do is seen here: no need to listen for it
        organizer = slack.person("Olivia Organizer", is_admin=True)
        async with open_kit(settings, clock=time, stopwatch=time.stopwatch) as kit:
            product["app"] = web(kit)
            sender = Sender(kit)
            await sender.begin()
            files = (Importer(kit), Exporter(kit), PictureFetcher(kit), OptOutReader(kit))
            jobs = (sender, Writer(kit), *files, Watch(kit), CatchUp(kit, between=0), LookUps(kit))
            yield World(slack, carrier, kit, time, organizer, *jobs, plain=not more)
            await kit.drain()
        await slack.aclose()
        await carrier.aclose()


def settings_for(database_url: str, slack: Slack, carrier: Carrier, **more: Any) -> Settings:
    """Settings that point at the simulated Slack and carrier."""
    values = {
        "database_url": database_url,
        "public_url": "http://127.0.0.1:1",
        "slack_bot_token": slack.bot_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": f"{slack.url}/api/",
        "twilio_account_sid": carrier.account_sid,
        "twilio_auth_token": carrier.auth_token,
        "twilio_messaging_service_sid": carrier.messaging_service_sid,
        "twilio_api_url": carrier.url,
        "textbank_secret": SECRET,
        "sms_segments_per_second": 1000,
    }
    return Settings.load(**{**values, **more})
