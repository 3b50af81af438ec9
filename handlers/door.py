"""The door: a request that is too large, or not signed by Slack, gets no further and costs next to nothing."""

from collections.abc import Mapping

from slack_sdk.signature import SignatureVerifier
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 1 << 20
"""Bytes; nothing that Slack or the carrier posts comes near it."""


class NotTooLarge:
    """Answers 413 to what is larger than LARGEST: before it is read if it says so, else once it has come so far."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        pieces: list[Message] = []
        size, more, declared = 0, True, _declared(scope)
        while more and max(size, declared) <= LARGEST:
            piece = await receive()
            size, more = size + len(piece.get("body", b"")), piece.get("more_body", False)
            pieces.append(piece)
        if max(size, declared) > LARGEST:
            return await PlainTextResponse("too large", status_code=413)(scope, receive, send)
        pieces.reverse()

        async def again() -> Message:
            return pieces.pop() if pieces else await receive()

        await self._app(scope, again, send)


def _declared(scope: Scope) -> int:
    """How many bytes a request says that it has."""
    said = Headers(scope=scope).get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 20 else 0


def is_from_slack(signing_secret: str | None, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Slack signed these bytes within the last five minutes."""
    if not signing_secret:
        return False
    stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16 and signature.isascii()):
        return False
    try:
        return SignatureVerifier(signing_secret).is_valid(body, stamp, signature)
    except UnicodeDecodeError:
        return False
