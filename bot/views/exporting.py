"""What is said of an export: that it is being written, how far it is, and what the files are."""

from datetime import datetime

from bot.views.blocks import Message, message
from bot.views.text import escape, moment

AUDIT_ASKED = "Writing the audit log: who did what when. It comes to your direct messages with Textbank."


def asked(name: str) -> str:
    """The answer to the command."""
    return (
        f"Writing the files of {escape(name)}: contacts with their answers, messages, conversations and opt-outs."
        " They come to your direct messages with Textbank."
    )


def progress(name: str, written: int, expected: int) -> Message:
    """How far it is."""
    return message(f":hourglass_flowing_sand: Writing the files of *{escape(name)}*: {written:,} of {expected:,}.")


def written(name: str, contacts: int) -> Message:
    """In the place of the progress, once the files are there."""
    return message(f":white_check_mark: The files of *{escape(name)}* are written: {_people(contacts)}.")


def files(name: str, contacts: int, began: datetime) -> str:
    """The words that come with the files."""
    return (
        f":outbox_tray: *{escape(name)}*: {_people(contacts)}, as of {moment(began)}."
        " These files hold people's names, numbers and words: share them with care."
    )


def audit_log(rows: int, at: datetime) -> str:
    """The words that come with the log."""
    return (
        f":scroll: The audit log as of {moment(at)}: {rows:,} rows, and its seals. "
        "Kept away from Textbank, it shows what was changed in the database later."
    )


def not_exported(why: str) -> Message:
    """In place of the files."""
    return message(f":warning: {escape(why)}")


def too_much(name: str, why: str) -> str:
    """Where to get the files when Slack will not have them."""
    return f"Slack would not take the files of {name} ({why}). {_otherwise(name)}"


def given_up(name: str, tries: int) -> str:
    """After so many times there is no hope."""
    return f"Writing the files of {name} broke off {tries} times; the log of Textbank says why. {_otherwise(name)}"


def _otherwise(name: str) -> str:
    return f'Whoever runs Textbank can write them where it runs: `python -m bot export "{name}" FOLDER`'


def _people(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"
