"""The inbox: each call for somebody is one item, shown where organizers look until one of them has taken it.

That is the inbox channel; while none is set, the direct message of whoever made the campaign. What an item shows is
read when it is drawn. Which of two people takes it is a compare-and-set.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, or_, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, conversations, inbox_channel, inbox_places, posts, volunteers
from bot.services.conversations import Said, Talk
from bot.services.posts import PostKind
from bot.services.terms import Terms
from models import OptOutState, campaign, conversation, inbound, inbox_item, opt_out
from models.types import Json, Moment

LAST_LINES = 4
GONE = "I can't post in the inbox channel any more, so nobody there sees calls for help."


class Kind(StrEnum):
    """What an item is about."""

    HELP = "help"
    STRANGER = "stranger"
    WANTS_BACK = "wants_back"
    UNSEEN = "unseen"
    DOUBTFUL = "doubtful"
    GATE = "gate"
    ALARM = "alarm"


REOPENS = (Kind.HELP, Kind.STRANGER, Kind.WANTS_BACK, Kind.DOUBTFUL, Kind.GATE)
"""What comes again after somebody was done with it is another item."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands now. `said` are its conversation's last lines, or what a stranger wrote.

    `about` holds what no other row has: a volunteer's draft, why, how many. `ending` is all that is shown of a
    stranger's number; `verdict` what is known of their opt-out.
    """

    id: int
    kind: Kind
    campaign_id: int | None
    about: dict[str, Any]
    campaign: str
    said: tuple[Said, ...]
    talk: Talk | None
    volunteer: str
    asked_by: str | None
    may_answer: bool
    ending: str
    verdict: OptOutState | None
    taken_by: str | None
    done: bool
    where: tuple[str, str] | None
    shown_to: str | None
    moved: int


_ADD = text(
    "INSERT INTO inbox_item (dedupe_key, kind, campaign_id, conversation_id, asked_by, payload, at, moved)"
    " VALUES (:dedupe_key, :kind, :campaign_id, :conversation_id, :asked_by, :payload, :at, 0)"
    " ON CONFLICT (dedupe_key) DO NOTHING RETURNING id"
).bindparams(bindparam("at", type_=Moment), bindparam("payload", type_=Json))
_OF_KEY = select(inbox_item.c.id).where(inbox_item.c.dedupe_key == bindparam("key"))
_REWORD = update(inbox_item).where(inbox_item.c.id == bindparam("which")).values(payload=bindparam("about", type_=Json))
_ITEM = (
    select(inbox_item, campaign.c.name.label("campaign"))
    .outerjoin(campaign, campaign.c.id == inbox_item.c.campaign_id)
    .where(inbox_item.c.id == bindparam("which"))
)
_TAKE = (
    update(inbox_item)
    .where(inbox_item.c.id == bindparam("which"), inbox_item.c.taken_by.is_(None), inbox_item.c.done_at.is_(None))
    .values(taken_by=bindparam("who"), taken_at=bindparam("now"))
    .values(shown_to=bindparam("to"), channel=bindparam("place"), ts=bindparam("stamp"))
)
_TAKEN_BY = select(inbox_item.c.id).where(inbox_item.c.taken_by == bindparam("who"), inbox_item.c.done_at.is_(None))
_HAND_BACK = (
    update(inbox_item)
    .where(inbox_item.c.id == bindparam("which"), inbox_item.c.taken_by.is_not(None), inbox_item.c.done_at.is_(None))
    .values(taken_by=None, taken_at=None)
)
_DONE = (
    update(inbox_item)
    .where(inbox_item.c.id == bindparam("which"), inbox_item.c.taken_by == bindparam("who"))
    .where(inbox_item.c.done_at.is_(None))
    .values(done_at=bindparam("now"), dedupe_key=bindparam("key"))
)
_OPEN = (
    select(func.count())
    .where(inbox_item.c.done_at.is_(None))
    .where(or_(inbox_item.c.campaign_id == bindparam("campaign_id"), inbox_item.c.campaign_id.is_(None)))
)
_CAMPAIGN_OF = select(conversation.c.campaign_id).where(conversation.c.contact_id == bindparam("which"))
_WROTE = select(inbound.c.from_number, inbound.c.person_id).where(inbound.c.id == bindparam("first"))
_STRANGERS = (
    select(inbound.c.id, inbound.c.at, inbound.c.body, inbound.c.media)
    .where(inbound.c.conversation_id.is_(None), inbound.c.id >= bindparam("first"))
    .where(inbound.c.from_number == bindparam("number"))
    .order_by(inbound.c.id.desc())
    .limit(10)
)
_KNOWN_AS = select(opt_out.c.state).where(opt_out.c.phone_hash == bindparam("hashed"))


# ------------------------------------------------------------------------------------------------------ coming in


async def ask_for_help(
    session: Session,
    conversation_id: int,
    *,
    by: str,
    words: str | None,
    now: datetime,
    admins: Collection[str] = (),
) -> None:
    """A volunteer is at a loss; `words` are a draft of theirs. Asked again while nobody is done with it, it is said
    below the same item.
    """
    found = await conversations.for_its_volunteer(session, conversation_id, by=by)
    about = {"words": words or ""}
    which = {"campaign_id": found.campaign_id, "conversation_id": conversation_id, "asked_by": by}
    key = f"help:{conversation_id}:{by}"
    item_id, is_new = await _add(session, Kind.HELP, key, **which, now=now, about=about, admins=admins)
    if not is_new:
        if words:
            await session.execute(_REWORD, {"which": item_id, "about": about})
        await _again(session, item_id, f"{now:%Y%m%d%H%M}", now=now)
    await audit.note(session, who=by, what="asked for help", subject=str(conversation_id), now=now)


async def stranger_wrote(
    session: Session, phone_hash: str, inbound_id: int, *, now: datetime, admins: Collection[str] = ()
) -> None:
    """Words from a number that no campaign has texted. All that it writes is one item until somebody is done with it.

    `admins` are told if nobody else can be.
    """
    about = {"first": inbound_id, "phone_hash": phone_hash}
    key = f"stranger:{phone_hash}"
    item_id, is_new = await _add(session, Kind.STRANGER, key, now=now, about=about, admins=admins)
    if not is_new:
        await _again(session, item_id, f"in:{inbound_id}", now=now, inbound_id=inbound_id)


async def wants_back(
    session: Session,
    phone_hash: str,
    inbound_id: int,
    conversation_id: int | None,
    *,
    now: datetime,
    admins: Collection[str] = (),
) -> None:
    """Somebody who has opted out texted START: one item until an organizer has decided. Nothing changes by itself."""
    about = {"first": inbound_id, "phone_hash": phone_hash}
    which: dict[str, Any] = {"conversation_id": conversation_id}
    if conversation_id is not None:
        which["campaign_id"] = (await session.execute(_CAMPAIGN_OF, {"which": conversation_id})).scalar_one()
    item_id, is_new = await _add(
        session, Kind.WANTS_BACK, f"back:{phone_hash}", **which, now=now, about=about, admins=admins
    )
    if not is_new:  # what they wrote before this START is over
        await session.execute(_REWORD, {"which": item_id, "about": about})


async def reply_unseen(
    session: Session, conversation_id: int, why: str, *, now: datetime, admins: Collection[str] = ()
) -> None:
    """A voter's words reach nobody: said at most once a day."""
    campaign_id = (await session.execute(_CAMPAIGN_OF, {"which": conversation_id})).scalar_one()
    which = {"campaign_id": campaign_id, "conversation_id": conversation_id}
    key = f"unseen:{conversation_id}:{now:%Y-%m-%d}"
    await _add(session, Kind.UNSEEN, key, **which, now=now, about={"why": why}, admins=admins)


