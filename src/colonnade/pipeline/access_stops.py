"""What may end a grant, heard before all else is read: a look at what is new in two files, and nothing more.

Where ten thousand grants stand takes some tenths of a second to find out, an edited policy as long
again, and a revocation must wait for neither. What is heard here only withholds, and for as long as
it takes: whoever reads everything decides what holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from colonnade.guard.access import Desk
from colonnade.pipeline.access_book import SET_DOWN, SUSPENDED, Signed, read_line
from colonnade.records import Act, Alert, ColonnadeError, Suspension
from colonnade.store import HOME, Objects
from colonnade.store.statements import STATED
from colonnade.store.store import LEDGER, OBJECTS


class Stops:
    """Withholds at the desk what a new line of the ledger, or of what was set down beside it, may have ended.

    Args:
        folder: the workspace; nothing is made or changed in it.
        desk: of the service. Lines that are there now are taken for known to it.
        alerts: those that are known, by the subject under which people answer them.
    """

    def __init__(self, folder: Path, desk: Desk, alerts: Callable[[], dict[str, Alert]]) -> None:
        home = (folder / HOME).absolute()
        self._desk, self._alerts, self._objects = desk, alerts, Objects(str(home / OBJECTS))
        self._ledger, self._beside = Tail(home / LEDGER), Tail(home / SET_DOWN)
        self._turn = Lock()

    @property
    def places(self) -> tuple[Path, Path]:
        """The files that are looked at."""
        return self._ledger.file, self._beside.file

    def look(self) -> None:
        """Take in what is new. A line that cannot be read is left to whoever reads everything, and closes the desk."""
        with self._turn:
            # The newest first: a thousand approvals may have been signed before the one revocation that cannot wait.
            for line in reversed(self._beside.news()):
                self._hear(SUSPENDED, line)
            for line in reversed(self._ledger.news()):
                for act, said in self._named_by(line):
                    self._hear(act, said)

    def _named_by(self, line: bytes) -> Iterator[tuple[str, bytes]]:
        try:
            entry = json.loads(line)
            act = str(entry["act"])
            if act in (STATED, SUSPENDED):
                for said in self._objects.get(str(entry["subject"])).splitlines():
                    yield act, said
        except (ValueError, KeyError, TypeError, ColonnadeError):
            return

    def _hear(self, act: str, line: bytes) -> None:
        try:
            said = read_line(act, line)
        except ValidationError:
            return
        if isinstance(said, Suspension):
            self._desk.withhold([said.grant], with_others=True)
        elif isinstance(said, Signed) and said.genuine:
            self._hear_statement(said)

    def _hear_statement(self, said: Signed) -> None:
        """Anything but an approval of a grant, a verdict on a use, and an alert that is upheld."""
        statement = said.signed.statement
        kind, _, name = statement.subject.partition(":")
        if kind == "alert" and statement.act is Act.APPROVE:
            alert = self._alerts().get(statement.subject)
            self._desk.withhold_subjects(alert.subjects if alert is not None else ())
        elif kind == "grant" and statement.act is not Act.APPROVE:
            grant, _, use = name.partition("/")
            self._desk.withhold([grant], with_others=bool(use))


class Tail:
    """The whole lines that were added to a file since the last look.

    Args:
        file: there or not; what is in it now is not new.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._inode, self._read = self._now()

    def news(self) -> list[bytes]:
        """Whole lines, oldest first; none of a file that was replaced or shortened, which has to be read as a whole."""
        inode, size = self._now()
        if (inode != self._inode and self._inode) or size < self._read:
            self._inode, self._read = inode, size
            return []
        self._inode = inode
        if size == self._read:
            return []
        with self.file.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        whole = content.rfind(b"\n") + 1
        self._read += whole
        return content[:whole].split(b"\n")[:-1]

    def _now(self) -> tuple[int, int]:
        try:
            state = self.file.stat()
        except FileNotFoundError:
            return 0, 0
        return state.st_ino, state.st_size
