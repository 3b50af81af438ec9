"""What a person's client sends when she uses a control: the payloads of interactivity, and what she may put where."""

from typing import TYPE_CHECKING, Any

from sandbox.slack.drawn import LISTS, STATE, Drawn, Json, options_of, says
from sandbox.slack.nouns import Channel, File, Message, Modal, Shown, View
from sandbox.slack.views_api import shown
from sandbox.slack.workspace import APP, TEAM, ResponseUrl

if TYPE_CHECKING:
    from sandbox.slack.people import Person

TEAM_JSON = {"id": TEAM, "domain": "sandbox"}
CHANNEL_NAME = {"im": "directmessage", "private": "privategroup"}
EMPTY: tuple[Any, ...] = (None, "", [])


def envelope(person: "Person", kind: str, view: Modal | None = None) -> Json:
    """What every interactive payload begins with."""
    names = {"username": person.user.name, "name": person.user.name, "team_id": TEAM}
    return {
        **{"type": kind, "team": TEAM_JSON, "user": {"id": person.id, **names}, "api_app_id": APP, "token": "sandbox"},
        **{"enterprise": None, "is_enterprise_install": False},
        "trigger_id": person.world.trigger(person.id, view),
    }


def block_actions(person: "Person", drawn: Drawn, action: Json) -> Json:
    """A click, with the state of every input around it."""
    modal = drawn if isinstance(drawn, Modal) else None
    payload = envelope(person, "block_actions", modal)
    if isinstance(drawn, View):
        payload |= {"container": {"type": "view", "view_id": drawn.id}, "view": shown(drawn)}
    elif isinstance(drawn, Message | Shown):
        payload |= _place(person, drawn)
        payload["state"] = {"values": drawn.state(person.id)}
    drawn.sent(person.id)
    stamp = person.world.stamp()
    return {**payload, "actions": [{**action, "action_ts": stamp}]}


def _place(person: "Person", drawn: Message | Shown) -> Json:
    """Where the clicked message stands. An ephemeral one is not sent along, as nobody can read it back."""
    channel, ephemeral = drawn.channel, isinstance(drawn, Shown)
    container = {"type": "message", "message_ts": drawn.ts, "channel_id": channel.id, "is_ephemeral": ephemeral}
    if drawn.thread_ts:
        container["thread_ts"] = drawn.thread_ts
    url = ResponseUrl("actions", channel, person.id, person.world.clock(), drawn)
    placed: Json = {
        "container": container,
        "channel": {"id": channel.id, "name": CHANNEL_NAME.get(channel.kind, channel.name)},
        "response_url": person.world.response_url(person.slack.url, url),
    }
    if isinstance(drawn, Message):
        placed["message"] = drawn.as_json()
    return placed


def button_action(block: Json, element: Json) -> Json:
    kept: Json = {name: element[name] for name in ("value", "url", "style", "confirm") if name in element}
    return {"type": element["type"], **_names(block, element), "text": element.get("text"), **kept}


def choice_action(block: Json, element: Json, chosen: Any) -> Json:
    field = "selected_option" if element["type"] == "overflow" else STATE[element["type"]][0]
    kept = {"placeholder": element["placeholder"]} if "placeholder" in element else {}
    return {"type": element["type"], **_names(block, element), field: chosen, **kept}


def typed_action(block: Json, element: Json, words: str | None) -> Json:
    return {"type": element["type"], **_names(block, element), "value": words}


def _names(block: Json, element: Json) -> Json:
    return {"action_id": element["action_id"], "block_id": block["block_id"]}


def submission(person: "Person", modal: Modal) -> Json:
    """view_submission, with a response_url for each place chosen in an input that asked for one."""
    urls = []
    for _, block, element in modal.asked():
        chosen = modal.value(person.id, block, element) if element.get("response_url_enabled") else None
        if chosen:
            channel = person.world.channels.get(chosen) or person.world.dm(person.id)
            url = ResponseUrl("commands", channel, person.id, person.world.clock())
            address = person.world.response_url(person.slack.url, url)
            urls.append({**_names(block, element), "channel_id": channel.id, "response_url": address})
    return {**envelope(person, "view_submission", modal), "view": shown(modal), "response_urls": urls}


def to_value(person: "Person", element: Json, given: Any) -> Any:
    """What an input holds once a person has put `given` there; AssertionError when her client would not let her."""
    kind = element["type"]
    if given is None:
        return [] if kind in LISTS else None
    if kind == "file_input":
        return _files(person, element, given if isinstance(given, list) else [given])
    if kind in LISTS:
        several = given if isinstance(given, list | tuple | set) else [given]
        return [_one(element, each) for each in several]
    return _one(element, given)


def _one(element: Json, given: Any) -> Any:
    if "options" in element or "option_groups" in element:
        found = [option for option in options_of(element) if says(option["text"]["text"], str(given))]
        labels = [option["text"]["text"] for option in options_of(element)]
        assert found, f"there is no option {given!r}; there are {labels}"
        return found[0]
    if isinstance(given, Channel) or hasattr(given, "mention"):
        return given.id
    if element["type"] == "datetimepicker":
        return int(given)
    words = str(given)
    most, least = element.get("max_length", 3000), element.get("min_length", 0)
    assert least <= len(words) <= most, f"the field takes {least} to {most} characters, not {len(words)}"
    if element["type"] == "plain_text_input" and not element.get("multiline"):
        assert "\n" not in words, "a field of one line takes no line break"
    return words or None


def _files(person: "Person", element: Json, given: list[File]) -> list[Json]:
    check_files(element, given)
    return [person.world.keep(one, person.id, person.slack.url).as_json() for one in given]


def check_files(element: Json, given: list[File]) -> None:
    """AssertionError when the field would not take these."""
    most, types = element.get("max_files", 10), element.get("filetypes")
    assert len(given) <= most, f"the field takes {most} files, not {len(given)}"
    for one in given:
        kind = one.name.rpartition(".")[2].lower()
        assert not types or kind in types, f"the field takes {types}, not {one.name!r}"


def missing(person: "Person", modal: Modal) -> list[str]:
    """The labels of required inputs that stand empty."""
    return [
        label
        for label, block, element in modal.asked()
        if not block.get("optional") and modal.value(person.id, block, element) in EMPTY
    ]
