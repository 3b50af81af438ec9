"""`python -m bot sandbox`: a whole text bank on this machine, with nobody's account and no real phone.

A simulated Slack and a simulated carrier on loopback, the real product as a process of its own between them, and people
who play themselves. At the end stands what the two servers' own records prove, and the exit code says whether they do.
"""

import asyncio
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from sandbox import invented, product
from sandbox.carrier import Carrier, Delivery
from sandbox.claims import check
from sandbox.players import Organizer, Volunteer
from sandbox.product import Product, ProductTrouble
from sandbox.screen import Screen
from sandbox.serving import serve
from sandbox.slack import Slack
from sandbox.stage import CAMPAIGN, Stage
from sandbox.voters import Voters

FOLDER = "sandbox-data"
VOLUNTEERS = (
    *("Priya Shah", "Marcus Bell", "Lena Novak", "Diego Ramos", "Aisha Okafor", "Tom Becker", "Mei Lin", "Noah Katz"),
    *("Rosa Silva", "Kwame Mensah", "Hana Sato", "Jonas Weber"),
)
LARGEST_BATCH = 25
HANGS_ON = 30.0
"""Seconds beyond the planned ones for the last replies to be answered, before it is counted as it is."""
OK, BROKEN, NOT_STARTED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    volunteers: int = 4
    contacts: int = 240
    seconds: float = 60.0
    port: int = 0
    fresh: bool = False
    stay: bool = False
    folder: Path = Path(FOLDER)
    seed: int | None = None


def main(options: Options | None = None) -> int:
    """Play a text bank, and return the exit code: 0 when every claim holds."""
    chosen, screen = options or Options(), Screen()
    try:
        return asyncio.run(_until_interrupted(_play(chosen, screen)))
    except ProductTrouble as trouble:
        screen.say(str(trouble), "red")
        return NOT_STARTED
    except KeyboardInterrupt:
        screen.say("Ended.")
        return INTERRUPTED


async def _until_interrupted(play: Coroutine[Any, Any, int]) -> int:
    """Ctrl-C, a closed terminal or a polite kill end it in good order; a second one changes nothing."""
    task = asyncio.ensure_future(play)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with suppress(AttributeError, NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _play(options: Options, screen: Screen) -> int:
    seed = options.seed if options.seed is not None else random.randrange(10_000)
    async with _open(options, screen) as (slack, carrier, running, database):
        stage = _stage(options, screen, slack, carrier, seed)
        organizer = Organizer(stage, slack.person("Olivia Chen", is_admin=True))
        places = invented.open_places(datetime.now(UTC))
        screen.say(f"{len(stage.contacts)} invented people. {invented.where_it_is_day(places)}")
        playing = _text_bank(options, stage, organizer, seed)
        async with screen.shows(stage):
            await _unless_ended(playing, running)
        holds = _sum_up(stage, screen, database)
        if options.stay:
            screen.say(f"Textbank goes on listening at {slack.request_url}. Ctrl-C ends it.")
            with suppress(asyncio.CancelledError):  # that is how it is meant to end
                await _unless_ended(asyncio.Event().wait(), running)
        return OK if holds else BROKEN


@asynccontextmanager
async def _open(options: Options, screen: Screen) -> AsyncIterator[tuple[Slack, Carrier, Product, Path]]:
    """Both servers and the product, ready to be used."""
    slack, carrier = Slack(), Carrier(delivery=Delivery(delay=0.05, receipt=0.3))
    slack.commands = {"/textbank", "/text"}
    port = product.free_port(options.port)
    database = _database(options)
    async with serve(slack.app) as slack.url, serve(carrier.app) as carrier.url:
        url = f"http://{product.LOOPBACK}:{port}"
        slack.request_url, carrier.inbound_url = f"{url}/slack/events", f"{url}/twilio/inbound"
        screen.say(f"A simulated Slack ({slack.url}) and a simulated carrier ({carrier.url}) are up.")
        screen.say(f"Starting Textbank on {url}, its data in {database} …")
        settings = _settings(options, slack, carrier, url, database)
        try:
            async with product.running(settings, database.with_suffix(".log")) as running:
                await running.is_ready(url)
                yield slack, carrier, running, database
        finally:
            await slack.aclose()
            await carrier.aclose()


def _database(options: Options) -> Path:
    """A file of its own for each run: Slack is new each time, and old data would speak of messages that are gone."""
    folder = options.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if options.fresh:
            for old in folder.glob("textbank-*"):
                old.unlink(missing_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "it cannot be written to")
    except OSError as wrong:
        folder = Path(tempfile.mkdtemp(prefix="textbank-sandbox-"))
        if options.folder != Path(FOLDER):
            raise ProductTrouble(f"The folder {options.folder} cannot be used: {wrong.strerror}.") from None
    return folder / f"textbank-{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}.db"


def _settings(options: Options, slack: Slack, carrier: Carrier, url: str, database: Path) -> dict[str, str]:
    """The product's environment. Its time for Undo and its pace are such that a text bank fits into a minute."""
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": url.rpartition(":")[2],
        "PUBLIC_URL": url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": f"{slack.url}/api/",
        "TWILIO_ACCOUNT_SID": carrier.account_sid,
        "TWILIO_AUTH_TOKEN": carrier.auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": carrier.messaging_service_sid or "",
        "TWILIO_API_URL": carrier.url,
        "TEXTBANK_SECRET": "only for the sandbox, where nothing is secret",
        "TEXTING_HOURS": "09:00-20:00",
        "UNDO_SECONDS": f"{min(max(options.seconds / 40, 0.5), 2):.1f}",
        "SMS_SEGMENTS_PER_SECOND": "75",
    }


