"""What a volunteer has, taken back or handed on: contacts not texted yet, and conversations that are open.

In steps of some hundred rows, each in a transaction of its caller's, so that clicks go on meanwhile. What is broken off
half-way has moved as far as it came, and the same command goes on from there. Rows are locked so that a
click's card may still refer to them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bot.database import Session
from bot.services import assignments, audit, organizers, posts, tallies, volunteers
from bot.services.posts import PostKind
from models import ConversationState, Role, card, conversation, inbound, membership, state_is, volunteer

AT_ONCE = 500
LATELY = timedelta(minutes=15)
"""Whoever clicked within it is at hand, and may be given somebody else's conversations."""
MOST_HELPERS = 50

_OF = (
    conversation.c.volunteer_id == bindparam("holder"),
    conversation.c.campaign_id == bindparam("campaign_id"),
)
_HELD = (
    select(conversation.c.contact_id)
    .where(*_OF, state_is(conversation, ConversationState.HELD))
    .order_by(conversation.c.position)
    .limit(AT_ONCE)
    .with_for_update(key_share=True)
)
_WAITING = (
    select(conversation.c.contact_id)
    .where(*_OF, state_is(conversation, ConversationState.NEEDS_REPLY))
    .order_by(conversation.c.waiting_since)
    .limit(AT_ONCE)
    .with_for_update(key_share=True)
)
_OPEN = (
    select(conversation.c.contact_id)
    .where(*_OF, state_is(conversation, ConversationState.TEXTED, ConversationState.TALKING))
    .limit(AT_ONCE)
    .with_for_update(key_share=True)
)
_TO_POOL = (
    update(conversation)
    .where(conversation.c.contact_id.in_(bindparam("ids", expanding=True)))
    .values(state=ConversationState.POOL, volunteer_id=None, position=0, draft=None)
)
_HAND_ON = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"))
    # Before every batch: should its text come back unsent, it is the next in hand, and no batch counts it.
    .values(volunteer_id=bindparam("helper"), position=0)
)
_OFF_THE_CARD = (
    update(card)
    .where(card.c.volunteer_id == bindparam("holder"), card.c.conversation_id.in_(bindparam("ids", expanding=True)))
    .values(version=card.c.version + 1, conversation_id=None)
)
_LAST_IN = (
    select(inbound.c.conversation_id, func.max(inbound.c.id).label("inbound_id"))
    .where(inbound.c.conversation_id.in_(bindparam("ids", expanding=True)))
    .group_by(inbound.c.conversation_id)
)
_AT_HAND = (
    select(card.c.volunteer_id)
    .join(membership, membership.c.volunteer_id == card.c.volunteer_id)
    .join(volunteer, volunteer.c.slack_id == card.c.volunteer_id)
    .where(
        membership.c.campaign_id == bindparam("campaign_id"),
        card.c.clicked_at > bindparam("since"),
        card.c.volunteer_id != bindparam("holder"),
        volunteer.c.role != Role.NONE,
    )
    .order_by(card.c.clicked_at.desc())
    .limit(MOST_HELPERS)
)
_HOLDER = (
    select(conversation.c.campaign_id, conversation.c.volunteer_id, volunteer.c.role)
    .outerjoin(volunteer, volunteer.c.slack_id == conversation.c.volunteer_id)
    .where(conversation.c.contact_id == bindparam("which"))
)
_STILL_IN = (
    select(conversation.c.campaign_id)
    .where(
        conversation.c.volunteer_id == bindparam("holder"),
        state_is(conversation, ConversationState.HELD),
    )
    .union(
        select(conversation.c.campaign_id).where(
            conversation.c.volunteer_id == bindparam("holder"),
            state_is(conversation, ConversationState.NEEDS_REPLY),
        ),
        select(conversation.c.campaign_id).where(
            conversation.c.volunteer_id == bindparam("holder"),
            state_is(conversation, ConversationState.TEXTED, ConversationState.TALKING),
        ),
    )
)


async def take_back(session: Session, campaign_id: int, holder: str, *, by: str, now: datetime) -> int:
    """A step of contacts that were not texted goes back to the pool. Returns how many; 0 when none is left."""
    held = await _ids(session, _HELD, campaign_id, holder)
    if held:
        await session.execute(_TO_POOL, {"ids": held})
        await _left(session, campaign_id, holder, held, now=now)
        what = {"who": by, "what": "taken back", "subject": holder}
        await audit.note(session, **what, now=now, campaign=campaign_id, contacts=len(held))
    return len(held)


