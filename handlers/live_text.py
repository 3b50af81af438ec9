"""The part of `doctor --live` that measures the carrier, by one text to the admin's own phone."""

import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

from bot.gateways.carrier_list import CarrierList, Unlisted
from bot.gateways.sms import STATES
from bot.services import measured as measured_texts
from bot.services.outbox import Claimed
from bot.services.outcomes import LAST
from bot.services.outcomes import Result as Sent
from bot.views import live as views
from handlers.carrier_list import SHORT_LAG
from handlers.live_run import Result, Run

NO_CAMPAIGN = 0
VALID = timedelta(minutes=10)
LIST_SECONDS = 2.0
"""Between two looks at the carrier's list."""
TAKEN = "the carrier takes a text at once, and says so"
ARRIVES = "the text arrives, and the carrier says so"
LISTED = f"the carrier's list has a text within {SHORT_LAG.total_seconds():.0f} seconds"


async def measured(run: Run) -> AsyncIterator[Result]:
    """One text: how long until it is taken, is in the carrier's list, and arrives."""
    kit, now = run.kit, run.kit.clock()
    words = views.text(secrets.token_hex(3))
    text = Claimed(NO_CAMPAIGN, run.number, words, NO_CAMPAIGN, now + VALID, now)
    began = kit.stopwatch()
    outcome = await kit.sms.post(text, now=now)
    took = f"{kit.stopwatch() - began:.1f} seconds"
    if outcome.result is Sent.ACCEPTED:
        yield Result(TAKEN, f"taken after {took}", True)
    elif outcome.result is not Sent.UNKNOWN:
        yield Result(TAKEN, f"it was not: {outcome.why or outcome.error}", False)
        return
    else:
        yield Result(TAKEN, f"after {took} nobody can say: {outcome.why}", None)
    sid, result = await _listed(run, words, began)
    yield result
    if sid := sid or outcome.carrier_sid:
        yield await _calls(run, sid, began)
        await _take_away(run, sid)


async def _listed(run: Run, words: str, began: float) -> tuple[str | None, Result]:
    """The text's id, as the list has it, by its words: they are like no other's."""
    listing, waited = CarrierList(run.kit.sms, run.kit.settings), 0.0
    while waited <= run.how.for_phone:
        try:
            found = [each.sid for each in await listing.to(run.number) if each.body == words]
        except Unlisted as trouble:
            return None, Result(LISTED, f"the carrier gave no list ({trouble})", None)
        if found:
            took = run.kit.stopwatch() - began
            return found[0], Result(LISTED, f"listed after {took:.1f} seconds", took <= SHORT_LAG.total_seconds())
        await run.how.sleep(LIST_SECONDS)
        waited += LIST_SECONDS
    return None, Result(LISTED, f"not listed after {run.how.for_phone:g} seconds", False)


async def _take_away(run: Run, sid: str) -> None:
    """Off the carrier's log; while it is there, it is known for ours."""
    async with run.kit.database.transaction() as session:
        await measured_texts.note(session, sid)
    if not await run.kit.sms.remove(sid):
        run.say(f"The text {sid} stays in the carrier's log: delete it in the console once it has arrived.")
        return
    async with run.kit.database.transaction() as session:
        await measured_texts.forget(session, sid)


async def _calls(run: Run, sid: str, began: float) -> Result:
    """The status calls, until one of them is the last."""
    if not run.kit.settings.public_url:
        return Result(ARRIVES, "there is no PUBLIC_URL, so the carrier cannot say it", None)
    run.say(f"Look at the phone {run.number}: a text is on its way.")

    def is_last(form: dict[str, str]) -> bool:
        return form.get("MessageSid") == sid and STATES.get(form.get("MessageStatus", "")) in LAST

    last = await run.overheard.wait_for("status", is_last, within=run.how.for_phone)
    every = await run.overheard.wait_for("status", lambda form: form.get("MessageSid") == sid, within=0, count=1)
    said = [f"{form['MessageStatus']} after {at - began:.1f} seconds" for at, form in every]
    error = f" (error {last[0][1]['ErrorCode']})" if last and last[0][1].get("ErrorCode") else ""
    found = (", ".join(said) or f"not a word in {run.how.for_phone:g} seconds") + error
    return Result(ARRIVES, found, bool(last) and last[0][1]["MessageStatus"] == "delivered")
