"""What is right and wrong with the set-up: the findings, and those that the settings and the database can tell.

Each is a sentence, and what is not right says how to mend it. `gateways` has those for which Slack or the carrier must
be asked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, select, text

from bot.database import Session
from bot.services import heard, outbox, seals, slack_access
from bot.services.texting_hours import Week, parse_rule
from bot.settings import Settings
from models import lease, slack_post, state_is

LONG_ENOUGH = 24
"""Characters of TEXTBANK_SECRET; Settings refuses fewer than 16."""
EARLIEST, LATEST = 8 * 60, 21 * 60
"""Minutes after midnight: federal law lets nobody be texted outside of these hours."""
SHORTEST = 120
LATE = timedelta(minutes=5)
ZONES = ("America/New_York", "America/Los_Angeles", "America/Puerto_Rico", "Pacific/Honolulu")
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
"""Settings of PostgreSQL's without which what it has committed may be gone after a crash."""
_COPY_AGAIN = "Copy the signing secret again from the app's Basic Information page, and restart."
_BODIES = "A proxy must pass bodies and headers on unchanged."
WORKER = "worker"
"""The lease by which a running worker is known."""


class Level(StrEnum):
    """How bad a finding is. With an ERROR something that people rely on does not work."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence, and how to mend what it says."""

    level: Level
    words: str
    mend: str = ""


def ok(words: str) -> Finding:
    """As it should be."""
    return Finding(Level.OK, words)


def warning(words: str, mend: str) -> Finding:
    """It works, but better look at it."""
    return Finding(Level.WARNING, words, mend)


def error(words: str, mend: str) -> Finding:
    """It does not work."""
    return Finding(Level.ERROR, words, mend)


_LEASES = select(lease.c.name).where(lease.c.until > bindparam("now"))
_OWNERS = select(lease.c.owner).where(lease.c.until > bindparam("now"), lease.c.name.in_([WORKER, "clock"]))
_WRITE = text(
    "INSERT INTO setting (name, value) VALUES ('doctor:wrote', :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_OFF = text("SELECT name FROM pg_settings WHERE name IN :names AND setting = 'off' ORDER BY name").bindparams(
    bindparam("names", expanding=True)
)
_OLDEST_POST = (
    select(slack_post.c.due_at, slack_post.c.error)
    .where(state_is(slack_post, "queued"), slack_post.c.due_at < bindparam("late"))
    .order_by(slack_post.c.priority, slack_post.c.due_at)
    .limit(1)
)


def of_settings(settings: Settings) -> list[Finding]:
    """What the settings themselves tell; they have been read, so each is there and has the right form."""
    return [ok("The settings are complete."), _secret(settings), *_hours(settings), _zones(), _prices(settings)]


