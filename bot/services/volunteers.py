"""Volunteers and roles: who somebody is to us, and what that lets them do."""

from datetime import datetime

from sqlalchemy import bindparam, select, text, update

from bot.database import Session
from bot.errors import Forbidden, Refusal
from bot.services import audit
from models import Role, volunteer

MAY: dict[Role, frozenset[Role]] = {
    Role.ADMIN: frozenset({Role.ADMIN, Role.ORGANIZER, Role.MANAGER, Role.VOLUNTEER}),
    Role.ORGANIZER: frozenset({Role.ORGANIZER, Role.MANAGER, Role.VOLUNTEER}),
    Role.MANAGER: frozenset({Role.MANAGER, Role.VOLUNTEER}),
    Role.VOLUNTEER: frozenset({Role.VOLUNTEER}),
    Role.NONE: frozenset(),
}
"""A role → everything it may act as."""

SUSPENDED = "Your access to texting has been taken away. Ask an organizer if that is a mistake."

_MEET = text(
    "INSERT INTO volunteer (slack_id, role, name) VALUES (:slack_id, :role, :name)"
    " ON CONFLICT (slack_id) DO UPDATE"
    " SET name = CASE WHEN excluded.name = '' THEN volunteer.name ELSE excluded.name END"
)
_ROLE = select(volunteer.c.role).where(volunteer.c.slack_id == bindparam("slack_id"))
_ROW = select(volunteer).where(volunteer.c.slack_id == bindparam("slack_id"))
_SET_ROLE = update(volunteer).where(volunteer.c.slack_id == bindparam("who")).values(role=bindparam("new_role"))


async def meet(session: Session, slack_id: str, *, name: str = "", role: Role = Role.VOLUNTEER) -> None:
    """Make sure that this person of Slack has a row; somebody we know keeps the role they have."""
    await session.execute(_MEET, {"slack_id": slack_id, "role": role.value, "name": name})


async def role_of(session: Session, slack_id: str) -> Role | None:
    """The role that was given to them here, or None for a stranger."""
    given = (await session.execute(_ROLE, {"slack_id": slack_id})).scalar_one_or_none()
    return Role(given) if given is not None else None


async def check_not_suspended(session: Session, slack_id: str) -> None:
    """Raises Forbidden for somebody whose role is `none`."""
    if await role_of(session, slack_id) is Role.NONE:
        raise Forbidden(SUSPENDED)


async def named(session: Session, slack_id: str) -> str:
    """Their name, or "" while we have none."""
    row = (await session.execute(_ROW, {"slack_id": slack_id})).first()
    return row.name if row else ""


async def set_role(session: Session, slack_id: str, role: Role, *, by: str, now: datetime) -> None:
    """Give or take a role. Raises Refusal for one's own: nobody locks themselves out by a slip."""
    if slack_id == by:
        raise Refusal("You can't change your own role. Ask another admin.")
    before = await role_of(session, slack_id)
    await meet(session, slack_id)
    await session.execute(_SET_ROLE, {"who": slack_id, "new_role": role.value})
    await audit.note(session, who=by, what="role", subject=slack_id, now=now, before=before, after=role.value)
