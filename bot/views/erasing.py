"""What is said of erasing, and how our own messages about somebody are known again: by marks that nobody sees."""

from datetime import datetime
from typing import Any

from bot.services.erasing import Erased
from bot.views import ids
from bot.views.blocks import Block, Message, message, modal, section
from bot.views.text import escape

HERE = "What stood here has been erased."
ELSEWHERE = (
    "What Slack shows of them is being blanked, except what people typed themselves, which only they can delete; the "
    "carrier's own log has to be deleted there."
)


def blanked() -> Message:
    """In the place of a message about somebody who was erased."""
    return message(HERE)


def mark(block: Block, contact_id: int, nth: str) -> Block:
    """This block tells of that contact: `nth` tells it from others in the same message."""
    return {**block, "block_id": f"about.{contact_id}.{nth}"}


def told_of(shown: dict[str, Any]) -> set[int]:
    """The contacts whom a message of ours tells of, by its blocks' marks."""
    ids = [str(block.get("block_id", "")).split(".") for block in shown.get("blocks", [])]
    return {int(each[1]) for each in ids if each[0] == "about" and len(each) == 3}


def posted_by(shown: dict[str, Any]) -> str | None:
    """The mark of the post that made a message."""
    found: str | None = (shown.get("metadata") or {}).get("event_payload", {}).get("mark")
    return found


def forget(phone: str) -> Block:
    """The question before somebody is erased, with the number as it was understood."""
    asked = (
        f"Erase whoever has *{phone}*? Their number, their names and every word to and from them go, in all campaigns, "
        "and nobody can bring them back. If they have opted out, that stays."
    )
    return modal("Erase a person", ids.FORGET, [section(asked)], submit="Erase", metadata=phone)


def forgotten(words: str) -> Block:
    """What came of it."""
    return modal("Erase a person", ids.FORGET, [section(words)], submit=None, close="Close")


def erased(done: Erased) -> str:
    """The answer to the command."""
    said = "Whoever has that number is erased: number, names and every word." if done.had else _NOTHING
    said += f" {_OUT if done.opted_out else _NOT_OUT}"
    if not done.had:
        return said
    files = "".join(f"\n• {_file(*file)}" for file in done.files)
    remain = f"\nThese files still have them; whoever has one should delete it, and any export:{files}" if files else ""
    return f"{said} {ELSEWHERE}{remain}"


_NOTHING = "Nothing is kept of that number."
_OUT = "Their opt-out stays, without the number, so that nobody texts them."
_NOT_OUT = "They had not opted out: a new file may bring them back. `/textbank optout` prevents that."


def _file(name: str, by: str, at: datetime) -> str:
    whose = f"<@{by}>" if by.startswith(("U", "W")) else by
    return f"“{escape(name)}” ({whose}, {at:%b} {at.day}, {at.year})"
