"""The people of a schedule, and what each of them did: volunteers, voters, an organizer.

Each text that somebody writes has a word of its own in it, by which it is known again wherever it turns up.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.slack import Person, clicks
from sandbox.slack.delivery import FORM
from tests.simulation.lead import Lead
from tests.simulation.stage import Stage

CAMPAIGN = "Fall GOTV"
VOTERS = {name: f"+1313555{1000 + n}" for n, name in enumerate(("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn"))}
PRIYAS = ("Ada", "Ben", "Cleo", "Dan")
"""Whom Priya holds at first; the others are Sam's."""
STRANGER = "+12485550199"
LIST = "\n".join(
    [
        "First Name,Last Name,Cell Phone,City,State",
        *(f"{name},Vale,{phone},Detroit,MI" for name, phone in VOTERS.items()),
    ]
)
WORD = re.compile(r"\bword(\d+)\b")
HARMLESS = ("Yes! said{n}", "Who is this? said{n}", "Maybe, said{n}", "Where do I vote? said{n}")
OUT = ("STOP", "Stop. said{n}", "take me off your list, said{n}")
DOUBTFUL = ("stop lying to me, said{n}", "not interested, said{n}")


@dataclass(slots=True)
class Act:
    """Somebody's press on Send, or a line typed in a thread: the text that may come of it goes to `to`, once."""

    who: str
    to: str
    how: str
    at: float
    allowed: bool = True
    undone: bool = False
    key: str = ""
    """A typed line's channel and timestamp."""
    dropped: float | None = None
    """When Slack dropped word of it."""


@dataclass(slots=True)
class Heard:
    """A voter's text, and how the carrier's web hooks for it were answered."""

    sid: str
    phone: str
    answers: list[int]


