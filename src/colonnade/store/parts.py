"""The finished parts of a step that is not finished itself, kept so that a crash costs no more than one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from colonnade.records import Digest, InputError, digest_bytes, digest_of
from colonnade.store.journal import Journal

T = TypeVar("T")

UNFINISHED = "unfinished"
"""The folder of the store that holds the parts: ``unfinished/STEP/KEY``, gone once the step is written down."""
NOTE = "taken over from before the interruption"


class Counted(NamedTuple):
    """How much of a step was taken over, and how much it came to in all."""

    taken: int
    total: int


class Parts:
    """What a step has finished so far, found again by all that it depends on.

    A part is any JSON. The folder belongs to one key of one step: what was made of other inputs or
    by other code is thrown away, and a part is asked for by what distinguishes it within the step.
    Nothing is written before the first part is kept.

    Args:
        folder: of this key, below the one of its step; none keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self._counts = {"taken": 0, "made": 0}
        self._journal: Journal | None = None
        self._earlier: dict[str, Any] = {}

    def __enter__(self) -> Self:
        """Throw away what other inputs left, and read what this key has."""
        if self.folder is None:
            return self
        for other in self.folder.parent.glob("*"):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        if self.file.exists():
            try:
                self._open()
            except InputError as fault:
                self.notes.append(f"{self.file}: {fault.what} It is thrown away, and the step begins from its start.")
                shutil.rmtree(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See to it that all parts are on the disk."""
        if self._journal is not None:
            self._journal.__exit__(kind, fault, trace)
            self._journal = None

    @property
    def file(self) -> Path:
        """The journal of the parts."""
        return (self.folder or Path()) / "parts.jsonl"

    @property
    def resumed(self) -> bool:
        """Whether an earlier run has left anything."""
        return bool(self._earlier)

    @property
    def counted(self) -> Counted:
        """So many parts were taken over, of so many."""
        return Counted(self._counts["taken"], sum(self._counts.values()))

    def find(self, depends_on: object) -> Any:
        """The part that an earlier run finished, or none; it is not counted."""
        return self._earlier.get(digest_of(depends_on))

    def keep(self, depends_on: object, part: object, files: Iterable[Path] = ()) -> None:
        """Write a part down; of several with one name the last counts.

        Args:
            depends_on: what distinguishes it within the step.
            part: any JSON.
            files: below ``folder``, whole by now; the part is found again only where they have not changed.

        Raises:
            ColonnadeError: where it cannot be written.
        """
        if self.folder is None:
            return
        if self._journal is None:
            self._open()
        if self._journal is not None:
            digests = {str(file.relative_to(self.folder)): digest_bytes(file.read_bytes()) for file in files}
            self._journal.append([{"key": digest_of(depends_on), "part": part, "files": digests}])

    def once(self, depends_on: object, make: Callable[[], T]) -> T:
        """The part of an earlier run, or else what ``make`` comes to, which is JSON and written down at once."""
        found = self.find(depends_on)
        self.count(taken=found is not None, made=found is None)
        if found is not None:
            kept: T = found
            return kept
        part = make()
        self.keep(depends_on, part)
        return part

    def count(self, taken: int = 0, made: int = 0) -> None:
        """Count parts for the note that a resumed step carries."""
        if self.folder is not None:
            self._counts["taken"] += taken
            self._counts["made"] += made

    def _open(self) -> None:
        journal = Journal(self.file, "parts", "what it held is made again")
        journal.__enter__()
        self._journal = journal
        rows = {row["key"]: row for row in journal.rows()}
        self.notes += journal.notes
        for key, row in rows.items():
            changed = [name for name, digest in row["files"].items() if not _is(self.file.parent / name, digest)]
            if changed:
                self.notes.append(f"{self.file}: left out as {changed[0]} has changed; what it held is made again.")
            else:
                self._earlier[key] = row["part"]


NOTHING_KEPT = Parts()
"""For work whose parts nobody keeps; it holds no state."""


def parts_of(home: Path, step: str, key: Digest) -> Parts:
    """The parts of a step for one key, to be used as a context."""
    return Parts(home / UNFINISHED / step / key.rpartition(":")[2])


def forget_parts(home: Path, step: str) -> None:
    """Remove every part of a step whose outputs are in the store."""
    shutil.rmtree(home / UNFINISHED / step, ignore_errors=True)


def _is(file: Path, digest: Digest) -> bool:
    try:
        return digest_bytes(file.read_bytes()) == digest
    except OSError:
        return False
