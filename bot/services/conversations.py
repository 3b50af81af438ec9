"""Conversations: what a volunteer answers, decides and sees; each pair of volunteer and voter has one thread."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from bot.database import Session
from bot.errors import Forbidden, Refusal
from bot.services import (
    caps,
    cards,
    cohorts,
    media,
    optouts,
    outbox,
    posts,
    rules,
    segments,
    tallies,
    volunteers,
    waits,
)
from bot.services.abuse import is_abusive
from bot.services.posts import PostKind
from bot.services.tallies import Metric
from bot.services.terms import Terms
from models import (
    NEVER_LEFT,
    ConversationState,
    MessageKind,
    MessageState,
    OptOutState,
    Priority,
    campaign,
    contact,
    conversation,
    inbound,
    message,
    person,
    state_is,
    state_was,
    texting_window,
    thread,
)
from models import (
    opt_out as opt_outs,
)
from models.types import Moment


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a conversation. `theirs` is the voter's; `state` is that of a text of ours.

    `by` is whoever of us wrote it (a Slack id), if that was not the volunteer whose conversation it is now.
    """

    at: datetime
    body: str
    theirs: bool
    state: str
    pictures: int = 0
    others: tuple[str, ...] = ()
    """What else came with it, in words: it is named, and not shown."""
    inbound_id: int | None = None
    by: str = ""
    abusive: bool = False
    """Shown folded, behind a button."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """A voter's pictures, by their addresses at the carrier, and the thread that they are to be shown in."""

    addresses: tuple[str, ...]
    name: str
    channel: str
    root_ts: str


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation as its thread shows it. `held` asks the volunteer whether the person meant to opt out."""

    conversation_id: int
    volunteer_id: str
    name: str
    place: str
    campaign: str
    said: tuple[Said, ...]
    held: bool
    opted_out: bool
    done: bool


WAITS = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"))
    .values(
        state=ConversationState.NEEDS_REPLY,
        closed_as=None,
        waiting_since=func.coalesce(conversation.c.waiting_since, bindparam("now", type_=Moment)),
        last_out_at=func.coalesce(conversation.c.last_out_at, bindparam("now", type_=Moment)),  # what they write next
    )
)
_TALK = (
    select(
        *(conversation.c.contact_id, conversation.c.campaign_id, conversation.c.person_id, conversation.c.volunteer_id),
        *(conversation.c.state, conversation.c.script_id, conversation.c["pass"].label("pass_")),
        conversation.c.waiting_since,
        *(contact.c.first_name, contact.c.last_name, contact.c.place),
        *(person.c.phone_hash, person.c.unreachable, opt_outs.c.state.label("opted_out")),
        *(campaign.c.name.label("campaign"), campaign.c.state.label("campaign_state"), campaign.c.created_by),
        texting_window.c.key.label("window"),
    )
    .join(contact, contact.c.id == conversation.c.contact_id)
    .join(person, person.c.id == conversation.c.person_id)
    .join(campaign, campaign.c.id == conversation.c.campaign_id)
    .join(texting_window, texting_window.c.id == conversation.c.window_id)
    .outerjoin(opt_outs, opt_outs.c.phone_hash == person.c.phone_hash)
    .where(conversation.c.contact_id == bindparam("conversation_id"))
)
_LAST_IN = select(func.max(inbound.c.at)).where(inbound.c.conversation_id == bindparam("conversation_id"))
_OURS = (
    select(message.c.created_at.label("at"), message.c.body, message.c.state, message.c.volunteer_id)
    .where(message.c.conversation_id == bindparam("conversation_id"), message.c.state.not_in(NEVER_LEFT))
    .order_by(message.c.id.desc())
    .limit(bindparam("limit"))
)
_THEIRS = (
    select(inbound.c.id, inbound.c.at, inbound.c.body, inbound.c.media)
    .where(inbound.c.conversation_id == bindparam("conversation_id"))
    .order_by(inbound.c.id.desc())
    .limit(bindparam("limit"))
)
_SINCE = (
    select(inbound.c.id, inbound.c.at, inbound.c.body, inbound.c.media)
    .where(
        inbound.c.conversation_id == bindparam("conversation_id"), inbound.c.id.in_(bindparam("ids", expanding=True))
    )
    .order_by(inbound.c.id)
)
_ROOT = select(thread.c.channel, thread.c.root_ts).where(
    thread.c.conversation_id == bindparam("conversation_id"), thread.c.volunteer_id == bindparam("volunteer_id")
)
_AT_ROOT = select(thread.c.conversation_id, thread.c.volunteer_id).where(
    thread.c.channel == bindparam("channel"), thread.c.root_ts == bindparam("root_ts")
)
_OPENED = text(
    "INSERT INTO thread (channel, root_ts, conversation_id, volunteer_id)"
    " VALUES (:channel, :root_ts, :conversation_id, :volunteer_id) ON CONFLICT DO NOTHING"
)
_ANSWERED = (
    update(conversation)
    .where(
        conversation.c.contact_id == bindparam("which"),
        func.coalesce(conversation.c.closed_as, "").not_in(("opted_out", "wrong_number", "unreachable")),
        ~select(opt_outs.c.phone_hash)
        .where(opt_outs.c.phone_hash == person.c.phone_hash, person.c.id == conversation.c.person_id)
        .correlate(conversation)
        .exists(),
    )
    .values(
        state=ConversationState.TALKING, closed_as=None, waiting_since=None, last_out_at=bindparam("now", type_=Moment)
    )
)
_DONE = (
    update(conversation)
    .where(conversation.c.contact_id == bindparam("which"), conversation.c.state != ConversationState.DONE)
    .values(state=ConversationState.DONE, closed_as="answered", waiting_since=None)
)
_UNSAID = (
    update(message)
    .where(message.c.act_key == bindparam("key"), state_was(message, MessageState.QUEUED))
    .values(state=MessageState.TAKEN_BACK, state_at=bindparam("now"))
    .returning(
        *(message.c.conversation_id, message.c.campaign_id, message.c.volunteer_id, message.c.script_id),
        *(message.c.created_at, message.c.waited_since),
    )
)
_OF_ACT = select(message.c.state, message.c.body).where(message.c.act_key == bindparam("key"))
_WAITING_THREADS = (
    select(conversation.c.contact_id, contact.c.first_name, contact.c.last_name, thread.c.root_ts)
    .join(contact, contact.c.id == conversation.c.contact_id)
    .outerjoin(
        thread,
        (thread.c.conversation_id == conversation.c.contact_id)
        & (thread.c.volunteer_id == conversation.c.volunteer_id),
    )
    .where(conversation.c.volunteer_id == bindparam("volunteer_id"))
    .where(state_is(conversation, ConversationState.NEEDS_REPLY))
    .limit(50)
)


async def answer(
    session: Session, conversation_id: int, body: str, *, by: str, act_key: str, now: datetime, terms: Terms
) -> None:
    """Queue a volunteer's answer, ahead of all first texts; the same act twice is one text.

    Raises Refusal, in words for the volunteer, when it may not go.
    """
    await _queue(session, await _mine(session, conversation_id, by), body, by=by, act_key=act_key, now=now, terms=terms)


async def answer_for(
    session: Session, conversation_id: int, body: str, *, by: str, act_key: str, now: datetime, terms: Terms
) -> None:
    """The same from somebody who was called for help, in the volunteer's place; only to a voter who has written.

    The conversation stays the volunteer's; the text and its act are `by`'s.
    """
    found = (await session.execute(_TALK, {"conversation_id": conversation_id})).one()
    if not await has_written(session, conversation_id):
        raise Refusal(f"{cards.name_of(found)} has not written yet, so there is nothing to answer.")
    await _queue(session, found, body, by=by, act_key=act_key, now=now, terms=terms)


async def has_written(session: Session, conversation_id: int) -> bool:
    """Whether this voter has ever answered."""
    return (await session.execute(_LAST_IN, {"conversation_id": conversation_id})).scalar_one_or_none() is not None


async def _queue(
    session: Session, found: Any, body: str, *, by: str, act_key: str, now: datetime, terms: Terms
) -> None:
    await optouts.lock(session, found.person_id)  # of two submissions at once, the second sees the first
    body = body.strip()
    if (before := (await session.execute(_OF_ACT, {"key": act_key})).first()) is not None:
        return _check_same(before.body, body)
    if why := rules.check_words(body):
        raise Refusal(why)
    expires = await _judge(session, found, terms, now)
    if isinstance(expires, str):
        raise Refusal(expires)
    values = {
        "conversation_id": found.contact_id,
        "person_id": found.person_id,
        "campaign_id": found.campaign_id,
        "volunteer_id": by,
        "kind": MessageKind.ANSWER,
        "pass": found.pass_,
        "act_key": act_key,
        "draft": None,
        "body": body,
        "script_id": found.script_id,
        "media": None,
        "segments": segments.count(body).segments,
        "state": MessageState.QUEUED,
        "state_at": now,
        "created_at": now,
        "waited_since": found.waiting_since,
        "priority": Priority.ANSWER,
        "due_at": rules.due(now, terms.undo, expires),
        "expires_at": expires,
    }
    await outbox.queue(session, values)
    answered: Any = await session.execute(_ANSWERED, {"which": found.contact_id, "now": now})
    if answered.rowcount != 1:
        raise Refusal(f"{cards.name_of(found)} wrote at this very moment. Read that first: nothing was sent.")
    counted = {"campaign_id": found.campaign_id, "volunteer_id": by, "script_id": found.script_id}
    metrics = [Metric.ANSWERED, *([waits.metric_of(found.waiting_since, now)] if found.waiting_since else [])]
    await tallies.bump(session, [tallies.entry(metric, **counted, now=now) for metric in metrics])


async def was_texted(session: Session, act_key: str) -> bool | None:
    """Whether the text of this act is on its way; None if no text came of it."""
    row = (await session.execute(_OF_ACT, {"key": act_key})).first()
    return None if row is None else row.state not in NEVER_LEFT


def _check_same(before: str, words: str) -> None:
    """Raises Refusal for a form that has answered already and comes with other words: they would be lost unsaid."""
    if before != words:
        raise Refusal(
            f"This form has already answered with “{before}”. What stands here now was not sent. To send it too, "
            "copy it, close this and press the button again.",
            field="message",
        )


async def unsay(session: Session, act_key: str, *, now: datetime) -> bool | None:
    """Take a typed answer back: False if it has left already, None if there was nothing to take back."""
    row = (await session.execute(_UNSAID, {"key": act_key, "now": now})).first()
    if row is None:
        return False if await was_texted(session, act_key) else None
    await tallies.bump(session, [entry(Metric.ANSWERED, row, row.created_at, n=-1), *await waits.again(session, row)])
    return True


async def opt_out(session: Session, conversation_id: int, *, by: str, now: datetime) -> Talk:
    """The volunteer's word that this person wants no more texts."""
    found = await _mine(session, conversation_id, by)
    who = {"person_id": found.person_id, "by": by, "source": "volunteer"}
    if await optouts.record(session, found.phone_hash, **who, state=OptOutState.OUT, now=now):
        then = await cohorts.of_person(session, Metric.THEN_LEFT, conversation_id)
        await tallies.bump(session, [entry(Metric.OPT_OUTS, found, now), *then])
    return await talk(session, conversation_id)


