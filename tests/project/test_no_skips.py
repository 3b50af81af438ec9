"""The plugin that CI loads: red when anything is skipped, alone and under xdist."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

STORIES = {
    "passes": ("def test_it(): pass", 0),
    "is expected to fail": ("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False", 0),
    "skips in the body": ("import pytest\ndef test_it(): pytest.skip('no server')", 1),
    "is marked": ("import pytest\n@pytest.mark.skip(reason='later')\ndef test_it(): pass", 1),
    "is marked with a condition": ("import pytest\n@pytest.mark.skipif(True, reason='here')\ndef test_it(): pass", 1),
    "skips in a fixture": (
        "import pytest\n@pytest.fixture\ndef server(): pytest.skip('none')\ndef test_it(server): pass",
        1,
    ),
    "is in a file that is skipped": ("import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass", 1),
}


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_skip_is_a_failure(tmp_path: Path, workers: str) -> None:
    for number, (source, _) in enumerate(STORIES.values()):
        (tmp_path / f"test_{number}.py").write_text(source)

    options = f"-p tests.no_skips -n {workers} -rA -c /dev/null --continue-on-collection-errors --rootdir".split()
    command = [sys.executable, "-m", "pytest", *options, str(tmp_path), str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert run.returncode != 0
    for number, (name, (_, failures)) in enumerate(STORIES.items()):
        lines = [line for line in run.stdout.splitlines() if f"test_{number}.py" in line]
        red = any(line.startswith(("FAILED", "ERROR")) for line in lines)
        assert red == bool(failures), f"a test that {name}:\n{run.stdout}"
