"""Posts over which Slack fell silent: each is looked for before it is made again."""

from datetime import datetime

import structlog

from bot.gateways.slack import SlackTrouble
from handlers.kit import Kit

log = structlog.get_logger()


async def made_before(kit: Kit, to: str, mark: str, doubted_at: datetime | None) -> tuple[str, str] | None:
    """The (channel, ts) of the post with this mark, if it is there all the same; None also if it was never in doubt."""
    if doubted_at is None:
        return None
    try:
        return await kit.slack.find(to, mark, since=doubted_at)
    except SlackTrouble as trouble:
        if trouble.pause:
            raise
        log.warning("slack does not say whether it made a post, so it is made again", why=str(trouble))
        return None
