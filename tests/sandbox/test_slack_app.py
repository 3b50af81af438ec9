"""A real slack-bolt app takes the sandbox for Slack. The app below is what the other tests of the sandbox use too."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.serving import serve
from sandbox.slack import File, Slack

ids = itertools.count(1)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def card(words: str, *, fresh: bool = True, draft: str | None = None) -> list[dict[str, Any]]:
    """A card like the product's: a draft, two buttons and a menu."""
    number = next(ids) if fresh else 0
    field_ = {"type": "plain_text_input", "action_id": f"draft-{number}", "initial_value": draft or f"Hi {words}"}
    options = [{"text": plain(label), "value": label} for label in ("Wrong number", "Opt out")]
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{words}*"}},
        {"type": "input", "block_id": f"card-{number}", "label": plain("Message"), "element": field_},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "action_id": "send", "text": plain("Send"), "value": words, "style": "primary"},
                {"type": "button", "action_id": "skip", "text": plain("Skip"), "value": words},
                {"type": "overflow", "action_id": "more", "options": options},
            ],
        },
    ]


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "new",
    "title": plain("New campaign"),
    "submit": plain("Create"),
    "private_metadata": "kept",
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": plain("Name"),
            "element": {"type": "plain_text_input", "action_id": "v"},
        },
        {
            "type": "input",
            "block_id": "csv",
            "optional": True,
            "label": plain("Contacts (CSV)"),
            "element": {"type": "file_input", "action_id": "v", "filetypes": ["csv"], "max_files": 1},
        },
    ],
}


@dataclass
class Tiny:
    """The app: what it was told, and what it will answer."""

    bolt: AsyncApp
    client: AsyncWebClient
    told: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    signed: list[bool] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)  # answers in place of Bolt's, first come first served
    modal_answer: dict[str, Any] = field(default_factory=dict)


def _listen(tiny: Tiny, http: aiohttp.ClientSession) -> None:
    app = tiny.bolt

    @app.command("/text")
    async def text(ack: Any, command: Any) -> None:
        tiny.told.append(command)
        await ack(f"You said {command['text']}")
        await tiny.client.chat_postMessage(channel=command["user_id"], text="a card", blocks=card("Ann"))

    @app.command("/new")
    async def new(ack: Any, command: Any) -> None:
        await ack()
        await tiny.client.views_open(trigger_id=command["trigger_id"], view=MODAL)

    @app.action("send")
    async def send(ack: Any, body: Any) -> None:
        tiny.told.append(body)
        await ack()
        answer = {"replace_original": True, "text": "next", "blocks": card("Bob")}
        async with http.post(body["response_url"], json=answer) as response:
            assert response.status == 200, await response.text()

    @app.action("more")
    async def more(ack: Any, body: Any) -> None:
        tiny.told.append(body)
        await ack()

    @app.view("new")
    async def submitted(ack: Any, body: Any) -> None:
        tiny.told.append(body)
        await ack(**tiny.modal_answer)

    @app.view_closed("new")
    async def closed(ack: Any, body: Any) -> None:
        tiny.told.append(body)
        await ack()

    @app.event("message")
    async def message(event: Any) -> None:
        tiny.told.append(event)

    @app.event("app_home_opened")
    async def home(event: Any) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Welcome"}}]
        await tiny.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})


@asynccontextmanager
async def workspace(**options: Any) -> AsyncIterator[tuple[Slack, Tiny]]:
    """A sandbox Slack with the tiny app installed in it, both over HTTP."""
    slack = Slack(**options)
    async with serve(slack.app) as slack.url, aiohttp.ClientSession() as http:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url + "/api/")
        # A listener ends before Slack has its answer: nobody need guess how long it goes on afterwards.
        bolt = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)
        tiny = Tiny(bolt, client)
        _listen(tiny, http)
        handler = AsyncSlackRequestHandler(tiny.bolt)
        verifier = SignatureVerifier(slack.signing_secret)

        async def events(request: Request) -> Response:
            tiny.headers.append(dict(request.headers))
            tiny.signed.append(verifier.is_valid_request(await request.body(), dict(request.headers)))
            body = await request.body()
            if b"app_rate_limited" in body:
                tiny.told.append({"type": "app_rate_limited"})
            if tiny.statuses and (status := tiny.statuses.pop(0)) != 200:
                return PlainTextResponse("no", status)
            return await handler.handle(request)

        async with serve(Starlette(routes=[Route("/slack/events", events, methods=["POST"])])) as address:
            slack.request_url = address + "/slack/events"
            try:
                yield slack, tiny
            finally:
                await slack.aclose()


@pytest.fixture
async def opened() -> AsyncIterator[tuple[Slack, Tiny]]:
    async with workspace() as both:
        yield both


