"""The part of `doctor --live` that measures Slack: its pace, the events of our own messages, fields, response_urls."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.views import ids
from bot.views import live as views
from handlers.budget import CHANNEL_BURST
from handlers.kit import Kit
from handlers.live_run import Result, Run

PRESSES = views.LAST + 1
USES = 5
"""Of a response_url."""
EDITS_A_MINUTE = 50


def register(app: AsyncApp) -> None:
    """The buttons of the measuring: whoever measures has heard the press already."""
    for name in (ids.LIVE_DONE, ids.LIVE_TOLD, ids.LIVE_NOT_TOLD):
        app.action(name)(pressed)


async def pressed(ack: AsyncAck, kit: Kit) -> None:
    """Slack is answered at once, and nothing else is done here."""
    if not kit.ear.is_listened_to:
        raise Refusal("That measuring is over, so nothing was done. Delete this message.")
    await ack()


async def measured(run: Run) -> AsyncIterator[Result]:
    """Everything about Slack, in turn."""
    first, result = await _posts(run)
    yield result
    edits, result = await _edits(run, first)
    yield result
    yield await _own_posts(run)
    yield await _own_edits(run, first, edits, "chat.update")
    card, presses = await run.post(views.card(views.UNTOUCHED)), list[_Press]()
    for step in range(views.UNTOUCHED, views.LAST + 1):
        press = await _asked(run, card, step, presses)
        yield _field(step, press)
        if press is None:
            break
        presses.append(press)
    if presses:
        for result in await _response_urls(presses):
            yield result
        yield await _own_edits(run, card, sum(press.uses for press in presses), "response_url")
    yield await _notice(run, card)


@dataclass
class _Press:
    """A press on the card, and how often its response_url has drawn the card since."""

    run: Run
    body: dict[str, Any]
    uses: int = 0

    async def draws(self, message: dict[str, Any]) -> int:
        """Slack's status."""
        status = await self.run.kit.slack.respond_once(self.body["response_url"], message)
        self.uses += status == 200
        return status


async def _posts(run: Run) -> tuple[tuple[str, str], Result]:
    """Until Slack asks for a slower pace, or there have been enough."""
    began, refused = run.kit.stopwatch(), ""
    for number in range(1, run.how.posts + 1):
        try:
            await run.post_once(views.probe(number))
        except SlackTrouble as trouble:
            if not trouble.limited or not run.posted:
                raise
            refused = f", then Slack asked to wait {trouble.pause:g} seconds"
            break
    count, took = len(run.posted), run.kit.stopwatch() - began
    assumed = f"a channel takes {CHANNEL_BURST:g} messages at once"
    found = f"{count} in {took:.1f} seconds{refused or ', none refused'}"
    return run.posted[0], Result(assumed, found, count >= CHANNEL_BURST)


async def _edits(run: Run, where: tuple[str, str]) -> tuple[int, Result]:
    began, refused, count = run.kit.stopwatch(), "", 0
    while count < run.how.edits:
        try:
            await run.kit.slack.update(*where, views.edited(count + 1))
        except SlackTrouble as trouble:
            if not trouble.limited:
                raise
            refused = f", then Slack asked to wait {trouble.pause:g} seconds"
            break
        count += 1
    took = run.kit.stopwatch() - began
    found = f"{count} in {took:.1f} seconds{refused or ', none refused'}"
    assumed = f"{EDITS_A_MINUTE} edits a minute by chat.update"
    return count, Result(assumed, found, count >= min(EDITS_A_MINUTE, run.how.edits))


async def _own_posts(run: Run) -> Result:
    """Whether what we post comes back as events, which count towards the 30,000 an hour."""
    mine = {ts for _, ts in run.posted}

    def wanted(body: dict[str, Any]) -> bool:
        event = body.get("event", {})
        return event.get("type") == "message" and "subtype" not in event and event.get("ts") in mine

    came = await run.overheard.wait_for("slack", wanted, within=run.how.for_slack, count=len(mine))
    assumed = "our own posts in a direct message come back as events"
    return Result(assumed, f"{len(came)} of {len(mine)} came back", len(came) >= len(mine))


