"""What goes wrong, drawn from the seed: which faults this schedule knows, how often each comes, and the log of them."""

from collections import Counter
from random import Random

AT_THE_CARRIER = (
    "refused line", "cut before", "silence before", "answers 429", "answers 500", "answers 503", "accepts, then 500",
    "accepts, then cut", "accepts, then silence", "accepts, then nonsense", "slow answer", "answers 401",
    "accepts, and the sender is killed", "answers 429 after a while",
)  # fmt: skip
AT_SLACK = (
    "refused line", "cut before", "silence before", "answers 429", "answers 500", "accepts, then 500",
    "accepts, then cut", "accepts, then silence", "slow answer",
)  # fmt: skip
ON_THE_WAY_IN = (
    "refused line", "cut before", "answers 500", "accepts, then 500", "accepts, then cut", "slow answer",
    "delivered twice", "delivered late",
)  # fmt: skip
IN_A_PROCESS = ("crash", "pause", "clock step", "database locked", "wait")
PLACES = {
    "carrier": AT_THE_CARRIER,
    "carrier's questions": ("refused line", "cut before", "answers 500", "slow answer"),
    "slack": AT_SLACK,
    "response_url": AT_SLACK,
    "inbound": ON_THE_WAY_IN,
    "status": ON_THE_WAY_IN,
    "events": ON_THE_WAY_IN,
    "process": IN_A_PROCESS,
}
CHANCE = {"process": 0.03, "carrier": 0.3, "slack": 0.15, "response_url": 0.12}
"""How often something goes wrong at a place where anything does."""


class Weather:
    """`fine` ends it: from then on everything works."""

    def __init__(self, random: Random, moods: tuple[float, ...]) -> None:
        self.random = random
        self.fine = True
        self.injected: Counter[str] = Counter()
        self.log: list[tuple[float, str]] = []
        mood = random.choice(moods)
        self._known = {
            place: (tuple(kind for kind in kinds if random.random() < 0.4), mood * CHANCE.get(place, 0.12))
            for place, kinds in PLACES.items()
        }

    def strikes(self, place: str) -> str | None:
        """What goes wrong here and now, if anything."""
        if self.fine:
            return None
        kinds, chance = self._known[place]
        if not kinds or self.random.random() >= chance:
            return None
        kind = self.random.choice(kinds)
        self.injected[f"{place}: {kind}"] += 1
        return kind
