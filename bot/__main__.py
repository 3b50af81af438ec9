"""The command line. Each role is a few lines; everything else is elsewhere."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import structlog
import typer

from bot.settings import Settings, SettingsError

if TYPE_CHECKING:
    from bot.database import Database

T = TypeVar("T")

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=False,
    invoke_without_command=True,
    help="Peer-to-peer texting from inside Slack.",
)


_COLOURS = {"ok": typer.colors.GREEN, "warning": typer.colors.YELLOW, "error": typer.colors.RED}


@cli.callback()
def everything(context: typer.Context) -> None:
    """Everything in one process: web, worker and clock. Migrates the database first."""
    _log_as_lines()
    if context.invoked_subcommand is None:
        settings = _settings()
        _migrate(settings)
        _serve(settings, "web", "worker", "clock")


@cli.command()
def web() -> None:
    """Listen to Slack and to the carrier."""
    _serve(_settings(), "web")


@cli.command()
def worker() -> None:
    """Send texts, post to Slack, read files of contacts."""
    _serve(_settings(), "worker")


@cli.command()
def clock() -> None:
    """What the minute brings. A second one waits as a standby."""
    _serve(_settings(), "clock")


@cli.command()
def migrate() -> None:
    """Bring the database to the current schema."""
    _migrate(_settings())
    typer.echo("The database is at the current schema.")


@cli.command("import")
def import_(
    campaign: Annotated[str, typer.Argument(help="Its name, or an unambiguous start of it.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV file of contacts.")],
    consent: Annotated[str | None, typer.Option(help="How these people agreed to be texted.")] = None,
) -> None:
    """Add a file of contacts to a campaign, as in Slack, while Textbank serves."""
    from bot.terminal import import_contacts

    raise typer.Exit(import_contacts(_settings(), campaign, file, consent=consent))


@cli.command()
def export(
    campaign: Annotated[str, typer.Argument(help="Its name, or an unambiguous start of it.")],
    folder: Annotated[Path, typer.Argument(help="Where the CSV files go.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite files of an earlier export.")] = False,
) -> None:
    """Write a campaign's contacts, answers and texts as CSV files, as in Slack, while Textbank serves."""
    from bot.terminal import export_campaign

    raise typer.Exit(export_campaign(_settings(), campaign, folder, force=force))


