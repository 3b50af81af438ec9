"""A voter's text, however it came: by a web hook, or found in the carrier's list."""

from sqlalchemy.exc import DBAPIError

from bot.services import inbound
from bot.services.inbound import Received
from handlers.kit import Kit

TRIES = 3


async def take_in(kit: Kit, received: Received) -> None:
    """Store it and all that follows from it, once for each of the carrier's ids."""
    for tries_left in reversed(range(TRIES)):
        try:
            async with kit.database.transaction() as session:
                secret, admins = kit.settings.textbank_secret, kit.settings.admin_users
                await inbound.receive(session, received, now=kit.clock(), secret=secret, admins=admins)
            return
        except DBAPIError:  # a deadlock, or a database that was started anew: the carrier itself asks only once
            if not tries_left:
                raise
