"""The project as text: its files as git sees them, and its modules parsed."""

import ast
import importlib
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("bot", "handlers", "models")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is in git, or would be with the next commit."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for name in set(listed.split("\0")) - {""} if (path := ROOT / name).is_file()))


def modules(*rooms: str) -> list[Path]:
    """The Python files of these rooms."""
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in rooms]


def name(path: Path) -> str:
    """A path as the project writes it: bot/services/texting.py."""
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    """One file, parsed."""
    return ast.parse(path.read_text(), filename=str(path))


def nodes(kind: type[Any], *rooms: str) -> Iterator[tuple[Path, Any]]:
    """Every node of this kind in these rooms, with its file."""
    for path in modules(*rooms):
        yield from ((path, node) for node in ast.walk(tree(path)) if isinstance(node, kind))


def value(path: Path, expression: ast.expr) -> Any:
    """What an expression stands for at the top of its module: a literal, or a constant by its name."""
    try:
        return ast.literal_eval(expression)
    except ValueError:
        module = importlib.import_module(name(path).removesuffix(".py").replace("/", "."))
        return eval(ast.unparse(expression), vars(module))


@cache
def manifest() -> dict[str, Any]:
    """The Slack app's manifest."""
    return dict(yaml.safe_load((ROOT / "manifest.yml").read_text()))


@cache
def documentation() -> str:
    """README.md and the pages of docs/."""
    pages = [path for path in files() if path.suffix == ".md" and name(path).startswith(("README", "docs/"))]
    return "\n".join(page.read_text() for page in pages)
