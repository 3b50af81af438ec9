"""Handing contacts out: a batch is a run of positions in a volunteer's row, and "17 of 50" is read off them.

Which contacts those are, `pool` says.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, pool, tallies
from models import ConversationState, conversation, membership, state_is

MOST_AT_ONCE = 2_000
"""More than anybody texts in a day; a slip of the finger should not empty the pool."""
BATCH = 50
"""What an invitation hands out that names no number."""

_JOIN = text(
    "INSERT INTO membership (campaign_id, volunteer_id, invited, batch_size, batch_start, last_position)"
    " VALUES (:campaign_id, :volunteer_id, :invited, :batch_size, 0, 0)"
    " ON CONFLICT (campaign_id, volunteer_id) DO UPDATE SET invited = membership.invited OR excluded.invited,"
    " batch_size = CASE WHEN excluded.invited THEN excluded.batch_size ELSE membership.batch_size END"
    " RETURNING batch_start, last_position, invited"
)
_NO_MORE = (
    update(membership)
    .where(membership.c.campaign_id == bindparam("campaign"), membership.c.volunteer_id == bindparam("who"))
    .where(membership.c.invited)
    .values(invited=False)
)
_HOLD = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), conversation.c.state == bindparam("was"))
    # Words that somebody else had begun are signed by them.
    .values(state=ConversationState.HELD, volunteer_id=bindparam("holder"), position=bindparam("place"), draft=None)
)
_HELD = (
    select(conversation.c.contact_id)
    .where(
        conversation.c.volunteer_id == bindparam("volunteer_id"),
        conversation.c.campaign_id == bindparam("campaign_id"),
        state_is(conversation, ConversationState.HELD),
    )
    .limit(1)
)
_EXTEND = (
    update(membership)
    .where(membership.c.campaign_id == bindparam("campaign"), membership.c.volunteer_id == bindparam("who"))
    .values(batch_start=bindparam("start"), last_position=bindparam("last"))
)


def check_count(words: str) -> int:
    """COUNT of a command. Raises Refusal unless it is a whole number that makes sense."""
    if not words:
        raise Refusal("Say how many contacts, such as 50, at the end.")
    try:
        count = int(words.replace(",", ""))
    except ValueError:
        raise Refusal(f"“{words}” is not a number. Write how many contacts, such as 50.") from None
    if not 1 <= count <= MOST_AT_ONCE:
        raise Refusal(f"Write a number from 1 to {MOST_AT_ONCE:,}: that many contacts for each person.")
    return count


async def invite(session: Session, campaign_id: int, volunteer_id: str, batch: int = BATCH) -> None:
    """This volunteer may take batches of this campaign for themselves from now on, as large as the invitation says."""
    member = {"campaign_id": campaign_id, "volunteer_id": volunteer_id, "invited": True, "batch_size": batch}
    await session.execute(_JOIN, member)


async def no_more(session: Session, campaign_id: int, volunteer_id: str) -> bool:
    """This volunteer takes no more batches for themselves. Returns whether they could."""
    ended: Any = await session.execute(_NO_MORE, {"campaign": campaign_id, "who": volunteer_id})
    return bool(ended.rowcount)


async def join(session: Session, campaign_id: int, volunteer_id: str) -> Any:
    """This volunteer has a place in the campaign, if not yet, then from now on. Returns it."""
    values = {"campaign_id": campaign_id, "volunteer_id": volunteer_id, "invited": False, "batch_size": BATCH}
    return (await session.execute(_JOIN, values)).one()


async def hand_out(
    session: Session,
    campaign_id: int,
    volunteer_id: str,
    count: int,
    *,
    by: str,
    now: datetime,
    only_ready: bool = False,
) -> int:
    """Give up to `count` contacts of the pool to the volunteer, after those they hold. Returns how many there were."""
    contacts = await pool.take(session, campaign_id, count, now=now, only_ready=only_ready)
    if not contacts:
        return 0
    counted = await give(session, campaign_id, volunteer_id, contacts, was=ConversationState.POOL, now=now)
    await tallies.bump(session, [counted])
    what = {"who": by, "what": "handed out", "subject": volunteer_id}
    await audit.note(session, **what, now=now, campaign=campaign_id, contacts=len(contacts))
    return len(contacts)


async def give(
    session: Session, campaign_id: int, volunteer_id: str, contacts: list[int], *, was: ConversationState, now: datetime
) -> dict[str, Any]:
    """These contacts, which nobody else can change until the transaction ends, join the end of the volunteer's row.

    Returns what is to be counted: with all else that the caller counts, in one go.
    """
    member = await join(session, campaign_id, volunteer_id)
    mine = {"campaign_id": campaign_id, "volunteer_id": volunteer_id}
    still_holds = (await session.execute(_HELD, mine)).first() is not None
    last = member.last_position
    rows = [
        {"which": contact_id, "was": was.value, "holder": volunteer_id, "place": last + number}
        for number, contact_id in enumerate(contacts, start=1)
    ]
    await session.execute(_HOLD, rows)
    start = member.batch_start if still_holds else last
    extended = {"campaign": campaign_id, "who": volunteer_id, "start": start, "last": last + len(contacts)}
    await session.execute(_EXTEND, extended)
    counted: dict[str, Any] = {"campaign_id": campaign_id, "volunteer_id": volunteer_id, "script_id": 0, "now": now}
    return tallies.entry(tallies.Metric.HANDED, n=len(contacts), **counted)
