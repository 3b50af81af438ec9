"""What organizers see of the inbox: each call, who has it, and what came of it. Never a voter's number."""

from collections.abc import Sequence

from bot.services.conversations import Said
from bot.services.inbox import Item, Kind
from bot.services.segments import MAX_CHARACTERS
from bot.views import ids
from bot.views.blocks import (
    SECTION_LENGTH,
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    field,
    message,
    modal,
    section,
)
from bot.views.text import clip, escape, plain
from bot.views.threads import lines, quoted
from models import OptOutState

THIS_IS_THE_INBOX = (
    ":inbox_tray: This is the inbox now. Calls for help, texts from unknown people, texts in doubt and alarms come "
    "here, each with “Take it”. Whoever is in this channel reads what voters wrote."
)
NOT_BY_ITSELF = "Nothing is sent again by itself; the carrier's log shows whether they left."
NEVER_WRITTEN = "They have not written yet, so there is nothing to answer: tell the volunteer what to do."
YOU_DECIDE = "You decide by what they wrote. It is kept with your name."
_ENDED = {
    "done": "is done with this",
    "answered": "answered",
    "told": "told {whom} what to do",
    "opted out": "opted this number out: it won't be texted",
    "no opt-out": "read this as no opt-out: they may be texted",
    "let back": "lets them be texted again",
    "stays out": "left it: they won't be texted again",
    "sent anyway": "lets texts leave all the same",
    "sent again": "sent again what may be sent",
    "left": "left it: nothing is sent again",
}


def item(shown: Item, *, words: str | None = None) -> Message:
    """A call as it stands now; `words` are what was just said about it."""
    heading = _heading(shown)
    blocks = [section(clip(heading, SECTION_LENGTH)), *_said(shown)]
    if shown.done:
        ended = _ENDED[shown.about.get("outcome", "done")].format(whom=f"<@{_volunteer(shown)}>")
        blocks.append(context(f":white_check_mark: <@{shown.taken_by}> {ended}."))
        blocks += _sent_again(shown)
        if words and shown.about.get("outcome") == "told":
            blocks.append(section(clip(quoted(words), SECTION_LENGTH)))
    elif shown.taken_by:
        blocks += [context(f":raised_hand_with_fingers_splayed: <@{shown.taken_by}> has it."), *_to_do(shown)]
    else:
        blocks.append(actions(button("Take it", ids.INBOX_TAKE, str(shown.id), style="primary")))
    return message(clip(heading, 300), *blocks)


def below(shown: Item, said: Sequence[Said]) -> Message:
    """What has come since the item was posted, for the thread under it."""
    who = f"<@{shown.taken_by}>: " if shown.taken_by else ""
    if shown.kind is Kind.STRANGER:
        return message(f"{who}They wrote again.", section(f"{who}They wrote again:"), *lines(said, shown.ending))
    if shown.kind is Kind.DOUBTFUL:
        words = f"{who}There are more: {_texts(len(shown.about['ids']))} by now."
        return message(words, section(words))
    words = f"{who}<@{shown.asked_by}> asks again."
    return message(words, section(words), *_said(shown))


def word_back(by: str, how: str, name: str, words: str) -> Message:
    """To the volunteer: somebody has answered in their place, or tells them what to do."""
    said = f"<@{by}> answered {escape(name)} for you:" if how == "answered" else f"<@{by}> about {escape(name)}:"
    after = [context("The voter has it; what they answer comes to you.")] if how == "answered" else []
    return message(said, section(said), section(clip(quoted(words), SECTION_LENGTH)), *after)


def answer_modal(shown: Item, metadata: str) -> Block:
    """The modal that texts the voter in the volunteer's place."""
    name = shown.talk.name if shown.talk else ""
    typed = field("Message", "message", multiline=True, most=MAX_CHARACTERS, placeholder="This is texted to the voter")
    blocks = [*_said(shown), typed]
    return modal(plain(f"Answer {name}"), ids.INBOX_ANSWER, blocks, submit="Send", metadata=metadata)


def tell_modal(shown: Item, metadata: str) -> Block:
    """The modal whose words go to the volunteer."""
    hint = "Only the volunteer reads this; the voter sees nothing of it."
    typed = field("Message", "message", multiline=True, hint=hint)
    return modal("Tell the volunteer", ids.INBOX_TELL, [*_said(shown), typed], submit="Send", metadata=metadata)


