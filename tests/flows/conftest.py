"""The world of a story, on each kind of database."""

from collections.abc import AsyncIterator

import pytest

from sandbox.slack import Person
from tests.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with open_world(database_url) as world:
        await world.kit.sms.is_well()
        yield world


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