async def hand_on(session: Session, campaign_id: int, holder: str, to: str, *, by: str, now: datetime) -> int:
    """A step of contacts that were not texted goes to the end of another's row. Returns how many, as `take_back`."""
    held = await _ids(session, _HELD, campaign_id, holder)
    if held:
        given = await assignments.give(session, campaign_id, to, held, was=ConversationState.HELD, now=now)
        await _left(session, campaign_id, holder, held, given, now=now)
        what = {"who": by, "what": "handed on", "subject": holder}
        await audit.note(session, **what, now=now, campaign=campaign_id, contacts=len(held), to=to)
    return len(held)


async def hand_on_conversations(
    session: Session, campaign_id: int, holder: str, to: Sequence[str], *, by: str, now: datetime
) -> int:
    """A step of open conversations goes to these people in turn, those who wait first. Returns how many, as above.

    Who waits for an answer shows up at once as a thread, with all that was said; the others when they write again.
    """
    waiting = await _ids(session, _WAITING, campaign_id, holder)
    ids = waiting or await _ids(session, _OPEN, campaign_id, holder)
    if not ids:
        return 0
    for helper in sorted(to):  # in one order, whoever hands on to whom
        await assignments.join(session, campaign_id, helper)
    rows = [{"which": which, "helper": helper} for which, helper in zip(ids, cycle(to), strict=False)]
    await session.execute(_HAND_ON, rows)
    if waiting:
        await _show(session, rows, now=now)
    what = {"who": by, "what": "conversations handed on", "subject": holder}
    await audit.note(session, **what, now=now, campaign=campaign_id, conversations=len(ids), to=list(to))
    return len(ids)


async def is_nobodys(session: Session, conversation_id: int) -> bool:
    """Whether nobody looks after this conversation: its volunteer is suspended, or it has none."""
    found = (await session.execute(_HOLDER, {"which": conversation_id})).one()
    return found.volunteer_id is None or found.role == Role.NONE


async def to_whoever_runs_it(
    session: Session, conversation_id: int, *, now: datetime, admins: Collection[str] = ()
) -> bool:
    """A conversation that is nobody's goes to whoever runs its campaign, or the next in line. False if nobody is."""
    if not await is_nobodys(session, conversation_id):
        return True
    found = (await session.execute(_HOLDER, {"which": conversation_id})).one()
    for helper in (await organizers.who_run(session, found.campaign_id, admins=admins))[:1]:
        await volunteers.meet(session, helper)
        await assignments.join(session, found.campaign_id, helper)
        await session.execute(_HAND_ON, {"which": conversation_id, "helper": helper})
        about = {"campaign": found.campaign_id, "conversations": 1, "to": [helper]}
        what = {"who": "textbank", "what": "conversations handed on", "subject": found.volunteer_id or ""}
        await audit.note(session, **what, now=now, **about)
        return True
    return False


async def at_hand(session: Session, campaign_id: int, *, but: str, now: datetime) -> list[str]:
    """Who else has texted for this campaign within LATELY, whoever clicked last first."""
    values = {"campaign_id": campaign_id, "holder": but, "since": now - LATELY}
    return list((await session.execute(_AT_HAND, values)).scalars())


async def still_in(session: Session, volunteer_id: str) -> list[int]:
    """The campaigns of which this volunteer still has contacts or open conversations."""
    return sorted((await session.execute(_STILL_IN, {"holder": volunteer_id})).scalars())


async def _ids(session: Session, statement: Any, campaign_id: int, holder: str) -> list[int]:
    return list((await session.execute(statement, {"campaign_id": campaign_id, "holder": holder})).scalars())


async def _left(
    session: Session, campaign_id: int, holder: str, ids: list[int], *given: dict[str, Any], now: datetime
) -> None:
    """The former holder's count goes down, and a card that shows one of them is out of date from now on.

    Counted together with what is `given`: two who hand on to each other would else wait for each other.
    """
    counted: dict[str, Any] = {"campaign_id": campaign_id, "volunteer_id": holder, "script_id": 0, "now": now}
    await tallies.bump(session, [tallies.entry(tallies.Metric.HANDED, n=-len(ids), **counted), *given])
    await session.execute(_OFF_THE_CARD, {"holder": holder, "ids": ids})


async def _show(session: Session, rows: list[dict[str, Any]], *, now: datetime) -> None:
    """Each voter's last words go to their new volunteer, whose thread begins with all that was said."""
    found = (await session.execute(_LAST_IN, {"ids": [row["which"] for row in rows]})).all()
    last = {row.conversation_id: row.inbound_id for row in found}
    for row in rows:
        which, helper = row["which"], row["helper"]
        await posts.add(
            session,
            PostKind.REPLY,
            to=helper,
            dedupe=f"handed:{which}:{helper}:{now.timestamp()}",
            merge=f"conversation:{which}",
            now=now,
            conversation_id=which,
            inbound_id=last.get(which, 0),
        )