async def doubtful_sends(
    session: Session, campaign_id: int, ids: list[int], *, now: datetime, admins: Collection[str] = ()
) -> None:
    """Texts of which nobody can say whether they left: one item of a campaign's, until somebody has decided."""
    key, about = f"doubtful:{campaign_id}", {"ids": ids}
    item_id, is_new = await _add(
        session, Kind.DOUBTFUL, key, campaign_id=campaign_id, now=now, about=about, admins=admins
    )
    if not is_new:
        about = dict((await session.execute(_ITEM, {"which": item_id})).one().payload)
        await session.execute(_REWORD, {"which": item_id, "about": {**about, "ids": [*about["ids"], *ids]}})
        await _again(session, item_id, f"more:{ids[0]}", now=now)


async def alarm(
    session: Session,
    words: str,
    *,
    key: str,
    now: datetime,
    campaign_id: int | None = None,
    admins: Collection[str] = (),
) -> None:
    """Something is wrong that organizers must know of; once for each key, even after somebody was done with it."""
    await _add(session, Kind.ALARM, key, campaign_id=campaign_id, now=now, about={"words": words}, admins=admins)


async def gate(session: Session, words: str, *, key: str, now: datetime, admins: Collection[str] = ()) -> None:
    """Nothing leaves until a lead says that it may; once for each key."""
    await _add(session, Kind.GATE, key, now=now, about={"words": words}, admins=admins)


