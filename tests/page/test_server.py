"""The page's server, over HTTP: what each person sees, what she may do, and what it tells nobody.

The app between the two servers is a stand-in that writes down what it is told; the last test starts the command itself.
"""

import asyncio
import base64
import itertools
import json
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request as Asking
from urllib.request import urlopen

import aiohttp
import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import shelf
from sandbox.carrier import Carrier
from sandbox.clock import Clock
from sandbox.house import House
from sandbox.page import snapshot, weather
from sandbox.page.answering import Answering
from sandbox.page.desk import Desk, Member, sit_again
from sandbox.page.server import Page
from sandbox.serving import serve
from sandbox.slack import Slack
from sandbox.wire import Wire
from tests.project import source

Json = dict[str, Any]
MARIA, TOM = "+13135550101", "+13135550102"
ids = itertools.count(1)


@dataclass
class Sandbox:
    """One on this machine, with Olivia, Priya and Marcus, and an app that only listens."""

    url: str
    desk: Desk
    http: aiohttp.ClientSession
    told: list[Json] = field(default_factory=list)
    answers: int = 200

    @property
    def slack(self) -> Slack:
        return self.desk.slack

    @property
    def carrier(self) -> Carrier:
        return self.desk.carrier

    def person(self, name: str) -> str:
        return next(one.person.id for one in self.desk.members if one.person.first_name == name)

    async def sees(self, name: str) -> Json:
        """What is on her screen now."""
        async with self.http.get(f"{self.url}/api/stream", params={"as": self.person(name)}) as stream:
            while not (line := await stream.content.readuntil(b"\n")).startswith(b"data:"):
                pass
            return dict(json.loads(line.removeprefix(b"data:")))

    async def does(self, name: str, act: str, **more: Any) -> Json:
        given = {"as": self.person(name), "act": act, **more}
        async with self.http.post(f"{self.url}/api/act", json=given) as answer:
            return dict(await answer.json())

    async def app_calls(self, method: str, **given: Any) -> Json:
        """The app calls Slack."""
        bearer = {"Authorization": f"Bearer {self.slack.bot_token}"}
        async with self.http.post(f"{self.slack.url}/api/{method}", json=given, headers=bearer) as answer:
            return dict(await answer.json())

    async def app_texts(self, words: str) -> int:
        """The app hands the carrier a text for Maria. Returns how it is answered."""
        account, token = self.carrier.account_sid, self.carrier.auth_token
        login = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
        where = f"{self.carrier.url}/2010-04-01/Accounts/{account}/Messages.json"
        form = {"To": MARIA, "From": self.carrier.numbers[0], "Body": words}
        async with self.http.post(where, data=form, headers={"Authorization": login}) as answer:
            return answer.status

    async def posts(self, to: str, blocks: list[Json]) -> Json:
        channel = self.slack.workspace.dm(self.person(to)).id
        return await self.app_calls("chat.postMessage", channel=channel, text="words", blocks=blocks)

    async def message(self, name: str) -> Json:
        """The newest in her direct message."""
        return dict((await self.sees(name))["channels"][0]["messages"][-1])

    async def presses(self, name: str, message: Json, label: str, state: Json | None = None) -> Json:
        found = [(block, one) for block in message["blocks"] for one in block.get("elements", ())]
        [(block, button)] = [pair for pair in found if pair[1]["text"]["text"] == label]
        where = {"channel": self.slack.workspace.dm(self.person(name)).id, "ts": message["ts"]}
        where |= {"block_id": block["block_id"], "action_id": button["action_id"], "state": state or {}}
        return await self.does(name, "press", **where)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock, wire = Clock(), Wire()
    slack, carrier, page = Slack(clock=clock, wire=wire), Carrier(clock=clock, wire=wire), Page(wire)
    boxes: list[Sandbox] = []

    async def listens(request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        boxes[0].told.append(json.loads(form["payload"]) if "payload" in form else form)
        return Response(status_code=boxes[0].answers)

    app = Starlette(routes=[Route("/{rest:path}", listens, methods=["POST"])])
    async with serve(slack.app) as slack.url, serve(carrier.app) as carrier.url, serve(app) as url:
        slack.request_url, carrier.inbound_url = f"{url}/slack", f"{url}/inbound"
        olivia, priya, marcus = (slack.person(name) for name in ("Olivia Chen", "Priya Shah", "Marcus Bell"))
        slack.channel("organizers", olivia)
        slack.channel("volunteers", olivia, priya, marcus)
        members = [Member(olivia, "organizer"), Member(priya, "volunteer"), Member(marcus, "volunteer")]
        carrier.phone(MARIA, "Maria Lopez")
        page.shows(Desk(slack, carrier, clock, wire, members, [], "Phone\r\n", Answering(carrier, 1)))
        async with serve(page.app) as address, aiohttp.ClientSession() as http:
            assert page.desk
            boxes.append(Sandbox(address, page.desk, http))
            yield boxes[0]
            page.closes()
        await slack.aclose()
        await carrier.aclose()


async def true(what: Callable[[], Any], within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def field_(words: str | None, *, id: str = "draft", **more: Any) -> list[Json]:
    """A card with a field and a button."""
    element = {"type": "plain_text_input", "action_id": id, **({"initial_value": words} if words else {}), **more}
    send = {"type": "button", "action_id": "send", "text": {"type": "plain_text", "text": "Send"}, "value": "x"}
    return [
        {
            "type": "input",
            "block_id": f"card-{id}",
            "label": {"type": "plain_text", "text": "Message"},
            "element": element,
        },
        {"type": "actions", "elements": [send]},
    ]


def said(words: str) -> list[Json]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": words}}]


# -- what each sees ----------------------------------------------------------------------------------------


async def test_each_person_sees_only_what_is_hers(sandbox: Sandbox) -> None:
    await sandbox.posts("Priya", said("only for Priya"))
    channel = next(one for one in sandbox.slack.workspace.channels.values() if one.name == "volunteers")
    shown = {"channel": channel.id, "user": sandbox.person("Marcus"), "text": "only Marcus sees this"}
    await sandbox.app_calls("chat.postEphemeral", **shown)
    await sandbox.does("Olivia", "type", channel=next(iter(sandbox.slack.workspace.channels)), text="among organizers")

    priya, marcus, olivia = [
        json.dumps((await sandbox.sees(name))["channels"]) for name in ("Priya", "Marcus", "Olivia")
    ]

    assert ("only for Priya" in priya, "only Marcus" in priya, "among organizers" in priya) == (True, False, False)
    assert ("only for Priya" in marcus, "only Marcus" in marcus, "among organizers" in marcus) == (False, True, False)
    assert ("only for Priya" in olivia, "only Marcus" in olivia, "among organizers" in olivia) == (False, False, True)


async def test_what_others_wrote_is_unread_until_it_is_read(sandbox: Sandbox) -> None:
    channel = next(one.id for one in sandbox.slack.workspace.channels.values() if one.name == "volunteers")

    async def unread(name: str) -> int:
        return next(int(one["unread"]) for one in (await sandbox.sees(name))["channels"] if one["id"] == channel)

    await sandbox.does("Priya", "type", channel=channel, text="hello")
    await sandbox.does("Priya", "type", channel=channel, text="everybody")
    assert [await unread("Priya"), await unread("Marcus")] == [0, 2]

    await sandbox.does("Marcus", "read", channel=channel)
    assert await unread("Marcus") == 0


async def test_a_message_has_a_new_key_only_when_slack_replaced_it(sandbox: Sandbox) -> None:
    posted = await sandbox.posts("Priya", field_("Hi Maria"))
    first = (await sandbox.message("Priya"))["key"]
    await sandbox.does("Priya", "type", channel=posted["channel"], text="something else", thread_ts=posted["ts"])
    [root, _] = (await sandbox.sees("Priya"))["channels"][0]["messages"]
    assert (root["key"], root["replies"]) == (first, 1), "what is being typed in it stays"

    update = {"channel": posted["channel"], "ts": posted["ts"], "text": "new", "blocks": field_("Hi Tom", id="other")}
    await sandbox.app_calls("chat.update", **update)
    assert (await sandbox.sees("Priya"))["channels"][0]["messages"][0]["key"] != first


async def test_the_stream_goes_on_with_every_change(sandbox: Sandbox) -> None:
    async with asyncio.timeout(10), sandbox.http.get(f"{sandbox.url}/api/stream") as stream:

        async def following() -> Json:
            while not (line := await stream.content.readline()).startswith(b"data:"):
                pass
            return dict(json.loads(line.removeprefix(b"data:")))

        before = await following()
        await sandbox.does("Marcus", "text", phone=MARIA, body="hello")
        after = await following()
    assert after["version"] > before["version"]
    assert after["me"]["role"] == "organizer", "who says nothing is the organizer"


async def test_a_file_is_given_only_to_who_was_shown_it(sandbox: Sandbox) -> None:
    form = aiohttp.FormData({"as": sandbox.person("Priya")})
    form.add_field("file", b"<script>alert(1)</script>", filename="page.html", content_type="text/html")
    async with sandbox.http.post(f"{sandbox.url}/api/file", data=form) as answer:
        file = await answer.json()

    async def status(name: str) -> tuple[int, str, str]:
        params = {"as": sandbox.person(name)}
        async with sandbox.http.get(f"{sandbox.url}/api/file/{file['id']}", params=params) as got:
            return got.status, got.content_type, got.headers.get("content-disposition", "")

    assert await status("Priya") == (200, "application/octet-stream", 'attachment; filename="page.html"')
    assert (await status("Marcus"))[0] == 404
    channel = next(one.id for one in sandbox.slack.workspace.channels.values() if one.name == "volunteers")
    await sandbox.does("Priya", "type", channel=channel, text="look", files=[file["id"]])
    assert (await status("Marcus"))[0] == 200


# -- fields, as Slack has them -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "then", "state", "sent"),
    [
        ("Hi Maria", None, {}, "Hi Maria"),  # untouched
        ("Hi Maria", None, {"card-draft": {"draft": "Hi Maria"}}, "Hi Maria"),  # as it was drawn
        ("Hi Maria", None, {"card-draft": {"draft": "Hello"}}, "Hello"),
        ("Hi Maria", None, {"card-draft": {"draft": None}}, None),  # cleared
        ("Hi Maria", "Hi Tom", {}, None),  # drawn anew under its old ids
        ("Hi Maria", "Hi Tom", {"card-draft": {"draft": "Hi Tom"}}, None),
        ("Hi Maria", "Hi Tom", {"card-draft": {"draft": "Hello Tom"}}, "Hello Tom"),
    ],
)
async def test_a_field_sends_what_slack_would_send(
    sandbox: Sandbox, first: str, then: str | None, state: Json, sent: str | None
) -> None:
    posted = await sandbox.posts("Priya", field_(first))
    if then:
        update = {"channel": posted["channel"], "ts": posted["ts"], "text": "new", "blocks": field_(then)}
        assert (await sandbox.app_calls("chat.update", **update))["ok"]

    assert (await sandbox.presses("Priya", await sandbox.message("Priya"), "Send", state))["ok"]

    [pressed] = [one for one in sandbox.told if one.get("type") == "block_actions"]
    assert pressed["state"]["values"]["card-draft"]["draft"]["value"] == sent


async def test_a_button_that_was_redrawn_away_and_words_that_do_not_fit_are_refused(sandbox: Sandbox) -> None:
    posted = await sandbox.posts("Priya", field_("Hi", max_length=5))
    seen = await sandbox.message("Priya")
    too_long = await sandbox.presses("Priya", seen, "Send", {"card-draft": {"draft": "Hello there"}})
    assert not too_long["ok"]
    update = {"channel": posted["channel"], "ts": posted["ts"], "text": "new", "blocks": said("gone")}
    await sandbox.app_calls("chat.update", **update)

    assert await sandbox.presses("Priya", seen, "Send") == {"ok": False, "words": "This has just changed. Look again."}
    assert not (await sandbox.presses("Marcus", seen, "Send"))["ok"], "another's message"
    assert [one for one in sandbox.told if one.get("type") == "block_actions"] == []


async def test_response_urls_and_triggers_die_as_in_slack(sandbox: Sandbox) -> None:
    await sandbox.posts("Priya", field_("Hi"))
    await sandbox.presses("Priya", await sandbox.message("Priya"), "Send")
    [pressed] = [one for one in sandbox.told if one.get("type") == "block_actions"]

    async def responds() -> int:
        async with sandbox.http.post(pressed["response_url"], json={"text": "x"}) as answer:
            return answer.status

    assert [await responds() for _ in range(3)] == [200, 200, 200]
    await sandbox.does("Olivia", "clock", by=4)
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "New"}, "blocks": said("x")}
    refused = await sandbox.app_calls("views.open", trigger_id=pressed["trigger_id"], view=modal)
    assert refused["error"] == "expired_trigger_id"
    assert [await responds() for _ in range(3)] == [200, 200, 404]


