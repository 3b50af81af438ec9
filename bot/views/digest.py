"""The daily digest, for a channel: what needs somebody first, then the day in figures. No voter's name or number."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.services.daily import DAYS, WEEK, Daily, Needs, Odd, OfCampaign, Rates
from bot.services.digest_days import Schedule
from bot.services.money import in_words
from bot.views.blocks import Block, Message, context, message, section
from bot.views.text import escape

MOST_CAMPAIGNS = 10
BAR = 14
"""Characters of the longest bar: with its date and its number it fits a phone."""
_MINUTE = timedelta(minutes=1)
_STATES = {"live": "", "paused": ", paused", "closed": ", closed"}


def digest(of: Daily, *, now: datetime, asked: bool, chart: bool = True) -> Message:
    """A day's digest. `asked`: somebody wanted it at once; without `chart`, its bars are letters."""
    needs, name = list(_needs(of.needs, now)), of.history[-1][0]
    title = "The last 24 hours" if asked else f"{name:%A, %B} {name.day}"
    alone = f" · {escape(of.campaigns[0].name)}" if len(of.campaigns) == 1 else ""
    change = "" if of.day.is_empty else " In brackets: the change from the day before."
    blocks = [section(f"*{title}*{alone}"), context(_span(of) + change)]
    if needs:
        blocks.append(section("\n".join(["*Needs somebody*", *needs])))
    if of.day.is_empty:
        return message(f"{title}: no texts", *blocks, section("A quiet day: no text was sent, and no reply came in."))
    blocks.append(section("\n".join(_figures(of))))
    if len(of.campaigns) > 1:
        blocks.append(section("\n".join(_campaigns(of.campaigns))))
    if of.week.are_meaningful:
        words = f"Of *{of.week.texted:,}* people first texted in the last {WEEK} days, {_parts(of.week)} by now."
        blocks.append(section(words))
    if of.ranking:
        best = " · ".join(f"{escape(who)} {count:,}" for who, count in of.ranking)
        blocks.append(section(f"Most people texted: {best}"))
    if not needs:
        blocks.append(context(":white_check_mark: Nobody is waiting for an answer, and nothing is out of line."))
    waiting = f", {of.needs.waiting:,} waiting for an answer" if of.needs.waiting else ""
    words = f"{title}: {_texts(of.day.sent)} sent, {_replies(of.day.written)}{waiting}"
    return message(words, *blocks, _chart(of) if chart else _drawn(of))


def clock_time(schedule: Schedule) -> str:
    """`18:00` in `America/Chicago` → "6:00 PM, Chicago time"."""
    hour, minute = schedule.at.split(":")
    return f"{int(hour) % 12 or 12}:{minute} {'AM' if int(hour) < 12 else 'PM'}, {_place(schedule.tz)}"


def is_set(channel: str, schedule: Schedule, first: datetime, *, now: datetime, ranking: bool, guessed: bool) -> str:
    """Word that a digest is set. `guessed`: the time zone is the one that the person has in Slack."""
    day = "today" if schedule.local_date(first) == schedule.local_date(now) else "tomorrow"
    lines = [f"<#{channel}> gets the digest every day at {clock_time(schedule)} (`{schedule.tz}`), the first {day}."]
    if guessed:
        lines.append("That is your time zone in Slack; for another, write it after the time, like `America/Chicago`.")
    if ranking:
        lines.append("It says who texted the most people.")
    lines.append(f"`/textbank digest now` shows you one at once, `/textbank digest off` <#{channel}> ends it.")
    return "\n".join(lines)


def _place(tz: str) -> str:
    return f"{tz.rpartition('/')[2].replace('_', ' ')} time"


def _span(of: Daily) -> str:
    until = of.until.astimezone(ZoneInfo(of.schedule.tz))
    since = until - timedelta(days=1)  # by the clock on the wall
    return f"{since:%a} {since:%-I:%M %p} to {until:%a} {until:%-I:%M %p}, {_place(of.schedule.tz)}."


def _needs(needs: Needs, now: datetime) -> Iterator[str]:
    if needs.stopped_why:
        yield f":rotating_light: No text leaves: {escape(needs.stopped_why)}."
    if needs.waiting and needs.waiting_since:
        people = "1 person is" if needs.waiting == 1 else f"{needs.waiting:,} people are"
        first = "" if needs.waiting == 1 else " the first"
        waited = _long((now - needs.waiting_since) / _MINUTE)
        yield f":speech_balloon: *{people} waiting for an answer*,{first} for {waited}"
    if needs.calls:
        calls = "1 call" if needs.calls == 1 else f"{needs.calls:,} calls"
        yield f":raising_hand: {calls} in the inbox that nobody has taken"
    if needs.doubtful:
        yield f":grey_question: {_texts(needs.doubtful)} of which nobody can say whether they were sent"
    if needs.failures:
        yield f":warning: More texts failed than usual: {_odd(needs.failures, 'texts')}"
    if needs.opt_outs:
        look = "Look at the script and the list."
        yield f":warning: More people opted out than usual: {_odd(needs.opt_outs, 'people')}. {look}"


