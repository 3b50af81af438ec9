"""The daily digest: when it comes, that it comes once, and what it says."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.services import daily as figures
from bot.services.posts import MAX_ATTEMPTS
from handlers import clock as clock_handler
from handlers.posting import Writer
from sandbox.carrier import Phone
from sandbox.slack import Message, Person
from sandbox.slack.nouns import Channel
from tests.project.test_manifest import granted
from tests.world import World, people

DETROIT = ZoneInfo("America/Detroit")
SIX = "18:00 America/Detroit"


@pytest.fixture
def ops(world: World, olivia: Person) -> Channel:
    """The organizers' channel."""
    return world.slack.channel("ops", olivia)


@pytest.fixture
async def daily(world: World, olivia: Person, ops: Channel) -> Channel:
    """... which gets a digest at six."""
    await olivia.types(f"/textbank digest #ops {SIX}")
    return ops


async def until(world: World, hour: int, minute: int = 0, *, days: int = 0) -> None:
    """The clock ticks at that time in Detroit; nothing ticked meanwhile."""
    local = world.time.now.astimezone(DETROIT).replace(hour=hour, minute=minute)
    world.time.passes(days=days, seconds=(local - world.time.now).total_seconds())
    await tick(world)


async def tick(world: World) -> None:
    await clock_handler.tick(world.kit)
    await world.settles()


def digests(channel: Channel) -> list[Message]:
    return [message for message in channel.messages if message.by_bot]


# ---------------------------------------------------------------------------------------------- what it says


async def test_the_digest_says_what_the_day_was(
    world: World, olivia: Person, daily: Channel, priya: Person, sara: Phone
) -> None:
    await sara.texts("Yes!")
    await sara.texts("Where do I vote?")
    await world.a_while(240)
    await priya.writes("At the library", in_=priya.threads[0])
    await world.phone("+13135550102").texts("STOP")
    await world.a_while()
    await until(world, 18)

    [said] = digests(daily)
    lines = said.words.splitlines()
    assert lines[:2] == [
        "*Tuesday, October 20* · Fall GOTV",
        "Mon 6:00 PM to Tue 6:00 PM, Detroit time. In brackets: the change from the day before.",
    ]
    assert lines[2:11] == [
        "*2* texts sent, 1 of them first texts (+2)",
        "*2* delivered (+2)",
        "*0* failed (as before)",
        "*2* replies (+2)",
        "*1* voter answered for the first time (+1)",
        "*0* opted out (as before)",
        "*About 4 min* to answer a voter, in the median",
        "*1* volunteer texted (+1)",
        "*About $0.02* for the texts sent",
    ]
    assert said.blocks[-1]["type"] == "data_visualization"
    [sent, answered] = said.blocks[-1]["chart"]["series"]
    assert [point["value"] for point in sent["data"]] == [0] * 13 + [2]
    assert answered["data"][-1] == {"label": "Oct 20", "value": 1}


@pytest.mark.parametrize("how", ["deleted", "refused", "deleted after it was done with"])
async def test_an_answer_that_did_not_leave_ends_no_wait_and_the_one_that_does_ends_it_once(
    world: World, olivia: Person, priya: Person, sara: Phone, how: str
) -> None:
    await sara.texts("Where do I vote?")
    await world.a_while(120)
    line = await priya.writes("carrier:21612" if how == "refused" else "At the librari", in_=priya.threads[0])
    if how != "refused":
        await priya.writes("Or the school", in_=priya.threads[0])
    if "done" in how:
        await priya.presses("Done", on=priya.threads[0])
    if "deleted" in how:
        world.time.passes(seconds=2)
        await priya.deletes_message(line)
    await world.a_while(360)
    assert "*1 person is waiting for an answer*, the first for 8 min" in (await olivia.types("/textbank status")).words

    await priya.writes("At the library", in_=priya.threads[0])
    await world.a_while(0)
    counted = "SELECT metric, sum(n) AS n FROM tally WHERE metric LIKE 'answered_%' GROUP BY metric HAVING sum(n) != 0"
    assert [(row.metric, row.n) for row in await world.query(counted)] == [("answered_within_10", 1)]


