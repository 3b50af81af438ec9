"""`python -m bot import` and `export`, run in this process: files in and out beside Textbank."""

import asyncio
import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import Result
from sqlalchemy import create_engine, event, text
from typer.testing import CliRunner

from bot import terminal
from bot.__main__ import cli
from bot.clock import now
from bot.database import Database, driver_url
from bot.services import campaigns, contacts, export_files, import_files
from bot.services.contact_rows import Options
from tests.world import CONSENT, SECRET

LIST = "VANID,First Name,Cell Phone\n1001,Sara,313 555 0101\n1002,Tom,313 555 0102\n1003,Ana,none\n"


class Desk:
    """A machine's command line, its folder, and the database that Textbank serves."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.url, self.folder = database_url, folder
        self.file = folder / "voters.csv"

    def runs(self, *words: str) -> Result:
        environment = {
            "DATABASE_URL": self.url,
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "signed",
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "token",
            "TWILIO_FROM_NUMBERS": "+13135550199",
            "TEXTBANK_SECRET": SECRET,
        }
        return CliRunner().invoke(cli, list(words), env=environment)

    def imports(self, content: str = LIST, *more: str) -> Result:
        self.file.write_text(content, encoding="utf-8")
        return self.runs("import", "Fall", str(self.file), "--consent", CONSENT, *more)

    def query(self, statement: str) -> list[Any]:
        async def ask(database: Database) -> list[Any]:
            async with database.transaction() as session:
                return list((await session.execute(text(statement))).all())

        return self.does(ask)

    def does(self, work: Callable[[Database], Any]) -> Any:
        async def run() -> Any:
            database = Database(self.url)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(run())

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "out" / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def its_own_log() -> Iterator[None]:
    """The command line logs to where it writes, and that is gone after each command."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """There is a campaign whose own first file had no row."""
    monkeypatch.setattr(terminal, "NICE", 0)
    desk = Desk(database_url, tmp_path)
    desk.file.write_text("First Name,Cell Phone\n", encoding="utf-8")

    async def campaign(database: Database) -> None:
        new = campaigns.NewCampaign("Fall GOTV", "Hi {first_name}", CONSENT, "empty.csv", None)
        async with database.transaction() as session:
            _, import_id = await campaigns.create(session, new, by="U1", now=now())
        options = Options(region="US", secret=SECRET, hours="09:00-20:00")
        await import_files.import_file(database, import_id, desk.file, options, owner="test", clock=now)

    desk.does(campaign)
    return desk


def people(count: int, first: int = 100) -> str:
    rows = [f"{n},Voter{n},313 555 {n:04}" for n in range(first, first + count)]
    return "\n".join(["VANID,First Name,Cell Phone", *rows]) + "\n"


def test_a_file_goes_in_and_comes_out_again(desk: Desk) -> None:
    done = desk.imports()
    assert done.exit_code == 0, done.output
    assert "Into Fall GOTV: contacts imported: 2, rows rejected: 1." in done.output
    rejects = (desk.folder / "voters.rejected.csv").read_text(encoding="utf-8-sig")
    assert "Ana" in rejects
    assert "Tom" not in rejects
    assert desk.query("SELECT imported_by FROM contact_import ORDER BY id DESC LIMIT 1") == [("command line",)]
    assert desk.query("SELECT recipient FROM slack_post WHERE recipient NOT LIKE 'U%'") == [], "nobody there to be told"

    done = desk.runs("export", "fall gotv", str(desk.folder / "out"))
    assert done.exit_code == 0, done.output
    assert "2 contacts of Fall GOTV, read from 20" in done.output
    rows = desk.table("contacts.csv")
    assert [(row["external_id"], row["phone"], row["consent"]) for row in rows] == [
        ("1001", "+13135550101", CONSENT),
        ("1002", "+13135550102", CONSENT),
    ]
    assert sorted(path.name for path in (desk.folder / "out").iterdir()) == sorted(export_files.FILES)
    assert desk.query("SELECT who, subject FROM audit WHERE what = 'export'") == [("command line", "Fall GOTV")]


def test_a_campaign_that_is_not_there_is_answered_with_the_nearest(desk: Desk) -> None:
    for words in (("export", "Fal GOTV", str(desk.folder / "out")), ("import", "Autumn Fall GOTV", str(desk.file))):
        done = desk.runs(*words)
        assert done.exit_code == 2
        assert "Did you mean “Fall GOTV”?" in done.output
    done = desk.runs("export", "Spring drive", str(desk.folder / "out"))
    assert (done.exit_code, "There is no campaign named “Spring drive”" in done.output) == (2, True)


@pytest.mark.parametrize("consent", [(), ("--consent", "yes")])
def test_without_consent_nothing_is_read(desk: Desk, consent: tuple[str, ...]) -> None:
    done = desk.runs("import", "Fall GOTV", str(desk.file), *consent)
    assert done.exit_code == 2
    assert "Say how these people agreed to be texted" in done.output
    assert len(desk.query("SELECT id FROM contact_import")) == 1


def test_a_closed_campaign_takes_no_file(desk: Desk) -> None:
    desk.query("UPDATE campaign SET state = 'closed' RETURNING id")
    done = desk.imports()
    assert (done.exit_code, "Fall GOTV is closed." in done.output) == (2, True)


def test_a_file_that_is_none_says_so(desk: Desk) -> None:
    done = desk.imports("Name,Email\nSara,sara@example.org\n")
    assert done.exit_code == 1
    assert "Nothing was imported from voters.csv: No column looks like a phone number's" in done.output


def test_an_import_that_is_stopped_goes_on_by_the_same_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal.Options, "of", lambda _settings: Options("US", SECRET, "09:00-20:00", chunk_rows=4))
    staged = contacts.stage
    chunks = 0

    async def stopped(*args: Any, **more: Any) -> Any:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise KeyboardInterrupt
        return await staged(*args, **more)

    monkeypatch.setattr(contacts, "stage", stopped)
    done = desk.imports(people(15))
    assert (done.exit_code, "The same command goes on where this one was." in done.output) == (130, True)
    half = desk.query("SELECT imported, lease_owner FROM contact_import WHERE state = 'staging'")
    assert half == [(8, None)]

    async def waiting(database: Database) -> list[list[int]]:
        async with database.reading() as session:
            return [await contacts.waiting(session, now=now() + timedelta(hours=hours)) for hours in (1, 25)]

    soon, later = desk.does(waiting)
    assert soon == [], "a worker has no such file"
    assert len(later) == 1, "after a day, what was staged is dropped"

    done = desk.imports(people(15))
    assert done.exit_code == 0, done.output
    assert "Going on with voters.csv at row" in done.output
    assert "Into Fall GOTV: contacts imported: 15, rows rejected: 0." in done.output
    assert len(desk.query("SELECT id FROM contact")) == 15
    assert len(desk.query("SELECT contact_id FROM conversation")) == 15


def test_files_that_are_there_are_not_overwritten_unasked(desk: Desk) -> None:
    out = desk.folder / "out"
    out.mkdir()
    (out / "messages.csv").write_text("mine", encoding="utf-8")
    done = desk.runs("export", "Fall", str(out))
    assert done.exit_code == 2
    assert "There is a messages.csv in" in done.output
    assert "--force" in done.output
    assert [path.name for path in out.iterdir()] == ["messages.csv"]
    assert desk.runs("export", "Fall", str(out), "--force").exit_code == 0
    assert desk.table("messages.csv") == []


def test_an_export_that_breaks_off_leaves_nothing_half_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.imports(people(5))
    read, pages = export_files._read, 0

    async def stopped(*args: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 2:
            raise KeyboardInterrupt
        return await read(*args)

    monkeypatch.setattr(export_files, "_read", stopped)
    done = desk.runs("export", "Fall", str(desk.folder / "out"))
    assert (done.exit_code, "Stopped: nothing was written." in done.output) == (130, True)
    assert list((desk.folder / "out").iterdir()) == []


def test_many_pages_have_everybody_once_and_hold_no_page_of_the_database(desk: Desk) -> None:
    """Several files, each with pages of its own; after each page SQLite can write its whole log back."""
    for start in (100, 200, 300):
        assert desk.imports(people(10, start)).exit_code == 0
    out = desk.folder / "out"
    out.mkdir()

    async def pages(database: Database) -> list[int]:
        seen, free = [], Database(desk.url)

        async def written_back() -> None:
            async with free.transaction() as session:
                await session.execute(text("UPDATE campaign SET name = name"))
            if free.sqlite:
                with free.engine.sync_engine.connect() as connection:  # type: ignore[union-attr]
                    busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
                assert busy is not None
                assert busy[0] == 0, "a page's transaction was still open"

        def progress(contacts: int) -> None:
            seen.append(contacts)
            checks.append(asyncio.ensure_future(written_back()))

        checks: list[asyncio.Future[None]] = []
        await export_files.write(database, 1, out, page_rows=4, rest=0.02, on_progress=progress)
        await asyncio.gather(*checks)
        await free.close()
        return seen

    assert desk.does(pages) == [4, 8, 10, 14, 18, 20, 24, 28, 30]
    ids = [row["external_id"] for row in desk.table("contacts.csv")]
    assert ids == [str(n) for start in (100, 200, 300) for n in range(start, start + 10)]


def test_what_is_said_of_a_contact_is_of_one_moment(desk: Desk) -> None:
    """Voters write after a page's contacts are read and before their texts are."""
    desk.imports(people(3))
    out = desk.folder / "out"
    out.mkdir()
    others, written = create_engine(driver_url(desk.url)), False

    def voters_write(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal written
        if "FROM contact JOIN person" in statement and not written:
            written = True
            with others.begin() as session:
                session.execute(
                    text(
                        "INSERT INTO inbound (carrier_sid, from_number, to_number, body, verdict, conversation_id, at)"
                        " SELECT 'SM' || id, '+1', '+2', 'Hello', 'none', id, consent_since FROM"
                        " (SELECT contact.id, contact_import.created_at AS consent_since FROM contact"
                        " JOIN contact_import ON contact_import.id = contact.import_id) AS them"
                    )
                )

    async def export(database: Database) -> None:
        event.listen(database.engine.sync_engine, "after_cursor_execute", voters_write)
        try:
            await export_files.write(database, 1, out)
        finally:
            event.remove(database.engine.sync_engine, "after_cursor_execute", voters_write)

    desk.does(export)
    others.dispose()
    assert written
    assert [row["replies"] for row in desk.table("contacts.csv")] == ["0", "0", "0"]
    assert desk.table("conversations.csv") == []


def test_a_database_of_an_older_release_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "NICE", 0)
    desk = Desk(f"sqlite:///{tmp_path}/old.db", tmp_path)
    done = desk.runs("export", "Fall", str(tmp_path / "out"))
    assert (done.exit_code, "run `python -m bot migrate`" in done.output) == (2, True)
