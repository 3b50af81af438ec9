"""The script check as organizers see it, below the field in which they write: what to mend, its cost, a preview."""

from typing import Any

from bot.services.estimates import Estimate
from bot.services.script_check import Hole, Preview, Sizes
from bot.services.segments import Segments
from bot.views import ids, money
from bot.views.blocks import Block, actions, button, context, field, section
from bot.views.text import clip, escape

BLOCK = "check"
"""How the names of its blocks begin: they are drawn anew while the script is typed, and nothing else is."""
AT_FIRST = "Write the script, and what to mend about it is said here as you type."
_KEPT = ("type", "callback_id", "title", "submit", "close", "private_metadata", "notify_on_close")
_FINE = ":white_check_mark: It says who is writing, for whom, and how to opt out."
_LONGEST_PREVIEW = 1_800


def blocks(
    advice: list[str],
    *,
    sizes: Sizes | None,
    holes: list[Hole],
    preview: Preview | None,
    estimate: Estimate | None,
    at: int = 0,
    mend: bool,
) -> list[Block]:
    """The check of one script; `at` is the place of the contact who is previewed, `mend` offers plain characters."""
    lines = [f":warning: {escape(line)}" for line in advice] or [_FINE]
    lines += [_hole(hole) for hole in holes]
    shown = [section("\n".join(lines))]
    if mend:
        shown.append(actions(button("Use plain characters", ids.SCRIPT_PLAIN, "plain")))
    if preview and sizes:
        words = f"*As {escape(preview.name)} gets it* · {_size(preview.measure)}\n{_quoted(preview.text)}"
        shown.append(section(words, accessory=button("Next person", ids.SCRIPT_NEXT, str(at + 1))))
        shown.append(context(_cost(sizes)))
        if estimate:
            shown.append(context(money.estimate(estimate)))
    return [{**block, "block_id": f"{BLOCK}.{number}"} for number, block in enumerate(shown)]


def before() -> list[Block]:
    """The check of a script of which no word is written yet."""
    return [{**context(AT_FIRST), "block_id": f"{BLOCK}.0"}]


def redrawn(view: dict[str, Any], check: list[Block], *, script: str | None = None) -> Block:
    """An open modal as it came, with another check in it; what was typed stays, but for a `script` that replaces it."""
    shown: list[Block] = []
    for block in view["blocks"]:
        if not block["block_id"].startswith(f"{BLOCK}."):
            shown.append(_replaced(block, script) if script is not None and _is_script(block) else block)
            shown += check if _is_script(block) else []
    return {**{name: view[name] for name in _KEPT if view.get(name)}, "blocks": shown}


def _is_script(block: Block) -> bool:
    return bool(block.get("element", {}).get("action_id") == ids.SCRIPT_TYPED)


def _replaced(block: Block, words: str) -> Block:
    """The field under a new name: under the old one Slack's clients keep what was typed."""
    name, _, drawing = block["block_id"].partition(".")
    element = {**block["element"], "initial_value": words}
    return {**block, "block_id": f"{name}.{int(drawing or 0) + 1}", "element": element}


def script_field(*, hint: str, most: int, initial: str = "", placeholder: str | None = None) -> Block:
    """The field **Script**, which is checked while it is typed."""
    typed = field(
        "Script", ids.SCRIPT_TYPED, multiline=True, most=most, hint=hint, initial=initial, placeholder=placeholder
    )
    live = {"trigger_actions_on": ["on_character_entered"]}
    return {**typed, "dispatch_action": True, "element": {**typed["element"], "dispatch_action_config": live}}


def _hole(hole: Hole) -> str:
    people = f"{hole.without:,} of {hole.looked_at:,} contacts have no {{{escape(hole.field)}}}"
    if hole.fallback:
        return f":information_source: {people}: they read “{escape(hole.fallback)}”."
    return f":warning: {people}, so nothing stands there. Write {{{escape(hole.field)}|something}} for them."


def _cost(sizes: Sizes) -> str:
    longest, median = sizes.longest, sizes.median
    words = f"Half of the texts take {_size(median.measure)} or less; the longest, {escape(longest.name)}'s, "
    words += f"{_size(longest.measure)}"
    if culprit := longest.measure.culprit:
        words += f" (“{escape(culprit)}” makes it cost more)"
    return f"{words}. Tried on {sizes.looked_at:,} of its contacts." if sizes.looked_at > 1 else f"{words}."


def _size(measure: Segments) -> str:
    return f"{measure.segments} {'segment' if measure.segments == 1 else 'segments'}, {measure.characters} characters"


def _quoted(words: str) -> str:
    return "\n".join(f">{line}" for line in escape(clip(words, _LONGEST_PREVIEW)).splitlines())
