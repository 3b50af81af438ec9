"""Somebody's Home: what waits for them, what they have done, and the campaigns that they look after.

A fixed number of short reads: every figure is a sum of tallies, or an index read that is as long as what waits.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, exists, func, literal, select, update

from bot.database import Session
from bot.services import findings, outbox, reports, volunteers
from bot.services.cards import name_of
from bot.services.findings import Looked
from bot.services.reports import Progress
from bot.services.tallies import Metric
from models import (
    CampaignState,
    ConversationState,
    Role,
    campaign,
    contact,
    conversation,
    digest,
    membership,
    setting,
    state_is,
    tally,
    volunteer,
)
from models.types import Moment

MOST_CAMPAIGNS = 20
"""Slack takes a hundred blocks a Home; each of these needs two or three."""
MOST_LISTS = 10
MOST_NAMED = 5
NOT_AGAIN_WITHIN = timedelta(seconds=10)
"""Slack lets an app publish a hundred Homes a minute, and some people go to and fro."""


@dataclass(frozen=True, slots=True)
class List:
    """A volunteer's part of a campaign: contacts in hand, and whether they may take `more` for themselves."""

    campaign_id: int
    campaign: str
    state: CampaignState
    in_hand: int
    more: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """A volunteer's own: voters who wait for an answer (the longest first), lists, and what has been done."""

    waiting: int
    since: datetime | None
    who: tuple[tuple[str, datetime], ...]
    lists: tuple[List, ...]
    texted_today: int
    texted: int
    answered: int


@dataclass(frozen=True, slots=True)
class Line:
    """A campaign in a line or two. A closed one has no figures here."""

    id: int
    name: str
    state: CampaignState
    far: Progress
    waiting: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SetUp:
    """What an admin does once."""

    role_given: bool
    campaign_made: bool
    inbox_set: bool
    digest_set: bool

    @property
    def done(self) -> bool:
        """Whether all of it is."""
        return self.role_given and self.campaign_made and self.inbox_set and self.digest_set


@dataclass(frozen=True, slots=True)
class Home:
    """What one person's Home shows. `campaigns` is None for volunteers, `set_up` for all but admins.

    `looked` is what the doctor found, while that is shown.
    """

    role: Role
    mine: Mine | None = None
    campaigns: tuple[Line, ...] | None = None
    more_campaigns: bool = False
    stopped_why: str | None = None
    set_up: SetUp | None = None
    looked: Looked | None = None

    @property
    def is_first(self) -> bool:
        """Whether this is an admin's page before there is any campaign: it leads through the set-up."""
        return self.set_up is not None and not self.set_up.campaign_made


_MINE = conversation.c.volunteer_id == bindparam("who")
_NEEDS_REPLY = state_is(conversation, ConversationState.NEEDS_REPLY)
_WAITING = select(func.count().label("n"), func.min(conversation.c.waiting_since).label("since")).where(
    _MINE, _NEEDS_REPLY
)
_WHO_WAITS = (
    select(contact.c.first_name, contact.c.last_name, conversation.c.waiting_since)
    .join(contact, contact.c.id == conversation.c.contact_id)
    .where(_MINE, _NEEDS_REPLY)
    .order_by(conversation.c.waiting_since)
    .limit(MOST_NAMED)
)
_IN_HAND = (
    select(conversation.c.campaign_id, func.count().label("n"))
    .where(_MINE, state_is(conversation, ConversationState.HELD))
    .group_by(conversation.c.campaign_id)
)
_SOMEBODY_LEFT = exists().where(
    conversation.c.campaign_id == campaign.c.id, state_is(conversation, ConversationState.POOL)
)
_LISTS = (
    select(campaign.c.id, campaign.c.name, campaign.c.state, (membership.c.invited & _SOMEBODY_LEFT).label("more"))
    .join(membership, membership.c.campaign_id == campaign.c.id)
    .where(membership.c.volunteer_id == bindparam("who"), campaign.c.state != CampaignState.CLOSED)
    .order_by(campaign.c.id.desc())
)
_DONE = (
    select(
        tally.c.metric,
        func.sum(tally.c.n).label("n"),
        func.sum(case((tally.c.bucket >= bindparam("today", type_=Moment), tally.c.n), else_=0)).label("today"),
    )
    .where(tally.c.volunteer_id == bindparam("who"), tally.c.metric.in_([Metric.TEXTED, Metric.ANSWERED]))
    .group_by(tally.c.metric)
)

