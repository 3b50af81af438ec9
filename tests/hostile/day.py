"""A busy day of a text bank, told once: nearly everything that people press, type and text, by way of HTTP.

Tests look at what came of it: at what Slack was sent, at what was logged, at what the same requests do when twisted.
"""

from dataclasses import dataclass, field
from typing import Any

from handlers import clock as clock_handler
from sandbox.slack import File, Person, clicks
from sandbox.slack.delivery import Answer
from tests.world import CONSENT, World

SARA, TOM, ANA, STRANGER = "+13135550101", "+13135550102", "+13135550103", "+13135557788"


@dataclass(frozen=True)
class Words:
    """What other people's files, names and phones say."""

    volunteer: str = "Priya Shah"
    first: str = "Sara"
    last: str = "Lopez"
    city: str = "Detroit"
    note: str = "likes dogs"
    reply: str = "Where do I vote?"
    saved: str = "Polls are open until 8 PM."
    question: str = "Will you vote"
    file: str = "list.csv"
    typed: str = "At the library"

    def contacts(self) -> str:
        """A file with three people, and one who has no number."""
        rows = [f'"{self.first}","{self.last}",{phone},"{self.city}",MI,"{self.note}"' for phone in (SARA, TOM, ANA)]
        head = f'First Name,Last Name,Cell Phone,City,State,"Note {self.note[:20]}"'
        return "\n".join([head, *rows, f'"{self.first}","{self.last}",none,"{self.city}",MI,"{self.note}"', ""])


@dataclass
class Seen:
    """Every request of Slack's that was sent, as its signed body, and every answer."""

    requests: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def listen(world: World) -> Seen:
    """From now on, what goes to the product and what it answers is kept."""
    seen, proper = Seen(), world.slack.delivery.send

    async def send(body: bytes, content_type: str, headers: dict[str, str] | None = None) -> Answer:
        answer = await proper(body, content_type, headers)
        seen.requests.append((body, content_type))
        seen.answers.append(answer)
        return answer

    world.slack.delivery.send = send  # type: ignore[method-assign]
    return seen


async def busy(world: World, words: Words = Words()) -> Person:
    """The whole day. Returns the volunteer."""
    olivia, priya = world.organizer, world.slack.person(words.volunteer)
    world.slack.channel("#inbox", olivia)
    world.slack.channel("#team", olivia, priya)
    await _morning(world, olivia, words)
    await _texting(world, olivia, priya, words)
    await _answering(world, olivia, priya, words)
    await _evening(world, olivia, priya)
    return priya


async def _morning(world: World, olivia: Person, words: Words) -> None:
    """A campaign is made, and everything around it."""
    for line in ("inbox #inbox", "digest #team 18:00 America/Detroit", "list", "help"):
        await olivia.types(f"/textbank {line}")
    await olivia.types("/textbank new")
    about = {
        "Name": "Fall GOTV",
        "Script": "Hi, it's {volunteer}. Can we count on you, {first_name|friend}?",
        "Consent": f"{CONSENT} {words.note}",
        "Contacts (CSV)": File(words.file, words.contacts().encode()),
    }
    await olivia.submits(about)
    await world.settles()
    await olivia.types("/textbank script Fall GOTV")
    saved, asked = f"Hours: {words.saved}", f"{words.question}? Yes* / {words.note.replace('/', ' ')} / No"
    await olivia.submits({"Saved replies": saved, "Questions": asked})
    await olivia.types("/textbank invite Fall GOTV #team 2")
    await olivia.types("/textbank start Fall GOTV")
    await world.settles()


async def _texting(world: World, olivia: Person, priya: Person, words: Words) -> None:
    """Cards: sent, taken back, skipped, brought back, in the modal, with calls for help."""
    await olivia.types("/textbank assign Fall GOTV @priya 3")
    await world.settles()
    await priya.types("/text")
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()
    await priya.edits("Message", f"Hello! {words.typed}")
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Skip")
    await world.drawn()
    await priya.presses("Undo")
    await world.drawn()
    await priya.chooses("Ask for help")
    await world.a_while()
    await priya.presses("Text faster")
    world.time.passes(seconds=2)
    await priya.submits({"Message": f"Hello again! {words.typed}"})
    world.time.passes(seconds=2)
    await priya.cancels()
    await world.a_while()


async def _answering(world: World, olivia: Person, priya: Person, words: Words) -> None:
    """Threads, the inbox, opt-outs."""
    await world.phone(SARA).texts(words.reply)
    await world.a_while()
    thread = priya.threads[-1] if priya.threads else None
    line = await priya.writes(words.typed, in_=thread)
    await priya.edits_message(line, "another") if line else None
    await world.a_while()
    await priya.presses("Reply", on=thread)
    if priya.modal:
        await priya.chooses("Hours")
        await priya.submits({"Message": words.typed, f"{words.question}?": "Yes"})
    await world.a_while()
    await priya.presses("Ask for help", on=thread)
    await world.phone(STRANGER).texts(words.reply)
    await world.phone(TOM).texts("not interested " + words.reply)
    await world.a_while()
    inbox = world.slack.channel("#inbox")
    for call in [message for message in inbox.messages if "Take it" in message.buttons]:
        await olivia.presses("Take it", on=call)
        await world.drawn()
        if "Answer" in call.buttons:
            await olivia.presses("Answer", on=call)
            await olivia.submits({"Message": words.typed})
        if "Tell the volunteer" in call.buttons:
            await olivia.presses("Tell the volunteer", on=call)
            await olivia.submits({olivia.modal.fields[0]: words.reply}) if olivia.modal else None
    await world.a_while()
    await world.phone(SARA).texts("STOP")
    await world.a_while()


async def _evening(world: World, olivia: Person, priya: Person) -> None:
    """Trouble at the carrier, then reports, files, and goodbyes."""
    world.carrier.fail_next("500")
    await priya.types("/text")
    if priya.card and "Send" in priya.card.buttons:
        await priya.presses("Send")
    await world.a_while()
    world.time.passes(minutes=16)
    await clock_handler.tick(world.kit)
    await world.settles()
    for line in (
        "status Fall GOTV",
        "digest now #team",
        "export Fall GOTV",
        "optout 3135550103",
        "optin 3135550103 asked",
    ):
        await olivia.types(f"/textbank {line}")
        await world.settles()
    for person in (olivia, priya):
        await person.opens_home()
        await world.settles()
    await olivia.types("/textbank reassign Fall GOTV @priya @olivia")
    await world.settles()
    await olivia.types("/textbank role @priya none")
    await priya.types("/text")
    await world.forgets("3135550102")
    await olivia.types("/textbank close Fall GOTV")
    await world.settles()


def pressed(person: Person, label: str) -> dict[str, Any]:
    """The payload of a press that is not made."""
    drawn, (block, element) = person._find(None, lambda one: one.button(label), f"button {label!r}")
    return clicks.block_actions(person, drawn, clicks.button_action(block, element))
