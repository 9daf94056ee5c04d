"""A watcher over files: what a person changes on disk reaches a running service within a second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from stat import S_ISDIR
from threading import Event, Thread
from typing import NamedTuple

PAUSE = 0.1
"""Seconds between two looks; with what a look and a reading cost, a change is in force well within a second."""


class Mark(NamedTuple):
    """What tells one state of a file from another without reading it."""

    path: str
    changed: int
    size: int
    inode: int


def marks(places: Sequence[Path]) -> tuple[Mark, ...]:
    """The marks of files, and of every file below folders; what is missing has none.

    Time and size alone would miss a file that was replaced by one as long in the same instant; the
    inode tells these apart.
    """
    found = []
    for place in places:
        for path in sorted(_files(os.fspath(place))):
            try:
                state = os.stat(path)  # noqa: PTH116 - ten times a second; a path takes three times as long
            except OSError:
                continue  # gone between the two looks, or never there
            if not S_ISDIR(state.st_mode):
                found.append(Mark(path, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def _files(place: str) -> Iterator[str]:
    """A file, or those below a folder; a folder that goes while it is walked through has none."""
    if not os.path.isdir(place):  # noqa: PTH112 - a path raises where it may not look, and this says no
        yield place
    for folder, _, names in os.walk(place):
        for name in names:
            yield os.path.join(folder, name)  # noqa: PTH118 - as above


class Watch:
    """Calls when something changed, and says so where that fails.

    Args:
        places: files and folders to look at.
        changed: reads them and puts them in force.
        failed: told where ``changed`` raised: what held before can no longer be relied on.
        pause: seconds between two looks.
        moment: something besides the files whose change counts, for instance the day.
        seen: what is there now is in force already, and only what comes after it is new.
    """

    def __init__(
        self,
        places: Sequence[Path],
        changed: Callable[[], None],
        failed: Callable[[Exception], None],
        pause: float = PAUSE,
        moment: Callable[[], object] = lambda: None,
        seen: bool = False,
    ) -> None:
        self._places, self._changed, self._failed, self._pause = tuple(places), changed, failed, pause
        self._moment = moment
        self._seen: tuple[tuple[Mark, ...], object] | None = (marks(self._places), moment()) if seen else None
        self._again, self._end = Event(), Event()
        self._thread: Thread | None = None

    def look_again(self) -> None:
        """Have the next look find something, whatever stands on disk."""
        self._again.set()

    def look(self) -> bool:
        """Look once; whether something was new. The first look always finds something."""
        again = self._again.is_set()
        self._again.clear()
        try:
            found = marks(self._places), self._moment()
            if found == self._seen and not again:
                return False
            self._changed()
        except Exception as fault:  # a half-written or broken file must close what it opened, and end no thread
            self._failed(fault)
            # Looked at again next time: a file that was being written when it was read is whole a moment later.
            self._seen = None
            return True
        self._seen = found
        return True

    def start(self) -> None:
        """Look now, and from here on in a thread of its own until it is stopped."""
        if self._thread is None:
            self.look()
            self._end.clear()
            self._thread = Thread(target=self._keep_looking, name="colonnade-watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _keep_looking(self) -> None:
        while not self._end.wait(self._pause):
            self.look()