async def test_a_text_that_did_not_leave_is_taken_off_the_day_of_its_click(
    world: World, olivia: Person, daily: Channel, priya: Person, sara: Phone
) -> None:
    await until(world, 17, 50)
    await priya.presses("Send")
    await olivia.types("/textbank pause Fall")
    await until(world, 18)
    await until(world, 20, 1)
    await olivia.types("/textbank resume Fall")
    assert "in the last hour" not in (await olivia.types("/textbank status")).words
    await until(world, 12, days=1)
    await priya.types("/text")
    await world.settles()
    await priya.presses("Send")
    await world.a_while()
    await until(world, 18)
    assert "*1* text sent (as before)" in digests(daily)[1].words


async def test_conversions_are_told_where_a_campaign_counts_them(
    world: World, olivia: Person, daily: Channel, priya: Person, sara: Phone
) -> None:
    await until(world, 18)
    assert "conversion" not in digests(daily)[0].words

    await olivia.types("/textbank script Fall GOTV")
    await olivia.submits({"Questions": "Will you vote? Yes* / No"})
    await until(world, 12, days=1)
    await sara.texts("Yes!")
    await world.a_while()
    await priya.presses("Reply", on=priya.threads[0])
    await priya.submits({"Message": "Thank you!", "Will you vote?": "Yes"})
    await world.a_while()
    await until(world, 18)
    assert "*1* conversion (+1)" in digests(daily)[1].words


async def test_what_needs_somebody_comes_first(world: World, daily: Channel, sara: Phone) -> None:
    await sara.texts("Where do I vote?")
    await until(world, 18)
    words = digests(daily)[0].words
    assert "*1 person is waiting for an answer*, for 6 hours" in words
    assert words.index("Needs somebody") < words.index("text sent")


async def test_a_second_day_is_compared_with_the_first(
    world: World, daily: Channel, priya: Person, sara: Phone
) -> None:
    await until(world, 18)
    await until(world, 12, days=1)
    await priya.types("/text")
    await world.settles()
    await priya.presses("Send")
    await world.drawn()
    await priya.presses("Send")
    await world.a_while()
    await until(world, 18)
    assert "*2* texts sent (+1)" in digests(daily)[1].words


async def test_no_voter_is_named_in_the_channel(world: World, daily: Channel, sara: Phone) -> None:
    await sara.texts("I am Sara Lopez, call me at 313 555 0101")
    await until(world, 18)
    everything = str([message.as_json() for message in digests(daily)])
    assert not [word for word in ("Sara", "Lopez", "0101", "Priya") if word in everything]


async def test_a_ranking_comes_only_if_it_is_asked_for(world: World, olivia: Person, ops: Channel, sara: Phone) -> None:
    said = await olivia.types(f"/textbank digest #ops {SIX} with ranking")
    assert "who texted the most" in said.words
    await until(world, 18)
    assert "Most people texted: Priya Shah 1" in digests(ops)[0].words


async def test_a_quiet_day_is_one_line_and_no_chart(world: World, daily: Channel) -> None:
    await until(world, 18)
    [said] = digests(daily)
    assert "A quiet day: no text was sent, and no reply came in." in said.words
    assert "data_visualization" not in [block["type"] for block in said.blocks]


async def test_a_day_of_talk_alone_is_no_quiet_day_and_says_that_nobody_new_was_texted(
    world: World, daily: Channel, priya: Person, sara: Phone
) -> None:
    await sara.texts("Yes!")
    await world.a_while()
    await priya.writes("Great!", in_=priya.threads[0])
    await world.a_while()
    await until(world, 18)
    await until(world, 12, days=1)
    await sara.texts("Where do I vote?")
    await world.a_while()
    await until(world, 18)
    words = digests(daily)[1].words
    assert "quiet" not in words
    assert "*0* texts sent (−2)\n" in words
    assert "*1* reply (as before)\n*0* voters answered for the first time (−1)" in words

    await until(world, 12, days=1)
    await priya.writes("At the library", in_=priya.threads[0])
    await world.a_while()
    await until(world, 18)
    assert "*1* text sent, none of them a first text (+1)" in digests(daily)[2].words


async def test_rates_are_told_of_enough_people(
    world: World, daily: Channel, priya: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "ENOUGH", 4)
    await world.live_campaign(contacts=people(5))
    await world.texting(priya)
    for number in range(4):
        if number == 3:
            await until(world, 18)
            await until(world, 12, days=1)
            await priya.types("/text")
            await world.settles()
        await priya.presses("Send")
        await world.a_while()
    for number, words in (("0100", "Yes!"), ("0100", "When?"), ("0101", "Stop"), ("0102", "No, and STOP")):
        await world.phone(f"+1313555{number}").texts(words)
    await world.a_while()
    await until(world, 18)
    first, second = (digest.words for digest in digests(daily))
    assert "people first texted" not in first
    # Of four people, though only one of them was texted this day: what was counted of the day alone would be 300%.
    assert "Of *4* people first texted in the last 7 days, 25% have answered and 50% opted out by now." in second


