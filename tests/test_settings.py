"""A wrong or missing setting stops the program with the setting's name and how to mend it."""

import os
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings, SettingsError
from tests.forks import Forked

GOOD: dict[str, str] = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "shh",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
    "TEXTBANK_SECRET": "a random text of some length",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing but what a program needs."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_the_hosts_and_consoles_give_is_enough(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PUBLIC_URL", "https://textbank.example.org/")
    environment.setenv("ADMIN_USERS", " U1, ,U2 ")
    settings = Settings.load()
    assert settings.database_url == "sqlite:///textbank.db"
    assert settings.public_url == "https://textbank.example.org"
    assert settings.admin_users == ("U1", "U2")
    assert (settings.port, settings.undo_seconds, settings.sms_segments_per_second) == (3000, 5, 3)


MISSING = {
    "SLACK_BOT_TOKEN": "SLACK_BOT_TOKEN is missing: set it in the environment",
    "SLACK_SIGNING_SECRET": "SLACK_SIGNING_SECRET is missing: copy it from the Slack app's Basic Information",
    "TWILIO_ACCOUNT_SID": "TWILIO_ACCOUNT_SID is missing",
    "TWILIO_AUTH_TOKEN": "TWILIO_AUTH_TOKEN is missing",
    "TWILIO_MESSAGING_SERVICE_SID": "set TWILIO_FROM_NUMBERS to the numbers to send from",
    "TEXTBANK_SECRET": "TEXTBANK_SECRET is missing",
}


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("empty", [False, True], ids=["unset", "empty"])
def test_what_is_missing_is_named(environment: pytest.MonkeyPatch, name: str, empty: bool) -> None:
    environment.setenv(name, "") if empty else environment.delenv(name)
    with pytest.raises(SettingsError) as wrong:
        Settings.load()
    assert MISSING[name] in str(wrong.value)
    assert len(str(wrong.value).splitlines()) == 1


WRONG: list[tuple[str, Any, str]] = [
    ("DATABASE_URL", "mysql://host/name", "write sqlite:///path/to/file.db or postgresql://"),
    ("DATABASE_URL", "textbank.db", "write sqlite:///path/to/file.db or postgresql://"),
    ("PORT", "http", "a whole number"),
    ("PORT", "70000", "less than or equal to 65535"),
    ("PUBLIC_URL", "textbank.example.org", "write the whole address, such as https://"),
    ("PUBLIC_URL", "https://", "write the whole address"),
    ("SLACK_BOT_TOKEN", "xoxp-1", "it begins with xoxb-"),
    ("SLACK_APP_TOKEN", "xoxb-1", "it begins with xapp-"),
    ("SLACK_API_URL", "slack.example", "write the whole address"),
    ("TWILIO_ACCOUNT_SID", "SK" + "0" * 32, "it is AC and 32 hex digits"),
    ("TWILIO_API_KEY", "SK1", "TWILIO_API_KEY and TWILIO_API_SECRET belong together"),
    ("TWILIO_API_SECRET", "s", "TWILIO_API_KEY and TWILIO_API_SECRET belong together"),
    ("TWILIO_FROM_NUMBERS", "+13135550100,3135550101", "3135550101 is not an E.164 number"),
    ("TWILIO_API_URL", "localhost:1", "write the whole address"),
    ("ADMIN_USERS", "U1, @olivia", "@olivia is not a member id such as U0123ABCD"),
    ("UNDO_SECONDS", "-1", "greater than or equal to 0"),
    ("UNDO_SECONDS", "soon", "a number"),
    ("TEXTBANK_SECRET", "short", "at least 16 characters"),
    ("SMS_SEGMENTS_PER_SECOND", "0", "greater than 0"),
    ("SMS_SEGMENTS_PER_SECOND", "inf", "a finite number"),
    ("SMS_SEGMENTS_PER_SECOND", "nan", "number"),
    ("SEGMENT_PRICE", "1 cent", "a number"),
    ("PICTURE_PRICE", "-0.01", "greater than or equal to 0"),
    ("DEFAULT_REGION", "USA", "two-letter country code"),
    ("DEFAULT_REGION", "XX", "two-letter country code"),
    ("HOURS_BETWEEN_FIRST_TEXTS", "7", "greater than or equal to 8"),
    ("HOURS_BETWEEN_FIRST_TEXTS", "8", "Set FOLLOW_UPS to 0, or HOURS_BETWEEN_FIRST_TEXTS to at least 12"),
    ("FOLLOW_UPS", "3", "less than or equal to 2"),
    ("TEXTING_HOURS", "9-20", "write the hours as 09:00-20:00"),
    ("TEXTING_HOURS", "25:00-99:00", "write the hours as 09:00-20:00"),
    ("TEXTING_HOURS", "20:00-09:00", "write the hours as 09:00-20:00"),
]


@pytest.mark.parametrize(("name", "value", "how"), WRONG)
def test_what_is_wrong_is_named_with_how_to_mend_it(
    environment: pytest.MonkeyPatch, name: str, value: str, how: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as wrong:
        Settings.load()
    assert name in str(wrong.value)
    assert how in str(wrong.value)


def test_everything_wrong_is_said_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        environment.delenv(name)
    environment.setenv("PORT", "http")
    with pytest.raises(SettingsError) as wrong:
        Settings.load()
    for name in (*GOOD, "PORT"):
        assert name in str(wrong.value), name


@pytest.mark.parametrize("role", [[], ["web"], ["worker"], ["clock"], ["migrate"]])
def test_the_program_ends_with_the_words_and_code_2(
    role: list[str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    log = tmp_path_factory.mktemp("log") / "log"
    program = Forked(role, {**bare, "DATABASE_URL": f"sqlite:///{tmp_path}/textbank.db"}, log)
    assert program.wait(60) == 2, program.said()
    said = program.said()
    assert "Textbank can't start:" in said
    assert "SLACK_BOT_TOKEN is missing: set it in the environment" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
