"""What is said to somebody who can mend it, of a post that Slack would not have."""

from bot.views.blocks import Message, message
from bot.views.text import escape

_WHAT = {"digest": "The digest", "inbox": "A call in the inbox, or what came after it,"}
_MEND = {
    "digest": "",
    "inbox": " `/textbank doctor` looks for what is wrong; `/textbank inbox #channel` brings the call once more.",
}


def lost(what: str, where: str, why: str) -> Message:
    """Word of a digest, or of a call in the inbox, that is not shown."""
    is_channel = where.startswith(("C", "G"))
    place = f"in <#{where}>" if is_channel else f"in <@{where}>'s direct messages"
    invite = " If I am no longer in the channel, type `/invite @Textbank` in it." if is_channel else ""
    words = f":warning: {_WHAT[what]} could not be posted {place}: {escape(why)}.{invite}{_MEND[what]}"
    return message(words)
