"""What a subcommand of `/textbank` is. Each feature has a table of them; `handlers.commands` has them all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from handlers.kit import Kit
from models import Role


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command without its first word."""

    who: str
    words: str
    trigger_id: str
    response_url: str


@dataclass(frozen=True, slots=True)
class Subcommand:
    """What `/textbank NAME` does, who may, and how it is written."""

    run: Callable[[Command, Kit], Awaitable[str]]
    role: Role
    usage: str
    does: str
