"""What the machine keeps for itself: posts to make, the pace, leases, tallies and the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from models.types import BigId, Json, Moment


class SlackPost(SQLModel, table=True):
    """Something to be shown in Slack.

    A voter's words and cards wait as ids and are drawn when their turn comes; a notice waits as its words.
    """

    __tablename__ = "slack_post"
    __table_args__ = (
        Index(
            "slack_post_queue",
            *("priority", "due_at", "id"),
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
        Index(
            "slack_post_merge",
            "merge_key",
            postgresql_where=text("state = 'queued'"),
            sqlite_where=text("state = 'queued'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    dedupe_key: str = Field(unique=True)
    merge_key: str
    """Queued posts that share it go out as one."""
    kind: str
    recipient: str
    """A user or channel id."""
    payload: dict[str, Any] = Field(sa_type=Json)
    priority: int
    due_at: datetime = Field(sa_type=Moment)
    state: str = "queued"
    attempts: int = 0
    error: str | None = None
    about: int | None = Field(default=None, sa_type=BigId, index=True)
    """The contact whom it tells of: when they are erased, so is what Slack shows of it."""
    doubted_at: datetime | None = Field(default=None, sa_type=Moment)
    """When it was about to be made. Without Slack's answer it may be there: it is looked for before another."""


class Pace(SQLModel, table=True):
    """The carrier's throughput, shared by all workers: segments that may leave now. Taken before a claim."""

    sender: str = Field(primary_key=True)
    tokens: float
    refilled_at: datetime = Field(sa_type=Moment)
    tripped_until: datetime | None = Field(default=None, sa_type=Moment)
    """Until then nothing is claimed."""
    tripped_why: str | None = None
    held_why: str | None = None
    """Nothing is claimed until a person says so: why."""
    passed_at: datetime | None = Field(default=None, sa_type=Moment)
    """When a person last said that texts may leave all the same."""
    drained_at: datetime | None = Field(default=None, sa_type=Moment)
    """When all that waits now will have left, as a worker measured last: contacts are handed out by it."""
    measured_at: datetime | None = Field(default=None, sa_type=Moment)
    """When that was. A worker does so every few seconds: if it is long ago, nobody sends."""


class Mark(SQLModel, table=True):
    """How far the carrier's list has been looked through: by name, a moment."""

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Moment)


class Lease(SQLModel, table=True):
    """Who holds a job that only one process may do at a time (the clock, the writer to Slack)."""

    name: str = Field(primary_key=True)
    owner: str
    until: datetime = Field(sa_type=Moment)


class Tally(SQLModel, table=True):
    """A count by campaign, metric, quarter hour, volunteer and script, bumped in the transaction that it counts."""

    # The key in the order in which sums are asked for, and on SQLite the rows in that order: a sum is one walk.
    __table_args__ = (Index("tally_of_volunteer", "volunteer_id", "campaign_id"), {"sqlite_with_rowid": False})

    campaign_id: int = Field(primary_key=True, sa_type=BigId)
    metric: str = Field(primary_key=True)
    bucket: datetime = Field(primary_key=True, sa_type=Moment)
    volunteer_id: str = Field(primary_key=True)
    script_id: int = Field(primary_key=True, sa_type=BigId)
    n: int


class Audit(SQLModel, table=True):
    """Who did what when. Rows are added and never changed."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    at: datetime = Field(sa_type=Moment)
    who: str
    what: str
    subject: str = ""
    data: dict[str, Any] | None = Field(default=None, sa_type=Json)


class AuditWords(SQLModel, table=True):
    """What somebody wrote when they did it: beside the log, so that it can be erased and the log's seals still fit.

    The log has a hash of it, with `salt`.
    """

    __tablename__ = "audit_words"

    audit_id: int = Field(
        foreign_key="audit.id", sa_column_kwargs={"autoincrement": False}, sa_type=BigId, primary_key=True
    )
    subject: str = Field(index=True)
    salt: str
    words: str


class Seal(SQLModel, table=True):
    """A batch of the audit log: how many rows it has, and a keyed hash of them and of the seal before.

    It begins after the last row of the one before: no two can.
    """

    after_id: int = Field(sa_column_kwargs={"autoincrement": False}, sa_type=BigId, primary_key=True)
    up_to_id: int = Field(sa_type=BigId, unique=True)
    at: datetime = Field(sa_type=Moment)
    rows: int
    hash: str


class Setting(SQLModel, table=True):
    """What organizers set for the whole workspace, by name: `inbox` is the channel for calls."""

    name: str = Field(primary_key=True)
    value: str


class InboxItem(SQLModel, table=True):
    """Something that needs a person: a call for help, a text from an unknown number, doubtful sends, an alarm.

    It is shown to `shown_to` (a channel, or a person) in `channel` as message `ts`, with "Take it"; whoever takes it is
    `taken_by`. What is shown is read from its ids when it is drawn; `payload` holds what no other row has.
    """

    __tablename__ = "inbox_item"
    __table_args__ = (
        Index(
            "inbox_item_open",
            "campaign_id",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    dedupe_key: str = Field(unique=True)
    kind: str
    campaign_id: int | None = Field(default=None, sa_type=BigId)
    conversation_id: int | None = Field(default=None, sa_type=BigId, index=True)
    asked_by: str | None = None
    """The volunteer who called for help, and gets word when it has come."""
    payload: dict[str, Any] = Field(sa_type=Json)
    at: datetime = Field(sa_type=Moment)
    shown_to: str | None = None
    channel: str | None = None
    ts: str | None = None
    moved: int = 0
    """How often it lost its place: in each new one it is shown once."""
    taken_by: str | None = None
    taken_at: datetime | None = Field(default=None, sa_type=Moment)
    done_at: datetime | None = Field(default=None, sa_type=Moment)
