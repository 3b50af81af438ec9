"""Run an ASGI app on 127.0.0.1 inside the running event loop.

The server is uvicorn without its own loop, signal handlers or logs, so that a test can start ten and stop them at once.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn


class _Quiet(uvicorn.Server):
    """uvicorn sleeps 0.1 s on the way out for connections to finish; here idle ones are all that is left."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._tasks_done(), timeout=1)
        for task in list(self.server_state.tasks):
            task.cancel()
        await self.lifespan.shutdown()

    async def _tasks_done(self) -> None:
        while self.server_state.tasks or self.server_state.connections:  # noqa: ASYNC110 (uvicorn sets no event)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serve(app: Any, port: int = 0) -> AsyncIterator[str]:
    """Serve the app for as long as the block runs; the value is its base address, with no slash at the end."""
    # With the protocol named, asyncio sets TCP_NODELAY; without, many an answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        app,
        interface="asgi3",
        proxy_headers=False,
        ws="none",
        log_config=None,
        log_level="error",  # silent but for an app that raises
        access_log=False,
        timeout_keep_alive=75,
        backlog=1024,
    )
    config.load()
    server = _Quiet(config)
    server.lifespan = config.lifespan_class(config)
    try:
        await server.startup(sockets=[listener])
    except SystemExit as failure:
        listener.close()
        raise RuntimeError("the app failed to start: see its lifespan") from failure
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.shutdown()
        listener.close()
