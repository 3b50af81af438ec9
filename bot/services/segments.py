"""Segments: what a text costs. One character outside the GSM alphabet more than doubles the price of a long text.

Carriers bill, and pace, by segments, not by texts. Count after merging, since a name can hold the expensive character.
`smsutil` knows the alphabet but compiles its pattern on every call and takes a lone escape and an empty text wrongly,
so only its table is used.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from smsutil.codecs import GSM_BASIC_CHARSET, GSM_EXT_CHARSET

MAX_CHARACTERS = 1600  # the carrier refuses more (error 21617)

MMS = 3
"""What a text with a picture counts, whatever its length: it costs, and takes of the carrier's pace, about as much."""

Encoding = Literal["GSM-7", "UCS-2"]


class Segments(NamedTuple):
    """`characters` is in the encoding's own units; `culprit` is the first character that forced UCS-2."""

    encoding: Encoding
    characters: int
    segments: int
    culprit: str | None


# The escape is in the table as the prefix of the extension characters; by itself it is no character.
_BASIC = GSM_BASIC_CHARSET.replace("\x1b", "")
_FOREIGN = re.compile(f"[^{re.escape(_BASIC + GSM_EXT_CHARSET)}]")
_EXTENSION = re.compile(f"[{re.escape(GSM_EXT_CHARSET)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def count(text: str) -> Segments:
    """How many segments `text` takes; an empty text takes none."""
    foreign = _FOREIGN.search(text)
    if foreign is None:
        return _measure(text, "GSM-7", _EXTENSION, single=160, part=153, culprit=None)
    return _measure(text, "UCS-2", _ASTRAL, single=70, part=67, culprit=foreign.group())


def cost(text: str, media: Sequence[str] | None) -> int:
    """What a text counts, in segments."""
    return MMS if media else count(text).segments


def _measure(
    text: str, encoding: Encoding, double: re.Pattern[str], *, single: int, part: int, culprit: str | None
) -> Segments:
    doubles = [match.start() for match in double.finditer(text)]
    characters = len(text) + len(doubles)
    if characters <= single:
        segments = 1 if text else 0
    elif not doubles:
        segments = -(-characters // part)
    else:
        segments = _pack(len(text), doubles, part)
    return Segments(encoding, characters, segments, culprit)


def _pack(length: int, doubles: list[int], part: int) -> int:
    """Segments when some characters take two units: such a pair is never cut, so a segment may end one unit short."""
    wide = set(doubles)
    segments, used = 1, 0
    for position in range(length):
        size = 2 if position in wide else 1
        if used + size > part:
            segments, used = segments + 1, 0
        used += size
    return segments
