"""`python -m tests.pictures FOLDER`: the pictures of the guides, drawn from what the product really shows.

A short text bank with people who press and type as the guides say, by a story's clock: so they are the same each time,
and a test can say when the product has come to show something else.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

from bot.migrate import migrate
from sandbox.drawing import Json
from sandbox.slack import Message, Person
from sandbox.svg import blocks_picture, picture
from tests.world import World, open_world

SCRIPT = (
    "Hi {first_name|there}, it's {volunteer} with Neighbors Vote. "
    "Do you have a plan to vote at {polling_place}? Reply STOP to opt out."
)
FIRST_NAMES = ("Malik", "Yusuf", "Lakshmi", "Elena", "Grace", "Omar", "Hannah", "Tyrone")
LAST_NAMES = ("Hughes", "Owens", "Novak", "Ortiz", "Chen")
PLACES = ("the Main Library", "Grace Church hall", "the county fairgrounds")
DAYS = (3, 4, 2, 5, 4)
"""How many are texted on each day before the last."""
CAMPAIGN = "Fall GOTV"


def contacts_csv() -> str:
    """Whom they text."""
    rows = [
        f"{first},{last},(404) 555-{number:04},Atlanta,GA,{PLACES[number % 3]}"
        for number, (last, first) in enumerate(product(LAST_NAMES, FIRST_NAMES), start=100)
    ]
    return "\n".join(["First Name,Last Name,Cell Phone,City,State,Polling Place", *rows])


async def draw(database_url: str) -> dict[str, str]:
    """Play it; each picture by its name."""
    async with open_world(database_url) as world:
        await world.kit.sms.is_well()
        olivia, priya = world.slack.person("Olivia Chen", is_admin=True), world.slack.person("Priya Shah")
        world.organizer = olivia
        names = {user.id: user.real_name for user in world.slack.workspace.users.values()}
        return {name: _drawn(name, shown, names) async for name, shown in scenes(world, olivia, priya)}


def _drawn(name: str, shown: Message | list[Json], names: dict[str, str]) -> str:
    if isinstance(shown, list):
        return blocks_picture(shown, names)
    return picture(shown, names, replies=name == "thread")


async def scenes(world: World, olivia: Person, priya: Person) -> AsyncIterator[tuple[str, Message | list[Json]]]:
    """Each picture's name and what is in it, in the order in which it comes about."""
    channel = world.slack.channel("volunteers", olivia, priya)
    await world.live_campaign(CAMPAIGN, contacts_csv(), script=SCRIPT)
    await olivia.types(f"/textbank invite {CAMPAIGN} #volunteers 25")
    invitation = channel.messages[-1]
    yield "invitation", invitation
    await priya.presses("Start texting", on=invitation)
    for count in DAYS:
        await _a_day(world, priya, count)
    for _ in range(3):
        await _texts(world, priya)
    assert priya.card
    yield "card", priya.card
    await world.a_while()
    one, other = world.carrier.texts[-3].to, world.carrier.texts[-2].to
    await world.phone(one).texts("Yes! But where do I vote?")
    await world.a_while()
    thread = priya.threads[-1]
    await priya.writes("At the Main Library, 9 to 8. Shall I remind you?", in_=thread)
    await world.a_while()
    yield "thread", thread
    await world.phone(other).texts("Who is running?")
    world.time.passes(minutes=25)
    await world.settles()
    await priya.opens_home()
    await world.settles()
    assert priya.home
    yield "home", priya.home.blocks
    status = await olivia.types(f"/textbank status {CAMPAIGN}")
    assert status
    yield "status", [{"type": "section", "text": {"type": "mrkdwn", "text": status.words}}]
    await olivia.types("/textbank digest now #volunteers")
    await world.settles()
    yield "digest", channel.messages[-1]


async def _a_day(world: World, priya: Person, count: int) -> None:
    for _ in range(count):
        await _texts(world, priya)
    await world.a_while()
    await world.phone(world.carrier.texts[-1].to).texts("I have, thank you!")
    await world.a_while()
    await priya.presses("Done", on=priya.threads[-1])
    await world.drawn()
    world.time.passes(days=1)
    await world.settles()  # her card comes below the thread


async def _texts(world: World, priya: Person) -> None:
    await priya.presses("Send", on=priya.card)
    await world.drawn()


def main(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        url = f"sqlite:///{data}/textbank.db"
        migrate(url)
        for name, drawn in asyncio.run(draw(url)).items():
            (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
