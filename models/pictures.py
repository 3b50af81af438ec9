"""A campaign's picture, and one that is still to be fetched from Slack.

Many processes share no disk, so the bytes are in the database. They never change: scripts and texts name a picture by
the hash of its bytes.
"""

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from models.types import BigId, Moment


class Picture(SQLModel, table=True):
    """A picture as it is served to the carrier."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    sha256: str = Field(unique=True)
    content_type: str
    content: bytes = Field(sa_type=LargeBinary)
    created_by: str
    created_at: datetime = Field(sa_type=Moment)


class PictureRequest(SQLModel, table=True):
    """A picture that somebody handed over in Slack for a campaign, until a worker has fetched it. The newest counts."""

    __tablename__ = "picture_request"

    campaign_id: int = Field(
        foreign_key="campaign.id", sa_column_kwargs={"autoincrement": False}, sa_type=BigId, primary_key=True
    )
    file_name: str
    file_url: str
    asked_by: str
    asked_at: datetime = Field(sa_type=Moment)
    due_at: datetime = Field(sa_type=Moment)
