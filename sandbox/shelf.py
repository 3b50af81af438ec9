"""Where a sandbox lies between two starts: its Slack and its carrier, beside the product's own database.

Written when a sandbox ends in good order, and taken away when it goes on. One that is killed leaves none: its database
would speak of messages that nobody has.
"""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.carrier import Carrier
from sandbox.slack import Slack

SUFFIX = ".sandbox"
FORMAT = 1
_CARRIER = "the carrier"
_PLAIN = {"builtins": {"set", "list", "dict"}, "collections": {"defaultdict"}, "datetime": {"time"}}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was on the shelf."""

    database: Path
    ports: dict[str, int]
    """Where the three listened: addresses in messages still lead there."""
    offset: float
    slack: dict[str, Any]
    carrier: dict[str, Any]
    desk: dict[str, Any]

    def put_into(self, slack: Slack, carrier: Carrier) -> None:
        """Both are as they were."""
        slack.take_back(self.slack)
        carrier.take_back(self.carrier)


def put_away(
    database: Path, urls: dict[str, str], offset: float, slack: Slack, carrier: Carrier, desk: dict[str, Any]
) -> None:
    """Everything of a sandbox that has come to rest."""
    ports = {name: urlsplit(url).port or 0 for name, url in urls.items()}
    content = (FORMAT, ports, offset, slack.put_away(), carrier.put_away(), desk)
    file = io.BytesIO()
    _Pickler(file, carrier).dump(content)
    database.with_suffix(SUFFIX).write_bytes(file.getvalue())


def take(folder: Path, carrier: Carrier) -> Kept | None:
    """The newest sandbox that can go on; whatever cannot be read is as good as none."""
    for path in sorted(folder.glob(f"textbank-*{SUFFIX}"), reverse=True):
        database = path.with_suffix(".db")
        try:
            form, *content = _Unpickler(path, carrier).load()
        except Exception:  # pickle promises no more than that: another version's, or half a file
            form, content = None, []
        path.unlink(missing_ok=True)
        if form == FORMAT and database.exists():
            return Kept(database, *content)
    return None


class _Pickler(pickle.Pickler):
    """The carrier itself, which phones know, is not written."""

    def __init__(self, file: io.BytesIO, carrier: Carrier) -> None:
        super().__init__(file)
        self._carrier = carrier

    def persistent_id(self, obj: Any) -> str | None:
        return _CARRIER if obj is self._carrier else None


class _Unpickler(pickle.Unpickler):
    """Makes the sandbox's own things and plain values, and calls nothing else, whatever the file says."""

    def __init__(self, path: Path, carrier: Carrier) -> None:
        super().__init__(io.BytesIO(path.read_bytes()))
        self._carrier = carrier

    def persistent_load(self, pid: Any) -> Carrier:
        return self._carrier

    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN.get(module, ()) or (module.startswith("sandbox.") and name[:1].isupper()):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} has no place on the shelf")
