"""How far a first text is from what its script proposed. What is far goes into the audit log, without its words.

What an edit took out is said to its volunteer.
"""

import re
from collections import Counter
from datetime import datetime
from typing import Any

from bot.database import Session
from bot.services import audit, cards, script_check, scripts

LEAST_KEPT = 0.5
"""A text that has less of its script's words in it than this part is far from the script."""

_WORD = re.compile(r"\w+")


def kept(proposed: str, body: str) -> float:
    """Which part of the proposed words is still there; 1.0 if there were none."""
    before, after = (Counter(word.casefold() for word in _WORD.findall(text)) for text in (proposed, body))
    return (before & after).total() / before.total() if before else 1.0


def lost(proposed: str, words: str, seen: Any) -> str | None:
    """What a lead would say of an edit. The text goes as it was written: the next one is written better."""
    missing = script_check.edit_lost(*(scripts.with_footer(each, seen.footer) for each in (proposed, words)))
    return f"About your edit for {cards.name_of(seen)}: {' '.join(missing)} Undo takes it back." if missing else None


async def note(session: Session, message_id: int, text: dict[str, Any], *, now: datetime) -> None:
    """Keep that this text (its row) went far from the script, if it did."""
    if text["draft"] is None or (part := kept(text["draft"], text["body"])) >= LEAST_KEPT:
        return
    about = {"campaign": text["campaign_id"], "script": text["script_id"], "kept_percent": round(part * 100)}
    what = {"who": text["volunteer_id"], "what": "edited far from the script", "subject": f"message {message_id}"}
    await audit.note(session, **what, now=now, **about)