async def keep_texting(session: Session, conversation_id: int, *, by: str, now: datetime) -> Talk:
    """The volunteer's word that doubtful words were no opt-out."""
    found = await _mine(session, conversation_id, by)
    await optouts.release(session, found.phone_hash, by=by, now=now)
    return await talk(session, conversation_id)


async def done(session: Session, conversation_id: int, *, by: str) -> Talk:
    """Nothing more to say. A later text from the voter opens it again."""
    await _mine(session, conversation_id, by)
    await session.execute(_DONE, {"which": conversation_id})
    return await talk(session, conversation_id)


async def for_its_volunteer(session: Session, conversation_id: int, *, by: str) -> Any:
    """The conversation's row, with its contact's and its campaign's. Raises Forbidden for anybody else."""
    return await _mine(session, conversation_id, by)


async def at_thread(session: Session, channel: str, root_ts: str) -> int | None:
    """The conversation whose thread this is."""
    row = (await session.execute(_AT_ROOT, {"channel": channel, "root_ts": root_ts})).first()
    return row.conversation_id if row else None


async def root_of(session: Session, conversation_id: int, volunteer_id: str) -> Any | None:
    """Where this conversation's thread is in that person's messages: (channel, root_ts)."""
    values = {"conversation_id": conversation_id, "volunteer_id": volunteer_id}
    return (await session.execute(_ROOT, values)).first()


