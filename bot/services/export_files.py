"""A campaign's CSV files, written a page of contacts at a time; docs/exports.md says what each column means.

A page is read in a short transaction of its own, from where the one before ended, so that memory stays bounded and
neither clicks nor SQLite's checkpoints wait. What it says of a contact (state, texts, answers, opt-out) is of one
moment; the next page's moment is a little later.
"""

import asyncio
import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, ColumnElement, any_, bindparam, func, literal_column, select

from bot.database import Database, Session
from bot.services import carrier_codes
from bot.services.keywords import Verdict
from bot.services.spreadsheets import harmless, said
from models import (
    NEVER_LEFT,
    ConversationState,
    ImportState,
    answer,
    campaign,
    contact,
    contact_import,
    conversation,
    inbound,
    message,
    opt_out,
    person,
    question,
    state_is,
    volunteer,
)

FILES = ("contacts.csv", "messages.csv", "conversations.csv", "opt_outs.csv")
PAGE = 1_000
_STATUS = {None: "unassigned", ConversationState.POOL: "unassigned", ConversationState.HELD: "assigned"}
"""The words for states whose own would mean nothing to an organizer."""
_MADE_OF_IT = {Verdict.OUT: "opt_out", Verdict.HELD: "held", Verdict.START: "wants_back"}
"""What a voter's text was taken for."""

WHO = ("external_id", "phone", "first_name", "last_name")
"""How every file begins."""
_STATE = ("status", "closed_as", "opted_out", "cannot_be_texted", "volunteer", "volunteer_id")
_COUNTS = ("texts", "first_text_utc", "last_text_utc", "replies", "last_reply_utc")
_ABOUT = ("consent", "consent_source", "consent_date", "birth_year", "zip", "region", "timezone", "file")
MESSAGES = (
    *(*WHO, "clicked_utc", "volunteer", "volunteer_id", "kind", "words", "state", "state_utc", "error"),
    *("error_meaning", "segments", "pictures", "sender", "carrier_id", "price"),
)
CONVERSATIONS = (*WHO, "at_utc", "direction", "who", "volunteer_id", "words", "pictures", "state")
OPT_OUTS = (*WHO, "state", "at_utc", "source", "by", "reason")

_IMPORTS = (
    select(
        *(contact_import.c.id, contact_import.c.consent, contact_import.c.file_name),
        *(contact_import.c.consent_where, contact_import.c.consent_when),
    )
    .where(contact_import.c.campaign_id == bindparam("campaign_id"), state_is(contact_import, ImportState.LIVE))
    .order_by(contact_import.c.id)
)
_EXPECTED = select(func.coalesce(func.sum(contact_import.c.imported), 0)).where(
    contact_import.c.campaign_id == bindparam("campaign_id"), state_is(contact_import, ImportState.LIVE)
)
_FIELDS = select(campaign.c.fields).where(campaign.c.id == bindparam("campaign_id"))
_QUESTIONS = (
    select(question.c.id, question.c.words)
    .where(question.c.campaign_id == bindparam("campaign_id"))
    .order_by(question.c.position, question.c.id)
)
_VOLUNTEERS = select(volunteer.c.slack_id, volunteer.c.name)
_PAGE = (
    select(contact.c.id)
    .where(contact.c.import_id == bindparam("import_id"), contact.c.id > bindparam("after"))
    .order_by(contact.c.id)
)


class _Statements:
    """A page's reads. Each is given its contacts one by one, so that PostgreSQL joins no table whole to find them.

    There they come as one array: a thousand parameters cost as much as what they find.
    """

    def __init__(self, among: Callable[[Column[int]], ColumnElement[bool]]) -> None:
        self.contacts = (
            select(
                *(contact.c.id, contact.c.external_id, contact.c.first_name, contact.c.last_name, contact.c.birth_year),
                *(contact.c.zip, contact.c.region, contact.c.timezone, contact.c.consent_source, contact.c.consent_at),
                *(contact.c.fields, person.c.phone, person.c.unreachable, conversation.c.state),
                *(conversation.c.closed_as, conversation.c.volunteer_id, opt_out.c.state.label("opted_out")),
                *(opt_out.c.at.label("opted_out_at"), opt_out.c.source, opt_out.c.by, opt_out.c.reason),
            )
            .join(person, person.c.id == contact.c.person_id)
            .outerjoin(conversation, conversation.c.contact_id == contact.c.id)
            .outerjoin(opt_out, opt_out.c.phone_hash == person.c.phone_hash)
            .where(among(contact.c.id))
            .order_by(contact.c.id)
        )
        self.sent = (
            select(
                *(message.c.id, message.c.conversation_id, message.c.volunteer_id, message.c.kind, message.c.body),
                *(message.c.state, message.c.state_at, message.c.created_at.label("at"), message.c.segments),
                *(message.c.media, message.c.error, message.c.sender, message.c.carrier_sid, message.c.price),
            )
            .where(among(message.c.conversation_id))
            .order_by(message.c.conversation_id, message.c.id)
        )
        self.received = (
            select(inbound.c.conversation_id, inbound.c.at, inbound.c.body, inbound.c.media, inbound.c.verdict)
            .where(among(inbound.c.conversation_id))
            .order_by(inbound.c.conversation_id, inbound.c.id)
        )
        self.answers = select(answer.c.conversation_id, answer.c.question_id, answer.c.choice, answer.c.at).where(
            among(answer.c.conversation_id)
        )


