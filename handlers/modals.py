"""The organizers' modals, submitted. What is wrong stands under its field, and nothing that was typed is lost."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.database import Session
from bot.errors import Refusal, check_all
from bot.services import campaigns, money, pictures, saved_replies, scripts, spending, surveys, timing
from bot.services.campaigns import NewCampaign
from bot.services.pictures import Handed
from bot.views import ids
from handlers.kit import Kit
from handlers.requests import require
from models import Role

LARGEST_FILE = 1 << 30
Check = Callable[[], object]


def register(app: AsyncApp) -> None:
    """New campaign, more contacts, another script."""
    app.view(ids.NEW_CAMPAIGN)(new_campaign)
    app.view(ids.ADD_CONTACTS)(add_contacts)
    app.view(ids.EDIT_SCRIPT)(edit_script)


def typed_in(body: dict[str, Any]) -> dict[str, Any]:
    """Field name → what was typed or uploaded in a modal."""
    values = body["view"]["state"]["values"]
    elements = {name: element for block in values.values() for name, element in block.items()}
    kinds = ("files", "selected_date_time", "selected_options", "value")
    return {
        name: next((element[kind] for kind in kinds if element.get(kind)), None) for name, element in elements.items()
    }


async def new_campaign(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """Make the campaign; a worker reads the file and sends word."""
    who, typed = body["user"]["id"], typed_in(body)
    await require(kit, who, Role.ORGANIZER, "making a campaign")
    await _check_new(typed, kit)
    new, picture = _new(typed), _picture(typed, kit)
    async with kit.database.transaction() as session:
        campaign_id, _ = await campaigns.create(session, new, by=who, now=kit.clock())
        if picture:
            await pictures.ask(session, campaign_id, picture, by=who, now=kit.clock())
        await _write_for_answers(session, campaign_id, typed, by=who, now=kit.clock())
    await ack()


async def _check_new(typed: dict[str, Any], kit: Kit) -> None:
    name, opens, closes = typed.get("name") or "", _moment(typed.get("opens_at")), _moment(typed.get("closes_at"))
    async with kit.database.reading() as session:
        taken = await campaigns.is_named(session, name)
    check_all(
        lambda: campaigns.check_name(name, taken=taken),
        lambda: timing.check(opens, None, now=kit.clock()),
        lambda: timing.check(None, closes, now=kit.clock()),
        lambda: timing.check(opens, closes, now=kit.clock()),
        *_of_contacts(typed),
        *_of_words(typed, kit),
    )


async def add_contacts(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """Another file for a campaign."""
    who, typed = body["user"]["id"], typed_in(body)
    await require(kit, who, Role.ORGANIZER, "adding contacts")
    check_all(*_of_contacts(typed))
    campaign_id, new = int(body["view"]["private_metadata"]), _new(typed)
    async with kit.database.transaction() as session:
        consent = campaigns.check_consent(new.consent)
        await campaigns.add_import(session, campaign_id, new, consent=consent, by=who, now=kit.clock())
    await ack()


async def edit_script(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """A new version of the script."""
    who, typed = body["user"]["id"], typed_in(body)
    await require(kit, who, Role.ORGANIZER, "changing a script")
    check_all(*_of_words(typed, kit))
    campaign_id, picture = int(body["view"]["private_metadata"]), _picture(typed, kit)
    by = {"by": who, "now": kit.clock()}
    async with kit.database.transaction() as session:
        without = () if typed.get("no_picture") else None
        await campaigns.write_script(session, campaign_id, typed.get("script") or "", **by, media=without)
        await campaigns.set_footer(session, campaign_id, typed.get("footer") or "", **by)
        if (cents := _budget(typed)) != _budget(_drawn_with(body)):  # left as it was drawn, it takes back nobody's
            await spending.set_budget(session, await campaigns.by_id(session, campaign_id), cents, **by)
        if picture:
            await pictures.ask(session, campaign_id, picture, **by)
        elif without is not None:
            await pictures.take_out(session, campaign_id)
        await _write_for_answers(session, campaign_id, typed, **by)
    await ack()


def _of_contacts(typed: dict[str, Any]) -> list[Check]:
    """What is to be asked of a file and the consent of those in it."""
    return [lambda: _one_file(typed.get("contacts")), lambda: campaigns.check_consent(typed.get("consent") or "")]


def _of_words(typed: dict[str, Any], kit: Kit) -> list[Check]:
    """What is to be asked of all that goes to voters, and of what it may cost."""
    return [
        lambda: scripts.check(typed.get("script") or ""),
        lambda: _picture(typed, kit),
        lambda: saved_replies.parse(typed.get("saved_replies") or ""),
        lambda: surveys.parse(typed.get("questions") or ""),
        lambda: _budget(typed),
    ]


async def _write_for_answers(
    session: Session, campaign_id: int, typed: dict[str, Any], *, by: str, now: datetime
) -> None:
    """What volunteers find under **Reply**."""
    await saved_replies.write(session, campaign_id, typed.get("saved_replies") or "", by=by, now=now)
    await surveys.write(session, campaign_id, typed.get("questions") or "", by=by, now=now)


def _budget(typed: dict[str, Any]) -> int | None:
    return money.read_budget(typed.get("budget") or "")


def _drawn_with(body: dict[str, Any]) -> dict[str, Any]:
    """Field name → what stood in it when the modal was opened."""
    elements = [block["element"] for block in body["view"]["blocks"] if block["type"] == "input"]
    return {element["action_id"]: element.get("initial_value") for element in elements}


def _picture(typed: dict[str, Any], kit: Kit) -> Handed | None:
    """The picture that was handed over, if any. Raises Refusal for one that cannot be used."""
    if not typed.get(pictures.FIELD):
        return None
    file = typed[pictures.FIELD][0]
    url = file.get("url_private_download") or file["url_private"]
    return pictures.check(Handed(file["name"], url, file.get("size", 0)), kit.settings)


def _new(typed: dict[str, Any]) -> NewCampaign:
    file = _one_file(typed.get("contacts"))
    return NewCampaign(
        name=typed.get("name") or "",
        script=typed.get("script") or "",
        consent=typed.get("consent") or "",
        footer=typed.get("footer") or "",
        consent_where=(typed.get("consent_where") or "").strip(),
        consent_when=(typed.get("consent_when") or "").strip(),
        file_name=file["name"],
        file_url=file.get("url_private_download") or file["url_private"],
        opens_at=_moment(typed.get("opens_at")),
        closes_at=_moment(typed.get("closes_at")),
        look_up=bool(typed.get("look_up")),
        budget=_budget(typed),
    )


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _one_file(files: Any) -> dict[str, Any]:
    if not files:
        raise Refusal("Add a file with the people to text.", field="contacts")
    file: dict[str, Any] = files[0]
    if file.get("size", 0) > LARGEST_FILE:
        raise Refusal("That file is larger than 1 GB. Split it into smaller files.", field="contacts")
    return file
