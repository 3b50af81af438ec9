"""What an earlier story has made over HTTP, put back into the database as it was: the commonest beginning of stories.

Slack does not remember it. A story of what the organizer is told meanwhile makes its campaign anew.
"""

from collections.abc import Hashable, Sequence
from typing import Any

from sqlalchemy import Table, func, insert, literal_column, select

import models
from bot.database import Database

HERE_ANYWAY = {"pace", "lease"}
"""What a process has of its own as soon as it runs."""
TABLES = [table for table in models.metadata.sorted_tables if table.name not in HERE_ANYWAY]
ANYTHING = select(*(select(1).select_from(table).exists().label(table.name) for table in TABLES))

Rows = list[tuple[Table, Sequence[Any]]]


class Ready:
    """The rows of each beginning that was made in this run of the tests."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Rows] = {}

    async def put_back(self, database: Database, beginning: Hashable) -> bool:
        """Whether it was made before, and now is there again."""
        rows = self._kept.get(beginning)
        if rows is None:
            return False
        async with database.transaction() as session:
            for table, values in rows:
                await session.execute(insert(table), values)
            if not database.sqlite:
                numbered = [table for table, _ in rows if table.autoincrement_column is not None]
                await session.execute(select(*map(_goes_on, numbered)))
        return True

    async def keep(self, database: Database, beginning: Hashable) -> None:
        """What is in the database now is what this beginning comes to."""
        async with database.reading() as session:
            found = [(table, (await session.execute(select(table))).mappings().all()) for table in TABLES]
        self._kept[beginning] = [(table, [dict(row) for row in rows]) for table, rows in found if rows]


async def is_empty(database: Database) -> bool:
    """Whether nothing has happened yet."""
    async with database.reading() as session:
        return not any((await session.execute(ANYTHING)).one())


def _goes_on(table: Table) -> Any:
    """The next id is the one after the last."""
    column = table.autoincrement_column
    assert column is not None
    last = select(func.max(column)).scalar_subquery()
    return func.setval(func.pg_get_serial_sequence(table.name, literal_column(f"'{column.name}'")), last)
