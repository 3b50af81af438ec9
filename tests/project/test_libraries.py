"""pyproject.toml asks for the libraries that the code imports, and for no other."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.project import source

OURS = {*source.PROGRAM, "sandbox", "migrations", "tests", "benchmarks"}
NEVER_IMPORTED = {
    "psycopg": "SQLAlchemy's driver for PostgreSQL",
    "python-multipart": "Starlette reads forms with it",
    "tzdata": "time zones, where the system has none",
}
COME_WITH_ANOTHER = {
    "click": "typer",
    "pydantic": "pydantic-settings",
    "slack-sdk": "slack-bolt",
    "uvloop": "uvicorn",
    "yarl": "aiohttp",
}


def asked_for() -> tuple[set[str], set[str]]:
    """What running asks for by name, and what developing does in addition."""
    project = tomllib.loads((source.ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=; ]", requirement)[0].lower() for requirement in requirements}

    return names(project["dependencies"]), names(project["optional-dependencies"]["dev"])


def imported(*rooms: str) -> set[str]:
    """The libraries that these rooms import, by the names under which they are installed."""
    modules = {alias.name for _, node in source.nodes(ast.Import, *rooms) for alias in node.names}
    modules |= {node.module for _, node in source.nodes(ast.ImportFrom, *rooms) if node.module and not node.level}
    roots = {module.split(".")[0] for module in modules} - OURS - set(sys.stdlib_module_names)
    installed = packages_distributions()
    return {installed[root][0].lower().replace("_", "-") for root in roots}


def test_every_import_is_asked_for() -> None:
    run, dev = asked_for()
    carried = {library for library, carrier in COME_WITH_ANOTHER.items() if carrier in run}

    assert imported(*source.PROGRAM, "migrations", "sandbox") - run - carried == set()
    assert imported("tests", "benchmarks") - run - dev - carried == set()


def test_nothing_is_asked_for_in_vain() -> None:
    run, _ = asked_for()

    assert run - imported(*source.PROGRAM, "migrations", "sandbox") - set(NEVER_IMPORTED) == set()
