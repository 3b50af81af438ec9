"""The daily digest: the command that sets it, and how its post is made."""

from datetime import date
from typing import Any

import structlog

from bot.database import Session
from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import daily, digests, organizers, posts
from bot.services.daily import Daily
from bot.services.digest_days import EXAMPLE, Schedule, known_zone, read_time, read_zone
from bot.services.posts import PostKind
from bot.views import digest as views
from handlers.kit import Kit, Loser, Maker
from handlers.saying import said_before, say
from handlers.subcommands import Command, Subcommand
from handlers.words import one, split
from models import Role

log = structlog.get_logger()

NOT_THERE = "I can't post in <#{channel}>. Add me to the channel first: type `/invite @Textbank` in it."
RANKING = "ranking"


async def digest(command: Command, kit: Kit) -> str:
    """`#channel 18:00 America/Chicago`, `off #channel`, `now` or `now #channel`."""
    verb, mentioned, rest = split(command.words)
    if not mentioned and verb.lower() == "now":
        return await _now(command, kit, command.who, "your direct messages with Textbank")
    off = verb.lower() == "off" and not rest
    channel = one(mentioned, "#", "/textbank digest off #channel" if off else SUBCOMMANDS["digest"].usage)
    if off:
        async with kit.database.transaction() as session:
            await digests.stop(session, channel, by=command.who, now=kit.clock())
        return f"<#{channel}> gets no digest any more."
    if verb.lower() not in ("", "now") or (verb and rest):
        raise Refusal(f"Write it like this: {EXAMPLE}")
    if not await kit.slack.may_post_in(channel):
        raise Refusal(NOT_THERE.format(channel=channel))
    if verb:
        return await _now(command, kit, channel, f"<#{channel}>")
    return await _daily(command, kit, channel, rest.split())


async def _now(command: Command, kit: Kit, to: str, where: str) -> str:
    tz = await _zone_of(command.who, kit)
    async with kit.database.transaction() as session:
        await digests.ask(session, to, tz=tz, by=command.who, key=command.trigger_id, now=kit.clock())
    return f"The digest comes in a moment, in {where}."


async def _daily(command: Command, kit: Kit, channel: str, words: list[str]) -> str:
    ranking = words[-1:] == [RANKING]
    words = [word for word in words if word not in (RANKING, "with")] if ranking else words
    if not words:
        raise Refusal(f"At what time of the day? Write it like this: {EXAMPLE}")
    if len(words) == 2 and words[1].lower().strip(".") in ("am", "pm"):
        words = ["".join(words)]
    at, typed = read_time(words[0]), " ".join(words[1:])
    schedule = Schedule(at, read_zone(typed) if typed else await _zone_of(command.who, kit))
    async with kit.database.transaction() as session:
        now = kit.clock()
        first = await digests.start(session, channel, schedule, ranking=ranking, by=command.who, now=now)
    return views.is_set(channel, schedule, first, now=now, ranking=ranking, guessed=not typed)


async def _zone_of(who: str, kit: Kit) -> str:
    """The time zone that somebody has in Slack; UTC if that is none of a place."""
    return known_zone((await kit.slack.profile(who))["tz"]) or "UTC"


async def _post(kit: Kit, post: Any, asked: dict[str, Any]) -> bool:
    """A digest, with the figures of its day."""
    async with kit.database.reading() as session:
        wanted = await digests.is_wanted(session, asked, now=kit.clock())
        found = await _read(session, asked, kit) if wanted else None
    if found is None:
        await _end(kit, post, asked, "missed")
        return False
    if await said_before(kit, post) is None:
        await _show(kit, post, found, asked="digest_id" not in asked)
    await _end(kit, post, asked, "posted")
    return True


async def _read(session: Any, asked: dict[str, Any], kit: Kit) -> Daily:
    schedule, day = Schedule(asked["at"], asked["tz"]), date.fromisoformat(asked["day"])
    return await daily.read(session, schedule, day, prices=kit.prices, ranking=asked["ranking"], now=kit.clock())


async def _show(kit: Kit, post: Any, found: Daily, *, asked: bool) -> None:
    """With Slack's chart, or without it where a workspace has no such block."""
    now = kit.clock()
    try:
        await say(kit, post, views.digest(found, now=now, asked=asked))
    except SlackTrouble as trouble:
        if str(trouble) != "invalid_blocks":
            raise
        log.info("this workspace takes no chart")
        await say(kit, post, views.digest(found, now=now, asked=asked, chart=False))


async def _end(kit: Kit, post: Any, asked: dict[str, Any], how: str) -> None:
    async with kit.database.transaction() as session:
        await digests.ended(session, asked, how)
        await posts.finish(session, post)


async def _tell(kit: Kit, session: Session, post: Any, asked: dict[str, Any], why: str) -> None:
    """Slack will not have it: whoever asked for it hears why."""
    await digests.ended(session, asked, "refused")
    about = {"what": "digest", "where": post.recipient, "why": why}
    to = await organizers.next_to(session, asked["by"], admins=kit.settings.admin_users)
    if to is not None:
        await posts.add(session, PostKind.LOST, to=to, dedupe=f"lost:digest:{post.id}", now=kit.clock(), **about)


MAKERS: dict[str, Maker] = {PostKind.DIGEST: _post}
LOSERS: dict[str, Loser] = {PostKind.DIGEST: _tell}
"""As in `handlers.post_kinds`."""
SUBCOMMANDS: dict[str, Subcommand] = {
    "digest": Subcommand(
        digest,
        Role.MANAGER,
        "/textbank digest #channel 18:00 [America/Chicago]",
        "the day in figures, every day; `digest now`, `digest off #channel`",
    ),
}
