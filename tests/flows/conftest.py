"""The world of a story, on each kind of database."""

import pytest

from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from tests.world import World


@pytest.fixture
async def world(world: World) -> World:
    await world.kit.sms.is_well()
    return world


@pytest.fixture
def olivia(world: World) -> Person:
    """The organizer, an admin of the workspace."""
    return world.organizer


@pytest.fixture
def priya(world: World) -> Person:
    """A volunteer."""
    return world.slack.person("Priya Shah")


@pytest.fixture
def sam(world: World) -> Person:
    """Another volunteer."""
    return world.slack.person("Sam Ito")


@pytest.fixture
async def card(world: World, priya: Person) -> None:
    """Priya has three contacts in hand, and Sara on her card."""
    await world.live_campaign()
    await world.texting(priya)


@pytest.fixture
async def sara(world: World, priya: Person, card: None) -> Phone:
    """Sara's phone. Priya has texted her, and has Tom on her card."""
    await priya.presses("Send")
    await world.a_while()
    return world.phone("+13135550101")


@pytest.fixture
async def thread(world: World, priya: Person, sara: Phone) -> Message:
    """Sara has asked where to vote, and Priya has the thread."""
    await sara.texts("Where do I vote?")
    await world.a_while()
    return priya.threads[0]
