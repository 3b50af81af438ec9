"""The words of a slash command: campaigns, people, channels and numbers, as Slack hands them over.

With `should_escape` Slack turns a name it knows into `<@U…|name>`, `<#C…|name>` or `<!subteam^S…|handle>`; a name that
it leaves as it was typed is one that it does not know.
"""

import re
from dataclasses import dataclass

from bot.errors import Refusal

_MENTION = re.compile(r"<(@|#|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>")
_UNKNOWN = re.compile(r"(?:^|\s)([@#][\w.-]+)")
_LINK = re.compile(r"<[a-z]+:[^<>|]+\|([^<>|]+)>")
_QUOTES = "\"'“”‘’«»„"


@dataclass(frozen=True, slots=True)
class Mentioned:
    """A person (`@`), a channel (`#`) or a user group (`!subteam^`)."""

    kind: str
    id: str


def unquoted(words: str) -> str:
    """A campaign's name as it was typed: no quotes around it, and nothing of what Slack makes of & and of Vote.org."""
    typed = _LINK.sub(r"\1", words).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return typed.strip().strip(_QUOTES).strip()


def split(words: str) -> tuple[str, list[Mentioned], str]:
    """`Fall GOTV <@U1|sam> 50` → ("Fall GOTV", [the people and channels named], "50").

    Raises Refusal for an @name or #name that Slack did not recognize.
    """
    found = list(_MENTION.finditer(words))
    if unknown := _UNKNOWN.search(_MENTION.sub(" ", words)):
        raise Refusal(
            f"Slack doesn't know {unknown.group(1)}. Pick the name from the list that it shows while you type."
        )
    if not found:
        return unquoted(words), [], ""
    mentioned = [Mentioned(match.group(1), match.group(2)) for match in found]
    return unquoted(words[: found[0].start()]), mentioned, words[found[-1].end() :].strip()


def one(mentioned: list[Mentioned], kind: str, usage: str) -> str:
    """The id of the one person or channel that a command needs. Raises Refusal with how to write the command."""
    if len(mentioned) != 1 or mentioned[0].kind != kind:
        raise Refusal(f"Write it like this: `{usage}`")
    return mentioned[0].id
