"""What is kept of requests for four weeks: keyed hashes of words, in one bounded file that processes share.

A line is lost where a process dies within the second before it is written: what rests on this file
are monitors, not records. The file is replaced by a shorter one now and then, whole or not at all.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from colonnade.guard.access.drifting import Evidence
from colonnade.guard.access.patterns import Seen
from colonnade.records import Level
from colonnade.store.lock import alone

MOST = 200_000
"""Rows that are kept at most; the oldest go first."""

_PATIENCE = 5.0


class Sighting(NamedTuple):
    """One request, as the monitors keep it.

    Attributes:
        id: of the service's rows about it.
        topic, level: of the ruling, where there were some.
        refused: whether it was closed to the subject.
        evidence: about the subject's grants.
    """

    id: str
    seen: Seen
    topic: str = ""
    level: Level | None = None
    refused: bool = False
    evidence: tuple[Evidence, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether the table was closed, so that it was refused or let through under a grant."""
        return self.refused or any(row.kind == "use" for row in self.evidence)


class SightingFile:
    """Rows of several processes in one file.

    Args:
        file: in a folder that exists; a file of the same name with ``.lock`` behind it is the turn to write.
        most: rows that are kept.

    Attributes:
        unreadable: lines that were passed over, for instance halves of a crash.
    """

    def __init__(self, file: Path, most: int = MOST) -> None:
        self.file, self.most, self.unreadable = file, most, 0
        self._lock = file.with_name(f"{file.name}.lock")
        self._read, self._inode, self._rows = 0, 0, 0

    def add(self, rows: Iterable[Sighting]) -> None:
        """Write rows behind the others.

        Raises:
            OSError: where the disk refuses.
            BusyError: where somebody else takes too long.
        """
        lines = b"".join(_line(row) for row in rows)
        with self._turn(), self.file.open("ab+") as stream:
            end = stream.seek(0, os.SEEK_END)
            if end:
                stream.seek(end - 1)
                if stream.read(1) != b"\n":
                    lines = b"\n" + lines  # half a line of a crash ends here
            stream.write(lines)

    def start_over(self) -> None:
        """Let the next :meth:`news` begin with the first row."""
        self._read, self._inode, self._rows = 0, 0, 0

    def news(self) -> Iterator[Sighting]:
        """What was written since the last time, by whomever; everything where the file was replaced."""
        if not self.file.exists():
            return
        with self.file.open("rb") as stream:
            state = os.fstat(stream.fileno())
            if state.st_ino != self._inode or state.st_size < self._read:
                self._read, self._inode, self._rows = 0, state.st_ino, 0
            stream.seek(self._read)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self._rows += 1
                row = _row(line)
                if row is None:
                    self.unreadable += line != b"\n"
                else:
                    yield row

    def shorten(self, since: datetime) -> tuple[Sighting, ...]:
        """Drop what is older, and the oldest of what is too much, where there is enough of it to be worth it.

        Gives what was written meanwhile; the next :meth:`news` goes on behind it.
        """
        if self._rows <= self.most * 5 // 4 and not self._begins_before(since):
            return ()
        with self._turn():
            meanwhile = tuple(self.news())
            lines = self.file.read_bytes().splitlines(keepends=True)[-self.most :]
            kept = [line for line in lines if (row := _row(line)) is not None and row.seen.at >= since]
            partial = self.file.with_name(f"{self.file.name}.partial")
            partial.touch(mode=0o600)
            partial.write_bytes(b"".join(kept))
            partial.replace(self.file)
            state = self.file.stat()
            self._read, self._inode, self._rows = state.st_size, state.st_ino, len(kept)
        return meanwhile

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with alone(self._lock, _PATIENCE):
            if not self.file.exists():
                self.file.touch(mode=0o600)
            yield

    def _begins_before(self, since: datetime) -> bool:
        if not self.file.exists():
            return False
        with self.file.open("rb") as stream:
            first = _row(stream.readline())
        return first is not None and (since - first.seen.at).days >= 1


def _line(row: Sighting) -> bytes:
    content: dict[str, Any] = {
        "id": row.id,
        "at": row.seen.at.isoformat(),
        "subject": row.seen.subject,
        "words": _packed(sorted(row.seen.words)),
    }
    if row.topic:
        content["topic"] = row.topic
    if row.level is not None:
        content["level"] = row.level
    if row.refused:
        content["refused"] = True
    if row.evidence:
        content["evidence"] = [list(part) for part in row.evidence]
    if row.closed:  # only these are held against each other
        content["runs"] = _packed(sorted(row.seen.shingles))
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace") + b"\n"


def _row(line: bytes) -> Sighting | None:
    """The row of a line; none where it cannot be read."""
    try:
        found = json.loads(line)
        seen = Seen(
            found["subject"],
            datetime.fromisoformat(found["at"]),
            frozenset(_unpacked(found["words"])),
            frozenset(_unpacked(found.get("runs", ""))),
        )
        level = Level(found["level"]) if "level" in found else None
        evidence = tuple(Evidence(str(grant), float(beside), kind) for grant, beside, kind in found.get("evidence", ()))
        return Sighting(found["id"], seen, found.get("topic", ""), level, found.get("refused", False), evidence)
    except (ValueError, KeyError, TypeError):
        return None


def _packed(values: Sequence[int]) -> str:
    return base64.b64encode(np.asarray(values, dtype="<u8").tobytes()).decode()


def _unpacked(text: str) -> list[int]:
    found: list[int] = np.frombuffer(base64.b64decode(text, validate=True), dtype="<u8").tolist()
    return found
