"""A setting or a command that the docs do not name fails here, and so does one that the docs alone know."""

import ast
import re
from collections.abc import Iterator

import pytest
import typer
from pydantic import AliasChoices

from tests.project import source

# The names that others rely on: add freely, rename or drop none.
ENVIRONMENT = set(
    """
    DATABASE_URL PORT PUBLIC_URL
    SLACK_BOT_TOKEN SLACK_SIGNING_SECRET SLACK_APP_TOKEN SLACK_API_URL
    TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN TWILIO_API_KEY TWILIO_API_SECRET
    TWILIO_MESSAGING_SERVICE_SID TWILIO_FROM_NUMBERS TWILIO_API_URL
    ADMIN_USERS UNDO_SECONDS TEXTBANK_SECRET SMS_SEGMENTS_PER_SECOND DEFAULT_REGION TEXTING_HOURS
    """.split()
)
ROLES = {"web", "worker", "clock", "migrate", "import", "export", "doctor", "sandbox"}
SUBCOMMANDS = set(
    """
    help new import script list status start pause resume close export assign unassign reassign
    invite role optout optin forget doctor digest inbox
    """.split()
)
# Words in the docs that look like a setting and are none: the environment of `make`, of hosts and of the tests.
OTHER_NAMES: set[str] = set()


def settings() -> set[str]:
    """The environment's names for every field of Settings."""
    from bot.settings import Settings

    prefix = Settings.model_config.get("env_prefix") or ""
    names: set[str] = set()
    for field, info in Settings.model_fields.items():
        alias = info.validation_alias or info.alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or prefix + field]
        names |= {str(choice).upper() for choice in choices}
    return names


def command_line() -> set[str]:
    """Every command of `python -m bot`."""
    from bot.__main__ import cli

    command = typer.main.get_command(cli)
    return {name for name, found in getattr(command, "commands", {}).items() if not found.hidden}


def subcommands() -> set[str]:
    """Every subcommand of /textbank."""
    from handlers.commands import SUBCOMMANDS as registered

    return set(registered)


def named(pattern: str) -> bool:
    """Whether the docs say this."""
    return re.search(pattern, source.documentation()) is not None


def test_the_environment_keeps_its_names() -> None:
    assert settings() >= ENVIRONMENT


def test_every_setting_is_documented() -> None:
    assert {name for name in settings() if not named(rf"`{name}[`=]")} == set()


def test_every_documented_setting_exists() -> None:
    written = set(re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[`=]", source.documentation()))

    assert written - settings() - OTHER_NAMES == set()


def test_the_environment_is_read_in_one_place() -> None:
    def readings() -> Iterator[str]:
        for path, node in source.nodes(ast.Attribute, *source.PROGRAM):
            if node.attr in {"environ", "environb", "getenv"} and source.name(path) != "bot/settings.py":
                yield f"{source.name(path)}:{node.lineno}"

    assert list(readings()) == [], "a setting that bot/settings.py does not know escapes the docs and the doctor"


def test_the_command_line_keeps_its_names() -> None:
    assert command_line() >= ROLES


def test_every_command_is_documented() -> None:
    assert {name for name in command_line() if not named(rf"python -m bot {name}\b")} == set()


def test_every_documented_command_exists() -> None:
    assert set(re.findall(r"python -m bot ([a-z][a-z-]*)", source.documentation())) - command_line() == set()


def test_textbank_keeps_its_subcommands() -> None:
    assert subcommands() >= SUBCOMMANDS


def test_every_subcommand_is_documented() -> None:
    assert {name for name in subcommands() if not named(rf"`/textbank {name}\b")} == set()


def test_every_documented_subcommand_exists() -> None:
    assert set(re.findall(r"`/textbank ([a-z]+)", source.documentation())) - subcommands() == set()


def test_the_usage_hint_names_real_subcommands() -> None:
    hints = {command["command"]: command["usage_hint"] for command in source.manifest()["features"]["slash_commands"]}

    assert set(re.findall(r"[a-z]+", hints["/textbank"])) - subcommands() == set()


@pytest.mark.parametrize("role", ["release", "web", "worker", "clock"])
def test_the_procfile_starts_real_commands(role: str) -> None:
    lines = dict(line.split(": ", 1) for line in (source.ROOT / "Procfile").read_text().splitlines())
    command = {"release": "migrate"}.get(role, role)

    assert lines[role] == f"python -m bot {command}"
    assert command in command_line()


@pytest.mark.parametrize("document", ["compliance.md", "reliability.md"])
def test_every_test_that_a_document_names_exists(document: str) -> None:
    modules = {source.name(path): path.read_text() for path in source.modules("tests")}
    tests = set(re.findall(r"def (test_\w+)", "\n".join(modules.values())))
    written = (source.ROOT / "docs" / document).read_text()
    alone = {name for name in re.findall(r"`(test_\w+)`", written) if name not in tests}
    placed = re.findall(r"`(?:tests/)?((?:flows|services|processes|project)/\w+\.py)(?:::(test_\w+))?`", written)
    nowhere = {(file, name) for file, name in placed if f"def {name}" not in modules.get(f"tests/{file}", "")}

    assert (alone, nowhere) == (set(), set())
