"""One import from its file to the pool, as a process of its own runs it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

import models
from bot.database import Database
from bot.services import campaigns, contacts, file_reader, import_files
from bot.services.contact_rows import Options
from bot.services.import_files import import_file

NOW = datetime(2026, 10, 20, 16, tzinfo=UTC)


class Killed(Exception):
    """Stands for the end of the process at this very moment."""


class Desk:
    """Where an organizer's files arrive. `clock` stands still unless moved."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.path, self.now = database, folder / "people.csv", NOW
        self.import_id = 0

    async def receives(self, content: str | bytes) -> None:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        new = campaigns.NewCampaign("October", "Hi {first_name}", "They signed up on our page", "people.csv", None)
        async with self.database.transaction() as session:
            _, self.import_id = await campaigns.create(session, new, by="U1", now=self.now)

    async def runs(
        self, owner: str = "me", progress: Callable[[int, int], Any] = print, rows: int = 100, **more: Any
    ) -> None:
        options = Options(region="US", secret="a secret for tests", hours="09:00-20:00", chunk_rows=rows)
        about: dict[str, Any] = {"owner": owner, "clock": lambda: self.now, "on_progress": progress}
        await import_file(self.database, self.import_id, self.path, options, **about, **more)

    async def row(self) -> Any:
        return (await self._execute(select(models.contact_import))).one()

    async def count(self, table: Any) -> int:
        return int((await self._execute(select(func.count()).select_from(table))).scalar_one())

    async def _execute(self, statement: Any) -> Any:
        async with self.database.reading() as session:
            return await session.execute(statement)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path)


def people(count: int) -> str:
    return "first_name,cell,zip\n" + "".join(
        f"Ann{number},313-{200 + number // 10_000}-{number % 10_000:04},48201\n" for number in range(count)
    )


async def test_five_thousand_rows_come_through_a_reading_process(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "SMALL_FILE", 0)
    await desk.receives(people(5_000) + "Bob,nonsense,\nAnn again,3132000000,\n")
    seen: list[tuple[int, int]] = []
    await desk.runs(progress=lambda imported, rejected: seen.append((imported, rejected)), rows=1_000)
    done = await desk.row()
    assert (done.state, done.imported, done.rejected, done.lease_owner) == ("live", 5_000, 2, None)
    assert done.header == ["first_name", "cell", "zip"]
    assert [await desk.count(it) for it in (models.contact, models.conversation)] == [5_000, 5_000]
    assert seen[0] == (1_000, 0)
    assert seen[-1] == (5_000, 2)


async def test_an_import_killed_while_staging_goes_on_and_doubles_nothing(desk: Desk) -> None:
    await desk.receives(people(950) + "Bob,nonsense,\n")

    def dies(imported: int, _rejected: int) -> None:
        if imported == 400:
            raise Killed

    with pytest.raises(Killed):
        await desk.runs(progress=dies)
    half = await desk.row()
    assert (half.state, half.imported, half.next_row) == ("staging", 400, 402)
    assert await desk.count(models.conversation) == 0, "nothing can be handed out of half a file"

    seen: list[int] = []
    await desk.runs(owner="another", progress=lambda imported, _rejected: seen.append(imported))
    assert seen[0] == 100, "the second run begins where the first ended"
    done = await desk.row()
    assert (done.state, done.imported, done.rejected) == ("live", 950, 1)
    assert [await desk.count(it) for it in (models.contact, models.conversation)] == [950, 950]
    assert await desk.count(models.tally) == 1


async def test_an_import_that_is_told_to_stop_ends_after_its_chunk_and_another_goes_on(desk: Desk) -> None:
    await desk.receives(people(950))
    told: list[int] = []
    await desk.runs(progress=lambda imported, _rejected: told.append(imported), is_over=lambda: len(told) == 3)
    half = await desk.row()
    assert (half.state, half.imported, half.lease_owner, half.tries) == ("staging", 300, None, 0)

    await desk.runs(owner="another")
    done = await desk.row()
    assert (done.state, done.imported) == ("live", 950)
    assert await desk.count(models.conversation) == 950


async def test_an_import_killed_while_conversations_are_opened_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receives(people(50))
    monkeypatch.setattr(import_files, "OPEN_AT_ONCE", 20)
    opened = 0
    original = contacts.open_some

    async def dies_at_the_second(*args: Any, **more: Any) -> int | None:
        nonlocal opened
        opened += 1
        if opened == 2:
            raise Killed
        return await original(*args, **more)

    monkeypatch.setattr(contacts, "open_some", dies_at_the_second)
    with pytest.raises(Killed):
        await desk.runs()
    assert await desk.count(models.conversation) == 20

    monkeypatch.setattr(contacts, "open_some", original)
    await desk.runs(owner="another")
    assert await desk.count(models.conversation) == 50
    assert await desk.count(models.tally) == 1
    assert (await desk.row()).open_after is None


