"""Textbank as `python -m bot` runs it, until it comes to a point for the n-th time: there it is killed, or stopped.

`python -m tests.processes.doomed POINT TIMES [ROLE]`. No line of the product knows of it: before the program starts,
one of its functions is wrapped. Leases are short here and minutes are seconds, so that nobody waits for them.
"""

import asyncio
import functools
import importlib
import os
import signal
import sys
from datetime import timedelta
from typing import Any

POINTS: dict[str, tuple[str, str]] = {
    "the click is written, not committed": ("bot.services.texting:send", "after"),
    "the click is committed, not answered": ("handlers.cards:_show", "before"),
    "the claim is written, not committed": ("bot.services.outbox:claim", "after"),
    "the text is claimed, not posted": ("handlers.sending:Sender._post", "before"),
    "the text is posted, its answer not written": ("bot.gateways.sms:Sms.post", "after"),
    "the outcome is written, not committed": ("bot.services.outcomes:record", "after"),
    "the outcome is committed": ("handlers.sending:Sender._is_written", "after"),
    "the carrier's word is written, not committed": ("bot.services.outcomes:delivered", "after"),
    "the voter's text is written, not committed": ("bot.services.inbound:receive", "after"),
    "the voter's text is committed, not answered": ("handlers.twilio:Hooks.inbound", "after"),
    "a message is about to be posted in Slack": ("bot.gateways.slack:Slack.post", "before"),
    "a message is posted in Slack, not written down": ("bot.gateways.slack:Slack.post", "after"),
}
"""Label → module:function, and on which side of it."""
NOWHERE = "nowhere"
SHORT = timedelta(seconds=3)
"""A lease. A POST takes milliseconds here."""


def doom(point: str, times: int, number: signal.Signals) -> None:
    """At this point, the n-th time, this process sends itself this signal."""
    where, when = POINTS[point]
    module, _, path = where.partition(":")
    holder: Any = importlib.import_module(module)
    *way, name = path.split(".")
    for each in way:
        holder = getattr(holder, each)
    whole, left = getattr(holder, name), times

    def here(result: Any = None) -> None:
        nonlocal left
        left -= result != []  # a claim of nothing is none
        if left == 0:
            os.kill(os.getpid(), number)

    @functools.wraps(whole)
    async def waits(*args: Any, **more: Any) -> Any:
        if when == "before":
            here()
        result = await whole(*args, **more)
        if when == "after":
            here(result)
        return result

    @functools.wraps(whole)
    def goes_on(*args: Any, **more: Any) -> Any:
        here()
        return whole(*args, **more)

    setattr(holder, name, waits if asyncio.iscoroutinefunction(whole) else goes_on)


def hurry() -> None:
    """Short leases, a quick clock, no pause before threads."""
    from bot.services import inbound, outbox
    from handlers import clock

    for module in (outbox, *(found for name, found in sys.modules.items() if name.startswith("handlers."))):
        if hasattr(module, "LEASE"):
            module.LEASE = SHORT
    inbound.CALM = timedelta(seconds=0.2)
    slow = clock.schedule

    def schedule(kit: Any) -> Any:
        scheduler = slow(kit)
        [job] = scheduler.get_jobs()
        job.reschedule("interval", seconds=1)
        return scheduler

    clock.schedule = schedule


def main() -> None:
    point, times, *words = sys.argv[1:]
    if point != NOWHERE:
        doom(point, int(times), signal.Signals[os.environ.get("DOOM", "SIGKILL")])
    hurry()
    from bot.__main__ import cli

    sys.argv = ["bot", *words]
    cli()


if __name__ == "__main__":
    main()
