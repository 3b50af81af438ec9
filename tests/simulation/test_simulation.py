"""Schedules with faults at every await, and that taking out a guard turns them red. `make soak` runs more.

A schedule that fails is printed as what happened in order, with the command that shows it again.
"""

from collections.abc import Iterator

import pytest

from tests.simulation.guards import GUARDS, without
from tests.simulation.run import Simulation, run, simulation, story
from tests.simulation.scale import mostly_small

PARTS, IN_A_PART = 20, 100
SOON_MISSED = (
    "a press counts on the live drawing alone",
    "an answer that proves nothing is UNKNOWN",
    "texts in doubt are told after 15 minutes",
    "an opt-out blocks what is queued",
    "the carrier's id makes a voter's text count once",
    "delivery states only rise",
)
"""Guards whose lack the first few schedules show; `python -m tests.simulation.guards` takes out all."""


@pytest.fixture(scope="module")
def made() -> Iterator[Simulation]:
    """Ready to run schedules."""
    with simulation() as made:
        yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_holds_whatever_goes_wrong(made: Simulation, part: int) -> None:
    first = part * IN_A_PART + 1
    totals = run(made, range(first, first + IN_A_PART), mostly_small)
    assert not totals.failed, "\n" + story(totals.failed[0])
    assert totals.injected.total() > totals.schedules


def test_the_same_seed_is_the_same_schedule(made: Simulation) -> None:
    for seed in (25, 26, 27):
        assert made.schedule(seed).log == made.schedule(seed).log


@pytest.mark.parametrize("name", SOON_MISSED)
def test_a_guard_that_is_taken_out_is_missed(made: Simulation, name: str) -> None:
    assert without(made, GUARDS[name], 300) is not None
