"""A person with Slack open: what she does, and what she sees.

Verbs are in the third person so that a test reads as a story. What she cannot do (press a button that is not there)
raises AssertionError with what she sees instead.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.slack import chat, clicks, views_api
from sandbox.slack.delivery import FORM, Answer
from sandbox.slack.drawn import LISTS, Drawn, Json
from sandbox.slack.nouns import Channel, File, Home, Message, Modal, Shown, label_text
from sandbox.slack.typing_rules import command_text, message_text
from sandbox.slack.web_api import SlackError
from sandbox.slack.workspace import APP, TEAM, ResponseUrl, User, Workspace

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

TROUBLE = "We had some trouble connecting. Try again?"
FAILED = {"http_timeout": "operation_timeout", "http_error": "dispatch_failed", "connection_failed": "dispatch_failed"}


class _Done:
    """Lets a verb that needs no waiting be awaited like the others."""

    def __await__(self) -> Iterator[None]:
        return iter(())


class Person:
    """One member of the workspace."""

    def __init__(self, slack: "Slack", user: User) -> None:
        self.slack = slack
        self.user = user
        self.id = user.id
        self.opened_links: list[str] = []

    @property
    def world(self) -> Workspace:
        return self.slack.workspace

    @property
    def name(self) -> str:
        return self.user.name

    @property
    def real_name(self) -> str:
        return self.user.real_name

    @property
    def first_name(self) -> str:
        return self.user.real_name.split()[0]

    @property
    def mention(self) -> str:
        """`<@U…|name>`, as it comes in a command."""
        return self.user.mention

    def __repr__(self) -> str:
        return f"<{self.user.real_name} {self.id}>"

    # -- what she sees -------------------------------------------------------------------------------------

    @property
    def dm(self) -> Channel:
        """Her direct message with the bot."""
        return self.world.dm(self.id)

    @property
    def ephemerals(self) -> list[Shown]:
        """What only she was shown, newest last."""
        return self.world.ephemerals.setdefault(self.id, [])

    @property
    def modal(self) -> Modal | None:
        return self.world.open_modal(self.id)

    @property
    def home(self) -> Home | None:
        return self.world.homes.get(self.id)

    @property
    def warnings(self) -> list[str]:
        """Slack's own words on her screen that the app failed: triangles, "dispatch_failed", "trouble connecting"."""
        return self.world.warnings.setdefault(self.id, [])

    @property
    def lost_words(self) -> list[str]:
        """Words she had typed and not sent when the app redrew the field away."""
        return self.world.lost.setdefault(self.id, [])

    @property
    def card(self) -> Message | None:
        """The newest message at the top level of her DM with an input labelled "Message"."""
        for message in reversed(self.dm.by_ts.values()):
            if message.blocks and message.thread_ts in (None, message.ts) and message.field("Message"):
                return message
        return None

    @property
    def threads(self) -> list[Message]:
        """Top-level messages of her DM that have replies, or that offer the button "Reply"."""
        return [m for m in self.dm.top_level if m.thread_ts == m.ts or (m.by_bot and m.button("Reply"))]

    @property
    def files(self) -> list[File]:
        """The files shared where she can see them."""
        return [one for channel in self._channels() for message in channel.by_ts.values() for one in message.files]

    def _channels(self) -> list[Channel]:
        return [c for c in self.world.channels.values() if self.id in c.member_ids]

    def _newest_first(self) -> Iterator[Drawn]:
        """Everything she could use now. An open modal covers the rest."""
        if self.modal:
            yield self.modal
            return
        streams: list[Iterator[Message | Shown]] = [reversed(c.by_ts.values()) for c in self._channels()]
        streams.append(reversed(self.ephemerals))
        for one in heapq.merge(*streams, key=lambda drawn: drawn.ts, reverse=True):
            if one.blocks:
                yield one
        if self.home:
            yield self.home

    def screen(self) -> str:
        """Her DM as plain text, for a terminal and for the message of a failed assertion."""
        lines = [f"── {self.real_name}: direct message with Textbank ──"]
        for message in self.dm.top_level:
            lines += _lines(message, "")
            for reply in message.replies:
                lines += _lines(reply, "    ")
        for one in self.ephemerals[-5:]:
            lines += ["(only you see this)", *_lines(one, "  ")]
        if self.modal:
            lines += [f"┌─ {self.modal.title} ─", *_lines(self.modal, "│ "), f"└─ [{self.modal.submit}]"]
            lines += [f"   {label}: {wrong}" for label, wrong in self.modal.errors.items()]
        return "\n".join([*lines, *(f"⚠ {one}" for one in self.warnings[-3:])])

    def _find(self, on: Drawn | None, wanted: Callable[[Drawn], Any], what: str) -> tuple[Drawn, Any]:
        for drawn in [on] if on is not None else self._newest_first():
            if getattr(drawn, "deleted", False):
                raise AssertionError(f"the message is gone: {drawn!r}")
            if (found := wanted(drawn)) is not None:
                return drawn, found
        seen = f"{on.words}\nbuttons: {on.buttons} menu: {on.menu}" if on is not None else self.screen()
        raise AssertionError(f"{self.first_name} sees no {what}. She sees:\n{seen}")

    # -- buttons, menus, fields ----------------------------------------------------------------------------

    async def presses(self, label: str, on: Drawn | None = None, *, confirm: bool = True) -> Answer | None:
        """Presses a button; `confirm=False` says no to its question, if it asks one."""
        drawn, (block, element) = self._find(on, lambda one: one.button(label), f"button {label!r}")
        if not self._confirms(element, confirm):
            return None
        if element.get("url"):
            self.opened_links.append(element["url"])
        return await self.acts(drawn, clicks.button_action(block, element), label)

    async def chooses(self, label: str, on: Drawn | None = None, *, confirm: bool = True) -> Answer | None:
        """Chooses an option of a menu, a select, radio buttons or checkboxes."""
        drawn, (block, element, option) = self._find(on, lambda one: one.option(label), f"option {label!r}")
        if not self._confirms(element, confirm):
            return None
        chosen: Any = option
        if element["type"] != "overflow":
            if element["type"] in LISTS:
                held = list(drawn.value(self.id, block, element))
                chosen = [one for one in held if one != option] if option in held else [*held, option]
            drawn.put(self.id, block, element, chosen)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return None
        return await self.acts(drawn, clicks.choice_action(block, element, chosen), label)

    def _confirms(self, element: Json, yes: bool) -> bool:
        assert yes or "confirm" in element, f"{label_text(element.get('text'))!r} asks nothing that could be declined"
        return yes

    async def acts(self, drawn: Drawn, action: Json, label: str) -> Answer:
        """Uses a control: `action` is what her client says of it."""
        answer = await self.slack.delivery.interact(clicks.block_actions(self, drawn, action))
        if answer.problem:
            self.world.warn(self.id, f"{label}: {answer.problem} {answer.status or ''}".strip())
        return answer

    def edits(self, label: str, words: str, on: Drawn | None = None) -> _Done:
        """Types new words into a field, over what stands there."""
        return self._puts(label, words, on)

    def clears(self, label: str, on: Drawn | None = None) -> _Done:
        """Empties a field."""
        return self._puts(label, None, on)

    def _puts(self, label: str, words: Any, on: Drawn | None) -> _Done:
        drawn, (block, element) = self._find(on, lambda one: one.field(label), f"field {label!r}")
        drawn.put(self.id, block, element, clicks.to_value(self, element, words))
        return _Done()

    async def types_into(self, label: str, words: str, on: Drawn | None = None) -> Answer | None:
        """Types into a field and pauses: one that tells the app of its characters does so then."""
        self._puts(label, words, on)
        drawn, (block, element) = self._find(on, lambda one: one.field(label), f"field {label!r}")
        told = element.get("dispatch_action_config", {}).get("trigger_actions_on", ["on_enter_pressed"])
        if not block.get("dispatch_action") or "on_character_entered" not in told:
            return None
        return await self.acts(drawn, clicks.typed_action(block, element, words), label)

    # -- modals --------------------------------------------------------------------------------------------

    async def submits(self, fields: dict[str, Any] | None = None, **more: Any) -> Modal | None:
        """Fills the open modal by labels and submits it. Returns the modal that is open then, if one is."""
        modal = self.modal
        assert modal, f"no modal is open. {self.first_name} sees:\n{self.screen()}"
        for label, given in {**(fields or {}), **more}.items():
            found = modal.field(label)
            assert found, f"{modal.title!r} has no field {label!r}; it has {modal.fields}"
            modal.put(self.id, *found, clicks.to_value(self, found[1], given))
        assert modal.submit, f"{modal.title!r} has no button to submit it"
        if empty := clicks.missing(self, modal):
            modal.errors = dict.fromkeys(empty, "Please complete this required field.")
            raise AssertionError(f"{modal.title!r} cannot be submitted: {empty} must be filled")
        answer = await self.slack.delivery.interact(clicks.submission(self, modal))
        modal.sent(self.id)
        self._obey(modal, answer)
        return self.modal

    def _obey(self, modal: Modal, answer: Answer) -> None:
        """Does what the app answered to a submission."""
        stack = self.world.modals.get(self.id, [])
        if answer.problem or (answer.body and answer.json() is None):
            return self._trouble(modal, answer.problem or "an answer that is not JSON")
        response = answer.json() or {}
        action = response.get("response_action")
        try:
            if action == "errors":
                self._show_errors(modal, response.get("errors"))
            elif action == "update":
                modal.replace(views_api.check_view(self.slack, response.get("view"), "modal"), views_api.new_hash())
            elif action == "push":
                if len(stack) >= views_api.DEEPEST:
                    return self._trouble(modal, "push_limit_reached")
                content = views_api.check_view(self.slack, response.get("view"), "modal")
                views_api.stack_modal(self.slack, self.id, content, on=modal)
            elif action == "clear":
                stack.clear()
            elif action is None and not response:
                if modal in stack:
                    stack.remove(modal)
            else:
                self._trouble(modal, f"unknown response {response}")
        except SlackError as refusal:
            self._trouble(modal, str(refusal.body))
        return None

    def _show_errors(self, modal: Modal, errors: Any) -> None:
        labels = {block["block_id"]: label for label, block, _ in modal.asked()}
        if not isinstance(errors, dict) or not errors or not set(errors) <= set(labels):
            return self._trouble(modal, f"errors for blocks that are no inputs: {errors}")
        modal.errors = {labels[block_id]: str(wrong) for block_id, wrong in errors.items()}
        return None

    def _trouble(self, modal: Modal, why: str) -> None:
        modal.trouble = TROUBLE
        self.world.warn(self.id, f"{modal.title}: {TROUBLE} ({why})")

    async def cancels(self) -> None:
        """Closes the open modal (the whole stack if it says so) without submitting."""
        modal = self.modal
        assert modal, f"no modal is open. {self.first_name} sees:\n{self.screen()}"
        stack = self.world.modals[self.id]
        cleared = bool(modal.content.get("clear_on_close"))
        stack[:] = [] if cleared else stack[:-1]
        if modal.content.get("notify_on_close"):
            payload = {**clicks.envelope(self, "view_closed"), "view": views_api.shown(modal), "is_cleared": cleared}
            del payload["trigger_id"]
            await self.slack.delivery.interact(payload)

    # -- words ---------------------------------------------------------------------------------------------

    async def types(self, line: str, in_: Channel | Message | None = None) -> Shown | Message | None:
        """Sends a slash command; what the app answers at once is shown to her and returned."""
        assert not isinstance(in_, Message), "slash commands do not work in threads"
        channel = in_ or self.dm
        command, _, rest = line.partition(" ")
        assert command.startswith("/"), f"{line!r} is no command"
        if self.slack.commands is not None and command not in self.slack.commands:
            return self._slack_says(channel, f"{command} is not a valid command.")
        url = ResponseUrl("commands", channel, self.id, self.world.clock())
        form = {
            **{"token": "sandbox", "team_id": TEAM, "team_domain": "sandbox", "channel_id": channel.id},
            **{"channel_name": clicks.CHANNEL_NAME.get(channel.kind, channel.name)},
            **{"user_id": self.id, "user_name": self.user.name, "command": command, "api_app_id": APP},
            "text": command_text(self.world, rest, should_escape=self.slack.should_escape),
            **{"is_enterprise_install": "false", "response_url": self.world.response_url(self.slack.url, url)},
            "trigger_id": self.world.trigger(self.id),
        }
        answer = await self.slack.delivery.send(urlencode(form).encode(), FORM)
        if answer.problem or answer.status != 200:
            why = FAILED[answer.problem or "http_error"]
            return self._slack_says(channel, f"{command} failed with the error “{why}”")
        return self._shows_answer(channel, command, answer)

    def _slack_says(self, channel: Channel, words: str) -> Shown:
        self.world.warn(self.id, words)
        return self.world.show(channel, self.id, words, None, None)

    def _shows_answer(self, channel: Channel, command: str, answer: Answer) -> Shown | Message | None:
        content = answer.json() if answer.content_type == "application/json" else {"text": answer.body.decode()}
        if not content or not (content.get("text") or content.get("blocks")):
            return None
        try:
            text, blocks = chat.check_content(content, strict=self.slack.strict)
        except SlackError:
            return self._slack_says(channel, f"{command} failed with the error “invalid_command_response”")
        if content.get("response_type") == "in_channel":
            return self.world.post(channel, self.world.bot_author, text, blocks)
        return self.world.show(channel, self.id, text, blocks, None)

    async def writes(
        self, words: str, in_: Channel | Message | None = None, *, broadcast: bool = False, files: tuple[File, ...] = ()
    ) -> Message | None:
        """Writes in her DM, in a channel, or in the thread of a message; returns once the app was told of it."""
        thread = in_ if isinstance(in_, Message) else None
        channel = thread.channel if thread else in_ if isinstance(in_, Channel) else self.dm
        if thread and words.startswith("/"):
            self.world.warn(self.id, f"{words.split()[0]} is not supported in threads. Sorry!")
            return None
        text = message_text(self.world, words)
        kept = [one if one.id else self.world.keep(one, self.id, self.slack.url) for one in files]
        message = self.world.post(
            channel,
            {"user": self.id, "team": TEAM},
            text,
            _rich_text(words),
            thread_ts=(thread.thread_ts or thread.ts) if thread else None,
            broadcast=broadcast,
            files=kept,
            extra={"client_msg_id": f"{self.id}-{self.world.new_id('M')}"},
        )
        await self.slack.delivery.reached(channel.id)
        return message

    async def edits_message(self, message: Message, words: str) -> None:
        """Changes a message of hers."""
        assert message.author.get("user") == self.id, "she can only edit her own messages"
        self.world.edit(message, message_text(self.world, words), _rich_text(words), by=self.id)
        await self.slack.delivery.reached(message.channel.id)

    async def deletes_message(self, message: Message) -> None:
        """Deletes a message of hers."""
        assert message.author.get("user") == self.id, "she can only delete her own messages"
        self.world.delete(message)
        await self.slack.delivery.reached(message.channel.id)

    async def opens_home(self, tab: str = "home") -> Home | None:
        """Opens the app's Home tab (or "messages")."""
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": self.dm.id, "tab": tab}
        if self.home and tab == "home":
            event["view"] = views_api.shown(self.home)
        await self._happens(event, "app_home_opened")
        return self.home

    async def is_deactivated(self) -> None:
        """An admin deactivates her account: nothing reaches her any more."""
        self.user.deleted = True
        event: Json = {"type": "user_change", "user": self.user.as_json(), "cache_ts": int(self.world.clock())}
        await self._happens(event)

    async def leaves(self, channel: Channel) -> None:
        """Leaves a channel."""
        channel.member_ids.remove(self.id)
        await self._happens({"type": "member_left_channel", "user": self.id, "channel": channel.id, "team": TEAM})

    async def joins(self, channel: Channel) -> None:
        """Joins a channel."""
        channel.member_ids.append(self.id)
        await self._happens({"type": "member_joined_channel", "user": self.id, "channel": channel.id, "team": TEAM})

    async def _happens(self, event: Json, subscription: str | None = None) -> None:
        if (subscription or event["type"]) in self.world.subscriptions:
            self.slack.delivery.event({**event, "event_ts": self.world.stamp()}, self.id)
            await self.slack.delivery.reached(self.id)


def _lines(drawn: Drawn, indent: str) -> list[str]:
    who = "" if not isinstance(drawn, Message) else "Textbank: " if drawn.by_bot else "You: "
    lines = (who + drawn.words).splitlines()
    named = [f"[{label}]" for label in drawn.buttons] + [f"⋯{label}" for label in drawn.menu]
    named += [f"📎{one.name}" for one in getattr(drawn, "files", ())]
    return [indent + line for line in [*lines, *([" ".join(named)] if named else [])]]


def _rich_text(words: str) -> list[Json]:
    if not words:
        return []
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [_text(words)]}]}]


def _text(words: str) -> Json:
    return {"type": "text", "text": words}
