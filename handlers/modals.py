"""The organizers' modals, submitted. What is wrong stands under its field, and nothing that was typed is lost."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.services import campaigns
from bot.services.campaigns import NewCampaign
from bot.views import ids
from handlers.kit import Kit
from handlers.requests import require
from models import Role

LARGEST_FILE = 1 << 30


def register(app: AsyncApp) -> None:
    """New campaign, more contacts, another script."""
    app.view(ids.NEW_CAMPAIGN)(new_campaign)
    app.view(ids.ADD_CONTACTS)(add_contacts)
    app.view(ids.EDIT_SCRIPT)(edit_script)


async def new_campaign(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """Make the campaign; a worker reads the file and sends word."""
    who, typed = body["user"]["id"], _typed(body)
    await require(kit, who, Role.ORGANIZER, "making a campaign")
    async with kit.database.transaction() as session:
        await campaigns.create(session, _new(typed), by=who, now=kit.clock())
    await ack()


async def add_contacts(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """Another file for a campaign."""
    who, typed = body["user"]["id"], _typed(body)
    await require(kit, who, Role.ORGANIZER, "adding contacts")
    campaign_id = int(body["view"]["private_metadata"])
    new = _new(typed)
    async with kit.database.transaction() as session:
        consent = campaigns.check_consent(new.consent)
        await campaigns.add_import(session, campaign_id, new, consent=consent, by=who, now=kit.clock())
    await ack()


async def edit_script(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """A new version of the script."""
    who, typed = body["user"]["id"], _typed(body)
    await require(kit, who, Role.ORGANIZER, "changing a script")
    campaign_id = int(body["view"]["private_metadata"])
    async with kit.database.transaction() as session:
        await campaigns.write_script(session, campaign_id, typed.get("script") or "", by=who, now=kit.clock())
    await ack()


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    """Field name → what was typed or uploaded."""
    values = body["view"]["state"]["values"]
    elements = {name: element for block in values.values() for name, element in block.items()}
    return {name: element.get("files") or element.get("value") for name, element in elements.items()}


def _new(typed: dict[str, Any]) -> NewCampaign:
    file = _one_file(typed.get("contacts"))
    return NewCampaign(
        name=typed.get("name") or "",
        script=typed.get("script") or "",
        consent=typed.get("consent") or "",
        file_name=file["name"],
        file_url=file.get("url_private_download") or file["url_private"],
    )


def _one_file(files: Any) -> dict[str, Any]:
    if not files:
        raise Refusal("Add a file with the people to text.", field="contacts")
    file: dict[str, Any] = files[0]
    if file.get("size", 0) > LARGEST_FILE:
        raise Refusal("That file is larger than 1 GB. Split it into smaller files.", field="contacts")
    return file