async def test_a_process_that_died_with_the_lease_is_followed_when_it_has_run_out(desk: Desk) -> None:
    await desk.receives(people(10))
    async with desk.database.transaction() as session:
        until = NOW + import_files.LEASE
        await contacts.take(session, desk.import_id, owner="the dead", now=NOW, until=until)
    await desk.runs()
    assert (await desk.row()).state == "staging"
    desk.now += import_files.LEASE + timedelta(seconds=1)
    await desk.runs()
    assert (await desk.row()).state == "live"


async def test_two_importers_of_one_file_are_one(desk: Desk) -> None:
    await desk.receives(people(500))
    await asyncio.gather(desk.runs(owner="one"), desk.runs(owner="two"))
    done = await desk.row()
    assert (done.state, done.imported, done.rejected) == ("live", 500, 0)
    assert await desk.count(models.conversation) == 500


async def test_an_importer_that_slept_through_its_lease_stops_and_harms_nothing(desk: Desk) -> None:
    await desk.receives(people(500))

    def taken_over(imported: int, _rejected: int) -> None:
        if imported == 200:
            taking.append(asyncio.ensure_future(steal()))

    async def steal() -> None:
        async with desk.database.transaction() as session:
            await session.execute(text("UPDATE contact_import SET lease_owner = 'thief'"))

    taking: list[asyncio.Future[None]] = []
    await desk.runs(progress=taken_over)
    assert taking
    half = await desk.row()
    assert (half.state, half.lease_owner) == ("staging", "thief")
    assert half.imported < 500
    desk.now += import_files.LEASE + timedelta(seconds=1)
    await desk.runs(owner="third")
    assert await desk.count(models.contact) == (await desk.row()).imported == 500


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "The file is empty."),
        ("name,email\nAnn,ann@example.org\n", "No column looks like a phone number's."),
        ("Ann,313-555-0123\nBob,313-555-0124\n", "looks like a person"),
        (b"PK\x03\x04...", "Excel workbook"),
    ],
)
async def test_a_file_that_cannot_be_read_fails_with_words_and_leaves_nothing(
    desk: Desk, content: str | bytes, words: str
) -> None:
    await desk.receives(content)
    await desk.runs()
    failed = await desk.row()
    assert failed.state == "failed"
    assert words in failed.error
    assert (failed.imported, failed.rejected, failed.lease_owner) == (0, 0, None)
    assert await desk.count(models.contact) == 0


async def test_a_file_that_cannot_be_read_any_more_takes_back_what_was_staged(desk: Desk) -> None:
    await desk.receives(people(300))

    def dies(imported: int, _rejected: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        await desk.runs(progress=dies)
    assert await desk.count(models.contact) == 100
    desk.path.unlink()
    await desk.runs()
    failed = await desk.row()
    assert (failed.state, failed.next_row) == ("failed", 0)
    assert "cannot be read" in failed.error
    assert [await desk.count(it) for it in (models.contact, models.import_reject)] == [0, 0]


async def test_a_reader_that_dies_is_an_error_and_not_the_end_of_the_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receives(people(10))
    monkeypatch.setattr(file_reader, "send_all", _dies_at_once)
    monkeypatch.setattr(file_reader, "SMALL_FILE", 0)
    with pytest.raises(RuntimeError, match="ended too early"):
        await desk.runs()
    assert (await desk.row()).state == "staging"


async def test_an_import_that_breaks_off_again_and_again_at_one_row_is_given_up_with_a_word(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.receives(people(300))

    def gets_on_a_little(_imported: int, _rejected: int) -> None:
        raise Killed

    for _ in range(2):
        with pytest.raises(Killed):
            await desk.runs(progress=gets_on_a_little)
    monkeypatch.setattr(contacts.contact_staging, "put_in", _breaks)
    for _ in range(import_files.TRIES):
        with pytest.raises(Killed):
            await desk.runs()
        assert (await desk.row()).state == "staging"
    await desk.runs()
    failed = await desk.row()
    assert (failed.state, failed.next_row, failed.lease_owner) == ("failed", 0, None)
    assert "broke off 5 times at row 202" in failed.error
    assert [await desk.count(it) for it in (models.contact, models.conversation)] == [0, 0]
    assert await desk.count(models.slack_post) == 2, "the organizer heard that it was begun and how it ended"


async def _breaks(*_args: Any, **_more: Any) -> None:
    raise Killed


def _dies_at_once(*_args: Any) -> None:
    raise SystemExit(1)
