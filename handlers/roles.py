"""Who somebody is to us, Slack's own admins among them."""

from bot.services import volunteers
from handlers.kit import Kit
from models import Role


async def is_admin(kit: Kit, who: str) -> bool:
    """Whether they are an admin by the settings or in Slack, which no role takes away."""
    return who in kit.settings.admin_users or bool((await kit.slack.profile(who))["admin"])


async def acting(kit: Kit, who: str) -> Role:
    """What this person may act as. Workspace admins are admins here too."""
    if await is_admin(kit, who):
        return Role.ADMIN
    async with kit.database.reading() as session:
        return await volunteers.role_of(session, who) or Role.VOLUNTEER