class Cast:
    """Everybody, and the book of what they did. `paused` and `handed_on` are known from what the organizer was told."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.random = stage.random
        self.plan = tuple(
            (person, self.random.choice(counts))
            for person, counts in ((stage.priya, stage.scale.priya), (stage.sam, stage.scale.sam))
        )
        """Who does how many things."""
        self.acts: dict[int, Act] = {}
        self.heard: dict[int, Heard] = {}
        self.paused: list[list[float]] = []
        self.has_paused = False
        """Whether she ever tried to: it may come about without her being told."""
        self.handing_on = False
        self.handed_on: float | None = None
        self.broken: list[str] = []
        self.lead = Lead(stage)
        self._put_aside: set[str] = set()
        """Whom Priya skipped or opted out on her card: they stay hers, with their Undo, when others are handed on."""
        self._kept: list[Callable[[], Awaitable[Any]]] = []
        self._said = 0

    @property
    def time(self) -> float:
        return self.stage.loop.time()

    async def play(self) -> None:
        """Everybody does a few things, each at their own times."""
        random, scale = self.random, self.stage.scale
        parts = [self._busy(self._volunteer, person, count, 4.0) for person, count in self.plan]
        parts.append(self._busy(self._voter, None, random.choice(scale.voters), 5.0))
        if random.random() < scale.organizer:
            parts.append(self._busy(self._organizer, None, 1, 8.0))
        if random.random() < scale.deploys:
            parts.append(self._busy(self._deploys, None, random.choice((1, 1, 2)), 8.0))
        await asyncio.gather(*parts)
        if not self.handing_on and random.random() < scale.hands_on:
            await self._busy(self._hand_on, None, 1, 3.0)
        answering = [(person, random.choice(scale.answers)) for person, _ in self.plan if person.threads or self.heard]
        parts = [self._busy(self._answers, person, count, 8.0) for person, count in answering]
        if random.random() < scale.drops:
            parts.append(self._busy(self._drops, None, 1, 3.0))
        if random.random() < scale.inbox:
            parts.append(self._busy(self.lead.minds_the_inbox, None, random.choice((1, 2, 3)), 8.0))
        await asyncio.gather(*parts)

    async def _answers(self, person: Person) -> None:
        if threads := person.threads:
            await self._in_a_thread(person, self.random.choice(threads))

    async def _busy(self, act: Callable[[Any], Awaitable[None]], who: Any, count: int, pace: float) -> None:
        for _ in range(count):
            await asyncio.sleep(self.random.expovariate(self.stage.scale.haste / pace))
            try:
                await act(who)
            except AssertionError as cannot:  # what was on the screen a moment ago is gone
                self.stage.note(str(cannot).splitlines()[0])
            except Exception as error:
                self.broken.append(repr(error))
                raise

    # -- volunteers --------------------------------------------------------------------------------------

    async def _volunteer(self, person: Person) -> None:
        threads = [each for each in person.threads if each.button("Done") or each.replies]
        if threads and self.random.random() < 0.5:
            return await self._in_a_thread(person, self.random.choice(threads))
        card = person.card
        if card is None or self.random.random() < 0.05:
            self._note(person, "types /text")
            await person.types("/text")
            return None
        choices = ("send", "twice", "undo", "skip", "opt out", "wrong number", "an old press", "another's card")
        match self.random.choices(choices, (50, 10, 14, 5, 5, 2, 6, 5))[0]:
            case "send":
                await self._again_if_it_failed(self._send(person, card))
            case "twice":
                press = self._send(person, card)
                await asyncio.gather(press(), press())
            case "undo" if card.button("Undo"):
                self._note(person, "presses Undo")
                await person.presses("Undo", on=card)
            case "skip":
                self._puts_aside(person, card)
                self._note(person, "presses Skip")
                await person.presses("Skip", on=card)
            case "opt out" | "wrong number" as what:
                self._puts_aside(person, card)
                self._note(person, f"chooses {what}")
                await person.chooses(what.capitalize(), on=card)
            case "an old press" if self._kept:
                self._note(person, "a press of hers comes again")
                await self.random.choice(self._kept)()
            case "another's card":
                await self._send(person, card, by=self._other(person))()
        return None

    def _puts_aside(self, person: Person, card: Any) -> None:
        if person is self.stage.priya:
            self._put_aside.add(_name_on(card))

    def _other(self, person: Person) -> Person:
        return self.stage.sam if person is self.stage.priya else self.stage.priya

    def _send(self, person: Person, card: Any, by: Person | None = None) -> Callable[[], Awaitable[Any]]:
        """A press on Send, with words of its own in the field; done when called, as often as it is."""
        name = _name_on(card)
        n = len(self.acts)
        who = by or person
        self.acts[n] = Act(who.id, VOTERS[name], "card", self.time, allowed=self._holds(who, name))
        person.edits("Message", f"Hi {name}, word{n} of ours", on=card)
        found = card.button("Send")
        assert found is not None, "there is no Send"
        payload = clicks.block_actions(person, card, clicks.button_action(*found))
        if by is not None:
            payload["user"] = {**payload["user"], "id": by.id}
        body = urlencode({"payload": json.dumps(payload)}).encode()

        async def press() -> Any:
            whose = "" if by is None else f" on {person.first_name}'s card"
            self._note(who, f"presses Send for {name}{whose}: word{n}")
            return await self.stage.slack.delivery.send(body, FORM)

        if by is None:
            self._kept.append(press)
        return press

    def _holds(self, who: Person, name: str) -> bool:
        """Whether this contact may be theirs now. What is in Slack while it is handed on may go either way."""
        if who is self.stage.priya:
            return name in PRIYAS and (self.handed_on is None or name in self._put_aside)
        return name not in PRIYAS or self.handing_on

    async def _again_if_it_failed(self, press: Callable[[], Awaitable[Any]]) -> None:
        answer = await press()
        if answer.problem and self.random.random() < 0.7:
            await asyncio.sleep(self.random.uniform(0.5, 4))
            await press()

    async def _in_a_thread(self, person: Person, root: Any) -> None:
        name = re.sub(r"\W", " ", root.text).split()[0]
        what = self.random.choices(("answer", "unsay", "done", "opt out", "help", "keep"), (60, 12, 8, 6, 6, 8))[0]
        match what:
            case "answer" | "unsay" as what:
                n = len(self.acts)
                self.acts[n] = act = Act(person.id, VOTERS[name], "typed", self.time)
                self._note(person, f"answers {name}: word{n}")
                dropped = self.stage.slack.delivery.dropped
                line = await person.writes(f"word{n} it is", in_=root)
                if line is not None:
                    act.key = f"{line.channel.id}:{line.ts}"
                if self.stage.slack.delivery.dropped > dropped:
                    act.dropped = act.at
                if what == "unsay" and line is not None:
                    await asyncio.sleep(self.random.uniform(0, 7))
                    self._note(person, f"deletes word{n}")
                    act.undone = True
                    await person.deletes_message(line)
            case "done":
                await person.presses("Done", on=root)
            case "opt out":
                self._note(person, f"presses Opt out for {name}")
                await person.presses("Opt out", on=root)
            case "help":
                await person.presses("Ask for help", on=root)
            case "keep":
                self._note(person, f"presses Keep texting for {name}")
                await person.presses("Keep texting", on=root)

    def _note(self, person: Person, words: str) -> None:
        self.stage.note(f"{person.first_name} {words}")

    # -- voters ------------------------------------------------------------------------------------------

    async def _voter(self, _: None) -> None:
        carrier, random = self.stage.carrier, self.random
        texted = [phone for phone in VOTERS.values() if carrier.texts_to(phone)]
        waiting = [act.to for act in self.acts.values()]
        if not waiting and random.random() < 0.5:
            return
        phone = random.choice([*(texted * 5), *(waiting * 2), STRANGER])
        n, self._said = self._said, self._said + 1
        words = random.choice(random.choices((HARMLESS, OUT, DOUBTFUL), (6, 3, 2))[0]).format(n=n)
        times = random.choices((1, 2, 5), (8, 1, 1))[0]
        self.stage.note(f"{phone} texts {words!r}" + (f", and the web hook comes {times} times" if times > 1 else ""))
        sid = f"SM{n:032x}"
        self.heard[n] = heard = Heard(sid, phone, [])
        heard.answers = await carrier.phone(phone).texts(words, sid=sid, times=times, at_once=random.random() < 0.5)

    # -- what happens to Slack and to the program ---------------------------------------------------------

    async def _drops(self, _: None) -> None:
        """Slack has too many events for this app: for a while it drops them, and says so once a minute."""
        delivery = self.stage.slack.delivery
        self.stage.note("Slack drops events from here on")
        often, delivery.events_an_hour = delivery.events_an_hour, 1
        delivery._hour.take(self.stage.timestamp())
        await asyncio.sleep(self.random.uniform(3, 25))
        delivery.events_an_hour = often
        self.stage.note("... and no more")

    async def _deploys(self, _: None) -> None:
        self.stage.deploys()

    # -- the organizer -----------------------------------------------------------------------------------

    async def _organizer(self, _: None) -> None:
        if self.random.random() < 0.5:
            return await self.pause_and_resume()
        return await self._hand_on(None)

    async def _hand_on(self, _: None) -> None:
        """What Priya has goes to Sam; she answers in her threads all the same."""
        self.handing_on = True
        self.stage.note("Olivia hands on what Priya has")
        olivia = self.stage.olivia
        await olivia.types(f"/textbank reassign {CAMPAIGN} @priya @sam")
        for _ in range(10):
            if any(f"now with <@{self.stage.sam.id}>" in each.text for each in olivia.ephemerals):
                self.handed_on = self.time
                self.stage.note("... and is told that it is done")
                break
            await asyncio.sleep(0.5)
        for root in self.stage.priya.threads:
            await self._in_a_thread(self.stage.priya, root)
        return None

    async def pause_and_resume(self) -> None:
        """She pauses the campaign, and goes on after a while."""
        self.has_paused = True
        self.stage.note("Olivia pauses the campaign")
        said = await self.stage.olivia.types(f"/textbank pause {CAMPAIGN}")
        if said is not None and "is paused" in said.text:
            self.paused.append([self.time, float("inf")])
            self.stage.note("... and is told that it is paused")
        await asyncio.sleep(self.random.uniform(1, 25))
        await self.resume()

    async def resume(self) -> None:
        """It goes on, if it was paused."""
        for span in self.paused:
            span[1] = min(span[1], self.time)
        self.stage.note("Olivia lets the campaign go on")
        with contextlib.suppress(AssertionError):
            await self.stage.olivia.types(f"/textbank resume {CAMPAIGN}")


def _name_on(card: Any) -> str:
    """The first name of whom a card is about."""
    return str(card.text.removeprefix("Next: ").split()[0])
