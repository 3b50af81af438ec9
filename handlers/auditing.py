"""`/textbank audit`: the audit log as files, for an admin's own direct message."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.gateways.slack import SlackTrouble
from bot.services import audit_files, posts
from bot.services.posts import PostKind
from bot.views import exporting as views
from handlers.kit import Kit, Maker
from handlers.subcommands import Command, Subcommand
from models import Role


async def audit(command: Command, kit: Kit) -> str:
    """Have the audit log written."""
    async with kit.database.transaction() as session:
        await audit_files.ask(session, by=command.who, now=kit.clock())
    return views.AUDIT_ASKED


async def _files(kit: Kit, post: Any, _payload: dict[str, Any]) -> bool:
    with TemporaryDirectory(prefix="textbank-") as name:
        folder = Path(name)
        rows = await audit_files.write(kit.database, folder)
        try:
            files = {file: folder / file for file in audit_files.FILES}
            await kit.slack.upload(post.recipient, files, comment=views.audit_log(rows, kit.clock()))
        except SlackTrouble as trouble:
            # As with every file: what is too much for the line must not hold up everybody's posts.
            if trouble.locked_out:
                raise
            raise SlackTrouble(str(trouble), for_good=trouble.for_good) from trouble
    async with kit.database.transaction() as session:
        await posts.finish(session, post)
    return True


SUBCOMMANDS: dict[str, Subcommand] = {
    "audit": Subcommand(audit, Role.ADMIN, "/textbank audit", "the log of who did what when, as files, to you alone"),
}
MAKERS: dict[str, Maker] = {PostKind.AUDIT_LOG: _files}
"""As in `handlers.post_kinds`."""
