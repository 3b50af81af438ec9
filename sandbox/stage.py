"""What the players share: the two servers, the people of the file, the pace, and the diary of what everybody did."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.carrier import Carrier
from sandbox.claims import Evidence, Heard, Post, Sent, Thread
from sandbox.invented import Contact
from sandbox.slack import Channel, Message, Person, Slack
from sandbox.small_talk import ANSWERS

CAMPAIGN = "Fall GOTV"
SENDING = 0.75
"""The part of the time in which everybody is to be texted; the rest is for the last replies."""
FASTEST, SLOWEST = 0.15, 3.0
"""Seconds from one send to the next: nobody reads faster, and slower would be dull."""
ANSWERED = re.compile(r"\*(.+?)\* answered")
"""How a voter's thread begins."""
_MENTION = re.compile(r"<[@#]([A-Z0-9]+)(?:\|[^>]*)?>")


@dataclass
class Stage:
    """One text bank. `tell` takes a kind ("text", "voter", "out", "desk", "note") and a line for the log."""

    slack: Slack
    carrier: Carrier
    contacts: list[Contact]
    volunteers: list[Person]
    channel: Channel
    seconds: float
    tell: Callable[[str, str], None]
    sent: list[Sent] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    out: dict[str, float] = field(default_factory=dict)
    asked: int = 0
    trouble: list[str] = field(default_factory=list)
    set_aside: int = 0
    """People who were skipped, or whose number was wrong."""
    newest: Person | None = None
    """Whose screen changed last."""
    cards: dict[str, Message] = field(default_factory=dict)
    """The card that each volunteer works with."""
    began: float | None = None

    def __post_init__(self) -> None:
        self.named = {contact.name: contact for contact in self.contacts}
        self.numbered = {contact.phone: contact for contact in self.contacts}

    @property
    def hurry(self) -> float:
        """How much faster than in a minute everything has to happen."""
        return 60 / self.seconds

    @property
    def gap(self) -> float:
        """Seconds between two sends of one volunteer, if all are to be texted in the time that is left for it."""
        now = time.monotonic()
        self.began = self.began or now
        left = max(len(self.contacts) - self.firsts - self.set_aside, 1)
        gap = (self.began + SENDING * self.seconds - now) * len(self.volunteers) / left
        return min(max(gap, FASTEST), SLOWEST / self.hurry)

    async def pause(self, seconds: float) -> None:
        """So long in a text bank of a minute; less in a shorter one, though nobody reads in no time at all."""
        await asyncio.sleep(max(seconds / self.hurry, 0.02))

    def opted_out(self, phone: str) -> None:
        self.out.setdefault(phone, self.carrier.clock())

    def texted(self, act: Sent) -> bool:
        """Note that a card said "Texted …". A second press that found the text already there is no second act."""
        if any(one.first and one.phone == act.phone and not one.taken_back for one in self.sent):
            return False
        self.sent.append(act)
        return True

    def named_in(self, words: str) -> str:
        """The words with people's and channels' names in the place of Slack's ids."""

        def name(found: re.Match[str]) -> str:
            user, channel = self.slack.workspace.users.get(found[1]), self.slack.workspace.channels.get(found[1])
            return user.real_name.split()[0] if user else f"#{channel.name}" if channel else found[1]

        return _MENTION.sub(name, words)

    # -- what the screen counts

    @property
    def firsts(self) -> int:
        return sum(act.first and not act.taken_back for act in self.sent)

    @property
    def delivered(self) -> int:
        return sum(text.status == "delivered" for text in self.carrier.texts)

    @property
    def replies(self) -> int:
        return sum(not heard.is_out for heard in self.heard)

    @property
    def waiting(self) -> int:
        """Voters who wait for an answer."""
        wanted = {(heard.phone, ANSWERS[heard.body]) for heard in self.heard if heard.body in ANSWERS}
        given = {(act.phone, act.body) for act in self.sent if not act.first}
        return sum((phone, body) not in given and phone not in self.out for phone, body in wanted)

    def evidence(self) -> Evidence:
        """The diary, beside Slack's and the carrier's own records."""
        failed = [hook for hook in self.carrier.hooks.posted if not 200 <= hook.status < 300]
        shown = [f"{one.first_name}: {words}" for one in self.slack.people for words in one.warnings]
        lost = [f"{one.first_name} lost the words {words!r}" for one in self.slack.people for words in one.lost_words]
        hooks = [f"a web hook was answered {hook.status}: {hook.url}" for hook in failed]
        return Evidence(
            sent=self.sent,
            heard=self.heard,
            out=self.out,
            posts=[
                Post(call.form.get("To", ""), call.form.get("Body", ""), call.at, call.status)
                for call in self.carrier.calls
                if call.method == "POST" and call.path.endswith("/Messages.json")
            ],
            threads=[
                Thread(one.first_name, thread_name(root), words_in(root))
                for one in self.slack.people
                for root in threads_of(one)
            ],
            calls=Counter(call.method for call in self.slack.calls),
            asked=self.asked,
            trouble=[*self.trouble, *shown, *lost, *hooks],
        )


def threads_of(person: Person) -> list[Message]:
    """The first messages of the voters' threads in somebody's direct message."""
    return [one for one in person.dm.top_level if one.by_bot and ANSWERED.search(one.words)]


def thread_name(root: Message) -> str:
    """Whose thread it is."""
    found = ANSWERED.search(root.words)
    return found[1] if found else ""


def words_in(root: Message) -> str:
    """Everything that the app says in a thread."""
    return "\n".join(one.words for one in (root, *root.replies) if one.by_bot)
