"""The sandbox's page in a browser, with the real servers and the real product; the story's clock stands still.

Nobody waits for a time: the product's wheels turn whenever something has changed, and a story waits for what shows.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from handlers import clock as clock_handler
from sandbox.clock import Clock
from sandbox.page.answering import Answering
from sandbox.page.desk import Desk, Member
from sandbox.page.server import Page as Server
from sandbox.serving import serve
from sandbox.slack import Person
from sandbox.wire import Wire
from tests.world import LIST, Time, World, open_world

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE = 60_000.0
"""Milliseconds for something to show. Only a failure takes that long."""
expect.set_options(timeout=PATIENCE)
VOTERS = {"+13135550101": "Sara Lopez", "+13135550102": "Tom Reed", "+13135550103": "Ana Díaz"}


class Hands(Clock):
    """The page's clock, which moves the story's."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self._time = time

    def __call__(self) -> float:
        return self._time.now.timestamp()

    def moves(self, seconds: float) -> None:
        self._time.passes(seconds=seconds)


@dataclass
class Story:
    """The world of a story, and the way to look at it."""

    world: World
    desk: Desk
    address: str
    browser: Browser
    wrong: list[str] = field(default_factory=list)
    """What the browser complained of, and what a page asked of anybody else."""
    wheels: asyncio.Task[None] | None = None
    settled: int = -1
    """After which change the product had nothing left to do at that moment."""

    async def opens(self, name: str, *, width: int = 1280, height: int = 800) -> "Window":
        """A window in which one is somebody. With the first one the product begins to work by itself."""
        self.wheels = self.wheels or asyncio.create_task(self._turn())
        return await self.looks(name, width=width, height=height)

    async def looks(self, name: str, *, width: int = 1280, height: int = 800) -> "Window":
        """The same, while whoever tells the story turns the wheels."""
        person = next(member.person for member in self.desk.members if member.person.first_name == name)
        context = await self.browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: self._asks(asked.url))
        await page.goto(f"{self.address}/?as={person.id}")
        await expect(page.get_by_role("button", name=f"Be {person.real_name}")).to_have_attribute(
            "aria-pressed", "true"
        )
        return Window(page)

    async def _turn(self) -> None:
        """Whatever the product has to do after a change is done; the clock ticks when it has moved."""
        world, ticked = self.world, self.world.time.now
        while True:
            version = await self.desk.wire.later_than(self.settled)
            if world.time.now != ticked:
                ticked = world.time.now
                await clock_handler.tick(world.kit)
            await world.settles()
            self.settled = version

    def _asks(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"the page asks {url}")

    async def a_while(self, seconds: float = 6) -> None:
        """The time for an Undo passes, once everything that was done so far is answered."""
        await self.rests()
        self.world.time.passes(seconds=seconds)
        self.desk.wire.changed()

    async def moves_on(self, window: "Window", name: str) -> None:
        """One of the buttons that move the clock; until the product has looked what time it is, and seen to it."""
        async with window.page.expect_response(lambda answer: '"act":"clock"' in (answer.request.post_data or "")):
            await window.presses(name)
        await self.rests()

    async def rests(self) -> None:
        """Until everything that was done so far is answered."""
        while self.settled != self.desk.wire.version:
            assert self.wheels
            assert not self.wheels.done()
            await asyncio.sleep(0.01)


@dataclass
class Window:
    """One browser window: what one does in it, and where one looks."""

    page: Page

    def button(self, name: str, on: Locator | None = None) -> Locator:
        """The newest button of this name."""
        return (on or self.page).get_by_role("button", name=name, exact=True).last

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("list", name="Messages")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def phone(self) -> Locator:
        return self.page.get_by_role("region", name="Phone")

    async def presses(self, name: str, on: Locator | None = None) -> None:
        await self.button(name, on).click()

    async def writes(self, words: str, into: Locator | None = None) -> None:
        """A line into the channel, or into a thread's pane."""
        field = (into or self.page.get_by_role("main")).get_by_role("combobox")
        await field.fill(words)
        await field.press("Enter")

    async def takes(self, name: str) -> None:
        """The phone of a voter."""
        await self.page.get_by_role("list", name="Voters").get_by_role("button", name=name).click()
        await expect(self.phone.get_by_role("banner").or_(self.phone.locator("header"))).to_contain_text(name)

    async def texts(self, words: str) -> None:
        """From the phone in the hand; returns once Textbank has it."""
        await self.phone.get_by_role("textbox", name="Text message").fill(words)
        async with self.page.expect_response(lambda answer: '"act":"text"' in (answer.request.post_data or "")):
            await self.presses("Send text", self.phone)

    async def sees(self, words: str, on: Locator | None = None) -> None:
        await expect((on or self.messages).get_by_text(words).last).to_be_visible()


def chromium_here() -> str | None:
    """Where a browser is, if one is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def open_browser(program: str) -> AsyncIterator[Browser]:
    """A browser without a window of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-lcd-text"])
        yield browser
        await browser.close()


@asynccontextmanager
async def open_story(browser: Browser, database_url: str) -> AsyncIterator[Story]:
    wire = Wire()
    server = Server(wire)
    async with open_world(database_url, wire=wire) as world, serve(server.app) as address:
        await world.kit.sms.is_well()
        people = [world.organizer, world.slack.person("Priya Shah"), world.slack.person("Marcus Bell")]
        for number, name in VOTERS.items():
            world.carrier.phone(number, name)
        world.slack.channel("volunteers", *people)
        desk = a_desk(world, wire, people)
        server.shows(desk)
        story = Story(world, desk, address, browser)
        yield story
        for context in browser.contexts:
            await context.close()
        server.closes()
        if story.wheels is not None:
            story.wheels.cancel()
            with suppress(asyncio.CancelledError):
                await story.wheels


def a_desk(world: World, wire: Wire, people: list[Person]) -> Desk:
    """The organizer first."""
    roles = ["organizer", *["volunteer"] * (len(people) - 1)]
    members = [Member(person, role) for person, role in zip(people, roles, strict=True)]
    return Desk(world.slack, world.carrier, Hands(world.time), wire, members, [], LIST, Answering(world.carrier, 7))
