"""What a press on Send writes: the person is taken, the contact leaves the hand, the text is queued and counted, the
card moves on.

Five statements on SQLite. On PostgreSQL they travel as one, because a trip to the server costs more than its work. The
person comes first there too: a STOP takes them in the same order, and neither waits for the other in a circle.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Table, bindparam, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql

from bot.database import Session
from bot.errors import Refusal
from bot.services import caps, cards, outbox, tallies
from models import ConversationState, card, conversation, message, person, state_was, tally
from models.types import Moment

LEAVE = (
    update(conversation)
    .where(
        conversation.c.contact_id == bindparam("which"),
        conversation.c.volunteer_id == bindparam("whose"),
        state_was(conversation, ConversationState.HELD),
    )
    .values(
        state=bindparam("into"),
        closed_as=bindparam("why"),
        draft=None,
        last_out_at=func.coalesce(bindparam("out_at", type_=Moment), conversation.c.last_out_at),
    )
)
"""A compare-and-set that only one of two presses wins."""


def _row(table: Table, columns: Iterable[str]) -> Any:
    """One row of parameters. No name may be a column's: SQLAlchemy would take it for one to be set."""
    return select(*(bindparam(f"{table.name}_{name}", type_=table.c[name].type) for name in columns))


def _for(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{table.name}_{name}": value for name, value in values.items()}


def _at_once() -> Any:
    """(the person's id, the text's, the card's new version): None where nothing was changed, and for all after it."""
    taken = caps.TAKE.returning(person.c.id).cte("taken")
    left = LEAVE.where(exists(select(taken.c.id))).returning(conversation.c.contact_id).cte("left_the_hand")
    has_left = exists(select(left.c.contact_id))
    queued = (
        insert(message)
        .from_select(outbox.QUEUED, _row(message, outbox.QUEUED).where(has_left))
        .returning(message.c.id)
        .cte("queued")
    )
    drawn = cards.DRAW.where(has_left).returning(card.c.version).cte("drawn")
    one = postgresql.insert(tally).from_select(tallies.COLUMNS, _row(tally, tallies.COLUMNS).where(has_left))
    more = one.on_conflict_do_update(index_elements=tallies.KEY, set_={"n": tally.c.n + one.excluded.n})
    found = {"taken": taken.c.id, "id": queued.c.id, "version": drawn.c.version}
    columns = (select(column).scalar_subquery().label(name) for name, column in found.items())
    return select(*columns).add_cte(more.returning(tally.c.n).cte("counted"))


_AT_ONCE = _at_once()


async def write(
    session: Session,
    *,
    taking: dict[str, Any],
    leaving: dict[str, Any],
    text: dict[str, Any],
    count: dict[str, Any],
    drawing: dict[str, Any],
) -> int | None:
    """The text's id; None if another campaign has texted the person, or another press was quicker with the contact.

    Raises Refusal if the card changed since it was looked at; the caller's transaction then leaves nothing.
    """
    if session.dialect.name == "postgresql":
        values = {**taking, **leaving, **_for(message, text), **_for(tally, count), **drawing}
        done = (await session.execute(_AT_ONCE, values)).one()
        if done.id is not None and done.version is None:
            raise Refusal(cards.CHANGED)
        if done.taken is not None and done.id is None:
            await caps.let_go(session, taking)
        return done.id and int(done.id)
    if (await session.execute(caps.TAKE, taking)).rowcount != 1:
        return None
    if (await session.execute(LEAVE, leaving)).rowcount != 1:
        await caps.let_go(session, taking)
        return None
    message_id = await outbox.queue(session, text)
    await tallies.bump(session, [count])
    await cards.move(session, drawing)
    return message_id
