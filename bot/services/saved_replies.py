"""Saved replies: words of the campaign's that a volunteer may start an answer from."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from textwrap import dedent
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, cards, scripts
from models import contact, saved_reply, volunteer

MOST = 20
TITLE_LENGTH = 75
FIELD_LENGTH = 3000
_TITLED = re.compile(r"[^:]+:\s+\S")


@dataclass(frozen=True, slots=True)
class SavedReply:
    """`words` may have fields, as a script; for one voter they are filled in."""

    id: int
    title: str
    words: str


_OF_CAMPAIGN = (
    select(saved_reply).where(saved_reply.c.campaign_id == bindparam("campaign_id")).order_by(saved_reply.c.position)
)
_CLEAR = delete(saved_reply).where(saved_reply.c.campaign_id == bindparam("campaign_id"))
_ADD = insert(saved_reply)
_VOTER = (
    select(contact.c.first_name, contact.c.last_name, contact.c.fields, volunteer.c.name.label("volunteer"))
    .select_from(contact.outerjoin(volunteer, volunteer.c.slack_id == bindparam("by")))
    .where(contact.c.id == bindparam("conversation_id"))
)


def parse(words: str) -> list[tuple[str, str]]:
    """(title, words) of each: "Title: words", one a line, or parted by empty lines if some are longer than a line.

    Raises Refusal, in words for the organizer, for the first line that cannot be one, or could be two things.
    """
    replies = [_parse_one("\n".join(lines)) for lines in _parts(words)]
    if len(replies) > MOST:
        raise _refusal(f"A campaign can have {MOST} saved replies; these are {len(replies)}.")
    titles = [title.casefold() for title, _ in replies]
    if repeated := next((title for title, _ in replies if titles.count(title.casefold()) > 1), None):
        raise _refusal(f"Two saved replies are called “{repeated}”.")
    if len(as_written(replies)) > FIELD_LENGTH:
        raise _refusal(f"All saved replies together can have {FIELD_LENGTH:,} characters. Shorten some.")
    return replies


def _parts(words: str) -> list[list[str]]:
    """The lines of each reply. A line that begins with a space always goes on with the one above."""
    written = dedent(words.expandtabs()).strip("\n").splitlines()
    is_parted = any(not line.strip() for line in written)
    parts: list[list[str]] = []
    above = ""
    for line in written:
        goes_on = above.strip() and (line.startswith(" ") or is_parted)
        if goes_on and not line.startswith(" ") and _TITLED.match(line):
            raise _refusal(
                f"“{line[:60]}” stands directly below “{above.strip()[:60]}”. If it is a saved reply of its own, leave "
                "an empty line above it; if it belongs to that one, begin it with a space."
            )
        if line.strip() and goes_on:
            parts[-1].append(line.strip())
        elif line.strip():
            parts.append([line.strip()])
        above = line
    return parts


def as_written(replies: Iterable[tuple[str, str]]) -> str:
    """The replies as an organizer would write them."""
    parts = [_written(f"{title}: {words}") for title, words in replies]
    return ("\n\n" if any("\n" in part for part in parts) else "\n").join(parts)


def _written(part: str) -> str:
    """A line that could begin another reply is set in, so that it reads the same again."""
    first, *others = part.splitlines()
    return "\n".join([first, *(f" {line}" if _TITLED.match(line) else line for line in others)])


def _parse_one(part: str) -> tuple[str, str]:
    title, colon, words = (each.strip() for each in part.partition(":"))
    first = part.splitlines()[0]
    if not colon or not title or "\n" in title or not words or words.startswith("//"):
        raise _refusal(f"“{first[:60]}” needs a title and a colon before it, like “Where to vote: You vote at …”.")
    if len(title) > TITLE_LENGTH:
        raise _refusal(f"The title “{title[:40]}…” is longer than the {TITLE_LENGTH} characters that Slack shows.")
    scripts.check(words, field="saved_replies", what=f"The saved reply “{title}”")
    return " ".join(title.split()), words


def _refusal(sentence: str) -> Refusal:
    return Refusal(sentence, field="saved_replies")


async def write(session: Session, campaign_id: int, words: str, *, by: str, now: datetime) -> None:
    """Make these the campaign's saved replies."""
    replies = parse(words)
    if as_written(replies) == await written(session, campaign_id):
        return
    await audit.note(session, who=by, what="saved replies", subject=str(campaign_id), now=now, count=len(replies))
    await session.execute(_CLEAR, {"campaign_id": campaign_id})
    for place, (title, body) in enumerate(replies, 1):
        await session.execute(_ADD, {"campaign_id": campaign_id, "position": place, "title": title, "body": body})


async def written(session: Session, campaign_id: int) -> str:
    """The campaign's saved replies, to be edited."""
    return as_written((row.title, row.body) for row in await _rows(session, campaign_id))


async def for_voter(session: Session, campaign_id: int, conversation_id: int, *, by: str) -> tuple[SavedReply, ...]:
    """The replies with this voter's fields in them."""
    rows = await _rows(session, campaign_id)
    if not rows:
        return ()
    voter = (await session.execute(_VOTER, {"conversation_id": conversation_id, "by": by})).one()
    return tuple(SavedReply(row.id, row.title, cards.filled(row.body, voter)) for row in rows)


async def _rows(session: Session, campaign_id: int) -> list[Any]:
    return list((await session.execute(_OF_CAMPAIGN, {"campaign_id": campaign_id})).all())
