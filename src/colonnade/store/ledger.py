"""The ledger: one JSON line per act, each naming the digest of the line before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from colonnade.records import ColonnadeError, CorruptionError, Digest, Entry, canonical_json, digest_bytes

GENESIS: Digest = "sha256:" + "0" * 64


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """An append-only file of entries.

    A last line without its line end is the trace of a crash in the middle of a write: nobody was
    told that it was written, so it is cut off before the next append, and a copy is kept. The
    chain is checked whole before the first append of a process; the lock keeps others out after.
    """

    def __init__(self, file: Path, clock: Callable[[], datetime] = _now) -> None:
        self.file, self.clock = file, clock
        self._last: Entry | None = None

    def entries(self) -> tuple[Entry, ...]:
        """All entries, the chain checked from the first to the last.

        Raises:
            CorruptionError: at the first line that is not what the chain says.
        """
        return tuple(self.entries_after(None, b"".join(line + b"\n" for line in self._whole_lines())))

    def entries_after(self, last: Entry | None, content: bytes) -> Iterator[Entry]:
        """The entries that some whole lines hold, checked to follow from the one before them.

        Args:
            last: the entry before the first line; none where the first line is the ledger's first.
            content: whole lines.

        Raises:
            CorruptionError: at the first line that is not what the chain says.
        """
        previous, before = (last.digest, last.sequence + 1) if last is not None else (GENESIS, 0)
        for number, line in enumerate(content.split(b"\n")[:-1], start=before + 1):
            try:
                entry = Entry.model_validate(json.loads(line))
            except (ValueError, ValidationError):
                raise self._broken(number, "is not an entry") from None
            if canonical_json(entry.model_dump(mode="json")) != line:
                raise self._broken(number, "is not in canonical form")
            if entry.sequence != number - 1:
                raise self._broken(number, f"has sequence {entry.sequence} instead of {number - 1}")
            if entry.previous != previous:
                raise self._broken(number, "does not follow from the line before it")
            previous = digest_bytes(line)  # the line is its canonical form
            yield entry

    def append(self, act: str, subject: Digest, actor: str) -> Entry:
        """Write one entry to disk; it is there when this returns.

        Raises:
            CorruptionError: where the chain is broken already.
            ColonnadeError: where the disk refuses, for instance because it is full.
        """
        if self._last is None:
            self._last = next(reversed(self.entries()), None)
            self._cut_torn_line()
        last = self._last
        entry = Entry(
            sequence=last.sequence + 1 if last else 0,
            at=max(self.clock(), last.at) if last else self.clock(),
            actor=actor,
            act=act,
            subject=subject,
            previous=last.digest if last else GENESIS,
        )
        try:
            with self.file.open("ab") as stream:
                stream.write(canonical_json(entry.model_dump(mode="json")) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as fault:
            self._last = None
            raise ColonnadeError(
                f"the ledger could not be written: {fault.strerror or fault}.",
                file=self.file,
                mend="Make room and start again.",
            ) from None
        self._last = entry
        return entry

    def _whole_lines(self) -> list[bytes]:
        if not self.file.exists():
            return []
        return self.file.read_bytes().split(b"\n")[:-1]

    def _cut_torn_line(self) -> None:
        if not self.file.exists():
            return
        content = self.file.read_bytes()
        end = content.rfind(b"\n") + 1
        if end != len(content):
            self.file.with_suffix(".torn").write_bytes(content[end:])
            os.truncate(self.file, end)

    def _broken(self, line: int, how: str) -> CorruptionError:
        return CorruptionError(
            f"the ledger is broken: this line {how}.",
            file=self.file,
            line=line,
            mend="Put the file back from a backup, or move the .colonnade folder aside and run again.",
        )
