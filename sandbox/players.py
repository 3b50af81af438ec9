"""Volunteers and an organizer who play themselves: they look at their screens, and do what people do there.

They know nothing of the product but what it shows: labels, words, buttons. What a volunteer takes for a sent text is
what her card says was sent.
"""

import asyncio
import random
import re
from collections.abc import Callable

from sandbox.claims import NOT_SENT, Sent
from sandbox.invented import Contact
from sandbox.slack import File, Message, Person
from sandbox.small_talk import ANSWERS, CONSENT, EDITS, FURIOUS, LAST_WORDS, SCRIPT
from sandbox.stage import CAMPAIGN, Stage, thread_name, threads_of, words_in

REDRAWN_WITHIN = 5.0
IDLE = 0.15
HOLD_ON = "Hold on"
"""How the organizer's word to the volunteers begins when she pauses."""
_WHO = re.compile(r"^\*(.+?)\*(?: · .*)?\nYou may text until", re.MULTILINE)
_QUOTED = re.compile(r"^> (.*)$", re.MULTILINE)


def name_on(card: Message) -> str:
    """Whose turn it is."""
    found = _WHO.search(card.words)
    return found[1] if found else ""


class Volunteer:
    """One volunteer, from the invitation to the last thread."""

    def __init__(self, stage: Stage, person: Person, seed: int) -> None:
        self.person = person
        self.resting = False
        self._stage = stage
        self._rng = random.Random(seed)
        self._card: Message | None = None
        self._joined = False
        self._read: set[tuple[str, str]] = set()
        self._dealt_with: set[tuple[str, str]] = set()
        self._in_vain: set[str] = set()
        self._refusals: dict[str, int] = {}

    @property
    def name(self) -> str:
        return self.person.first_name

    @property
    def has_finished(self) -> bool:
        """Whether nobody is left to text, and nobody waits."""
        if not self.resting or self._is_paused():
            return False
        card = self._card
        return self._joined if card is None else not card.field("Message") and "is paused" not in card.words

    async def run(self) -> None:
        """Answer whoever wrote, else text the next; until cancelled."""
        await self._stage.pause(self._rng.uniform(0, 1.5))
        while True:
            try:
                busy = await self._prefers_the_card() or await self._answers() or await self._texts()
            except AssertionError as wrong:  # a button that is not there: what a person would call a bug
                self._stage.trouble.append(f"{self.name}: {str(wrong).splitlines()[0]}")
                busy = False
            self.resting = not busy
            if not busy:
                await asyncio.sleep(IDLE)

    # -- the card

    async def _prefers_the_card(self) -> bool:
        """While many are texting, "Text faster" opens first; closed, it gives way to the card."""
        if self.person.modal is None or self.person.modal.title != "Text faster":
            return False
        await self.person.cancels()
        return True

    def _newest_card(self) -> Message | None:
        """The card that she works with: where she clicked last, unless a newer one has come below it."""
        newest = self.person.card
        if newest is not None and (self._card is None or newest.ts > self._card.ts):
            self._card = newest
        if self._card is not None:
            self._stage.cards[self.person.id] = self._card
        return self._card

    async def _texts(self) -> bool:
        card = self._newest_card()
        if card is None:
            return await self._begins()
        if card.field("Message"):
            await self._next_contact(card)
            return True
        return await self._goes_on(card)

    async def _begins(self) -> bool:
        """By the word that she was given contacts, or by the invitation in the channel."""
        given = next((one for one in self.person.dm.top_level if one.button("Start texting")), None)
        if given is not None:
            self._card = given
            await self._presses("Start texting", given)
            return True
        return await self._accepts_invitation()

    async def _accepts_invitation(self) -> bool:
        invitation = next((one for one in self._stage.channel.messages if one.button("Start texting")), None)
        if invitation is None or self._joined:
            return False
        self._joined = True
        self._stage.asked += 1
        before, told = self.person.card, len(self.person.ephemerals)
        await self.person.presses("Start texting", on=invitation)
        await _until(lambda: self.person.card is not before or len(self.person.ephemerals) > told)
        return True

    async def _goes_on(self, card: Message) -> bool:
        """No contact on the card: more of them, a pause that is over, or rest."""
        if self._is_paused():
            return False
        if "is paused" in card.words:
            self._stage.asked += 1
            await self.person.types("/text")
            await _until(lambda: self._newest_card() is not card)
            return True
        more = next((label for label in card.buttons if re.fullmatch(r"Text \d+ more", label)), None)
        if more and more not in self._in_vain:
            await self._presses(more, card)
            if not card.field("Message"):
                self._in_vain.add(more)  # the others were quicker
            return True
        return await self._accepts_invitation()

    def _is_paused(self) -> bool:
        messages = [one for one in self._stage.channel.messages if not one.by_bot]
        return bool(messages) and messages[-1].text.startswith(HOLD_ON)

    async def _next_contact(self, card: Message) -> None:
        loop = asyncio.get_running_loop()
        next_at = loop.time() + self._stage.gap * self._rng.uniform(0.5, 1.4)
        name, roll = name_on(card), self._rng.random()
        if roll < 0.02:
            await self._presses("Skip", card)
            self._stage.set_aside += 1
            self._stage.tell("note", f"{self.name} skips {name}")
        elif roll < 0.03:
            await self._chooses("Wrong number", card)
            self._stage.set_aside += 1
            self._stage.tell("note", f"{self.name}: wrong number for {name}")
        else:
            await self._sends(card, name)
        if self._wants_replies(card):
            await self._presses(next(label for label in card.buttons if label.startswith("Replies")), card, within=0)
            await self._stage.pause(2)
        await asyncio.sleep(max(next_at - loop.time(), 0))

    def _wants_replies(self, card: Message) -> bool:
        waiting = any(label.startswith("Replies") for label in card.buttons)
        return waiting and self._rng.random() < 0.3

    async def _sends(self, card: Message, name: str) -> None:
        words = str(card.inputs["Message"] or "")
        if self._rng.random() < 0.12:
            old, new = self._rng.choice(EDITS)
            words = words.replace(old, new, 1)
            self.person.edits("Message", words, on=card)
        # Some people double-click everything. It must make one text.
        await self._presses("Send", card, times=2 if self._rng.random() < 0.04 else 1)
        if f"Texted *{name}*" not in card.words:
            return
        act = Sent(self.name, name, self._stage.named[name].phone, words.strip(), first=True)
        if self._stage.texted(act):
            self._stage.tell("text", f"{self.name} → {name}: {words}")
            if self._rng.random() < 0.025:
                await self._undoes(card, act)

    async def _undoes(self, card: Message, act: Sent) -> None:
        if card.button("Undo"):
            await self._presses("Undo", card)
            if name_on(card) == act.name:
                act.taken_back = True
                self._stage.tell("note", f"{self.name} takes the text to {act.name} back before it leaves")

    async def _presses(self, label: str, on: Message, *, times: int = 1, within: float = REDRAWN_WITHIN) -> None:
        before = on.blocks
        self._stage.newest = self.person
        await asyncio.gather(*(self.person.presses(label, on=on) for _ in range(times)))
        await _until(lambda: on.blocks is not before, within)

    async def _chooses(self, label: str, on: Message) -> None:
        before = on.blocks
        await self.person.chooses(label, on=on)
        await _until(lambda: on.blocks is not before)

    # -- the threads

    async def _answers(self) -> bool:
        """Read what came, and answer the first who waits; False when nobody does."""
        for root in threads_of(self.person):
            words = words_in(root)
            self._notices_refusals(root, words)
            for line in _QUOTED.findall(words):
                if (root.ts, line) not in self._read:
                    self._reads(root, line)
            for line in _QUOTED.findall(words):
                if (root.ts, line) not in self._dealt_with and (
                    line in ANSWERS or line in FURIOUS or line in LAST_WORDS
                ):
                    if self._is_paused() and line in ANSWERS:
                        continue
                    self._dealt_with.add((root.ts, line))
                    await self._deals_with(root, line)
                    return True
        return False

    def _reads(self, root: Message, line: str) -> None:
        self._read.add((root.ts, line))
        name = thread_name(root)
        if any(heard.name == name and heard.body == line and not heard.is_out for heard in self._stage.heard):
            self._stage.newest = self.person
            self._stage.tell("voter", f"{name}: {line} → {self.name}'s thread")

    def _notices_refusals(self, root: Message, words: str) -> None:
        """An answer that was refused for now is given again."""
        count = words.count(f"paused, {NOT_SENT}")
        if count > self._refusals.get(root.ts, 0) and not self._is_paused():
            self._refusals[root.ts] = count
            self._dealt_with -= {(root.ts, line) for line in _QUOTED.findall(words)[-1:]}

    async def _deals_with(self, root: Message, line: str) -> None:
        await self._stage.pause(self._rng.uniform(0.4, 1.2))
        contact = self._stage.named[thread_name(root)]
        if line in FURIOUS:
            await self._opts_out(root, contact)
        elif line in LAST_WORDS:
            if (done := _with_button(root, "Done")) and self._rng.random() < 0.7:
                await self._presses("Done", done, within=1)
        else:
            await self._keeps_talking(root)
            if not await self._says(root, contact, ANSWERS[line]):
                self._dealt_with.discard((root.ts, line))  # a pause: say it again once it is over

    async def _opts_out(self, root: Message, contact: Contact) -> None:
        newest = _with_button(root, "Opt out")
        assert newest is not None, f"no button “Opt out” in the thread of {contact.name}"
        await self._presses("Opt out", newest, within=1)
        self._stage.opted_out(contact.phone)
        self._stage.tell("out", f"{self.name} opts {contact.name} out, who wants to be left alone")

    async def _keeps_talking(self, root: Message) -> None:
        """Words that sounded like an opt-out and were none."""
        if newest := _with_button(root, "Keep texting"):
            await self._presses("Keep texting", newest, within=1)

    async def _says(self, root: Message, contact: Contact, words: str) -> bool:
        """Most people type in the thread; some press Reply. False when the modal says that it must wait."""
        self._stage.asked += 1
        self._stage.newest = self.person
        act = Sent(self.name, contact.name, contact.phone, words, first=False)
        newest = _with_button(root, "Reply")
        if newest is not None and self._rng.random() < 0.35:
            await self.person.presses("Reply", on=newest)
            if not await _until(lambda: self.person.modal is not None):
                return True
            refused = await self.person.submits({"Message": words})
            if refused is not None:
                await self.person.cancels()
                return not any("paused" in why for why in refused.errors.values())
        else:
            await self.person.writes(words, in_=root)
        self._stage.sent.append(act)
        self._stage.tell("text", f"{self.name} → {contact.name}: {words}")
        return True