def option(value: str) -> Json:
    return {"text": {"type": "plain_text", "text": value.title()}, "value": value}


@pytest.mark.parametrize(
    ("element", "value", "sent"),
    [
        ({"type": "overflow", "options": [option("wrong"), option("out")]}, "out", {"selected_option": option("out")}),
        (
            {"type": "checkboxes", "options": [option("a"), option("b")], "initial_options": [option("a")]},
            ["a", "b"],
            {"selected_options": [option("a"), option("b")]},
        ),
        ({"type": "radio_buttons", "options": [option("a")]}, "a", {"selected_option": option("a")}),
        ({"type": "datepicker"}, "2026-11-03", {"selected_date": "2026-11-03"}),
    ],
    ids=lambda given: given.get("type", "") if isinstance(given, dict) else "",
)
async def test_a_choice_reaches_the_app_as_slack_sends_it(
    sandbox: Sandbox, element: Json, value: Any, sent: Json
) -> None:
    posted = await sandbox.posts("Priya", [{"type": "actions", "elements": [{"action_id": "it", **element}]}])
    where = {"channel": posted["channel"], "ts": posted["ts"], "action_id": "it"}
    where["block_id"] = (await sandbox.message("Priya"))["blocks"][0]["block_id"]

    assert (await sandbox.does("Priya", "choose", **where, value=value))["ok"]
    assert element["type"] == "datepicker" or not (await sandbox.does("Priya", "choose", **where, value="none"))["ok"]

    [chosen] = [one["actions"][0] for one in sandbox.told if one.get("type") == "block_actions"]
    assert sent.items() <= chosen.items()