async def _add(
    session: Session,
    kind: Kind,
    key: str,
    *,
    now: datetime,
    about: dict[str, Any],
    campaign_id: int | None = None,
    conversation_id: int | None = None,
    asked_by: str | None = None,
    admins: Collection[str] = (),
) -> tuple[int, bool]:
    """The item of this key, and whether it is new."""
    values = {"dedupe_key": key, "kind": kind.value, "payload": about, "at": now, "campaign_id": campaign_id}
    values |= {"conversation_id": conversation_id, "asked_by": asked_by}
    item_id = (await session.execute(_ADD, values)).scalar_one_or_none()
    if item_id is None:
        return (await session.execute(_OF_KEY, {"key": key})).scalar_one(), False
    for to in await inbox_channel.recipients(session, campaign_id, admins=admins):
        await inbox_places.show(session, item_id, to, moved=0, now=now)
    return item_id, True


async def _again(session: Session, item_id: int, what: str, *, now: datetime, **about: Any) -> None:
    """What has come since goes below the item, all that waits as one post."""
    dedupe = f"inbox:{item_id}:{what}"
    await posts.add(
        *(session, PostKind.INBOX_AGAIN),
        to="",
        dedupe=dedupe,
        merge=inbox_places.below(item_id),
        now=now,
        item_id=item_id,
        **about,
    )


# -------------------------------------------------------------------------------------------------------- showing


async def read(session: Session, item_id: int) -> Item:
    """The item as it stands now. Raises Refusal if there is none."""
    row = (await session.execute(_ITEM, {"which": item_id})).first()
    if row is None:
        raise Refusal("That is no longer in the inbox.")
    about, talk = dict(row.payload), None
    said: tuple[Said, ...] = ()
    ending, verdict, may_answer, volunteer = "", None, False, ""
    if row.conversation_id is not None:
        talk = await conversations.talk(session, row.conversation_id, last=LAST_LINES)
        said, may_answer = talk.said, await conversations.has_written(session, row.conversation_id)
        volunteer = await volunteers.named(session, talk.volunteer_id)
    elif row.kind in (Kind.STRANGER, Kind.WANTS_BACK):
        ending, said = await _stranger(session, about["first"])
    if hashed := about.get("phone_hash"):
        known = (await session.execute(_KNOWN_AS, {"hashed": hashed})).scalar_one_or_none()
        verdict = OptOutState(known) if known else None
    return Item(
        id=row.id,
        kind=Kind(row.kind),
        campaign_id=row.campaign_id,
        about=about,
        campaign=row.campaign or "",
        said=said,
        talk=talk,
        volunteer=volunteer,
        asked_by=row.asked_by,
        may_answer=may_answer,
        ending=ending,
        verdict=verdict,
        taken_by=row.taken_by,
        done=row.done_at is not None,
        where=(row.channel, row.ts) if row.ts else None,
        shown_to=row.shown_to,
        moved=row.moved,
    )


async def _stranger(session: Session, first: int) -> tuple[str, tuple[Said, ...]]:
    """The end of their number, and what they wrote, oldest first."""
    wrote = (await session.execute(_WROTE, {"first": first})).first()
    if wrote is None or not wrote.from_number:  # erased meanwhile
        return "", ()
    rows = (await session.execute(_STRANGERS, {"first": first, "number": wrote.from_number})).all()
    return wrote.from_number[-4:], tuple(conversations.theirs(row) for row in reversed(rows))


async def open_count(session: Session, campaign_id: int) -> int:
    """How many items nobody is done with: of this campaign, and those that are of none."""
    return int((await session.execute(_OPEN, {"campaign_id": campaign_id})).scalar_one())


async def goes_elsewhere(
    session: Session, item_id: int, lost: str, why: str, *, now: datetime, admins: Collection[str]
) -> None:
    """Nobody reads there any more. An inbox channel is given up, which is said once. All that is open there goes on,
    and so does this item, unless it is shown somewhere else.
    """
    if await inbox_channel.leave(session, lost, by="slack", now=now):
        words = f"{GONE} Slack says: {why}. Until you set another with `/textbank inbox`, they come here."
        await alarm(session, words, key=f"inbox-gone:{lost}:{now.timestamp()}", now=now, admins=admins)
    await inbox_places.leave(session, lost, now=now, admins=admins)
    await inbox_places.go_on(session, item_id, lost, now=now, admins=admins)


async def suspended(session: Session, who: str, *, now: datetime, admins: Collection[str] = ()) -> None:
    """Nothing is shown to them any more, and what they had taken is anybody's again."""
    for item_id in (await session.execute(_TAKEN_BY, {"who": who})).scalars().all():
        await hand_back(session, item_id, by=who, now=now)
    await inbox_places.leave(session, who, now=now, admins=admins)


# --------------------------------------------------------------------------------------------------------- taking


