"""Campaigns: making one, finding the one that somebody named, and its life from draft to closed."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, insert, select, update

from bot.database import Session
from bot.errors import Forbidden, Refusal
from bot.services import audit, posts, scripts
from bot.services.posts import PostKind
from models import (
    CampaignState,
    ConversationState,
    ImportState,
    Role,
    campaign,
    contact_import,
    conversation,
    membership,
    picture_request,
    script,
    segment,
    state_is,
    volunteer,
)
from models.types import Moment

NAME_LENGTH = 80
CONSENT_LENGTH = 500
FOOTER_LENGTH = 160
_SAYS_NOTHING = frozenset(
    "a applicable asked consent do don't dont given i in is it know known n na needed no none not opt optin required "
    "there unknown was we without yet yes".split()
)
"""Words of which no consent can be told: “no consent yet”, “we don't know”, “N/A”."""
_FORBIDDEN = set("@#<\"'“”„‘’«»`")


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """What the modal "New campaign" asks for. The file is read later; here it is only where it is."""

    name: str
    script: str
    consent: str
    file_name: str
    file_url: str | None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    """By the clock, if it is planned."""
    consent_where: str = ""
    consent_when: str = ""
    fingerprint: str | None = None
    """For a file of this machine, by which it is known again."""
    footer: str = ""
    look_up: bool = False
    """Its word offers a look-up of its numbers."""
    budget: int | None = None
    """In cents."""


_BY_PREFIX = select(campaign).order_by(campaign.c.id.desc()).limit(20)
_MINE = (
    select(campaign)
    .join(membership, membership.c.campaign_id == campaign.c.id)
    .where(membership.c.volunteer_id == bindparam("volunteer_id"))
    .where(membership.c.invited | (membership.c.last_position > 0))
    .order_by(campaign.c.id.desc())
)
_BY_ID = select(campaign).where(campaign.c.id == bindparam("campaign_id"))
_ONLY = {
    state: select(campaign).where(state_is(campaign, state)).limit(2)
    for state in (CampaignState.LIVE, CampaignState.PAUSED)
}
_ALL = select(campaign).order_by(campaign.c.id.desc()).limit(bindparam("limit"))
_MOVE = (
    update(campaign)
    .where(campaign.c.id == bindparam("which"), campaign.c.state.in_(bindparam("before", expanding=True)))
    .values(state=bindparam("after"), closed_at=bindparam("closed", type_=Moment))
    .values(opens_at=None)  # every move leaves the draft: nothing is left to be opened
)
_OPEN_IMPORTS = (
    select(func.count())
    .select_from(contact_import)
    .where(contact_import.c.campaign_id == bindparam("campaign_id"), state_is(contact_import, ImportState.STAGING))
    .where(contact_import.c.fingerprint.is_(None) | (contact_import.c.lease_until > bindparam("now")))
)
_IMPORTED = select(func.coalesce(func.sum(contact_import.c.imported), 0)).where(
    contact_import.c.campaign_id == bindparam("campaign_id"), state_is(contact_import, ImportState.LIVE)
)
_HOLDERS = (
    select(membership.c.volunteer_id)
    .join(volunteer, volunteer.c.slack_id == membership.c.volunteer_id)
    .where(membership.c.campaign_id == bindparam("campaign_id"), volunteer.c.role != Role.NONE)
    .where(
        exists().where(
            conversation.c.campaign_id == membership.c.campaign_id,
            conversation.c.volunteer_id == membership.c.volunteer_id,
            state_is(conversation, ConversationState.HELD),
        )
    )
)
_SCRIPT = select(script.c.body, script.c.media).where(script.c.id == bindparam("script_id"))
_PICTURE_COMING = select(picture_request.c.campaign_id).where(picture_request.c.campaign_id == bindparam("campaign_id"))
_SEGMENT = select(segment.c.id).where(segment.c.campaign_id == bindparam("campaign_id")).order_by(segment.c.id).limit(1)
_VERSION = select(func.coalesce(func.max(script.c.version), 0)).where(script.c.campaign_id == bindparam("campaign_id"))


def key_of(name: str) -> str:
    """A name as commands compare it: no case, single spaces."""
    return " ".join(name.split()).casefold()


def check_name(name: str, *, taken: bool = False) -> str:
    """The tidy name. Raises Refusal for one that commands could not tell from a person, a channel, a quotation or
    another campaign.
    """
    tidy = " ".join(name.split())
    if not tidy:
        raise Refusal("Give the campaign a name.", field="name")
    if len(tidy) > NAME_LENGTH:
        raise Refusal(f"Make the name at most {NAME_LENGTH} characters long.", field="name")
    if wrong := sorted(_FORBIDDEN & set(tidy)):
        raise Refusal(f"A campaign's name can't contain {wrong[0]} — commands could not be told apart.", field="name")
    if taken:
        raise Refusal(f"There is a campaign named {tidy} already. Choose another name.", field="name")
    return tidy


