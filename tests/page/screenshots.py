"""`python -m tests.page.screenshots FOLDER`: pictures of the sandbox's page, as a browser shows it.

The same short text bank as in the guides' pictures, so that they tell one story, and the same each time.
"""

import asyncio
import csv
import sys
import tempfile
from pathlib import Path

from playwright.async_api import expect

from bot.migrate import migrate
from sandbox.page.server import Page as Server
from sandbox.serving import serve
from sandbox.wire import Wire
from tests.page.small_png import small_png
from tests.page.story import Story, Window, a_desk, chromium_here, open_browser
from tests.pictures import contacts_csv, scenes
from tests.world import open_world

SIZE = {"width": 1280, "height": 800}
NO_BROWSER = "The pictures need a browser: `apt-get install chromium fonts-noto-color-emoji`, or Chrome."


async def shoot(database_url: str, folder: Path) -> None:
    """Play it, and take a picture wherever one belongs."""
    wire = Wire()
    server = Server(wire)
    async with (
        open_browser(chromium_here() or "") as browser,
        open_world(database_url, wire=wire) as world,
        serve(server.app) as address,
    ):
        await world.kit.sms.is_well()
        olivia, priya = world.slack.person("Olivia Chen", is_admin=True), world.slack.person("Priya Shah")
        world.organizer = olivia
        for row in csv.DictReader(contacts_csv().splitlines()):
            number = "+1" + "".join(filter(str.isdigit, row["Cell Phone"]))
            world.carrier.phone(number, f"{row['First Name']} {row['Last Name']}")
        desk = a_desk(world, wire, [olivia, priya, world.slack.person("Marcus Bell")])
        server.shows(desk)
        empty = await browser.new_page()
        story = Story(world, desk, address, browser)
        async for name, _ in scenes(world, olivia, priya):
            if name in SHOTS:
                window = await story.looks("Olivia" if name == "digest" else "Priya", **SIZE)
                await window.presses("Close the guided start")
                for file_name, png in (await SHOTS[name](window)).items():
                    (folder / f"{file_name}.png").write_bytes(await small_png(empty, png))
        for context in browser.contexts:
            await context.close()
        server.closes()


async def _card(window: Window) -> dict[str, bytes]:
    await window.sees("Do you have a plan to vote")
    return {"page-card": await window.page.screenshot()}


async def _thread(window: Window) -> dict[str, bytes]:
    await window.messages.get_by_role("button", name="1 reply").last.click()
    await window.sees("At the Main Library, 9 to 8.", window.thread)
    await window.page.mouse.move(0, 0)
    return {"page-thread": await window.page.screenshot(), "page-phone": await window.phone.screenshot()}


async def _digest(window: Window) -> dict[str, bytes]:
    await window.page.get_by_role("button", name="volunteers").click()
    await expect(window.messages.get_by_role("img").last).to_be_visible()
    return {"page-digest": await window.page.screenshot()}


SHOTS = {"card": _card, "thread": _thread, "digest": _digest}


def main(folder: Path) -> None:
    """Write them all."""
    if chromium_here() is None:
        sys.exit(NO_BROWSER)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        url = f"sqlite:///{data}/textbank.db"
        migrate(url)
        asyncio.run(shoot(url, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
