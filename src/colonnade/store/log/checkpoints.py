"""Checkpoints: the head of a log as a signed note of three lines, origin, size and root.

Source: C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.records import CorruptionError, InputError
from colonnade.store.log.notes import Note, Signature, SignatureKind, Verified, VerifierKey, parse_note, verify_note
from colonnade.store.log.segments import whole_lines
from colonnade.store.log.tree import HASH

CHECKPOINT = "checkpoint"
"""The newest checkpoint of a log, in its folder."""
HISTORY = "checkpoints.jsonl"
"""Every checkpoint that was ever signed, one JSON line each."""
BACKUP = "Put the log back from a backup, and ask its witnesses for the last checkpoint that they saw."
"""How to mend a log that is not what it signed."""
_TAIL = 65_536
"""Bytes at the end of the history that hold its last line."""
_MOST_DIGITS = 19


class Checkpoint(NamedTuple):
    """What a log says of itself: at this size it has this root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class SignedCheckpoint(NamedTuple):
    """A checkpoint whose log's signature has been verified, with all other signatures that were."""

    checkpoint: Checkpoint
    note: Note
    signers: tuple[Verified, ...]


def parse_checkpoint(text: str) -> Checkpoint:
    """The first three lines of a note's text; lines behind them must not be empty, and mean nothing here.

    Raises:
        InputError: where it is not a checkpoint.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise _malformed("has not three lines")
    origin, size, encoded = lines[:3]
    if not (size.isascii() and size.isdigit()) or len(size) > _MOST_DIGITS or size != str(int(size)):
        raise _malformed(f"has the size {size!r}")
    try:
        root = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != HASH or base64.b64encode(root).decode() != encoded:
        raise _malformed("has a root that is no SHA-256 in base64")
    return Checkpoint(origin, int(size), root)


def open_checkpoint(content: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> SignedCheckpoint:
    """A checkpoint that this log signed and all these witnesses cosigned.

    Raises:
        InputError: where one of them did not, or it is the checkpoint of another log.
    """
    check_kinds(log, witnesses)
    note = parse_note(content)
    signers = verify_note(note, (log, *witnesses))
    missing = [key.name for key in (log, *witnesses) if all(row.key != key for row in signers)]
    if missing:
        mend = "Name the key that its log published, or ask the witness for its cosignature."
        raise InputError(f"the checkpoint has no signature by {' and '.join(missing)}.", mend=mend)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != log.name:
        mend = "Name the key of that log."
        raise InputError(f"this is a checkpoint of '{checkpoint.origin}', not of '{log.name}'.", mend=mend)
    return SignedCheckpoint(checkpoint, note, signers)


def check_kinds(log: VerifierKey | None, witnesses: Sequence[VerifierKey]) -> None:
    """A log's key has to be made for its own signatures, and witnesses' for cosignatures.

    Raises:
        InputError: where one is of the other kind.
    """
    swapped = log is not None and log.kind is not SignatureKind.NOTE
    if swapped or any(key.kind is not SignatureKind.COSIGNATURE for key in witnesses):
        mend = "A log's key and a witness's key are two kinds: name each with its own option."
        raise InputError("a witness's key stands for a log's, or a log's for a witness's.", mend=mend)


def without_others(note: Note, keys: Sequence[VerifierKey]) -> Note:
    """A note with those of its signatures only that are by these keys; what is forged in their names goes too."""

    def is_by_one(signature: Signature) -> bool:
        try:
            return bool(verify_note(Note(note.text, (signature,)), keys))
        except InputError:
            return False

    return Note(note.text, tuple(filter(is_by_one, note.signatures)))


def standing_checkpoint(folder: Path) -> Note | None:
    """The last checkpoint that was signed.

    Raises:
        CorruptionError: where the file is not one.
    """
    try:
        return parse_note((folder / CHECKPOINT).read_bytes())
    except FileNotFoundError:
        return None
    except InputError:
        what = "this is not the checkpoint that was signed."
        raise CorruptionError(what, file=folder / CHECKPOINT, mend=BACKUP) from None


def last_in_history(folder: Path) -> Note | None:
    """The same by the history: a checkpoint put back to an older one does not hide the newer one here.

    Raises:
        CorruptionError: where its last line is not one.
    """
    try:
        with (folder / HISTORY).open("rb") as stream:
            stream.seek(max(stream.seek(0, os.SEEK_END) - _TAIL, 0))
            lines = whole_lines(stream.read())[0]
        return parse_note(json.loads(lines[-1])["note"].encode()) if lines else None
    except FileNotFoundError:
        return None
    except (InputError, ValueError, KeyError, TypeError, AttributeError):
        what = "the last line is not a checkpoint that was signed."
        raise CorruptionError(what, file=folder / HISTORY, mend=BACKUP) from None


def _malformed(how: str) -> InputError:
    return InputError(f"this is not a checkpoint: it {how}.", mend="Fetch it again from where it was published.")
