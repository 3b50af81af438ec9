"""Source with a piece taken out, for one process: the files themselves stay as they are."""

import importlib.machinery
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Cut:
    """`text` stands exactly once in `file` (a pattern, where the name may change) and is replaced by `instead`."""

    file: str
    text: str
    instead: str

    def missing(self) -> str | None:
        """Why this can't be cut, or None."""
        paths = list(ROOT.glob(self.file))
        count = sum(path.read_text(encoding="utf-8").count(self.text) for path in paths)
        return None if count == 1 else f"{self.file} has this {count} times, and not once: {self.text!r}"

    @property
    def path(self) -> Path:
        """The file that has the text."""
        return next(path for path in ROOT.glob(self.file) if self.text in path.read_text(encoding="utf-8"))


def install(cuts: Iterable[Cut]) -> None:
    """From now on, modules that are imported in this process come without these pieces."""
    changed: defaultdict[str, str] = defaultdict(str)
    for cut in cuts:
        path = str(cut.path)
        changed[path] = (changed[path] or cut.path.read_text(encoding="utf-8")).replace(cut.text, cut.instead)
    whole = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        path = str(Path(self.get_filename(name)).resolve())
        if path in changed:
            return compile(changed[path], path, "exec", dont_inherit=True)
        return whole(self, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
