"""Bring the database to the current schema: the numbered files of migrations/, each once, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from bot.database import driver_url

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7_316_202_611
"""An arbitrary number: two processes that start together must not both migrate PostgreSQL."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(url: str) -> None:
    """Apply what is missing. Safe beside a running release, and beside another process that does the same."""
    with _connected(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(configuration(connection), "head")


def is_current(url: str) -> bool:
    """Whether this database has every migration."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision() == head


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