async def of_work(session: Session, *, now: datetime, serving: bool) -> list[Finding]:
    """Whether somebody does the work. `serving`: the program is known to run, so what is missing is an error."""
    alive = set((await session.execute(_LEASES, {"now": now})).scalars())
    bad = error if serving else warning
    found = [
        ok("A worker is running.")
        if WORKER in alive
        else bad("No worker is running: no text leaves, and nothing is posted to Slack.", _start("worker")),
        ok("A clock is running.")
        if "clock" in alive
        else bad("No clock is running: nothing is tidied up, and no digest comes.", _start("clock")),
    ]
    shut = await outbox.shut(session)
    if shut is not None:
        held = "A lead decides: the inbox has “Send anyway”."
        mend = held if shut.held_why else "It goes on by itself once that is over."
        found.append(error(f"Nothing is being sent: {shut.why}.", mend))
    if lost := await slack_access.why_lost(session):
        words = f"Slack does not take our token ({lost}): what is to be said there waits, and is not lost."
        found.append(error(words, "Install the app again, set SLACK_BOT_TOKEN to the new token, and restart."))
    late = (await session.execute(_OLDEST_POST, {"late": now - LATE})).first()
    if late is not None:
        why = f" Slack said: {late.error}." if late.error else ""
        minutes = int((now - late.due_at).total_seconds() // 60)
        words = f"Something has waited for {minutes:,} minutes to be shown in Slack.{why}"
        found.append(warning(words, "It is tried again; see that a worker runs, and what its log says."))
    return found


async def of_log(session: Session, *, secret: str) -> Finding:
    """Whether the audit log is as it was sealed."""
    broken = await seals.first_broken(session, secret=secret)
    if broken is None:
        return ok("The audit log is as it was sealed.")
    which = f"rows {broken.first:,} to {broken.last:,}, sealed {broken.at:%Y-%m-%d %H:%M} UTC"
    words = f"The audit log was changed: {broken.why} in its batch of {which}, the first that does not fit its seal."
    mend = (
        "Compare it with the last `/textbank audit` that you kept, and see who may write to the database. "
        "With another TEXTBANK_SECRET no batch fits."
    )
    return error(words, mend)


async def of_events(session: Session, *, serving: bool, by_socket: bool) -> list[Finding]:
    """Whether Slack's events reach us, and its requests are signed as we think. `by_socket`: nothing is signed."""
    came = await heard.look(session)
    found = [_events(came, error if serving else warning, by_socket=by_socket)]
    if by_socket or came.refused is None:
        return found
    if came.event is None and came.verified is None:
        words = "Requests that say they are Slack's come in, and none is signed by SLACK_SIGNING_SECRET."
        return [error(words, f"{_COPY_AGAIN} {_BODIES}"), *found]
    words = (
        f"A request that said it was Slack's and was not signed by SLACK_SIGNING_SECRET came on {_day(came.refused)}."
    )
    return [*found, warning(words, f"If commands fail: {_COPY_AGAIN} {_BODIES} Else somebody has tried the door.")]


def _events(came: heard.Heard, bad: Callable[[str, str], Finding], *, by_socket: bool) -> Finding:
    if came.event is not None:
        return ok(f"Slack's events reach Textbank: the last was noted on {_day(came.event)}.")
    if came.verified is not None:
        words = "Slack has verified the address for events, and none has come yet."
        return warning(words, "Open Textbank's Home tab in Slack: that is one.")
    words = "No event of Slack's has ever come: what volunteers type in threads goes nowhere, and the Home stays empty."
    if by_socket:
        mend = "In the app's settings see that Socket Mode and Event Subscriptions are on"
    else:
        mend = (
            "Slack verifies the address when the manifest is saved, before Textbank runs. Now that it does, open the "
            "app's settings, Event Subscriptions, and press Retry until it says Verified"
        )
    return bad(words, f"{mend}; then open Textbank's Home tab in Slack.")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def of_database(*, file: Path | None) -> Finding:
    """Which of the two databases it is, and what that means. `file` is SQLite's."""
    if file is not None:
        return ok(f"The database is SQLite, {file}: one process serves. More than one need PostgreSQL.")
    return ok("The database is PostgreSQL: as many processes as you want.")


def no_file(file: Path) -> Finding:
    """SQLite would make a new one, wherever the doctor was started."""
    return error(
        f"There is no database {file}.",
        "If Textbank has one already, it was started in another folder: start this there too, or set DATABASE_URL to "
        "its whole path (four slashes). Else start `python -m bot`, which makes it.",
    )


async def can_write(session: Session, *, now: datetime) -> Finding:
    """A row is written; whoever calls commits it, and tells if that fails."""
    await session.execute(_WRITE, {"value": str(now.timestamp())})
    return ok("The database is at this release's schema, and can be written to.")


async def of_lone_file(session: Session, *, now: datetime) -> list[Finding]:
    """Whether machines share an SQLite file: its locks do not reach from one to another."""
    machines = {owner.partition(":")[0] for owner in (await session.execute(_OWNERS, {"now": now})).scalars()}
    if len(machines) < 2:
        return []
    words = f"{len(machines)} machines serve this SQLite file ({', '.join(sorted(machines))}): it may be damaged."
    return [error(words, "Stop all but one at once; for several, set DATABASE_URL to a PostgreSQL database.")]


async def of_durability(session: Session) -> list[Finding]:
    """Whether PostgreSQL still knows after a crash what it has committed. SQLite's own settings are ours."""
    off = list((await session.execute(_OFF, {"names": MUST_BE_ON})).scalars())
    if not off:
        return [ok("PostgreSQL has what it commits on the disk first.")]
    switched = "; ".join(f"ALTER SYSTEM SET {name} = on" for name in off)
    words = (
        f"After a crash PostgreSQL may forget what it has committed ({', '.join(off)}: off): somebody could be texted "
        "twice, or after a STOP."
    )
    mend = (
        f"As its superuser: `{switched}; SELECT pg_reload_conf()`. What is off for this database or role alone ends by "
        "`ALTER DATABASE … RESET ALL`, `ALTER ROLE … RESET ALL`."
    )
    return [error(words, mend)]


def _secret(settings: Settings) -> Finding:
    if len(settings.textbank_secret) >= LONG_ENOUGH and len(set(settings.textbank_secret)) > 5:
        return ok("TEXTBANK_SECRET is long enough.")
    return warning(
        "TEXTBANK_SECRET could be guessed.",
        f"Before anybody is texted, set it to {LONG_ENOUGH} random characters or more. Afterwards leave it: with "
        "another secret, nobody's opt-out would be known.",
    )


def _hours(settings: Settings) -> Iterator[Finding]:
    try:
        week = parse_rule(settings.texting_hours)
    except ValueError as wrong:
        yield error(f"TEXTING_HOURS is wrong: {wrong}.", "Write the hours as 09:00-20:00.")
        return
    if any(hours and (hours[0] < EARLIEST or hours[1] > LATEST) for hours in week):
        yield warning(
            f"TEXTING_HOURS ({settings.texting_hours}) goes beyond 08:00-21:00, the widest that the law allows.",
            "Nobody is texted outside the law's hours all the same; set it to what you really want.",
        )
    elif _is_short(week):
        yield warning(
            f"TEXTING_HOURS ({settings.texting_hours}) leaves less than two hours a day.",
            "People in other time zones may then never be reached; widen it.",
        )
    else:
        yield ok(f"Texting hours are {settings.texting_hours}, by the clock of whoever is texted.")


def _is_short(week: Week) -> bool:
    return max(hours[1] - hours[0] for hours in week if hours) < SHORTEST


def _zones() -> Finding:
    try:
        for name in ZONES:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError):
        return error("The time zone data is missing.", "Install the libraries again: `tzdata` is one of them.")
    return ok("The time zone data is there.")


def _prices(settings: Settings) -> Finding:
    segment, picture = settings.segment_price, settings.picture_price
    names = "SEGMENT_PRICE and PICTURE_PRICE: by your own bill"
    return ok(f"Money is reckoned at ${segment:f} a segment and ${picture:f} a text with a picture ({names}).")


def _start(role: str) -> str:
    return f"Start `python -m bot` (everything), or `python -m bot {role}` beside the others."
