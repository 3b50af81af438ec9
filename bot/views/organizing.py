"""What organizers see: modals, import words, invitations, status."""

from collections.abc import Iterable
from datetime import datetime

from bot.services.campaigns import CONSENT_LENGTH, NAME_LENGTH
from bot.services.reports import Status
from bot.services.segments import MAX_CHARACTERS
from bot.views import ids
from bot.views.blocks import Block, Message, actions, button, field, file_field, message, modal, section
from bot.views.text import escape

_FILE_HINT = "Any sensible column names. A phone column is needed; every other column can be used in the script."
_SCRIPT_HINT = (
    "Use {first_name}, {volunteer} (whoever sends it) and any column, such as {city}. {city|town} gives a fallback."
)
_FILE_TYPES = ["csv", "tsv", "txt", "text"]


def new_campaign() -> Block:
    """The modal "New campaign"."""
    example = (
        "Hi {first_name|there}, it's {volunteer} with … Can we count on your vote on Nov 3? Reply STOP to opt out."
    )
    blocks = [
        field("Name", "name", most=NAME_LENGTH, placeholder="Fall GOTV"),
        field("Script", "script", multiline=True, most=MAX_CHARACTERS, hint=_SCRIPT_HINT, placeholder=example),
        _file(),
        _consent(),
    ]
    return modal("New campaign", ids.NEW_CAMPAIGN, blocks, submit="Create")


def add_contacts(name: str, campaign_id: int) -> Block:
    """The modal that adds a file of contacts to a campaign."""
    blocks = [section(f"More contacts for *{escape(name)}*"), _file(), _consent()]
    return modal("Add contacts", ids.ADD_CONTACTS, blocks, submit="Import", metadata=str(campaign_id))


def edit_script(name: str, campaign_id: int, body: str) -> Block:
    """The modal that changes a campaign's script."""
    words = f"Drafts of *{escape(name)}* start from this. Texts already sent are not touched."
    typed = field("Script", "script", multiline=True, most=MAX_CHARACTERS, hint=_SCRIPT_HINT, initial=body)
    return modal("Script", ids.EDIT_SCRIPT, [section(words), typed], submit="Save", metadata=str(campaign_id))


def _file() -> Block:
    return file_field("Contacts (CSV)", "contacts", types=_FILE_TYPES, hint=_FILE_HINT)


def _consent() -> Block:
    placeholder = "Checked the box on our sign-up form, spring 2026"
    hint = "How these people agreed to be texted. It is kept with each of them."
    return field("Consent", "consent", multiline=True, most=CONSENT_LENGTH, hint=hint, placeholder=placeholder)


def reading(name: str, file_name: str) -> Message:
    """Word that a file has come and is being read."""
    return message(f"Reading {escape(file_name)} for *{escape(name)}*. I'll tell you here when its contacts are in.")


def imported(name: str, file_name: str, imported_rows: int, rejected: int, *, state: str, hole: str | None) -> Message:
    """Word of an import that is done."""
    people = "1 contact" if imported_rows == 1 else f"{imported_rows:,} contacts"
    lines = [f":inbox_tray: *{escape(name)}*: {people} imported from {escape(file_name)}."]
    if not imported_rows and not rejected:
        lines.append("There is no row below the column names.")
    elif rejected:
        rows = "1 row was" if rejected == 1 else f"{rejected:,} rows were"
        lines.append(f"{rows} rejected: the file below gives each with its reason.")
    else:
        lines.append("No row was rejected.")
    if hole:
        lines.append(f":warning: {escape(hole)}")
    if not imported_rows:
        lines.append(_put_right(name))
    elif state == "draft" and not hole:
        lines.append(f"When you are ready: `/textbank start {escape(name)}`")
    return message("\n".join(lines))


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


def assigned(name: str, campaign_id: int, by: str, count: int) -> Message:
    """Word to a volunteer who was given contacts."""
    people = "1 contact" if count == 1 else f"{count:,} contacts"
    words = f":wave: <@{by}> gave you {people} of *{escape(name)}*."
    start = button("Start texting", ids.START_TEXTING, str(campaign_id), style="primary")
    return message(f"You have {people} to text", section(words), actions(start))


def campaign_list(rows: Iterable[tuple[str, str]]) -> str:
    """All campaigns: (name, state) pairs."""
    lines = [f"• *{escape(name)}* — {state}" for name, state in rows]
    return "\n".join(lines) or "There are no campaigns yet. Make one with `/textbank new`."


NOT_AGAIN = "They are not sent again; the carrier's log shows whether they left."
"""Said wherever texts are in doubt."""

_STATES = {
    "draft": "not started",
    "live": ":large_green_circle: live",
    "paused": ":double_vertical_bar: paused",
    "closed": "closed",
}


def status(of: Status, *, now: datetime) -> str:
    """A campaign at a glance, on a phone: what needs somebody first."""
    lines = [f"*{escape(of.name)}* — {_STATES[of.state]}"]
    if of.stopped_why:
        lines.append(f":rotating_light: Nothing is being sent: {escape(of.stopped_why)}.")
    if of.waiting:
        lines.append(f":speech_balloon: *{_people(of.waiting)} waiting for an answer*{_since(of.waiting_since, now)}")
    if of.doubtful:
        texts = "1 text" if of.doubtful == 1 else f"{of.doubtful:,} texts"
        lines.append(f":grey_question: {texts} of which nobody can say whether they were sent. {NOT_AGAIN}")
    lines.append(f"Texted *{of.texted:,}* of {of.contacts:,} · {of.to_hand_out:,} not handed out yet")
    lines.append(
        f"All texts, answers too: sent {of.accepted:,} · delivered {of.delivered:,} · not delivered {of.undelivered:,}"
        f" · not sent {of.failed:,} · queued {of.queued:,}"
    )
    lines.append(
        f"Replies {of.replies:,} · opt-outs {of.opt_outs:,} · skipped {of.skipped:,}"
        f" · wrong numbers {of.wrong_numbers:,}"
    )
    if of.texting_now:
        lines.append("Texting now: " + ", ".join(f"<@{who}>" for who in of.texting_now[:20]))
    if of.minutes_left and of.state == "live":
        lines.append(f"At the carrier's pace the rest takes at least {_duration(of.minutes_left)}.")
    return "\n".join(lines)


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