async def test_a_form_is_filled_and_sent(sandbox: Sandbox) -> None:
    await sandbox.posts("Priya", field_("Hi"))
    await sandbox.presses("Priya", await sandbox.message("Priya"), "Send")
    [pressed] = [one for one in sandbox.told if one.get("type") == "block_actions"]
    file = {"type": "file_input", "action_id": "file", "filetypes": ["csv"], "max_files": 1}
    form = [
        field_(None)[0],
        {"type": "input", "block_id": "file", "label": {"type": "plain_text", "text": "File"}, "element": file},
    ]
    title = {"type": "plain_text", "text": "New"}
    view = {"type": "modal", "title": title, "submit": title, "blocks": form}
    assert (await sandbox.app_calls("views.open", trigger_id=pressed["trigger_id"], view=view))["ok"]
    [modal] = (await sandbox.sees("Priya"))["modals"]
    assert (await sandbox.sees("Marcus"))["modals"] == []

    assert not (await sandbox.does("Priya", "submit", modal=modal["id"], state={"card-draft": {"draft": "x"}}))["ok"]
    assert list((await sandbox.sees("Priya"))["modals"][0]["errors"]) == ["file"]
    ids = {}
    for name in ("list.csv", "list.exe"):
        data = aiohttp.FormData({"as": sandbox.person("Priya")})
        data.add_field("file", b"Phone", filename=name)
        async with sandbox.http.post(f"{sandbox.url}/api/file", data=data) as answer:
            ids[name] = (await answer.json())["id"]
    for name, taken in (("list.exe", False), ("list.csv", True)):
        state = {"card-draft": {"draft": "x"}, "file": {"file": [ids[name]]}}
        assert (await sandbox.does("Priya", "submit", modal=modal["id"], state=state))["ok"] is taken

    [sent] = [one for one in sandbox.told if one.get("type") == "view_submission"]
    values = sent["view"]["state"]["values"]
    assert values["card-draft"]["draft"]["value"] == "x"
    assert [one["name"] for one in values["file"]["file"]["files"]] == ["list.csv"]
    assert (await sandbox.sees("Priya"))["modals"] == []


