"""A schedule: two processes of the product, people in Slack, voters, and the faults that a seed draws for them."""

import asyncio
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest import mock

import aiohttp

from bot import sqlite
from bot.services import lost_events
from bot.settings import Settings
from handlers import carrier_list, catching_up, loops, posting, sending
from sandbox.carrier import Carrier
from sandbox.carrier.delivery import Delivery
from sandbox.slack import Slack
from tests.simulation.loop import OUTSIDE, PROCESS, Loop
from tests.simulation.process import ENGINES, LONGEST_PAUSE, Process
from tests.simulation.scale import Scale
from tests.simulation.weather import Weather
from tests.simulation.wire import Line, Network, Request, Site, asgi, form_of
from tests.world import settings_for

DETROIT = {"noon": (16, 0, 0), "before closing": (23, 59, 30), "before opening": (12, 59, 45)}
"""When a schedule may begin, in UTC, on a Tuesday on which Detroit is four hours behind."""
GRACE = 2.1
"""A POST starts within two seconds of its claim; and it is a moment on its way."""
_SENT = re.compile(r"m(\d+)$")
SAID = re.compile(r"\bsaid(\d+)\b")
"""The word by which a voter's text is known again."""


def _place_of(request: Request) -> str:
    """Where in the weather's tables a request belongs."""
    if "carrier" in request.url.partition("/")[2][:12]:
        return "carrier" if request.method == "POST" else "carrier's questions"
    if "/response/" in request.path:
        return "response_url"
    if request.path == "/twilio/inbound":
        return "inbound"
    if request.path == "/twilio/status":
        return "status"
    return "events" if request.path == "/slack/events" else "slack"


class Stage:
    """What one seed makes. `log` tells in order what happened."""

    def __init__(
        self, seed: int, folder: Path, template: Path, settings: Settings, scale: Scale, *, whole_way: bool
    ) -> None:
        self.seed = seed
        self.random = random = Random(seed)
        self.settings = settings
        self.scale = scale
        self.whole_way = whole_way
        self.idle = False
        self.minute = 60.0
        self.skew = 0.0
        self.log: list[tuple[float, str]] = []
        self.weather = Weather(random, scale.moods)
        self.path = folder / "bank.db"
        for old in folder.glob("bank.db*"):
            old.unlink()
        shutil.copyfile(template, self.path)
        self.url = f"sqlite:///{self.path}"
        begins = DETROIT[random.choices(list(DETROIT), (8, 2, 1))[0]]
        self.began = datetime(2026, 10, 20, *begins, tzinfo=UTC)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        self.loop = loop
        self.shown: dict[int, float] = {}
        """The texts that somebody was shown as sent, by id."""
        self.heard: Counter[tuple[int, str | None]] = Counter()
        """How often a voter's text was posted to somebody. A thread's first message shows all of it when drawn anew."""
        self.happened: Counter[str] = Counter()
        """What people did, how often."""
        self.late: list[str] = []
        """Texts that were posted long after their claim."""
        self._former: list[Process] = []
        """Killed, or asked to end."""
        self._lives = 1
        self._build()

    def _build(self) -> None:
        random = self.random
        self.slack = slack = Slack(clock=self.timestamp, strict=self.whole_way)
        slack.url, slack.request_url, slack.recording = "http://slack", "http://bank/slack/events", False
        slack.echo_own_posts = self.whole_way
        slack.delivery.nap = 5.0
        delivery = Delivery(random.choice((0.0, 0.3, 4.0)), random.choice((0.0, 0.2, 3.0)))
        self.carrier = carrier = Carrier(clock=self.timestamp, delivery=delivery, seed=random.randrange(1 << 30))
        carrier.url, carrier.inbound_url = "http://carrier", "http://bank/twilio/inbound"
        carrier.callback_order = random.choice(("normal", "normal", "reversed", "shuffled"))
        carrier.duplicate_callbacks, carrier.lose_callbacks = random.random() < 0.2, random.random() < 0.15
        carrier.early_callbacks, carrier.list_lag = random.random() < 0.2, random.choice((0.0, 20.0))
        self.olivia = slack.person("Olivia Organizer", is_admin=True)
        self.priya, self.sam = slack.person("Priya Shah"), slack.person("Sam Ito")
        self._watch(slack.workspace)
        Line.network = self.network = Network(self.weather, self.note, self._is_posted)
        outside = {"context": OUTSIDE, "listens": True, "alive": True}
        for name, app in (("slack", slack.app), ("carrier", carrier.app)):
            there = SimpleNamespace(app=asgi(app), serving=set(), **outside)
            self.network.sites[name] = Site(_place_of, [there])
        self.processes = [Process(self, name) for name in ("one", "two")[: random.choice(self.scale.processes)]]
        self.network.sites["bank"] = Site(_place_of, self.processes)

    def _watch(self, workspace: Any) -> None:
        """Notes which texts are shown as sent: whatever has an Undo."""
        edit, post = workspace.edit, workspace.post

        def edited(message: Any, *args: Any, **more: Any) -> Any:
            result = edit(message, *args, **more)
            self._seen(message)
            return result

        def posted(*args: Any, **more: Any) -> Any:
            message = post(*args, **more)
            self._seen(message)
            if message.by_bot:
                self.heard.update((int(n), message.channel.human) for n in set(SAID.findall(message.words)))
            return message

        workspace.edit, workspace.post = edited, posted

    def _seen(self, message: Any) -> None:
        for block in message.blocks:
            value = block.get("accessory", {}).get("value", "")
            if found := _SENT.search(value):
                self.shown.setdefault(int(found[1]), self.loop.time())

    def _is_posted(self, request: Request) -> None:
        """Looks at the claim behind a POST at the moment at which it goes out."""
        process = PROCESS.get()
        assert isinstance(process, Process)
        number = int(form_of(request.body)["StatusCallback"].partition("?m=")[2].partition("&")[0])
        self.note(f"{process.name}: text {number} is posted")
        with sqlite3.connect(self.path) as database:
            found = database.execute("SELECT state_at FROM message WHERE id = ?", (number,)).fetchone()
        database.close()
        if found and self.loop.time() - process.stepped_at > LONGEST_PAUSE:  # or nobody could tell by the clock
            age = (process.clock() - datetime.fromisoformat(found[0]).replace(tzinfo=UTC)).total_seconds()
            if age > GRACE:
                self.late.append(f"text {number} was posted {age:.1f} s after its claim")

    # -- time, and what is written down ------------------------------------------------------------------

    def now(self) -> datetime:
        """The time, as it really is."""
        return self.began + timedelta(seconds=self.loop.time())

    def timestamp(self) -> float:
        return self.now().timestamp()

    def note(self, words: str) -> None:
        """A line of the log."""
        self.log.append((self.loop.time(), words))

    # -- processes ---------------------------------------------------------------------------------------

    def buried(self, process: Process) -> None:
        """It was killed: its connections are cut now, and somebody starts another after a while."""
        self._former.append(process)
        ENGINES.end(process.engine)
        delay = self.random.choice((0.3, 2.0, 5.0, 90.0))
        self.loop.call_later(delay, self._again, process, context=OUTSIDE)

    def deploys(self) -> None:
        """A process is asked to end, while another starts beside it."""
        process = self.random.choice(self.processes)
        if process.alive and process.listens:
            self.note(f"{process.name}: is asked to end")
            self.happened["a process ends in order, another beside it"] += 1
            self._former.append(process)
            self._again(process)
            process.ask_to_end()

    def _again(self, process: Process) -> None:
        """Another takes its place, unless one has."""
        if process not in self.processes:
            return
        name = process.name.split(" (")[0]
        self._lives += 1
        self.processes[self.processes.index(process)] = Process(self, f"{name} ({self._lives})")

    def all_well(self) -> None:
        """Faults are over: whoever is down comes up, whoever is paused goes on."""
        self.note("from here on nothing goes wrong")
        self.weather.fine = True
        self.carrier.lose_callbacks = False
        for process in list(self.processes):
            if not process.alive:
                self._again(process)
            elif process.paused:
                process.wake()
            process.step = timedelta()

    async def end(self) -> None:
        """Nobody does anything any more."""
        self.network.closed = True
        everyone = (*self._former, *self.processes)
        for process in everyone:
            process.alive = True
            process.wake()
        me, everybody = asyncio.current_task(), self.loop.tasks
        for _ in range(5):
            tasks = [task for task in everybody if task is not me and not task.done()]
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0.001)
        else:
            raise RuntimeError(f"these do not end: {tasks}")
        for process in everyone:
            ENGINES.end(process.engine)


