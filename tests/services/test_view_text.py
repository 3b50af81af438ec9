"""What a voter writes or a file says is shown as text, whatever it tries to be."""

import pytest

from bot.views.text import clip, escape, plain
from handlers.slack_text import for_phone


@pytest.mark.parametrize(
    ("written", "mrkdwn"),
    [
        ("Tom & Jerry <3", "Tom &amp; Jerry &lt;3"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U012AB3CD>", "&lt;@U012AB3CD&gt;"),
        ("<https://evil.example|your bank>", "&lt;https://evil.example|your bank&gt;"),
        ("&lt;!here&gt;", "&amp;lt;!here&amp;gt;"),
        ("dana@example.org", "dana@example.org"),
        ("*I* _love_ `it`", "*I* _love_ `it`"),
        ("a\x00b\u202ec", "abc"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_escaped_for_mrkdwn(written: str, mrkdwn: str) -> None:
    assert escape(written) == mrkdwn


@pytest.mark.parametrize("ping", ["@channel", "@here", "@Everyone", "(@group)"])
def test_nobody_is_pinged(ping: str) -> None:
    assert ping not in escape(ping)
    assert for_phone(escape(ping)) == ping  # pasted back into a text, it is what the voter wrote


def test_plain_text_is_one_clean_line() -> None:
    assert plain(" Tom &\n Jerry\t<3 \x07") == "Tom & Jerry <3"


def test_clipped_to_what_slack_takes() -> None:
    assert clip("Priya", 5) == "Priya"
    assert clip("Priya Shah", 6) == "Priya…"
    assert clip("abc", 1) == "…"
    for limit in range(1, 20):
        assert len(clip("a" * 40, limit)) == limit


def test_an_entity_is_not_cut_in_two() -> None:
    text = escape("R&D & so on")
    for limit in range(2, len(text)):
        clipped = clip(text, limit)
        assert len(clipped) <= limit
        assert "&" not in clipped.replace("&amp;", "")
