"""What is stored, each artefact read back as records once."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

from colonnade.audit.heap import blob_of
from colonnade.audit.recognition import kinds_of, records_of
from colonnade.records import Digest, Record, Run
from colonnade.store import Objects

R = TypeVar("R", bound=Record)


class Archive:
    """The heap as the checks read it. A broken artefact is empty here: that it is broken is said where bytes are."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._kinds: dict[Digest, Counter[type[Record] | None]] = {}
        self._read: dict[tuple[type[Record], Digest], tuple[Record, ...]] = {}

    def content(self, digest: Digest) -> bytes:
        """The bytes of an artefact, or nothing."""
        found = blob_of(self._objects, digest) if digest else b""
        return found if isinstance(found, bytes) else b""

    def kinds(self, digest: Digest) -> Counter[type[Record] | None]:
        """How many records of each kind an artefact holds; none for a line that is none of ours."""
        if digest not in self._kinds:
            self._kinds[digest] = kinds_of(self.content(digest))
        return self._kinds[digest]

    def records(self, kind: type[R], digest: Digest) -> tuple[R, ...]:
        """The records of one kind that an artefact holds."""
        if kind not in self.kinds(digest):
            return ()
        if (kind, digest) not in self._read:
            self._read[kind, digest] = records_of(kind, self.content(digest))
        return tuple(row for row in self._read[kind, digest] if isinstance(row, kind))

    def made(self, kind: type[R], run: Run) -> tuple[R, ...]:
        """The records of one kind among all that a run made."""
        return tuple(row for _, digest in run.outputs for row in self.records(kind, digest))

    def taken(self, kind: type[R], run: Run) -> tuple[R, ...]:
        """The records of one kind among all that a run read."""
        return tuple(row for _, digest in run.inputs for row in self.records(kind, digest))

    def output(self, kind: type[R], run: Run, name: str) -> tuple[R, ...]:
        """The records of one kind under one name among what a run made."""
        return self.records(kind, dict(run.outputs).get(name, ""))

    def input(self, kind: type[R], run: Run, name: str) -> tuple[R, ...]:
        """The records of one kind under one name among what a run read."""
        return self.records(kind, dict(run.inputs).get(name, ""))

    def lost(self, digest: Digest) -> int:
        """How many lines of an artefact say something that is no record, or not a sound one, of any kind."""
        kinds = self.kinds(digest)
        return kinds[None] + sum(
            count - len(self.records(kind, digest)) for kind, count in kinds.items() if kind is not None
        )
