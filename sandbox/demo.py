"""`python -m bot sandbox`: a whole text bank on this machine, with nobody's account and no real phone.

A simulated Slack and a simulated carrier on loopback, the real product as a process of its own between them. At a
terminal it is a page in a browser. Elsewhere, or with --play, people play themselves: at the end stands what the two
servers' own records prove, and the exit code says whether they do.
"""

import asyncio
import random
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import bank, invented
from sandbox.house import FOLDER, open_house, prepare
from sandbox.page.desk import sit_down
from sandbox.page.opening import served, stays_open
from sandbox.product import ProductTrouble
from sandbox.screen import Screen

OK, BROKEN, NOT_STARTED, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    volunteers: int = 4
    contacts: int = 240
    seconds: float = 60.0
    port: int | None = None
    fresh: bool = False
    stay: bool = False
    play: bool | None = None
    """Whether people play the text bank; None: where nobody sits at a terminal."""
    folder: Path = Path(FOLDER)
    seed: int | None = None


def main(options: Options | None = None) -> int:
    """Open the sandbox, or play a text bank. The exit code is 0 when every claim holds."""
    chosen, screen = options or Options(), Screen()
    alone = not (sys.stdin.isatty() and sys.stdout.isatty())
    work = _play if chosen.play or (chosen.play is None and alone) else _page
    try:
        return asyncio.run(_until_interrupted(work(chosen, screen)))
    except ProductTrouble as trouble:
        screen.say(str(trouble), "red")
        return NOT_STARTED
    except KeyboardInterrupt:
        screen.say("Ended.")
        return INTERRUPTED


async def _until_interrupted(play: Coroutine[Any, Any, int]) -> int:
    """Ctrl-C, a closed terminal or a polite kill end it in good order; a second one changes nothing."""
    task = asyncio.ensure_future(play)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with suppress(AttributeError, NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(getattr(signal, name), interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _page(options: Options, screen: Screen) -> int:
    """Open until Ctrl-C."""
    with suppress(asyncio.CancelledError):  # that is how it is meant to end
        await stays_open(options.folder, fresh=options.fresh, port=options.port, seed=_seed(options), say=screen.say)
    screen.say("Ended.")
    return OK


async def _play(options: Options, screen: Screen) -> int:
    """The text bank, which can be watched on the page as well."""
    seed, undo = _seed(options), min(max(options.seconds / 40, 0.5), 2)
    async with served(options.port or 0, screen.say) as (page, address):
        folder = prepare(options.folder, fresh=options.fresh)
        async with open_house(folder, screen.say, wire=page.wire, undo=undo) as house:
            volunteers = bank.VOLUNTEERS[: options.volunteers]
            desk = sit_down(house, seed, volunteers=volunteers, contacts=options.contacts)
            desk.restarts = False
            stage = bank.stage_of(desk, options.seconds, screen.tell)
            page.shows(desk)
            screen.say(f"To watch it: {address}")
            places = invented.open_places(desk.clock.local)
            screen.say(f"{len(stage.contacts)} invented people. {invented.where_it_is_day(places)}")
            async with screen.shows(stage):
                await house.product.while_it_runs(bank.play(stage, desk, seed))
            holds = bank.sum_up(stage, screen)
            screen.say(f"The data is in {house.database}; what Textbank logged is beside it.", "dim")
            if options.stay:
                screen.say(f"The sandbox goes on at {address}, Textbank at {house.slack.request_url}. Ctrl-C ends it.")
                with suppress(asyncio.CancelledError):  # that is how it is meant to end
                    await house.product.while_it_runs(desk.answering.run())
            return OK if holds else BROKEN


def _seed(options: Options) -> int:
    return options.seed if options.seed is not None else random.randrange(10_000)