async def _own_edits(run: Run, where: tuple[str, str], count: int, way: str) -> Result:
    """The same for edits of one message, by one way of editing."""
    _, ts = where

    def wanted(body: dict[str, Any]) -> bool:
        event = body.get("event", {})
        return event.get("subtype") == "message_changed" and event.get("message", {}).get("ts") == ts

    came = await run.overheard.wait_for("slack", wanted, within=run.how.for_slack, count=count)
    return Result(f"edits by {way} come back as events, one each", f"{len(came)} of {count} edits", len(came) >= count)


async def _asked(run: Run, card: tuple[str, str], step: int, before: list[_Press]) -> _Press | None:
    """The press that this step asks for; its card is drawn by the response_url of the press before."""
    if before:
        await before[-1].draws(views.card(step))
    run.say(f"In Slack, in Textbank's direct message: {views.TO_DO[step].replace('*', '')}")
    if step == views.REDRAWN:
        await run.how.sleep(run.how.typing)
        await before[-1].draws(views.card(step, draft=views.OTHER_DRAFT, to_do=views.NOW_PRESS))
        run.say(views.NOW_PRESS.replace("*", ""))

    def wanted(body: dict[str, Any]) -> bool:
        action = (body.get("actions") or [{}])[0]
        here = body.get("container", {}).get("message_ts") == card[1]
        return here and action.get("action_id") == ids.LIVE_DONE and action.get("value") == str(step)

    came = await run.overheard.wait_for("slack", wanted, within=run.how.for_hand)
    return _Press(run, came[0][1]) if came else None


def _field(step: int, press: _Press | None) -> Result:
    assumed, holds = _ASSUMED[step]
    if press is None:
        return Result(assumed, "nobody pressed in time", None)
    value = views.typed(press.body.get("state", {}).get("values", {}), step)
    found = "null" if value is None else f"“{value}”"
    return Result(assumed, found, holds(value))


def _is_emoji(value: str | None) -> bool:
    return value is not None and any(ord(letter) > 0x2000 for letter in value)


_ASSUMED: dict[int, Any] = {
    views.UNTOUCHED: ("a field that nobody touched sends its draft", lambda value: value == views.DRAFT),
    views.EMOJI: ("an emoji in a field comes as itself", _is_emoji),
    views.CLEARED: ("a field that was emptied sends null", lambda value: value is None),
    views.REDRAWN: (
        "a field drawn anew under its old ids, while somebody types, never sends the new draft",
        lambda value: value != views.OTHER_DRAFT,
    ),
}


async def _response_urls(presses: list[_Press]) -> list[Result]:
    """What is left of each one's uses, as fast as Slack answers, and then one too many."""
    kit, before = presses[0].run.kit, sum(press.uses for press in presses)
    began, slowed, beyond = kit.stopwatch(), 0, []
    for press in presses:
        for _ in range(USES - press.uses):
            slowed += await press.draws(views.pressed()) == 429
        beyond.append(await press.draws(views.pressed()))
    took, done = kit.stopwatch() - began, sum(press.uses for press in presses) - before
    found = f"{done} in {took:.1f} seconds, {slowed} more asked to wait" if slowed else f"{done} in {took:.1f} seconds"
    pace = Result("edits by response_url are not slowed down", found, not slowed)
    answers = ", ".join(map(str, beyond))
    holds = None if slowed else 200 not in beyond
    uses = Result(f"a response_url takes {USES} uses", f"one more was answered {answers}", holds)
    return [pace, uses]


async def _notice(run: Run, card: tuple[str, str]) -> Result:
    """Whether Slack tells somebody of a reply in a thread in which they never typed."""
    run.say(
        "In Slack, look at another channel now. In some seconds Textbank writes into a thread of its direct message."
    )
    await run.how.sleep(run.how.typing)
    _, ts = await run.post(views.in_thread(), thread_ts=card[1])
    run.say("If Slack tells you of it, open it and press what is true; else look for it after a minute, and press.")

    def wanted(body: dict[str, Any]) -> bool:
        return "actions" in body and body.get("container", {}).get("message_ts") == ts

    came = await run.overheard.wait_for("slack", wanted, within=run.how.for_hand)
    assumed = "Slack tells somebody of our post in a thread in which they never typed"
    if not came:
        return Result(assumed, "nobody pressed in time", None)
    told = came[0][1]["actions"][0]["action_id"] == ids.LIVE_TOLD
    return Result(assumed, "Slack told them" if told else "they had to look for it", told)