async def test_several_campaigns_have_a_line_each_and_at_most_ten(world: World, daily: Channel, sara: Phone) -> None:
    for number in range(11):
        await world.live_campaign(f"Campaign {number}", people(1))
        world.time.passes(minutes=1)
    await until(world, 18)
    words = digests(daily)[0].words
    assert "*Fall GOTV*: 1 sent, 0 answered, 0 opted out" in words
    assert "… and 2 more: `/textbank list`" in words
    assert words.count("opted out") == 1 + 10


async def test_a_workspace_without_charts_gets_bars_of_letters(world: World, daily: Channel, sara: Phone) -> None:
    world.slack.lacking = {"data_visualization"}
    await until(world, 18)
    [said] = digests(daily)
    assert "Oct 20 ██████████████ 1" in said.words
    assert "Oct 19 ·              0" in said.words


# ---------------------------------------------------------------------------------------------- setting it


async def test_who_leaves_the_time_zone_out_gets_their_own_and_is_told(
    world: World, ops: Channel, olivia: Person
) -> None:
    olivia.user.tz = "America/Los_Angeles"
    said = await olivia.types("/textbank digest #ops 18:00")
    assert "at 6:00 PM, Los Angeles time (`America/Los_Angeles`), the first today" in said.words
    assert "your time zone in Slack" in said.words
    await until(world, 18)
    assert digests(ops) == []
    await until(world, 21)
    assert len(digests(ops)) == 1


async def test_a_time_zone_of_no_place_stands_in_nobodys_way(world: World, ops: Channel, olivia: Person) -> None:
    olivia.user.tz = "Etc/GMT+6"
    assert "`UTC`" in (await olivia.types("/textbank digest #ops 18:00")).words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("#ops 25:00", "18:00 America/Chicago"),
        ("#ops 6pm", "write `18:00`"),
        ("#ops 6:30 PM", "write `18:30`"),
        ("#ops 18:00 CST", "Write `America/Chicago`"),
        ("#ops 18:00 America/Chcago", "Did you mean `America/Chicago`?"),
        ("#ops", "18:00 America/Chicago"),
        ("", "#channel 18:00"),
        ("every #ops 18:00", "#channel 18:00"),
        ("off #ops", "has no daily digest"),
        ("#elsewhere 18:00", "type `/invite @Textbank` in it"),
        ("#nowhere 18:00", "Slack doesn't know #nowhere"),
    ],
)
async def test_what_is_wrong_is_refused_with_how_to_write_it(
    world: World, ops: Channel, olivia: Person, typed: str, said: str
) -> None:
    world.slack.channel("elsewhere", olivia, bot=False)
    answer = await olivia.types(f"/textbank digest {typed}")
    assert said in answer.words
    assert await world.query("SELECT * FROM digest") == []


async def test_a_manager_may_set_it_and_a_volunteer_may_not(
    world: World, ops: Channel, olivia: Person, sam: Person, priya: Person
) -> None:
    await olivia.types("/textbank role @sam manager")
    assert "the first today" in (await sam.types(f"/textbank digest #ops {SIX}")).words
    assert "Only a manager" in (await priya.types("/textbank digest now")).words


async def test_off_ends_it_even_for_one_that_waits(world: World, daily: Channel, olivia: Person) -> None:
    world.slack.respond_next("chat.postMessage", status=500, times=3)
    await until(world, 18)
    assert "no digest any more" in (await olivia.types("/textbank digest off #ops")).words
    world.slack._forecast.clear()
    await world.a_while(60)
    await until(world, 18, days=1)
    assert digests(daily) == []


async def test_now_comes_at_once_to_whoever_asks_or_into_the_channel(
    world: World, ops: Channel, olivia: Person, sara: Phone
) -> None:
    assert "direct messages" in (await olivia.types("/textbank digest now")).words
    await world.settles()
    assert "*The last 24 hours* · Fall GOTV" in olivia.dm.messages[-1].words
    assert "*1* text sent (+1)" in olivia.dm.messages[-1].words
    assert digests(ops) == []

    await olivia.types("/textbank digest now #ops")
    await world.settles()
    assert "*1* text sent (+1)" in digests(ops)[0].words


