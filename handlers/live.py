"""`doctor --live`: measures in a real workspace, with an admin and their own phone, what no test can know.

Each result is what was assumed and what was measured. It serves the web hooks itself meanwhile, and leaves nothing.
"""

from collections.abc import AsyncIterator, Callable

import structlog

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import audit, leases, lost_events, optouts
from bot.services.phones import parse, phone_hash
from handlers import live_slack, live_text
from handlers.hearing import Overheard
from handlers.kit import Kit
from handlers.live_run import How, Result, Run
from handlers.roles import is_admin

log = structlog.get_logger()

PLAN = """This measures in your workspace what no test can know, and shows each result as it comes.

In the direct message of {admin} with Textbank it posts up to {messages} messages and edits one of them up to
{edits} times, asks them to press a button there {presses} times, and deletes all of it at the end.
To {phone} it sends one text of one segment, at once and whatever the hour, at your carrier's price (in the
United States about a cent, with the carriers' fee), and takes it off the carrier's log again.
Slack may ask the app to be slower for a minute. It takes five to ten minutes.

Textbank itself must be stopped: meanwhile this process takes what Slack and the carrier send, and keeps it."""
RUNNING = (
    "Textbank listens to Slack at this moment, or did within the last minute. Stop its web processes, wait for a "
    "minute, and begin again: presses must come to this process."
)


def plan(admin: str, phone: str, how: How | None = None) -> str:
    """What will be done, for whoever is asked to agree to it."""
    how = how or How()
    values = {"messages": how.posts + 2, "edits": how.edits, "presses": live_slack.PRESSES}
    return PLAN.format(admin=admin, phone=phone, **values)


async def may_begin(kit: Kit, admin: str, phone: str) -> str:
    """The phone's number, as the carrier wants it. Raises Refusal where this must not be done."""
    try:
        number = parse(phone, kit.settings.default_region)
    except ValueError as wrong:
        raise Refusal(f"{phone} is no phone number: {wrong}.") from None
    try:
        allowed = await is_admin(kit, admin)
    except SlackTrouble as trouble:
        raise Refusal(
            f"Slack does not know {admin} ({trouble}): name a member by their id, such as U012AB3CD."
        ) from None
    if not allowed:
        raise Refusal(f"{admin} is no admin: only an admin measures, and agrees to it.")
    async with kit.database.reading() as session:
        if await optouts.is_out(session, phone_hash(kit.settings.textbank_secret, number)):
            raise Refusal(f"{number} has opted out, so it is not texted. `/textbank optin` would let it in again.")
        listens = await leases.is_held(session, lost_events.WEB, now=kit.clock())
    if listens and not kit.database.sqlite:  # of an SQLite file the operating system knows who serves it
        raise Refusal(RUNNING)
    return number


async def measure(
    kit: Kit,
    admin: str,
    number: str,
    *,
    say: Callable[[str], None],
    shown: Callable[[Result], None],
    how: How | None = None,
) -> None:
    """Everything in turn; `say` tells the admin what to do, `shown` gets each result. What was posted is deleted."""
    overheard = Overheard(kit.stopwatch)
    run = Run(kit, admin, number, say, overheard, how or How())
    async with kit.database.transaction() as session:
        await audit.note(session, who=admin, what="doctor live", now=kit.clock())
    with kit.ear.told(overheard):
        try:
            for part in (live_slack.measured, live_text.measured):
                async for result in _guarded(part(run)):
                    shown(result)
        finally:
            await run.clean_up()


async def _guarded(part: AsyncIterator[Result]) -> AsyncIterator[Result]:
    """What breaks one part off says so, and the next goes on."""
    try:
        async for result in part:
            yield result
    except SlackTrouble as trouble:
        yield Result("this part can be measured", f"Slack did not do it: {trouble}", None)
