"""Where Slack says no: rates, uses, ages, stale fields, failures. Each against the real SDK or plain HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack import File, Slack
from tests.sandbox.test_slack_app import MODAL, Tiny, card, plain, workspace


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def opened(clock: Clock) -> AsyncIterator[tuple[Slack, Tiny]]:
    async with workspace(clock=clock) as both:
        yield both


async def post(url: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
        return response.status, await response.json()


async def clicked(slack: Slack, app: Tiny, priya: Any) -> str:
    """The response_url of a click of hers on a menu."""
    await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))
    await priya.chooses("Wrong number")
    return next(told for told in reversed(app.told) if "actions" in told)["response_url"]


async def test_a_response_url_can_be_used_five_times(opened):
    slack, app = opened
    url = await clicked(slack, app, slack.person("Priya Shah"))

    answers = [await post(url, text=f"{n}", replace_original=True) for n in range(6)]

    assert answers[:5] == [(200, {"ok": True})] * 5
    assert answers[5] == (404, {"ok": False, "error": "used_url"})


async def test_a_response_url_lives_thirty_minutes(opened, clock):
    slack, app = opened
    url = await clicked(slack, app, slack.person("Priya Shah"))

    clock.now += 30 * 60
    assert (await post(url, text="in time"))[0] == 200

    clock.now += 1
    assert await post(url, text="late") == (404, {"ok": False, "error": "expired_url"})


async def test_a_refused_card_leaves_the_old_one_and_the_use(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    url = await clicked(slack, app, priya)

    status, answer = await post(url, replace_original=True, blocks=[{"type": "header", "text": plain("")}])

    assert (status, answer["error"]) == (400, "invalid_blocks")
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert "Ann" in priya.card.words
    assert [(await post(url, text="x", replace_original=False))[0] for _ in range(6)] == [200] * 5 + [404]


async def test_an_ephemeral_message_is_replaced_and_deleted_through_its_own_click(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    channel = slack.channel("field", priya)
    await app.client.chat_postEphemeral(channel=channel.id, user=priya.id, text="only you", blocks=card("Ann"))
    await priya.chooses("Opt out", on=priya.ephemerals[-1])
    click = app.told[-1]
    assert click["container"]["is_ephemeral"]
    assert "message" not in click

    await post(click["response_url"], text="changed", replace_original=True)
    assert [one.text for one in priya.ephemerals] == ["changed"]

    await post(click["response_url"], delete_original=True)
    assert priya.ephemerals == []


async def test_a_trigger_opens_one_modal_within_three_seconds(opened, clock):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.types("/text")
    await priya.types("/text")
    first, second = [told["trigger_id"] for told in app.told if "trigger_id" in told]

    await app.client.views_open(trigger_id=first, view=MODAL)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await app.client.views_open(trigger_id=first, view=MODAL)

    clock.now += 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await app.client.views_open(trigger_id=second, view=MODAL)
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await app.client.views_open(trigger_id="1.2.3", view=MODAL)


async def test_the_fifty_first_update_of_a_minute_is_told_how_long_to_wait(opened, clock):
    slack, app = opened
    slack.echo_own_posts = False
    posted = await app.client.chat_postMessage(channel=slack.person("Priya Shah").id, text="card")
    again = {"channel": posted["channel"], "ts": posted["ts"], "text": "x"}
    for _ in range(50):
        await app.client.chat_update(**again)
    clock.now += 20

    with pytest.raises(SlackApiError) as refusal:
        await app.client.chat_update(**again)

    assert refusal.value.response.status_code == 429
    assert refusal.value.response["error"] == "ratelimited"
    assert refusal.value.response.headers["Retry-After"] == "40"
    clock.now += 40
    assert (await app.client.chat_update(**again))["ok"]


async def test_posts_are_about_one_a_second_in_a_channel_after_a_small_burst(opened, clock):
    slack, app = opened
    slack.echo_own_posts = False
    priya, sam = slack.person("Priya Shah"), slack.person("Sam Lee")
    for _ in range(5):
        await app.client.chat_postMessage(channel=priya.id, text="x")

    with pytest.raises(SlackApiError) as refusal:
        await app.client.chat_postMessage(channel=priya.dm.id, text="x")

    assert refusal.value.response.headers["Retry-After"] == "1"
    assert (await app.client.chat_postMessage(channel=sam.id, text="x"))["ok"]
    clock.now += 1
    assert (await app.client.chat_postMessage(channel=priya.id, text="x"))["ok"]


async def test_the_workspace_takes_two_hundred_posts_a_minute(opened):
    slack, app = opened
    slack.echo_own_posts = False
    crowd = [slack.person(f"P{n} Q") for n in range(201)]
    for one in crowd[:200]:
        await app.client.chat_postMessage(channel=one.id, text="x")

    with pytest.raises(SlackApiError, match="ratelimited"):
        await app.client.chat_postMessage(channel=crowd[200].id, text="x")


async def test_response_urls_can_be_throttled_too(opened):
    slack, app = opened
    url = await clicked(slack, app, slack.person("Priya Shah"))
    slack.limits.response_urls_per_minute = 1

    assert (await post(url, text="one"))[0] == 200
    assert await post(url, text="two") == (429, {"ok": False, "error": "ratelimited"})


async def test_a_fresh_untouched_field_carries_its_draft(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))

    await priya.presses("Send")

    assert values(app) == ["Hi Ann"]


async def test_a_field_redrawn_under_its_old_id_sends_null(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    posted = await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann", fresh=False))
    await app.client.chat_update(channel=posted["channel"], ts=posted["ts"], blocks=card("Bob", fresh=False), text="x")

    await priya.presses("Send")

    assert values(app) == [None]


async def test_a_field_redrawn_under_its_old_id_keeps_what_was_typed_there(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    posted = await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann", fresh=False))
    priya.edits("Message", "for Ann alone")
    await app.client.chat_update(channel=posted["channel"], ts=posted["ts"], blocks=card("Bob", fresh=False), text="x")

    await priya.presses("Send")

    assert values(app) == ["for Ann alone"]


async def test_a_cleared_field_sends_null(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))
    priya.clears("Message")

    await priya.presses("Send")

    assert values(app) == [None]


async def test_a_card_redrawn_while_she_types_loses_her_words_and_that_is_seen(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    posted = await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))
    priya.edits("Message", "half a sen")

    await app.client.chat_update(channel=posted["channel"], ts=posted["ts"], blocks=card("Bob"), text="x")

    assert priya.lost_words == ["half a sen"]


def values(app: Tiny) -> list[Any]:
    click = next(told for told in reversed(app.told) if "actions" in told)
    return [one["value"] for block in click["state"]["values"].values() for one in block.values()]


async def test_the_apps_own_posts_and_edits_in_a_direct_message_come_back_to_it(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    posted = await app.client.chat_postMessage(channel=priya.id, text="one")
    await app.client.chat_update(channel=posted["channel"], ts=posted["ts"], text="two")
    await app.client.chat_postMessage(channel=slack.channel("field").id, text="not subscribed")
    await slack.settle()

    assert [(e.get("subtype"), e["channel_type"]) for e in slack_events(slack)] == [
        (None, "im"),
        ("message_changed", "im"),
    ]
    assert slack_events(slack)[0]["bot_id"]
    assert slack_events(slack)[1]["previous_message"]["text"] == "one"


def slack_events(slack: Slack) -> list[dict[str, Any]]:
    return [envelope["event"] for envelope in slack.events if "event" in envelope]


async def test_too_many_events_in_an_hour_are_dropped_and_the_app_is_told_once(opened, clock):
    slack, app = opened
    slack.events_an_hour = 10
    priya = slack.person("Priya Shah")
    for n in range(13):
        await priya.writes(f"{n}")
    await slack.settle()

    assert [event["text"] for event in slack_events(slack)] == [f"{n}" for n in range(10)]
    assert slack.delivery.dropped == 3
    assert sum(told.get("type") == "app_rate_limited" for told in app.told) == 1

    clock.now += 3601
    await priya.writes("later")
    assert slack_events(slack)[-1]["text"] == "later"


async def test_an_event_that_was_refused_comes_again_at_once_after_a_minute_and_after_five(opened, clock):
    slack, app = opened
    priya = slack.person("Priya Shah")
    app.statuses = [500, 500, 503]

    await priya.writes("hello")
    await slack.settle()
    assert retries(app) == [None, "1"]

    clock.now += 61
    await slack.settle()
    assert retries(app) == [None, "1", "2"]
    assert app.headers[2]["x-slack-retry-reason"] == "http_error"

    clock.now += 301
    await slack.settle()
    assert retries(app) == [None, "1", "2", "3"]
    assert [event["text"] for event in app.told] == ["hello"]


def retries(app: Tiny) -> list[str | None]:
    return [headers.get("x-slack-retry-num") for headers in app.headers]


async def test_a_click_that_was_refused_is_not_sent_again_and_she_sees_a_warning(opened):
    slack, app = opened
    slack.echo_own_posts = False
    priya = slack.person("Priya Shah")
    await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))
    app.statuses = [500]

    await priya.presses("Send")
    await slack.settle()

    assert len(app.headers) == 1
    assert priya.warnings == ["Send: http_error 500"]


async def test_a_dropped_answer_may_hide_a_post_that_was_made(opened):
    slack, app = opened
    slack.echo_own_posts = False
    priya = slack.person("Priya Shah")
    slack.respond_next("chat.postMessage", cut=True, after=True)

    await app.client.chat_postMessage(channel=priya.id, text="twice")

    assert [message.text for message in priya.dm.messages] == ["twice", "twice"]
    assert [call.status for call in slack.calls] == [0, 200]


async def test_weather_refuses_delays_and_passes(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    slack.respond_next("chat.postMessage", error="fatal_error")
    slack.respond_next("chat.postMessage", retry_after=7)
    slack.respond_next("chat.postMessage", status=500)

    for expected in ("fatal_error", "ratelimited", "500"):
        with pytest.raises(SlackApiError, match=expected):
            await app.client.chat_postMessage(channel=priya.id, text="x")

    assert (await app.client.chat_postMessage(channel=priya.id, text="x"))["ok"]
    assert slack.calls[1].headers == {"retry-after": "7"}
    assert len(priya.dm.messages) == 1


async def test_a_file_goes_up_in_three_steps_and_is_seen_in_the_thread(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    root = await app.client.chat_postMessage(channel=priya.id, text="import")

    await app.client.files_upload_v2(
        channel=priya.dm.id, thread_ts=root["ts"], filename="rejected.csv", content="phone,why\n", initial_comment="!"
    )

    assert [(file.name, file.text) for file in priya.files] == [("rejected.csv", "phone,why\n")]
    assert [reply.text for reply in priya.dm.by_ts[root["ts"]].replies] == ["!"]


async def test_a_file_is_given_only_to_the_token_and_a_sign_in_page_to_others(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    await priya.writes("here", files=(File("list.csv", b"phone\n"),))
    url = app.told[-1]["files"][0]["url_private_download"]
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}

    assert await fetched(url, bearer) == (200, "text/csv", "phone\n")
    assert (await fetched(url, {}))[:2] == (200, "text/html")

    slack.scopes = {"chat:write"}
    status, kind, page = await fetched(url, bearer)
    assert (status, kind) == (200, "text/html")
    assert "Sign in" in page


async def fetched(url: str, headers: dict[str, str]) -> tuple[int, str, str]:
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status, response.content_type, await response.text()


async def test_an_update_with_text_alone_keeps_the_blocks_and_an_empty_list_takes_them_away(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    posted = await app.client.chat_postMessage(channel=priya.id, text="card", blocks=card("Ann"))
    where = {"channel": posted["channel"], "ts": posted["ts"]}

    await app.client.chat_update(**where, text="still a card")
    assert priya.card.buttons == ["Send", "Skip"]

    await app.client.chat_update(**where, text="done", blocks=[])
    assert priya.card is None
    assert priya.dm.messages[0].words == "done"


async def test_a_click_sends_the_ids_that_slack_gave_to_nameless_blocks(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    nameless = [{name: value for name, value in block.items() if name != "block_id"} for block in card("Ann")]

    posted = await app.client.chat_postMessage(channel=priya.id, text="card", blocks=nameless)
    await priya.presses("Send")

    given = [block["block_id"] for block in posted["message"]["blocks"]]
    click = next(told for told in app.told if "actions" in told)
    assert list(click["state"]["values"]) == [given[1]]
    assert click["actions"][0]["block_id"] == given[2]
    assert "block_id" not in slack.calls[0].payload["blocks"][0]


async def test_methods_that_take_no_json_do_not_see_it(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")

    with pytest.raises(SlackApiError, match="user_not_found"):
        await app.client.api_call("users.info", json={"user": priya.id})

    assert (await app.client.users_info(user=priya.id))["user"]["profile"]["first_name"] == "Priya"


async def test_a_reply_to_a_reply_or_to_nothing_is_refused(opened):
    slack, app = opened
    priya = slack.person("Priya Shah")
    root = await app.client.chat_postMessage(channel=priya.id, text="root")
    reply = await app.client.chat_postMessage(channel=priya.id, text="reply", thread_ts=root["ts"])

    for ts, why in ((reply["ts"], "cannot_reply_to_message"), ("1.000001", "thread_not_found")):
        with pytest.raises(SlackApiError, match=why):
            await app.client.chat_postMessage(channel=priya.id, text="x", thread_ts=ts)

    found = await app.client.conversations_replies(channel=priya.dm.id, ts=root["ts"])
    assert [message["text"] for message in found["messages"]] == ["root", "reply"]
