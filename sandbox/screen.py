"""What the demo shows: a calm picture that changes in place, or plain lines where no terminal is."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sandbox.claims import Claim
from sandbox.drawing import draw, draw_thread
from sandbox.slack import Person
from sandbox.stage import CAMPAIGN, Stage, threads_of

SMALLEST = (70, 24)
"""Columns and lines below which lines are easier to read than a picture."""
TALLEST, HEADING, MIDDLE = 44, 2, 18
DWELLS = 4.0
"""Seconds for which one volunteer stays in view."""
A_THREAD_STAYS = 3.0
COLOURS = {"text": "", "voter": "cyan", "out": "yellow", "desk": "magenta", "note": "dim"}


class Screen:
    """The terminal. `tell` takes lines at any time; within `shows` they are part of the picture."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=False)
        wide, tall = self.console.size
        self.pictures = self.console.is_terminal and wide >= SMALLEST[0] and tall >= SMALLEST[1]
        self._lines: deque[tuple[str, str]] = deque(maxlen=60)
        self._live: Live | None = None
        self._watched: Person | None = None
        self._watched_since = 0.0
        self._began = time.monotonic()

    # -- lines

    def say(self, words: str, style: str = "") -> None:
        """A line of the demo itself."""
        self._put(Text(words, style))

    def _put(self, line: Text) -> None:
        """Whole lines where programs read them; broken between words where people do."""
        self.console.print(line, soft_wrap=not self.console.is_terminal)

    def tell(self, kind: str, words: str) -> None:
        """A line of what happens."""
        line = " ".join(words.split())
        self._lines.append((kind, line))
        if self._live is None:
            self._print(kind, line)

    def _print(self, kind: str, line: str) -> None:
        elapsed = Text(f"{time.monotonic() - self._began:5.1f}  ", "dim")
        short = line if len(line) <= 160 else line[:159] + "…"
        self._put(elapsed + Text(short, COLOURS[kind]))

    # -- the picture

    @asynccontextmanager
    async def shows(self, stage: Stage) -> AsyncIterator[None]:
        """Keep the picture up to date until the block ends; its last state stays in the terminal."""
        self._began = time.monotonic()
        if not self.pictures:
            yield
            return
        with Live(console=self.console, auto_refresh=False, vertical_overflow="crop") as self._live:
            # Drawn between the players' steps and not in a thread: what they hold must not change under the pen.
            drawing = asyncio.create_task(self._keeps_drawing(stage, self._live))
            try:
                yield
            finally:
                drawing.cancel()
                with suppress(asyncio.CancelledError):
                    await drawing
                self._live.update(self._picture(stage), refresh=True)
        self._live = None

    async def _keeps_drawing(self, stage: Stage, live: Live) -> None:
        while True:
            live.update(self._picture(stage), refresh=True)
            await asyncio.sleep(0.2)

    def _picture(self, stage: Stage) -> RenderableType:
        height = min(self.console.size.height - 1, TALLEST)
        log = max(8, height - HEADING - MIDDLE)
        whole = Layout()
        whole.split_column(
            Layout(self._heading(stage), size=HEADING),
            Layout(name="middle", size=height - log - HEADING),
            Layout(name="log", size=log),
        )
        whole["middle"].split_row(Layout(self._somebody(stage), ratio=1), Layout(_counters(stage), size=32))
        whole["log"].update(self._log(log - 2))
        return _Tall(whole, height)

    def _heading(self, stage: Stage) -> RenderableType:
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(justify="right", no_wrap=True)
        elapsed = int(time.monotonic() - self._began)
        bar = ProgressBar(total=max(len(stage.contacts), 1), completed=stage.firsts)
        line.add_row(Text(f"Textbank · {CAMPAIGN}", "bold"), bar, f"{elapsed // 60}:{elapsed % 60:02}")
        return line

    def _somebody(self, stage: Stage) -> RenderableType:
        """The newest thread of whom we watch, for a moment; else her card."""
        now = time.monotonic()
        if stage.newest is not None and (self._watched is None or now - self._watched_since > DWELLS):
            self._watched, self._watched_since = stage.newest, now
        if self._watched is None:
            return Panel("")
        title = f"{self._watched.real_name}'s Slack"
        threads = threads_of(self._watched)
        newest = max(threads, key=lambda root: root.replies[-1].ts if root.replies else root.ts, default=None)
        if newest is not None:
            at = float((newest.replies[-1] if newest.replies else newest).ts)
            if stage.slack.clock() - at < A_THREAD_STAYS:
                return Panel(draw_thread(newest), title=f"{title} · a thread", title_align="left")
        if (card := stage.cards.get(self._watched.id)) is not None:
            return Panel(draw(card), title=f"{title} · the card", title_align="left")
        messages = [one for one in self._watched.dm.top_level if one.by_bot]
        shown = draw(messages[-1]) if messages else Text("…", "dim")
        return Panel(shown, title=title, title_align="left")

    def _log(self, lines: int) -> RenderableType:
        drawn = [
            Text(line, COLOURS[kind], no_wrap=True, overflow="ellipsis") for kind, line in list(self._lines)[-lines:]
        ]
        return Panel(Group(*drawn), border_style="dim")

    # -- the end

    def sums_up(self, claims: Iterable[Claim]) -> None:
        """Each claim with its mark, and what is wrong where one does not hold."""
        for claim in claims:
            mark, style = ("✔", "green") if claim.holds else ("✘", "bold red")
            self._put(Text.assemble((f"{mark} ", style), claim.words))
            for wrong in claim.wrong[:10]:
                self._put(Text(f"    {wrong}", "red"))


class _Tall:
    """A layout of so many lines: by itself it takes the whole terminal."""

    def __init__(self, layout: Layout, height: int) -> None:
        self._layout = layout
        self._height = height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._layout, options.update(height=self._height))


def _counters(stage: Stage) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    table.add_row(f"{stage.firsts}", f"of {len(stage.contacts)} texted")
    table.add_row(f"{stage.delivered}", "delivered")
    table.add_row(f"{stage.replies}", "answered")
    table.add_row(f"{len(stage.out)}", "opted out", style="yellow" if stage.out else "")
    table.add_row(f"{stage.waiting}", "waiting for an answer", style="cyan" if stage.waiting else "")
    return Panel(table, title="So far", title_align="left")
