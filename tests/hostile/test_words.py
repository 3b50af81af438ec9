"""Other people's words are shown as words: nobody is pinged, nothing is a link, nothing is carried out."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.hostile.day import Words, busy, listen
from tests.world import World

CHANNEL, LINK = "<!channel>", "<https://evil.example/x|your bank>"
EVIL = Words(
    volunteer="Priya <!here>Shah",
    first="*Sara* & `",
    last=f"{LINK}",
    city=f"{CHANNEL} @channel",
    note=f"{CHANNEL} {LINK} ```",
    reply=f"{CHANNEL} @everyone <@U1> {LINK} ``` *bold* {{x.__class__}} &lt;!channel&gt;",
    saved=f"{CHANNEL} @here {LINK}",
    question=f"{CHANNEL} @here {LINK} ok",
    file=f"{CHANNEL} {LINK}.csv".replace("/", "-"),
    typed="At the library {x.__class__} ``` * <3",
)
PINGS = re.compile(
    r"<!(?!date\^)|(?<![\w.])@(?:channel|here|everyone|group)\b|<https?://evil|<https?:--evil|<@U1>", re.IGNORECASE
)


def formatted(node: Any, key: str = "") -> Iterator[str]:
    """Every string in a payload that Slack reads as mrkdwn."""
    if isinstance(node, list):
        for each in node:
            yield from formatted(each, key)
    elif isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        elif node.get("type") != "plain_text":
            for name, each in node.items():
                yield from formatted(each, name)
    elif isinstance(node, str):
        if key in ("blocks", "view", "attachments") and node[:1] in "[{":
            yield from formatted(json.loads(node), key)
        elif key in ("text", "comment", "initial_comment", "fallback"):
            yield node


async def test_nobody_is_pinged_and_nothing_is_a_link_whoever_wrote_it(world: World) -> None:
    seen = listen(world)
    await busy(world, EVIL)
    said = [
        words
        for payload in [*(call.payload for call in world.slack.calls), *(answer.json() for answer in seen.answers)]
        for words in formatted(payload)
    ]
    assert [words for words in said if PINGS.search(words)] == []
    everything = "\n".join(said)
    for shown in ("&lt;!channel&gt;", "&lt;https://evil.example/x|your bank&gt;", "*Sara* &amp; `", "```"):
        assert shown in everything, f"the day did not come to {shown!r}"
    assert [call.response for call in world.slack.calls if call.response.get("error") == "invalid_blocks"] == []
    assert {call.payload.get("unfurl_links") for call in world.slack.calls if call.method == "chat.postMessage"} == {
        False
    }
    assert [person.warnings for person in world.slack.people if person.warnings] == []