async def take(session: Session, item_id: int, *, by: str, at: tuple[str | None, str | None], now: datetime) -> Item:
    """Make it `by`'s, if it is nobody's yet: `taken_by` of what is returned says whose it is."""
    to = by if (at[0] or "").startswith("D") else at[0]
    values = {"which": item_id, "who": by, "now": now, "to": to, "place": at[0], "stamp": at[1]}
    taken: Any = await session.execute(_TAKE, values)
    if taken.rowcount:
        await audit.note(session, who=by, what="inbox taken", subject=str(item_id), now=now)
    return await read(session, item_id)


async def hand_back(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """Nobody's again. Anybody may say so: whoever took it may have gone home."""
    given: Any = await session.execute(_HAND_BACK, {"which": item_id})
    if given.rowcount:
        await audit.note(session, who=by, what="inbox handed back", subject=str(item_id), now=now)
    return await read(session, item_id)


async def mine(session: Session, item_id: int, *, by: str) -> Item:
    """The item, for whoever has taken it. Raises Refusal for anybody else."""
    item = await read(session, item_id)
    if item.done:
        raise Refusal("That has been done already.")
    if item.taken_by is None:
        raise Refusal("Nobody has taken that yet. Press “Take it” first.")
    if item.taken_by != by:
        raise Refusal(f"<@{item.taken_by}> has taken that. “Hand back” frees it, if they can't see to it.")
    return item


async def done(session: Session, item_id: int, *, by: str, now: datetime) -> Item:
    """Nothing more to do. Raises Refusal while something has come that is not shown yet."""
    await check_all_is_read(session, item_id)
    await finish(session, await mine(session, item_id, by=by), "done", by=by, now=now)
    return await read(session, item_id)


async def check_all_is_read(session: Session, item_id: int) -> None:
    """Raises Refusal while something has come that is not shown yet."""
    if await inbox_places.waiting_below(session, item_id):
        raise Refusal("Something more has come at this very moment. Read that first.")


async def answer(
    session: Session, item_id: int, words: str, *, by: str, act_key: str, now: datetime, terms: Terms
) -> Item:
    """Text the voter in the volunteer's place, and tell the volunteer what was said. A call is answered once.

    Raises Refusal when no answer may go.
    """
    item = await _about_somebody(session, item_id, by)
    which = item.talk.conversation_id
    await conversations.answer_for(session, which, words, by=by, act_key=act_key, now=now, terms=terms)
    await _tell(session, item, "answered", words, by=by, act_key=act_key, now=now)
    await finish(session, item, "answered", by=by, now=now)
    return await read(session, item_id)


async def tell_volunteer(session: Session, item_id: int, words: str, *, by: str, act_key: str, now: datetime) -> Item:
    """Words for the volunteer alone."""
    item = await _about_somebody(session, item_id, by)
    if not words.strip():
        raise Refusal("Write something for them to read.")
    await _tell(session, item, "told", words, by=by, act_key=act_key, now=now)
    await finish(session, item, "told", by=by, now=now)
    return await read(session, item_id)


async def _about_somebody(session: Session, item_id: int, by: str) -> Any:
    item = await mine(session, item_id, by=by)
    if item.talk is None:
        raise Refusal("That is about nobody's conversation.")
    return item


async def _tell(session: Session, item: Any, how: str, words: str, *, by: str, act_key: str, now: datetime) -> None:
    """Into the volunteer's thread of this conversation, or else as a direct message."""
    to = item.asked_by or item.talk.volunteer_id
    if to == by:
        return
    root = await conversations.root_of(session, item.talk.conversation_id, to)
    about = {"how": how, "words": words, "by": by, "name": item.talk.name, "volunteer_id": to}
    about["about"] = item.talk.conversation_id
    where = {"to": root.channel if root else to, "thread_ts": root.root_ts if root else None}
    await posts.add(session, PostKind.INBOX_WORD, dedupe=f"told:{act_key}", now=now, **where, **about)


async def finish(session: Session, item: Item, what: str, *, by: str, now: datetime) -> None:
    """Only whoever has it ends it, once. From then on a volunteer's or a stranger's next words are another item."""
    row = (await session.execute(_ITEM, {"which": item.id})).one()
    key = f"{row.dedupe_key}:{item.id}" if item.kind in REOPENS else row.dedupe_key
    ended: Any = await session.execute(_DONE, {"which": item.id, "who": by, "now": now, "key": key})
    if ended.rowcount != 1:
        raise Refusal("That changed at this very moment, so nothing was done. Look again.")
    await session.execute(_REWORD, {"which": item.id, "about": {**item.about, "outcome": what}})
    await audit.note(session, who=by, what=f"inbox {what}", subject=str(item.id), now=now)
