"""Files of opt-outs: the modal behind `/textbank optout`, the worker's reading of it, and `/textbank optouts`."""

import asyncio
import csv
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import Refusal
from bot.gateways.slack import SlackTrouble
from bot.services import audit, opt_out_files, posts
from bot.services.opt_out_files import Chunk
from bot.services.posts import PostKind
from bot.views import ids
from bot.views import opting_out as views
from handlers.kit import Kit
from handlers.loops import go_round
from handlers.modals import typed_in
from handlers.requests import require, say_when_done
from handlers.subcommands import Command, Subcommand
from models import Role

log = structlog.get_logger()

LOOK_SECONDS = 1.0
TRY_AGAIN = timedelta(seconds=15)
GIVEN_UP_AFTER = timedelta(minutes=20)
LEASE = timedelta(minutes=5)
LEFT_TO_CLICKS = 0.05
LARGEST = 64 << 20


def register(app: AsyncApp) -> None:
    """The modal, submitted."""
    app.view(ids.OPT_OUT_FILE)(submitted)


async def submitted(ack: AsyncAck, body: dict[str, Any], kit: Kit) -> None:
    """A worker reads the file and sends word."""
    who, typed = body["user"]["id"], typed_in(body)
    await require(kit, who, Role.ORGANIZER, "opting out a list")
    if not typed.get("numbers"):
        raise Refusal("Add a file with the numbers.", field="numbers")
    file = typed["numbers"][0]
    if file.get("size", 0) > LARGEST:
        raise Refusal("That file is larger than 64 MB. Split it into smaller files.", field="numbers")
    url = file.get("url_private_download") or file["url_private"]
    async with kit.database.transaction() as session:
        await opt_out_files.ask(session, file["name"], url, typed.get("reason") or "", by=who, now=kit.clock())
    await ack()


async def optouts(command: Command, kit: Kit) -> str:
    """All opt-outs of the organization as a file, to whoever asked."""
    kit.later(say_when_done(kit, command.response_url, _bring_all(kit, command.who)))
    return views.WRITING


async def _bring_all(kit: Kit, who: str) -> str:
    async def page(statement: Any, values: dict[str, Any]) -> list[Any]:
        await asyncio.sleep(0)
        async with kit.database.reading() as session:
            return list((await session.execute(statement, values)).all())

    with tempfile.TemporaryDirectory(prefix="textbank-") as folder:
        path = Path(folder) / "opt_outs.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            count = await opt_out_files.write_all(page, file)
        async with kit.database.transaction() as session:
            await audit.note(session, who=who, what="export", subject="opt-outs", now=kit.clock())
        await kit.slack.upload(who, {path.name: path}, comment=views.all_of_them(count))
    return ""


class OptOutReader:
    """The worker's loop that reads files of opt-outs."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def run(self, stopping: asyncio.Event) -> None:
        """Until the program stops; a file that is cut off is read anew."""
        await go_round(stopping, self.step, failed="a file of opt-outs could not be read", idle=LOOK_SECONDS)

    async def step(self) -> bool:
        """Read the file that waits first; False when none waits."""
        kit, now = self._kit, self._kit.clock()
        async with kit.database.transaction() as session:
            file = await opt_out_files.take(session, now=now, until=now + LEASE)
        if file is None:
            return False
        with tempfile.TemporaryDirectory(prefix="textbank-") as folder:
            path = Path(folder) / "numbers"
            try:
                if file.tries >= opt_out_files.TRIES:
                    raise Refusal(f"reading it broke off {file.tries} times; the log of Textbank says why")
                await kit.slack.fetch_file(file.file_url, path, most=LARGEST)
                await self._take_in(file, path, Path(folder))
            except SlackTrouble as trouble:
                await self._not_now(file, trouble)
            except Refusal as refusal:
                await self._say(file, views.not_read(file.file_name, str(refusal)))
        return True

    async def _take_in(self, file: Any, path: Path, folder: Path) -> None:
        kit, new, total, rejected = self._kit, 0, 0, 0
        reading = opt_out_files.read(path, kit.settings.default_region)
        header: Any = await asyncio.to_thread(next, reading)
        with (folder / "rejected.csv").open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["row", "reason", *header])
            while chunk := await asyncio.to_thread(next, reading, None):
                assert isinstance(chunk, Chunk)
                writer.writerows(chunk.rejected)
                numbers = list(dict.fromkeys(chunk.numbers))
                new += await self._record(file, numbers)
                total, rejected = total + len(numbers), rejected + len(chunk.rejected)
        counts = {"new": new, "before": total - new, "rejected": rejected}
        words = views.taken_in(file.file_name, **counts)
        if rejected:
            words = await self._give_back(file, folder / "rejected.csv", words)
        await self._say(file, words, **counts)

    async def _give_back(self, file: Any, rejected: Path, words: str) -> str:
        """The rows without a number, with word of the file. Returns what is still to be said."""
        try:
            await self._kit.slack.upload(file.asked_by, {f"rejected from {file.file_name}": rejected}, comment=words)
        except SlackTrouble as trouble:
            log.warning("rejected rows could not be given back", why=str(trouble))
            return f"{words} Slack would not take that file ({trouble}): hand yours over again to get it."
        return ""

    async def _record(self, file: Any, numbers: list[str]) -> int:
        kit, now = self._kit, self._kit.clock()
        async with kit.database.transaction() as session:
            new = await opt_out_files.record(session, numbers, file, secret=kit.settings.textbank_secret, now=now)
            await opt_out_files.put_off(session, file, until=now + LEASE)
        await asyncio.sleep(LEFT_TO_CLICKS if len(numbers) == opt_out_files.AT_ONCE else 0)
        return new

    async def _not_now(self, file: Any, trouble: SlackTrouble) -> None:
        """Try again after a while, or say why there is no use in it."""
        now = self._kit.clock()
        log.warning("a file of opt-outs could not be had", why=str(trouble))
        if trouble.locked_out or (trouble.pause and now < file.asked_at + GIVEN_UP_AFTER):
            async with self._kit.database.transaction() as session:
                until = now + max(timedelta(seconds=trouble.pause), TRY_AGAIN)
                return await opt_out_files.put_off(session, file, until=until)
        await self._say(file, views.not_read(file.file_name, str(trouble)))

    async def _say(self, file: Any, words: str, *, new: int = 0, before: int = 0, rejected: int = 0) -> None:
        """It is over: word to whoever handed it over, once."""
        now = self._kit.clock()
        async with self._kit.database.transaction() as session:
            await opt_out_files.finish(session, file, new=new, before=before, rejected=rejected, now=now)
            if words:
                key = f"optouts:{file.id}:{file.file_url}"
                await posts.add(session, PostKind.NOTE, to=file.asked_by, dedupe=key, now=now, words=words)


SUBCOMMANDS: dict[str, Subcommand] = {
    "optouts": Subcommand(
        optouts, Role.ORGANIZER, "/textbank optouts", "everybody's opt-outs, of all campaigns, as a file to you alone"
    ),
}
