"""What can be done on the page: as one of the people in Slack, as a voter, or to the sandbox itself.

A person's acts go the way of her client in `sandbox.slack`, so that what Slack would refuse is refused here too.
AssertionError is its word for what she cannot do; the page shows that word.
"""

from collections.abc import Awaitable, Callable
from datetime import time
from typing import Any

from sandbox.page import weather
from sandbox.page.desk import Again, Desk
from sandbox.slack import Channel, File, Message, Person, Shown, clicks
from sandbox.slack.delivery import Answer
from sandbox.slack.drawn import LISTS, PRESSED, STATE, Drawn, elements, label_of, options_of
from sandbox.slack.nouns import Home, Modal

Json = dict[str, Any]
Act = Callable[[Desk, Person, Json], Awaitable[str | None]]
"""Does it, and returns what the person must be told, if anything."""
CHANGED = "This has just changed. Look again."
AWAY = "Slack is out: nothing reaches Textbank, and nothing comes from it."
FARTHEST = 14 * 86_400.0
_TROUBLE = {
    "http_timeout": "Slack shows a warning: Textbank did not answer within three seconds.",
    "http_error": "Slack shows a warning: Textbank answered with an error.",
    "connection_failed": "Slack shows a warning: Textbank could not be reached.",
}


async def perform(desk: Desk, given: Json) -> Json:
    """One act, as the page posts it."""
    act = str(given.get("act"))
    person = desk.member(given.get("as")).person
    try:
        if act in IN_SLACK:
            assert weather.of_slack(desk.slack) != "outage", AWAY
            told = await IN_SLACK[act](desk, person, given)
        elif act in BESIDE:
            told = await BESIDE[act](desk, person, given)
        else:
            told = f"There is no act {act!r}."
    except AssertionError as refusal:
        told = str(refusal)
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        told = f"This cannot be read: {wrong!r}."
    desk.wire.changed()
    return {"ok": False, "words": told} if told else {"ok": True}


# -- in Slack


async def press(desk: Desk, person: Person, given: Json) -> str | None:
    drawn = _where(desk, person, given)
    block, element = _element(drawn, given)
    assert element["type"] in PRESSED, f"{element['type']} is no button"
    _fill(person, drawn, given.get("state") or {})
    if element.get("url"):
        person.opened_links.append(element["url"])
    return _problem(await person.acts(drawn, clicks.button_action(block, element), label_of(element)))


async def choose(desk: Desk, person: Person, given: Json) -> str | None:
    """In a menu, a select, radio buttons, checkboxes, a picker of dates: Slack tells the app at once."""
    drawn = _where(desk, person, given)
    block, element = _element(drawn, given)
    _fill(person, drawn, given.get("state") or {})
    chosen: Any
    if element["type"] == "overflow":
        chosen = _option(element, given["value"])
    else:
        assert element["type"] in STATE, f"{element['type']} offers nothing to choose"
        chosen = _held(person, element, given["value"])
        drawn.put(person.id, block, element, chosen)
    if block["type"] == "input" and not block.get("dispatch_action"):
        return None
    told = clicks.typed_action if element["type"] == "plain_text_input" else clicks.choice_action
    return _problem(await person.acts(drawn, told(block, element, chosen), element["action_id"]))


async def type_(desk: Desk, person: Person, given: Json) -> str | None:
    """A message, or a command."""
    channel = _channel(desk, person, given)
    text = str(given.get("text") or "").rstrip()
    files = tuple(_file(person, id) for id in given.get("files") or ())
    assert text or files, "There is nothing to send."
    thread_ts = given.get("thread_ts")
    root = channel.by_ts.get(thread_ts) if thread_ts else None
    assert root is not None or not thread_ts, CHANGED
    if text.startswith("/") and root is None:
        await person.types(text, channel)
        return None
    if text.startswith("/"):
        await person.writes(text, root)
        return f"{text.split()[0]} is not supported in threads. Sorry!"
    desk.reads(person, channel)
    await person.writes(text, root or channel, files=files)
    return None


async def submit(desk: Desk, person: Person, given: Json) -> str | None:
    modal = _modal(person, given["modal"])
    assert modal is person.modal, "Another form lies on top of this one."
    _fill(person, modal, given.get("state") or {})
    modal.errors = {}
    if clicks.missing(person, modal):
        try:
            await person.submits()
        except AssertionError:
            return "Please complete the required fields."
    await person.submits()
    return modal.trouble


async def close(desk: Desk, person: Person, given: Json) -> str | None:
    assert _modal(person, given["modal"]) is person.modal, "Another form lies on top of this one."
    await person.cancels()
    return None


async def home(desk: Desk, person: Person, given: Json) -> str | None:
    await person.opens_home()
    return None


def _problem(answer: Answer) -> str | None:
    return _TROUBLE.get(answer.problem or "")


def _where(desk: Desk, person: Person, given: Json) -> Drawn:
    """What the control is on: her Home, an open modal, or a message that she sees."""
    if given.get("home"):
        found: Home | None = person.home
        assert found is not None, CHANGED
        return found
    if given.get("modal"):
        return _modal(person, given["modal"])
    channel, ts = _channel(desk, person, given), str(given["ts"])
    message: Message | Shown | None = channel.by_ts.get(ts)
    if message is None:
        message = next((one for one in person.ephemerals if one.ts == ts and one.channel is channel), None)
    assert message is not None, "This message is gone."
    return message


