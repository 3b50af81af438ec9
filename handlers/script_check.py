"""The script check, live: while an organizer types, the modal says what to mend, what it costs, and how it reads."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.gateways.slack import SlackTrouble
from bot.services import campaigns, estimates, script_check, script_samples, scripts
from bot.services.script_check import Preview
from bot.views import ids
from bot.views import script_check as views
from bot.views.blocks import Block
from handlers.kit import Kit
from handlers.requests import Click, require
from models import Role

_TYPED_OVER = ("hash_conflict", "not_found", "ratelimited")
"""Slack's words for a modal that was typed in again, or closed, or that is typed in very fast: nothing is lost."""


def register(app: AsyncApp) -> None:
    """Each stop of the typing, and the two buttons below the field."""
    app.action(ids.SCRIPT_TYPED)(typed)
    app.action(ids.SCRIPT_NEXT)(next_person)
    app.action(ids.SCRIPT_PLAIN)(plain)


async def typed(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """Check the words as they stand now."""
    await ack()
    await _redraw(kit, click.who, body["view"], _script(body["view"]))


async def next_person(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """The same words, as the next contact would get them."""
    await ack()
    await _redraw(kit, click.who, body["view"], _script(body["view"]), at=click.number())


async def plain(ack: AsyncAck, body: dict[str, Any], click: Click, kit: Kit) -> None:
    """Write the words without what makes them cost more."""
    await ack()
    words = script_check.plain(_script(body["view"]))
    await _redraw(kit, click.who, body["view"], words, replace=True)


async def blocks(
    kit: Kit, who: str, campaign_id: int | None, script: str, *, footer: str | None, at: int = 0
) -> list[Block]:
    """The check of these words, on the campaign's own contacts where it has some."""
    if not script.strip():
        return views.before()
    volunteer = (await kit.slack.profile(who))["name"].split()[0]
    rows: list[Any] = []
    texts: list[Preview] = []
    estimate = None
    if campaign_id is not None:
        async with kit.database.reading() as session:
            rows = await script_samples.of_campaign(session, campaign_id)
            texts = script_samples.previews(script, rows, volunteer=volunteer, footer=footer)
            found = await campaigns.by_id(session, campaign_id)
            estimate = await estimates.of_texts(session, found, texts, prices=kit.prices)
    return views.blocks(
        script_check.advice(scripts.with_footer(script, footer)),
        sizes=script_check.sizes(texts),
        holes=script_check.holes(script, [script_samples.values_of(row, volunteer) for row in rows]),
        preview=texts[at % len(texts)] if texts else None,
        estimate=estimate,
        at=at % len(texts) if texts else 0,
        mend=script_check.plain(script) != script,
    )


async def _redraw(kit: Kit, who: str, view: dict[str, Any], script: str, *, at: int = 0, replace: bool = False) -> None:
    await require(kit, who, Role.ORGANIZER, "changing a script")
    campaign_id = view["private_metadata"]
    footer = _value(view, "footer")
    check = await blocks(kit, who, int(campaign_id) if campaign_id else None, script, footer=footer, at=at)
    try:
        await kit.slack.update_view(views.redrawn(view, check, script=script if replace else None), view)
    except SlackTrouble as trouble:
        if str(trouble) not in _TYPED_OVER and not trouble.pause:
            raise


def _script(view: dict[str, Any]) -> str:
    return _value(view, ids.SCRIPT_TYPED) or ""


def _value(view: dict[str, Any], name: str) -> str | None:
    """What stands in a field of this name."""
    blocks = view["state"]["values"].values()
    return next((block[name].get("value") for block in blocks if name in block), None)
