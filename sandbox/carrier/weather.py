"""Bad weather on the line: what may happen to a request besides its proper answer.

The dangerous half is `accept_then_…`: the carrier has taken the text, and the answer says, or shows, that it has not.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.carrier.errors import Problem

REFUSED = {"500": 20500, "503": 20503, "429": 20429, "401": 20003, "403": 20005}
UNANSWERED = frozenset({"hang", "cut"})
SPOILED = frozenset({*REFUSED, *UNANSWERED, "nonsense"})
ACCEPTS = "accept_then_"
KINDS = frozenset({*SPOILED, *(ACCEPTS + kind for kind in SPOILED), "slow"})


@dataclass(frozen=True, slots=True)
class Mishap:
    """`accepts`: whether the request takes effect all the same. `answer`: what spoils its answer."""

    accepts: bool
    answer: str

    @classmethod
    def named(cls, kind: str) -> "Mishap":
        if kind not in KINDS:
            raise ValueError(f"no such weather: {kind!r}; there is {', '.join(sorted(KINDS))}")
        return cls(kind.startswith(ACCEPTS) or kind == "slow", kind.removeprefix(ACCEPTS))


def spoil(answer: str, proper: Response | None) -> Response | None:
    """The response that a client gets instead of the proper one; None when it gets none at all."""
    if answer in UNANSWERED:
        return None
    if answer in REFUSED:
        return Problem(REFUSED[answer]).response()
    if answer == "nonsense":
        return HTMLResponse("<html><body><h1>Welcome to the hotel's Wi-Fi</h1></body></html>")
    return proper


async def hang(receive: Receive, closing: asyncio.Event) -> None:
    """Say nothing until the client gives up, or the carrier closes."""
    waits = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(closing.wait())]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()


async def cut(receive: Receive, send: Send) -> None:
    """Drop the connection without a byte.

    ASGI has no word for that, so this takes hold of uvicorn's transport. Where a server hides it, an answer that ends
    before it is complete is the nearest thing.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    abort: Callable[[], None] | None = getattr(transport, "abort", None)
    if abort is None:
        head = [(b"content-type", b"application/json"), (b"content-length", b"512")]
        await send({"type": "http.response.start", "status": 201, "headers": head})
        await send({"type": "http.response.body", "body": b'{"sid": "SM', "more_body": True})
        return
    abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