class _Clock:
    """In the place of the module `time`: seconds go by as in the loop."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        return self._loop.time()

    perf_counter = monotonic

    def time(self) -> float:
        return self._loop.time()


POLLS = (sending.IDLE_SECONDS, posting.IDLE_SECONDS)
"""What the loops wait when there is nothing to do: nobody is kept waiting here, so they look less often."""
LOOKS = (carrier_list.LOOK_SECONDS, catching_up.LOOK_SECONDS)
BEATS = (catching_up.BEAT_SECONDS,)
RECORDS = ((sending, "RECORD_SECONDS"),)
PULSES = ((catching_up, "PULSE"), (lost_events, "PULSE"))
MEASURES = ((sending, "MEASURE_EVERY"),)


def poll_every(seconds: float, scale: Scale) -> None:
    """How often the workers look whether there is something to do, and say that they are there."""
    calm, beat = max(seconds, scale.calm), max(seconds, scale.beat)
    spans = {RECORDS: seconds, PULSES: timedelta(seconds=3 * beat), MEASURES: timedelta(seconds=3 * calm)}
    for places, span in spans.items():
        for module, name in places:
            setattr(module, name, span)
    _pauses.update({**dict.fromkeys(POLLS, seconds), **dict.fromkeys(LOOKS, calm), **dict.fromkeys(BEATS, beat)})


_pauses: dict[float, float] = {}
"""How long each pause of a loop is here."""
_rest = loops.rest


async def _rest_longer(stopping: asyncio.Event, seconds: float) -> None:
    await _rest(stopping, _pauses.get(seconds, seconds))


@contextmanager
def virtual(loop: Loop) -> Iterator[None]:
    """The network and time of the simulation, in the place of the machine's."""
    places = (*RECORDS, *PULSES, *MEASURES)
    clock, kept = _Clock(loop), [(module, name, getattr(module, name)) for module, name in places]
    with (
        mock.patch.object(aiohttp, "ClientSession", Line),
        mock.patch.object(aiohttp, "TCPConnector"),
        mock.patch.object(sqlite, "create_engine", ENGINES.lend),
        mock.patch.object(sqlite, "QUICK", float("inf")),
        mock.patch.object(loops, "rest", _rest_longer),
        mock.patch("bot.gateways.slack.time", clock),
    ):
        try:
            yield
        finally:
            for module, name, value in kept:
                setattr(module, name, value)


def settings_of(folder: Path) -> Settings:
    """Where everything is, in the simulation."""
    slack = SimpleNamespace(bot_token="xoxb-sandbox", signing_secret="sandbox-signing-secret", url="http://slack")
    carrier = Carrier(clock=lambda: 0.0)
    carrier.url = "http://carrier"
    url = f"sqlite:///{folder / 'bank.db'}"
    return settings_for(url, slack, carrier, public_url="http://bank", sms_segments_per_second=3)  # type: ignore[arg-type]
