"""Whatever shows blocks to a person, and what she has typed into it.

The client keeps what was typed by (block_id, action_id). In a message, an input redrawn under an old pair with a new
initial value keeps the old words, or sends null when nothing was typed: the reason for giving every card new ids.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Key = tuple[str, str]

# type of input -> (field of its state, field that fills it at first)
STATE: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
LISTS = {"checkboxes", "file_input"} | {kind for kind in STATE if kind.startswith("multi_")}
PRESSED = ("button", "workflow_button", "icon_button")
CHOSEN = ("overflow", "static_select", "radio_buttons", "checkboxes", "multi_static_select")
_INTERACTIVE = frozenset((*STATE, *PRESSED, "overflow"))
_INSIDE = ("elements", "accessory", "element", "actions", "child_blocks")
_READ = (
    *("title", "subtitle", "label", "text", "fields", "body", "subtext", "caption", "alt_text", "hint"),
    *("elements", "accessory", "element", "child_blocks", "actions", "rows", "chart", "segments", "series", "data"),
    *("name", "value"),
)
_IN_CHARTS = {"name", "value"}
_shortcode = re.compile(r":[a-z0-9_+-]+:|[^\w\s()&'’.,!?/#@%-]")
ids = itertools.count(1)


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every (block, element) that a person can use."""
    for block in blocks:
        for name in _INSIDE:
            inside = block.get(name)
            for one in inside if isinstance(inside, list) else [inside] if inside else []:
                if name == "child_blocks" or one.get("type") == "card":
                    yield from elements([one])
                elif "action_id" in one:
                    yield block, one


