"""A chunk of a file into the database: persons who are new, everybody's contact, and the rows that may not come in.

By far the most rows that are ever written, so each database is given them in the way that costs it least.
"""

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, cast

from psycopg import Error as PostgresqlError
from psycopg.errors import UniqueViolation
from sqlalchemy import TextClause, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Session, discreet
from bot.services.contact_rows import CONTACT, PERSON, Chunk, Reject
from bot.services.optouts import ERASED


class Overtaken(Exception):
    """Another import put in some of the same people at the same moment: stage the chunk again."""


_ROW, _PHONE, _HASH, _WINDOW = (PERSON.index(name) for name in ("row", "phone", "phone_hash", "window_key"))
_OF_CONTACT = len(PERSON) - len(CONTACT)

_WINDOW_INTO = text("INSERT INTO texting_window (key) VALUES (:key) ON CONFLICT DO NOTHING")
_WINDOW_IDS = text("SELECT key, id FROM texting_window WHERE key IN :keys").bindparams(
    bindparam("keys", expanding=True)
)
_REJECT = text("INSERT INTO import_reject (import_id, row, reason, raw) VALUES (:import_id, :row, :reason, :raw)")
_RESTORE = text("UPDATE person SET phone = :phone, unreachable = NULL WHERE id = :person_id AND phone IS NULL")


def _known(hashes: str) -> TextClause:
    """Everybody of whom the database knows anything."""
    return text(
        "SELECT r.phone_hash, o.state AS opted_out, p.id AS person_id, p.phone, p.unreachable, c.import_id"  # noqa: S608
        f" FROM {hashes}"
        " LEFT JOIN person AS p ON p.phone_hash = r.phone_hash"
        " LEFT JOIN opt_out AS o ON o.phone_hash = r.phone_hash AND o.state = 'out'"
        " LEFT JOIN contact AS c ON c.campaign_id = :campaign_id AND c.person_id = p.id"
        " WHERE o.phone_hash IS NOT NULL OR p.id IS NOT NULL"
    )


_CONTACT_COLUMNS = ("campaign_id", "import_id", "person_id", "window_id", *CONTACT)
_CONTACT_INTO = f"contact ({', '.join(_CONTACT_COLUMNS)})"


class _Sqlite:
    """Nobody else writes until this transaction ends, so what is known stays true and ids can be given out."""

    known = _known("(SELECT value AS phone_hash FROM json_each(:hashes)) AS r")
    _last = text("SELECT coalesce(max(id), 0) FROM person")
    _person = "INSERT INTO person (id, phone, phone_hash) VALUES (?, ?, ?)"
    _contact = f"INSERT INTO {_CONTACT_INTO} VALUES ({', '.join('?' * len(_CONTACT_COLUMNS))})"  # noqa: S608

    @staticmethod
    def hashes(hashes: list[str]) -> str:
        return json.dumps(hashes)

    @classmethod
    async def add_persons(cls, session: Session, people: Sequence[Sequence[Any]]) -> dict[str, int]:
        last = (await session.execute(cls._last)).scalar_one()
        rows = [(last + nth, person[_PHONE], person[_HASH]) for nth, person in enumerate(people, 1)]
        await session.exec_driver_sql(cls._person, rows)
        return {hashed: person_id for person_id, _phone, hashed in rows}

    @classmethod
    async def add_contacts(cls, session: Session, rows: list[tuple[Any, ...]]) -> None:
        await session.exec_driver_sql(cls._contact, rows)


