"""What is reported: the daily digest of a channel, each day's run of it, and exports that somebody asked for."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from models.types import BigId, Moment


class Digest(SQLModel, table=True):
    """A channel's daily digest, at `at` ("18:00") in the time zone `tz`."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    channel: str = Field(unique=True)
    at: str
    tz: str
    ranking: bool = False
    """Whether it says who texted the most: only if somebody asked for it."""
    next_run_at: datetime | None = Field(default=None, sa_type=Moment, index=True)
    """Empty while it is off: the row stays, and with it the dates that were run."""
    created_by: str


class DigestRun(SQLModel, table=True):
    """One local date's digest: its key is what keeps it from being posted twice, however many processes run.

    A "missed" one could not be posted while its date lasted.
    """

    __tablename__ = "digest_run"

    digest_id: int = Field(foreign_key="digest.id", sa_type=BigId, primary_key=True)
    local_date: date = Field(primary_key=True)
    at: datetime = Field(sa_type=Moment)
    state: str = "queued"


class ExportState(StrEnum):
    """Where an export is. One whose process died is taken up anew, from its beginning."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Export(SQLModel, table=True):
    """A campaign's files for somebody's direct message, written by a worker."""

    __table_args__ = (
        Index(
            "one_export_at_a_time",
            *("campaign_id", "asked_by"),
            unique=True,
            postgresql_where=text("state IN ('waiting', 'running')"),
            sqlite_where=text("state IN ('waiting', 'running')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId)
    asked_by: str
    at: datetime = Field(sa_type=Moment)
    state: str = ExportState.WAITING
    rows: int = 0
    """Written so far."""
    tries: int = 0
    owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Moment)
    error: str | None = None
    channel: str | None = None
    ts: str | None = None
    """The message that says how far it is, if it takes long enough for one."""
