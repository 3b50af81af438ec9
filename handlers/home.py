"""The App Home: opened, and pressed on. A press on a campaign's button is the command of that name."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.services import campaigns
from bot.views import cards as card_views
from bot.views import home as views
from bot.views import ids
from handlers import cards, home_page, running
from handlers.kit import Kit
from handlers.requests import Click, require
from handlers.subcommands import Command
from models import Role


def register(app: AsyncApp) -> None:
    """The Home, and its buttons."""
    app.event("app_home_opened")(opened)
    app.action(ids.HOME_TEXT)(text)
    app.action(ids.HOME_NEW)(new_campaign)
    app.action(ids.HOME_LOOK)(look_again)
    app.action(ids.HOME_STATUS)(status)
    app.action(ids.HOME_START)(_runs("start"))
    app.action(ids.HOME_PAUSE)(_runs("pause"))
    app.action(ids.HOME_RESUME)(_runs("resume"))
    app.action(ids.HOME_CLOSE)(_runs("close"))


async def opened(event: dict[str, Any], kit: Kit) -> None:
    """Draw the page for whoever looks at it; the Messages tab needs nothing."""
    if event.get("tab") == "home":
        await home_page.show_opened(kit, event["user"], event.get("view"))


async def text(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The next contact, in the direct message, as by `/text`."""
    channel, card = await cards.bring(kit, click.who, click.username, click.number(), click.trigger_id)
    await ack()
    if channel:
        await home_page.show(
            kit, click.who, card_views.brought(card, ":arrow_up: Your next contact", "*Messages*, here above")
        )


async def new_campaign(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """Open the modal "New campaign"."""
    await _run("new", click, "", kit)
    await ack()


async def look_again(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The doctor, for the steps of an admin's first page."""
    await require(kit, click.who, Role.ADMIN, "looking at the set-up")
    await ack()
    await home_page.show(kit, click.who, "Looking at everything again. It takes a few seconds …")
    kit.later(home_page.look_again(kit, click.who))


async def status(ack: AsyncAck, click: Click, kit: Kit) -> None:
    """The campaign at a glance, in a modal: the page behind it stays as it is."""
    words = await _run("status", click, await _named(click, kit), kit)
    await kit.slack.open_view(click.trigger_id, views.status(words))
    await ack()


def _runs(name: str) -> Callable[..., Awaitable[None]]:
    async def run(ack: AsyncAck, click: Click, kit: Kit) -> None:
        said = await _run(name, click, await _named(click, kit), kit)
        await ack()
        await home_page.show(kit, click.who, said)

    return run


async def _named(click: Click, kit: Kit) -> str:
    async with kit.database.reading() as session:
        return str((await campaigns.by_id(session, click.number())).name)


async def _run(name: str, click: Click, words: str, kit: Kit) -> str:
    """The command of this name, if this person may."""
    command = running.SUBCOMMANDS[name]
    await require(kit, click.who, command.role, f"/textbank {name}")
    return await command.run(Command(click.who, words, click.trigger_id, response_url=""), kit)