def _odd(odd: Odd, whom: str) -> str:
    of = f"of the {odd.of:,} {whom} of this day and the day before"
    return f"*{_percent(odd.count / odd.of)}* {of}, where {_percent(odd.usual)} were usual"


def _figures(of: Daily) -> Iterator[str]:
    day, before = of.day, of.before
    first = f", {day.texted:,} of them first texts" if 0 < day.texted < day.sent else ""
    first = ", none of them a first text" if day.sent and not day.texted else first
    yield f"*{day.sent:,}* {'text' if day.sent == 1 else 'texts'} sent{first} ({_change(day.sent, before.sent)})"
    yield f"*{day.delivered:,}* delivered ({_change(day.delivered, before.delivered)})"
    yield f"*{day.failed:,}* failed ({_change(day.failed, before.failed)})"
    yield f"*{day.written:,}* {'reply' if day.written == 1 else 'replies'} ({_change(day.written, before.written)})"
    answered = "voter answered" if day.replied == 1 else "voters answered"
    yield f"*{day.replied:,}* {answered} for the first time ({_change(day.replied, before.replied)})"
    yield f"*{day.opt_outs:,}* opted out ({_change(day.opt_outs, before.opt_outs)})"
    if day.median is not None:
        earlier = f" ({_long(before.median)} the day before)" if before.median is not None else ""
        yield f"*About {_long(day.median)}* to answer a voter, in the median{earlier}"
    if of.converts:
        word = "conversion" if day.conversions == 1 else "conversions"
        yield f"*{day.conversions:,}* {word} ({_change(day.conversions, before.conversions)})"
    word = "volunteer" if day.volunteers == 1 else "volunteers"
    yield f"*{day.volunteers:,}* {word} texted ({_change(day.volunteers, before.volunteers)})"
    if day.spent:
        earlier = f" ({in_words(before.spent)} the day before)" if before.spent else ""
        yield f"*About {in_words(day.spent)}* for the texts sent{earlier}"


def _parts(of: Rates) -> str:
    return f"{_percent(of.replied / of.texted)} have answered and {_percent(of.opted_out / of.texted)} opted out"


def _campaigns(campaigns: tuple[OfCampaign, ...]) -> Iterator[str]:
    for part in campaigns[:MOST_CAMPAIGNS]:
        rate = f" (of {WEEK} days' people {_parts(part.week)})" if part.week.are_meaningful else ""
        waiting = f", {part.waiting:,} waiting" if part.waiting else ""
        yield (
            f"*{escape(part.name)}*{_STATES.get(part.state, '')}: {part.sent:,} sent, {part.replied:,} answered, "
            f"{part.opt_outs:,} opted out{waiting}{rate}"
        )
    if len(campaigns) > MOST_CAMPAIGNS:
        yield f"… and {len(campaigns) - MOST_CAMPAIGNS} more: `/textbank list`"


def _chart(of: Daily) -> Block:
    """Slack's own chart."""
    labels = [f"{day:%b} {day.day}" for day, _, _ in of.history]
    named = (("Texts sent", [sent for _, sent, _ in of.history]), ("Voters answered", [n for _, _, n in of.history]))
    series = [
        {"name": name, "data": [{"label": label, "value": n} for label, n in zip(labels, counts, strict=True)]}
        for name, counts in named
    ]
    chart = {"type": "bar", "series": series, "axis_config": {"categories": labels}}
    return {"type": "data_visualization", "title": f"Texts and answers, the last {DAYS} days", "chart": chart}


def _drawn(of: Daily) -> Block:
    """The chart in letters, for workspaces that do not have Slack's."""
    most = max(sent for _, sent, _ in of.history) or 1
    bars = [("█" * round(sent / most * BAR) or "▏") if sent else "·" for _, sent, _ in of.history]
    rows = zip(of.history, bars, strict=True)
    lines = [f"{day:%b} {day.day:2} {bar:{BAR}} {sent:,}" for (day, sent, _), bar in rows]
    return section("\n".join([f"Texts sent, the last {DAYS} days", "```", *lines, "```"]))


def _change(count: int, before: int) -> str:
    if count == before:
        return "as before"
    return f"+{count - before:,}" if count > before else f"−{before - count:,}"


def _percent(part: float) -> str:
    return f"{part:.0%}" if part >= 0.0995 or part == 0 else f"{part:.1%}"


def _long(minutes: float) -> str:
    if minutes < 90:
        return f"{max(round(minutes), 1)} min"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count:,} texts"


def _replies(count: int) -> str:
    return "1 reply" if count == 1 else f"{count:,} replies"
