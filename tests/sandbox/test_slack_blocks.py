"""The block checker against Slack's documented limits and against two libraries that know part of them."""

import json
from collections.abc import Callable
from typing import Any

import blockkit
import pytest
import slackblocks
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import blocks as sdk

from sandbox.slack.blocks import problems_in, problems_in_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "x", **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(text: str = "Go", **more: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def field(**element: Any) -> Json:
    return {
        "type": "input",
        "label": plain("L"),
        "element": {"type": "plain_text_input", "action_id": "v", **element},
    }


def option(text: str = "o", value: str = "v") -> Json:
    return {"text": plain(text), "value": value}


def menu(kind: str, *options: Json, **more: Any) -> Json:
    return {"type": kind, "action_id": "m", "options": list(options), **more}


def week(name: str = "Sent") -> Json:
    return {"name": name, "data": [{"label": day, "value": n} for n, day in enumerate(("Mon", "Tue"))]}


def line(**changed: Any) -> Json:
    chart = {"type": "line", "series": [week()], "axis_config": {"categories": ["Mon", "Tue"]}}
    return {"type": "data_visualization", "title": "Texts", "chart": {**chart, **changed}}


def pie(slices: int) -> Json:
    chart = {"type": "pie", "segments": [{"label": f"{n}", "value": 1} for n in range(slices)]}
    return {"type": "data_visualization", "title": "Texts", "chart": chart}


CONFIRM = {"title": plain("Sure?"), "text": plain("No way back"), "confirm": plain("Yes"), "deny": plain("No")}

REFUSED: dict[str, tuple[list[Json], str]] = {
    "empty text": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "long section": ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "mrkdwn header": ([{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151"),
    "empty section": ([{"type": "section"}], "must provide one of: text, fields"),
    "unknown block": ([{"type": "sektion"}], "unsupported type: sektion [json-pointer:/blocks/0/type]"),
    "unknown property": ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    "emoji on mrkdwn": ([{"type": "section", "text": {**mrkdwn("x"), "emoji": True}}], "property: emoji"),
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "same block_id": ([section(block_id="a"), section(block_id="a")], "already exists"),
    "long block_id": ([section(block_id="a" * 256)], "must be less than 256"),
    "same action_id": ([actions(button(), button())], "already exists for the block"),
    "no elements": ([actions()], "no less than 1 items"),
    "26 buttons": ([actions(*(button(action_id=f"{n}") for n in range(26)))], "no more than 25 items"),
    "long button": ([actions(button("x" * 76))], "/blocks/0/elements/0/text/text"),
    "button style": ([actions(button(style="default"))], "must be one of: primary, danger"),
    "long value": ([actions(button(value="x" * 2001))], "must be less than 2001"),
    "mrkdwn button": ([actions({"type": "button", "text": mrkdwn("x")})], "unsupported type: mrkdwn"),
    "confirm without deny": (
        [actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"}))],
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "six in the overflow": ([actions(menu("overflow", *[option()] * 6))], "no more than 5 items"),
    "empty overflow": ([actions(menu("overflow"))], "no less than 1 items"),
    "101 options": ([actions(menu("static_select", *[option()] * 101))], "no more than 100 items"),
    "long option": ([actions(menu("static_select", option("x" * 76)))], "must be less than 76"),
    "long option value": ([actions(menu("static_select", option(value="x" * 151)))], "must be less than 151"),
    "stranger as initial option": (
        [actions(menu("static_select", option(), initial_option=option("other")))],
        "must exactly match",
    ),
    "11 in a context": ([{"type": "context", "elements": [mrkdwn("x")] * 11}], "no more than 10 items"),
    "button in a context": ([{"type": "context", "elements": [button()]}], "unsupported type: button"),
    "input as accessory": (
        [section(accessory={"type": "plain_text_input", "action_id": "v"})],
        "unsupported type: plain_text_input",
    ),
    "long draft": ([field(initial_value="x" * 3001)], "must be less than 3001"),
    "long placeholder": ([field(placeholder=plain("x" * 151))], "must be less than 151"),
    "max_length 3001": ([field(max_length=3001)], "must be between 1 and 3000"),
    "lengths crossed": ([field(min_length=9, max_length=3)], "min_length must not be more"),
    "file_input in a message": (
        [{"type": "input", "label": plain("L"), "element": {"type": "file_input", "action_id": "f"}}],
        "unsupported type: file_input",
    ),
    "picture without words": ([{"type": "image", "image_url": "https://x.org/a.png"}], "missing required field: alt_t"),
    "three charts": ([line(), line(), line()], "no more than 2 data_visualization"),
    "long chart title": ([{**line(), "title": "x" * 51}], "must be less than 51"),
    "seven slices": ([pie(7)], "no more than 6 items allowed [json-pointer:/blocks/0/chart/segments]"),
    "a pie with axes": ([line(type="pie")], "invalid additional property: series"),
    "seven series": ([line(series=[week(f"{n}") for n in range(7)])], "no more than 6 items allowed [json-pointer:/bl"),
    "a point missing": ([line(axis_config={"categories": ["Mon", "Tue", "Wed"]})], "exactly one point for every"),
    "a table of one row": (
        [{"type": "data_table", "caption": "t", "rows": [[{"type": "raw_text", "text": "a"}]]}],
        "no less than 2 items",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_message_is_refused_for(name):
    blocks, why = REFUSED[name]
    problems = problems_in(blocks)
    assert len(problems) >= 1
    assert any(why in problem for problem in problems), problems


def test_a_workspace_may_lack_a_block_that_others_have():
    assert problems_in([line(series=[week(f"{n}") for n in range(6)]), pie(6)]) == []
    assert problems_in([line()], lacking={"data_visualization"}) == [
        "[ERROR] unsupported type: data_visualization [json-pointer:/blocks/0/type]"
    ]


def test_a_full_and_valid_message_passes():
    blocks = [
        {"type": "header", "text": {**plain("Hello"), "emoji": True}},
        section("x" * 3000, accessory=menu("overflow", option()), block_id="a" * 255),
        {"type": "section", "fields": [mrkdwn("a"), plain("b")]},
        actions(button(style="primary", confirm=CONFIRM, value="x" * 2000), button(action_id="b", url="https://x.org")),
        actions(menu("static_select", option(), option("b", "w"), initial_option=option(), placeholder=plain("Pick"))),
        field(initial_value="x" * 3000, multiline=True, max_length=3000, focus_on_load=True),
        {
            "type": "context",
            "elements": [mrkdwn("x"), {"type": "image", "image_url": "https://x.org", "alt_text": "a"}],
        },
        {"type": "divider"},
        line(),
        {
            "type": "data_table",
            "caption": "t",
            "rows": [[{"type": "raw_text", "text": "a"}], [{"type": "raw_number", "value": 1, "text": "1"}]],
        },
    ]
    assert problems_in(blocks) == []


def view(**changed: Any) -> Json:
    return {"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": [field()], **changed}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"title": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/title/text]"),
        ({"submit": plain("x" * 25)}, "/submit/text"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001"),
        ({"blocks": [section()] * 101}, "no more than 100 items"),
        ({"blocks": [line()]}, "unsupported type: data_visualization"),
        ({"colour": "red"}, "invalid additional property: colour"),
    ],
)
def test_a_modal_is_refused(changed, why):
    assert why in "\n".join(problems_in_view(view(**changed), "modal"))


def test_a_modal_with_a_field_needs_submit_and_a_home_takes_no_title():
    without = {name: value for name, value in view().items() if name != "submit"}
    assert problems_in_view(without, "modal") == ["[ERROR] missing required field: submit [json-pointer:]"]
    assert problems_in_view({**without, "blocks": [section()]}, "modal") == []
    assert "unsupported type: modal" in problems_in_view(view(), "home")[0]
    assert "property: title" in problems_in_view({"type": "home", "title": plain("x"), "blocks": []}, "home")[0]


SDK_REFUSES: list[Callable[[], sdk.Block]] = [
    lambda: sdk.SectionBlock(text=sdk.MarkdownTextObject(text="x" * 3001)),
    lambda: sdk.SectionBlock(),
    lambda: sdk.HeaderBlock(text=sdk.PlainTextObject(text="x" * 151)),
    lambda: sdk.ActionsBlock(elements=[sdk.ButtonElement(text="x" * 76, action_id="a")]),
    lambda: sdk.ActionsBlock(elements=[sdk.ButtonElement(text="x", action_id="a", style="loud")]),
    lambda: sdk.ActionsBlock(elements=[sdk.ButtonElement(text="x", action_id="a" * 256)]),
    lambda: sdk.ContextBlock(elements=[sdk.MarkdownTextObject(text="x")] * 11),
    lambda: sdk.InputBlock(label="x" * 2001, element=sdk.PlainTextInputElement(action_id="a")),
    lambda: sdk.ImageBlock(image_url="https://x.org/" + "x" * 3000, alt_text="x"),
]


@pytest.mark.parametrize("number", range(len(SDK_REFUSES)))
def test_what_the_sdk_refuses_is_refused(number):
    block = SDK_REFUSES[number]()
    with pytest.raises(SlackObjectFormationError):
        block.to_dict()
    block.validate_json = lambda: None  # type: ignore[method-assign]
    assert problems_in(json.loads(json.dumps(unchecked(block))))


def unchecked(value: Any) -> Any:
    """An SDK object as JSON without the SDK's own checks."""
    if isinstance(value, list | tuple):
        return [unchecked(one) for one in value]
    if not hasattr(value, "attributes"):
        return value
    named = {name: unchecked(getattr(value, name, None)) for name in value.attributes}
    return {name: one for name, one in named.items() if one is not None}


def test_what_blockkit_builds_passes():
    message = (
        blockkit.Message()
        .add_block(blockkit.Header("Hello"))
        .add_block(blockkit.Section("*Ann*").accessory(blockkit.Button("Go").action_id("a").style("primary")))
        .add_block(blockkit.Input("Message").element(blockkit.PlainTextInput().action_id("m").initial_value("Hi")))
        .add_block(
            blockkit.Actions()
            .add_element(blockkit.Overflow().action_id("o").add_option(blockkit.Option("Wrong number", "wrong")))
            .add_element(blockkit.DatePicker().action_id("d"))
        )
        .add_block(blockkit.Divider())
        .add_block(blockkit.Context().add_element(blockkit.Text("17 of 50")))
    )
    assert problems_in(json.loads(json.dumps(message.build()))["blocks"]) == []


def test_what_slackblocks_builds_passes():
    select = slackblocks.StaticSelectMenu(
        action_id="s",
        placeholder="Pick",
        options=[slackblocks.Option(text=slackblocks.Text("a", slackblocks.TextType.PLAINTEXT), value="b")],
    )
    blocks = [
        slackblocks.SectionBlock("x", accessory=slackblocks.Button("Go", action_id="g", style="danger")),
        slackblocks.ActionsBlock(elements=[select]),
        slackblocks.InputBlock(label="Message", element=slackblocks.PlainTextInput(action_id="m", multiline=True)),
    ]
    assert problems_in([json.loads(str(block)) for block in blocks]) == []


@pytest.mark.parametrize(
    "build",
    [
        lambda: slackblocks.HeaderBlock("x" * 151),
        lambda: slackblocks.Option(text="x" * 76, value="v"),
        lambda: slackblocks.Button("x" * 76, action_id="a"),
        lambda: slackblocks.DataVisualizationBlock("x" * 51, slackblocks.PieChart([slackblocks.ChartSegment("a", 1)])),
        lambda: slackblocks.ChartSegment("a", 0),
    ],
)
def test_slackblocks_agrees_that_these_are_wrong(build):
    with pytest.raises(slackblocks.InvalidUsageError):
        build()
