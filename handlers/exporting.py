"""Exports: `/textbank export`, and the worker's job that writes the files and brings them to a direct message.

Many contacts are written by a process of their own, so that clicks go on. The job speaks to Slack itself, beside the
one writer: what it says is never older than what waits there, and is a call every ten seconds at most.
"""

import asyncio
import contextlib
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services import campaigns, export_files, exports, posts
from bot.services.exports import Taken
from bot.services.posts import PostKind
from bot.views import exporting as views
from bot.views.blocks import Message
from handlers.kit import Kit, Maker
from handlers.loops import cut_off, go_round
from handlers.saying import say_once
from handlers.subcommands import Command, Subcommand
from handlers.words import unquoted
from models import Role

log = structlog.get_logger()

LOOK_SECONDS = 1.0
LEASE = timedelta(minutes=1)
BEAT_SECONDS = 10.0
"""Between two renewals of the lease, each with a word in Slack: an export that is done sooner says nothing before."""
TRIES = 5
TRY_AGAIN = timedelta(seconds=30)
"""Doubled with every try."""
FEW = 5_000
"""So many contacts are written beside people who are clicking: it takes less than a process would to start."""
PAGE_BESIDE_CLICKS = 100
REST_SECONDS = 0.005
"""Left to clicks after a page, which takes about as long."""


async def export(command: Command, kit: Kit) -> str:
    """Have a campaign's files written, for one's own direct message."""
    async with kit.database.transaction() as session:
        found = await campaigns.find(session, unquoted(command.words))
        await exports.ask(session, found, by=command.who, now=kit.clock())
    return views.asked(found.name)


SUBCOMMANDS: dict[str, Subcommand] = {
    "export": Subcommand(
        export, Role.MANAGER, "/textbank export CAMPAIGN", "its contacts, answers and texts as files, to you alone"
    ),
}


async def _not_exported(kit: Kit, post: Any, payload: dict[str, Any]) -> bool:
    await say_once(kit, post, views.not_exported(payload["words"]))
    async with kit.database.transaction() as session:
        await posts.finish(session, post)
    return True


MAKERS: dict[str, Maker] = {PostKind.NOT_EXPORTED: _not_exported}


@dataclass
class _Progress:
    """How far the writing is; the beat reads it."""

    expected: int
    contacts: int = 0
    shown: tuple[str, str] | None = None


class Exporter:
    """Looks for exports that nobody is at, and carries them out one after another."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops. An export that is cut off is written anew by whoever comes next."""
        await cut_off(stopping, go_round(stopping, self.step, failed="an export failed", idle=LOOK_SECONDS))

    async def step(self) -> bool:
        """Carry out the export that waits first; False when none waits."""
        kit, now = self._kit, self._kit.clock()
        async with kit.database.transaction() as session:
            taken = await exports.take(session, owner=kit.owner, now=now, until=now + LEASE)
            if taken is None:
                return False
            if taken.tries > TRIES:
                await exports.fail(session, taken, views.given_up(taken.campaign, TRIES), now=now)
                return True
            progress = _Progress(await export_files.expected(session, taken.campaign_id), shown=taken.shown)
        try:
            await self._while_ours(taken, progress)
        except BaseException as error:
            at_the_end = isinstance(error, asyncio.CancelledError)
            await self._put_off(taken, timedelta() if at_the_end else TRY_AGAIN * 2**taken.tries)
            raise
        return True

    async def _while_ours(self, taken: Taken, progress: _Progress) -> None:
        """Carry it out, as long as the lease can be kept."""
        tasks = [asyncio.create_task(work(taken, progress)) for work in (self._carry_out, self._beat)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            for task in tasks:
                await _ended(task)

    async def _carry_out(self, taken: Taken, progress: _Progress) -> None:
        began = self._kit.clock()
        with TemporaryDirectory(prefix="textbank-") as name:
            folder = Path(name)
            await self._write(taken, folder, progress)
            try:
                await self._kit.slack.upload(
                    taken.asked_by,
                    {f"{taken.campaign} {file}": folder / file for file in export_files.FILES},
                    comment=views.files(taken.campaign, progress.contacts, began),
                )
            except SlackTrouble as trouble:
                return await self._not_taken(taken, trouble)
        async with self._kit.database.transaction() as session:
            await exports.finish(session, taken, rows=progress.contacts)
        if progress.shown is not None:
            await self._say(progress, views.written(taken.campaign, progress.contacts), taken)

    async def _write(self, taken: Taken, folder: Path, progress: _Progress) -> None:
        def so_far(contacts: int) -> None:
            progress.contacts = contacts

        if progress.expected > FEW:
            return await _in_its_own_process(taken.campaign_id, folder, progress)
        await export_files.write(
            self._kit.database,
            taken.campaign_id,
            folder,
            page_rows=PAGE_BESIDE_CLICKS,
            rest=REST_SECONDS,
            on_progress=so_far,
        )

    async def _beat(self, taken: Taken, progress: _Progress) -> None:
        """Keep the lease and say how far it is, until the lease is lost."""
        kit = self._kit
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            async with kit.database.transaction() as session:
                if not await exports.go_on(session, taken, rows=progress.contacts, until=kit.clock() + LEASE):
                    log.warning("another worker has taken over an export", export_id=taken.id)
                    return
            await self._say(progress, views.progress(taken.campaign, progress.contacts, progress.expected), taken)

    async def _say(self, progress: _Progress, words: Message, taken: Taken) -> None:
        """In the one message about this export. That it cannot be said just now is no reason to stop."""
        slack = self._kit.slack
        try:
            if progress.shown is not None:
                return await slack.update(*progress.shown, words)
            progress.shown = await slack.post(taken.asked_by, words)
        except SlackTrouble as trouble:
            log.warning("slack did not take an export's progress", why=str(trouble))
            return
        async with self._kit.database.transaction() as session:
            await exports.shown(session, taken, progress.shown)

    async def _not_taken(self, taken: Taken, trouble: SlackTrouble) -> None:
        """Slack is busy or away: later, then. Or it will not have the files: there is another way to them."""
        log.warning("slack did not take an export", why=str(trouble))
        if trouble.pause:
            return await self._put_off(taken, max(timedelta(seconds=trouble.pause), TRY_AGAIN * 2**taken.tries))
        async with self._kit.database.transaction() as session:
            await exports.fail(session, taken, views.too_much(taken.campaign, str(trouble)), now=self._kit.clock())

    async def _put_off(self, taken: Taken, pause: timedelta) -> None:
        async with self._kit.database.transaction() as session:
            await exports.put_off(session, taken, until=self._kit.clock() + pause)


async def _in_its_own_process(campaign_id: int, folder: Path, progress: _Progress) -> None:
    """It says line by line how many contacts it has written, and ends when nobody listens any more."""
    words = ("-m", "bot", "write-files", str(campaign_id), str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            progress.contacts = int(line)
        if await process.wait() != 0:
            raise RuntimeError(f"the process that wrote an export ended with {process.returncode}")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _ended(task: asyncio.Task[None]) -> None:
    """Ended, if it has not by itself; what became of it is known by now, or does not matter."""
    task.cancel()
    with contextlib.suppress(BaseException):
        await task