class _Postgresql:
    """Others may put in the same people meanwhile: whoever comes second begins again."""

    known = _known("unnest(CAST(:hashes AS text[])) AS r(phone_hash)")
    _persons = text(
        "INSERT INTO person (phone, phone_hash)"
        " SELECT * FROM unnest(CAST(:phones AS text[]), CAST(:hashes AS text[]))"
        " ON CONFLICT DO NOTHING RETURNING phone_hash, id"
    )
    _contacts = f"COPY {_CONTACT_INTO} FROM STDIN"

    @staticmethod
    def hashes(hashes: list[str]) -> list[str]:
        return hashes

    @classmethod
    async def add_persons(cls, session: Session, people: Sequence[Sequence[Any]]) -> dict[str, int]:
        phones, hashes = [person[_PHONE] for person in people], [person[_HASH] for person in people]
        added = await session.execute(cls._persons, {"phones": phones, "hashes": hashes})
        ids = {row.phone_hash: row.id for row in added}
        if len(ids) != len(people):
            raise Overtaken
        return ids

    @classmethod
    async def add_contacts(cls, session: Session, rows: list[tuple[Any, ...]]) -> None:
        connection: Any = (await cast(AsyncConnection, session).get_raw_connection()).driver_connection
        try:
            async with connection.cursor() as cursor, cursor.copy(cls._contacts) as copy:
                for row in rows:
                    await copy.write_row(row)
        except UniqueViolation:
            raise Overtaken from None
        except PostgresqlError as error:
            discreet(error)
            raise


async def windows(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """The ids of these texting windows. They are for ever; those that are new are put in."""
    if not keys:
        return {}
    await session.execute(_WINDOW_INTO, [{"key": key} for key in keys])
    return {row.key: row.id for row in await session.execute(_WINDOW_IDS, {"keys": list(keys)})}


async def put_in(
    session: Session, chunk: Chunk, windows: Mapping[str, int], *, campaign_id: int, import_id: int
) -> tuple[int, int]:
    """The chunk's rows. Returns how many were imported and how many rejected.

    Raises Overtaken, and then nothing may be committed.
    """
    say = _Sqlite if session.dialect.name == "sqlite" else _Postgresql
    hashes = say.hashes([person[_HASH] for person in chunk.people])
    found = await session.execute(say.known, {"hashes": hashes, "campaign_id": campaign_id})
    known = {row.phone_hash: row for row in found}
    reasons = {hashed: why for hashed, row in known.items() if (why := _reason(row, import_id))}
    people = [person for person in chunk.people if person[_HASH] not in reasons]
    # Imports at the same time go through the same people in the same order, so that none can deadlock another; and
    # neighbours in the index come together.
    new = sorted((person for person in people if person[_HASH] not in known), key=itemgetter(_HASH))
    ids = {hashed: row.person_id for hashed, row in known.items()}
    if new:
        ids |= await say.add_persons(session, new)
    await _restore(session, [person for person in people if _is_erased(known.get(person[_HASH]))], ids)
    if people:
        rows = [
            (campaign_id, import_id, ids[person[_HASH]], windows[person[_WINDOW]], *person[_OF_CONTACT:])
            for person in people
        ]
        await say.add_contacts(session, rows)
    turned_down = [
        Reject(person[_ROW], reasons[person[_HASH]], raw)
        for person, raw in zip(chunk.people, chunk.raws, strict=True)
        if person[_HASH] in reasons
    ]
    if rejects := [*chunk.rejects, *turned_down]:
        await session.execute(_REJECT, [{"import_id": import_id, **reject._asdict()} for reject in rejects])
    return len(people), len(rejects)


def _reason(row: Any, import_id: int) -> str | None:
    if row.opted_out:
        return "opted out: this person asked not to be texted"
    if row.unreachable and row.unreachable != ERASED:
        return f"cannot be reached: {row.unreachable}"
    if row.import_id == import_id:
        return "same phone as an earlier row of this file"
    return "already in this campaign" if row.import_id else None


def _is_erased(known: Any) -> bool:
    return known is not None and known.phone is None


async def _restore(session: Session, erased: list[tuple[Any, ...]], ids: Mapping[str, int]) -> None:
    """Who was erased, and never opted out, agreed anew: this file says so."""
    if erased:
        rows = [{"person_id": ids[person[_HASH]], "phone": person[_PHONE]} for person in erased]
        await session.execute(_RESTORE, rows)
