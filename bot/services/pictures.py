"""A campaign's picture: it goes along with the first texts as MMS, fetched by the carrier from an address of ours.

The address is signed: nobody finds a picture without it, and there is no list. It is handed over in Slack; a worker
fetches it, since Slack waits three seconds for the modal that it came in.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, bindparam, delete, select, text, update

from bot.database import Session
from bot.errors import Refusal
from bot.services import audit, campaigns, media, posts
from bot.services.posts import PostKind
from bot.settings import Settings
from models import picture, picture_request, script
from models.types import Moment

FIELD = "picture"


@dataclass(frozen=True, slots=True)
class Handed:
    """A file that somebody handed over in Slack."""

    name: str
    url: str
    size: int


_ASK = text(
    "INSERT INTO picture_request (campaign_id, file_name, file_url, asked_by, asked_at, due_at)"
    " VALUES (:campaign_id, :file_name, :file_url, :asked_by, :now, :now)"
    " ON CONFLICT (campaign_id) DO UPDATE SET file_name = excluded.file_name, file_url = excluded.file_url,"
    " asked_by = excluded.asked_by, asked_at = excluded.asked_at, due_at = excluded.due_at"
).bindparams(bindparam("now", type_=Moment))
_FORGET = delete(picture_request).where(picture_request.c.campaign_id == bindparam("which"))
_COMING = select(picture_request.c.file_name).where(picture_request.c.campaign_id == bindparam("which"))
_NEXT = (
    select(picture_request)
    .where(picture_request.c.due_at <= bindparam("now"))
    .order_by(picture_request.c.due_at, picture_request.c.campaign_id)
    .limit(1)
)
_THIS_ONE = (
    (picture_request.c.campaign_id == bindparam("which"))
    & (picture_request.c.file_url == bindparam("url"))
    & (picture_request.c.asked_at == bindparam("asked"))
)
_TAKE = delete(picture_request).where(_THIS_ONE)
_PUT_OFF = update(picture_request).where(_THIS_ONE).values(due_at=bindparam("until"))
_STORE = text(
    "INSERT INTO picture (sha256, content_type, content, created_by, created_at)"
    " VALUES (:sha256, :content_type, :content, :by, :now) ON CONFLICT (sha256) DO NOTHING"
).bindparams(bindparam("now", type_=Moment), bindparam("content", type_=LargeBinary))
_STORED = select(picture.c.content_type, picture.c.content).where(picture.c.sha256 == bindparam("sha256"))
_MEDIA = select(script.c.media).where(script.c.id == bindparam("script_id"))


# ----------------------------------------------------------------------------------------------------- the address


def address(settings: Settings, name: str) -> str:
    """Where a picture can be seen by whoever knows this address."""
    return f"{settings.public_url}/media/{name}?k={_mark(settings, name)}"


def is_ours(settings: Settings, name: str, mark: str) -> bool:
    """Whether an address with this name and mark was made here."""
    return name.isascii() and mark.isascii() and hmac.compare_digest(_mark(settings, name), mark)


def _mark(settings: Settings, name: str) -> str:
    key = settings.textbank_secret.encode()
    return hmac.new(key, f"media:{name}".encode(), hashlib.sha256).hexdigest()[:32]


async def stored(session: Session, name: str) -> Any | None:
    """A picture by its name, as (content_type, content)."""
    return (await session.execute(_STORED, {"sha256": name.partition(".")[0]})).first()


# ----------------------------------------------------------------------------------------------------- coming in


def check(handed: Handed, settings: Settings) -> Handed:
    """Raises Refusal, at the modal's field, for what can be seen to be wrong before it is fetched."""
    if not settings.public_url:
        raise Refusal(
            "Pictures need the setting PUBLIC_URL: the carrier fetches them from our own address. "
            "Take the picture out, or ask whoever runs Textbank to set it.",
            field=FIELD,
        )
    if handed.size > media.LARGEST:
        said = f"That picture has {handed.size / 1e6:.1f} MB; the carrier takes 5 MB, and advises 600 KB."
        raise Refusal(f"{said} Make it smaller.", field=FIELD)
    return handed


