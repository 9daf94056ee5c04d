"""What the checks look at: entries and runs with their place, and artefacts with their state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from colonnade.records import Digest, Entry, Run


class PlacedEntry(NamedTuple):
    """An entry and the line of the ledger on which it stands, counted from 1."""

    line: int
    entry: Entry


class PlacedRun(NamedTuple):
    """A run that could be read, with the entry that names it and that entry's line."""

    line: int
    entry: Entry
    run: Run


class Examined(NamedTuple):
    """What hashing an artefact showed.

    Attributes:
        problems: sentences that name the artefact, or the file of the folder.
        blobs: size in bytes of every blob that was found whole, the files of a folder included.
        members: digests of the records in it, in order; none where it could not be read.
    """

    problems: tuple[str, ...]
    blobs: Mapping[Digest, int]
    members: tuple[Digest, ...] | None


class Recounted(NamedTuple):
    """One stored record that was made from others, derived again.

    Attributes:
        kind: the class of the record.
        problems: what does not follow, a sentence each, without the place.
        why_not: why it could not be derived again; empty where it was.
        by_rules: what does not follow by the rules of today's code; these may have been others when it was made.
    """

    kind: str
    problems: tuple[str, ...] = ()
    why_not: str = ""
    by_rules: tuple[str, ...] = ()
