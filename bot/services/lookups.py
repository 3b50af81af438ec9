"""What kind of line a number is, asked of the carrier before anybody is texted: only if an organizer says so.

It costs money for each number. How far a look-up is stands in a setting; whoever goes on after a crash asks for a few
numbers again at the most.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, campaigns, optouts, posts
from bot.services.posts import PostKind
from models import ConversationState, ImportState, contact, contact_import, conversation, person, setting, state_is

AT_ONCE = 10
"""Numbers asked for together."""
JOB = "lookups"
NOT_TEXTED = {
    "landline": "landline",
    "tollFree": "toll-free number",
    "premium": "premium-rate number",
    "sharedCost": "shared-cost number",
    "uan": "company's number",
    "voicemail": "voicemail box",
    "pager": "pager",
    "invalid": "not a valid number",
}
"""Kinds of lines that take no texts from a person to a person, and what is said of them. Mobile and VoIP do."""

_PREFIX = "lookup:"
_ADD = text("INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING RETURNING name")
_WAITING = select(setting.c.name, setting.c.value).where(setting.c.name.like(f"{_PREFIX}%")).order_by(setting.c.name)
_KEEP = update(setting).where(setting.c.name == bindparam("which")).values(value=bindparam("so_far"))
_END = delete(setting).where(setting.c.name == bindparam("which"))
_NUMBERS = select(func.coalesce(func.sum(contact_import.c.imported), 0)).where(
    contact_import.c.campaign_id == bindparam("campaign_id"), state_is(contact_import, ImportState.LIVE)
)
_UNTEXTED = (
    select(conversation.c.contact_id, person.c.id, person.c.phone, person.c.line_type, person.c.unreachable)
    .join(person, person.c.id == conversation.c.person_id)
    .where(conversation.c.state.in_((ConversationState.POOL, ConversationState.HELD)))
    .limit(AT_ONCE)
)
_OF_CAMPAIGN = _UNTEXTED.where(
    conversation.c.campaign_id == bindparam("campaign_id"), conversation.c.contact_id > bindparam("after")
).order_by(conversation.c.contact_id)
_OF_IMPORT = (
    _UNTEXTED.join(contact, contact.c.id == conversation.c.contact_id)
    .where(contact.c.import_id == bindparam("import_id"), contact.c.id > bindparam("after"))
    .order_by(contact.c.id)
)
_LEARN = update(person).where(person.c.id == bindparam("which")).values(line_type=bindparam("kind"))


@dataclass(frozen=True, slots=True)
class Running:
    """A look-up that is under way: of which campaign, for whom, and how far. `import_id`: only that file's numbers."""

    campaign_id: int
    by: str
    import_id: int = 0
    after: int = 0
    asked: int = 0
    out: int = 0


async def at_most(session: Session, campaign_id: int) -> int:
    """How many numbers would be asked for, if none of them is known yet."""
    return int((await session.execute(_NUMBERS, {"campaign_id": campaign_id})).scalar_one())


async def ask(session: Session, found: Any, *, by: str, now: datetime, import_id: int = 0) -> None:
    """Have this campaign's untexted numbers looked up, or only an import's. Raises Refusal while that is under way."""
    value = _written(Running(found.id, by, import_id))
    if (await session.execute(_ADD, {"name": f"{_PREFIX}{found.id}", "value": value})).first() is None:
        raise Refusal(f"The numbers of {found.name} are being looked up already. You get word when that is done.")
    await audit.note(session, who=by, what="numbers looked up", subject=found.name, now=now)


async def waiting(session: Session) -> Running | None:
    """The look-up to go on with, if there is one."""
    row = (await session.execute(_WAITING)).first()
    return Running(int(row.name.removeprefix(_PREFIX)), **json.loads(row.value)) if row else None


async def some(session: Session, running: Running) -> list[Any]:
    """The next few contacts who were not texted yet; [] when all were looked at."""
    if running.import_id:
        where = {"import_id": running.import_id, "after": running.after}
        return list((await session.execute(_OF_IMPORT, where)).all())
    where = {"campaign_id": running.campaign_id, "after": running.after}
    return list((await session.execute(_OF_CAMPAIGN, where)).all())


async def learned(
    session: Session, running: Running, rows: list[Any], kinds: Mapping[int, str], *, now: datetime
) -> None:
    """Keep what kind of line each is, and text none that takes no texts. `kinds` is by person."""
    for person_id, kind in sorted(kinds.items()):
        await optouts.lock(session, person_id)
        await session.execute(_LEARN, {"which": person_id, "kind": kind})
        if kind in NOT_TEXTED:
            await optouts.unreachable(session, person_id, f"{NOT_TEXTED[kind]}, by the carrier's look-up", now=now)
    out = sum(kind in NOT_TEXTED for kind in kinds.values())
    far = {"after": rows[-1].contact_id, "asked": running.asked + len(kinds), "out": running.out + out}
    on = replace(running, **far)
    await session.execute(_KEEP, {"which": f"{_PREFIX}{running.campaign_id}", "so_far": _written(on)})


async def end(session: Session, running: Running, *, now: datetime, why: str | None = None) -> None:
    """It is done, or given up for a reason in words; whoever asked is told."""
    await session.execute(_END, {"which": f"{_PREFIX}{running.campaign_id}"})
    name = (await campaigns.by_id(session, running.campaign_id)).name
    numbers, were = ("1 number", "was") if running.asked == 1 else (f"{running.asked:,} numbers", "were")
    said = f"{numbers} of {name} {were} looked up: {running.out:,} of them can't be texted, and won't be."
    if why:
        said += f" Then it was given up: {why}. `/textbank lookup {name} yes` begins with those that are left."
    key = f"lookup:{running.campaign_id}:{now.isoformat()}"
    await posts.add(session, PostKind.NOTE, to=running.by, dedupe=key, now=now, words=said, thread_ts=None)


def _written(running: Running) -> str:
    return json.dumps({name: value for name, value in asdict(running).items() if name != "campaign_id"})