def _with_button(root: Message, label: str) -> Message | None:
    """The newest message of a thread that has buttons, if this one is among them."""
    newest = next((one for one in reversed([root, *root.replies]) if one.by_bot and one.buttons), None)
    return newest if newest is not None and newest.button(label) else None


class Organizer:
    """Makes the campaign, starts it, invites the volunteers, and keeps an eye on it."""

    def __init__(self, stage: Stage, person: Person) -> None:
        self.person = person
        self._stage = stage

    async def prepares(self, file: str, *, imported_within: float = 30) -> None:
        """From the file to a campaign that is live. Raises AssertionError when that does not come about."""
        self._stage.newest = self.person
        await self.person.types("/textbank new")
        fields = {"Name": CAMPAIGN, "Script": SCRIPT, "Contacts (CSV)": File("contacts.csv", file.encode())}
        left_open = await self.person.submits({**fields, "Consent": CONSENT})
        assert left_open is None, f"the modal says: {left_open.errors if left_open else ''}"
        self._stage.tell("desk", f"Olivia uploads contacts.csv for {CAMPAIGN}")
        arrived = await _until(lambda: "imported" in self._last_word(), imported_within)
        assert arrived, "no word of the import came"
        # The file of rejected rows follows its message.
        if "rejected: the file" in self._last_word():
            await _until(lambda: bool(self.person.files))
        for line in self._last_word().splitlines()[:2]:
            self._stage.tell("desk", f"Textbank: {_plain(line)}")
        for reject in self._rejects():
            self._stage.tell("note", f"rejected: {reject}")
        await self._types(f"/textbank start {CAMPAIGN}")

    async def hands_out(self, batch: int) -> None:
        """A batch for the first volunteer; an invitation for all."""
        await self._types(f"/textbank assign {CAMPAIGN} @{self._stage.volunteers[0].name} {batch}")
        await self._types(f"/textbank invite {CAMPAIGN} #{self._stage.channel.name} {batch}")

    async def watches(self) -> None:
        """Look at the status now and then; pause once, and go on."""
        stage = self._stage
        await stage.pause(14)
        await self._looks()
        await stage.pause(10)
        await self._types(f"/textbank pause {CAMPAIGN}")
        await self.person.writes(f"{HOLD_ON}, I am checking the polling places.", in_=stage.channel)
        await stage.pause(3)
        await self._types(f"/textbank resume {CAMPAIGN}")
        await self.person.writes("All good, we go on! Type /text for your card.", in_=stage.channel)
        await stage.pause(15)
        await self._looks()

    async def _looks(self) -> None:
        await self._types(f"/textbank status {CAMPAIGN}", lines=4)

    async def _types(self, command: str, lines: int = 1) -> None:
        self._stage.asked += 1
        shown = await self.person.types(command)
        words = _plain(self._stage.named_in(shown.words) if shown is not None else "")
        self._stage.tell("desk", f"Olivia types {command} → {' · '.join(words.splitlines()[:lines])}")

    def _last_word(self) -> str:
        messages = [one.words for one in self.person.dm.messages if one.by_bot and not one.files]
        return messages[-1] if messages else ""

    def _rejects(self) -> list[str]:
        file = next((one for one in self.person.files if "rejected" in one.name), None)
        return file.text.splitlines()[1:] if file else []


def _plain(words: str) -> str:
    """Slack's marks taken out, for a line in a log."""
    words = re.sub(r":[a-z_]+: ?", "", words)
    return re.sub(r"[*`]", "", words)


async def _until(true: Callable[[], bool], within: float = REDRAWN_WITHIN) -> bool:
    """Whether it came true in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not true():
        if loop.time() > deadline:
            return False
        await asyncio.sleep(0.01)
    return True
