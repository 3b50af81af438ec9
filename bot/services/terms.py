"""What the settings say of every text."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a text waits for its Undo, how long somebody rests after a first text, and how many follow-ups may go
    to them in 24 hours. Both hold over all campaigns.
    """

    undo: timedelta
    between: timedelta
    follow_ups: int

    @property
    def first_texts(self) -> int:
        """So many of them come into 24 hours at most."""
        return ceil(DAY / self.between)
