"""Who may import whom. The layers are import-linter's (pyproject.toml); what it cannot say is said here."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import source

LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
ROOMS_OF_BOT = {
    "__init__",
    "__main__",
    "app",
    "simulated",
    "services",
    "views",
    "gateways",
    "migrate",
    "serving",
    "ending",
    "terminal",
    "clock",
    "database",
    "errors",
    "settings",
    "sqlite",
}
VIEWS_MAY_IMPORT = {"models", "bot.errors", "bot.services", "bot.views"}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, in full."""
    found: set[str] = set()
    for node in ast.walk(source.tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = source.name(path).removesuffix(".py").split("/")
                base = ".".join([*parents[: -node.level], *([base] if base else [])])
            # `from bot import views` names a module by its last word.
            found |= {f"{base}.{alias.name}" if base == "bot" else base for alias in node.names}
    return found


def within(module: str, rooms: set[str]) -> bool:
    """Whether a module is one of these rooms, or in one."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """import-linter, over the project that is at `root`."""
    return subprocess.run([sys.executable, "-c", LINT], cwd=root, capture_output=True, text=True)


def test_each_room_imports_only_what_it_may() -> None:
    linted = lint(source.ROOT)

    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("models/wrong.py", "import bot.errors"),
        ("models/wrong.py", "import slack_sdk"),
        ("bot/services/wrong.py", "import bot.views.good"),
        ("bot/services/wrong.py", "import handlers.good"),
        ("bot/services/wrong.py", "from twilio.rest import Client"),
        ("bot/services/wrong.py", "import aiohttp"),
        ("bot/views/wrong.py", "import bot.gateways.good"),
        ("handlers/wrong.py", "import bot.app"),
        ("sandbox/wrong.py", "from models import good"),
        ("sandbox/wrong.py", "import bot.errors"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, line: str) -> None:
    rooms = ["handlers", "models", "sandbox", "bot/services", "bot/views", "bot/gateways"]
    for path in [*(f"{room}/good" for room in rooms), *(f"bot/{room}" for room in ROOMS_OF_BOT)]:
        if path not in rooms:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / f"{path}.py").write_text('"""A room."""\n')
    for room in ("bot", *rooms):
        (tmp_path / room / "__init__.py").write_text("")
    (tmp_path / "pyproject.toml").write_text((source.ROOT / "pyproject.toml").read_text())
    assert lint(tmp_path).returncode == 0

    (tmp_path / file).write_text(f"{line}\n")

    assert lint(tmp_path).returncode != 0


def test_every_module_of_bot_is_in_a_layer() -> None:
    modules = {path.relative_to(source.ROOT).parts[1].removesuffix(".py") for path in source.modules("bot")}

    assert modules - ROOMS_OF_BOT == set(), "give it a place among the layers in pyproject.toml, and name it here"


def test_every_room_is_a_package() -> None:
    folders = {path.parent for path in source.modules(*source.PROGRAM, "sandbox")}

    assert {source.name(folder) for folder in folders if not (folder / "__init__.py").exists()} == set(), (
        "import-linter does not look into a folder without __init__.py"
    )


def test_views_are_pure() -> None:
    allowed = VIEWS_MAY_IMPORT | set(sys.stdlib_module_names)
    impure = {
        f"{source.name(path)}: {module}"
        for path in source.modules("bot")
        if source.name(path).startswith("bot/views/")
        for module in imports(path)
        if not within(module, allowed)
    }
    assert impure == set(), "a view is values in, Block Kit out"


def test_the_program_starts_the_sandbox_only_from_its_command_line() -> None:
    users = {
        source.name(path)
        for path in source.modules(*source.PROGRAM)
        if any(within(m, {"sandbox"}) for m in imports(path))
    }

    assert users <= {"bot/__main__.py"}
