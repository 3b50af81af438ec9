"""Bring the database to the current schema: the numbered files of migrations/, each once, one process at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from bot.database import driver_url

log = structlog.get_logger()

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_LOCK = 7_316_202_611
"""An arbitrary number: two processes that start together must not both migrate PostgreSQL."""


class Schema(StrEnum):
    """How the database's schema stands to this release; NEWER: a later release has migrated it."""

    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


NEWER = (
    "The database is newer than this release: a later one has migrated it. Beside that one this one goes on, since a "
    "migration only adds; bring it up to date soon."
)


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
        if _schema(connection) is Schema.NEWER:
            return log.warning(NEWER)
        command.upgrade(configuration(connection), "head")


def schema_of(url: str) -> Schema:
    """How this database's schema stands to this release."""
    with _connected(url) as connection:
        return _schema(connection)


def _schema(connection: Connection) -> Schema:
    scripts = ScriptDirectory.from_config(configuration())
    found = MigrationContext.configure(connection).get_current_revision()
    if found == scripts.get_current_head():
        return Schema.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return Schema.OLDER if found is None or found in known else Schema.NEWER


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
