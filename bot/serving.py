"""One serving process for one SQLite file: a second would post the same words again and wait on the first's writes.

The lock is the operating system's, on a file beside the database, so that it ends with whoever holds it, however that
is. Imports, exports, migrations and the doctor do not serve, and take none.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from bot.settings import SettingsError


@contextmanager
def alone(database_url: str) -> Iterator[None]:
    """Serve this database until the block ends. Raises SettingsError while another process does.

    PostgreSQL takes any number.
    """
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        yield
        return
    with Path(f"{os.path.realpath(url.database)}.serving").open("a+") as file:
        if not _locked(file):
            file.seek(0)
            raise SettingsError(
                f"This database is already served by process {file.read().strip() or 'unknown'}. SQLite takes one: "
                "stop that one first; for several processes set DATABASE_URL to a PostgreSQL database."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[str]) -> bool:
        file.seek(1 << 20)  # a byte far behind what is written, which stays readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _locked(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
