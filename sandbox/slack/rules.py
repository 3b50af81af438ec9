"""The small rules that the tables of `blocks` are made of.

A rule is called with (value, path, check); it says nothing when all is well and `check.note`s what is not.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any


class Check:
    """One look at one message or view: what is wrong so far, and the names already used."""

    def __init__(self, surface: str, lacking: Collection[str] = ()) -> None:
        self.surface = surface
        self.lacking = lacking
        self.problems: list[str] = []
        self.kinds: dict[str, int] = {}
        self._block_ids: set[str] = set()
        self._action_ids: set[str] = set()

    def note(self, wrong: str, path: str) -> None:
        self.problems.append(f"[ERROR] {wrong} [json-pointer:{path}]")

    def enter_block(self, block: dict[str, Any], kind: str, path: str) -> None:
        """Counts the block; its id must be new, and action ids must be unique within it only."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self._action_ids = set()
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in self._block_ids:
                self.note(f'`block_id` "{block_id}" already exists', f"{path}/block_id")
            self._block_ids.add(block_id)

    def saw_action(self, action_id: str, path: str) -> None:
        if action_id in self._action_ids:
            self.note(f'`action_id` "{action_id}" already exists for the block', f"{path}/action_id")
        self._action_ids.add(action_id)


Rule = Callable[[Any, str, Check], None]


def fields(value: dict[str, Any], rules: Mapping[str, Rule], path: str, check: Check) -> None:
    """Every field known and right, every required one (marked "!") there."""
    for name, content in value.items():
        rule = rules.get(name) or rules.get("!" + name)
        if rule is not None:
            rule(content, f"{path}/{name}", check)
        elif name != "type":
            check.note(f"invalid additional property: {name}", path)
    for name in rules:
        if name[0] == "!" and name[1:] not in value:
            check.note(f"missing required field: {name[1:]}", path)


def anything(value: Any, path: str, check: Check) -> None:
    """For what Slack looks at more closely than this does."""


def boolean(value: Any, path: str, check: Check) -> None:
    if not isinstance(value, bool):
        check.note("must be a boolean", path)


def string(most: int | None, least: int = 0) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, str):
            check.note("must be a string", path)
        elif len(value) < least:
            check.note(f"must be more than {least - 1} characters", path)
        elif most is not None and len(value) > most:
            check.note(f"must be less than {most + 1} characters", path)

    return rule


def url(most: int) -> Rule:
    bounded = string(most, least=1)

    def rule(value: Any, path: str, check: Check) -> None:
        bounded(value, path, check)
        if isinstance(value, str) and not re.match(r"[a-z][a-z0-9+.-]*:.", value):
            check.note("must be a valid URL", path)

    return rule


def web_address(most: int) -> Rule:
    """Where Slack fetches something from."""
    bounded = string(most, least=1)

    def rule(value: Any, path: str, check: Check) -> None:
        bounded(value, path, check)
        if isinstance(value, str) and not re.match(r"https?://[^/\s]+", value):
            check.note("must be a valid URL", path)

    return rule


def pattern(expression: str, what: str) -> Rule:
    compiled = re.compile(expression)

    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            check.note(f"must be {what}", path)

    return rule


def number(least: int, most: int | None) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            check.note("must be an integer", path)
        elif value < least or (most is not None and value > most):
            check.note(f"must be between {least} and {most}" if most else f"must be at least {least}", path)

    return rule


def one_of(*allowed: str) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if value not in allowed:
            check.note(f"must be one of: {', '.join(allowed)}", path)

    return rule


def many(rule_for_one: Rule, least: int, most: int | None) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, list):
            return check.note("must be an array", path)
        if len(value) < least:
            check.note(f"no less than {least} items allowed", path)
        if most is not None and len(value) > most:
            check.note(f"no more than {most} items allowed", path)
        for index, one in enumerate(value):
            rule_for_one(one, f"{path}/{index}", check)

    return rule


def shape(rules: Mapping[str, Rule]) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, dict):
            return check.note("must be an object", path)
        if "type" in value:
            check.note("invalid additional property: type", path)
        fields(value, rules, path, check)

    return rule


_TEXT_FIELDS = {
    "plain_text": frozenset(("type", "text", "emoji")),
    "mrkdwn": frozenset(("type", "text", "verbatim")),
}


def text(most: int, *, plain: bool = False) -> Rule:
    """A text object; `plain` where Slack takes no mrkdwn."""

    def rule(value: Any, path: str, check: Check) -> None:
        if not isinstance(value, dict):
            return check.note("must provide an object", path)
        kind = value.get("type")
        if kind not in _TEXT_FIELDS or (plain and kind != "plain_text"):
            return check.note(f"unsupported type: {kind}", f"{path}/type")
        words = value.get("text")
        if words is None:
            check.note("missing required field: text", path)
        elif not isinstance(words, str):
            check.note("must be a string", f"{path}/text")
        elif not words:
            check.note("must be more than 0 characters", f"{path}/text")
        elif len(words) > most:
            check.note(f"must be less than {most + 1} characters", f"{path}/text")
        for name in value.keys() - _TEXT_FIELDS[kind]:
            check.note(f"invalid additional property: {name}", path)
        for name in ("emoji", "verbatim"):
            if name in value:
                boolean(value[name], f"{path}/{name}", check)

    return rule