async def opened(session: Session, conversation_id: int, volunteer_id: str, channel: str, root_ts: str) -> None:
    """The thread is there: answers are typed into it from now on."""
    values = {"conversation_id": conversation_id, "volunteer_id": volunteer_id}
    await session.execute(_OPENED, {**values, "channel": channel, "root_ts": root_ts})


async def open_threads_now(session: Session, volunteer_id: str, *, now: datetime) -> list[str]:
    """Show this volunteer's waiting replies without waiting for the clicking to pause.

    Returns the names of those whose thread is open already.
    """
    await cards.rest_now(session, volunteer_id)
    rows = (await session.execute(_WAITING_THREADS, {"volunteer_id": volunteer_id})).all()
    for row in rows:
        await posts.hurry(session, merge_key(row), now=now)
    return [cards.name_of(row) for row in rows if row.root_ts is not None]


def merge_key(found: Any) -> str:
    """What is to be shown of one conversation goes out together."""
    return key_of(found.contact_id)


def key_of(conversation_id: int) -> str:
    """The same, by its id."""
    return f"conversation:{conversation_id}"


async def talk(session: Session, conversation_id: int, *, last: int = 10) -> Talk:
    """The conversation with its last lines, oldest first."""
    found = (await session.execute(_TALK, {"conversation_id": conversation_id})).one()
    values = {"conversation_id": conversation_id, "limit": last}
    whose = found.volunteer_id or found.created_by
    ours = [_ours(row, whose) for row in (await session.execute(_OURS, values)).all()]
    came_in = [theirs(row) for row in (await session.execute(_THEIRS, values)).all()]
    return Talk(
        conversation_id=conversation_id,
        volunteer_id=whose,
        name=cards.name_of(found),
        place=found.place,
        campaign=found.campaign,
        said=tuple(sorted(ours + came_in, key=lambda said: said.at)[-last:]),
        held=found.opted_out == OptOutState.HELD,
        opted_out=found.opted_out == OptOutState.OUT,
        done=found.state == ConversationState.DONE,
    )


