"""Words from a voter or a file, made safe to show in Slack: they may never mention, link or ping.

`escape` is for mrkdwn; `plain` for plain_text, which Slack neither formats nor unescapes. Escaping & < > disarms
<!channel>, <@U…> and <https://…|bank>; a bare "@channel" gets an invisible joint besides, since Slack may parse it.
Stars, underscores and backticks are left alone: the worst they do is bold, and a volunteer must see what the voter
wrote. Put a voter's words in a block of their own, where an unbalanced ` reaches no further, with `"verbatim": True` so
that a bare address is not made a link. None of this is for text that is sent: for that, see handlers.slack_text.
"""

import re
from datetime import datetime

_JOINT = "\u2060"  # shows nothing, and is stripped again should a volunteer paste it into a text
_PING = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)
# Controls, and marks that reverse the reading order of what stands after them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def escape(text: str) -> str:
    """For mrkdwn: shown as written, whatever it says."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _UNSEEN.sub("", _PING.sub(f"@{_JOINT}", safe) if "@" in safe else safe)


def plain(text: str) -> str:
    """For plain_text, which needs no escaping: one line, nothing unseen. Buttons, titles, options."""
    return " ".join(_UNSEEN.sub("", text).split())


def clip(text: str, limit: int) -> str:
    """At most `limit` characters, an ellipsis in place of the rest. Slack refuses a whole message for one too many.

    Text that `escape` has made is not cut through the middle of an entity.
    """
    if len(text) <= limit:
        return text
    cut = text[: max(limit - 1, 0)]
    ampersand = cut.rfind("&", max(len(cut) - 4, 0))
    if ampersand >= 0 and ";" not in cut[ampersand:] and text[ampersand:].startswith(("&amp;", "&lt;", "&gt;")):
        cut = cut[:ampersand]
    return f"{cut.rstrip()}…"[:limit]


def ago(at: datetime) -> str:
    """For mrkdwn: "12 minutes ago", by the reader's own clock: what is shown stays true without being drawn anew."""
    return f"<!date^{int(at.timestamp())}^{{ago}}|{at:%b %-d, %-I:%M %p} UTC>"


def moment(at: datetime) -> str:
    """For mrkdwn: a moment by the reader's own clock, "tomorrow at 9:00 AM", which only Slack knows."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{at:%b %-d, %-I:%M %p} UTC>"


def clock_time(at: datetime) -> str:
    """For mrkdwn: the time of day by the reader's own clock. Slack's {ago} would count, but says only what is past."""
    return f"<!date^{int(at.timestamp())}^{{time}}|{at:%-I:%M %p} UTC>"
