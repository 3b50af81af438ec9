"""What Slack refuses in blocks and views, as tables.

`RULES` names each type's fields; a rule takes (value, path, check) and notes what is wrong in `check.problems`, in
Slack's own form: "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]".
"""

from collections.abc import Callable, Collection
from typing import Any

from sandbox.slack import rules as r
from sandbox.slack.rules import Check, Rule

BUTTON_STYLES = ("primary", "danger")
SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS = tuple("multi_" + name for name in SELECTS)
PICKERS = ("datepicker", "timepicker", "datetimepicker")
CHOICES = ("checkboxes", "radio_buttons")
ACTION_ELEMENTS = ("button", "overflow", "workflow_button", *CHOICES, *PICKERS, *SELECTS, *MULTI_SELECTS)
ACCESSORIES = (*ACTION_ELEMENTS, "image")
TEXT_INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input")
INPUT_ELEMENTS = (*TEXT_INPUTS, "file_input", *CHOICES, *PICKERS, *SELECTS, *MULTI_SELECTS)

ANYWHERE = ("message", "modal", "home")
SURFACES: dict[str, tuple[str, ...]] = {
    "section": ANYWHERE,
    "header": ANYWHERE,
    "divider": ANYWHERE,
    "image": ANYWHERE,
    "actions": ANYWHERE,
    "context": ANYWHERE,
    "input": ANYWHERE,
    "rich_text": ANYWHERE,
    "video": ANYWHERE,
    "markdown": ("message",),
    "context_actions": ("message",),
    "table": ("message",),
    "data_table": ("message",),
    "data_visualization": ("message",),
    "card": ("message",),
    "carousel": ("message",),
    "container": ("message",),
    "alert": ("modal", "message"),
}
BLOCK_LIMIT = {"message": 50, "modal": 100, "home": 100}
MAY_APPEAR = {"data_visualization": 2, "table": 1}

