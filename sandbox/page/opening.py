"""The page, open until Ctrl-C: one sandbox after another behind one address, each new when somebody asks for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import time
from pathlib import Path

from sandbox import bank, product
from sandbox.clock import Clock
from sandbox.house import House, open_house, prepare
from sandbox.page.desk import SAMPLE, Again, Desk, sit_again, sit_down
from sandbox.page.server import Page
from sandbox.product import ProductTrouble
from sandbox.serving import serve
from sandbox.wire import Wire

PORT = 3080
"""Where the page is, if nobody asks for another port and nobody has taken it."""
BEGINS_AT = time(13)
"""One in the afternoon in New York, ten in the morning in Los Angeles: everybody may be texted, and for hours yet."""
DAY = time(9), time(19)
"""Outside of it, a sandbox that goes on does so in the next afternoon."""
SEED = 7
VOLUNTEERS = bank.VOLUNTEERS[:2]
PLAYERS = bank.VOLUNTEERS[:4]
PLAYED_CONTACTS, PLAYED_SECONDS = 120, 60.0

log = logging.getLogger("sandbox.page")
Say = Callable[..., object]
"""Given a line, and a style if it is one that nobody should miss."""


@asynccontextmanager
async def served(port: int | None, say: Say) -> AsyncIterator[tuple[Page, str]]:
    """The page without a sandbox, and its address. Raises ProductTrouble when the port that was asked for is taken."""
    chosen = PORT if port is None else port
    try:
        product.free_port(chosen)
    except ProductTrouble:
        if port is not None:
            raise
        say(f"Port {PORT} is taken by another program, so the page gets another one. (--port chooses.)")
        chosen = 0
    page = Page(Wire())
    async with serve(page.app, chosen) as address:
        try:
            yield page, address
        finally:
            page.closes()


async def stays_open(folder: Path, *, fresh: bool, port: int | None, seed: int, say: Say) -> None:
    """Until cancelled. Raises ProductTrouble when Textbank does not start, or ends."""
    async with served(port, say) as (page, address):
        again: Again | None = None
        while True:
            async with _sandbox(prepare(folder, fresh=fresh), page, say, again) as (house, desk):
                if again is None:
                    say(f"The sandbox is at {address} — open that in a browser. Ctrl-C ends it.", "bold")
                page.shows(desk)
                try:
                    again = await house.product.while_it_runs(_lives(desk, seed, plays=again == "play"))
                finally:
                    page.shows(None)
            fresh = False


@asynccontextmanager
async def _sandbox(folder: Path, page: Page, say: Say, again: Again | None) -> AsyncIterator[tuple[House, Desk]]:
    """The one of the last time, or a new one where the afternoon begins. Cut off by Ctrl-C, it is put away."""
    clock, plays = Clock(), again == "play"
    clock.moves_to(BEGINS_AT)  # never before the wall's: a large file is read by a process that goes by that
    page.wire.exchanges.clear()
    undo = 1.5 if plays else 5.0
    desk: Desk | None = None
    try:
        async with open_house(folder, say, clock=clock, wire=page.wire, undo=undo, goes_on=again is None) as house:
            desk = sit_again(house, house.kept.desk, SEED) if house.kept else await _sit_down(house, plays=plays)
            if not DAY[0] <= clock.local.time() < DAY[1]:
                clock.moves_to(BEGINS_AT)
            yield house, desk
    except asyncio.CancelledError:
        if desk is not None:
            house.put_away(desk.put_away())
        raise


async def _sit_down(house: House, *, plays: bool) -> Desk:
    """The people of a new one; the manager is made one, as an admin would do it."""
    names, contacts = (PLAYERS, PLAYED_CONTACTS) if plays else (VOLUNTEERS, SAMPLE)
    desk = sit_down(house, SEED, volunteers=names, contacts=contacts)
    organizer = desk.members[0].person
    manager = next(member.person for member in desk.members if member.role == "manager")
    await organizer.types(f"/textbank role @{manager.name} manager")
    organizer.ephemerals.clear()
    return desk


async def _lives(desk: Desk, seed: int, *, plays: bool) -> Again:
    """Until somebody asks for a new one."""
    async with asyncio.TaskGroup() as others:
        tasks = [others.create_task(desk.answering.run())]
        if plays:
            tasks.append(others.create_task(_plays(desk, seed)))
        again = await desk.again
        for task in tasks:
            task.cancel()
    return again


async def _plays(desk: Desk, seed: int) -> None:
    def tell(kind: str, words: str) -> None:
        desk.note = words

    stage = bank.stage_of(desk, PLAYED_SECONDS, tell)
    try:
        await bank.play(stage, desk, seed)
        desk.note = f"{stage.firsts} people texted, {stage.replies} replies, {len(stage.out)} opted out. Look around."
    except Exception as trouble:  # somebody has pressed a player's buttons, say: the sandbox goes on without the play
        log.warning("the play broke off", exc_info=True)
        desk.note = f"The play broke off: {trouble}"
    desk.wire.changed()
