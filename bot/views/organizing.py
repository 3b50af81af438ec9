"""What organizers see: modals, import words, invitations, status."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.services.campaigns import CONSENT_LENGTH, FOOTER_LENGTH, NAME_LENGTH
from bot.services.carrier_codes import in_words
from bot.services.estimates import Estimate
from bot.services.imports import Word
from bot.services.reports import Progress, Status
from bot.services.segments import MAX_CHARACTERS
from bot.views import ids, looking_up, money, script_check
from bot.views.blocks import (
    Block,
    Message,
    actions,
    boxes,
    button,
    choice,
    context,
    field,
    file_field,
    message,
    modal,
    moment_field,
    option,
    section,
)
from bot.views.text import escape, moment

_FILE_HINT = "Any sensible column names. A phone column is needed; every other column can be used in the script."
_SCRIPT_HINT = (
    "Use {first_name}, {volunteer} (whoever sends it) and any column, such as {city}. {city|town} gives a fallback."
)
_FILE_TYPES = ["csv", "tsv", "txt", "text"]


def new_campaign(lookup_price: Decimal) -> Block:
    """The modal "New campaign"."""
    example = (
        "Hi {first_name|there}, it's {volunteer} with … Can we count on your vote on Nov 3? Reply STOP to opt out."
    )
    blocks = [
        field("Name", "name", most=NAME_LENGTH, placeholder="Fall GOTV"),
        script_check.script_field(hint=_SCRIPT_HINT, most=MAX_CHARACTERS, placeholder=example),
        *script_check.before(),
        _file(),
        *_consent(),
        looking_up.box(lookup_price),
        _footer(),
        _picture(),
        *_for_answers(),
        _budget(),
        moment_field("Open at", "opens_at", hint="It goes live by itself then, if its contacts are in."),
        moment_field("Close at", "closes_at", hint="Nobody is texted after it; answers still come in."),
    ]
    return modal("New campaign", ids.NEW_CAMPAIGN, blocks, submit="Create")


def add_contacts(name: str, campaign_id: int, *, lookup_price: Decimal) -> Block:
    """The modal that adds a file of contacts to a campaign."""
    blocks = [section(f"More contacts for *{escape(name)}*"), _file(), *_consent(), looking_up.box(lookup_price)]
    return modal("Add contacts", ids.ADD_CONTACTS, blocks, submit="Import", metadata=str(campaign_id))


def edit_script(
    name: str,
    campaign_id: int,
    body: str,
    *,
    check: list[Block],
    footer: str,
    saved: str,
    questions: str,
    picture: str | None,
    coming: str | None,
    budget: str,
) -> Block:
    """The modal that changes a campaign's script, and what volunteers answer voters with.

    `check` stands below the script; `picture` is the address of the one that goes along now, `coming` the name of a
    file that is still to be fetched.
    """
    words = f"Drafts of *{escape(name)}* start from this. Texts already sent are not touched."
    typed = script_check.script_field(hint=_SCRIPT_HINT, most=MAX_CHARACTERS, initial=body)
    blocks = [
        section(words),
        typed,
        *check,
        _footer(footer),
        *_pictures(picture, coming),
        *_for_answers(saved, questions),
        _budget(budget),
    ]
    return modal("Script", ids.EDIT_SCRIPT, blocks, submit="Save", metadata=str(campaign_id))


def _footer(initial: str = "") -> Block:
    return field(
        "Footer",
        "footer",
        most=FOOTER_LENGTH,
        hint="Stands below each first text, and no volunteer can edit it away.",
        placeholder="Paid for by Michigan Votes",
        initial=initial,
        optional=True,
    )


def _budget(initial: str = "") -> Block:
    hint = "In dollars, for all of its texts, answers too. When it is spent the campaign pauses, and you are told."
    return field("Budget", "budget", most=20, hint=hint, placeholder="250", initial=initial, optional=True)


def _picture() -> Block:
    hint = "JPEG, PNG or GIF, best below 600 KB. Each first text then goes as MMS, at about the cost of three segments."
    return file_field("Picture", "picture", types=["jpg", "jpeg", "png", "gif"], hint=hint, optional=True)


def _pictures(picture: str | None, coming: str | None) -> list[Block]:
    """What goes along now, with a way to take it out, and the field for another."""
    lines = []
    if picture:
        lines.append(context(f":frame_with_picture: <{picture}|This picture> goes with its first texts."))
    if coming:
        lines.append(context(f":hourglass_flowing_sand: {escape(coming)} is still being fetched."))
    if not lines:
        return [_picture()]
    remove = boxes([option("Remove the picture", "yes", "Texts go without one from now on.")])
    return [*lines, choice("The picture there is", "no_picture", remove, optional=True), _picture()]


def _for_answers(saved: str = "", questions: str = "") -> list[Block]:
    """What volunteers find under **Reply**."""
    about_saved = (
        "One a line: a title, a colon, the words. If one needs several lines, leave an empty line between them all, "
        "and begin a line in it that has a colon of its own with a space. Fields work as in the script."
    )
    about_questions = (
        "One a line, each with its answers. A star after an answer makes it what the campaign counts as a conversion, "
        "from then on. A question that you take out keeps its answers."
    )
    return [
        field(
            "Saved replies",
            "saved_replies",
            multiline=True,
            hint=about_saved,
            placeholder="Where to vote: {first_name}, find your place at vote.org/locator",
            initial=saved,
            optional=True,
        ),
        field(
            "Questions",
            "questions",
            multiline=True,
            hint=about_questions,
            placeholder="Will you vote on Nov 3? Yes* / No / Maybe",
            initial=questions,
            optional=True,
        ),
    ]


def _file() -> Block:
    return file_field("Contacts (CSV)", "contacts", types=_FILE_TYPES, hint=_FILE_HINT)


def _consent() -> list[Block]:
    placeholder = "Checked the box on our sign-up form, spring 2026"
    hint = "How these people agreed to be texted. It is kept with each of them."
    each = "Unless the file has a column for it:"
    return [
        field("Consent", "consent", multiline=True, most=CONSENT_LENGTH, hint=hint, placeholder=placeholder),
        field(
            "Where they agreed",
            "consent_where",
            most=NAME_LENGTH,
            hint=f"{each} opt_in_source",
            placeholder="our web form",
            optional=True,
        ),
        field(
            "When they agreed",
            "consent_when",
            most=NAME_LENGTH,
            hint=f"{each} opt_in_date",
            placeholder="March to May 2026",
            optional=True,
        ),
    ]


def reading(name: str, file_name: str) -> Message:
    """Word that a file has come and is being read."""
    return message(f"Reading {escape(file_name)} for *{escape(name)}*. I'll tell you here when its contacts are in.")


def imported(of: Word, estimate: Estimate | None, *, lookup_price: Decimal, looking: bool = False) -> Message:
    """Word of an import that is done, and of what its campaign will cost.

    `looking`: its numbers are being looked up, as is said in the button's place.
    """
    name, file_name = escape(of.campaign), escape(of.file_name)
    people = "1 contact" if of.imported == 1 else f"{of.imported:,} contacts"
    lines = [f":inbox_tray: *{name}*: {people} imported from {file_name}."]
    if not of.imported and not of.rejected:
        lines.append("There is no row below the column names.")
    elif of.rejected:
        rows = "1 row was" if of.rejected == 1 else f"{of.rejected:,} rows were"
        lines.append(f"{rows} rejected: the file below gives each with its reason.")
    else:
        lines.append("No row was rejected.")
    if of.hole:
        lines.append(f":warning: {escape(of.hole)}")
    if not of.imported:
        lines.append(_put_right(of.campaign))
    elif estimate:
        lines.append(money.estimate(estimate))
    if of.imported and of.campaign_state == "draft" and not of.hole:
        lines.append(f"When you are ready: `/textbank start {name}`")
    words = "\n".join(lines)
    if not (of.look_up and of.imported):
        return message(words)
    offer = [section(looking_up.BEGUN)] if looking else looking_up.offer(of.import_id, of.imported, lookup_price)
    return message(words, section(words), *offer)


def not_imported(name: str, file_name: str, why: str) -> Message:
    """Word of an import of which nothing was kept."""
    return message(
        f":warning: *{escape(name)}*: nothing was imported from {escape(file_name)}.\n{escape(why)}\n{_put_right(name)}"
    )


def _put_right(name: str) -> str:
    return f"Put the file right and add it with `/textbank import {escape(name)}`."


def invitation(name: str, campaign_id: int, by: str, batch: int) -> Message:
    """The channel's invitation: whoever presses it gets a batch, of the size that this one promised."""
    where = f"It happens right here in Slack, {batch} {'person' if batch == 1 else 'people'} at a time."
    words = f":wave: <@{by}> invites you to text for *{escape(name)}*. {where}"
    start = button("Start texting", ids.START_TEXTING, f"{campaign_id}:{batch}", style="primary")
    return message(f"Text for {escape(name)}", section(words), actions(start))


