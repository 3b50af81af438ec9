"""The whole database as text: what an erasure must have left nothing in."""

import models
from tests.world import World


async def everything(world: World) -> list[tuple[str, str, str]]:
    """(table, column, value as text) for every cell of every table there is, whether the models know it or not."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if not world.kit.database.sqlite:
        names = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    tables = [row.name for row in await world.query(names)]
    assert {table.name for table in models.metadata.sorted_tables} <= set(tables)
    cells = []
    for table in tables:
        for row in await world.query(f'SELECT * FROM "{table}"'):
            cells += [(table, column, str(value)) for column, value in row._mapping.items()]
    return cells


async def found(world: World, *words: str) -> list[str]:
    """Where in the database these words still stand, in any spelling of their letters."""
    cells = await everything(world)
    return sorted({f"{word} in {t}.{c}" for t, c, value in cells for word in words if word.lower() in value.lower()})
