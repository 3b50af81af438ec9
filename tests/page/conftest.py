"""One browser serves all stories of a run, each with a world of its own. Where there is no browser they are skipped."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.page.story import Story, chromium_here, open_browser, open_story


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The one browser of this run."""
    if (found := chromium_here()) is None:
        pytest.skip("no Chromium is installed: with it (`apt-get install chromium`, or Chrome) the page is tested too")
    async with open_browser(found) as browser:
        yield browser


@pytest.fixture(scope="session")
def new_database(migrated_sqlite: Path) -> Callable[[Path], str]:
    """Makes an empty database with the current schema: what only shows on a screen is the same on both kinds."""

    def make(folder: Path) -> str:
        shutil.copy(migrated_sqlite, folder / "textbank.db")
        return f"sqlite:///{folder / 'textbank.db'}"

    return make


@pytest_asyncio.fixture(loop_scope="session")
async def story(chromium: Browser, new_database: Callable[[Path], str], tmp_path: Path) -> AsyncIterator[Story]:
    """A workspace with Olivia, Priya and Marcus, and the product, all at work."""
    async with open_story(chromium, new_database(tmp_path)) as story:
        yield story
    assert not story.wrong
