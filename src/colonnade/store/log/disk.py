"""Writing so that it is there after a crash, and taking turns between processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from threading import RLock
from time import monotonic, sleep
from types import TracebackType

from colonnade.records import BusyError

_PAUSE = 0.002
"""Seconds between two looks at a lock that somebody else has."""
_LONGEST_LINE = 65_536
"""Bytes at the end of a file that hold its last line."""


class Turn:
    """One writer at a time, among threads and among processes; the system ends the turn of one that dies.

    May be entered again by the thread that has it.

    Args:
        file: the lock; stays empty.
        patience: seconds to wait for somebody else's turn to end.
    """

    def __init__(self, file: Path, patience: float = 10.0) -> None:
        self.file, self.patience = file, patience
        self._mutex, self._depth = RLock(), 0
        self._handle, self._process = self._opened(), os.getpid()

    def __enter__(self) -> None:
        if not self._mutex.acquire(timeout=self.patience):
            raise self._busy()
        try:
            if self._depth == 0:
                self._lock()
        except BaseException:
            self._mutex.release()
            raise
        self._depth += 1

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
        self._mutex.release()

    def close(self) -> None:
        """Give the file back; no turn can be taken after."""
        os.close(self._handle)

    def _opened(self) -> int:
        return os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _lock(self) -> None:
        if os.getpid() != self._process:
            # A forked child has its parent's open file, and with it its parent's lock.
            self._handle, self._process = self._opened(), os.getpid()
        until = monotonic() + self.patience
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if monotonic() >= until:
                    raise self._busy() from None
                sleep(_PAUSE)
            else:
                return

    def _busy(self) -> BusyError:
        what = f"another writer has had its turn for more than {self.patience:g} seconds."
        return BusyError(what, file=self.file.parent, mend="Wait for it or stop it, then start again.")


def append_bytes(file: Path, content: bytes) -> None:
    """Write at the end of a file, and return when it is on disk."""
    name = os.fspath(file)
    try:
        new, handle = False, os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    except FileNotFoundError:
        new, handle = True, os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fdatasync(handle)
    finally:
        os.close(handle)
    if new:
        sync_folder(file.parent)


def append_lines(file: Path, lines: Sequence[bytes]) -> None:
    """The same for whole lines; what a crash left of a last line, half of it or zeros, is dropped first."""
    end = _end_of_lines(file)
    if end is not None:
        os.truncate(file, end)
    append_bytes(file, b"\n".join(lines) + b"\n")


def _end_of_lines(file: Path) -> int | None:
    """Where the last whole line ends, if something that is none is behind it."""
    try:
        with file.open("rb") as stream:
            start = max(stream.seek(0, os.SEEK_END) - _LONGEST_LINE, 0)
            stream.seek(start)
            content = stream.read()
    except FileNotFoundError:
        return None
    last = content.rfind(b"\n", 0, max(len(content) - 1, 0)) + 1
    torn = b"\x00" in content[last:] or not content.endswith(b"\n")
    return start + last if content and torn else None


def ends_a_line(file: str) -> bool:
    """Whether what comes next begins a line; so it does in a file that is empty or not there yet."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        size = os.fstat(handle).st_size
        return not size or os.pread(handle, 1, size - 1) == b"\n"
    finally:
        os.close(handle)


def replace_bytes(file: Path, content: bytes, mode: int = 0o644) -> None:
    """Put a file in the place of another, whole or not at all, and return when it is on disk."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(file.parent)


def sync_file(file: Path) -> None:
    """Force a file, and where it ends, to disk."""
    handle = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
