"""`python -m tests.simulation`: one schedule by its seed, or many."""

import argparse
import itertools
import sys
import time

from tests.simulation.run import Result, Totals, run, simulation, story
from tests.simulation.scale import all_full, mostly_small


def main() -> int:
    """The exit code: 1 if a promise was broken."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    asked.add_argument("--seed", type=int, help="run this schedule and tell what happened in it")
    asked.add_argument("--count", type=int, default=1000, help="run so many schedules")
    asked.add_argument("--minutes", type=float, help="... or as many as there is time for")
    asked.add_argument("--small", action="store_true", help="nineteen of twenty small, as `make test` runs them")
    asked.add_argument("--first", type=int, default=1, help="the first seed")
    asked.add_argument("--failures", type=int, default=1, help="stop after so many that fail")
    given = asked.parse_args()
    mix = mostly_small if given.small else all_full
    with simulation() as made:
        if given.seed is not None:
            result = made.schedule(given.seed, mix)
            print(story(result))
            return bool(result.wrong)
        seeds = itertools.count(given.first) if given.minutes else range(given.first, given.first + given.count)
        until = time.monotonic() + given.minutes * 60 if given.minutes else float("inf")
        began = time.process_time()
        totals = run(made, seeds, mix, until=until, failures=given.failures, tell=_tell)
    print(summary(totals, time.process_time() - began))
    return bool(totals.failed)


def _tell(result: Result) -> None:
    if result.wrong:
        print(story(result), flush=True)


def summary(totals: Totals, seconds: float) -> str:
    """How many schedules there were, and what they held."""
    each = seconds / max(totals.schedules, 1) * 1000
    lines = [
        f"{totals.schedules:,} schedules ({each:.0f} ms of processor time each), {totals.texts:,} texts, "
        f"{totals.injected.total():,} faults; {len(totals.failed)} broke a promise",
        *(f"  {count:7,}  {name}" for name, count in sorted(totals.injected.items())),
        "What people did:",
        *(f"  {count:7,}  {name}" for name, count in sorted(totals.happened.items())),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
