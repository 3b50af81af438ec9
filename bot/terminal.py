"""Files by the command line: import and export with a progress bar, beside the processes that serve.

Exit codes: 0 done, 1 not done, 2 asked for wrongly, 130 stopped by Ctrl-C.
"""

import asyncio
import difflib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.clock import now
from bot.database import Database, Session
from bot.errors import Refusal
from bot.migrate import Schema, schema_of
from bot.services import audit, campaigns, contacts, export_files, exports, import_files, imports
from bot.services.contact_rows import Options
from bot.settings import Settings
from models import ImportState

NOT_DONE, WRONGLY, STOPPED = 1, 2, 130
NICE = 10
"""Whoever is clicking comes first."""
_FINGERPRINT_BYTES = 1 << 20

console = Console(stderr=True, highlight=False)


class _NotDone(Exception):
    """It was begun and could not be brought to its end, for a reason in words."""


def export_campaign(settings: Settings, name: str, folder: Path, *, force: bool) -> int:
    """Write a campaign's files into the folder: all of them, or none. Returns the exit code."""
    return _run(settings, lambda database: _export(database, name, folder, force), when_stopped=_NOTHING_WRITTEN)


def import_contacts(settings: Settings, name: str, path: Path, *, consent: str | None) -> int:
    """Import a file of contacts, or go on where a run of the same command stopped. Returns the exit code."""
    return _run(settings, lambda database: _import(database, settings, name, path, consent), when_stopped=_GOES_ON)


_NOTHING_WRITTEN = "Stopped: nothing was written."
_GOES_ON = (
    "Stopped. The same command goes on where this one was. Contacts count once all are in; if only their handing out "
    "was still being prepared, Textbank goes on with that by itself."
)


def _run(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, None]], *, when_stopped: str) -> int:
    if schema_of(settings.database_url) is Schema.OLDER:
        _say("The database is not up to date: run `python -m bot migrate`.")
        return WRONGLY

    async def run() -> None:
        database = Database(settings.database_url)
        try:
            await work(database)
        finally:
            await database.close()

    if sys.platform != "win32":
        os.nice(NICE)
    try:
        asyncio.run(run())
    except Refusal as refusal:
        _say(str(refusal))
        return WRONGLY
    except (_NotDone, OSError) as trouble:
        _say(str(trouble))
        return NOT_DONE
    except KeyboardInterrupt:
        _say(when_stopped)
        return STOPPED
    return 0


def _say(words: str) -> None:
    console.print(words, markup=False, soft_wrap=True)


async def _find(session: Session, name: str) -> Any:
    """The campaign of that name. Raises Refusal, with the nearest name there is."""
    if not name.strip():
        raise Refusal("Name the campaign.")
    try:
        return await campaigns.find(session, name)
    except Refusal as refusal:
        names = [row.name for row in await campaigns.newest(session, limit=1_000)]
        near = difflib.get_close_matches(name.casefold(), [one.casefold() for one in names], n=1, cutoff=0.5)
        meant = [one for one in names if one.casefold() in near]
        if not meant or "could be several" in str(refusal):
            raise
        raise Refusal(f"There is no campaign named “{name}”. Did you mean “{meant[0]}”?") from None


