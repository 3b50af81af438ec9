"""The product as a process of its own, started as anybody would start it: by a command and its
environment. Only its clock is ours.

It listens on loopback only. Whatever the shell has set for a real installation is left out, so that a demo can never
text a real person.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from sandbox.clock import Clock

LOOPBACK = "127.0.0.1"
OURS = ("SLACK_", "TWILIO_", "TEXTBANK_", "SMS_", "OPT_OUT_", "UNDO_", "PUBLIC_URL", "DATABASE_URL", "ADMIN_USERS")
MORE_OF_OURS = (
    *("DEFAULT_REGION", "TEXTING_HOURS", "HOURS_BETWEEN_FIRST_TEXTS", "FOLLOW_UPS", "BIND_ADDRESS", "PORT"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
)
START_WITHIN = 40.0
STOP_WITHIN = 10.0
Result = TypeVar("Result")


class ProductTrouble(Exception):
    """The product did not start, or ended; in words, with what it last said."""


def free_port(wanted: int) -> int:
    """The port, if nobody listens there; any free one for 0. Raises ProductTrouble."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as wrong:
            why = (
                "is taken by another program"
                if wrong.errno in (98, 48, 10048)
                else f"cannot be used ({wrong.strerror})"
            )
            raise ProductTrouble(f"Port {wanted} {why}. Choose another one with --port, or leave --port out.") from None
        return int(probe.getsockname()[1])


class Product:
    """The running process."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def ended(self) -> bool:
        return self._process.returncode is not None

    def is_told_of_clock(self, offset: float) -> None:
        """By how many seconds the sandbox's clock differs from the wall's."""
        if self._process.stdin and not self.ended:
            self._process.stdin.write(f"{offset}\n".encode())

    def trouble(self, what: str) -> ProductTrouble:
        """`what`, with the last lines that the product wrote."""
        lines = self._log.read_text(errors="replace").strip().splitlines()[-15:]
        said = "\n".join(f"    {line[:400]}" for line in lines) or "    (nothing)"
        return ProductTrouble(f"{what} It said:\n{said}\nAll of it is in {self._log}.")

    async def is_ready(self, url: str) -> None:
        """Returns once the product says that it can serve. Raises ProductTrouble."""
        deadline = asyncio.get_running_loop().time() + START_WITHIN
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            while asyncio.get_running_loop().time() < deadline:
                if self.ended:
                    raise self.trouble(f"Textbank did not start (exit code {self._process.returncode}).")
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{url}/healthz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)
        raise self.trouble(f"Textbank was not ready within {START_WITHIN:.0f} seconds.")

    async def while_it_runs(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do the work. Raises ProductTrouble when the product ends before it is done."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=0.5)
                if self.ended:
                    raise self.trouble("Textbank ended while it was in use.")
            return task.result()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def stop(self) -> None:
        """Ask it to end, and its children with it; insist if it does not."""
        if not self.ended:
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), STOP_WITHIN)
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):  # mostly nobody is left
                os.killpg(self._process.pid, signal.SIGKILL)
        if not self.ended:
            self._process.kill()
        await self._process.wait()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without anything that a real installation, or a proxy, has set there."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(OURS) and name.upper() not in MORE_OF_OURS
    }
    return {**kept, **settings, "BIND_ADDRESS": LOOPBACK, "PYTHONUNBUFFERED": "1"}


@asynccontextmanager
async def running(settings: Mapping[str, str], log: Path, clock: Clock) -> AsyncIterator[Product]:
    """The product, from its start until the block ends, by the sandbox's clock."""
    with log.open("wb") as into:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "simulated"),
            env=environment(settings),
            stdin=asyncio.subprocess.PIPE,
            stdout=into,
            stderr=into,
            start_new_session=True,  # a Ctrl-C in the terminal is for us: we end it in good order
        )
    product = Product(process, log)
    clock.on_move(product.is_told_of_clock)
    try:
        yield product
    finally:
        clock.off_move(product.is_told_of_clock)
        await product.stop()
