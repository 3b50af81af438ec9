"""A day in which every request of Slack's is forged, kept and brought again, and twisted in between."""

import copy
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from bot.views import ids
from sandbox.slack import Person
from sandbox.slack.delivery import FORM, JSON, Answer
from tests.examples import ASKED
from tests.hostile.day import SARA, TOM, busy
from tests.world import World, open_world

DAY = {
    SARA: ["Hello! At the library", "At the library", "At the library"],
    TOM: ["Hello again! At the library"],
}
"""The texts of an undisturbed day."""

NOT_AGAIN = [
    b"command=",
    *(name.encode() for name in (ids.THREAD_REPLY, ids.FASTER + "%22", ids.SAVED_REPLY, "inbox.")),
]
"""A command that is typed twice is two commands; a modal that is opened twice is in one's own way."""


@pytest.fixture
async def world(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with open_world(database_url) as world:
        world.slack.delivery.ack_timeout = 60  # many requests for each, on a machine that may be slow
        monkeypatch.setattr(world.slack, "settle", partial(world.slack.settle, 60))
        yield world


EVERYTHING = " UNION ALL ".join(
    (
        "SELECT 'text ' || id || state || body || volunteer_id FROM message",
        "SELECT 'with ' || contact_id || state || coalesce(volunteer_id, '') || coalesce(draft, '') FROM conversation",
        "SELECT 'for ' || id || name || state FROM campaign",
        "SELECT 'by ' || id || body FROM script",
        "SELECT 'from ' || id || body FROM inbound",
        "SELECT 'never ' || phone_hash || state FROM opt_out",
        "SELECT 'said ' || conversation_id || choice FROM answer",
    )
)
"""What a request may change of people and texts."""


async def everything(world: World) -> set[str]:
    return {row[0] for row in await world.query(EVERYTHING)}


def texted(world: World) -> dict[str, list[str]]:
    return {phone: world.carrier.texts_to(phone) for phone in DAY}


async def test_what_is_forged_stale_or_brought_again_changes_nothing_all_day(world: World) -> None:
    proper, changed, replayed = world.slack.delivery.send, [], []

    async def send(body: bytes, kind: str, headers: dict[str, str] | None = None) -> Answer:
        before = await everything(world)
        signature = world.slack.delivery.signature(body)
        old = world.slack.delivery.signature(body, str(int(time.time()) - 301))
        shifted = world.slack.delivery.signature(body + b"&user_id=U1")
        for forged in (old, shifted, {**signature, "X-Slack-Signature": "v0=" + "0" * 64}):
            assert (await proper(body, kind, forged)).status == 401
        if kind == FORM and await everything(world) != before:  # events come while others are at work
            changed.append(body)
        answer = await proper(body, kind, headers)
        if not any(name in body for name in NOT_AGAIN):
            before = await everything(world)
            assert (await proper(body, kind, headers)).status == 200
            if kind == FORM and await everything(world) != before:
                replayed.append(body)
        return answer

    world.slack.delivery.send = send  # type: ignore[method-assign]
    await busy(world)
    assert changed == []
    assert replayed == []
    assert texted(world) == DAY


# ------------------------------------------------------------------------------------------------------------ twisted

LONG = "x" * 70_000
WRONG: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        " ",
        "\0",
        "0",
        "-1",
        "²",
        "9" * 30,
        "9" * 5000,
        LONG,
        "U99999999",
        "<!channel>",
    ),
    *([], {}, [None], {"id": None}, [[]], {"value": {}}, "\ud800", "m1", "1:m1", "999:m1", "1:1", "{}", "[]", "null"),
]
READ = "id value type actions user view state values container event text ts thread_ts channel private_metadata blocks"
READ += " selected_option selected_options files command user_id trigger_id response_url callback_id hash channel_type"
READ += " previous_message message subtype tab name url_private size username"
GONE = object()
"""For a field that is not there at all."""


def paths(node: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload that is read by somebody."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        if isinstance(key, int) or key in READ.split() or "values" in before:
            yield (*before, key)
        yield from paths(value, (*before, key))


def twisted(payload: Any, dice: random.Random) -> Any:
    """The payload with one place wrong, or a few."""
    payload = copy.deepcopy(payload)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        *way, last = dice.choice(list(paths(payload)) or [("type",)])
        node = payload
        for key in way:
            node = node[key]
        wrong = dice.choice([GONE, *WRONG])
        if wrong is not GONE:
            node[last] = wrong
        elif isinstance(node, dict):
            del node[last]
        else:
            node.pop(last)
    return payload


def unpacked(body: bytes, kind: str) -> tuple[Any, Any]:
    """What is in a request, and how to make one of it again."""
    if kind == JSON:
        return json.loads(body), lambda payload: json.dumps(payload).encode()
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "payload" in form:
        return json.loads(form["payload"]), lambda payload: urlencode({"payload": json.dumps(payload)}).encode()
    return form, lambda form: urlencode({k: str(v).encode("utf-8", "replace") for k, v in form.items()}).encode()


@pytest.fixture
def clumsy(monkeypatch: pytest.MonkeyPatch) -> None:
    """People who go on when what they wanted to press is not there."""
    for name in ("presses", "chooses", "submits", "edits", "cancels", "writes"):
        monkeypatch.setattr(Person, name, _goes_on(getattr(Person, name)))


def _goes_on(act: Callable[..., Any]) -> Callable[..., Any]:
    async def acts(*args: Any, **more: Any) -> Any:
        try:
            return await act(*args, **more)
        except (AssertionError, AttributeError):
            return None

    return acts


@pytest.mark.usefixtures("clumsy")
async def test_a_request_with_anything_in_it_is_never_a_fault_of_ours_and_the_day_goes_on(world: World) -> None:
    proper, dice = world.slack.delivery.send, random.Random(0 if ASKED is None else None)
    tries = 1 if ASKED is None else max(int(ASKED) // 100, 1)

    async def send(body: bytes, kind: str, headers: dict[str, str] | None = None) -> Answer:
        payload, packed = unpacked(body, kind)
        for _ in range(tries):
            wrong = packed(twisted(payload, dice))
            before = await everything(world)
            answer = await proper(wrong, kind)
            assert answer.status in ((200, 400, 404, 413, 503) if kind == JSON else (200, 400, 404, 413)), wrong
            assert answer.status == 200 or kind == JSON or await everything(world) == before, wrong
        return await proper(body, kind, headers)

    world.slack.delivery.send = send  # type: ignore[method-assign]
    await busy(world)
    for phone, words in DAY.items():
        assert set(texted(world)[phone]) <= {*words, "Hi, it's Priya. Can we count on you, Sara?"}
    assert {row.volunteer_id for row in await world.query("SELECT volunteer_id FROM message")} <= {
        person.id for person in world.slack.people
    }
