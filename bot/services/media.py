"""What goes along with a text beside words: pictures, and what is none.

What a file is, its own bytes say: a name or a header may say anything.
"""

from collections.abc import Iterable, Mapping

LARGEST = 5_000_000
"""Bytes; the carrier takes no more with one text."""
ADVISED = 600_000
"""Bytes; larger ones reach some phones late, made smaller, or not at all."""

_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif"}
"""The kinds that every carrier and Slack can show, each with how its file's name ends."""

_NAMES = {"video": "a video", "audio": "a recording"}
_CONTACT_CARDS = {"text/vcard", "text/x-vcard", "text/directory", "application/vcard"}


def kind_of(content: bytes) -> str | None:
    """What these bytes are, as a content type; None for what is no picture that can be shown."""
    return next((kind for beginning, kind in _BEGINNINGS.items() if content.startswith(beginning)), None)


def pictures(received: Iterable[Mapping[str, str]] | None) -> list[str]:
    """The addresses of the pictures among what came with a voter's text."""
    return [one["url"] for one in received or () if _family(one) == "image"]


def others(received: Iterable[Mapping[str, str]] | None) -> tuple[str, ...]:
    """What else came with it, in words."""
    return tuple(_named(one) for one in received or () if _family(one) != "image")


def _family(one: Mapping[str, str]) -> str:
    return one["type"].partition("/")[0].strip().lower()


def _named(one: Mapping[str, str]) -> str:
    if one["type"].partition(";")[0].strip().lower() in _CONTACT_CARDS:
        return "a contact card"
    return _NAMES.get(_family(one), "a file")
