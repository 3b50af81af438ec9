"""What carriers filter, and what only sounds like it."""

import pytest

from bot.services.script_check import OPT_OUT_WORDS, advice


def said_of(words: str) -> list[str]:
    """The advice on a script that is well but for these words."""
    return advice(f"Hi {{first_name}}, it's {{volunteer}} with Michigan Votes. {words} {OPT_OUT_WORDS}")


@pytest.mark.parametrize(
    ("words", "filtered", "what"),
    [
        ("There will be vodka!", "vodka", "sex, alcohol, firearms and tobacco"),
        ("Keep firearms out of schools.", "firearms", "sex, alcohol, firearms and tobacco"),
        ("Legal Marijuana is on the ballot.", "Marijuana", "sex, alcohol, firearms and tobacco"),
        ("No new casino downtown!", "casino", "gambling and lending"),
        ("Act now, before it is too late.", "Act now", "what looks like fraud"),
    ],
)
def test_words_that_carriers_filter_are_named(words: str, filtered: str, what: str) -> None:
    why = f"“{filtered}” may get it blocked: carriers filter texts about {what}. Say it otherwise."
    assert said_of(words) == [why]


@pytest.mark.parametrize("words", ["Seaweed farms in Middlesex.", "GOTV with the NAACP!", "See t.co.uk/list"])
def test_what_only_sounds_like_it_is_left_alone(words: str) -> None:
    assert said_of(words) == []