_SQLITE = _Statements(lambda column: column.in_(bindparam("ids", expanding=True)))
_POSTGRESQL = _Statements(lambda column: column == any_(bindparam("ids", type_=ARRAY(BigInteger))))

ByContact = dict[int, list[Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known before the first page: the files of contacts, the questions, and everybody's names."""

    imports: list[Any]
    fields: list[str]
    questions: list[Any]
    names: dict[str, str]
    expected: int

    @property
    def contact_columns(self) -> list[str]:
        """The head of contacts.csv: a column for each question, and those of the campaign's own files at the end."""
        asked = _told_apart(said(row.words) for row in self.questions)
        listed = [f"list_{name}" for name in self.fields]
        return [*WHO, *_STATE, *_COUNTS, *asked, "answered_utc", *_ABOUT, *listed]


@dataclass(frozen=True, slots=True)
class Page:
    """Some contacts, and all that was said to and by them."""

    contacts: list[Any]
    sent: ByContact = field(default_factory=dict)
    received: ByContact = field(default_factory=dict)
    answers: ByContact = field(default_factory=dict)


async def write(
    database: Database,
    campaign_id: int,
    folder: Path,
    *,
    page_rows: int = PAGE,
    rest: float = 0.0,
    on_progress: Callable[[int], Any] = lambda _contacts: None,
) -> int:
    """Write the campaign's files into this folder. Returns how many contacts there are.

    After each page it rests, so that a process that also serves clicks comes to them, and tells how many contacts are
    written so far.
    """
    async with database.reading() as session:
        plan = await _plan(session, campaign_id)
    written = 0
    with _Files.opened(folder, plan) as files:
        for source in plan.imports:
            after = 0
            while (page := await _read(database, source.id, after, page_rows)).contacts:
                files.add(page, source)
                written, after = written + len(page.contacts), page.contacts[-1].id
                on_progress(written)
                await asyncio.sleep(rest)
    return written


async def expected(session: Session, campaign_id: int) -> int:
    """How many contacts there will be."""
    return int((await session.execute(_EXPECTED, {"campaign_id": campaign_id})).scalar_one())


async def _plan(session: Session, campaign_id: int) -> Plan:
    of = {"campaign_id": campaign_id}
    fields = (await session.execute(_FIELDS, of)).scalar_one()
    return Plan(
        imports=list((await session.execute(_IMPORTS, of)).all()),
        fields=[name for name in fields if name not in WHO],
        questions=list((await session.execute(_QUESTIONS, of)).all()),
        names={row.slack_id: row.name for row in (await session.execute(_VOLUNTEERS)).all()},
        expected=await expected(session, campaign_id),
    )


async def _read(database: Database, import_id: int, after: int, limit: int) -> Page:
    statements = _SQLITE if database.sqlite else _POSTGRESQL
    page = _PAGE.limit(literal_column(str(int(limit))))  # written out: PostgreSQL plans for few rows only if it sees it
    async with database.reading_one_moment() as session:
        ids = list((await session.execute(page, {"import_id": import_id, "after": after})).scalars())
        if not ids:
            return Page([])
        contacts = list((await session.execute(statements.contacts, {"ids": ids})).all())
        wanted = (statements.sent, statements.received, statements.answers)
        lists = [(await session.execute(statement, {"ids": ids})).all() for statement in wanted]
    return Page(contacts, *map(_by_contact, lists))


def _by_contact(rows: Iterable[Any]) -> ByContact:
    found: ByContact = defaultdict(list)
    for row in rows:
        found[row.conversation_id].append(row)
    return found


@dataclass(frozen=True, slots=True)
class _Files:
    """The open files."""

    plan: Plan
    contacts: Any
    messages: Any
    conversations: Any
    opt_outs: Any

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, plan: Plan) -> Iterator["_Files"]:
        with ExitStack() as stack:
            heads = (plan.contact_columns, MESSAGES, CONVERSATIONS, OPT_OUTS)
            writers = []
            for name, head in zip(FILES, heads, strict=True):
                # With a BOM: without one a spreadsheet takes José for JosÃ©.
                file = stack.enter_context((folder / name).open("w", encoding="utf-8-sig", newline=""))
                writers.append(csv.writer(file))
                writers[-1].writerow(head)
            yield cls(plan, *writers)

    def add(self, page: Page, source: Any) -> None:
        """Write a page's rows into each file."""
        for row in page.contacts:
            sent, received = page.sent.get(row.id, []), page.received.get(row.id, [])
            who = (harmless(row.external_id or ""), row.phone or "", said(row.first_name), said(row.last_name))
            self.contacts.writerow([*who, *self._contact(row, sent, received, page.answers.get(row.id, []), source)])
            self.messages.writerows([*who, *self._message(text)] for text in sent)
            self.conversations.writerows([*who, *line] for line in self._lines(sent, received))
            if row.opted_out is not None:
                by = said(self.plan.names.get(row.by or "") or row.by)
                told = (row.opted_out, _utc(row.opted_out_at), row.source, by, said(row.reason))
                self.opt_outs.writerow([*who, *told])

    def _contact(
        self, row: Any, sent: list[Any], received: list[Any], answers: list[Any], source: Any
    ) -> Iterator[str | int]:
        left = [text.at for text in sent if text.state not in NEVER_LEFT]
        chosen = {one.question_id: one.choice for one in answers}
        yield from (_STATUS.get(row.state, row.state), row.closed_as or "", row.opted_out or "", row.unreachable or "")
        yield from (self._name(row.volunteer_id), row.volunteer_id or "")
        yield from (len(left), _utc(left[0]) if left else "", _utc(left[-1]) if left else "")
        yield from (len(received), _utc(received[-1].at) if received else "")
        yield from (said(chosen.get(each.id)) for each in self.plan.questions)
        yield _utc(max(one.at for one in answers)) if answers else ""
        yield from (said(source.consent), said(row.consent_source or source.consent_where))
        yield from (said(row.consent_at or source.consent_when), row.birth_year or "")
        yield from (said(row.zip), said(row.region), row.timezone or "", said(source.file_name))
        yield from (harmless(str(row.fields.get(name) or "")) for name in self.plan.fields)

    def _message(self, text: Any) -> Iterator[str | int]:
        yield from (_utc(text.at), self._name(text.volunteer_id), text.volunteer_id, text.kind, said(text.body))
        yield from (text.state, _utc(text.state_at), text.error or "")
        yield carrier_codes.in_words(text.error) if text.error else ""
        yield from (text.segments, len(text.media or ()), text.sender or "", text.carrier_sid or "", text.price or "")

    def _lines(self, sent: list[Any], received: list[Any]) -> list[list[Any]]:
        """Who said what, in the order of the clock. What never left was never said."""
        lines = [
            (one.at, "out", self._name(one.volunteer_id), one.volunteer_id, one.body, one.media, one.state)
            for one in sent
            if one.state not in NEVER_LEFT
        ]
        lines += [
            (one.at, "in", "voter", "", one.body, one.media, _MADE_OF_IT.get(one.verdict, "")) for one in received
        ]
        lines.sort(key=lambda line: line[0])
        return [
            [_utc(at), way, name, slack_id, said(words), len(pictures or ()), state]
            for at, way, name, slack_id, words, pictures, state in lines
        ]

    def _name(self, slack_id: str | None) -> str:
        return said(self.plan.names.get(slack_id or ""))


def _utc(moment: datetime) -> str:
    """As spreadsheets read a date."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _told_apart(heads: Iterable[str]) -> list[str]:
    """No two columns of one name, nor one of ours."""
    taken = {*WHO, *_STATE, *_COUNTS, *_ABOUT, "answered_utc"}
    found = []
    for head in heads:
        number, name = 2, head
        while name in taken:
            name, number = f"{head} ({number})", number + 1
        taken.add(name)
        found.append(name)
    return found