def check_consent(consent: str) -> str:
    """The tidy words. Raises Refusal when nothing is said of how these people agreed."""
    if len(consent.split()) < 2 or _SAYS_NOTHING.issuperset(re.findall(r"[\w']+", consent.lower().replace("’", "'"))):
        raise Refusal(
            "Say how these people agreed to be texted, such as “Checked the box on our sign-up form, spring 2026”. "
            "Texting people who did not agree breaks the law.",
            field="consent",
        )
    return consent.strip()[:CONSENT_LENGTH]


async def create(session: Session, new: NewCampaign, *, by: str, now: datetime) -> tuple[int, int]:
    """A draft campaign with its first script, and the import that waits to be read: their ids.

    Raises Refusal, with the field that it is about, for a bad or taken name, a bad script or missing consent.
    """
    name = check_name(new.name, taken=await is_named(session, new.name))
    scripts.check(new.script)
    consent = check_consent(new.consent)
    values = {"name": name, "name_key": key_of(name), "state": CampaignState.DRAFT, "created_by": by, "created_at": now}
    values |= {"opens_at": new.opens_at, "closes_at": new.closes_at, "footer": _tidy_footer(new.footer)}
    values["budget"] = new.budget
    campaign_id = await _insert(session, campaign, **values, fields=[])
    await _insert(session, segment, campaign_id=campaign_id, name="Everyone")
    await write_script(session, campaign_id, new.script, by=by, now=now)
    import_id = await add_import(session, campaign_id, new, consent=consent, by=by, now=now)
    await audit.note(session, who=by, what="campaign created", subject=name, now=now)
    return campaign_id, import_id


async def add_import(
    session: Session, campaign_id: int, new: NewCampaign, *, consent: str, by: str, now: datetime
) -> int:
    """Another file of contacts for this campaign, to be read by whichever worker is free."""
    found = await by_id(session, campaign_id)
    check_open(found)
    import_id = await _insert(
        session,
        contact_import,
        campaign_id=campaign_id,
        state=ImportState.STAGING,
        file_name=new.file_name,
        file_url=new.file_url,
        fingerprint=new.fingerprint,
        consent=consent,
        consent_where=new.consent_where or None,
        consent_when=new.consent_when or None,
        imported_by=by,
        created_at=now,
        look_up=new.look_up,
        next_row=0,
        imported=0,
        rejected=0,
    )
    about: dict[str, Any] = {"campaign": campaign_id, "file": new.file_name, "consent": consent}
    about |= {"where": new.consent_where, "when": new.consent_when}
    subject = f"import {import_id}"
    await audit.note(session, who=by, what="contacts handed over", subject=subject, now=now, **about)
    if by == audit.COMMAND_LINE:
        return import_id
    told = {"campaign": found.name, "file_name": new.file_name}
    await posts.add(session, PostKind.READING, to=by, dedupe=f"reading:{import_id}", now=now, **told)
    return import_id


async def write_script(
    session: Session, campaign_id: int, body: str, *, by: str, now: datetime, media: Sequence[str] | None = None
) -> None:
    """Make `body` what drafts start from. What went out before keeps the version that it started from; the same words
    and pictures again are no new version.

    `media` are the pictures that go along, by name; None: the ones that do now. Raises Refusal for a bad script, or for
    one with a hole once the contacts are there: a draft's are still to come.
    """
    scripts.check(body)
    found = await by_id(session, campaign_id)
    if found.state != CampaignState.DRAFT:
        check_fields(body, found.fields, name=found.name)
    before = (await session.execute(_SCRIPT, {"script_id": found.script_id})).first()
    shown = before.media or [] if before else []
    if before is None or (before.body, shown) != (body, shown if media is None else list(media)):
        await _add_version(session, campaign_id, body, shown if media is None else media, by=by, now=now)


async def set_footer(session: Session, campaign_id: int, footer: str, *, by: str, now: datetime) -> None:
    """What stands below each first text from now on; texts that are queued keep theirs."""
    found, words = await by_id(session, campaign_id), _tidy_footer(footer)
    if words != found.footer:
        await session.execute(update(campaign).where(campaign.c.id == campaign_id).values(footer=words))
        await audit.note(session, who=by, what="footer", subject=str(campaign_id), now=now, footer=words or "")


def _tidy_footer(words: str) -> str | None:
    return " ".join(words.split())[:FOOTER_LENGTH] or None