@contextmanager
def _bar(words: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield progress, progress.add_task(words, total=total)


# -------------------------------------------------------------------------------------------------------------- export


async def _export(database: Database, name: str, folder: Path, force: bool) -> None:
    _check_free(folder, force)
    async with database.transaction() as session:
        found = await _find(session, name)
        expected = await export_files.expected(session, found.id)
        await exports.note(session, found.name, by=audit.COMMAND_LINE, now=now())
    began = now()
    with _written_beside(folder) as beside:
        with _bar(f"Writing {escape(found.name)}", expected) as (progress, task):
            written = await export_files.write(
                database, found.id, beside, on_progress=lambda contacts: progress.update(task, completed=contacts)
            )
        for file in export_files.FILES:
            (beside / file).replace(folder / file)
    names = ", ".join(export_files.FILES)
    _say(f"{written:,} contacts of {found.name}, read from {began:%Y-%m-%d %H:%M:%S} UTC on: {names} in {folder}")


def _check_free(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise Refusal(f"{folder} is a file. Name a folder.")
    there = [file for file in export_files.FILES if (folder / file).exists()]
    if there and not force:
        raise Refusal(f"There is a {there[0]} in {folder} already. Name another folder, or overwrite it with --force.")
    folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def _written_beside(folder: Path) -> Iterator[Path]:
    """A folder for files until they are whole, on the same disk as where they go."""
    beside = Path(tempfile.mkdtemp(prefix=".textbank-export-", dir=folder))
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


# -------------------------------------------------------------------------------------------------------------- import


async def _import(database: Database, settings: Settings, name: str, path: Path, consent: str | None) -> None:
    mark = _fingerprint(path)
    async with database.reading() as session:
        found = await _find(session, name)
        campaigns.check_open(found)
        before = await imports.broken_off(session, found.id, mark)
    if before is not None:
        _say(f"Going on with {path.name}" + (f" at row {before.next_row:,}." if before.next_row else "."))
        import_id, begun = before.id, before.next_row
    else:
        consent = campaigns.check_consent(consent if consent is not None else _ask_for_consent())
        new = campaigns.NewCampaign(found.name, "", consent, path.name, None, fingerprint=mark)
        async with database.transaction() as session:
            values = {"consent": consent, "by": audit.COMMAND_LINE}
            import_id, begun = await campaigns.add_import(session, found.id, new, **values, now=now()), 0
    await _read(database, settings, import_id, path, begun)
    await _say_outcome(database, import_id, path)


def _ask_for_consent() -> str:
    if not sys.stdin.isatty():
        raise Refusal("Say how these people agreed to be texted: --consent “Signed up on our form, spring 2026”.")
    _say("How did these people agree to be texted? It is kept with each of them.")
    return input("> ")


def _fingerprint(path: Path) -> str:
    """By which the same file is known again: its size and its beginning."""
    with path.open("rb") as file:
        return f"{path.stat().st_size}:{hashlib.sha256(file.read(_FINGERPRINT_BYTES)).hexdigest()}"


def _lines(path: Path) -> int:
    """About how many rows there are: a quoted cell may have lines of its own."""
    with path.open("rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


async def _read(database: Database, settings: Settings, import_id: int, path: Path, begun: int) -> None:
    total = await asyncio.to_thread(_lines, path)
    with _bar(f"Reading {escape(path.name)}", total) as (progress, task):
        progress.update(task, completed=begun)

        def so_far(imported: int, rejected: int) -> None:
            done = begun + imported + rejected
            progress.update(task, completed=done, total=max(total, done))

        def opened(count: int) -> None:
            words = "Making them ready to be handed out"
            progress.update(task, description=words, completed=min(count, total))

        await import_files.import_file(
            database,
            import_id,
            path,
            Options.of(settings),
            owner=f"command line:{os.getpid()}",
            clock=now,
            on_progress=so_far,
            on_opened=opened,
        )
        progress.update(task, completed=progress.tasks[task].total)


async def _say_outcome(database: Database, import_id: int, path: Path) -> None:
    async with database.reading() as session:
        word = await imports.word_of(session, import_id)
    if word.state == ImportState.FAILED:
        raise _NotDone(f"Nothing was imported from {path.name}: {word.error}")
    if word.state != ImportState.LIVE:
        raise _NotDone(f"Another process is reading {path.name}. Wait for it, or try again in a minute.")
    _say(f"Into {word.campaign}: contacts imported: {word.imported:,}, rows rejected: {word.rejected:,}.")
    if word.rejected:
        await _write_rejects(database, import_id, path)
    if word.hole:
        _say(word.hole)


async def _write_rejects(database: Database, import_id: int, path: Path) -> None:
    beside = path.with_name(f"{path.stem}.rejected.csv")
    try:
        with beside.open("w", encoding="utf-8-sig", newline="") as file:
            await contacts.rejects_csv(database, import_id, file)
    except OSError as trouble:
        raise _NotDone(f"The contacts are in, but the rejected rows could not be written: {trouble}") from trouble
    _say(f"Each rejected row, with its reason: {beside}")
