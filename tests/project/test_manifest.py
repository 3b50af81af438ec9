"""manifest.yml is one that Slack takes, and grants what the code uses: no less, and no scope more."""

import ast
import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.project import source

SCHEMA = json.loads((source.ROOT / "tests/project/manifest.schema.json").read_text())

# What each thing needs, from Slack's reference of methods and events. A method reads channels of the kinds that the
# manifest's comments name: public and private ones for who is in them, these and direct messages for their history.
CHANNELS = {"channels:read", "groups:read"}
SCOPES_OF_METHODS: dict[str, set[str]] = {
    "api_test": set(),
    "apps_connections_open": set(),  # the app-level token's own
    "auth_test": set(),
    "bots_info": {"users:read"},
    "chat_delete": {"chat:write"},
    "chat_getPermalink": set(),
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "files_delete": {"files:write"},
    "conversations_history": {"im:history", "channels:history", "groups:history"},
    "conversations_info": CHANNELS,
    "conversations_list": CHANNELS,
    "conversations_members": CHANNELS,
    "conversations_open": {"im:write"},
    "conversations_replies": {"im:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "files_info": {"files:read"},
    "files_upload_v2": {"files:write"},
    "usergroups_list": {"usergroups:read"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read"},
    "users_list": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}
# An event as the code names it -> the subscription, and its scope. Slack sends app_rate_limited unasked.
EVENTS: dict[str, tuple[str | None, set[str]]] = {
    "message": ("message.im", {"im:history"}),
    "app_home_opened": ("app_home_opened", set()),
    "app_rate_limited": (None, set()),
    "app_uninstalled": ("app_uninstalled", set()),
    "tokens_revoked": ("tokens_revoked", set()),
    "team_join": ("team_join", {"users:read"}),
    "user_change": ("user_change", {"users:read"}),
    "subteam_members_changed": ("subteam_members_changed", {"usergroups:read"}),
}
DOWNLOAD = ("url_private", "url_private_download")


def methods_used() -> dict[str, str]:
    """Web API methods in the code, by the client's name for them, each with a place: calls, and names as text."""
    known = {method for method in dir(AsyncWebClient) if "_" in method.strip("_") and method != "api_call"}
    used = {}
    for path, node in source.nodes(ast.Attribute, *source.PROGRAM):
        if node.attr in known and node.attr != "api_call":
            used[node.attr] = f"{source.name(path)}:{node.lineno}"
    for path, node in source.nodes(ast.Constant, *source.PROGRAM):
        if isinstance(node.value, str) and "." in node.value and node.value.replace(".", "_") in known:
            used[node.value.replace(".", "_")] = f"{source.name(path)}:{node.lineno}"
    return used


def registered(kind: str) -> list[tuple[Path, ast.Call]]:
    """Every `app.<kind>(…)` in the code, such as `app.event("message")`."""
    return [
        (path, call)
        for path, call in source.nodes(ast.Call, *source.PROGRAM)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == kind
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "app"
    ]


def names_given_to(kind: str) -> set[str]:
    """What is registered by name: events, commands."""
    names = [source.value(path, call.args[0]) for path, call in registered(kind)]
    return {name["type"] if isinstance(name, dict) else name for name in names}


def events_used() -> set[str]:
    """Events that the code listens to."""
    return names_given_to("event") | ({"message"} if registered("message") else set())


def downloads_files() -> bool:
    """Whether the code fetches a file that somebody handed over."""
    texts = (node.value for _, node in source.nodes(ast.Constant, *source.PROGRAM))
    attributes = (node.attr for _, node in source.nodes(ast.Attribute, *source.PROGRAM))
    return any(text in DOWNLOAD for text in texts) or any(attribute in DOWNLOAD for attribute in attributes)


def granted() -> set[str]:
    """The manifest's scopes."""
    return set(source.manifest()["oauth_config"]["scopes"]["bot"])


def test_slack_takes_it() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(source.manifest(), SCHEMA)


def broken(path: str, value: Any) -> dict[str, Any]:
    """The manifest with one thing wrong."""
    manifest: Any = copy.deepcopy(source.manifest())
    part = manifest
    *parents, last = path.split("/")
    for key in parents:
        part = part[int(key) if isinstance(part, list) else key]
    part[int(last) if isinstance(part, list) else last] = value
    return dict(manifest)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("displays", {}),
        ("features/app_home/agent_view", True),
        ("features/app_home/home_tab_enabled", "yes"),
        ("display_information/name", "T" * 36),
        ("display_information/description", "T" * 141),
        ("display_information/long_description", "Too short."),
        ("display_information/background_color", "navy"),
        ("features/bot_user/display_name", ""),
        ("features/slash_commands", []),
        ("features/slash_commands/0/command", "text"),
        ("features/slash_commands/0", {"command": "/text"}),
        ("features/slash_commands/0/url", "textbank.example.org"),
        ("oauth_config/scopes/bot/0", "chat.write"),
        ("oauth_config/scopes/bot", ["commands", "commands"]),
        ("settings/event_subscriptions/bot_events", ["message"]),
        ("settings/interactivity", {"request_url": "https://textbank.example.org/slack/events"}),
    ],
)
def test_what_slack_refuses_is_refused_here(path: str, value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken(path, value), SCHEMA)


def test_every_method_in_the_code_is_one_whose_scopes_are_known() -> None:
    unknown = {method: place for method, place in methods_used().items() if method not in SCOPES_OF_METHODS}
    assert not unknown, "add them to SCOPES_OF_METHODS, with the scopes from Slack's reference"


def test_the_scopes_are_those_that_the_code_needs() -> None:
    needed = {"commands"} if names_given_to("command") else set()
    for method in methods_used():
        needed |= SCOPES_OF_METHODS.get(method, set())
    for event in events_used():
        needed |= EVENTS[event][1]
    if downloads_files():
        needed |= {"files:read"}

    assert needed - granted() == set(), "manifest.yml grants too little"
    assert granted() - needed == set(), "manifest.yml grants more than the code uses"


def test_the_events_are_those_that_the_code_listens_to() -> None:
    used = events_used()

    assert used <= set(EVENTS), "add them to EVENTS, with their scopes"
    subscriptions = {subscription for event in used if (subscription := EVENTS[event][0])}
    assert set(source.manifest()["settings"]["event_subscriptions"]["bot_events"]) == subscriptions


def test_the_commands_are_those_that_the_code_answers() -> None:
    commands = source.manifest()["features"]["slash_commands"]

    assert {command["command"] for command in commands} == names_given_to("command") == {"/text", "/textbank"}
    assert all(command["should_escape"] for command in commands), "@user arrives as an id only then"


def test_the_home_tab_is_there_if_the_code_fills_it() -> None:
    home = source.manifest()["features"]["app_home"]

    assert home["home_tab_enabled"] == ("views_publish" in methods_used())
    assert home["messages_tab_enabled"]
    assert not home["messages_tab_read_only_enabled"], "volunteers type their answers there"


def test_every_address_is_the_one_web_hook() -> None:
    settings, features = source.manifest()["settings"], source.manifest()["features"]
    addresses = [command["url"] for command in features["slash_commands"]]
    addresses += [settings["event_subscriptions"]["request_url"], settings["interactivity"]["request_url"]]

    assert set(addresses) == {"https://textbank.example.org/slack/events"}


def test_the_doctor_asks_for_these_very_scopes() -> None:
    from bot.gateways.slack_checks import scopes_needed

    assert set(scopes_needed()) == granted()
    assert all(scopes_needed().values()), "say in a comment beside each what it is for: the doctor says so too"
