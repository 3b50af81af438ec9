"""What a text costs: the boundaries at which one more character is one more segment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smsutil import split

from bot.services.segments import Segments, count


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0, None)),
        ("a" * 160, Segments("GSM-7", 160, 1, None)),
        ("a" * 161, Segments("GSM-7", 161, 2, None)),
        ("a" * 306, Segments("GSM-7", 306, 2, None)),
        ("a" * 307, Segments("GSM-7", 307, 3, None)),
        ("’" * 70, Segments("UCS-2", 70, 1, "’")),
        ("’" * 71, Segments("UCS-2", 71, 2, "’")),
        ("’" * 134, Segments("UCS-2", 134, 2, "’")),
        ("’" * 135, Segments("UCS-2", 135, 3, "’")),
    ],
)
def test_each_boundary(text: str, expected: Segments) -> None:
    assert count(text) == expected


def test_one_curly_quote_turns_one_segment_into_three() -> None:
    straight = "I'm Priya with Maria for Mayor. " + "a" * 120
    assert count(straight).segments == 1

    curly = straight.replace("'", "’")

    assert count(curly) == Segments("UCS-2", 152, 3, "’")


def test_the_first_expensive_character_is_named() -> None:
    assert count("Café — see you 😀").culprit == "—"  # é is in the GSM alphabet


def test_extension_characters_count_two() -> None:
    assert count("€" * 80) == Segments("GSM-7", 160, 1, None)
    assert count("€" * 81).segments == 2


def test_a_pair_is_never_cut_at_the_end_of_a_segment() -> None:
    # 306 units would fit two segments of 153, but the euro sign would straddle them.
    assert count("a" * 152 + "€" + "a" * 152) == Segments("GSM-7", 306, 3, None)
    assert count("a" * 153 + "€" + "a" * 151).segments == 2
    assert count("’" * 66 + "😀" + "’" * 66).segments == 3


def test_emoji_count_in_utf16_units() -> None:
    assert count("😀" * 35) == Segments("UCS-2", 70, 1, "😀")
    assert count("👩‍🚀").characters == 5


def test_a_lone_escape_is_not_in_the_alphabet() -> None:
    assert count("\x1b").encoding == "UCS-2"


@given(st.text(alphabet="ab €[]é’😀\n", min_size=1, max_size=400))
def test_the_same_answer_as_the_library(text: str) -> None:
    theirs = split(text)
    ours = count(text)
    assert ours.segments == len(theirs.parts)
    assert (ours.encoding == "GSM-7") == (theirs.encoding == "gsm0338")