def assigned(name: str, campaign_id: int, by: str, count: int, conversations: int = 0) -> Message:
    """Word to a volunteer who was given contacts, or conversations that somebody else began."""
    people = "1 contact" if count == 1 else f"{count:,} contacts"
    talks = "1 conversation" if conversations == 1 else f"{conversations:,} conversations"
    what = " and ".join(each for each in (people * bool(count), talks * bool(conversations)) if each)
    words = f":wave: <@{by}> gave you {what} of *{escape(name)}*."
    if conversations:
        words += " Whoever waits for an answer comes here as a thread; the others when they write again."
    shown = [section(words)]
    if count:
        shown.append(actions(button("Start texting", ids.START_TEXTING, str(campaign_id), style="primary")))
    return message(f"You have {what} to look after" if conversations else f"You have {people} to text", *shown)


def opened(name: str, campaign_id: int) -> Message:
    """Word to a volunteer who was given contacts before the campaign began."""
    start = button("Start texting", ids.START_TEXTING, str(campaign_id), style="primary")
    words = f":wave: *{escape(name)}* has begun: the people on your list can be texted now."
    return message(f"{escape(name)} has begun", section(words), actions(start))


NOT_AGAIN = "They are not sent again; the carrier's log shows whether they left."
"""Said wherever texts are in doubt."""
MOST_NAMED = 20
MOST_ERRORS = 5

