"""The database's promises that everything else leans on."""

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.engine import make_url

import models
from bot import sqlite
from bot.app import examined, open_kit, running
from bot.database import Database, driver_url
from bot.migrate import NEWER, Schema, migrate, schema_of
from tests.world import open_world, settings_for

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


def test_the_migrations_lead_to_the_models(database_url: str) -> None:
    assert schema_of(database_url) is Schema.CURRENT
    engine = create_engine(driver_url(database_url))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), models.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_release_beside_a_newer_one_says_so_and_works(database_url: str) -> None:
    """... with a column in every table that it does not know: that is how far a migration goes in one release."""
    engine = create_engine(driver_url(database_url))
    with engine.begin() as connection:
        for table in models.metadata.sorted_tables:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN of_the_next_release TEXT")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    assert schema_of(database_url) is Schema.NEWER
    with structlog.testing.capture_logs() as logs:
        migrate(database_url)
    async with open_world(database_url) as world:
        settings = settings_for(database_url, world.slack, world.carrier)
        with structlog.testing.capture_logs() as more:
            async with running(settings, ()):
                pass
        assert [line["event"] for line in [*logs, *more]].count(NEWER) == 2
        assert NEWER in [finding[1] for finding in await examined(settings)]
        priya = world.slack.person("Priya Shah")
        await world.live_campaign()
        await world.texting(priya)
        await priya.presses("Send")
        await world.a_while()
        await world.phone("+13135550101").texts("Where?")
        await world.a_while()
        await priya.writes("At the library", in_=priya.threads[0])
        await world.minute()
        assert [text.body for text in world.carrier.texts][1:] == ["At the library"]


async def test_a_block_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            await session.execute(insert(models.lease), {"name": "clock", "owner": "me", "until": NOW})
            raise RuntimeError
    async with database.reading() as session:
        assert (await session.execute(select(models.lease))).all() == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_was_planned_for_one_reading_is_not_planned_again_for_the_next(database: Database) -> None:
    plan = text(
        "SELECT name, prepare_time FROM pg_prepared_statements WHERE statement LIKE 'SELECT name, prepare_time%'"
    )
    seen = []
    for _ in range(3):
        async with database.reading() as session:
            seen.append((await session.execute(plan)).one())
    assert seen == [seen[0]] * 3


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


async def opened(folder: Path) -> Database:
    """A file of its own, which has been used before."""
    url = f"sqlite:///{folder / 'textbank.db'}"
    migrate(url)
    database = Database(url)
    async with database.reading():
        return database


async def test_a_slow_disk_and_another_process_hold_up_a_writer_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await opened(tmp_path)
    monkeypatch.setattr(sqlite, "QUICK", -1.0)  # every commit is slow
    other = sqlite3.connect(tmp_path / "textbank.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write(name: str) -> None:
        async with database.transaction() as session:
            await session.execute(insert(models.lease), {"name": name, "owner": "me", "until": NOW})

    writing, given_up = asyncio.create_task(write("first")), asyncio.create_task(write("second"))
    await asyncio.sleep(0.05)
    async with database.reading() as session:
        assert (await session.execute(select(models.lease))).all() == []
    assert not writing.done()
    given_up.cancel()
    other.execute("COMMIT")
    await writing
    async with database.reading() as session:
        assert (await session.execute(select(models.lease.c.name))).scalars().all() == ["first"]
    await database.close()
    other.close()


async def test_a_writer_that_is_cancelled_while_it_waits_leaves_the_lock_behind_it(tmp_path: Path) -> None:
    database = await opened(tmp_path)
    other = sqlite3.connect(tmp_path / "textbank.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async def write() -> None:
        async with database.transaction() as session:
            await session.execute(insert(models.lease), {"name": "clock", "owner": "me", "until": NOW})

    waiting = asyncio.create_task(write())
    await asyncio.sleep(0.05)
    waiting.cancel()
    other.execute("COMMIT")
    with pytest.raises(asyncio.CancelledError):
        await waiting
    other.execute("BEGIN IMMEDIATE")
    other.execute("COMMIT")
    await write()
    await database.close()
    other.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_options_of_the_address_hold_for_serving_as_for_migrating(database_url: str) -> None:
    with_options = make_url(database_url).update_query_dict({"options": "-csearch_path=elsewhere,public"})
    database = Database(with_options.render_as_string(hide_password=False))
    async with database.reading() as session:
        assert (await session.exec_driver_sql("SHOW search_path")).scalar_one() == "elsewhere,public"
        assert (await session.exec_driver_sql("SHOW plan_cache_mode")).scalar_one() == "force_generic_plan"
    await database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("more", "most"), [({}, 4), ({"database_connections": 3}, 3)])
async def test_a_worker_opens_few_connections_or_as_many_as_are_set(
    database_url: str, more: dict[str, int], most: int
) -> None:
    async with (
        open_world(database_url) as world,
        open_kit(settings_for(database_url, world.slack, world.carrier, **more), ("worker",)) as kit,
    ):
        await asyncio.gather(*(_look(kit.database) for _ in range(8)))
        assert kit.database.engine.pool.checkedin() == most  # type: ignore[union-attr,attr-defined]


async def _look(database: Database) -> None:
    async with database.reading() as session:
        await session.exec_driver_sql("SELECT pg_sleep(0.01)")
