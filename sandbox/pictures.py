"""`python -m sandbox.pictures FOLDER`: the pictures of the guides, drawn from what the product really shows.

A short text bank in the sandbox, with people who press and type as the guides say.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from sandbox import invented
from sandbox.demo import CAMPAIGN, Options, _open, _stage
from sandbox.drawing import Json
from sandbox.players import Organizer
from sandbox.screen import Screen
from sandbox.slack import Message, Person
from sandbox.stage import Stage
from sandbox.svg import blocks_picture, picture

WITHIN = 20.0
CHANNEL = "volunteers"


async def draw() -> dict[str, str]:
    """Play it; each picture by its name."""
    with tempfile.TemporaryDirectory() as data:
        options = Options(volunteers=1, contacts=24, seconds=20, folder=Path(data), seed=7)
        screen = Screen()
        async with _open(options, screen) as (slack, carrier, _running, _database):
            stage = _stage(options, screen, slack, carrier, 7)
            scenes = _scenes(stage, slack.person("Olivia Chen", is_admin=True))
            names = {user.id: user.real_name for user in slack.workspace.users.values()}
            return {name: _drawn(name, shown, names) async for name, shown in scenes if shown}


def _drawn(name: str, shown: Message | list[Json], names: dict[str, str]) -> str:
    if isinstance(shown, list):
        return blocks_picture(shown, names)
    return picture(shown, names, replies=name == "thread")


async def _scenes(stage: Stage, olivia: Person) -> AsyncIterator[tuple[str, Message | list[Json] | None]]:
    """Each picture's name and what is in it, in the order in which it comes about."""
    organizer, priya = Organizer(stage, olivia), stage.volunteers[0]
    stage.channel.member_ids.append(olivia.id)
    await organizer.prepares(invented.contacts_csv(stage.contacts, 7))
    await olivia.types(f"/textbank invite {CAMPAIGN} #{CHANNEL} 10")
    invitation = stage.channel.messages[-1]
    yield "invitation", invitation
    await priya.presses("Start texting", on=invitation)
    await _until(lambda: priya.card is not None)
    for _ in range(3):
        await _sends(priya)
    yield "card", priya.card
    await _until(lambda: len(stage.carrier.texts) >= 3)
    voter = next(contact for contact in stage.contacts if contact.phone == stage.carrier.texts[0].to)
    await stage.carrier.phone(voter.phone).texts("Yes! But where do I vote?")
    await _until(lambda: bool(priya.threads))
    await priya.writes("At the Main Library, 9 to 8. Shall I remind you?", in_=priya.threads[0])
    yield "thread", priya.threads[0]
    if home := await priya.opens_home():
        yield "home", home.blocks
    status = await olivia.types(f"/textbank status {CAMPAIGN}")
    if status is not None:
        yield "status", [{"type": "section", "text": {"type": "mrkdwn", "text": status.words}}]
    await olivia.types(f"/textbank digest now #{CHANNEL}")
    await _until(lambda: _digest(stage) is not None)
    yield "digest", _digest(stage)


async def _sends(priya: Person) -> None:
    before = priya.card.words if priya.card else ""
    await priya.presses("Send", on=priya.card)
    await _until(lambda: priya.card is not None and priya.card.words != before)


def _digest(stage: Stage) -> Message | None:
    found: Iterator[Message] = (one for one in reversed(stage.channel.messages) if one.by_bot and "sent" in one.words)
    return next(found, None)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not true():  # noqa: ASYNC110 (what a screen shows)
            await asyncio.sleep(0.05)


def main(folder: Path) -> None:
    """Write them all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in asyncio.run(draw()).items():
        (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
