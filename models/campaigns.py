"""A campaign, the scripts its texts start from, and the segments its contacts fall into."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import BigId, Json, Moment


class CampaignState(StrEnum):
    """Where a campaign is in its life. Texts leave only while it is LIVE."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    CLOSED = "closed"


class Campaign(SQLModel, table=True):
    """`name_key` is the name as commands compare it: casefolded, inner spaces single."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    name: str
    name_key: str = Field(unique=True)
    state: str = CampaignState.DRAFT
    created_by: str
    created_at: datetime = Field(sa_type=Moment)
    script_id: int | None = Field(default=None, sa_type=BigId)
    """The script that drafts start from now. No foreign key: the script's own points the other way."""
    fields: list[str] = Field(default_factory=list, sa_type=Json)
    """The names that a script may use: the columns of every file imported so far."""
    opens_at: datetime | None = Field(default=None, sa_type=Moment)
    closes_at: datetime | None = Field(default=None, sa_type=Moment)
    closed_at: datetime | None = Field(default=None, sa_type=Moment)
    purged_at: datetime | None = Field(default=None, sa_type=Moment)
    """When the last of its personal data were erased."""
    guidelines: str | None = None
    footer: str | None = None
    budget: int | None = None
    """In whole cents; empty: as much as it takes."""
    budget_warned_at: datetime | None = Field(default=None, sa_type=Moment)
    """When organizers were told that most of this budget is spent."""
    budget_spoken_for_at: datetime | None = Field(default=None, sa_type=Moment)
    """Since when what is spent and what waits for the carrier come to the budget: nobody is handed out."""


class Segment(SQLModel, table=True):
    """A part of a campaign's contacts. Every campaign has one named "Everyone"."""

    __table_args__ = (UniqueConstraint("campaign_id", "name"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId)
    name: str
    rule: dict[str, Any] | None = Field(default=None, sa_type=Json)


class Script(SQLModel, table=True):
    """A row never changes: an edit is a new version, so that every text can name the words it started from."""

    __table_args__ = (UniqueConstraint("campaign_id", "segment_id", "pass", "variant", "version"),)

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId)
    segment_id: int = Field(foreign_key="segment.id", sa_type=BigId)
    pass_: int = Field(default=1, sa_column_kwargs={"name": "pass"})
    variant: str = "A"
    weight: int = 1
    version: int = 1
    body: str
    media: list[str] | None = Field(default=None, sa_type=Json)
    created_by: str
    created_at: datetime = Field(sa_type=Moment)


class Question(SQLModel, table=True):
    """Something a campaign wants to know of each voter. One of them may be what it counts as a conversion."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId, index=True)
    position: int
    words: str
    choices: list[str] = Field(sa_type=Json)
    conversion: str | None = None
    """The choice that counts as a conversion, if this question is the campaign's."""
    dropped_at: datetime | None = Field(default=None, sa_type=Moment)
    """When an organizer took it out: it is asked no more, and its answers stay."""


class SavedReply(SQLModel, table=True):
    """Words that a volunteer may start an answer from; they may have fields, as a script."""

    __tablename__ = "saved_reply"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId, index=True)
    position: int
    title: str
    body: str