CONFIRM: dict[str, Rule] = {
    "!title": r.text(100, plain=True),
    "!text": r.text(300),
    "!confirm": r.text(30, plain=True),
    "!deny": r.text(30, plain=True),
    "style": r.one_of(*BUTTON_STYLES),
}
OPTION: dict[str, Rule] = {
    "!text": r.text(75),
    "!value": r.string(150, least=1),
    "description": r.text(75),
    "url": r.string(3000),
}
PLAIN_OPTION = {**OPTION, "!text": r.text(75, plain=True), "description": r.text(75, plain=True)}
GROUP: dict[str, Rule] = {"!label": r.text(75, plain=True), "!options": r.many(r.shape(PLAIN_OPTION), 1, 100)}
FILTER: dict[str, Rule] = {
    "include": r.many(r.one_of("im", "mpim", "private", "public"), 1, 4),
    "exclude_external_shared_channels": r.boolean,
    "exclude_bot_users": r.boolean,
}
DISPATCH: dict[str, Rule] = {"trigger_actions_on": r.many(r.one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
SLACK_FILE: dict[str, Rule] = {"id": r.string(255), "url": r.string(3000)}

_asks: dict[str, Rule] = {
    "action_id": r.string(255, least=1),
    "confirm": r.shape(CONFIRM),
    "focus_on_load": r.boolean,
}
_placeholder: dict[str, Rule] = {"placeholder": r.text(150, plain=True)}
_select = {**_asks, **_placeholder}
_several: dict[str, Rule] = {"max_selected_items": r.number(1, None)}
_static: dict[str, Rule] = {
    "options": r.many(r.shape(PLAIN_OPTION), 1, 100),
    "option_groups": r.many(r.shape(GROUP), 1, 100),
}
_typed: dict[str, Rule] = {
    "action_id": r.string(255, least=1),
    "focus_on_load": r.boolean,
    "dispatch_action_config": r.shape(DISPATCH),
    **_placeholder,
}


def _slack_file(value: Any, path: str, check: Check) -> None:
    r.shape(SLACK_FILE)(value, path, check)
    if isinstance(value, dict):
        r.exactly_one("id", "url")(value, path, check)


_image: dict[str, Rule] = {"!alt_text": r.string(2000), "image_url": r.web_address(3000), "slack_file": _slack_file}
_one_picture = r.exactly_one("image_url", "slack_file")

ELEMENTS: dict[str, tuple[dict[str, Rule], Callable[[dict[str, Any], str, Check], None] | None]] = {
    "button": (
        {
            "action_id": r.string(255, least=1),
            "!text": r.text(75, plain=True),
            "value": r.string(2000),
            "url": r.url(3000),
            "style": r.one_of(*BUTTON_STYLES),
            "confirm": r.shape(CONFIRM),
            "accessibility_label": r.string(75),
        },
        None,
    ),
    "overflow": (
        {
            "action_id": r.string(255, least=1),
            "!options": r.many(r.shape(PLAIN_OPTION), 1, 5),
            "confirm": r.shape(CONFIRM),
        },
        None,
    ),
    "static_select": ({**_select, **_static, "initial_option": r.shape(PLAIN_OPTION)}, r.options_exclusive),
    "multi_static_select": (
        {**_select, **_static, **_several, "initial_options": r.many(r.shape(PLAIN_OPTION), 1, 100)},
        r.options_exclusive,
    ),
    "external_select": (
        {**_select, "min_query_length": r.number(0, None), "initial_option": r.shape(PLAIN_OPTION)},
        None,
    ),
    "multi_external_select": (
        {
            **_select,
            **_several,
            "min_query_length": r.number(0, None),
            "initial_options": r.many(r.shape(PLAIN_OPTION), 1, 100),
        },
        None,
    ),
    "users_select": ({**_select, "initial_user": r.string(255, least=1)}, None),
    "multi_users_select": ({**_select, **_several, "initial_users": r.many(r.string(255, least=1), 1, None)}, None),
    "conversations_select": (
        {
            **_select,
            "initial_conversation": r.string(255, least=1),
            "default_to_current_conversation": r.boolean,
            "response_url_enabled": r.boolean,
            "filter": r.shape(FILTER),
        },
        r.response_url_in_modals,
    ),
    "multi_conversations_select": (
        {
            **_select,
            **_several,
            "initial_conversations": r.many(r.string(255, least=1), 1, None),
            "default_to_current_conversation": r.boolean,
            "filter": r.shape(FILTER),
        },
        None,
    ),
    "channels_select": (
        {**_select, "initial_channel": r.string(255, least=1), "response_url_enabled": r.boolean},
        r.response_url_in_modals,
    ),
    "multi_channels_select": (
        {**_select, **_several, "initial_channels": r.many(r.string(255, least=1), 1, None)},
        None,
    ),
    "checkboxes": (
        {**_asks, "!options": r.many(r.shape(OPTION), 1, 10), "initial_options": r.many(r.shape(OPTION), 1, 10)},
        r.initial_among_options,
    ),
    "radio_buttons": (
        {**_asks, "!options": r.many(r.shape(OPTION), 1, 10), "initial_option": r.shape(OPTION)},
        r.initial_among_options,
    ),
    "datepicker": ({**_select, "initial_date": r.pattern(r"\d{4}-\d\d-\d\d", "a date as YYYY-MM-DD")}, None),
    "timepicker": (
        {**_select, "initial_time": r.pattern(r"\d\d:\d\d", "a time as HH:mm"), "timezone": r.string(255)},
        None,
    ),
    "datetimepicker": ({**_asks, "initial_date_time": r.number(1_000_000_000, 9_999_999_999)}, None),
    "image": (_image, _one_picture),
    "plain_text_input": (
        {
            **_typed,
            "initial_value": r.string(3000),
            "multiline": r.boolean,
            "min_length": r.number(0, 3000),
            "max_length": r.number(1, 3000),
        },
        r.lengths_in_order,
    ),
    "rich_text_input": ({**_typed, "initial_value": r.anything}, None),
    "email_text_input": ({**_typed, "initial_value": r.string(3000)}, None),
    "url_text_input": ({**_typed, "initial_value": r.string(3000)}, None),
    "number_input": (
        {
            **_typed,
            "!is_decimal_allowed": r.boolean,
            "initial_value": r.string(255),
            "min_value": r.string(255),
            "max_value": r.string(255),
        },
        None,
    ),
    "file_input": (
        {
            "action_id": r.string(255, least=1),
            "filetypes": r.many(r.string(20, least=1), 1, None),
            "max_files": r.number(1, 10),
        },
        r.only_in_modals,
    ),
    "workflow_button": (
        {
            "!action_id": r.string(255, least=1),
            "!text": r.text(75, plain=True),
            "!workflow": r.anything,
            "style": r.one_of(*BUTTON_STYLES),
            "accessibility_label": r.string(75),
        },
        None,
    ),
    "feedback_buttons": (
        {"action_id": r.string(255), "!positive_button": r.anything, "!negative_button": r.anything},
        None,
    ),
    "icon_button": (
        {
            "action_id": r.string(255),
            "!icon": r.one_of("trash"),
            "!text": r.text(75, plain=True),
            "value": r.string(2000),
            "confirm": r.shape(CONFIRM),
            "accessibility_label": r.string(75),
            "visible_to_user_ids": r.many(r.string(255), 1, 10),
        },
        None,
    ),
}


def element(*types: str) -> Rule:
    """One interactive element, of one of these types."""
    allowed = frozenset(types)

    def rule(value: Any, path: str, check: Check) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind in ("plain_text", "mrkdwn") and kind in allowed:
            return TEXT(value, path, check)
        if kind not in allowed or kind not in ELEMENTS:
            return check.note(f"unsupported type: {kind}", f"{path}/type" if isinstance(value, dict) else path)
        fields, also = ELEMENTS[kind]
        r.fields(value, fields, path, check)
        if also:
            also(value, path, check)
        action_id = value.get("action_id")
        if action_id:
            check.saw_action(action_id, path)

    return rule


TEXT = r.text(3000)
_picture = element("image")

BLOCKS: dict[str, tuple[dict[str, Rule], Callable[[dict[str, Any], str, Check], None] | None]] = {
    "section": (
        {
            "text": r.text(3000),
            "fields": r.many(r.text(2000), 1, 10),
            "accessory": element(*ACCESSORIES),
            "expand": r.boolean,
        },
        r.at_least_one("text", "fields"),
    ),
    "header": ({"!text": r.text(150, plain=True), "level": r.number(1, 4)}, None),
    "divider": ({}, None),
    "image": ({**_image, "title": r.text(2000, plain=True)}, _one_picture),
    "actions": ({"!elements": r.many(element(*ACTION_ELEMENTS), 1, 25)}, None),
    "context": ({"!elements": r.many(element("image", "plain_text", "mrkdwn"), 1, 10)}, None),
    "context_actions": ({"!elements": r.many(element("feedback_buttons", "icon_button"), 1, 5)}, None),
    "input": (
        {
            "!label": r.text(2000, plain=True),
            "!element": element(*INPUT_ELEMENTS),
            "hint": r.text(2000, plain=True),
            "optional": r.boolean,
            "dispatch_action": r.boolean,
        },
        None,
    ),
    "rich_text": ({"!elements": r.many(r.anything, 1, None)}, None),
    "markdown": ({"!text": r.string(12000, least=1)}, None),
    "video": (
        {
            "!alt_text": r.string(2000),
            "!title": r.text(200, plain=True),
            "!video_url": r.url(3000),
            "!thumbnail_url": r.url(3000),
            "title_url": r.url(3000),
            "author_name": r.string(50),
            "description": r.text(200, plain=True),
            "provider_name": r.string(50),
            "provider_icon_url": r.url(3000),
        },
        None,
    ),
    "alert": (
        {"!text": r.text(200), "level": r.one_of("default", "info", "warning", "error", "success")},
        None,
    ),
    "card": (
        {
            "title": r.text(150),
            "subtitle": r.text(150),
            "body": r.text(200),
            "subtext": r.text(200),
            "hero_image": _picture,
            "icon": _picture,
            "actions": r.many(element("button"), 1, 3),
        },
        r.at_least_one("hero_image", "title", "actions", "body"),
    ),
    "table": (
        {"!rows": r.many(r.many(r.cell, 1, 20), 1, 100), "column_settings": r.many(r.anything, 1, 20)},
        None,
    ),
    "data_table": (
        {
            "!caption": r.string(3000, least=1),
            "!rows": r.many(r.many(r.cell, 1, 20), 2, 201),
            "page_size": r.number(1, 100),
            "row_header_column_index": r.number(0, 19),
        },
        r.table_is_square,
    ),
    "data_visualization": ({"!title": r.string(50, least=1), "!chart": r.chart}, None),
}


def block(value: Any, path: str, check: Check) -> None:
    """One block, on the surface that is being checked."""
    kind = value.get("type") if isinstance(value, dict) else None
    known = isinstance(kind, str) and kind in BLOCKS and kind not in check.lacking
    if not known or check.surface not in SURFACES[str(kind)]:
        return check.note(f"unsupported type: {kind}", f"{path}/type" if isinstance(value, dict) else path)
    rules, also = BLOCKS[str(kind)]
    check.enter_block(value, str(kind), path)
    r.fields(value, rules, path, check)
    if also:
        also(value, path, check)


BLOCKS["carousel"] = ({"!elements": r.many(block, 1, 10)}, None)
BLOCKS["container"] = (
    {
        "!child_blocks": r.many(block, 1, 10),
        "title": r.text(150, plain=True),
        "rich_text_title": r.anything,
        "subtitle": r.text(150),
        "icon": _picture,
        "width": r.one_of("narrow", "standard", "wide", "full"),
        "is_collapsible": r.boolean,
        "default_collapsed": r.boolean,
        "has_header_divider": r.boolean,
    },
    r.at_least_one("title", "rich_text_title"),
)
for _kind, (_fields, _also) in list(BLOCKS.items()):
    BLOCKS[_kind] = ({**_fields, "block_id": r.string(255, least=1)}, _also)


def problems_in(blocks: Any, surface: str = "message", *, lacking: Collection[str] = ()) -> list[str]:
    """Everything Slack would refuse in these blocks; empty when it would take them.

    `lacking` are types that a workspace does not have.
    """
    check = Check(surface, lacking)
    if not isinstance(blocks, list):
        check.note("must be an array", "/blocks")
        return check.problems
    if len(blocks) > BLOCK_LIMIT[surface]:
        check.note(f"no more than {BLOCK_LIMIT[surface]} items allowed", "/blocks")
    for index, one in enumerate(blocks):
        block(one, f"/blocks/{index}", check)
    for kind, most in MAY_APPEAR.items():
        if check.kinds.get(kind, 0) > most:
            check.note(f"no more than {most} {kind} blocks allowed", "/blocks")
    return check.problems


_named: dict[str, Rule] = {
    "!blocks": r.anything,
    "type": r.anything,
    "private_metadata": r.string(3000),
    "callback_id": r.string(255),
    "external_id": r.string(255),
}
VIEWS: dict[str, dict[str, Rule]] = {
    "modal": {
        **_named,
        "!title": r.text(24, plain=True),
        "close": r.text(24, plain=True),
        "submit": r.text(24, plain=True),
        "clear_on_close": r.boolean,
        "notify_on_close": r.boolean,
        "submit_disabled": r.boolean,
    },
    "home": _named,
}


def problems_in_view(view: Any, wanted: str | None = None) -> list[str]:
    """Everything Slack would refuse in a view; `wanted` is the type that the method takes."""
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in VIEWS or (wanted and kind != wanted):
        return [f"[ERROR] unsupported type: {kind} [json-pointer:/type]"]
    check = Check(str(kind))
    r.fields(view, VIEWS[str(kind)], "", check)
    problems = check.problems + (problems_in(view["blocks"], str(kind)) if "blocks" in view else [])
    if not problems and kind == "modal" and "submit" not in view and any(b["type"] == "input" for b in view["blocks"]):
        problems.append("[ERROR] missing required field: submit [json-pointer:]")
    return problems
