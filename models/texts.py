"""Conversations with contacts, the texts that went out, and the texts that came in."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from models.types import BigId, Json, Moment


class ConversationState(StrEnum):
    """POOL: nobody's yet. HELD: a volunteer's, untexted. The rest says whose turn it is."""

    POOL = "pool"
    HELD = "held"
    TEXTED = "texted"
    NEEDS_REPLY = "needs_reply"
    TALKING = "talking"
    DONE = "done"


class Conversation(SQLModel, table=True):
    """A contact's state: narrow and hot. It comes to be when its import goes live."""

    __table_args__ = (
        Index(
            "conversation_pool",
            *("campaign_id", "segment_id", "window_id", "contact_id"),
            postgresql_where=text("state = 'pool'"),
            sqlite_where=text("state = 'pool'"),
        ),
        Index(
            "conversation_next",
            *("volunteer_id", "campaign_id", "position"),
            postgresql_where=text("state = 'held'"),
            sqlite_where=text("state = 'held'"),
        ),
        Index(
            "conversation_waiting",
            *("volunteer_id", "waiting_since"),
            postgresql_where=text("state = 'needs_reply'"),
            sqlite_where=text("state = 'needs_reply'"),
        ),
        Index(
            "conversation_waiting_campaign",
            *("campaign_id", "waiting_since"),
            postgresql_where=text("state = 'needs_reply'"),
            sqlite_where=text("state = 'needs_reply'"),
        ),
        Index(
            "conversation_open",
            *("volunteer_id", "campaign_id"),
            postgresql_where=text("state IN ('texted', 'talking')"),
            sqlite_where=text("state IN ('texted', 'talking')"),
        ),
        Index(
            "conversation_inbound",
            *("person_id", "last_out_at"),
            postgresql_where=text("last_out_at IS NOT NULL"),
            sqlite_where=text("last_out_at IS NOT NULL"),
        ),
    )

    contact_id: int = Field(
        foreign_key="contact.id", sa_column_kwargs={"autoincrement": False}, sa_type=BigId, primary_key=True
    )
    campaign_id: int = Field(sa_type=BigId)
    person_id: int = Field(sa_type=BigId)
    segment_id: int = Field(sa_type=BigId)
    window_id: int = Field(sa_type=BigId)
    pass_: int = Field(default=1, sa_column_kwargs={"name": "pass"})
    script_id: int | None = Field(default=None, sa_type=BigId)
    volunteer_id: str | None = None
    position: int = 0
    """The place in the volunteer's row of contacts of this campaign, from 1, growing with every batch."""
    sender: str | None = None
    state: str = ConversationState.POOL
    closed_as: str | None = None
    """Why it is DONE: answered, skipped, wrong_number, opted_out, unreachable, not_sent, erased."""
    draft: str | None = None
    """Words that a volunteer had begun or took back; the card starts from them."""
    last_out_at: datetime | None = Field(default=None, sa_type=Moment)
    waiting_since: datetime | None = Field(default=None, sa_type=Moment)