_RANK = {CampaignState.LIVE: 0, CampaignState.PAUSED: 1, CampaignState.DRAFT: 2}
_CAMPAIGNS = (
    select(campaign.c.id, campaign.c.name, campaign.c.state)
    .order_by(case(_RANK, value=campaign.c.state, else_=len(_RANK)), campaign.c.id.desc())
    .limit(MOST_CAMPAIGNS + 1)
)
_WAITING_IN = (
    select(conversation.c.campaign_id, func.count().label("n"), func.min(conversation.c.waiting_since).label("since"))
    .where(conversation.c.campaign_id.in_(bindparam("ids", expanding=True)), _NEEDS_REPLY)
    .group_by(conversation.c.campaign_id)
)
_SET_UP = select(
    exists().where(volunteer.c.role.in_([Role.ADMIN, Role.ORGANIZER, Role.MANAGER])).label("role_given"),
    exists().where(campaign.c.id > literal(0)).label("campaign_made"),
    exists().where(setting.c.name == "inbox").label("inbox_set"),
    exists().where(digest.c.next_run_at.is_not(None)).label("digest_set"),
)
_OPENED = (
    update(volunteer)
    .where(
        volunteer.c.slack_id == bindparam("who"),
        volunteer.c.home_opened_at.is_(None) | (volunteer.c.home_opened_at <= bindparam("before")),
    )
    .values(home_opened_at=bindparam("now"))
)
_SHOWN = select(volunteer.c.home_shown).where(volunteer.c.slack_id == bindparam("who"))
_MARK_SHOWN = update(volunteer).where(volunteer.c.slack_id == bindparam("who")).values(home_shown=bindparam("shown"))


async def look(session: Session, who: str, role: Role, *, today: datetime) -> Home:
    """Everything that this person's Home shows, acting as `role`. `today` is their last midnight."""
    if role is Role.NONE:
        return Home(role)
    mine = await _mine(session, who, today)
    if Role.MANAGER not in volunteers.MAY[role]:
        return Home(role, mine)
    rows = (await session.execute(_CAMPAIGNS)).all()
    shut = await outbox.shut(session)
    set_up = await _set_up(session) if role is Role.ADMIN else None
    return Home(
        role,
        mine,
        campaigns=await _lines(session, rows[:MOST_CAMPAIGNS]),
        more_campaigns=len(rows) > MOST_CAMPAIGNS,
        stopped_why=shut.why if shut else None,
        set_up=set_up,
        looked=await findings.last(session) if set_up and not set_up.campaign_made else None,
    )


async def opened(session: Session, who: str, *, now: datetime) -> bool:
    """Note that they look at it. False if they did so a moment ago: it is not drawn again."""
    await volunteers.meet(session, who)
    values = {"who": who, "now": now, "before": now - NOT_AGAIN_WITHIN}
    return bool((await session.execute(_OPENED, values)).rowcount)


async def shown_to(session: Session, who: str) -> str | None:
    """The hash of what was last published to them."""
    return (await session.execute(_SHOWN, {"who": who})).scalar_one_or_none()


async def mark_shown(session: Session, who: str, shown: str) -> None:
    """What has been published to them now."""
    await session.execute(_MARK_SHOWN, {"who": who, "shown": shown})


async def _mine(session: Session, who: str, today: datetime) -> Mine:
    me = {"who": who}
    waiting = (await session.execute(_WAITING, me)).one()
    names = (await session.execute(_WHO_WAITS, me)).all() if waiting.n else []
    in_hand = {row.campaign_id: int(row.n) for row in (await session.execute(_IN_HAND, me)).all()}
    done = {row.metric: row for row in (await session.execute(_DONE, {**me, "today": today})).all()}
    texted, answered = done.get(Metric.TEXTED), done.get(Metric.ANSWERED)
    return Mine(
        waiting=waiting.n,
        since=waiting.since,
        who=tuple((name_of(row), row.waiting_since) for row in names),
        lists=_lists((await session.execute(_LISTS, me)).all(), in_hand),
        texted_today=max(int(texted.today), 0) if texted else 0,
        texted=int(texted.n) if texted else 0,
        answered=int(answered.n) if answered else 0,
    )


def _lists(rows: Any, in_hand: dict[int, int]) -> tuple[List, ...]:
    """Those in which there is something to do."""
    lists = (List(row.id, row.name, CampaignState(row.state), in_hand.get(row.id, 0), bool(row.more)) for row in rows)
    return tuple(each for each in lists if each.in_hand or each.more)[:MOST_LISTS]


async def _set_up(session: Session) -> SetUp:
    row = (await session.execute(_SET_UP)).one()
    return SetUp(row.role_given, row.campaign_made, row.inbox_set, row.digest_set)


async def _lines(session: Session, rows: Any) -> tuple[Line, ...]:
    at_work = [row.id for row in rows if row.state != CampaignState.CLOSED]
    far = await reports.progress(session, at_work)
    waiting = {row.campaign_id: row for row in (await session.execute(_WAITING_IN, {"ids": at_work})).all()}
    return tuple(
        Line(
            id=row.id,
            name=row.name,
            state=CampaignState(row.state),
            far=far.get(row.id) or Progress(),
            waiting=waiting[row.id].n if row.id in waiting else 0,
            since=waiting[row.id].since if row.id in waiting else None,
        )
        for row in rows
    )
