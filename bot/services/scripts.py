"""Scripts: one pass over the text, and what a contact's data says is never read as script.

`{first_name}` is the contact's column, `{volunteer}` the sender's own name, `{first_name|friend}` gives a fallback.
There are no expressions, so a name such as "{volunteer}" or "{x.__class__}" in a file is only ever text.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import NamedTuple

from bot.errors import Refusal
from bot.services.segments import MAX_CHARACTERS

VOLUNTEER = "volunteer"


class Field(NamedTuple):
    name: str
    fallback: str | None


_BRACED = re.compile(r"\{([^{}\n]*)\}")
_NAME = re.compile(r"[^\W\d]\w*\Z")
_WORD_START = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile("['’ʼ]")

# What an empty value leaves behind: "Hi , it's", "Hi  it's", "( )" and a space that opens or ends a line.
_SPACES = " \t\xa0"
_BEFORE_COMMA = re.compile(rf"[{_SPACES}]+(?=[,.;:!?])")


def field_name(header: str) -> str:
    """The name by which a script calls a column: "Polling Place (2026)" is polling_place_2026.

    Letters with accents stay letters ("Prénom" is prénom), since the organizer types them as the file has them. A name
    that would start with a digit gets a leading "n" so that it can be written in a script; "" if nothing is left.
    """
    text = _APOSTROPHE.sub("", unicodedata.normalize("NFKC", header))
    words = _NOT_WORD.sub("_", _WORD_START.sub("_", text)).strip("_").lower()
    # lower() may bring combining marks (İ), which no script can name.
    words = "".join(c for c in unicodedata.normalize("NFC", words) if c == "_" or c.isalnum())
    return f"n{words}" if words[:1].isdigit() else words


def fields(body: str) -> list[Field]:
    """The fields that a script uses, in order, each once (with the first fallback that is given for it)."""
    found: dict[str, str | None] = {}
    for name, fallback in _parsed(body)[1]:
        if found.get(name) is None:
            found[name] = fallback
    return [Field(name, fallback) for name, fallback in found.items()]


def merge(body: str, values: Mapping[str, str | None]) -> str:
    """The text for one person. A missing or blank value gives the fallback, or nothing and no gap."""
    literals, places = _parsed(body)
    text = literals[0]
    for (name, fallback), literal in zip(places, literals[1:], strict=True):
        value = (values.get(name) or "").strip() or fallback or ""
        text = text + value + literal if value else _close_gap(text, literal)
    return text


def with_footer(body: str, footer: str | None) -> str:
    """The words with the campaign's footer below them, once, however they were edited."""
    return f"{without_footer(body, footer)}\n{footer}" if footer else body


def without_footer(body: str, footer: str | None) -> str:
    """What `with_footer` was given."""
    return body.strip().removesuffix(footer).rstrip() if footer else body


def check(body: str, *, field: str = "script", what: str = "The script") -> None:
    """Raises Refusal, in words for the organizer, for a script that could not be merged or sent.

    `what` has been written in `field`: there are other words than scripts that go to voters.
    """
    if not body.strip():
        raise Refusal(f"{what} is empty. Write the text that people will receive.", field=field)
    if len(body) > MAX_CHARACTERS:
        said = f"{what} has {len(body):,} characters; a text may have at most {MAX_CHARACTERS:,}."
        raise Refusal(said, field=field)
    for match in _BRACED.finditer(body):
        _check_name(match.group(1), field)
    if stray := re.search(r"[{}]", _BRACED.sub("", body)):
        said = f"There is a {stray.group()} without its partner. Write fields like {{first_name}}."
        raise Refusal(said, field=field)


def missing_fields(body: str, available: Collection[str]) -> list[str]:
    """Fields without a fallback that the file cannot fill. `available` are names as field_name() makes them.

    The volunteer's name is always there; a file with one column for the whole name fills first and last name too.
    """
    have = {*available, VOLUNTEER}
    if have & {"name", "full_name", "contact_name", "voter_name"}:
        have |= {"first_name", "last_name"}
    return [field.name for field in fields(body) if field.fallback is None and field.name not in have]


@lru_cache(maxsize=1024)
def _parsed(body: str) -> tuple[tuple[str, ...], tuple[Field, ...]]:
    """The literal stretches and the fields between them. What is not a well-formed field stays literal."""
    literals, places, end = [""], [], 0
    for match in _BRACED.finditer(body):
        name, bar, fallback = match.group(1).partition("|")
        literals[-1] += body[end : match.start()]
        if _NAME.match(name.strip()):
            places.append(Field(_fold(name), fallback.strip() if bar else None))
            literals.append("")
        else:
            literals[-1] += match.group()
        end = match.end()
    literals[-1] += body[end:]
    return tuple(literals), tuple(places)


def _fold(name: str) -> str:
    """{First_Name} and {first_name} are the same column: organizers type both."""
    return unicodedata.normalize("NFC", name.strip()).lower()


def _close_gap(before: str, after: str) -> str:
    """Join the text on both sides of an empty value as if the word had never been there."""
    if not before or before[-1] in _SPACES + "\n":
        if _BEFORE_COMMA.match(after) or after[:1] in (",", ".", ";", ":", "!", "?"):
            before = before.rstrip(_SPACES)
            after = after.lstrip(_SPACES)
            if not before or before[-1] == "\n":  # ", are you voting?" has nothing left to follow
                after = after.lstrip(",.;:" + _SPACES)
        elif after[:1] in tuple(_SPACES):
            after = after.lstrip(_SPACES)
        elif not after or after[0] == "\n":
            before = before.rstrip(_SPACES)
    return before + after


def _check_name(inside: str, field: str) -> None:
    name = inside.partition("|")[0].strip()
    if not name:
        raise Refusal("There is an empty {}. Write the name of a column in it, like {first_name}.", field=field)
    if not _NAME.match(name):
        suggestion = field_name(name) if re.fullmatch(r"[\w\s'’()-]+", name) else ""
        hint = f"Write {{{suggestion}}}." if suggestion else "Write the name of a column, like {first_name}."
        raise Refusal(f"{{{name}}} is not the name of a field. {hint}", field=field)
