"""The house is kept: small modules, each with a first line, and nothing in git that belongs to one machine."""

import ast
import re
from collections.abc import Iterator

from tests.project import source

LONGEST_MODULE = 450
LONGEST_FUNCTION = 60
ROOMS = (*source.PROGRAM, "sandbox", "benchmarks")

# In pieces, so that this file is not found guilty.
HOSTS = re.compile("|".join([r"pypi\." + "org", "python" + "hosted", "registry" + r"\.npm", "/" + "simple/"]))
MACHINE_PATHS = re.compile(
    r"(?<![\w.}/-])/(?:" + "|".join(["ro" + "ot", "ho" + "me", "wo" + "rk", "opt/" + "wheels"]) + r")/\w"
)


def texts() -> Iterator[tuple[str, int, str]]:
    """Every line of every text file in git."""
    for path in source.files():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        yield from ((source.name(path), number, line) for number, line in enumerate(lines, 1))


def test_no_registry_is_named() -> None:
    assert [f"{file}:{number}" for file, number, line in texts() if HOSTS.search(line)] == []


def test_no_path_of_one_machine_is_named() -> None:
    assert [f"{file}:{number}" for file, number, line in texts() if MACHINE_PATHS.search(line)] == []


def test_the_patterns_find_what_they_are_for() -> None:
    assert HOSTS.search("https://files.python" + "hosted.org/packages/x.whl")
    assert MACHINE_PATHS.search("cd /ho" + "me/priya/textbank")
    assert MACHINE_PATHS.search('"/ro' + 'ot/x"')
    assert not MACHINE_PATHS.search("https://slack.com/ho" + "me/x and docs/wo" + "rk/x")


def test_there_is_one_lock() -> None:
    assert {
        source.name(path) for path in source.files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}
    } == set()


def test_every_pin_has_a_hash_and_both_files_agree() -> None:
    def pins(file: str) -> dict[str, str]:
        text = (source.ROOT / file).read_text().replace("\\\n", " ")
        entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
        assert all("--hash=sha256:" in entry for entry in entries), file
        return dict(entry.split()[0].split("==") for entry in entries)

    run, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    assert run.items() <= dev.items()


def test_every_module_says_what_it_is() -> None:
    silent = [
        source.name(path) for path in source.modules(*ROOMS, "migrations") if not ast.get_docstring(source.tree(path))
    ]

    assert [file for file in silent if (source.ROOT / file).read_text().strip()] == []


def test_no_module_is_too_long() -> None:
    lengths = {source.name(path): len(path.read_text().splitlines()) for path in source.modules(*ROOMS)}

    assert {file: length for file, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{source.name(path)}:{function.name}": function.end_lineno - function.lineno + 1
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
        for path, function in source.nodes(kind, *ROOMS)
    }
    assert {function: length for function, length in lengths.items() if length > LONGEST_FUNCTION} == {}
