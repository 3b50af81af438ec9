"""The worker's job beside sending: files of contacts, a large one read by a process of its own so that clicks go on."""

import asyncio
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bot.gateways.slack import SlackTrouble
from bot.services import contacts, imports
from bot.services.contact_rows import Options
from bot.services.file_reader import is_small
from bot.services.import_files import import_file
from handlers.kit import Kit
from handlers.loops import go_round

log = structlog.get_logger()

LOOK_SECONDS = 1.0
TRY_AGAIN = timedelta(seconds=15)
GIVEN_UP_AFTER = timedelta(minutes=20)


class Importer:
    """Looks for imports that nobody is at, and has each of them read."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._stopping = asyncio.Event()
        self._missed: dict[int, datetime] = {}
        """Since when each import's file cannot be had."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops: the chunk that is being written is the last, and another goes on from there."""
        self._stopping = stopping
        await go_round(stopping, self.step, failed="an import failed", idle=LOOK_SECONDS)

    async def step(self) -> bool:
        """Bring the import that waits first to its end; False when none waits."""
        kit = self._kit
        async with kit.database.reading() as session:
            waiting = await contacts.waiting(session, now=kit.clock())
            if not waiting:
                return False
            url = await imports.file_url(session, waiting[0])
        with tempfile.TemporaryDirectory(prefix="textbank-") as folder:
            path = Path(folder) / "contacts"
            try:
                if url:
                    await kit.slack.fetch_file(url, path)
            except SlackTrouble as trouble:
                await self._not_fetched(waiting[0], trouble)
                return True
            self._missed.pop(waiting[0], None)
            await self._read(waiting[0], path)
        return True

    async def _not_fetched(self, import_id: int, trouble: SlackTrouble) -> None:
        """Try again after a while, in which other imports go on; or say why there is no use in it."""
        kit, now = self._kit, self._kit.clock()
        since, why = self._missed.setdefault(import_id, now), str(trouble)
        log.warning("a file could not be fetched", import_id=import_id, why=why)
        async with kit.database.transaction() as session:
            if trouble.locked_out or (trouble.pause and now < since + GIVEN_UP_AFTER):
                until = now + max(timedelta(seconds=trouble.pause), TRY_AGAIN)
                return await contacts.put_off(session, import_id, until=until, now=now)
            if trouble.pause:
                why = f"Slack could not give us the file for {GIVEN_UP_AFTER.seconds // 60} minutes ({why})"
            await imports.unreadable(session, import_id, why, owner=kit.owner, now=now)
            self._missed.pop(import_id, None)

    async def _read(self, import_id: int, path: Path) -> None:
        if not is_small(path):
            return await _in_its_own_process(import_id, path, self._stopping)
        kit, owner = self._kit, f"{self._kit.owner}:reader"
        how: dict[str, Any] = {"owner": owner, "clock": kit.clock, "is_over": self._stopping.is_set}
        await import_file(kit.database, import_id, path, Options.of(kit.settings), **how)


async def _in_its_own_process(import_id: int, path: Path, stopping: asyncio.Event) -> None:
    """Reading a million rows would hold up every click of this process. Told to stop, it ends its chunk and goes."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "read-file", str(import_id), str(path))
    telling = asyncio.create_task(_tell(process, stopping))
    try:
        if await process.wait() != 0 and not stopping.is_set():
            raise RuntimeError(f"the process that read import {import_id} ended with {process.returncode}")
    finally:
        telling.cancel()
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _tell(process: asyncio.subprocess.Process, stopping: asyncio.Event) -> None:
    await stopping.wait()
    process.terminate()
