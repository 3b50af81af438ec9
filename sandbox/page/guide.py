"""The guided start: four steps, done when the sandbox's own records say so, each with what to do next.

It reads screens, phones and requests as a person would. Of the product it knows no more than its words.
"""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.page.desk import Desk
from sandbox.slack import Person

Json = dict[str, Any]
COMPOSER, PHONES, PEOPLE, CARD, MODAL = ("composer", "phones", "people", "card", "modal")
"""Where a step points: the page marks these places with `data-point`."""
_IMPORTED = re.compile(r"\*(.+?)\*: .+ imported from ")


def steps(desk: Desk) -> Json:
    """The steps, and which of them is the next; as many as there are when all is done."""
    made = [_campaign(desk), _handed_out(desk), _texted(desk), _answered(desk)]
    following = next((number for number, step in enumerate(made) if not step["done"]), len(made))
    return {"step": following, "steps": made}


def _step(title: str, words: str, done: bool, point: str, who: Person, sample: str | None = None) -> Json:
    at = f'[data-point="{point}"]'
    return {"title": title, "words": words, "done": done, "point": at, "as": who.id, "sample": sample}


def _campaign(desk: Desk) -> Json:
    organizer = desk.members[0].person
    done = _made(organizer) is not None
    words = (
        f"You are {organizer.first_name}, the organizer. Type /textbank new, and fill in the form. "
        "For its contacts take the sample file: everybody in it is invented."
    )
    if organizer.modal is not None and not done:
        words = (
            "A name, a script like the example in its field, the sample file for the contacts, and a sentence on how "
            "these people agreed to be texted. Then press Create."
        )
        return _step("Make a campaign", words, done, MODAL, organizer, "/sample.csv")
    return _step("Make a campaign", words, done, COMPOSER, organizer, "/sample.csv")


def _handed_out(desk: Desk) -> Json:
    organizer, volunteer = desk.members[0].person, _volunteers(desk)[0]
    done = any(_has_work(one) for one in _volunteers(desk)) or bool(desk.carrier.texts)
    name = _made(organizer) or "its name"
    words = (
        f"Type /textbank start {name}. Then give contacts to somebody: /textbank assign {name} @{volunteer.name} 10. "
        f"Or invite whoever has time: /textbank invite {name} #volunteers 10."
    )
    return _step("Start it, and hand out contacts", words, done, COMPOSER, organizer)


def _texted(desk: Desk) -> Json:
    volunteer = next((one for one in _volunteers(desk) if _has_work(one)), _volunteers(desk)[0])
    words = (
        f"Now be {volunteer.first_name}, a volunteer. Press Start texting, read what the card says, and press Send: "
        "one press, one text. The voter's phone shows it."
    )
    return _step("Text a voter", words, bool(desk.carrier.texts), CARD, volunteer)


def _answered(desk: Desk) -> Json:
    organizer = desk.members[0].person
    volunteer = _volunteers(desk)[0]
    replied = any(text.direction == "inbound" for text in desk.carrier.kept())
    done = replied and any(_is_digest(words) for each in desk.members for words in _shown_to(each.person))
    title = "A voter answers; read the digest"
    if not replied:
        words = (
            "Take the voter's phone and type a reply. It comes back into a thread of the volunteer who texted, and "
            "what is written in that thread goes to the voter."
        )
        return _step(title, words, done, PHONES, volunteer)
    words = (
        f"The reply is in a thread now: answer it there. Then be {organizer.first_name} again and type "
        "/textbank digest now."
    )
    return _step(title, words, done, COMPOSER, organizer)


def _made(organizer: Person) -> str | None:
    """The campaign whose contacts came in last."""
    found = (_IMPORTED.search(message.words) for message in organizer.dm.messages if message.by_bot)
    return next((each[1] for each in reversed(list(found)) if each), None)


def _volunteers(desk: Desk) -> list[Person]:
    return [member.person for member in desk.members if member.role == "volunteer"]


def _has_work(person: Person) -> bool:
    """Whether there is a card, or an invitation to one."""
    channels = [each for each in person.world.channels.values() if person.id in each.member_ids]
    return any(
        message.button("Start texting") or message.field("Message") for each in channels for message in each.messages
    )


def _is_digest(words: str) -> bool:
    return "The last 24 hours" in words or "the change from the day before" in words


def _shown_to(person: Person) -> Iterator[str]:
    yield from (shown.words for shown in person.ephemerals)
    for channel in person.world.channels.values():
        if person.id in channel.member_ids:
            yield from (message.words for message in channel.messages if message.by_bot)
