"""Some of a campaign's contacts, on whom its script is tried before anybody is texted with it.

A thousand of them, taken from the whole length of its files: all of a small campaign, and a fair sample of a large one
in a few short reads, whatever its size.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, select

from bot.database import Session
from bot.services import scripts, segments
from bot.services.cards import name_of
from bot.services.script_check import Preview
from models import contact, contact_import

MOST = 1_000
STRETCHES = 10

_IN_FILE = contact.c.import_id == contact_import.c.id
_FILES = (
    select(
        contact_import.c.id,
        select(func.min(contact.c.id)).where(_IN_FILE).scalar_subquery().label("first"),
        select(func.max(contact.c.id)).where(_IN_FILE).scalar_subquery().label("last"),
    )
    .where(contact_import.c.campaign_id == bindparam("campaign_id"), contact_import.c.imported > 0)
    .order_by(contact_import.c.id)
)
_STRETCH = (
    select(contact.c.first_name, contact.c.last_name, contact.c.fields)
    .where(contact.c.import_id == bindparam("import_id"), contact.c.id >= bindparam("at"))
    .order_by(contact.c.id)
    .limit(bindparam("many"))
)


async def of_campaign(session: Session, campaign_id: int) -> list[Any]:
    """Rows of first_name, last_name and fields, in the order of the files."""
    files = (await session.execute(_FILES, {"campaign_id": campaign_id})).all()
    rows: list[Any] = []
    for file in files:
        if file.first is not None:
            for at, many in _stretches(file.first, file.last, MOST // len(files)):
                stretch = {"import_id": file.id, "at": at, "many": many}
                rows += (await session.execute(_STRETCH, stretch)).all()
    return rows


def _stretches(first: int, last: int, share: int) -> list[tuple[int, int]]:
    """Where to begin reading, and how many rows there: from `first` to `last`, `share` rows in all."""
    if last - first < share or share < STRETCHES:
        return [(first, share)]
    many = share // STRETCHES
    step = (last + 1 - many - first) / (STRETCHES - 1)
    return [(first + round(number * step), many) for number in range(STRETCHES)]


def values_of(row: Any, volunteer: str) -> Mapping[str, str | None]:
    """A row's fields as a script names them."""
    own = {"first_name": row.first_name, "last_name": row.last_name, scripts.VOLUNTEER: volunteer}
    return {**row.fields, **own}


def previews(body: str, rows: list[Any], *, volunteer: str, footer: str | None = None) -> list[Preview]:
    """The text that each of these would get from that volunteer."""
    texts = [scripts.with_footer(scripts.merge(body, values_of(row, volunteer)), footer) for row in rows]
    return [Preview(name_of(row), text, segments.count(text)) for row, text in zip(rows, texts, strict=True)]