async def set_pictures(session: Session, campaign_id: int, media: Sequence[str], *, by: str, now: datetime) -> None:
    """The same words, with these pictures from now on."""
    body = await current_script(session, await by_id(session, campaign_id))
    await _add_version(session, campaign_id, body, media, by=by, now=now)


async def _add_version(
    session: Session, campaign_id: int, body: str, media: Sequence[str], *, by: str, now: datetime
) -> None:
    segment_id = (await session.execute(_SEGMENT, {"campaign_id": campaign_id})).scalar_one()
    version = (await session.execute(_VERSION, {"campaign_id": campaign_id})).scalar_one() + 1
    values = {"campaign_id": campaign_id, "segment_id": segment_id, "pass": 1, "variant": "A", "weight": 1}
    values |= {"version": version, "body": body, "media": list(media) or None, "created_by": by, "created_at": now}
    script_id = await _insert(session, script, **values)
    await session.execute(update(campaign).where(campaign.c.id == campaign_id).values(script_id=script_id))
    await audit.note(session, who=by, what="script", subject=str(campaign_id), now=now, version=version)


async def current_script(session: Session, found: Any) -> str:
    """The words that drafts of this campaign start from."""
    return str((await session.execute(_SCRIPT, {"script_id": found.script_id})).one().body)


async def find(session: Session, words: str, *, unnamed: CampaignState | None = CampaignState.LIVE) -> Any:
    """The campaign that somebody named: exactly, or by an unambiguous start; "" is the only one that is `unnamed`.

    Raises Refusal with what there is to choose from, and where it must be named.
    """
    key = key_of(words)
    if not key:
        return await _only(session, unnamed)
    rows = (await session.execute(_begins(_BY_PREFIX, key))).all()
    exact = [row for row in rows if row.name_key == key] or await _exactly(session, words)
    if found := _meant(words, exact or rows):
        return found
    raise Refusal(f"There is no campaign named “{words}”. `/textbank list` shows them all.")


async def is_named(session: Session, words: str) -> bool:
    """Whether there is a campaign of exactly this name."""
    return bool(await _exactly(session, words))


async def find_among_mine(session: Session, words: str, *, volunteer_id: str) -> Any:
    """The same among the campaigns in which this volunteer texts or may.

    Raises Forbidden if there is none; whether there is such a campaign at all is not for everybody.
    """
    key = key_of(words)
    rows = (await session.execute(_begins(_MINE, key), {"volunteer_id": volunteer_id})).all()
    if found := _meant(words, [row for row in rows if row.name_key == key] or rows):
        return found
    raise Forbidden(f"You have no contacts in a campaign named “{words}”. Ask an organizer for some.")


async def by_id(session: Session, campaign_id: int) -> Any:
    """The campaign's row. Raises Refusal if there is none."""
    found = (await session.execute(_BY_ID, {"campaign_id": campaign_id})).first()
    if found is None:
        raise Refusal("There is no such campaign any more.")
    return found


async def newest(session: Session, limit: int = 100) -> list[Any]:
    """The campaigns made last, the newest first."""
    return list((await session.execute(_ALL, {"limit": limit})).all())


async def start(session: Session, found: Any, *, by: str, now: datetime) -> None:
    """Open a draft for texting; whoever holds contacts of it by then hears of it. Raises Refusal with what is missing
    first.
    """
    await check_can_start(session, found, now=now)
    await _move(session, found, (CampaignState.DRAFT,), CampaignState.LIVE, by=by, now=now)
    about = {"campaign": found.name, "campaign_id": found.id}
    for who in (await session.execute(_HOLDERS, {"campaign_id": found.id})).scalars().all():
        await posts.add(session, PostKind.OPENED, to=who, dedupe=f"opened:{found.id}:{who}", now=now, **about)


async def check_can_start(session: Session, found: Any, *, now: datetime) -> None:
    """Raises Refusal with what is missing first."""
    if found.state != CampaignState.DRAFT:
        raise Refusal(f"{found.name} {_SAY[CampaignState(found.state)]}.{_INSTEAD_OF_START.get(found.state, '')}")
    waiting = (await session.execute(_OPEN_IMPORTS, {"campaign_id": found.id, "now": now})).scalar_one()
    if waiting:
        raise Refusal(f"The contacts of {found.name} are still being read. You get word when they are there.")
    if not (await session.execute(_IMPORTED, {"campaign_id": found.id})).scalar_one():
        raise Refusal(f"{found.name} has no contacts yet. Add a file with `/textbank import {found.name}`.")
    check_fields(await current_script(session, found), found.fields, name=found.name)
    if (await session.execute(_PICTURE_COMING, {"campaign_id": found.id})).first() is not None:
        raise Refusal(f"The picture of {found.name} is still being fetched. You get word when it is in.")


