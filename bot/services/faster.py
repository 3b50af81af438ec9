"""Text faster: the volunteer's card in a modal, whose submission is answered with the next contact.

It is the same card and the same drawing as in the message: a press on either counts, once. Nothing of Slack's is called
for a text there, and nothing that is posted comes back as an event.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from sqlalchemy import bindparam, select

from bot.database import Session
from bot.services import cards, conversations, replies, texting
from bot.services.cards import Card, Press
from bot.services.resting import Rest
from models import message

A_SECOND = 5
"""Above so many texts a second in the workspace, the edits of message cards come near to Slack's limit of events."""
_OF_LATE = timedelta(minutes=1)
_ONE_OF_LATE = select(message.c.created_at).order_by(message.c.id.desc()).limit(1).offset(bindparam("so_many"))
A_BLINK = timedelta(milliseconds=400)
"""Nobody reads a contact in so short a time: it is a key that is held down."""


@dataclass(frozen=True, slots=True)
class HandOut:
    """What a drawing in the modal brings back with its submission: which it is, whom it shows, and since when.

    `below` is the drawing that the message had when the modal was opened, `more` the campaign of which the summary
    offers another batch.
    """

    version: int
    contact_id: int | None
    milliseconds: int
    below: int
    more: int | None = None

    @classmethod
    def of(cls, shown: Card, *, below: int, now: datetime) -> Self:
        """This drawing, handed out now."""
        at = round(now.timestamp() * 1000)
        if isinstance(shown.next, Rest):
            return cls(shown.version, None, at, below, shown.campaign_id if shown.next.more else None)
        return cls(shown.version, shown.next.conversation_id, at, below)

    @classmethod
    def parse(cls, words: str) -> Self:
        """From what a view brought back."""
        return cls(**json.loads(words))

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def follows_too_soon(self, now: datetime) -> bool:
        """Whether a submission comes so soon that nobody meant it. The clocks of two processes may differ a little."""
        return abs(now - datetime.fromtimestamp(self.milliseconds / 1000, UTC)) < A_BLINK


async def is_busy(session: Session, *, now: datetime) -> bool:
    """Whether so much is texted in the workspace that the modal is the better place.

    One read by the primary key, whatever the table's size: does the last minute reach back over so many texts?
    """
    so_many = int(A_SECOND * _OF_LATE.total_seconds())
    made = (await session.execute(_ONE_OF_LATE, {"so_many": so_many})).scalar_one_or_none()
    return made is not None and now - made < _OF_LATE


async def begin(session: Session, press: Press, *, now: datetime) -> Card:
    """The card goes on in the modal, with what was typed in the message."""
    if shown := await texting.take_to(session, press, now=now):
        return shown
    seen = await cards.look(session, press.volunteer_id)
    return await cards.draw(session, press, seen.last_campaign_id, seen=seen, now=now)


async def end(session: Session, press: Press, *, view_id: str, below: int, now: datetime) -> None:
    """The modal is closed: replies come now, and the card comes back, unless the message shows this very drawing.

    `below` is the drawing that the message had when the modal was opened.
    """
    shown = await texting.take_to(session, press, now=now)
    await conversations.open_threads_now(session, press.volunteer_id, now=now)
    if shown is None or (shown.version == below and press.body is None):
        return
    await replies.bring_card(session, press.volunteer_id, shown.version, why=view_id, now=now)