async def test_whoever_set_it_hears_when_slack_will_not_have_it(world: World, daily: Channel, olivia: Person) -> None:
    daily.bot, world.slack.scopes = False, granted()
    await until(world, 18)
    await world.a_while()
    assert "could not be posted" in olivia.dm.messages[-1].words
    assert "not_in_channel" in olivia.dm.messages[-1].words


@pytest.mark.parametrize("errors", [["invalid_arguments"] * MAX_ATTEMPTS, ["not_in_channel", "user_disabled"]])
async def test_a_digest_that_can_not_be_posted_is_told_to_somebody_once(
    world: World, daily: Channel, olivia: Person, errors: list[str]
) -> None:
    nell = world.slack.person("Nell Next")
    await olivia.types("/textbank role @nell organizer")
    for error in errors:
        world.slack.respond_next("chat.postMessage", error=error)
    await until(world, 18)
    for _ in errors:
        await world.a_while(900)
    told = [message.words for one in (olivia, nell) for message in one.dm.messages if "could not be" in message.words]
    assert len(told) == 1
    assert f"Slack says {errors[0]}" in told[0]


# ---------------------------------------------------------------------------------------------- once, and in time


async def test_two_clocks_and_a_restart_make_one(world: World, daily: Channel) -> None:
    other = replace(world.kit, owner="another")
    await until(world, 18)
    for _ in range(5):
        await world.minute()
        world.time.passes(seconds=100)  # the lease of the first is over
        await clock_handler.tick(other)
        await Writer(other).step()
        await world.settles()
    assert len(digests(daily)) == 1


async def test_after_hours_away_it_comes_late_the_same_day(world: World, daily: Channel, sara: Phone) -> None:
    await until(world, 22)
    [said] = digests(daily)
    assert "to Tue 6:00 PM" in said.words
    assert "*1* text sent" in said.words
    await until(world, 18, days=1)
    assert len(digests(daily)) == 2


async def test_a_day_that_was_missed_is_not_made_up_for(world: World, daily: Channel) -> None:
    await until(world, 9, days=2)
    assert digests(daily) == []
    await until(world, 18)
    [said] = digests(daily)
    assert "*Thursday, October 22*" in said.words


async def test_while_slack_is_away_it_waits_and_is_dropped_at_midnight(world: World, daily: Channel) -> None:
    world.slack.respond_next("chat.postMessage", status=503, times=999)
    await until(world, 18)
    for _ in range(14):
        await world.a_while(1800)
    world.slack._forecast.clear()
    await world.a_while(1800)
    assert digests(daily) == []
    assert [row.state for row in await world.query("SELECT state FROM digest_run")] == ["missed"]


@pytest.mark.parametrize("weather", [{"status": 500}, {"cut": True}])
async def test_one_that_slack_posted_without_saying_so_is_not_posted_again(
    world: World, daily: Channel, sara: Phone, weather: dict[str, Any]
) -> None:
    world.slack.scopes = granted()
    world.slack.respond_next("chat.postMessage", after=True, **weather)
    await until(world, 18)
    for _ in range(4):
        await world.a_while(30)
    assert len(digests(daily)) == 1
    assert [row.state for row in await world.query("SELECT state FROM digest_run")] == ["posted"]


@pytest.mark.parametrize("private", [False, True])
async def test_one_that_slack_did_not_post_is_posted_when_it_listens_again(
    world: World, olivia: Person, private: bool
) -> None:
    inner = world.slack.channel("inner", olivia, private=private)
    await olivia.types(f"/textbank digest #inner {SIX}")
    world.slack.scopes = granted()
    world.slack.respond_next("chat.postMessage", status=500)
    world.slack.respond_next("conversations.history", status=500)
    await until(world, 18)
    for _ in range(4):
        await world.a_while(30)
    assert len(digests(inner)) == 1


class Killed(BaseException):
    """The process is gone."""


async def test_a_process_that_dies_over_its_post_leaves_word(
    world: World, daily: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = world.kit.slack.post

    async def then_dies(*args: Any, **more: Any) -> tuple[str, str]:
        await post(*args, **more)
        raise Killed

    monkeypatch.setattr(world.kit.slack, "post", then_dies)
    with pytest.raises(Killed):
        await until(world, 18)
    monkeypatch.undo()
    assert len(digests(daily)) == 1

    world.time.passes(seconds=61)
    await Writer(replace(world.kit, owner="another")).step()
    await world.settles()
    assert len(digests(daily)) == 1
