"""What volunteers type in Slack, and what a voter's phone should show for it."""

import pytest

from bot.errors import Refusal
from handlers.slack_text import for_phone


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Hi Dana, it's Priya!", "Hi Dana, it's Priya!"),
        ("  two\nlines \n", "two\nlines"),
        ("Tom &amp; Jerry &lt;3", "Tom & Jerry <3"),
        ("&amp;lt; is an entity", "&lt; is an entity"),
        ("a <3 b, x > y & z", "a <3 b, x > y & z"),
        ("<https://example.org>", "https://example.org"),
        ("vote at <http://vote.org|vote.org>.", "vote at vote.org."),
        ("<https://vote.org/|https://vote.org>", "https://vote.org"),
        ("<https://vote.org/?a=1&amp;b=2>", "https://vote.org/?a=1&b=2"),
        ("<https://vote.org/?a=1&amp;b=2|vote.org/?a=1&amp;b=2>", "vote.org/?a=1&b=2"),
        ("see <https://vote.org/x|your polling place>", "see your polling place https://vote.org/x"),
        ("<mailto:hi@example.org|hi@example.org>", "hi@example.org"),
        ("<mailto:hi@example.org>", "hi@example.org"),
        ("call <tel:+13135550123|(313) 555-0123>", "call (313) 555-0123"),
        ("https://example.org/a:smile:b?x=1&amp;y=2", "https://example.org/a:smile:b?x=1&y=2"),
        ("Thanks :blush:", "Thanks 😊"),
        (":wave:", "👋"),
        (":wave::skin-tone-3:", "👋🏼"),
        (":+1::skin-tone-6: ok", "👍🏿 ok"),
        (":smile::tada:", "😄🎉"),
        ("yes:tada:", "yes🎉"),
        (":heart::skin-tone-2:", "❤️"),
        (":us: :flag-mx:", "🇺🇸 🇲🇽"),
        (":100:", "💯"),
        ("at 5:30:00", "at 5:30:00"),
        ("from 10:30:", "from 10:30:"),
        ("10:30:45 to 11:00:", "10:30:45 to 11:00:"),
        ("note:this:that", "note:this:that"),
        ("a :) b :-: c : d :", "a :) b :-: c : d :"),
        ("*bold* _it_ ~no~ `code` > quote", "*bold* _it_ ~no~ `code` > quote"),
        ("“curly” – it’s", "“curly” – it’s"),
        ("a\u200bb\ufeffc\u2060d\u00ade", "abcde"),
        ("a\u202etxt\u202c", "atxt"),
        ("a\x00b\x1b[31mc\x7f", "ab[31mc"),
        ("a\u00a0b\tc", "a b c"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("a\u200db", "ab"),
        ("👩\u200d🚀 ❤️", "👩\u200d🚀 ❤️"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        ),
        ("@here is text in a field", "@here is text in a field"),
        ("", ""),
        (" \u200b ", ""),
    ],
)
def test_a_phone_shows(typed: str, shown: str) -> None:
    assert for_phone(typed) == shown


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("ask <@U012AB3CD>", "mention of somebody"),
        ("ask <@U012AB3CD|sara>", "mention of somebody"),
        ("see <#C012AB3CD|general>", "channel"),
        ("<!here> hi", "@here"),
        ("<!subteam^S012|@leads>", "group"),
        ("great :partyparrot:", ":partyparrot: exists only in this Slack"),
        (":smile::party_parrot:", ":party_parrot:"),
    ],
)
def test_what_a_phone_cannot_show_is_refused_in_a_sentence(typed: str, words: str) -> None:
    with pytest.raises(Refusal) as refusal:
        for_phone(typed)
    assert words in str(refusal.value)
    assert refusal.value.field == "message"
