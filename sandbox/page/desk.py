"""What the page shows of one sandbox: who works there, whom they may text, and what each of them has read."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox import invented
from sandbox.carrier import Carrier
from sandbox.clock import Clock
from sandbox.house import House
from sandbox.invented import Contact
from sandbox.page.answering import Answering
from sandbox.slack import Channel, Person, Slack
from sandbox.wire import Wire

SAMPLE = 24
"""People in the file that is offered."""

Role = Literal["organizer", "volunteer", "manager"]
Again = Literal["fresh", "play"]


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the workspace whose place one may take."""

    person: Person
    role: Role


@dataclass
class Desk:
    """One sandbox, from its start until it is asked to begin again."""

    slack: Slack
    carrier: Carrier
    clock: Clock
    wire: Wire
    members: list[Member]
    contacts: list[Contact]
    sample: str
    answering: Answering
    again: asyncio.Future[Again] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    restarts: bool = True
    """Whether somebody listens for `again`: not where a text bank plays and then ends."""
    note: str = ""
    """A line for everybody: what is going on."""
    _read: dict[tuple[str, str], str] = field(default_factory=dict)

    def member(self, id: str | None) -> Member:
        """Who this is; the organizer for an id that nobody has."""
        return next((one for one in self.members if one.person.id == id), self.members[0])

    def reads(self, person: Person, channel: Channel) -> None:
        """She has seen everything in it."""
        if channel.by_ts:
            self._read[person.id, channel.id] = next(reversed(channel.by_ts))
            self.wire.changed()

    def unread(self, person: Person, channel: Channel) -> int:
        """How many messages of others she has not seen."""
        seen, count = self._read.get((person.id, channel.id), ""), 0
        for message in reversed(channel.by_ts.values()):
            if message.ts <= seen:
                break
            count += message.author.get("user") != person.id
        return count

    def put_away(self) -> dict[str, Any]:
        """What is not Slack's or the carrier's, to be kept on a disk."""
        roles = [(member.person.id, member.role) for member in self.members]
        return {"roles": roles, "contacts": self.contacts, "sample": self.sample, "read": self._read}

    def begins_again(self, how: Again) -> None:
        if not self.again.done():
            self.again.set_result(how)


def sit_again(house: House, kept: dict[str, Any], seed: int) -> Desk:
    """The people of a sandbox that goes on."""
    people = {person.id: person for person in house.slack.people}
    members = [Member(people[id], role) for id, role in kept["roles"]]
    desk = _desk(house, members, kept["contacts"], kept["sample"], seed)
    desk._read = kept["read"]
    return desk


def sit_down(house: House, seed: int, *, volunteers: tuple[str, ...], contacts: int = SAMPLE) -> Desk:
    """The people of a new sandbox, the voters with their phones, and the file that lists them."""
    slack = house.slack
    organizer = slack.person("Olivia Chen", is_admin=True)
    texting = [slack.person(name) for name in volunteers]
    manager = slack.person("Maya Ortiz")
    people = invented.people(contacts, invented.open_places(house.clock.local), seed)
    for contact in people:
        house.carrier.phone(contact.phone, contact.name)
    slack.channel("volunteers", organizer, manager, *texting)
    slack.channel("organizers", organizer, manager)
    members = [
        Member(organizer, "organizer"),
        *(Member(one, "volunteer") for one in texting),
        Member(manager, "manager"),
    ]
    sample = invented.contacts_csv(people, seed)
    return _desk(house, members, people, sample, seed)


def _desk(house: House, members: list[Member], contacts: list[Contact], sample: str, seed: int) -> Desk:
    answering = Answering(house.carrier, seed)
    return Desk(house.slack, house.carrier, house.clock, house.wire, members, contacts, sample, answering)