async def test_a_command_is_signed_and_its_answer_is_seen_by_the_one_who_typed_it(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")

    answer = await priya.types("/text Fall & winter")

    assert answer is not None
    assert answer.text == "You said Fall &amp; winter"
    assert priya.ephemerals == [answer]
    assert app.signed[0]
    assert app.told[0]["channel_name"] == "directmessage"


async def test_people_channels_and_groups_come_as_ids_in_a_command(opened):
    slack, app = opened
    priya, sam = slack.person("Priya Shah"), slack.person("Sam Lee")
    field_team, everyone = slack.channel("field", sam), slack.group("canvass", sam)

    await priya.types("/text Fall @sam #field @canvass @nobody a@b.org", in_=field_team)

    assert app.told[0]["text"] == (
        f"Fall <@{sam.id}|sam> <#{field_team.id}|field> <!subteam^{everyone.id}|@canvass>"
        " @nobody <mailto:a@b.org|a@b.org>"
    )
    assert app.told[0]["channel_id"] == field_team.id


async def test_a_click_carries_the_draft_and_the_next_card_takes_its_place(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/text")
    await slack.settle()
    ann = priya.card
    assert ann.inputs == {"Message": "Hi Ann"}

    priya.edits("Message", "Hello Ann!")
    await priya.presses("Send")
    await slack.settle()

    click = next(told for told in app.told if "actions" in told)
    assert [v["value"] for block in click["state"]["values"].values() for v in block.values()] == ["Hello Ann!"]
    assert priya.card is ann
    assert priya.card.inputs == {"Message": "Hi Bob"}
    assert "*Bob*" in priya.card.words
    assert priya.lost_words == []
    assert slack.count("response_url") == 1
    assert slack.count("chat.update") == 0


async def test_a_menu_sends_the_option_that_was_chosen(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/text")
    await slack.settle()

    await priya.chooses("Wrong number")

    click = next(told for told in app.told if "actions" in told)
    assert click["actions"][0]["selected_option"]["value"] == "Wrong number"
    assert click["container"]["message_ts"] == priya.card.ts


async def test_a_button_that_is_not_there_cannot_be_pressed(opened):
    slack, _ = opened
    priya = slack.person("Priya Shah")
    await priya.types("/text")
    await slack.settle()

    with pytest.raises(AssertionError, match=r"(?s)no button 'Undo'.*Hi Ann.*\[Send\] \[Skip\]"):
        await priya.presses("Undo")


async def test_an_app_that_fails_or_dawdles_shows_as_slack_shows_it(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    app.statuses = [500]

    assert (await priya.types("/text")).text == "/text failed with the error “dispatch_failed”"

    slack.delivery.ack_timeout = 0.0001
    assert (await priya.types("/text")).text == "/text failed with the error “operation_timeout”"


async def test_a_modal_takes_its_fields_and_a_file(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/new")
    await slack.settle()
    assert (priya.modal.title, priya.modal.fields) == ("New campaign", ["Name", "Contacts (CSV)"])

    await priya.submits({"Contacts (CSV)": File("list.csv", b"phone\n+1")}, Name="Fall")

    assert priya.modal is None
    values = app.told[-1]["view"]["state"]["values"]
    assert values["name"]["v"] == {"type": "plain_text_input", "value": "Fall"}
    sent = values["csv"]["v"]["files"][0]
    assert (sent["name"], sent["size"], sent["mimetype"]) == ("list.csv", 8, "text/csv")
    assert app.told[-1]["view"]["private_metadata"] == "kept"


async def test_a_required_field_left_empty_stops_in_the_client(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/new")
    await slack.settle()

    with pytest.raises(AssertionError, match="'Name'"):
        await priya.submits()

    assert list(priya.modal.errors) == ["Name"]
    assert app.told == []


async def test_errors_keep_the_modal_open_and_an_unknown_block_is_trouble(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/new")
    await slack.settle()

    app.modal_answer = {"response_action": "errors", "errors": {"name": "Taken"}}
    modal = await priya.submits(Name="Fall")
    assert modal.errors == {"Name": "Taken"}

    app.modal_answer = {"response_action": "errors", "errors": {"nam": "Taken"}}
    await priya.submits()
    assert priya.modal.trouble
    assert len(priya.warnings) == 1


async def test_an_update_shows_the_next_view_and_old_ids_keep_the_typed_words(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/new")
    await slack.settle()
    app.modal_answer = {"response_action": "update", "view": {**MODAL, "title": plain("Second")}}

    modal = await priya.submits(Name="Fall")

    assert modal.title == "Second"
    assert modal.inputs["Name"] == "Fall"

    app.modal_answer = {"response_action": "update", "view": {**MODAL, "title": plain("x" * 25)}}
    await priya.submits()
    assert priya.modal.title == "Second"
    assert priya.modal.trouble


async def test_pushing_and_clearing_stack_modals_and_closing_is_told(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/new")
    await slack.settle()
    app.modal_answer = {"response_action": "push", "view": {**MODAL, "title": plain("Deeper")}}
    assert (await priya.submits(Name="a")).title == "Deeper"

    await priya.cancels()
    assert app.told[-1]["type"] == "view_closed"
    assert priya.modal.title == "New campaign"

    app.modal_answer = {"response_action": "clear"}
    assert await priya.submits() is None


async def test_each_token_is_for_its_own_methods(opened):
    slack, app = opened
    answer = await app.client.apps_connections_open(app_token=slack.app_token)
    assert answer["url"].startswith("ws")
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await app.client.apps_connections_open(app_token=slack.bot_token)
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await app.client.auth_test(token=slack.app_token)
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await app.client.apps_connections_open(app_token="xapp-another")


async def test_home_is_published_when_it_is_opened(opened):
    slack, _ = opened
    priya = slack.person("Priya Shah")

    await priya.opens_home()
    await slack.settle()

    assert "Welcome" in priya.home.words


async def test_words_typed_in_a_thread_come_as_slack_writes_them(opened):
    slack, app = opened
    slack.echo_own_posts = False
    priya = slack.person("Priya Shah")
    root = await app.client.chat_postMessage(channel=priya.id, text="Ann: who is this?")

    message = priya.dm.by_ts[root["ts"]]
    await priya.writes("Tom & <you> 😊 see https://x.org/a, or x.org", in_=message)
    await slack.settle()

    event = app.told[-1]
    assert event["text"] == "Tom &amp; &lt;you&gt; :blush: see <https://x.org/a>, or <http://x.org|x.org>"
    assert (event["thread_ts"], event["channel_type"]) == (root["ts"], "im")
    assert priya.threads == [message]
    assert [reply.text for reply in message.replies] == [event["text"]]


async def test_edits_deletions_and_broadcasts_come_with_their_subtypes(opened):
    slack, app = opened
    slack.echo_own_posts = False
    priya = slack.person("Priya Shah")
    root = await app.client.chat_postMessage(channel=priya.id, text="root")
    typed = await priya.writes("one", in_=priya.dm.by_ts[root["ts"]], broadcast=True)

    await priya.edits_message(typed, "two")
    await priya.deletes_message(typed)
    await slack.settle()

    told = [event.get("subtype") for event in app.told]
    assert told == ["thread_broadcast", "message_changed", "message_changed", "message_deleted"]
    assert app.told[2]["previous_message"]["text"] == "one"
    assert app.told[2]["message"]["text"] == "two"
    assert typed not in priya.dm.messages


async def test_a_command_in_a_thread_goes_nowhere(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    root = await priya.writes("hello")

    await priya.writes("/text Fall", in_=root)

    assert priya.warnings == ["/text is not supported in threads. Sorry!"]
    assert [event["text"] for event in app.told] == ["hello"]


async def test_the_request_address_is_verified(opened):
    slack, _ = opened
    assert await slack.verify_url()


async def test_a_wrong_token_an_unknown_method_and_a_missing_scope_are_refused(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    stranger = AsyncWebClient(token="xoxb-other", base_url=slack.url + "/api/")
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await stranger.auth_test()
    with pytest.raises(SlackApiError, match="unknown_method"):
        await app.client.api_call("chat.postMesage")

    slack.scopes = {"im:write"}
    with pytest.raises(SlackApiError) as refusal:
        await app.client.chat_postMessage(channel=priya.id, text="hi")
    assert (refusal.value.response["needed"], refusal.value.response["provided"]) == ("chat:write", "im:write")
    assert (await app.client.auth_test()).headers["x-oauth-scopes"] == "im:write"


async def test_a_post_to_a_user_opens_her_direct_message_but_an_update_wants_the_channel(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")

    posted = await app.client.chat_postMessage(channel=priya.id, text="hi")

    assert posted["channel"] == priya.dm.id
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await app.client.chat_update(channel=priya.id, ts=posted["ts"], text="ho")
    with pytest.raises(SlackApiError, match="msg_too_long"):
        await app.client.chat_update(channel=posted["channel"], ts=posted["ts"], text="x" * 4001)


async def test_members_come_by_pages(opened):
    slack, app = opened
    crowd = [slack.person(f"P{n} Q") for n in range(5)]
    channel = slack.channel("field", *crowd)

    found: list[str] = []
    async for page in await app.client.conversations_members(channel=channel.id, limit=2):
        assert len(page["members"]) <= 2
        found += page["members"]

    assert found[:5] == [one.id for one in crowd]
    assert slack.count("conversations.members") == 3