async def ask(session: Session, campaign_id: int, handed: Handed, *, by: str, now: datetime) -> None:
    """Have this file fetched, in place of any that has not been yet."""
    values = {"campaign_id": campaign_id, "file_name": handed.name, "file_url": handed.url, "asked_by": by, "now": now}
    await session.execute(_ASK, values)


async def take_out(session: Session, campaign_id: int) -> None:
    """Fetch nothing any more for this campaign."""
    await session.execute(_FORGET, {"which": campaign_id})


async def of_campaign(session: Session, found: Any) -> tuple[str | None, str | None]:
    """The picture that goes with its texts now, and the name of the file that is still to be fetched."""
    names = (await session.execute(_MEDIA, {"script_id": found.script_id})).scalar_one_or_none()
    coming = (await session.execute(_COMING, {"which": found.id})).scalar_one_or_none()
    return (names[0] if names else None), coming


async def waiting(session: Session, *, now: datetime) -> Any | None:
    """The next picture to fetch."""
    return (await session.execute(_NEXT, {"now": now})).first()


async def put_off(session: Session, request: Any, *, until: datetime) -> None:
    """It cannot be had just now."""
    await session.execute(_PUT_OFF, {**_which(request), "until": until})


async def keep(session: Session, request: Any, content: bytes, *, now: datetime) -> None:
    """It has been fetched: texts go with it from now on, unless it is no picture, which is said."""
    kind = media.kind_of(content)
    if kind is None:
        why = "it is no JPEG, PNG or GIF, whatever its name says"
        return await refuse(session, request, why, now=now)
    if not await _is_ours_to_do(session, request):
        return
    found, by = await campaigns.by_id(session, request.campaign_id), request.asked_by
    sha256 = hashlib.sha256(content).hexdigest()
    values = {"sha256": sha256, "content_type": kind, "content": content, "by": by, "now": now}
    await session.execute(_STORE, values)
    await campaigns.set_pictures(session, found.id, (f"{sha256}.{media.ENDINGS[kind]}",), by=by, now=now)
    await audit.note(session, who=by, what="picture", subject=str(found.id), now=now, sha256=sha256)
    await _say(session, request, _taken(found.name, len(content)), now=now)


async def refuse(session: Session, request: Any, why: str, *, now: datetime) -> None:
    """It cannot be had or used: say so to whoever handed it over."""
    if not await _is_ours_to_do(session, request):
        return
    name = (await campaigns.by_id(session, request.campaign_id)).name
    said = f"The picture {request.file_name} was not taken for {name}: {why}. Its texts go as they did before."
    await _say(session, request, f"{said} Add another with `/textbank script {name}`.", now=now)


async def _is_ours_to_do(session: Session, request: Any) -> bool:
    """False if another process was quicker, or another picture has been handed over meanwhile."""
    return (await session.execute(_TAKE, _which(request))).rowcount == 1


def _which(request: Any) -> dict[str, Any]:
    return {"which": request.campaign_id, "url": request.file_url, "asked": request.asked_at}


async def _say(session: Session, request: Any, words: str, *, now: datetime) -> None:
    key = f"picture:{request.campaign_id}:{request.asked_at.timestamp()}"
    await posts.add(session, PostKind.NOTE, to=request.asked_by, dedupe=key, now=now, words=words)


def _taken(name: str, size: int) -> str:
    said = f"The picture of {name} is in: its first texts go with it from now on, as MMS."
    if size <= media.ADVISED:
        return said
    return (
        f"{said} With {size // 1000:,} KB it is larger than the 600 KB that carriers advise: some phones get it late, "
        f"made smaller, or not at all. A smaller one is better: `/textbank script {name}`."
    )
