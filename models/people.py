"""The people who are texted: a phone, its opt-out, and each campaign's contact for it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from models.types import BigId, Json, Moment


class Person(SQLModel, table=True):
    """One phone, organization-wide. History, opt-outs and caps hang on it, whatever the campaign."""

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    phone: str | None = None
    """E.164; empty once the person has been erased."""
    phone_hash: str = Field(unique=True)
    """By which a person is found: one unique index, and it outlives the number."""
    line_type: str | None = None
    unreachable: str | None = None
    """Why this number is not to be texted again (wrong number, landline …), or empty."""
    free_at: datetime | None = Field(default=None, sa_type=Moment)
    """From when another first text may go to them, of any campaign."""
    first_act: str | None = None
    """The act behind their last first text. If that text never left, they are free all the same."""


class OptOutState(StrEnum):
    """OUT: never text again. HELD: nothing more until somebody has decided what the person meant."""

    OUT = "out"
    HELD = "held"


class OptOut(SQLModel, table=True):
    """Keyed by a hash of the number, so that it outlives the person's row. Asking is one primary-key read."""

    __tablename__ = "opt_out"

    phone_hash: str = Field(primary_key=True)
    state: str = OptOutState.OUT
    at: datetime = Field(sa_type=Moment)
    source: str
    by: str | None = None
    reason: str | None = None


class OptOutFile(SQLModel, table=True):
    """A file of numbers that somebody handed over to be opted out, until a worker has read it."""

    __tablename__ = "opt_out_file"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    file_name: str
    file_url: str
    reason: str
    """Where it is from: kept with each number."""
    asked_by: str
    asked_at: datetime = Field(sa_type=Moment)
    due_at: datetime = Field(sa_type=Moment)
    tries: int = 0


class TextingWindow(SQLModel, table=True):
    """When people of one kind of place may be texted; some hundred rows serve ten million contacts.

    `key` is `bot.services.texting_hours.Window.key`, from which the window is rebuilt.
    """

    __tablename__ = "texting_window"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    key: str = Field(unique=True)


class ImportState(StrEnum):
    """STAGING rows cannot be handed out; the change to LIVE makes the whole file count at once."""

    STAGING = "staging"
    LIVE = "live"
    FAILED = "failed"


class ContactImport(SQLModel, table=True):
    """One file of contacts. `next_row` is the next row to read, so that a killed import goes on where it was."""

    __tablename__ = "contact_import"

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(foreign_key="campaign.id", sa_type=BigId, index=True)
    state: str = ImportState.STAGING
    file_name: str
    file_url: str | None = None
    """Where the file is fetched from in Slack; empty for a file of this machine."""
    fingerprint: str | None = None
    """By which a file of this machine is known again when its import goes on."""
    consent: str
    """How these people agreed, in the words of whoever brought the file."""
    consent_where: str | None = None
    consent_when: str | None = None
    """Where and when, for all whose row does not say it itself."""
    imported_by: str
    created_at: datetime = Field(sa_type=Moment)
    look_up: bool = False
    """Whether its word offers to have the carrier asked which of its numbers are landlines."""
    header: list[str] | None = Field(default=None, sa_type=Json)
    """The file's column names, under which rejected rows are given back."""
    next_row: int = 0
    open_after: int | None = Field(default=None, sa_type=BigId)
    """While a LIVE import's conversations are being opened: the last contact that has one."""
    erased_up_to: int = Field(default=0, sa_type=BigId, sa_column_kwargs={"server_default": "0"})
    """The contacts up to this one are erased: the campaign was closed long enough."""
    imported: int = 0
    rejected: int = 0
    error: str | None = None
    """Why nothing was imported, in words for the organizer."""
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How often it has been taken up since it last got anywhere."""
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=Moment)


class ImportReject(SQLModel, table=True):
    """A row that was not imported: its number in the file (the header is row 1), why, and its cells as they were."""

    __tablename__ = "import_reject"

    import_id: int = Field(foreign_key="contact_import.id", sa_type=BigId, primary_key=True)
    row: int = Field(primary_key=True)
    reason: str
    raw: list[str] = Field(sa_type=Json)


class Contact(SQLModel, table=True):
    """A person in a campaign: wide, and written once. What changes lives in the conversation.

    Of its references only the person's is checked by the database: the import makes the others by the million itself.
    """

    __table_args__ = (
        UniqueConstraint("person_id", "campaign_id"),
        Index("contact_of_import", "import_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigId, primary_key=True))
    campaign_id: int = Field(sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    import_id: int = Field(sa_type=BigId)
    window_id: int = Field(sa_type=BigId)
    external_id: str | None = None
    first_name: str = ""
    last_name: str = ""
    birth_year: int | None = None
    zip: str | None = None
    region: str | None = None
    timezone: str | None = None
    place: str = ""
    """Where they are, in words for the card."""
    fields: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    """The file's other columns by script name, as the file had them."""
    consent_source: str | None = None
    consent_at: str | None = None
