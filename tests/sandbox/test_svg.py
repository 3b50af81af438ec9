"""The guides' pictures: every block drawn, nothing of a voter's taken for markup, and no guide without its picture."""

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

from sandbox.svg import blocks_picture
from tests.pictures import draw

ROOT = Path(__file__).resolve().parents[2]


def words_of(drawn: str) -> str:
    return " ".join(
        "".join(text.itertext()) for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    )


def test_every_kind_of_block_is_drawn() -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Send"}, "style": "primary"}
    more = {"type": "overflow", "options": []}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "The day"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*Ann* & _co_ said `hi` to <@U1>"}, "accessory": more},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "Sent 3"}]},
        {"type": "divider"},
        {"type": "input", "label": {"text": "Message"}, "element": {"initial_value": "Hi Ann, " + "long " * 40}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "4 of 10"}]},
        {"type": "actions", "elements": [button]},
    ]
    words = words_of(blocks_picture(blocks, {"U1": "Priya"}))
    for shown in ("The day", "Ann", "hi", "@Priya", "Sent 3", "Message", "long", "4 of 10", "Send", "⋯"):
        assert shown in words


def test_what_a_voter_wrote_is_words() -> None:
    typed = {"type": "section", "text": {"type": "mrkdwn", "text": "&lt;script&gt;alert(1)&lt;/script&gt; ]]&gt;"}}
    assert "<script>alert(1)</script>" in words_of(blocks_picture([typed], {}))


async def test_the_guides_show_what_the_product_shows(migrated_sqlite: Path, tmp_path: Path, engines: None) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "textbank.db")
    for name, drawn in (await draw(f"sqlite:///{tmp_path}/textbank.db")).items():
        committed = (ROOT / "docs/pictures" / f"{name}.svg").read_text(encoding="utf-8")
        assert words_of(drawn) == words_of(committed), f"{name}: `make pictures` draws it anew"
        assert drawn == committed, f"{name}: `make pictures` draws it anew"


def test_every_picture_that_a_guide_shows_is_there() -> None:
    for guide in (ROOT / "docs").rglob("*.md"):
        for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", guide.read_text(encoding="utf-8")):
            ElementTree.parse(guide.parent / picture)