def at_least_one(*names: str) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if not any(name in value for name in names):
            check.note(f"must provide one of: {', '.join(names)}", path)

    return rule


def exactly_one(*names: str) -> Rule:
    def rule(value: Any, path: str, check: Check) -> None:
        if sum(name in value for name in names) != 1:
            check.note(f"must provide exactly one of: {', '.join(names)}", path)

    return rule


def _initials(value: dict[str, Any]) -> list[Any]:
    found = value.get("initial_options", value.get("initial_option"))
    return found if isinstance(found, list) else [found] if found is not None else []


def initial_among_options(value: dict[str, Any], path: str, check: Check) -> None:
    """An initial option must be one of the options, to the letter."""
    options = value.get("options")
    known = list(options) if isinstance(options, list) else []
    for group in value.get("option_groups") or []:
        known += group.get("options", []) if isinstance(group, dict) else []
    for one in _initials(value):
        if one not in known:
            check.note("initial option must exactly match one of the provided options", path)


def options_exclusive(value: dict[str, Any], path: str, check: Check) -> None:
    if ("options" in value) == ("option_groups" in value):
        check.note("must provide exactly one of: options, option_groups", path)
    initial_among_options(value, path, check)


def lengths_in_order(value: dict[str, Any], path: str, check: Check) -> None:
    least, most = value.get("min_length"), value.get("max_length")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        check.note("min_length must not be more than max_length", path)


def only_in_modals(value: dict[str, Any], path: str, check: Check) -> None:
    if check.surface != "modal":
        check.note("unsupported type: file_input", f"{path}/type")


def response_url_in_modals(value: dict[str, Any], path: str, check: Check) -> None:
    if "response_url_enabled" in value and check.surface != "modal":
        check.note("invalid additional property: response_url_enabled", path)


_CELLS = ("raw_text", "raw_number", "rich_text")


def cell(value: Any, path: str, check: Check) -> None:
    """A table's cell: raw text that is not empty, a number, or rich text."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in _CELLS:
        return check.note(f"unsupported type: {kind}", f"{path}/type")
    if kind == "raw_text":
        string(None, least=1)(value.get("text"), f"{path}/text", check)
    if kind == "raw_number" and not _is_number(value.get("value")):
        check.note("must be a number", f"{path}/value")


def table_is_square(value: dict[str, Any], path: str, check: Check) -> None:
    rows = [row for row in value.get("rows") or [] if isinstance(row, list)]
    if len({len(row) for row in rows}) > 1:
        check.note("all rows must have the same number of columns", f"{path}/rows")
    if rows and any(isinstance(one, dict) and one.get("type") == "rich_text" for one in rows[0]):
        check.note("header cells cannot be rich_text", f"{path}/rows/0")
    if sum(len(str(one.get("text", ""))) for row in rows for one in row if isinstance(one, dict)) > 20_000:
        check.note("must be less than 20001 characters in all", f"{path}/rows")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(value: Any, path: str, check: Check) -> None:
    if not _is_number(value) or value <= 0:
        check.note("must be more than 0", path)


def _number(value: Any, path: str, check: Check) -> None:
    if not _is_number(value):
        check.note("must be a number", path)


_SEGMENT: dict[str, Rule] = {"!label": string(20, least=1), "!value": _positive}
_POINT: dict[str, Rule] = {"!label": string(20, least=1), "!value": _number}
_SERIES: dict[str, Rule] = {"!name": string(20, least=1), "!data": many(shape(_POINT), 1, 20)}
_AXIS: dict[str, Rule] = {
    "!categories": many(string(20, least=1), 1, 20),
    "x_label": string(50),
    "y_label": string(50),
}
_PIE: dict[str, Rule] = {"!segments": many(shape(_SEGMENT), 1, 6)}
_AXES: dict[str, Rule] = {"!series": many(shape(_SERIES), 1, 6), "!axis_config": shape(_AXIS)}


def chart(value: Any, path: str, check: Check) -> None:
    """The chart of a data_visualization: one point for each category in each series."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "pie":
        return fields(value, _PIE, path, check)
    if kind not in ("bar", "area", "line"):
        return check.note(f"unsupported type: {kind}", f"{path}/type")
    before = len(check.problems)
    fields(value, _AXES, path, check)
    if len(check.problems) > before:
        return None
    categories = value["axis_config"]["categories"]
    if len(set(categories)) != len(categories):
        check.note("categories must be unique", f"{path}/axis_config/categories")
    names = [series["name"] for series in value["series"]]
    if len(set(names)) != len(names):
        check.note("series names must be unique", f"{path}/series")
    for index, series in enumerate(value["series"]):
        if sorted(point["label"] for point in series["data"]) != sorted(categories):
            check.note("must have exactly one point for every category", f"{path}/series/{index}/data")
    return None