_STATES = {
    "draft": "not started",
    "live": ":large_green_circle: live",
    "paused": ":double_vertical_bar: paused",
    "closed": "closed",
}


def campaign_list(rows: Iterable[tuple[Any, Progress]]) -> str:
    """All campaigns, and how far each is."""
    lines = []
    for row, done in rows:
        far = (
            f"{_share(done.texted, done.contacts)} of {done.contacts:,} texted" if done.contacts else "no contacts yet"
        )
        far += ", nobody is left" if done.contacts and not done.left else ""
        parts = [f"• *{escape(row.name)}* — {_STATES[row.state]}", far, *_plan(row.state, row.opens_at, row.closes_at)]
        lines.append(" · ".join(parts))
    return "\n".join(lines) or "There are no campaigns yet. Make one with `/textbank new`."


def status(of: Status, *, now: datetime, estimate: Estimate | None = None) -> str:
    """A campaign at a glance, on a phone: what needs somebody first."""
    heading = [f"*{escape(of.name)}* — {_STATES[of.state]}", *_plan(of.state, of.opens_at, of.closes_at)]
    lines = [" · ".join(heading)]
    if of.stopped_why:
        lines.append(f":rotating_light: Nothing is being sent: {escape(of.stopped_why)}.")
    if of.stalled:
        lines.append(
            ":rotating_light: No worker is running: nothing is being sent. An admin sees more by `/textbank doctor`."
        )
    if of.waiting:
        lines.append(f":speech_balloon: *{_people(of.waiting)} waiting for an answer*{_since(of.waiting_since, now)}")
    if of.doubtful:
        texts = "1 text" if of.doubtful == 1 else f"{of.doubtful:,} texts"
        lines.append(f":grey_question: {texts} of which nobody can say whether they were sent. {NOT_AGAIN}")
    if of.in_the_inbox:
        calls = "1 call is" if of.in_the_inbox == 1 else f"{of.in_the_inbox:,} calls are"
        lines.append(f":inbox_tray: {calls} open in the inbox")
    reachable = of.contacts - of.out_of_reach
    lines.append(f"{_bar(of.texted, reachable)} *{_share(of.texted, reachable)}*")
    lines.append(f"Texted *{of.texted:,}* of {of.contacts:,} · {of.to_hand_out:,} not handed out yet")
    lines += _how_it_ends(of)
    lines += _pace(of, now)
    if estimate:
        lines.append(money.estimate(estimate))
    if spent := money.spent(of.spent, of.budget):
        lines.append(spent)
    lines.append(
        f"Replies {of.replies:,} · opt-outs {of.opt_outs:,}{_after(of)} · skipped {of.skipped:,}"
        f" · wrong numbers {of.wrong_numbers:,}"
    )
    lines.append(
        f"All texts, answers too: sent {of.accepted:,} · delivered {of.delivered:,} · not delivered {of.undelivered:,}"
        f" · not sent {of.failed:,} · queued {of.queued:,}"
    )
    lines += [f"• {count:,} × {_error(code)}" for code, count in of.errors[:MOST_ERRORS]]
    if of.texting_now:
        named = ", ".join(f"<@{who}>" for who in of.texting_now[:MOST_NAMED])
        more = len(of.texting_now) - MOST_NAMED
        lines.append(f"Texting now: {named}" + (f" and {more:,} more" if more > 0 else ""))
    return "\n".join(lines)