async def why_silent(session: Session, found: Any, *, terms: Terms, now: datetime) -> str | None:
    """Why no answer may go to this voter now, for the volunteer, or None."""
    judged = await _judge(session, found, terms, now)
    return judged if isinstance(judged, str) else None


async def echo(session: Session, conversation_id: int, *, view_id: str, words: str, by: str, now: datetime) -> None:
    """Show in the thread what was answered from the modal, so that the thread stays the whole conversation."""
    root = await root_of(session, conversation_id, by)
    if root is None:
        return
    said = {"words": words, "thread_ts": root.root_ts, "quoted": True}
    await posts.add(session, PostKind.NOTE, to=root.channel, dedupe=f"echo:{view_id}", now=now, **said)


async def said_in(session: Session, conversation_id: int, inbound_ids: list[int]) -> list[Said]:
    """These texts of the voter's, in the order in which they came."""
    values = {"conversation_id": conversation_id, "ids": inbound_ids}
    return [theirs(row) for row in (await session.execute(_SINCE, values)).all()]


async def pictures_of(session: Session, conversation_id: int, inbound_ids: list[int], *, by: str) -> Pictures:
    """What came with these texts, for the conversation's volunteer alone.

    Raises Forbidden for anybody else, Refusal if nothing is kept of it any more.
    """
    found = await _mine(session, conversation_id, by)
    root = await root_of(session, conversation_id, by)
    rows = (await session.execute(_SINCE, {"conversation_id": conversation_id, "ids": inbound_ids})).all()
    addresses = [address for row in rows for address in media.pictures(row.media)]
    if not addresses or root is None:
        raise Refusal("That picture is not kept any more.")
    return Pictures(tuple(addresses), cards.name_of(found), root.channel, root.root_ts)


def theirs(row: Any) -> Said:
    """A text of the voter's."""
    count = len(media.pictures(row.media))
    what: dict[str, Any] = {"pictures": count, "others": media.others(row.media), "abusive": is_abusive(row.body)}
    return Said(row.at, row.body, True, "", **what, inbound_id=row.id)


def _ours(row: Any, whose: str) -> Said:
    return Said(row.at, row.body, False, row.state, by="" if row.volunteer_id == whose else row.volunteer_id)


async def _mine(session: Session, conversation_id: int, by: str) -> Any:
    await volunteers.check_not_suspended(session, by)
    found = (await session.execute(_TALK, {"conversation_id": conversation_id})).first()
    if found is None or (found.volunteer_id or found.created_by) != by:
        raise Forbidden("This conversation is no longer yours; somebody else looks after it now.")
    return found


async def _judge(session: Session, found: Any, terms: Terms, now: datetime) -> str | datetime:
    """Why no answer may go to this voter now, for the volunteer; or until when one may leave."""
    wrote = (await session.execute(_LAST_IN, {"conversation_id": found.contact_id})).scalar_one_or_none()
    if why := rules.why_no_answer(found, now, wrote=wrote):
        return why
    why = await caps.why_no_more(session, found, cards.name_of(found), terms, wrote=wrote, now=now)
    until = rules.until(found, now, wrote=wrote)
    assert until is not None, "that is what was asked"
    return why or until


def entry(metric: Metric, row: Any, now: datetime, n: int = 1) -> dict[str, Any]:
    """What to count of a row that has a campaign, a volunteer and a script."""
    counted = {"campaign_id": row.campaign_id, "volunteer_id": row.volunteer_id, "script_id": row.script_id}
    return tallies.entry(metric, **counted, now=now, n=n)
