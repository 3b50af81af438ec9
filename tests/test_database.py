"""The database's promises that everything else leans on."""

import asyncio
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select

import models
from bot.database import Database, driver_url
from bot.migrate import is_current

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


def test_the_migrations_lead_to_the_models(database_url: str) -> None:
    engine = create_engine(driver_url(database_url, asynchronous=False))
    with engine.connect() as connection:
        assert is_current(connection)
        assert compare_metadata(MigrationContext.configure(connection), models.metadata) == []
    engine.dispose()


async def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await session.execute(insert(models.lease), {"name": "clock", "owner": "me", "until": NOW})
            raise RuntimeError
    async with database.reading() as session:
        assert (await session.execute(select(models.lease))).all() == []


async def test_moments_come_back_as_they_went_in_and_naive_ones_are_refused(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(insert(models.lease), {"name": "clock", "owner": "me", "until": NOW})
        assert (await session.execute(select(models.lease.c.until))).scalar_one() == NOW
        with pytest.raises(Exception, match="no time zone"):
            await session.execute(insert(models.lease), {"name": "x", "owner": "me", "until": datetime(2026, 1, 1)})  # noqa: DTZ001


async def test_twenty_writers_at_once_all_get_their_turn(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as session:
            await session.execute(insert(models.lease), {"name": f"job {number}", "owner": "me", "until": NOW})

    await asyncio.gather(*(write(number) for number in range(20)))
    async with database.reading() as session:
        assert len((await session.execute(select(models.lease))).all()) == 20
