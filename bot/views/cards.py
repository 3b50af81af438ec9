"""The volunteer's card, and what stands in its place when there is no contact to show."""

from bot.services.caps import texted as already
from bot.services.cards import Card, Draft, Last
from bot.services.consents import Consent
from bot.services.resting import Rest
from bot.services.segments import MMS
from bot.services.texting_hours import Closing
from bot.views import ids
from bot.views.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    field,
    image,
    message,
    overflow,
    section,
)
from bot.views.erasing import mark
from bot.views.text import clock_time, escape, moment

_NEVER_AGAIN = (
    "“Wrong number” and “Opt out” both mean that this person is never texted again. “Ask for help” and “About” "
    "change nothing."
)
_ALONG = ":frame_with_picture: This picture goes with it."
_ALT = "The picture that goes with this text"


def card(shown: Card, picture: str | None = None) -> Message:
    """One drawing of the card. Skip stands away from Send, and the menu away from both.

    `picture` is the address of the one that goes along. Without it, it is only named.
    """
    if isinstance(shown.next, Rest):
        return _rest(shown, shown.next)
    return message(f"Next: {escape(shown.next.name)}", *above(shown), *_contact(shown, shown.next, picture))


def waiting_above(names: list[str]) -> str:
    """For whoever asks for replies whose threads are open already."""
    return f"Waiting for your answer, each in a thread above: {escape(', '.join(names))}."


def above(shown: Card, *, buttons: bool = True) -> list[Block]:
    """What has happened: why a press did nothing, what the one before did, and news."""
    lines = []
    if shown.notice:
        lines.append(section(f":warning: {escape(shown.notice)}"))
    if shown.last:
        lines.append(_last(shown.last, shown, buttons=buttons))
    news = enumerate(shown.news[-5:])
    lines += [mark(context(f":no_bell: {escape(line)}"), about, f"news{nth}") for nth, (about, line) in news]
    return lines


def _last(last: Last, shown: Card, *, buttons: bool) -> Block:
    words = f":white_check_mark: {last.did} *{escape(last.name)}*"
    whom = f":{shown.next.conversation_id}" if isinstance(shown.next, Draft) else ""
    undo = button("Undo", ids.UNDO, f"{shown.version}:{last.undo}{whom}") if last.undo and buttons else None
    return mark(section(words, accessory=undo), last.contact_id, "last")


def _contact(shown: Card, draft: Draft, picture: str | None) -> list[Block]:
    version = str(shown.version)
    whose = f"{version}:{draft.conversation_id}"
    menu = overflow(
        ids.CARD_MENU,
        [
            ("Wrong number", f"{version}:{ids.WRONG_NUMBER}:{draft.conversation_id}"),
            ("Opt out", f"{version}:{ids.OPT_OUT}:{draft.conversation_id}"),
            ("Ask for help", f"{version}:{ids.ASK_FOR_HELP}"),
            ("About", f"{version}:{ids.ABOUT}"),
        ],
        confirm=confirm("Are you sure?", _NEVER_AGAIN, "Go on"),
    )
    # A field of a new name every time: under an old one Slack's clients keep what was typed for the contact before.
    typed = field(
        "Message",
        f"draft.{version}",
        block_id=f"message.{version}",
        initial=draft.text,
        multiline=True,
    )
    send = actions(button("Send", ids.SEND, whose, style="primary"))
    aside = [button("Skip", ids.SKIP, whose), button("Text faster", ids.FASTER, whose), *_replies(shown)]
    along = [section(_ALONG, accessory=image(picture, _ALT))] if picture else []
    above_send = [mark(section(who(draft), accessory=menu), draft.conversation_id, "who"), typed, *along, size(draft)]
    return [*above_send, *footer(draft), *texted(draft), send, progress(shown, draft), actions(*aside)]


def texted(draft: Draft) -> list[Block]:
    """That another campaign has texted them today, though they may be texted."""
    return [context(f"Already texted today by {escape(draft.texted_by)}")] if draft.texted_by else []


def who(draft: Draft) -> str:
    """Whose turn it is, where they are, and until when they may be texted."""
    where = f" · {escape(draft.place)}" if draft.place else ""
    until = f"*{escape(draft.name)}*{where}\nYou may text until {draft.until} there."
    return f"{until}\n{_countdown(draft.closing)}" if draft.closing else until


def _countdown(closing: Closing) -> str:
    """A card is drawn once: both are still true when it is read later, which "25 minutes left" would not be."""
    minutes = "1 minute" if closing.minutes == 1 else f"{closing.minutes} minutes"
    return f":hourglass_flowing_sand: At most {minutes} left: until {clock_time(closing.at)} your time."


def footer(draft: Draft) -> list[Block]:
    """What stands below the words, whatever they are edited to."""
    return [context(f"Below it stands: {escape(draft.footer)}")] if draft.footer else []


