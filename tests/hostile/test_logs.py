"""Neither logs nor error pages hold a phone number, a text's words, a voter's name or a secret, whatever goes wrong."""

import io
import logging
import re
from collections.abc import Iterator

import aiohttp
import pytest
import structlog
from sqlalchemy import text

from bot import __main__ as program
from sandbox.slack.delivery import FORM, JSON
from tests.hostile.day import SARA, TOM, Words, busy, listen
from tests.world import SECRET, World

THEIRS = Words(
    first="Zipporah",
    last="Quillfeather",
    city="Detroit",
    note="likes capybaras",
    reply="Which aardvark is that?",
    saved="Bring the periwinkle.",
    typed="The ocelot will see you",
)
PRIVATE = re.compile(
    r"555\D{0,3}(?:01\d\d|7788)|Zipporah|Quillfeather|capybara|aardvark|periwinkle|ocelot|Can we count", re.IGNORECASE
)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that a process would write: its own lines as in production, and what libraries say beside them."""
    said = io.StringIO()
    monkeypatch.setattr("sys.stderr", said)
    monkeypatch.setattr("sys.stdout", said)
    program._log_as_lines()
    handler, root = logging.StreamHandler(said), logging.getLogger()
    handler.setLevel(logging.WARNING)  # as the handler of last resort, which production has
    root.addHandler(handler)
    yield said
    root.removeHandler(handler)
    structlog.reset_defaults()


def secrets(world: World) -> list[str]:
    """What must be in no log."""
    chosen = world.kit.settings
    return [
        *(SECRET, str(chosen.slack_signing_secret), chosen.slack_bot_token, chosen.twilio_auth_token),
        world.kit.sms.status_address(1).partition("k=")[2],
    ]


async def test_a_busy_day_with_trouble_leaves_nothing_private_in_the_logs(world: World, logged: io.StringIO) -> None:
    seen = listen(world)
    for method in ("chat.postMessage", "files.completeUploadExternal", "views.publish", "users.info"):
        world.slack.respond_next(method, error="internal_error")
        world.slack.respond_next(method, status=500)
    world.carrier.fail_next("nonsense")
    priya = await busy(world, THEIRS)
    pages = [answer.body.decode(errors="replace") for answer in seen.answers if answer.status >= 300]
    assert world.carrier.texts_to(SARA), "the day did not come to a text"

    await world.organizer.types(f"/textbank role @{priya.first_name.lower()} volunteer")
    await _broken(world, "message", lambda: priya.types("/textbank status"))
    pages += await _broken(world, "inbound", lambda: _texts(world, f"{THEIRS.reply} now"))
    pages += await _broken(world, "person", lambda: _texts(world, f"{THEIRS.reply} later"))
    await _violations(world)
    pages += await _garbage(world)

    lines = logged.getvalue()
    for expected in (
        "a handler failed",
        "in a form that Slack does not use",
        "UndefinedTable|no such table",
        "500|502",
    ):
        assert re.search(expected, lines), f"this trouble was not logged: {expected}"
    for name, what in (("log", lines), *(("page", page) for page in pages)):
        found = PRIVATE.search(what)
        assert found is None, f"{name}: {what[max(found.start() - 600, 0) : found.end() + 200]}"
        assert [secret for secret in secrets(world) if secret in what] == []


async def _texts(world: World, words: str) -> list[str]:
    """A voter's text while the database is broken: what the carrier is shown."""
    params = {"MessageSid": f"SM{len(words)}", "From": SARA, "To": "+15005550006", "Body": words, "NumMedia": "0"}
    url = world.carrier.inbound_url
    headers = {"X-Twilio-Signature": world.kit.sms._validator.compute_signature(url, params)}
    async with aiohttp.ClientSession() as http, http.post(url, data=params, headers=headers) as answer:
        assert answer.status == 500
        return [await answer.text()]


async def _broken(world: World, table: str, act) -> list[str]:  # type: ignore[no-untyped-def]
    """Do something while this table is away."""
    await _run(world, f"ALTER TABLE {table} RENAME TO {table}_away")
    try:
        return await act() or []
    finally:
        await _run(world, f"ALTER TABLE {table}_away RENAME TO {table}")


async def _run(world: World, statement: str, **private: str) -> None:
    asked = {name: value for name, value in private.items() if f":{name}" in statement}
    async with world.kit.database.transaction() as session:
        await session.execute(text(statement), asked)


async def _violations(world: World) -> None:
    """Errors of which a database tells the row: what is unique, what may not be empty, what can't be read."""
    private = {"phone": TOM, "words": THEIRS.reply}
    statements = (
        "INSERT INTO person (phone, phone_hash) VALUES (:phone, 'a'), (:words, 'b')",
        "INSERT INTO inbound (carrier_sid, from_number, body) VALUES ('x', :phone, :words)",
        "UPDATE message SET state = NULL, body = :words, sender = :phone",
    )
    for statement in statements:
        world.kit.later(_run(world, statement, **private))
        world.kit.later(_run(world, statement, **private))
        await world.kit.drain()


async def _garbage(world: World) -> list[str]:
    """Signed requests that cannot be read, with private words in them."""
    bodies = [
        (f'{{"type": "event_callback", "event": ["{THEIRS.reply} {SARA}"]}}'.encode(), JSON),
        (f"payload=%5B%22{THEIRS.typed} {SARA}%22%5D".encode(), FORM),
        (f'{{"type": "{THEIRS.typed} {SARA}"'.encode(), JSON),
    ]
    return [(await world.slack.delivery.send(body, kind)).body.decode(errors="replace") for body, kind in bodies]
