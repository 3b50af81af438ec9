"""What every listener asks for by name is there: to a misspelt name Bolt gives None."""

from types import SimpleNamespace
from typing import Any

import pytest
from slack_bolt.kwargs_injection.async_args import AsyncArgs
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import slack_app
from handlers.requests import INJECTED

KIT: Any = SimpleNamespace(slack=SimpleNamespace(client=AsyncWebClient(token="xoxb-1")))


def test_bolt_is_given_the_token_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    slack_app(KIT)
    assert caplog.messages == []


def test_every_listener_asks_for_what_there_is() -> None:
    known = {*AsyncArgs.__annotations__, *INJECTED}
    listeners = slack_app(KIT)._async_listeners

    assert len(listeners) > 10
    wrong = {
        f"{listener.ack_function.__qualname__}: {name}"
        for listener in listeners
        for name in listener.arg_names
        if name not in known
    }
    assert wrong == set()