# -- phones ------------------------------------------------------------------------------------------------


async def test_a_voter_texts_sends_a_picture_and_stops(sandbox: Sandbox) -> None:
    form = aiohttp.FormData({"as": sandbox.person("Priya")})
    form.add_field("file", b"\x89PNG\r\n\x1a\n", filename="me.png", content_type="image/png")
    async with sandbox.http.post(f"{sandbox.url}/api/file", data=form) as answer:
        picture = (await answer.json())["id"]
    await sandbox.does("Priya", "text", phone=MARIA, body="<b>Yes</b>", picture=picture)
    await sandbox.does("Priya", "text", phone=MARIA, body="STOP")

    [phone] = (await sandbox.sees("Marcus"))["phones"]

    assert (phone["shown"], phone["name"]) == ("(313) 555-0101", "Maria Lopez")
    assert [one["from"] for one in phone["texts"]] == ["voter", "voter", "carrier"]
    assert phone["texts"][0]["body"] == "<b>Yes</b>"
    async with sandbox.http.get(sandbox.url + phone["texts"][0]["media"][0]) as got:
        assert (got.status, got.content_type) == (200, "image/png")
    assert [one["Body"] for one in sandbox.told] == ["<b>Yes</b>", "STOP"]
    assert not (await sandbox.does("Priya", "text", phone=TOM, body="hi"))["ok"], "nobody here has this number"


