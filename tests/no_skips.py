"""A pytest plugin for CI (`-p tests.no_skips`): a skipped test or file is a failure there.

A test that cannot run where changes are judged guards nothing. An expected failure (xfail) says so and stays allowed.
"""

from collections.abc import Generator
from typing import Any

import pytest


def _fail_if_skipped(report: Any) -> Any:
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here, but {report.nodeid} was. {reason}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """A test that was skipped."""
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """A file that was skipped whole, by importorskip for one."""
    return _fail_if_skipped((yield))