def check_open(found: Any) -> None:
    """Raises Refusal for a closed campaign: nothing can be added to it or handed out of it."""
    if found.state == CampaignState.CLOSED:
        raise Refusal(f"{found.name} is closed.{_STAYS_CLOSED}")


def not_yet(found: Any) -> str:
    """For whoever hands contacts out: why nobody can text yet. "" if they can."""
    if found.state == CampaignState.DRAFT:
        return f" It has not started yet, so nobody can text before `/textbank start {found.name}`."
    if found.state == CampaignState.PAUSED:
        return f" It is paused, so nobody can text before `/textbank resume {found.name}`."
    return ""


def check_fields(body: str, available: Collection[str], *, name: str) -> None:
    """Raises Refusal when the script names a field that the campaign's files lack: those texts would have a hole."""
    if missing := scripts.missing_fields(body, available):
        has = ", ".join(f"{{{field}}}" for field in sorted(available)) or "none"
        raise Refusal(
            f"The script of {name} uses {{{missing[0]}}}, but the contacts have no such field. They have: {has}. "
            f"Change the script with `/textbank script {name}`, or write {{{missing[0]}|something}} to say what stands "
            "there when it is missing.",
            field="script",
        )


async def pause(session: Session, found: Any, *, by: str, now: datetime) -> None:
    """Stop every send at once, queued ones too. A claim under way commits first or sees the pause."""
    await _move(session, found, (CampaignState.LIVE,), CampaignState.PAUSED, by=by, now=now)


async def resume(session: Session, found: Any, *, by: str, now: datetime) -> None:
    """Let texts leave again."""
    await _move(session, found, (CampaignState.PAUSED,), CampaignState.LIVE, by=by, now=now)


async def close(session: Session, found: Any, *, by: str, now: datetime) -> None:
    """The end. What waits to leave must be ended with it: `closing` does both."""
    open_states = (CampaignState.DRAFT, CampaignState.LIVE, CampaignState.PAUSED)
    await _move(session, found, open_states, CampaignState.CLOSED, by=by, now=now)


_SAY = {
    CampaignState.DRAFT: "has not been started",
    CampaignState.LIVE: "is live",
    CampaignState.PAUSED: "is paused",
    CampaignState.CLOSED: "is closed",
}


_STAYS_CLOSED = " It cannot be opened again: `/textbank new` makes another."
_INSTEAD_OF_START = {
    CampaignState.LIVE: " Hand contacts out with `/textbank assign` or `/textbank invite`.",
    CampaignState.PAUSED: " `/textbank resume` lets it go on.",
    CampaignState.CLOSED: _STAYS_CLOSED,
}


async def _move(
    session: Session,
    found: Any,
    before: tuple[CampaignState, ...],
    after: CampaignState,
    *,
    by: str,
    now: datetime,
) -> None:
    values = {"which": found.id, "before": [state.value for state in before], "after": after.value}
    values["closed"] = now if after is CampaignState.CLOSED else None
    moved: Any = await session.execute(_MOVE, values)
    if moved.rowcount != 1:
        current = CampaignState((await by_id(session, found.id)).state)
        final = _STAYS_CLOSED if current == CampaignState.CLOSED else ""
        raise Refusal(f"{found.name} {_SAY[current]}.{final}")
    await audit.note(session, who=by, what=f"campaign {after}", subject=found.name, now=now)


async def _only(session: Session, state: CampaignState | None) -> Any:
    if state is None:
        raise Refusal("Say which: a closed campaign cannot be opened again. For a break there is `/textbank pause`.")
    rows = (await session.execute(_ONLY[state])).all()
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise Refusal(f"More than one campaign is {state}: say which. `/textbank list` shows them.")
    raise Refusal(f"No campaign is {state}. Name one; `/textbank list` shows them all.")


def _begins(statement: Any, key: str) -> Any:
    return statement.where(campaign.c.name_key.startswith(key, autoescape=True))


def _meant(words: str, rows: Sequence[Any]) -> Any | None:
    """The one that is left. Raises Refusal if there are several."""
    if len(rows) > 1:
        names = ", ".join(row.name for row in rows[:5])
        raise Refusal(f"“{words}” could be several campaigns: {names}. Write more of the name.")
    return rows[0] if rows else None


async def _exactly(session: Session, name: str) -> list[Any]:
    return list((await session.execute(select(campaign).where(campaign.c.name_key == key_of(name)))).all())


async def _insert(session: Session, table: Any, **values: Any) -> int:
    columns = {table.c[name]: value for name, value in values.items()}
    return int((await session.execute(insert(table).values(columns).returning(table.c.id))).scalar_one())