def _channel(desk: Desk, person: Person, given: Json) -> Channel:
    channel = desk.slack.workspace.channels.get(str(given.get("channel") or person.dm.id))
    if channel is None or person.id not in channel.member_ids:
        raise AssertionError("She is not in this channel.")
    return channel


def _modal(person: Person, id: str) -> Modal:
    found = next((one for one in person.world.modals.get(person.id, ()) if one.id == id), None)
    assert found is not None, "This form is closed."
    return found


def _element(drawn: Drawn, given: Json) -> tuple[Json, Json]:
    ids = given["block_id"], given["action_id"]
    found = (pair for pair in elements(drawn.blocks) if (pair[0]["block_id"], pair[1]["action_id"]) == ids)
    pair = next(found, None)
    assert pair is not None, CHANGED
    return pair


# -- fields


def _fill(person: Person, drawn: Drawn, state: Json) -> None:
    """Put into the fields what was typed there. One that holds what it was drawn with counts as untouched."""
    for block, element in elements(drawn.blocks):
        if element["type"] not in STATE or element["action_id"] not in state.get(block["block_id"], {}):
            continue
        given = state[block["block_id"]][element["action_id"]]
        field, initial = STATE[element["type"]]
        if isinstance(given, dict) and field in given:
            given = given[field]
        held = _held(person, element, given)
        drawn_with = element.get(initial) or ([] if element["type"] in LISTS else None)
        if held == drawn_with and not drawn.is_touched(person.id, block, element):
            continue
        if held != drawn.value(person.id, block, element):
            drawn.put(person.id, block, element, held)


def _held(person: Person, element: Json, given: Any) -> Any:
    """What the field holds for Slack once this is in it. AssertionError when her client would not let her."""
    kind = element["type"]
    if given in (None, "", []):
        return [] if kind in LISTS else None
    if kind == "file_input":
        files = [_file(person, one["id"] if isinstance(one, dict) else str(one)) for one in given]
        clicks.check_files(element, files)
        return [one.as_json() for one in files]
    if "options" in element or "option_groups" in element:
        return [_option(element, one) for one in given] if kind in LISTS else _option(element, given)
    return clicks.to_value(person, element, given)


def _option(element: Json, given: Any) -> Json:
    value = given.get("value") if isinstance(given, dict) else given
    found = next((one for one in options_of(element) if one.get("value") == value), None)
    assert found is not None, CHANGED
    return found


def _file(person: Person, id: str) -> File:
    found = person.world.files.get(id)
    if found is None or found.user != person.id:
        raise AssertionError("This file has not been uploaded.")
    return found


# -- beside Slack


async def read(desk: Desk, person: Person, given: Json) -> str | None:
    desk.reads(person, _channel(desk, person, given))
    return None


async def text(desk: Desk, person: Person, given: Json) -> str | None:
    """A voter's phone texts."""
    number, body = str(given["phone"]), str(given.get("body") or "")
    known = number in desk.carrier.phones or any(one.to == number for one in desk.carrier.texts)
    assert known, "Nobody here has this number."
    picture = given.get("picture")
    media = [(file.mimetype, file.content) for file in [_picture(desk, picture)]] if picture else []
    assert body or media, "There is nothing to send."
    [status] = await desk.carrier.phone(number).texts(body, media=media)
    if status == 0:
        return "The carrier has the text, but Textbank did not answer."
    return None if 200 <= status < 300 else f"The carrier has the text, but Textbank answered {status}."


def _picture(desk: Desk, id: str) -> File:
    found = desk.slack.workspace.files.get(id)
    if found is None or not found.mimetype.startswith("image/"):
        raise AssertionError("This is no picture.")
    return found


async def set_weather(desk: Desk, person: Person, given: Json) -> str | None:
    kind = str(given["kind"])
    assert kind in weather.KINDS, f"There is no weather {kind!r}."
    if given["service"] == "slack":
        weather.set_slack(desk.slack, kind)
    elif given["service"] == "carrier":
        weather.set_carrier(desk.carrier, kind)
    else:
        return "Weather is Slack's or the carrier's."
    return None


async def clock(desk: Desk, person: Person, given: Json) -> str | None:
    if given.get("to"):
        desk.clock.moves_to(time.fromisoformat(str(given["to"])))
        return None
    seconds = float(given["by"])
    assert 0 <= seconds <= FARTHEST, "The clock goes on, by two weeks at most; it does not go back."
    desk.clock.moves(seconds)
    return None


async def pace(desk: Desk, person: Person, given: Json) -> str | None:
    answering = desk.answering
    answers, per_minute = float(given.get("answers", answering.answers)), given.get("per_minute", answering.per_minute)
    assert 0 <= answers <= 1, "A share of voters is from 0 to 1."
    assert 0 < float(per_minute) <= 600, "Voters write up to 600 texts a minute."
    answering.answers, answering.per_minute = answers, float(per_minute)
    return None


async def fresh(desk: Desk, person: Person, given: Json) -> str | None:
    return _again(desk, "fresh")


async def play(desk: Desk, person: Person, given: Json) -> str | None:
    return _again(desk, "play")


def _again(desk: Desk, how: Again) -> str | None:
    if not desk.restarts:
        return "This sandbox plays one text bank, and ends. Start it with --page to begin anew."
    desk.begins_again(how)
    return None


IN_SLACK: dict[str, Act] = {
    "press": press,
    "choose": choose,
    "type": type_,
    "submit": submit,
    "close": close,
    "home": home,
}
BESIDE: dict[str, Act] = {
    "read": read,
    "text": text,
    "weather": set_weather,
    "clock": clock,
    "pace": pace,
    "fresh": fresh,
    "play": play,
}
