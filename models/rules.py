"""Rules over tables that need no query of their own."""

from enum import StrEnum

from sqlalchemy import ColumnElement, Table, literal_column


def state_is(table: Table, *states: StrEnum | str) -> ColumnElement[bool]:
    """Rows in one of these states, with the states written out.

    A partial index serves a statement only if the database can see its condition in it, and in a prepared statement a
    parameter hides it.
    """
    values: list[ColumnElement[str]] = [literal_column("'" + str(state) + "'") for state in states]
    column = table.c.state
    return column == values[0] if len(values) == 1 else column.in_(values)
