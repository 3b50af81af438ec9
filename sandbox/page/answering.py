"""Voters who answer by themselves: as many of them, and as often, as is set on the page."""

import asyncio
import random
from collections import deque

from sandbox.carrier import Carrier, Text
from sandbox.small_talk import STOPS, TALKS

STOP_SHARE = 0.08
LOOKS_EVERY = 0.2


class Answering:
    """`answers` is the share of voters who answer, `per_minute` how many texts they write in a minute at most."""

    def __init__(self, carrier: Carrier, seed: int) -> None:
        self.answers = 0.0
        self.per_minute = 20.0
        self._carrier = carrier
        self._rng = random.Random(seed)
        self._seen = 0
        self._waiting: deque[Text] = deque()
        self._lines: dict[str, deque[str]] = {}

    async def run(self) -> None:
        """Until cancelled. A text that nobody answered when it came is answered by nobody later."""
        loop, next_at = asyncio.get_running_loop(), 0.0
        while True:
            await asyncio.sleep(LOOKS_EVERY)
            self._look()
            if self._waiting and self.answers and loop.time() >= next_at:
                next_at = loop.time() + 60 / max(self.per_minute, 0.1)
                await self._answer(self._waiting.popleft().to)

    def _look(self) -> None:
        texts = self._carrier.texts
        while self._seen < len(texts) and texts[self._seen].status in ("delivered", "undelivered", "failed"):
            text = texts[self._seen]
            self._seen += 1
            if text.status == "delivered" and self._is_answered(text.to):
                self._waiting.append(text)

    def _is_answered(self, number: str) -> bool:
        if number in self._lines:
            return bool(self._lines[number]) and self.answers > 0
        if self._rng.random() >= self.answers:
            return False
        talk = (self._rng.choice(STOPS),) if self._rng.random() < STOP_SHARE else self._rng.choice(TALKS)[::2]
        self._lines[number] = deque(talk)
        return True

    async def _answer(self, number: str) -> None:
        if lines := self._lines[number]:
            await self._carrier.phone(number).texts(lines.popleft())
