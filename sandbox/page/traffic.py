"""The requests between Slack, Textbank and the carrier, in words that a developer reads; secrets are left out.

Tokens and signatures travel in headers, which nobody writes down. What is left are addresses that work for whoever has
them: response_urls, trigger ids, links to files.
"""

import html
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from sandbox.slack.drawn import words_of
from sandbox.slack.workspace import Workspace
from sandbox.wire import SLACK, TEXTBANK, Exchange

Json = dict[str, Any]
LONGEST = 140
HIDDEN = "(hidden)"
SECRET_NAMES = {"token", "trigger_id", "response_url", "response_urls", "upload_url"}
_SECRET_VALUES = (
    (re.compile(r"(/response/\w+/\w+/)[\w-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"([?&]Signature=)[\w-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+"), HIDDEN),
)
_MENTION = re.compile(r"<[@#]([A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<(?:[^|>]+\|)?([^>]+)>")
_MESSAGES = re.compile(r"/Messages\.json$")
_ACCOUNT = re.compile(r"/2010-04-01/Accounts/\w+")


def line(of: Exchange, world: Workspace) -> Json:
    """One request in a line."""
    what, words = _told(of)
    if SLACK in (of.sender, of.to):
        words = _in_names(words, world)
    return {
        "id": of.id,
        "at": of.at,
        "from": of.sender,
        "to": of.to,
        "what": what,
        "status": of.status,
        "ms": round(of.seconds * 1000),
        "words": _without_secrets(words),
        "why": of.why,
    }


def detail(of: Exchange, world: Workspace) -> Json:
    """The whole of one request and its answer, as far as it is nobody's secret."""
    return {
        **line(of, world),
        "asked": without_secrets(_read(of.asked)),
        "answered": without_secrets(_read(of.answered)),
    }


def without_secrets(value: Any, name: str = "") -> Any:
    if name in SECRET_NAMES:
        return HIDDEN
    if isinstance(value, dict):
        return {key: without_secrets(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(one) for one in value]
    return _without_secrets(value) if isinstance(value, str) else value


def _without_secrets(words: str) -> str:
    for pattern, instead in _SECRET_VALUES:
        words = pattern.sub(instead, words)
    return words


def _read(value: Any) -> Any:
    """Bytes as the JSON or the form that they are."""
    if not isinstance(value, bytes):
        return value
    words = value.decode(errors="replace")
    try:
        return json.loads(words)
    except ValueError:
        form = dict(parse_qsl(words, keep_blank_values=True))
    if "payload" in form:
        return json.loads(form["payload"])
    return form or words


@lru_cache(maxsize=1000)
def _told_of_event(body: bytes) -> tuple[str, str]:
    """(what, words) for what Slack posts: an event, a click, a submission, a command."""
    sent: Json = _read(body)
    if event := sent.get("event"):
        kind = event.get("subtype") or event["type"]
        inner = event.get("message", event)
        return f"event {kind}", f"<@{inner.get('user', '')}>: {_words(inner)}" if "text" in inner else ""
    if command := sent.get("command"):
        return f"command {command}", f"<@{sent['user_id']}> types {command} {sent.get('text', '')}"
    kind, who = sent.get("type", ""), f"<@{sent.get('user', {}).get('id', '')}>"
    if kind == "block_actions":
        [action] = sent["actions"]
        label = (action.get("text") or (action.get("selected_option") or {}).get("text") or {}).get("text", "")
        return "block_actions", f"{who} presses {label or action['action_id']}"
    title = ((sent.get("view") or {}).get("title") or {}).get("text", "")
    return str(kind), f"{who} {'submits' if kind == 'view_submission' else 'closes'} “{title}”"


def _told(of: Exchange) -> tuple[str, str]:
    if of.sender == SLACK:
        return _told_of_event(of.asked)
    if of.to == SLACK:
        return of.what, _told_of_call(of)
    if of.sender == TEXTBANK:
        method, _, path = of.what.partition(" ")
        asked = of.asked or {}
        if method == "POST" and _MESSAGES.search(path):
            return "send a text", f"to {asked.get('To', '')}: {asked.get('Body', '')}"[:LONGEST]
        return f"{method} {_ACCOUNT.sub('account', path)}", " ".join(f"{key} {value}" for key, value in asked.items())
    asked = of.asked
    if "MessageStatus" in asked and not asked.get("Body"):
        return "status", f"the text to {asked.get('To', '')}: {asked['MessageStatus']} {asked.get('ErrorCode', '')}"
    pictures = f" [{asked['NumMedia']} media]" if asked.get("NumMedia", "0") != "0" else ""
    return "a voter's text", f"from {asked.get('From', '')}: {asked.get('Body', '')}{pictures}"[:LONGEST]


def _told_of_call(of: Exchange) -> str:
    asked = of.asked if isinstance(of.asked, dict) else {}
    where = f"<#{asked['channel']}>: " if asked.get("channel") else ""
    error = f" → {of.answered['error']}" if isinstance(of.answered, dict) and of.answered.get("error") else ""
    return f"{where}{_words(asked) or _short(asked)}{error}"


def _words(message: Json) -> str:
    """The beginning of what a message or a view says."""
    view = message.get("view")
    if isinstance(view, dict):
        title = (view.get("title") or {}).get("text") or "Home"
        return f"“{title}”"
    blocks = message.get("blocks")
    drawn = " · ".join(_first(words_of(blocks))) if isinstance(blocks, list) else ""
    said = drawn or str(message.get("text") or "")
    return " ".join(html.unescape(said).split())[:LONGEST]


def _first(words: Iterator[str]) -> list[str]:
    found: list[str] = []
    for one in words:
        found.append(one)
        if sum(map(len, found)) > LONGEST:
            break
    return found


def _short(asked: Json) -> str:
    shown = {key: one for key, one in without_secrets(asked).items() if isinstance(one, str | int) and one != HIDDEN}
    return " ".join(f"{key} {one}" for key, one in shown.items() if key != "channel")[:LONGEST]


def _in_names(words: str, world: Workspace) -> str:
    """People's and channels' names in the place of Slack's ids, and no marks."""

    def name(found: re.Match[str]) -> str:
        user, channel = world.users.get(found[1]), world.channels.get(found[1])
        if channel is not None and channel.human:
            user = world.users.get(channel.human)
            return f"{user.real_name.split()[0]}'s DM" if user else "a DM"
        return user.real_name.split()[0] if user else f"#{channel.name}" if channel else found[1]

    return _LINK.sub(r"\1", _MENTION.sub(name, words))
