"""What Slack makes of words that a person types, before the app gets them.

Not text for a phone: & < > are escaped, addresses become links, emoji become names, mentions become ids.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.slack.workspace import Workspace

EMOJI = {
    "😀": "grinning", "😃": "smiley", "😄": "smile", "😁": "grin", "😂": "joy", "🤣": "rolling_on_the_floor_laughing",
    "😊": "blush", "🙂": "slightly_smiling_face", "😉": "wink", "😍": "heart_eyes", "😘": "kissing_heart",
    "😎": "sunglasses", "🤔": "thinking_face", "😐": "neutral_face", "🙄": "face_with_rolling_eyes", "😢": "cry",
    "😭": "sob", "😡": "rage", "😅": "sweat_smile", "😬": "grimacing", "🥳": "partying_face", "👍": "+1", "👎": "-1",
    "👋": "wave", "👏": "clap", "🙏": "pray", "💪": "muscle", "👌": "ok_hand", "🙌": "raised_hands", "🎉": "tada",
    "🔥": "fire", "✅": "white_check_mark", "❌": "x", "⭐": "star", "💯": "100", "❤️": "heart", "❤": "heart",
    "💙": "blue_heart", "🗳️": "ballot_box_with_ballot", "🗳": "ballot_box_with_ballot", "🇺🇸": "us", "☀️": "sunny",
    "📅": "date", "📞": "telephone_receiver", "✨": "sparkles", "🚀": "rocket", "👀": "eyes", "🤷": "shrug",
}  # fmt: skip
TONES = {"🏻": 2, "🏼": 3, "🏽": 4, "🏾": 5, "🏿": 6}
_emoji = re.compile(f"({'|'.join(sorted(map(re.escape, EMOJI), key=len, reverse=True))})([{''.join(TONES)}]?)")
_link = re.compile(
    r"(?P<url>https?://[^\s<>|]+[^\s<>|.,!?;:'\")\]])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})"
    r"|(?<![\w@./])(?P<domain>(?:[a-z0-9-]+\.)+(?:com|org|net|gov|edu|us|io|co)(?:/[^\s<>|]*[^\s<>|.,!?;:'\")\]])?)(?![\w@])",
    re.IGNORECASE,
)
_mention = re.compile(r"(?<![\w.+-])([@#])([\w][\w.-]*)")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(match: re.Match[str]) -> str:
    if url := match["url"]:
        return f"<{url}>"
    if email := match["email"]:
        return f"<mailto:{email}|{email}>"
    return f"<http://{match['domain']}|{match['domain']}>"


def _named(match: re.Match[str]) -> str:
    tone = f":skin-tone-{TONES[match[2]]}:" if match[2] else ""
    return f":{EMOJI[match[1]]}:{tone}"


def mentions(world: "Workspace", text: str, *, named: bool = True) -> str:
    """@sam, #field and @group in place of their ids; a word that nobody is called stays. `named` adds |sam."""

    def found(match: re.Match[str]) -> str:
        sign, word = match[1], match[2]
        tail = "" if not word.endswith(".") else "."
        word = word.rstrip(".")
        if sign == "#":
            for channel in world.channels.values():
                if channel.name == word and channel.kind != "im":
                    return (channel.mention if named else f"<#{channel.id}|>") + tail
            return match[0]
        for user in world.users.values():
            if user.name == word.lower() and not user.deleted:
                return (user.mention if named else f"<@{user.id}>") + tail
        for group in world.groups.values():
            if group.handle == word:
                return (group.mention if named else f"<!subteam^{group.id}>") + tail
        return match[0]

    return _mention.sub(found, text)


def command_text(world: "Workspace", text: str, *, should_escape: bool) -> str:
    """The `text` of a slash command."""
    if not should_escape:
        return text.strip()
    return _pieces(world, text.strip(), named=True)


def message_text(world: "Workspace", text: str) -> str:
    """The `text` of a message event."""
    return _emoji.sub(_named, _pieces(world, text, named=False))


def _pieces(world: "Workspace", text: str, *, named: bool) -> str:
    """Links apart, since what looks like a mention inside an address is none."""
    done, at = [], 0
    escaped = escape(text)
    for match in _link.finditer(escaped):
        done += [mentions(world, escaped[at : match.start()], named=named), _linked(match)]
        at = match.end()
    return "".join(done) + mentions(world, escaped[at:], named=named)