def _heading(shown: Item) -> str:
    name = escape(shown.talk.name) if shown.talk else ""
    if shown.kind is Kind.HELP:
        return f":raising_hand: <@{shown.asked_by}> asks for help with *{name}* ({escape(shown.campaign)})."
    if shown.kind is Kind.STRANGER:
        which = f"that ends in {shown.ending}" if shown.ending else "that has been erased since"
        return f":grey_question: A number {which} wrote. No campaign has texted it."
    if shown.kind is Kind.WANTS_BACK:
        who = f"*{name}* ({escape(shown.campaign)})" if name else f"A number that ends in {shown.ending or '…'}"
        return f":wave: {who} had opted out, and has texted START. May they be texted again?"
    if shown.kind is Kind.UNSEEN:
        whom = escape(shown.volunteer or "their volunteer")
        return (
            f":rotating_light: {name} answered a text of {escape(shown.campaign)}, but Slack does not show it to "
            f"{whom} ({escape(shown.about['why'])}). Somebody should look after it."
        )
    if shown.kind is Kind.DOUBTFUL:
        never = f"the carrier never said whether it took {_texts(len(shown.about['ids']))}"
        return f":rotating_light: {escape(shown.campaign)}: {never}. {NOT_BY_ITSELF}"
    return f":rotating_light: {escape(shown.about['words'])}"


def _said(shown: Item) -> list[Block]:
    """The last words, a volunteer's draft, and what is known of a stranger's opt-out."""
    if shown.kind is Kind.STRANGER:
        return [*lines(shown.said, shown.ending), *_verdict(shown)]
    if shown.talk is None:
        return lines(shown.said, shown.ending) if shown.said else []
    blocks = lines(shown.said, shown.talk.name, us=f"<@{shown.talk.volunteer_id}>")
    if draft := shown.about.get("words"):
        blocks.append(section(clip(f"<@{shown.asked_by}> thought of writing:\n{quoted(draft)}", SECTION_LENGTH)))
    return blocks


def _verdict(shown: Item) -> list[Block]:
    if shown.verdict is OptOutState.OUT:
        return [context(":no_bell: This number has opted out and won't be texted.")]
    if shown.verdict is OptOutState.HELD and not shown.done:
        return [context(":warning: Did they ask to be left alone? Nothing goes to them until somebody decides.")]
    return []


def _texts(count: int) -> str:
    return "1 text" if count == 1 else f"{count:,} texts"


def _sent_again(shown: Item) -> list[Block]:
    """What came of “Send again”: how many, what was found meanwhile, and what may not go."""
    about, said = shown.about, []
    if about.get("outcome") != "sent again":
        return []
    if about["again"]:
        said.append(f"{_texts(about['again'])} sent again.")
    if about["found"]:
        said.append(f"{_texts(about['found'])} had been found at the carrier meanwhile.")
    said += [escape(why) for why in about["refused"]]
    return [section(clip(" ".join(said), SECTION_LENGTH))]


def _volunteer(shown: Item) -> str:
    return shown.asked_by or (shown.talk.volunteer_id if shown.talk else "")


def _to_do(shown: Item) -> list[Block]:
    """What whoever has taken it can do about it."""
    value, last = str(shown.id), button("Done", ids.INBOX_DONE, str(shown.id))
    hand_back = button("Hand back", ids.INBOX_HAND_BACK, value)
    if shown.kind is Kind.GATE:
        sure = confirm("Send anyway?", "What is not in the database may be texted a second time.", "Send anyway")
        return [actions(button("Send anyway", ids.INBOX_SEND_ANYWAY, value, style="danger", confirm=sure), hand_back)]
    if shown.kind is Kind.DOUBTFUL:
        sure = confirm("Send again?", "Whoever has them already gets them twice.", "Send again")
        again = button("Send again", ids.INBOX_SEND_AGAIN, value, style="danger", confirm=sure)
        return [actions(again, button("Leave it", ids.INBOX_LEAVE, value), hand_back)]
    if shown.kind is Kind.WANTS_BACK:
        sure = confirm("Text them again?", YOU_DECIDE, "They may be texted")
        back = button("They may be texted", ids.INBOX_LET_BACK, value, style="primary", confirm=sure)
        return [actions(back, button("Leave it", ids.INBOX_STAYS_OUT, value), hand_back)]
    first: list[Block] = []
    if shown.kind is Kind.STRANGER and shown.verdict is not OptOutState.OUT:
        sure = confirm("Opt this number out?", "It won't be texted in any campaign.", "Opt out")
        first = [button("Opt this number out", ids.INBOX_OPT_OUT, value, style="danger", confirm=sure)]
        if shown.verdict is OptOutState.HELD:
            last = button("It was no opt-out", ids.INBOX_KEEP, value)
    elif shown.talk is not None:
        tell = button("Tell the volunteer", ids.INBOX_TELL, value)
        first = [button("Answer", ids.INBOX_ANSWER, value, style="primary"), tell] if shown.may_answer else [tell]
    notes = [context(NEVER_WRITTEN)] if shown.talk is not None and not shown.may_answer else []
    return [*notes, actions(*first, hand_back, last)]
