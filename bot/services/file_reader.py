"""A file's chunks, read ahead by a process of its own: reading and writing then have a core each.

That process reads, parses and hashes (contact_rows); the writer takes what it gets on to the database. The pipe between
them holds little, so that neither is ever more than a chunk or two ahead.
"""

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from multiprocessing.connection import Connection
from pathlib import Path

from bot.services.contact_rows import Message, Options, read

SMALL_FILE = 1 << 18


def is_small(path: Path) -> bool:
    """Whether the file can be read beside people who are clicking, in less time than it takes to start a process."""
    return not path.exists() or path.stat().st_size <= SMALL_FILE


@contextlib.asynccontextmanager
async def reading(path: Path, start: int, options: Options) -> AsyncIterator[AsyncIterator[Message]]:
    """What `read` says of the file, from row `start` on."""
    if is_small(path):
        yield _all_at_once(path, start, options)
        return
    spawn = multiprocessing.get_context("spawn")  # a fork would copy open database connections
    receiving, sending = spawn.Pipe(duplex=False)
    process = spawn.Process(target=send_all, args=(sending, path, start, options), daemon=True)
    process.start()
    sending.close()  # the reader's end is then the only one: when either process dies, the other notices
    async with contextlib.aclosing(_received(receiving)) as messages:
        try:
            yield messages
        finally:
            process.terminate()
            await asyncio.to_thread(process.join)


def send_all(pipe: Connection, path: Path, start: int, options: Options) -> None:
    """The body of the reading process. Ends with None, or when the writer is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the writer's to judge; it ends this process
    with contextlib.suppress(BrokenPipeError):
        for message in read(path, start, options):
            pipe.send(message)
        pipe.send(None)


async def _all_at_once(path: Path, start: int, options: Options) -> AsyncGenerator[Message, None]:
    for message in await asyncio.to_thread(lambda: list(read(path, start, options))):
        yield message


async def _received(receiving: Connection) -> AsyncGenerator[Message, None]:
    """Fetch the next message while the last is being worked on."""
    ahead = asyncio.ensure_future(asyncio.to_thread(receiving.recv))
    try:
        while (message := await ahead) is not None:
            ahead = asyncio.ensure_future(asyncio.to_thread(receiving.recv))
            yield message
    except EOFError:
        raise RuntimeError("the process that reads the file ended too early") from None
    finally:
        await asyncio.wait([ahead])
        if not ahead.cancelled():
            ahead.exception()  # the end of a pipe that nobody reads any more is no news