@cli.command()
def doctor(
    live: Annotated[
        bool, typer.Option("--live", help="Measure in the real workspace, with an admin; Textbank must be stopped.")
    ] = False,
    admin: Annotated[str, typer.Option(help="With --live: the admin's Slack member id, such as U012AB3CD.")] = "",
    phone: Annotated[str, typer.Option(help="With --live: the admin's own phone, which gets one text.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="With --live: the admin agrees; do not ask.")] = False,
) -> None:
    """Check every setting, token, scope, web hook, number and registration; exit code 1 if something is wrong."""
    if live:
        raise typer.Exit(_measure(admin, phone, yes))
    from bot.app import examined

    try:
        findings = asyncio.run(examined(Settings.load()))
    except SettingsError as wrong:
        findings = [("error", line, "") for line in str(wrong).splitlines()]
    for level, words, mend in findings:
        typer.echo(f"{typer.style(f'{level:8}', fg=_COLOURS[level])}{words}")
        if mend:
            typer.echo(f"{'':8}-> {mend}")
    raise typer.Exit(any(level == "error" for level, _, _ in findings))


def _measure(admin: str, phone: str, yes: bool) -> int:
    """`doctor --live`: the exit code.

    0: all is as assumed, 1: something is not, or it broke off, 2: it was asked for wrongly, or the admin did not agree.
    """
    from bot.app import measured
    from bot.errors import Refusal
    from handlers.live import Result, plan

    settings, found = _settings(), list[Result]()
    if not admin or not phone:
        typer.echo("Name the admin and their own phone: --admin U012AB3CD --phone +13135550100", err=True)
        return 2
    typer.echo(plan(admin, phone))
    if not yes and not typer.confirm("Does this admin agree?"):
        return 2

    def shown(result: Result) -> None:
        found.append(result)
        typer.echo(f"{typer.style(f'{result.verdict:13}', fg=_COLOURS[result.level])}{result}")

    try:
        ended = _run(
            measured(settings, admin, phone, say=lambda words: typer.secho(f"-> {words}", bold=True), shown=shown)
        )
    except Refusal as refusal:
        typer.echo(str(refusal), err=True)
        return 2
    return int(not ended or any(result.holds is False for result in found))


@cli.command()
def sandbox(
    volunteers: Annotated[int, typer.Option(min=1, max=12, help="How many volunteers play, with --play.")] = 4,
    contacts: Annotated[
        int, typer.Option(min=1, max=2000, help="How many people are invented to be texted, with --play.")
    ] = 240,
    seconds: Annotated[
        float, typer.Option(min=3, max=3600, help="How long the text bank should take, with --play.")
    ] = 60,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where the page is; 0 takes a free port.", show_default="3080")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where the data is kept, and Textbank's log.")] = Path("sandbox-data"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over: delete what earlier runs left there.")] = False,
    play: Annotated[
        bool | None,
        typer.Option(
            "--play/--page",
            help="People play a text bank and it ends; or a page for you, until Ctrl-C.",
            show_default="--page at a terminal",
        ),
    ] = None,
    stay: Annotated[bool, typer.Option("--stay", help="Go on when the play is over, until Ctrl-C.")] = False,
    seed: Annotated[int | None, typer.Option(help="Invent the same people and chances again.")] = None,
) -> None:
    """The whole product with no account anywhere: a simulated Slack, a simulated carrier, and people who text."""
    try:
        from sandbox.demo import Options, main
    except ModuleNotFoundError as missing:
        words = f"The library {missing.name} is missing. `make demo` fetches everything that is needed."
        typer.echo(words, err=True)
        raise typer.Exit(2) from None
    played = main(
        Options(
            volunteers=volunteers,
            contacts=contacts,
            seconds=seconds,
            port=port,
            folder=folder,
            fresh=fresh,
            stay=stay,
            play=play,
            seed=seed,
        )
    )
    raise typer.Exit(played)


@cli.command(hidden=True)
def simulated() -> None:
    """Everything in one process as in a command of its own, but by a clock that whoever started it moves."""
    from bot.simulated import serve_by_a_clock_that_moves

    settings = _settings()
    _migrate(settings)
    _run(serve_by_a_clock_that_moves(settings))


@cli.command(hidden=True, name="read-file")
def read_file(
    import_id: int,
    path: Annotated[Path, typer.Argument(exists=True)],
    nice: Annotated[int, typer.Option(help="Whoever is clicking comes first.")] = 10,
) -> None:
    """Read one import's file; the worker starts this in a process of its own."""
    from bot.clock import now
    from bot.services.contact_rows import Options
    from bot.services.import_files import import_file

    settings = _settings()

    async def read(database: "Database") -> None:
        over = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
        how: dict[str, Any] = {"owner": f"reader:{os.getpid()}", "clock": now, "is_over": over.is_set}
        await import_file(database, import_id, path, Options.of(settings), **how)

    _in_the_background(settings, read, nice)


@cli.command(hidden=True, name="write-files")
def write_files(
    campaign_id: int,
    folder: Annotated[Path, typer.Argument(exists=True)],
    nice: Annotated[int, typer.Option(help="Whoever is clicking comes first.")] = 10,
) -> None:
    """Write one export's files, and say line by line how far; the worker starts this in a process of its own."""
    from bot.services.export_files import write

    async def written(database: "Database") -> None:
        await write(database, campaign_id, folder, on_progress=lambda contacts: typer.echo(str(contacts)))

    _in_the_background(_settings(), written, nice)


def _in_the_background(settings: Settings, work: Callable[["Database"], Awaitable[None]], nice: int) -> None:
    from bot.database import Database

    async def run() -> None:
        database = Database(settings.database_url)
        try:
            await work(database)
        finally:
            await database.close()

    os.nice(nice)
    asyncio.run(run())


def _settings() -> Settings:
    with _said_plainly():
        return Settings.load()


@contextmanager
def _said_plainly() -> Iterator[None]:
    """What is wrong with the settings, and how to mend it, in place of a traceback."""
    try:
        yield
    except SettingsError as wrong:
        typer.echo(f"Textbank can't start:\n{wrong}", err=True)
        raise typer.Exit(2) from None


def _migrate(settings: Settings) -> None:
    from bot.migrate import migrate as bring_up_to_date

    bring_up_to_date(settings.database_url)


def _serve(settings: Settings, *roles: str) -> None:
    from bot.app import serve

    _run(serve(settings, roles))


def _run(serving: Coroutine[Any, Any, T]) -> T:
    """On the faster loop, where there is one."""
    run = asyncio.run
    if sys.platform != "win32":
        from uvloop import run
    with _said_plainly():
        return run(serving)


def _log_as_lines() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    cli()
