"""The lead: an organizer with the inbox, who takes calls and decides about texts that nobody can prove."""

import asyncio
from typing import Any

from tests.simulation.stage import Stage

IN_DOUBT = "never said whether"
"""Words of the call about texts in doubt."""


class Lead:
    """Olivia, as far as her inbox goes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.random = stage.random
        self.sent_again = False
        """Whether she has ever pressed Send again."""

    async def minds_the_inbox(self, _: None) -> None:
        """Takes a call, or settles one that is hers."""
        if calls := self._calls():
            await self._sees_to(self.random.choice(calls), ("Done", "Done", "Hand back", "It was no opt-out"))

    def has_doubts(self) -> bool:
        """Whether she is to decide about texts in doubt."""
        return bool(self._doubts())

    async def decides(self) -> None:
        """Send again, or leave it; whatever else goes wrong, she presses until that is done, or has had enough."""
        way = self.random.choice(("Send again", "Send again", "Leave it"))
        for _ in range(8):
            for call in self._doubts():
                await self._sees_to(call, (way,))
            await asyncio.sleep(self.random.uniform(1, 5))

    def _calls(self) -> list[Any]:
        return [each for each in self.stage.olivia.dm.messages if each.button("Take it") or each.button("Hand back")]

    def _doubts(self) -> list[Any]:
        return [each for each in self._calls() if IN_DOUBT in each.words]

    async def _sees_to(self, call: Any, ways: tuple[str, ...]) -> None:
        ways = ("Take it",) if call.button("Take it") else tuple(way for way in ways if call.button(way))
        if not ways:
            return
        way = self.random.choice(ways)
        times = self.random.choice((1, 1, 1, 2))
        self.stage.note(f"Olivia presses {way}" + (" twice" if times > 1 else ""))
        self.sent_again |= way == "Send again"
        try:
            await asyncio.gather(*(self.stage.olivia.presses(way, on=call) for _ in range(times)))
        except AssertionError as gone:  # it was drawn anew between the two
            self.stage.note(str(gone).splitlines()[0])
