"""views.*: modals open only with a trigger that is three seconds old at most and was never used."""

import json
import secrets
from typing import TYPE_CHECKING

from sandbox.slack.blocks import problems_in_view
from sandbox.slack.drawn import Json
from sandbox.slack.limits import TIER_4
from sandbox.slack.nouns import Home, Modal, View
from sandbox.slack.web_api import SlackError, method
from sandbox.slack.workspace import APP, BOT, BOT_USER, TEAM

if TYPE_CHECKING:
    from sandbox.slack.server import Slack

TRIGGER_LIFE = 3.0
DEEPEST = 3
LARGEST = 250_000


def shown(view: View) -> Json:
    """The view as Slack gives it back and sends it along."""
    return view.as_json(TEAM, APP, BOT)


def new_hash() -> str:
    return f"{secrets.token_hex(5)}.{secrets.token_hex(4)}"


def check_view(slack: "Slack", view: object, wanted: str) -> Json:
    """A view's content, or Slack's refusal of it."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", "[ERROR] missing required field: view")
    if slack.strict and (problems := problems_in_view(view, wanted)):
        raise SlackError("invalid_arguments", *problems)
    if len(json.dumps(view)) > LARGEST:
        raise SlackError("view_too_large")
    return view


def _take_trigger(slack: "Slack", given: Json) -> Json:
    trigger = slack.workspace.triggers.get(str(given["trigger_id"]))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger["used"]:
        raise SlackError("exchanged_trigger_id")
    if slack.workspace.clock() - trigger["made"] > TRIGGER_LIFE:
        raise SlackError("expired_trigger_id")
    trigger["used"] = True
    return trigger


def stack_modal(slack: "Slack", user: str, content: Json, *, on: Modal | None) -> Modal:
    """Puts a modal on somebody's screen, over another or in place of all."""
    modal = Modal(slack.workspace.new_id("V"), user, content, new_hash())
    if on:
        modal.root_id, modal.previous_id = on.root_id, on.id
        slack.workspace.modals[user].append(modal)
    else:
        slack.workspace.modals[user] = [modal]
    return modal


@method("views.open", tier=TIER_4, required=("trigger_id", "view"))
def views_open(slack: "Slack", given: Json) -> Json:
    content = check_view(slack, given["view"], "modal")
    trigger = _take_trigger(slack, given)
    return {"view": shown(stack_modal(slack, trigger["user"], content, on=None))}


@method("views.push", tier=TIER_4, required=("trigger_id", "view"))
def views_push(slack: "Slack", given: Json) -> Json:
    content = check_view(slack, given["view"], "modal")
    trigger = _take_trigger(slack, given)
    stack = slack.workspace.modals.get(trigger["user"]) or []
    if not stack or trigger["view"] not in stack:
        raise SlackError("not_found", "[ERROR] views.push needs a trigger from an open modal")
    if len(stack) >= DEEPEST:
        raise SlackError("push_limit_reached")
    return {"view": shown(stack_modal(slack, trigger["user"], content, on=stack[-1]))}


@method("views.update", tier=TIER_4, required=("view",))
def views_update(slack: "Slack", given: Json) -> Json:
    view = slack.workspace.find_view(given.get("view_id"), given.get("external_id"))
    if view is None:
        raise SlackError("not_found")
    content = check_view(slack, given["view"], view.content["type"])
    _check_hash(view, given)
    view.replace(content, new_hash())
    return {"view": shown(view)}


def _check_hash(view: View, given: Json) -> None:
    if given.get("hash") and given["hash"] != view.hash:
        raise SlackError("hash_conflict")


@method("views.publish", tier=TIER_4, required=("user_id", "view"))
def views_publish(slack: "Slack", given: Json) -> Json:
    user = str(given["user_id"])
    if user not in slack.workspace.users or user == BOT_USER:
        raise SlackError("invalid_arguments", "[ERROR] user not found [json-pointer:/user_id]")
    if not slack.home_tab:
        raise SlackError("not_enabled")
    content = check_view(slack, given["view"], "home")
    home = slack.workspace.homes.get(user)
    if home is None:
        home = slack.workspace.homes[user] = Home(slack.workspace.new_id("V"), user, content, new_hash())
    else:
        _check_hash(home, given)
        home.replace(content, new_hash())
    return {"view": shown(home)}
