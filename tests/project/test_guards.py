"""The table of guards is up to date: what is to be cut out is there, and so is the test that must then fail."""

import ast

import pytest

from tests.guards.table import GUARDS, Guard
from tests.project import source

IDS = [guard.name for guard in GUARDS]


@pytest.mark.parametrize("guard", GUARDS, ids=IDS)
def test_each_guard_is_where_the_table_says(guard: Guard) -> None:
    assert [why for cut in guard.cuts if (why := cut.missing())] == []


@pytest.mark.parametrize("guard", GUARDS, ids=IDS)
def test_each_guard_has_its_test(guard: Guard) -> None:
    file, _, name = guard.test.partition("::")
    functions = {node.name for node in ast.walk(source.tree(source.ROOT / file)) if hasattr(node, "name")}
    assert name.partition("[")[0] in functions


def test_no_two_guards_have_one_name() -> None:
    assert len(set(IDS)) == len(IDS)
