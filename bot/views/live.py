"""What `doctor --live` shows in an admin's direct message, until it deletes it again."""

from bot.views import ids
from bot.views.blocks import Message, actions, button, context, field, message, section

TITLE = "Textbank measures"
UNTOUCHED, EMOJI, CLEARED, REDRAWN = range(1, 5)
LAST = REDRAWN
DRAFT = "Hi, this is what the draft says"
OTHER_DRAFT = "This is another draft, drawn while you typed"

TO_DO = {
    UNTOUCHED: "Press *Done*, and leave the field as it is.",
    EMOJI: "Put an emoji into the field by Slack's own picker, and press *Done*.",
    CLEARED: "Empty the field, and press *Done*.",
    REDRAWN: "Type some words over what is in the field, and *wait* until this line changes.",
}
NOW_PRESS = "Now press *Done*, whatever the field shows."


def probe(number: int) -> Message:
    """One of several, by which Slack's pace is measured."""
    return message(f"{TITLE}: message {number}. All of these are deleted in a few minutes.")


def edited(number: int) -> Message:
    """The same, edited so many times."""
    return message(f"{TITLE}: edit {number}.")


def card(step: int, *, draft: str = DRAFT, to_do: str | None = None) -> Message:
    """A field and a button; each step has ids of its own, and the same step drawn anew has the same."""
    words = to_do or TO_DO[step]
    name = f"live.{step}"
    return message(
        f"{TITLE}: {words}",
        section(words),
        field("Message", name, initial=draft, block_id=name),
        actions(button("Done", ids.LIVE_DONE, str(step), style="primary")),
        context(f"{step} of {LAST}"),
    )


def typed(values: dict[str, dict[str, dict[str, str | None]]], step: int) -> str | None:
    """What the field of this step held, as its press says it."""
    name = f"live.{step}"
    return values.get(name, {}).get(name, {}).get("value")


def pressed() -> Message:
    """In place of the card, once there is nothing more to press."""
    return message(f"{TITLE}: thank you. This goes on by itself now.")


def in_thread() -> Message:
    """In a thread in which nobody has typed."""
    words = "Did Slack tell you of this message by itself: a sound, a badge, a name in bold?"
    told = button("Slack told me", ids.LIVE_TOLD, "told")
    return message(words, section(words), actions(told, button("I had to look", ids.LIVE_NOT_TOLD, "not")))


def text(mark: str) -> str:
    """What the admin's phone gets; the mark is a word that no other text has."""
    return f"Textbank's doctor measures how long a text takes. Nothing to answer. ({mark})"
