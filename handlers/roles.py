"""Who somebody is to us, Slack's own admins among them."""

from bot.services import volunteers
from handlers.kit import Kit
from models import Role


async def acting(kit: Kit, who: str) -> Role:
    """What this person may act as. Workspace admins are admins here too."""
    if who in kit.settings.admin_users or (await kit.slack.profile(who))["admin"]:
        return Role.ADMIN
    async with kit.database.reading() as session:
        return await volunteers.role_of(session, who) or Role.VOLUNTEER
