"""The log of uses: a line each, on disk before anything goes out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from colonnade.records import CorruptionError, GrantUse, canonical_json
from colonnade.store.lock import alone

PATIENCE = 5.0
"""Seconds for which a use waits for another process that is writing one; then it does not happen."""


class UseLog(Protocol):
    """Where uses are written. Whoever fails here raises, and the use does not happen."""

    def turn(self) -> AbstractContextManager[tuple[GrantUse, ...]]:
        """Keep other processes out while a use is decided on; gives what they wrote since the last turn."""

    def append(self, use: GrantUse) -> None:
        """Write a use, within a turn; it is there when this returns."""


class UseRecord(Protocol):
    """Another log that keeps every use, and counts nothing."""

    def append(self, use: GrantUse) -> None:
        """Write a use; it is there when this returns. Whoever fails here raises."""


class FileUseLog:
    """One line of canonical JSON for each use, flushed to the disk.

    Several processes may share one: each takes turns, and reads in its turn what the others wrote
    before it decides. The first turn gives everything. A last line without its end is the trace of
    a crash in the middle of a write: nobody was answered on its account, so it is cut off.

    Args:
        file: the log; its folder must exist.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read, self._inode, self._line = 0, 0, 0

    @contextmanager
    def turn(self) -> Iterator[tuple[GrantUse, ...]]:
        """As the protocol says.

        Raises:
            BusyError: where another process takes too long.
            CorruptionError: where the log was shortened or replaced, or a line is no use.
        """
        with alone(self.file, PATIENCE):
            yield self._news()

    def append(self, use: GrantUse) -> None:
        """Write a use and wait for the disk."""
        line = canonical_json(use.model_dump(mode="json")) + b"\n"
        with self.file.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        self._read, self._line = self._read + len(line), self._line + 1

    def _news(self) -> tuple[GrantUse, ...]:
        state = self.file.stat()
        if (self._read and state.st_ino != self._inode) or state.st_size < self._read:
            what = "the log of uses was shortened or replaced while a service counted by it."
            raise CorruptionError(what, file=self.file, mend="Put it back, and start the service again.")
        self._inode = state.st_ino
        if state.st_size == self._read:
            return ()
        with self.file.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(self.file, self._read + whole)
        uses = _parsed(content[:whole], self.file, self._line)
        self._read, self._line = self._read + whole, self._line + len(uses)
        return uses


class AlsoRecorded:
    """A log that counts by a file, and writes every use into another log first (a ``UseLog``).

    For a service whose record is the transparency log: that one shows tampering and keeps everything,
    the file is what processes count by together.

    Args:
        counted: shared by the processes.
        record: the other log.
    """

    def __init__(self, counted: FileUseLog, record: UseRecord) -> None:
        self._counted, self._record = counted, record

    def turn(self) -> AbstractContextManager[tuple[GrantUse, ...]]:
        """A turn at the file."""
        return self._counted.turn()

    def append(self, use: GrantUse) -> None:
        """Write a use into both, the record first."""
        self._record.append(use)
        self._counted.append(use)


def read_uses(file: Path) -> tuple[GrantUse, ...]:
    """Every use in a log, oldest first; none where there is no log yet.

    Raises:
        CorruptionError: at the first whole line that is not a use.
    """
    return _parsed(file.read_bytes(), file, 0) if file.exists() else ()


def _parsed(content: bytes, file: Path, before: int) -> tuple[GrantUse, ...]:
    uses = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=before + 1):
        try:
            uses.append(GrantUse.model_validate_json(line))
        except ValidationError:
            mend = "Put the file back from a backup."
            raise CorruptionError("this line is not a use of a grant.", file=file, line=number, mend=mend) from None
    return tuple(uses)
