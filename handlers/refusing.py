"""A refusal of words that were typed: said where they were typed."""

from typing import Any

from bot.services import posts
from bot.services.posts import PostKind
from handlers.kit import Kit


async def refuse_in_thread(kit: Kit, event: dict[str, Any], words: str) -> None:
    """Once for each line."""
    async with kit.database.transaction() as session:
        await posts.add(
            session,
            PostKind.NOTE,
            to=event["channel"],
            dedupe=f"refused:{event['channel']}:{event['ts']}",
            now=kit.clock(),
            words=words,
            thread_ts=event.get("thread_ts") or event["ts"],
        )
