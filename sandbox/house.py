"""A simulated Slack and a simulated carrier on loopback, with the product between them: all that a sandbox needs."""

import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import product, shelf
from sandbox.carrier import Carrier, Delivery
from sandbox.clock import Clock
from sandbox.product import Product, ProductTrouble
from sandbox.serving import serve
from sandbox.slack import Slack
from sandbox.wire import Wire

FOLDER = "sandbox-data"


@dataclass(frozen=True, slots=True)
class House:
    """Both servers and the product, ready to be used."""

    slack: Slack
    carrier: Carrier
    product: Product
    clock: Clock
    wire: Wire
    database: Path
    url: str
    kept: shelf.Kept | None

    def put_away(self, desk: dict[str, Any]) -> None:
        """Onto the shelf, once the product has ended."""
        urls = {"slack": self.slack.url, "carrier": self.carrier.url, "textbank": self.url}
        shelf.put_away(self.database, urls, self.clock.offset, self.slack, self.carrier, desk)


@asynccontextmanager
async def open_house(
    folder: Path,
    say: Callable[[str], object],
    *,
    clock: Clock | None = None,
    wire: Wire | None = None,
    port: int = 0,
    undo: float = 5.0,
    segments_per_second: float = 75.0,
    goes_on: bool = False,
) -> AsyncIterator[House]:
    """Start everything, and say what is being done. Raises ProductTrouble.

    `goes_on`: with what the last one left on the shelf, if that one came to a good end.
    """
    clock, wire = clock or Clock(), wire or Wire()
    slack = Slack(clock=clock, wire=wire)
    carrier = Carrier(clock=clock, wire=wire, delivery=Delivery(delay=0.05, receipt=0.3))
    slack.commands = {"/textbank", "/text"}
    kept = shelf.take(folder, carrier) if goes_on else None
    ports = kept.ports if kept else {}
    port = product.free_port(port or _if_free(ports.get("textbank", 0)))
    database = kept.database if kept else _database(folder)
    if kept:
        kept.put_into(slack, carrier)
        clock.moves(kept.offset - clock.offset)
    async with (
        serve(slack.app, _if_free(ports.get("slack", 0))) as slack.url,
        serve(carrier.app, _if_free(ports.get("carrier", 0))) as carrier.url,
    ):
        url = f"http://{product.LOOPBACK}:{port}"
        slack.request_url, carrier.inbound_url = f"{url}/slack/events", f"{url}/twilio/inbound"
        say(f"A simulated Slack ({slack.url}) and a simulated carrier ({carrier.url}) are up.")
        begins = "Going on with" if kept else "Starting"
        say(f"{begins} Textbank on {url}, its data in {database} …")
        settings = {
            **_settings(slack, carrier, url, database),
            "UNDO_SECONDS": f"{undo:.1f}",
            "SMS_SEGMENTS_PER_SECOND": f"{segments_per_second:g}",
        }
        try:
            async with product.running(settings, database.with_suffix(".log"), clock) as running:
                await running.is_ready(url)
                if kept:
                    carrier.goes_on()
                yield House(slack, carrier, running, clock, wire, database, url, kept)
        finally:
            await slack.aclose()
            await carrier.aclose()


def prepare(folder: Path, *, fresh: bool) -> Path:
    """The folder for the data, which can be written to; `fresh` takes out what earlier runs left there.

    Raises ProductTrouble when a folder that was asked for cannot be used; the usual one has a substitute.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            for old in folder.glob("textbank-*"):
                old.unlink(missing_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "it cannot be written to")
    except OSError as wrong:
        if folder != Path(FOLDER):
            raise ProductTrouble(f"The folder {folder} cannot be used: {wrong.strerror}.") from None
        return Path(tempfile.mkdtemp(prefix="textbank-sandbox-"))
    return folder


def _database(folder: Path) -> Path:
    """A file of its own for each run: Slack is new each time, and old data would speak of messages that are gone."""
    begun = datetime.now().astimezone()
    named = folder / f"textbank-{begun:%Y%m%d-%H%M%S}-{os.getpid()}.db"
    return named if not named.exists() else named.with_name(f"textbank-{begun:%Y%m%d-%H%M%S-%f}-{os.getpid()}.db")


def _if_free(port: int) -> int:
    """A port of the last time, or 0 for any other when somebody has taken it."""
    try:
        return product.free_port(port)
    except ProductTrouble:
        return 0


def _settings(slack: Slack, carrier: Carrier, url: str, database: Path) -> dict[str, str]:
    """The product's environment."""
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "PORT": url.rpartition(":")[2],
        "PUBLIC_URL": url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": f"{slack.url}/api/",
        "TWILIO_ACCOUNT_SID": carrier.account_sid,
        "TWILIO_AUTH_TOKEN": carrier.auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": carrier.messaging_service_sid or "",
        "TWILIO_API_URL": carrier.url,
        "TEXTBANK_SECRET": "only for the sandbox, where nothing is secret",
        "TEXTING_HOURS": "09:00-20:00",
    }