class MessageKind(StrEnum):
    """FIRST opens a pass and is unique in it; ANSWER replies to a voter."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    ANSWER = "answer"
    RESEND = "resend"


class MessageState(StrEnum):
    """The life of one text, as docs/architecture.md draws it. `MAY_RISE_TO` says what may follow what."""

    QUEUED = "queued"
    POSTING = "posting"
    UNKNOWN = "unknown"
    REVIEW = "review"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"
    BLOCKED = "blocked"
    REJECTED = "rejected"
    EXPIRED = "expired"


NEVER_LEFT = (MessageState.TAKEN_BACK, MessageState.BLOCKED, MessageState.REJECTED, MessageState.EXPIRED)
"""A text in one of these states does not count as having been sent: its contact may be texted again."""

MAY_RISE_TO: dict[MessageState, tuple[MessageState, ...]] = {
    MessageState.ACCEPTED: (MessageState.POSTING, MessageState.UNKNOWN, MessageState.REVIEW),
    MessageState.SENT: (MessageState.POSTING, MessageState.UNKNOWN, MessageState.REVIEW, MessageState.ACCEPTED),
}
"""What the carrier may tell us of a text → the states it may be told in. Delivery states only rise in rank."""
for _final in (MessageState.DELIVERED, MessageState.UNDELIVERED, MessageState.FAILED):
    MAY_RISE_TO[_final] = (*MAY_RISE_TO[MessageState.SENT], MessageState.SENT)


class Priority:
    """Lower leaves first: an answer to a voter goes before every first text."""

    ANSWER = 0
    FIRST = 10


_COUNTS = "kind = 'first' AND state NOT IN ('taken_back', 'blocked', 'rejected', 'expired')"


class Message(SQLModel, table=True):
    """A text of ours. The row is its own place in the queue, and the record of the human act behind it.

    `act_key` names that act (a card and its version, a typed line's channel and ts, a modal's view): one act, one text.
    """

    __table_args__ = (
        Index(
            "one_first_text_a_pass",
            *("conversation_id", "pass"),
            unique=True,
            postgresql_where=text(_COUNTS),
            sqlite_where=text(_COUNTS),
        ),
        Index(
            "message_queue",
            *("priority", "due_at", "id"),
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
        Index(
            "message_stuck",
            "lease_until",
            postgresql_where=text("state = 'posting'"),
            sqlite_where=text("state = 'posting'"),
        ),
        Index(
            "message_stop",
            "person_id",
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
        Index(
            "message_doubtful",
            "due_at",
            postgresql_where=text("state IN ('unknown', 'review')"),
            sqlite_where=text("state IN ('unknown', 'review')"),
        ),
        Index(
            "message_taken",
            "due_at",
            postgresql_where=text("state = 'accepted'"),
            sqlite_where=text("state = 'accepted'"),
        ),
        Index("message_of_conversation", "conversation_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    conversation_id: int = Field(foreign_key="conversation.contact_id", sa_type=BigId)
    person_id: int = Field(sa_type=BigId)
    campaign_id: int = Field(sa_type=BigId)
    volunteer_id: str
    kind: str
    pass_: int = Field(default=1, sa_column_kwargs={"name": "pass"})
    replaces_id: int | None = Field(default=None, unique=True, sa_type=BigId)
    act_key: str = Field(unique=True)
    draft: str | None = None
    """What the card proposed, where the volunteer changed it; empty if it went as it was."""
    body: str
    script_id: int | None = Field(default=None, sa_type=BigId)
    media: list[str] | None = Field(default=None, sa_type=Json)
    segments: int
    state: str = MessageState.QUEUED
    state_at: datetime = Field(sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    waited_since: datetime | None = Field(default=None, sa_type=Moment)
    """Since when its voter had waited for it: what they go back to should it not leave."""
    priority: int
    due_at: datetime = Field(sa_type=Moment)
    """When it may leave; once it has, when the carrier is to be asked about it should nothing be heard of it."""
    expires_at: datetime = Field(sa_type=Moment)
    claimed_at: datetime | None = Field(default=None, sa_type=Moment)
    """When a worker last took it, to post it within two seconds."""
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    carrier_sid: str | None = Field(default=None, unique=True)
    sender: str | None = None
    error: int | None = None
    """The carrier's code for what went wrong."""
    decided_at: datetime | None = Field(default=None, sa_type=Moment)
    """When a lead said what is to become of it, if nobody could prove whether it left."""
    price: str | None = None


class Inbound(SQLModel, table=True):
    """A text from a phone, stored raw before anything is made of it. The carrier's id makes it count once."""

    __table_args__ = (
        Index(
            "inbox",
            "id",
            postgresql_where=text("conversation_id IS NULL"),
            sqlite_where=text("conversation_id IS NULL"),
        ),
        Index("inbound_of_conversation", "conversation_id", "id"),
        Index(
            "inbound_kept",
            "at",
            postgresql_where=text("from_number != ''"),
            sqlite_where=text("from_number != ''"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    carrier_sid: str = Field(unique=True)
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    from_number: str
    to_number: str
    body: str
    media: list[dict[str, str]] | None = Field(default=None, sa_type=Json)
    verdict: str
    conversation_id: int | None = Field(default=None, foreign_key="conversation.contact_id", sa_type=BigId)
    at: datetime = Field(sa_type=Moment)


class Answer(SQLModel, table=True):
    """What a voter answered to a campaign's question, as a volunteer recorded it. Recording it again replaces it."""

    question_id: int = Field(foreign_key="question.id", sa_type=BigId, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.contact_id", sa_type=BigId, primary_key=True, index=True)
    choice: str
    converted: bool = False
    """Whether it was counted as a conversion: that is what is taken off again should the answer change."""
    by: str
    at: datetime = Field(sa_type=Moment)