def _stage(options: Options, screen: Screen, slack: Slack, carrier: Carrier, seed: int) -> Stage:
    contacts = invented.people(options.contacts, invented.open_places(datetime.now(UTC)), seed)
    volunteers = [slack.person(name) for name in VOLUNTEERS[: options.volunteers]]
    for contact in contacts:
        carrier.phone(contact.phone, contact.name)
    channel = slack.channel("volunteers", *volunteers)
    return Stage(slack, carrier, contacts, volunteers, channel, options.seconds, screen.tell)


async def _text_bank(options: Options, stage: Stage, organizer: Organizer, seed: int) -> None:
    """From the file to the last answered reply."""
    stage.channel.member_ids.append(organizer.person.id)
    try:
        await organizer.prepares(invented.contacts_csv(stage.contacts, seed))
        await organizer.hands_out(min(ceil(options.contacts / (4 * options.volunteers)), LARGEST_BATCH))
    except AssertionError as wrong:
        raise ProductTrouble(f"The campaign could not be made: {wrong}") from None
    volunteers = [Volunteer(stage, person, seed + number) for number, person in enumerate(stage.volunteers)]
    voters = Voters(stage, seed)
    async with asyncio.TaskGroup() as players:
        plays = (*(one.run() for one in volunteers), voters.run(), organizer.watches())
        tasks = [players.create_task(play) for play in plays]
        await _all_said(stage, volunteers, voters, within=options.seconds * 1.5 + HANGS_ON)
        for task in tasks:
            task.cancel()


async def _all_said(stage: Stage, volunteers: list[Volunteer], voters: Voters, *, within: float) -> None:
    """Returns when nobody has anything left to do, and has not had for a second; or when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    quiet_since = loop.time()
    while loop.time() < deadline:
        at_rest = voters.resting and not stage.waiting and all(one.has_finished for one in volunteers)
        if not at_rest or not all(claim.holds for claim in check(stage.evidence())):
            quiet_since = loop.time()
        elif loop.time() - quiet_since > 1:
            return
        await asyncio.sleep(0.25)
    stage.tell("note", "not everybody was done when the time was up")


async def _unless_ended(work: Coroutine[Any, Any, object], running: Product) -> None:
    """Do the work; raises ProductTrouble when the product ends before it is done."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=0.5)
            if running.ended:
                raise running.trouble("Textbank ended while it was in use.")
        task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _sum_up(stage: Stage, screen: Screen, database: Path) -> bool:
    """What came of it, and what the records prove; whether every claim holds."""
    evidence = stage.evidence()
    claims = check(evidence)
    calls = evidence.calls
    times = [post.at for post in evidence.posts if post.status == 201]
    lasted = max(times) - min(times) if len(times) > 1 else 1.0
    busiest = max(Counter(int(at) for at in times).values(), default=0)
    others = ", ".join(f"{method} {count}" for method, count in calls.most_common() if method != "response_url")
    total = sum(calls.values()) - calls["response_url"]
    screen.say("")
    texted = f"{stage.firsts} of {len(stage.contacts)} people texted by {len(stage.volunteers)} volunteers"
    aside = f", {stage.set_aside} skipped or with a wrong number" if stage.set_aside else ""
    screen.say(f"{CAMPAIGN} · {texted}{aside}", "bold")
    pace = f"{len(times) / max(lasted, 1):.1f} a second, {busiest} in the busiest"
    screen.say(
        f"{len(times)} texts in {lasted:.0f} s ({pace}) · "
        f"{stage.delivered} delivered · {stage.replies} replies · {len(stage.out)} opted out"
    )
    screen.say(f"To Slack: {calls['response_url']} posts to response_urls; {total} Web API calls ({others})")
    screen.say("")
    screen.say("What the simulated carrier's and Slack's own records prove:", "bold")
    screen.sums_up(claims)
    screen.say("")
    screen.say(f"The data is in {database}; what Textbank logged is beside it.", "dim")
    return all(claim.holds for claim in claims)