async def test_voters_answer_by_themselves_as_many_as_is_set(sandbox: Sandbox) -> None:
    running = asyncio.create_task(sandbox.desk.answering.run())
    assert (await sandbox.does("Olivia", "pace", answers=1, per_minute=600))["ok"]
    assert not (await sandbox.does("Olivia", "pace", answers=2))["ok"]

    assert await sandbox.app_texts("Will you vote?") == 201

    await true(lambda: any(one.get("From") == MARIA for one in sandbox.told))
    running.cancel()


# -- weather, the clock, the log ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [("fine", 200, True), ("fails", 500, False), ("accepts_then_fails", 500, True), ("rate_limits", 429, False)],
)
async def test_slack_has_the_weather_that_is_set(sandbox: Sandbox, kind: str, status: int, done: bool) -> None:
    assert (await sandbox.does("Olivia", "weather", service="slack", kind=kind))["ok"]
    bearer = {"Authorization": f"Bearer {sandbox.slack.bot_token}"}
    given = {"channel": sandbox.person("Priya"), "text": "words"}
    async with sandbox.http.post(f"{sandbox.slack.url}/api/chat.postMessage", json=given, headers=bearer) as answer:
        assert answer.status == status

    seen = await sandbox.sees("Priya")
    assert bool(seen["channels"][0]["messages"]) is done
    assert (seen["weather"]["slack"]["kind"], seen["weather"]["carrier"]["kind"]) == (kind, "fine")
    assert [(one["what"], one["status"]) for one in seen["log"]][:1] == [("chat.postMessage", status)]


@pytest.mark.parametrize(
    ("kind", "status", "texts"),
    [("fine", 201, 1), ("fails", 500, 0), ("accepts_then_fails", 500, 1), ("rate_limits", 429, 0), ("outage", 503, 0)],
)
async def test_the_carrier_has_the_weather_that_is_set(sandbox: Sandbox, kind: str, status: int, texts: int) -> None:
    await sandbox.does("Olivia", "weather", service="carrier", kind=kind)
    assert await sandbox.app_texts("Hi") == status

    seen = await sandbox.sees("Priya")
    assert len(seen["phones"][0]["texts"]) == texts
    assert seen["weather"]["carrier"]["kind"] == kind


async def test_while_slack_is_out_nobody_reaches_the_app(sandbox: Sandbox) -> None:
    await sandbox.does("Olivia", "weather", service="slack", kind="outage")
    channel = sandbox.slack.workspace.dm(sandbox.person("Priya")).id

    refused = await sandbox.does("Priya", "type", channel=channel, text="/text")

    assert not refused["ok"]
    assert sandbox.told == []
    assert set(weather.KINDS) == {one["kind"] for one in (await sandbox.sees("Priya"))["weather"]["kinds"]}


async def test_the_clock_goes_on_for_everybody_and_never_back(sandbox: Sandbox) -> None:
    heard: list[float] = []
    sandbox.desk.clock.on_move(heard.append)
    before = sandbox.slack.clock()

    await sandbox.does("Olivia", "clock", by=3600)
    assert not (await sandbox.does("Olivia", "clock", by=-60))["ok"]
    await sandbox.does("Olivia", "clock", to="21:00")

    assert heard[0] == 0
    assert heard[1] == 3600, "the product is told"
    seen = await sandbox.sees("Priya")
    assert sandbox.desk.clock.local.strftime("%H:%M") == "21:00"
    assert before + 3600 < seen["now"] < before + 26 * 3600
    assert abs(sandbox.carrier.clock() - seen["now"]) < 60


