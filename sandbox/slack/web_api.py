"""The Web API's door: which method, whose token, which scopes, how often; then the method does its work.

A method takes (slack, arguments) and returns what goes beside `"ok": true`, or raises SlackError.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.slack.drawn import Json
from sandbox.slack.limits import TIER_3

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

AS_JSON = ("blocks", "view", "attachments", "metadata", "files")  # arguments that may come as JSON inside a string


class SlackError(Exception):
    """`{"ok": false, "error": code}`, and what goes beside it."""

    def __init__(self, code: str, *messages: str, **beside: Any) -> None:
        super().__init__(code)
        self.body: Json = {"ok": False, "error": code, **beside}
        if messages:
            self.body["response_metadata"] = {"messages": list(messages)}


class RateLimited(Exception):
    """429, with Retry-After."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass
class Method:
    work: Callable[["Slack", Json], Json]
    scopes: tuple[str, ...]
    tier: int | None
    takes_json: bool
    required: tuple[str, ...]


METHODS: dict[str, Method] = {}


def method(
    name: str,
    *,
    scopes: tuple[str, ...] = (),
    tier: int | None = TIER_3,
    takes_json: bool = True,
    required: tuple[str, ...] = (),
) -> Callable[[Callable[["Slack", Json], Json]], Callable[["Slack", Json], Json]]:
    """Registers a Web API method. `takes_json` is False for those that Slack takes as a form or a query only."""

    def register(work: Callable[["Slack", Json], Json]) -> Callable[["Slack", Json], Json]:
        METHODS[name] = Method(work, scopes, tier, takes_json, required)
        return work

    return register


def arguments(query: bytes, content_type: str, body: bytes) -> tuple[Json, bool]:
    """What was sent, from the query, a form or JSON; and whether it was JSON."""
    given: Json = dict(parse_qsl(query.decode(), keep_blank_values=True))
    is_json = content_type.startswith("application/json")
    if is_json and body:
        try:
            found = json.loads(body)
        except ValueError as wrong:
            raise SlackError("invalid_json") from wrong
        if not isinstance(found, dict):
            raise SlackError("json_not_object")
        given |= found
    elif body and content_type.startswith("application/x-www-form-urlencoded"):
        given |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    elif body:
        raise SlackError("invalid_post_type")
    for name in AS_JSON:
        if isinstance(given.get(name), str) and given[name]:
            try:
                given[name] = json.loads(given[name])
            except ValueError as wrong:
                code = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
                raise SlackError(code, f"[ERROR] {name} is not JSON") from wrong
    return {name: value for name, value in given.items() if value is not None}, is_json


def _check_token(slack: "Slack", name: str, authorization: str, given: Json, is_json: bool) -> None:
    token = authorization.removeprefix("Bearer ").strip()
    if not token and not is_json:
        token = str(given.pop("token", ""))
    given.pop("token", None)
    if not token:
        raise SlackError("not_authed")
    if token not in (slack.bot_token, slack.app_token):
        raise SlackError("invalid_auth")
    if slack.revoked and token == slack.bot_token:
        raise SlackError("token_revoked")
    if (token == slack.app_token) != (name == "apps.connections.open"):
        raise SlackError("not_allowed_token_type")


def need_scope(slack: "Slack", *any_of: str) -> None:
    """Refuses when the app was granted scopes, and none of these is among them."""
    granted = slack.scopes
    if any_of and granted is not None and not granted.intersection(any_of):
        raise SlackError("missing_scope", needed=",".join(any_of), provided=",".join(sorted(granted)))


def _flag(value: Any) -> bool:
    return value in (True, "true", "1", 1)


def flag(given: Json, name: str, otherwise: bool = False) -> bool:
    """A boolean argument, which comes as true, "true" or "1"."""
    return _flag(given[name]) if name in given else otherwise


def perform(slack: "Slack", name: str, authorization: str, given: Json, is_json: bool) -> Json:
    """The whole way of one call, weather apart."""
    known = METHODS.get(name)
    if known is None:
        raise SlackError("unknown_method", req_method=name)
    if name != "api.test":
        _check_token(slack, name, authorization, given, is_json)
    if is_json and not known.takes_json and slack.strict:
        given.clear()  # Slack does not see arguments sent as JSON to these: they look missing
    need_scope(slack, *known.scopes)
    if slack.limited:
        channel = str(given.get("channel", ""))
        if channel in slack.workspace.users:
            channel = slack.workspace.dm(channel).id
        wait = slack.limits.refuse(name, channel)
        if wait is not None:
            raise RateLimited(wait)
    for argument in known.required:
        if given.get(argument) in (None, ""):
            message = f"[ERROR] missing required field: {argument}"
            raise SlackError("channel_not_found" if argument == "channel" else "invalid_arguments", message)
    return {"ok": True, **known.work(slack, given)}


def page(items: list[Any], given: Json, most: int = 1000, usual: int = 100) -> tuple[list[Any], str]:
    """One page of a list, and the cursor of the next ("" at the end)."""
    try:
        limit = int(given.get("limit") or usual)
    except ValueError as wrong:
        raise SlackError("invalid_limit") from wrong
    if not 0 < limit <= most:
        raise SlackError("invalid_limit")
    cursor = str(given.get("cursor") or "")
    if cursor and not (cursor.startswith("next:") and cursor[5:].rstrip("=").isdigit()):
        raise SlackError("invalid_cursor")
    start = int(cursor[5:].rstrip("=")) if cursor else 0
    end = start + limit
    return items[start:end], f"next:{end}=" if end < len(items) else ""