def _how_it_ends(of: Status) -> list[str]:
    """Who could not be texted and why, and whether anybody is left."""
    why = ((of.left_untexted, "opted out"), (of.wrong_numbers, "wrong number"), (of.unreachable, "can't be reached"))
    reasons = ", ".join(f"{count:,} {words}" for count, words in why if count)
    lines = [f"Could not be texted: {of.out_of_reach:,} ({reasons})"] if reasons else []
    if of.contacts and not of.left:
        lines.append(
            ":white_check_mark: *Done: nobody is left to text*" + (", the last wait in the queue" * bool(of.queued))
        )
    return lines


def _pace(of: Status, now: datetime) -> list[str]:
    """How fast, and when it will be done."""
    lines = []
    if of.in_the_last_hour:
        texts = "1 text" if of.in_the_last_hour == 1 else f"{of.in_the_last_hour:,} texts"
        lines.append(f"*{texts}* in the last hour")
    if of.minutes_left and of.state == "live":
        done = moment(now + timedelta(minutes=of.minutes_left))
        words = f"At the carrier's pace the rest takes at least {_duration(of.minutes_left)}, until {done}"
        if of.minutes_at_this_pace and of.minutes_at_this_pace > of.minutes_left:
            words += f"; at the last hour's pace {_duration(of.minutes_at_this_pace)}"
        lines.append(f"{words}.")
    return lines


def _plan(state: str, opens_at: datetime | None, closes_at: datetime | None) -> list[str]:
    """What the clock will do."""
    plan = []
    if opens_at is not None and state == "draft":
        plan.append(f"opens {moment(opens_at)}")
    if closes_at is not None and state != "closed":
        plan.append(f"closes {moment(closes_at)}")
    return plan


def _bar(part: int, whole: int) -> str:
    filled = min(part * 10 // whole, 10) if whole else 0
    return "█" * filled + "░" * (10 - filled)


def _share(part: int, whole: int) -> str:
    """100% only when it is all of them."""
    return f"{part * 100 // whole if whole else 0}%"


def _after(of: Status) -> str:
    """The part of those texted who then opted out; who did so before is none of them."""
    if not of.opted_out_after or not of.texted:
        return ""
    some = "" if of.opted_out_after == of.opt_outs else f", {of.opted_out_after:,} after a text"
    return f"{some} ({of.opted_out_after / of.texted:.1%})"


def _error(code: int) -> str:
    words = in_words(code)
    return words if not code or str(code) in words else f"{words} (code {code})"


def _people(count: int) -> str:
    return "1 person is" if count == 1 else f"{count:,} people are"


def _since(moment: datetime | None, now: datetime) -> str:
    if moment is None:
        return ""
    return f", the first for {_duration(max(round((now - moment).total_seconds() / 60), 1))}"


def _duration(minutes: int) -> str:
    if minutes < 90:
        return f"{minutes} min"
    hours = round(minutes / 60)
    return f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
