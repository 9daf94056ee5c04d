"""Ends of files that stay open from one group to the next, though others may append to them in their turns.

A file is looked at by its name before every group, so that one that somebody put in its place, took
away or wrote to is noticed: what is kept is the handle, not the belief.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from colonnade.store.log.disk import ends_a_line, sync_folder


class Look(NamedTuple):
    """What stands under a name.

    Attributes:
        size: bytes, none where nothing does.
        replaced: it is another file than the one that stood there at the last look.
    """

    size: int
    replaced: bool


class Tail:
    """The end of the newest file of a kind."""

    def __init__(self) -> None:
        self._name = ""
        self._handle = -1
        self._identity: tuple[int, int] | None = None
        self._end = -1
        self._named = False

    def look(self, file: Path) -> Look:
        """See what stands under this name now; another name lets go of the file before."""
        name = os.fspath(file)
        if name != self._name:
            self.close()
            self._name = name
        try:
            found = os.stat(name)  # noqa: PTH116 - for every group; a path takes three times as long
        except FileNotFoundError:
            self._let_go()
            return Look(0, False)
        identity = found.st_dev, found.st_ino
        replaced = self._identity is not None and self._identity != identity
        if replaced:
            self._let_go()
        self._identity = identity
        return Look(found.st_size, replaced)

    def append(self, content: bytes) -> None:
        """Write behind the end of the file that was looked at; nothing is forced to disk."""
        if self._handle < 0:
            self._open()
        written = os.write(self._handle, content)
        while written < len(content):
            written += os.write(self._handle, memoryview(content)[written:])

    def append_lines(self, file: Path, lines: Sequence[bytes]) -> None:
        """The same for whole lines; half a line that somebody's crash left at the end is dropped first."""
        size = self.look(file).size
        if size != self._end and not ends_a_line(self._name):
            size = file.read_bytes().rfind(b"\n") + 1
            os.truncate(file, size)
        content = b"\n".join(lines) + b"\n"
        self._end = -1
        self.append(content)
        self._end = size + len(content)

    def sync(self) -> None:
        """Return when all of the file is on disk, whoever wrote it."""
        if self._handle < 0:
            self._open()
        os.fdatasync(self._handle)
        if not self._named:  # whoever made the file may have died, or failed, before its name was on disk
            sync_folder(Path(self._name).parent)
            self._named = True

    def close(self) -> None:
        """Let go of the file."""
        self._let_go()
        self._name = ""

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        try:
            self._handle = os.open(self._name, flags)
        except FileNotFoundError:
            self._handle = os.open(self._name, flags | os.O_CREAT, 0o644)
        found = os.fstat(self._handle)
        self._identity = found.st_dev, found.st_ino

    def _let_go(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._identity, self._end, self._named = -1, None, -1, False


class SecondHand:
    """A thread that waits for one file's sync while its owner waits for another's."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._done: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="audit-log-sync", daemon=True)
        self._thread.start()

    def is_there(self) -> bool:
        """Whether it still works; it does not in a forked child, which has one thread only."""
        return self._thread.is_alive()

    def both(self, mine: Callable[[], None], yours: Callable[[], None]) -> None:
        """Do two things at once, and return when both are done; the first one's fault goes before the other's."""
        self._asked.put(yours)
        try:
            mine()
        finally:
            fault = self._done.get()
        if fault is not None:
            raise fault

    def close(self) -> None:
        """End the thread."""
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            try:
                asked()
            except BaseException as fault:
                self._done.put(fault)
            else:
                self._done.put(None)
