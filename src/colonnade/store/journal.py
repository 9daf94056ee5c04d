"""A file that grows line by line while work goes on, so that what was finished outlives a crash."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from colonnade.records import BusyError, ColonnadeError, InputError, canonical_json

SYNC_SECONDS = 1.0
"""How long the system may hold lines back from the disk while more are coming: what a power cut can cost."""

_BEFORE, _BETWEEN, _AFTER = b'{"check":"', b'","entry":', b"}\n"
_CHECK = 16
_START = len(_BEFORE) + _CHECK + len(_BETWEEN)


class Journal:
    """An append-only file of rows, held by one run at a time.

    Each line carries the beginning of the sha256 of its row: a line that was torn by a crash, or
    changed since, is left out and said in ``notes``, and what it held is made again.

    Args:
        file: made where it is missing.
        kind: of what, one word. It stands in the first line, without which no file is taken for a journal and none
            is written to.
        again: what happens to what a lost line held, for the notes.
    """

    def __init__(self, file: Path, kind: str, again: str) -> None:
        self.file = file
        self.notes: list[str] = []
        self._kind, self._again = kind, again
        self._header = header(kind)
        self._descriptor = -1
        self._synced = 0.0

    def __enter__(self) -> Self:
        """Open the file, and cut a torn last line off.

        Raises:
            InputError: where the file is something else.
            BusyError: where another run holds it.
            ColonnadeError: where it cannot be opened or written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._hold()
            self._mend()
        except BlockingIOError:
            self._close()
            raise BusyError(
                "another run is writing this journal.", file=self.file, mend="Wait for it, or name another file."
            ) from None
        except OSError as fault:
            self._close()
            raise self._failure(fault) from None
        except InputError:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See to it that all lines are on the disk."""
        try:
            os.fsync(self._descriptor)
        except OSError as unsaved:
            if fault is None:  # else the first reason is the one that counts
                raise self._failure(unsaved) from None
        finally:
            self._close()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row that is whole, in the order in which they were added; damaged ones are said at the end."""
        damaged: list[int] = []
        with os.fdopen(os.dup(self._descriptor), "rb") as stream:
            stream.seek(len(self._header))
            for number, line in enumerate(stream, start=2):
                row = _row(line)
                if row is None:
                    damaged.append(number)
                else:
                    yield row
        if damaged:
            self.notes.append(
                f"{self.file}: left out as damaged: {len(damaged)}, the first on line {damaged[0]}; {self._again}."
            )

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows in one write.

        Raises:
            ColonnadeError: where they cannot be written, for instance on a full disk.
        """
        rest = memoryview(b"".join(map(_line, rows)))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._descriptor)
                self._synced = time.monotonic()
        except OSError as fault:
            raise self._failure(fault) from None

    def _hold(self) -> None:
        """Open and lock the file that stands under this name; one that was removed in between would keep nothing."""
        while True:
            self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _stands(self.file, self._descriptor):
                return
            self._close()

    def _mend(self) -> None:
        """Write the first line of a new file, or cut what a crash left of the last one."""
        size, first = os.fstat(self._descriptor).st_size, self._header
        start = os.pread(self._descriptor, len(first), 0)
        if size < len(first) and first.startswith(start):
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, first)
            return
        if start != first:
            raise InputError(f"this is no journal of {self._kind}.", file=self.file, mend="Name another file.")
        end = self._last_newline(size) + 1
        if end < size:
            os.ftruncate(self._descriptor, end)
            self.notes.append(f"{self.file}: the last line was torn and is left out; {self._again}.")

    def _last_newline(self, size: int, block: int = 1 << 16) -> int:
        end = size
        while True:  # the first line ends in one
            start = max(0, end - block)
            place = os.pread(self._descriptor, end - start, start).rfind(b"\n")
            if place >= 0:
                return start + place
            end = start

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _failure(self, fault: OSError) -> ColonnadeError:
        return ColonnadeError(
            f"the journal cannot be written: {fault.strerror or fault}.",
            file=self.file,
            mend="Mend that, then start the same command again; what was finished is kept.",
        )


def header(kind: str) -> bytes:
    """The first line of a journal of this kind."""
    return canonical_json({"journal": kind, "version": 1}) + b"\n"


def forget(file: Path) -> None:
    """Remove a journal whose rows lie elsewhere by now; one that another run holds stays, and is its to remove."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _stands(file, descriptor):
            file.unlink()
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def _stands(file: Path, descriptor: int) -> bool:
    """Whether the open file is the one that has this name now."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _line(row: Mapping[str, Any]) -> bytes:
    content = canonical_json(row)
    return b"".join((_BEFORE, _check(content), _BETWEEN, content, _AFTER))


def _row(line: bytes) -> dict[str, Any] | None:
    content = line[_START : -len(_AFTER)]
    if line != b"".join((_BEFORE, _check(content), _BETWEEN, content, _AFTER)):
        return None
    row: dict[str, Any] = json.loads(content)
    return row


def _check(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:_CHECK].encode()