def words_of(node: Any, chart: bool = False) -> Iterator[str]:
    """The words of blocks in reading order, mrkdwn as it stands."""
    if isinstance(node, list):
        for one in node:
            yield from words_of(one, chart)
    elif isinstance(node, dict):
        chart = chart or node.get("type") in ("data_visualization", "raw_number", "pie")
        for name in _READ:
            inside = node.get(name)
            if isinstance(inside, str | int | float):
                if inside != "" and (chart or name not in _IN_CHARTS):
                    yield str(inside)
            elif inside:
                yield from words_of(inside, chart)


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy as Slack keeps it: with an id for each block and element that came without one."""
    return [_with_ids(block) for block in blocks]


def _with_ids(block: Json) -> Json:
    block = {"block_id": f"b{next(ids):x}", **block} if "block_id" not in block else dict(block)
    for name in _INSIDE:
        inside = block.get(name)
        if name == "child_blocks" and inside:
            block[name] = with_ids(inside)
        elif isinstance(inside, list):
            block[name] = [_with_ids(one) if one.get("type") == "card" else _named(one) for one in inside]
        elif inside:
            block[name] = _named(inside)
    return block


def _named(element: Json) -> Json:
    if element.get("type") in _INTERACTIVE and "action_id" not in element:
        return {"action_id": f"a{next(ids):x}", **element}
    return element


def label_of(element: Json) -> str:
    return str((element.get("text") or {}).get("text", ""))


def says(element_words: str, label: str) -> bool:
    """Whether a label is the one meant; an emoji beside the words makes no difference."""
    return element_words == label or _shortcode.sub("", element_words).strip() == label


class Drawn:
    """Blocks on somebody's screen."""

    stale_is_null = True  # modals keep what they showed first

    def __init__(self, blocks: list[Json]) -> None:
        self.blocks: list[Json] = []
        self.drawings = 0
        self._first: dict[Key, Any] = {}
        self._typed: dict[str, dict[Key, Any]] = {}
        self._not_sent: dict[str, dict[Key, Any]] = {}
        self.draw(blocks)

    @property
    def viewer(self) -> str:
        """Whose screen the properties below speak of."""
        return ""

    def draw(self, blocks: list[Json]) -> list[tuple[str, str]]:
        """Shows new blocks. Returns (viewer, words) for words that were being typed and are now gone."""
        self.blocks = with_ids(blocks)
        self.drawings += 1
        now = {
            (block["block_id"], one["action_id"]): one for block, one in elements(self.blocks) if one["type"] in STATE
        }
        for key, one in now.items():
            self._first.setdefault(key, one.get(STATE[one["type"]][1]))
        lost = []
        for viewer, drafts in self._not_sent.items():
            gone = [key for key in drafts if key not in now]
            lost += [(viewer, str(drafts.pop(key))) for key in gone]
        return lost

    def value(self, viewer: str, block: Json, element: Json) -> Any:
        """What the input would send now."""
        key = (block["block_id"], element["action_id"])
        typed = self._typed.get(viewer, {})
        if key in typed:
            return typed[key]
        initial = element.get(STATE[element["type"]][1])
        first = self._first.get(key)
        if first != initial:
            initial = None if self.stale_is_null else first
        return [] if initial is None and element["type"] in LISTS else initial

    def is_touched(self, viewer: str, block: Json, element: Json) -> bool:
        """Whether she has put anything into the input."""
        return (block["block_id"], element["action_id"]) in self._typed.get(viewer, {})

    def put(self, viewer: str, block: Json, element: Json, value: Any) -> None:
        """A person fills or clears an input."""
        key = (block["block_id"], element["action_id"])
        self._typed.setdefault(viewer, {})[key] = value
        if value:
            self._not_sent.setdefault(viewer, {})[key] = value

    def sent(self, viewer: str) -> None:
        """What was typed has gone out with a click: a redraw loses nothing of it any more."""
        self._not_sent.pop(viewer, None)

    def state(self, viewer: str) -> Json:
        """`state.values` as it goes with a click."""
        values: Json = {}
        for block, one in elements(self.blocks):
            kind = one["type"]
            if kind in STATE:
                given = {"type": kind, STATE[kind][0]: self.value(viewer, block, one)}
                values.setdefault(block["block_id"], {})[one["action_id"]] = given
        return values

    def asked(self) -> Iterator[tuple[str, Json, Json]]:
        """(label, block, element) of each input block."""
        for block in self.blocks:
            if block["type"] == "input":
                yield block["label"]["text"], block, block["element"]
            for inside in block.get("child_blocks", ()):
                if inside["type"] == "input":
                    yield inside["label"]["text"], inside, inside["element"]

    def field(self, label: str) -> tuple[Json, Json] | None:
        return next(((block, one) for words, block, one in self.asked() if says(words, label)), None)

    def button(self, label: str) -> tuple[Json, Json] | None:
        found = (pair for pair in elements(self.blocks) if pair[1]["type"] in PRESSED)
        return next((pair for pair in found if says(label_of(pair[1]), label)), None)

    def option(self, label: str) -> tuple[Json, Json, Json] | None:
        for block, one in elements(self.blocks):
            if one["type"] in CHOSEN:
                for option in options_of(one):
                    if says(option["text"]["text"], label):
                        return block, one, option
        return None

    @property
    def buttons(self) -> list[str]:
        return [label_of(one) for _, one in elements(self.blocks) if one["type"] in PRESSED]

    @property
    def menu(self) -> list[str]:
        """The labels inside overflow menus and selects."""
        chosen = [one for _, one in elements(self.blocks) if one["type"] in CHOSEN]
        return [option["text"]["text"] for one in chosen for option in options_of(one)]

    @property
    def inputs(self) -> dict[str, Any]:
        """label -> what stands in it."""
        return {label: self.value(self.viewer, block, one) for label, block, one in self.asked()}

    @property
    def words(self) -> str:
        """Everything a person can read here, one piece a line, the words in its inputs included."""
        lines: list[str] = []
        for block in self.blocks:
            lines += words_of(block)
            if block["type"] == "input" and isinstance(value := self.value(self.viewer, block, block["element"]), str):
                lines.append(value)
        return "\n".join(lines)


def options_of(element: Json) -> list[Json]:
    grouped = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return list(element.get("options", ())) + grouped
