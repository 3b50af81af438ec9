"""Those who text and those who run it, and the card and threads each has in Slack."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import BigId, Moment


class Role(StrEnum):
    """What somebody may do. NONE is suspended: not even texting."""

    ADMIN = "admin"
    ORGANIZER = "organizer"
    MANAGER = "manager"
    VOLUNTEER = "volunteer"
    NONE = "none"


class Volunteer(SQLModel, table=True):
    """Anybody in Slack whom Textbank has met, whatever the role."""

    slack_id: str = Field(primary_key=True)
    role: str = Role.VOLUNTEER
    name: str = ""
    """As Slack shows it; its first word is `{volunteer}` in a script."""
    home_opened_at: datetime | None = Field(default=None, sa_type=Moment)
    """When they last looked at the App Home: it is published for nobody else."""
    home_shown: str | None = None
    """A hash of the Home as it was last published: the same is not published again."""


class Membership(SQLModel, table=True):
    """A volunteer in a campaign. "17 of 50" is read off positions: nothing is counted at a click."""

    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId, primary_key=True)
    volunteer_id: str = Field(foreign_key="volunteer.slack_id", primary_key=True)
    cap: int | None = None
    invited: bool = False
    """May take batches for themselves."""
    batch_size: int = 50
    """How many contacts each of these has: what the invitation said that they answered."""
    batch_start: int = 0
    """The last position before the batch in hand."""
    last_position: int = 0
    guidelines_accepted_at: datetime | None = Field(default=None, sa_type=Moment)


class Card(SQLModel, table=True):
    """The one live card of a volunteer. Each drawing is a new `version`; a click on any other is out of date."""

    volunteer_id: str = Field(foreign_key="volunteer.slack_id", primary_key=True)
    version: int = 0
    campaign_id: int | None = Field(default=None, foreign_key="campaign.id", sa_type=BigId)
    conversation_id: int | None = Field(default=None, foreign_key="conversation.contact_id", sa_type=BigId)
    surface: str = "message"
    clicked_at: datetime | None = Field(default=None, sa_type=Moment)
    """Reply threads wait until the clicking has paused, so as not to bury the card."""
    news: str | None = None
    """Lines the next drawing shows, once (that somebody opted out, say): each the id of its contact and the words."""


class Thread(SQLModel, table=True):
    """A conversation's thread in a volunteer's direct message."""

    __table_args__ = (UniqueConstraint("conversation_id", "volunteer_id"),)

    channel: str = Field(primary_key=True)
    root_ts: str = Field(primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.contact_id", sa_type=BigId)
    volunteer_id: str = Field(foreign_key="volunteer.slack_id")
