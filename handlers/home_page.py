"""Somebody's Home, drawn and published: only for whoever has just opened it or pressed something on it."""

import hashlib
import json
from typing import Any
from zoneinfo import ZoneInfo

from bot.services import home
from bot.views import home as views
from handlers.examining import examine_and_keep
from handlers.kit import Kit
from handlers.roles import acting


async def show(kit: Kit, who: str, line: str | None) -> None:
    """After a press on the Home: the page as it is now, with what came of the press above it."""
    _publish(kit, who, _view(kit, await _look(kit, who), line))


async def look_again(kit: Kit, who: str) -> None:
    """Let the doctor look, and show what it finds."""
    await examine_and_keep(kit)
    await show(kit, who, None)


async def show_opened(kit: Kit, who: str, seen: dict[str, Any] | None) -> None:
    """For whoever opens the Home and has `seen` this one so far; nothing is published that they see already.

    The first page of an admin shows what the doctor found last, and soon what it finds now.
    """
    page = await _look(kit, who)  # first: if that fails, Slack tells us again, and it counts as not opened
    view = _view(kit, page, None)
    async with kit.database.transaction() as session:
        if not await home.opened(session, who, now=kit.clock()):
            return
        shown = await home.shown_to(session, who)
    if seen is None or shown != _hash(view):
        _publish(kit, who, view, hash=(seen or {}).get("hash"))
    if page.is_first and not (page.looked and page.looked.is_fresh(kit.clock())):
        kit.later(look_again(kit, who))


async def _look(kit: Kit, who: str) -> home.Home:
    role, now = await acting(kit, who), kit.clock()
    local = now.astimezone(_zone((await kit.slack.profile(who))["tz"]))
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    async with kit.database.reading() as session:
        return await home.look(session, who, role, today=today)


def _view(kit: Kit, page: home.Home, line: str | None) -> dict[str, Any]:
    return views.home(page, reachable=bool(kit.settings.public_url), line=line)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _publish(kit: Kit, who: str, view: dict[str, Any], *, hash: str | None = None) -> None:
    async def done() -> None:
        async with kit.database.transaction() as session:
            await home.mark_shown(session, who, _hash(view))

    kit.slack.publish(who, view, hash=hash, done=done)


def _hash(view: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()[:32]