async def test_the_log_tells_what_was_said_and_no_secret(sandbox: Sandbox) -> None:
    await sandbox.posts("Priya", field_("Hi <Maria>"))
    await sandbox.presses("Priya", await sandbox.message("Priya"), "Send")
    await sandbox.does("Priya", "text", phone=MARIA, body="Who is this?")
    [pressed] = [one for one in sandbox.told if one.get("type") == "block_actions"]
    async with sandbox.http.post(pressed["response_url"], json={"text": "see " + pressed["response_url"]}) as answer:
        assert answer.status == 200

    log = (await sandbox.sees("Olivia"))["log"]
    whole = []
    for one in log:
        async with sandbox.http.get(f"{sandbox.url}/api/log/{one['id']}") as answer:
            whole.append(await answer.text())

    told = [(one["from"], one["to"], one["what"], one["words"]) for one in log]
    assert ("Slack", "Textbank", "block_actions", "Priya presses Send") in told
    assert ("carrier", "Textbank", "a voter's text", f"from {MARIA}: Who is this?") in told
    assert all(one["status"] == 200 and one["ms"] >= 0 for one in log)
    everything = json.dumps(log) + "".join(whole)
    assert "Hi <Maria>" in everything
    key = pressed["response_url"].rpartition("/")[2]
    for secret in (sandbox.slack.bot_token, sandbox.slack.signing_secret, sandbox.carrier.auth_token, key):
        assert secret not in everything
    assert pressed["trigger_id"] not in everything


async def test_the_guide_goes_on_with_what_has_happened(sandbox: Sandbox) -> None:
    async def next_step() -> tuple[int, str]:
        guide = (await sandbox.sees("Priya"))["guide"]
        return guide["step"], guide["steps"][min(guide["step"], 3)]["words"]

    assert (await next_step())[0] == 0
    await sandbox.posts("Olivia", said(":inbox_tray: *Fall GOTV*: 24 contacts imported from contacts.csv."))
    assert (await next_step())[0] == 1
    assert "/textbank assign Fall GOTV @priya 10" in (await next_step())[1]
    await sandbox.posts("Priya", field_("Hi Maria"))
    assert (await next_step())[0] == 2

    await sandbox.app_texts("Will you vote?")
    assert (await next_step())[0] == 3
    assert "type a reply" in (await next_step())[1]
    await sandbox.does("Priya", "text", phone=MARIA, body="Yes")
    assert "/textbank digest now" in (await next_step())[1]
    await sandbox.posts("Olivia", said("*The last 24 hours* · Fall GOTV"))
    assert (await next_step())[0] == 4


# -- the door ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "elsewhere.example"},  # a name that somebody has pointed at this machine
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/api/act", "/api/file", "/api/stream", "/sample.csv"])
async def test_another_sites_page_is_refused(sandbox: Sandbox, headers: dict[str, str], path: str) -> None:
    method = "POST" if path in ("/api/act", "/api/file") else "GET"
    given = {"act": "fresh"} if method == "POST" else None
    async with sandbox.http.request(method, sandbox.url + path, json=given, headers=headers) as answer:
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert not sandbox.desk.again.done()


async def test_an_act_must_be_json_which_no_form_elsewhere_can_send(sandbox: Sandbox) -> None:
    act = json.dumps({"act": "fresh"})
    for kind, status in (("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json", 200)):
        async with sandbox.http.post(f"{sandbox.url}/api/act", data=act, headers={"Content-Type": kind}) as answer:
            assert answer.status == status
    assert sandbox.desk.again.result() == "fresh"
    for broken in ("nonsense", "[]"):
        kind = "application/json"
        async with sandbox.http.post(f"{sandbox.url}/api/act", data=broken, headers={"Content-Type": kind}) as answer:
            assert answer.status == 400


# -- from one start to the next ----------------------------------------------------------------------------


