"""Voters who answer by themselves: most never do, some talk, a few want no more texts, a few phones are off."""

import asyncio
import random
from collections import deque

from sandbox.carrier import Text
from sandbox.claims import Heard
from sandbox.small_talk import ANGRY, FURIOUS, LATE_STOPS, OUT_FOR_GOOD, STOPS, TALKS, WARY
from sandbox.stage import Stage

SHARES = (("talks", 0.13), ("stops", 0.03), ("angry", 0.012), ("wary", 0.004), ("late", 0.008), ("furious", 0.004))
UNREACHABLE = 0.012
OFF = 30003
"""The carrier's code for a phone that is off."""
FINAL = {"delivered", "undelivered", "failed"}
READS = (1.5, 6.0)
"""Seconds that a voter takes to answer, in a text bank of a minute; real ones take a little longer."""


class Voters:
    """All of them, with their phones."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._rng = random.Random(seed)
        self._lines = self._characters()
        self._seen = 0
        self._on_the_way: list[Text] = []
        self._typing: set[asyncio.Task[None]] = set()

    @property
    def resting(self) -> bool:
        """Whether nobody is about to text."""
        return not self._typing and not self._on_the_way and self._seen == len(self._stage.carrier.texts)

    async def run(self) -> None:
        """Look at every text that arrives, until cancelled."""
        try:
            while True:
                self._look()
                await asyncio.sleep(0.05)
        finally:
            for task in self._typing:
                task.cancel()

    def _characters(self) -> dict[str, deque[str]]:
        """What each phone will say, one line after each text that it gets. At least one talks, and one says STOP."""
        phones = [contact.phone for contact in self._stage.contacts]
        self._rng.shuffle(phones)
        count = len(phones)
        for phone in phones[: round(count * UNREACHABLE)]:
            self._stage.carrier.phone(phone).unreachable = OFF
        left = phones[round(count * UNREACHABLE) :]
        scripts = {"talks": TALKS, "wary": WARY, "late": LATE_STOPS}
        scripts |= {"stops": _alone(STOPS), "angry": _alone(ANGRY), "furious": _alone(FURIOUS)}
        lines: dict[str, deque[str]] = {}
        for character, share in SHARES:
            at_least = {"talks": 2, "stops": 1}.get(character, 0)
            talks = list(scripts[character])
            self._rng.shuffle(talks)
            for number in range(max(round(count * share), at_least)):
                if left:
                    lines[left.pop()] = deque(talks[number % len(talks)][::2])
        return lines

    def _look(self) -> None:
        texts = self._stage.carrier.texts
        self._on_the_way += texts[self._seen :]
        self._seen = len(texts)
        arrived = [text for text in self._on_the_way if text.status in FINAL]
        self._on_the_way = [text for text in self._on_the_way if text.status not in FINAL]
        for text in arrived:
            lines = self._lines.get(text.to)
            if text.status == "delivered" and lines:
                task = asyncio.get_running_loop().create_task(self._answer(text.to, lines.popleft()))
                self._typing.add(task)
                task.add_done_callback(self._typing.discard)

    async def _answer(self, number: str, line: str) -> None:
        stage = self._stage
        contact = stage.numbered[number]
        await stage.pause(self._rng.uniform(*READS))
        heard = Heard(contact.name, number, line)
        stage.heard.append(heard)
        for status in await stage.carrier.phone(number).texts(line):
            if not 200 <= status < 300:
                stage.trouble.append(f"the web hook for {contact.name}'s text was answered {status}")
        heard.at = stage.carrier.clock()
        if line in OUT_FOR_GOOD and line not in FURIOUS:
            stage.opted_out(number)
            stage.tell("out", f"{contact.name}: {line} → opted out")


def _alone(lines: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple((line,) for line in lines)