def about(of: Consent) -> str:
    """How this person agreed to be texted, for whoever is asked “where do you have my number from?”."""
    said = [f"They agreed: “{escape(of.what)}”"]
    said += [f"Where: {escape(of.source)}"] if of.source else []
    said += [f"When: {escape(of.when)}"] if of.when else []
    said.append(
        f"From the list “{escape(of.file_name)}”, of {of.imported_at:%B} {of.imported_at.day}, {of.imported_at:%Y}"
    )
    return f"*About {escape(of.name)}*\n" + "\n".join(said)


def progress(shown: Card, draft: Draft) -> Block:
    """How far the batch is."""
    return context(f"*{draft.number} of {draft.of}* · {escape(shown.campaign)}")


def size(draft: Draft) -> Block:
    """What the draft costs."""
    count, characters = draft.measure.segments, draft.measure.characters
    if draft.picture:
        return context(f"MMS, with a picture · {characters} characters · costs about as much as {MMS} segments")
    words = f"{count} {'segment' if count == 1 else 'segments'} · {characters} characters"
    if draft.measure.culprit and count > 1:  # in one segment it costs nothing
        words += f" · “{escape(draft.measure.culprit)}” makes it cost more: a plain character would not"
    return context(words)


def _replies(shown: Card) -> list[Block]:
    return [button(f"Replies ({shown.replies})", ids.REPLIES, str(shown.version))] if shown.replies else []


def _rest(shown: Card, rest: Rest) -> Message:
    words = why(shown, rest)
    buttons = []
    if rest.more:
        buttons.append(button(f"Text {rest.more} more", ids.TAKE_BATCH, str(shown.campaign_id), style="primary"))
    buttons += _replies(shown)
    return message(words, *above(shown), section(words), *([actions(*buttons)] if buttons else []))


def brought(shown: Card, what: str, where: str = "your direct messages with Textbank") -> str:
    """What came of asking for a contact, for a place where the card itself does not show."""
    return why(shown, shown.next) if isinstance(shown.next, Rest) else f"{what} is waiting in {where}."


def why(shown: Card, rest: Rest) -> str:
    """Why there is no contact, and what to do about it."""
    campaign = f"*{escape(shown.campaign)}*"
    match rest.why:
        case "paused":
            return f"{campaign} is paused for now. Your contacts wait for you; type `/text` when it goes on."
        case "closed":
            thanks = "Thank you for your help! Whoever still writes to you can be answered."
            return f"{campaign} is closed: nobody new is texted. {thanks}"
        case "draft":
            return f"{campaign} has not started yet. Type `/text` again once it has."
        case "budget":
            return (
                f"What has been clicked comes to the budget of {campaign}, so nobody new is handed out for now. An "
                "organizer can raise it; type `/text` when it goes on."
            )
        case "stalled":
            return (
                "No text leaves at this moment, so nobody new is handed out for now. What you have clicked waits. "
                "Type `/text` again in a few minutes; if that does not help, tell an organizer."
            )
        case "full" if rest.wakes is not None:
            return (
                "More texts are waiting to leave than the carrier takes in 20 minutes, so nobody new is handed out for "
                f"now. Go on from about {moment(rest.wakes)} your time: type `/text` then. Answers go out first."
            )
        case "asleep" | "texted":
            everybody = f"All the people left on your list of {campaign}"
            others = " Meanwhile there are others who may be texted now: take some of them." if rest.more else ""
            if rest.wakes is None:
                never = "may be texted at no hour: the texting hours leave them none. Tell an organizer."
                return f"{everybody} {never}{others}"
            return (
                f"{everybody} {_not_now(rest)}. "
                f"They may be texted again from {moment(rest.wakes)} your time; type `/text` then.{others}"
            )
    next_step = (
        "Take some more if you have the time."
        if rest.more
        else "There is nothing to send right now: an organizer can give you more."
    )
    if not rest.texted:
        return f"That was the last one on your list of {campaign}. {next_step}"
    people = "1 person" if rest.texted == 1 else f"{rest.texted} people"
    return (
        f":tada: That was the last one. You have texted *{people}* of {campaign} — thank you!\n"
        f"When somebody answers, their words appear here as a thread: just type in it to answer. {next_step}"
    )


def _not_now(rest: Rest) -> str:
    texted = f"were {escape(already(rest.by))}" if rest.by and rest.by.campaigns else ""
    if rest.why == "texted":
        return texted or "were texted already"
    return "are out of their texting hours" + (f", or {texted}" if texted else "")


def opt_out_question(name: str) -> Block:
    """Asked before an opt-out by hand, which nobody can undo."""
    return confirm("Opt out?", f"{escape(name)} will never be texted again, in any campaign.", "Opt out")