async def test_a_sandbox_goes_on_where_it_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    await sandbox.posts("Priya", field_("Hi Maria"))
    await sandbox.presses("Priya", await sandbox.message("Priya"), "Send", {"card-draft": {"draft": "Hello"}})
    await sandbox.does("Priya", "text", phone=MARIA, body="STOP")
    before = await sandbox.sees("Priya")
    database = tmp_path / "textbank-1.db"
    database.touch()
    urls = {"slack": sandbox.slack.url, "carrier": sandbox.carrier.url, "textbank": sandbox.url}
    shelf.put_away(database, urls, 60.0, sandbox.slack, sandbox.carrier, sandbox.desk.put_away())

    slack, carrier = Slack(clock=sandbox.desk.clock), Carrier(clock=sandbox.desk.clock)
    kept = shelf.take(tmp_path, carrier)
    assert kept
    kept.put_into(slack, carrier)
    desk = sit_again(House(slack, carrier, Any, sandbox.desk.clock, Wire(), database, "", kept), kept.desk, 1)
    after = snapshot.state(desk, desk.member(sandbox.person("Priya")).person)

    assert (kept.database, kept.offset, kept.ports["slack"]) == (database, 60.0, int(slack_port(sandbox)))
    for what in ("me", "people", "channels", "phones"):
        assert json.loads(json.dumps(after[what])) == before[what]
    assert slack.workspace.new_id("X") == sandbox.slack.workspace.new_id("X"), "no id is given twice"
    assert carrier.stop_list.blocks(None, MARIA)
    assert shelf.take(tmp_path, carrier) is None, "a sandbox that is killed then does not go on with what is past"


def slack_port(sandbox: Sandbox) -> str:
    return sandbox.slack.url.rpartition(":")[2]


class Trap:
    """What a pickle may do that nobody should open."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("trapped"),))


@pytest.mark.parametrize("content", [b"nonsense", b"", pickle.dumps(Trap()), pickle.dumps((0, 1))], ids=range(4))
def test_what_is_no_sandbox_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "textbank-1.db").touch()
    (tmp_path / "textbank-1.sandbox").write_bytes(content)

    assert shelf.take(tmp_path, Carrier()) is None
    assert [one.name for one in tmp_path.iterdir()] == ["textbank-1.db"]


# -- the command -------------------------------------------------------------------------------------------


class Command:
    """`python -m bot sandbox`, from its start to Ctrl-C."""

    def __init__(self, folder: Path) -> None:
        start = [sys.executable, "-m", "bot", "sandbox", "--page", "--port", "0", "--folder", str(folder)]
        self.process = subprocess.Popen(start, cwd=source.ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.said = ""
        while not (found := re.search(r"The sandbox is at (http://127\.0\.0\.1:\d+)", self.said)):
            self.said += self.process.stdout.readline() or pytest.fail(self.said)
        self.url = found[1]

    def sees(self) -> Json:
        with urlopen(f"{self.url}/api/stream", timeout=10) as stream:
            return next(dict(json.loads(line[5:])) for line in stream if line.startswith(b"data:"))

    def does(self, act: str, **more: Any) -> None:
        given = json.dumps({"act": act, **more}).encode()
        with urlopen(Asking(f"{self.url}/api/act", given, {"Content-Type": "application/json"}), timeout=20) as answer:
            assert json.load(answer)["ok"]

    @property
    def processes(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def ends(self) -> None:
        assert self.process.stdout
        everybody = self.processes
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(timeout=30) == 0
        self.process.stdout.close()
        assert psutil.wait_procs(everybody[1:], timeout=30)[1] == []


def test_the_command_opens_the_page_night_falls_the_digest_comes_and_the_next_start_goes_on(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert str(tmp_path) in command.said, "where the data is"
    channel = next(one["id"] for one in command.sees()["channels"] if one["name"] == "volunteers")
    command.does("type", channel=channel, text="/textbank digest #volunteers 20:30")
    command.does("clock", to="21:00")

    deadline = time.monotonic() + 30
    while "A quiet day" not in (seen := json.dumps(command.sees()["channels"])):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    connections = [one for each in command.processes for one in each.net_connections("inet")]
    assert {one.laddr.ip for one in connections if one.status == "LISTEN"} == {"127.0.0.1"}
    command.ends()

    command = Command(tmp_path)
    assert "A quiet day" in json.dumps(command.sees()["channels"])
    command.ends()
    assert len(list(tmp_path.glob("*.db"))) == 1
