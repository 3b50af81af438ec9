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
                ours = kit.settings
                who = {"admins": ours.admin_users, "keywords": ours.opt_out_keywords}
                await inbound.receive(session, received, now=kit.clock(), secret=ours.textbank_secret, **who)
            return
        except DBAPIError:  # a deadlock, or a database that was started anew: the carrier itself asks only once
            if not tries_left:
                raise
