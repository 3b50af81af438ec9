"""How much happens in a schedule: a whole text bank, or a small one, of which many can be run."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Each tuple is drawn from; a chance is out of one. `moods` is how bad the weather may be."""

    processes: tuple[int, ...]
    priya: tuple[int, ...]
    sam: tuple[int, ...]
    voters: tuple[int, ...]
    answers: tuple[int, ...]
    organizer: float
    hands_on: float
    inbox: float
    deploys: float
    drops: float
    moods: tuple[float, ...]
    looks: tuple[float, ...]
    """Seconds between two looks of the workers for something to do."""
    calm: float
    """... of the loops for which nobody waits."""
    beat: float
    minute: float
    haste: float
    """How much faster people are than in a full one."""


FULL = Scale(
    processes=(1, 2, 2),
    priya=(1, 2, 3, 4, 5, 6),
    sam=(0, 0, 1, 3),
    voters=(0, 2, 3, 5),
    answers=(1, 2),
    organizer=0.3,
    hands_on=0.15,
    inbox=0.3,
    deploys=0.2,
    drops=0.15,
    moods=(0.0, 0.5, 1.0, 1.0, 2.0),
    looks=(1.0, 6.0, 6.0, 8.0),
    calm=8.0,
    beat=20.0,
    minute=60.0,
    haste=1.0,
)
SMALL = Scale(
    processes=(1, 1, 2),
    priya=(1, 1, 2, 2),
    sam=(0,),
    voters=(0, 1, 1, 2),
    answers=(0, 1),
    organizer=0.1,
    hands_on=0.06,
    inbox=0.1,
    deploys=0.06,
    drops=0.06,
    moods=(0.5, 1.0, 2.0, 2.0),
    looks=(4.0, 8.0),
    calm=30.0,
    beat=60.0,
    minute=60.0,
    haste=2.5,
)
FULL_OF = 20
"""Of so many schedules of the mix one is full."""

Mix = Callable[[int], Scale]
"""The scale of a seed's schedule."""


def all_full(_seed: int) -> Scale:
    """What `make soak` runs."""
    return FULL


def mostly_small(seed: int) -> Scale:
    """What `make test` runs."""
    return SMALL if seed % FULL_OF else FULL
