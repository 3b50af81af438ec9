"""Rules over tables that need no query of their own."""

from enum import StrEnum

from sqlalchemy import ColumnElement, Table, literal_column


def state_is(table: Table, *states: StrEnum | str) -> ColumnElement[bool]:
    """To find rows by their state, with the states written out.

    A partial index serves a statement only if the database can see its condition in it, and in a prepared statement a
    parameter hides it.
    """
    values: list[ColumnElement[str]] = [literal_column("'" + str(state) + "'") for state in states]
    column = table.c.state
    return column == values[0] if len(values) == 1 else column.in_(values)


def state_was(table: Table, state: StrEnum | str) -> ColumnElement[bool]:
    """The guard of a compare-and-set on a row that is found by its key.

    A parameter, on purpose: with the state written out, the planner may take a partial index that it believes to be
    small, and go through a volunteer's whole row of contacts for one.
    """
    return table.c.state == str(state)
