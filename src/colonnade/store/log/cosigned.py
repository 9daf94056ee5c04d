"""Checkpoints that witnesses cosigned: one file for each witness, which whoever writes the log never touches.

A service signs anew while rows come in, and its next checkpoint has no cosignature. So the newest
one that each witness cosigned lies in a folder of its own. The rows and the tiles are all the
history that is needed beside it: that the log still begins with what was cosigned can be shown from
any size.

Each file is a checkpoint in the C2SP format with the log's signature and the witness's. Files that
somebody else put there, under whatever name, are read as well. What a file says is believed by
nobody before its signatures are verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from colonnade.records import CorruptionError, InputError
from colonnade.store.log.checkpoints import (
    BACKUP,
    CHECKPOINT,
    Checkpoint,
    check_kinds,
    open_checkpoint,
    parse_checkpoint,
    without_others,
)
from colonnade.store.log.disk import Turn, replace_bytes, sync_folder
from colonnade.store.log.notes import Note, VerifierKey, parse_note, verify_note
from colonnade.store.log.segments import read_settings, tree_nodes
from colonnade.store.log.tree import root

COSIGNED = "cosigned"
_LOCK = "lock"
_UNFINISHED = ".new"
_LONGEST_NAME = 120


class Kept(NamedTuple):
    """What was kept for a witness.

    Attributes:
        witness: its name.
        size: rows of the newest checkpoint that it cosigned.
        time: of the cosignature, in POSIX seconds.
        file: where it lies.
    """

    witness: str
    size: int
    time: int
    file: Path


class CosignedFile(NamedTuple):
    """A file that should hold a cosigned checkpoint: its name below the log, and its bytes."""

    name: str
    content: bytes


def cosigned_files(folder: Path) -> Iterator[CosignedFile]:
    """All files of cosigned checkpoints, by their names; nothing of them is verified."""
    place = folder / COSIGNED
    for file in sorted(place.iterdir()) if place.is_dir() else ():
        if file.is_file() and file.name != _LOCK and file.suffix != _UNFINISHED:
            yield CosignedFile(f"{COSIGNED}/{file.name}", file.read_bytes())


def keep_cosigned(folder: Path, content: bytes, log: VerifierKey, witnesses: Sequence[VerifierKey]) -> tuple[Kept, ...]:
    """Keep a checkpoint for each of the witnesses that cosigned it, in the place of the one before.

    Args:
        folder: of the log.
        content: the checkpoint, as the witness gave it.
        log: the log's public key.
        witnesses: whose cosignatures are to be kept; each must be there.

    Raises:
        InputError: where a signature is missing, the log does not begin with these rows, or what is kept is newer.
            Nothing is written then.
    """
    read_settings(folder)
    if not witnesses:
        raise InputError("no witness is named.", mend="Name its public key with '--witness-key'.")
    signed = open_checkpoint(content, log, witnesses)
    check_begins_with(folder, signed.checkpoint)
    place = folder / COSIGNED
    if not place.is_dir():
        place.mkdir()
        sync_folder(folder)
    turn = Turn(place / _LOCK)
    try:
        with turn:
            kept = [_to_keep(place, signed.note, log, key) for key in witnesses]
            for row, note in kept:
                replace_bytes(row.file, str(note).encode())
            return tuple(row for row, _ in kept)
    finally:
        turn.close()


def newest_cosigned(folder: Path, witnesses: Sequence[VerifierKey]) -> Note:
    """The newest checkpoint of a log that all these witnesses cosigned, with nobody else's cosignatures.

    The log's own signature is handed on and not verified: that takes its public key.

    Raises:
        InputError: where there is none.
        CorruptionError: where the log does not begin with the rows that they cosigned.
    """
    read_settings(folder)
    check_kinds(None, witnesses)
    by_text: dict[str, Note] = {}
    for content in _all_contents(folder):
        try:
            note = parse_note(content)
            parse_checkpoint(note.text)
        except InputError:
            continue
        before = by_text.get(note.text, Note(note.text, ()))
        by_text[note.text] = Note(note.text, tuple(dict.fromkeys((*before.signatures, *note.signatures))))
    full = [note for note in (_by_all(note, witnesses) for note in by_text.values()) if note is not None]
    if not full:
        names = " and ".join(key.name for key in witnesses)
        mend = "Keep one with 'colonnade audit cosigned', once 'colonnade audit witness' has cosigned it."
        raise InputError(f"the log has no checkpoint that was cosigned by {names}.", file=folder, mend=mend)
    newest = max(full, key=lambda note: parse_checkpoint(note.text).size)
    try:
        check_begins_with(folder, parse_checkpoint(newest.text))
    except InputError as fault:
        raise CorruptionError(fault.what, file=folder, mend=BACKUP) from None
    return newest


def check_begins_with(folder: Path, head: Checkpoint) -> None:
    """The log in a folder has to begin with the rows of a checkpoint.

    Raises:
        InputError: where it does not.
    """
    try:
        same = root(tree_nodes(folder), head.size) == head.root
    except CorruptionError:
        same = False
    if not same:
        what = f"this log does not begin with the {head.size} rows that were cosigned."
        raise InputError(what, file=folder, mend="Check that it is the same log; if it is, its history was rewritten.")


def _to_keep(place: Path, note: Note, log: VerifierKey, witness: VerifierKey) -> tuple[Kept, Note]:
    own = without_others(note, (log, witness))
    file = place / f"{quote(witness.name, safe='')[:_LONGEST_NAME]}+{witness.identity.hex()}"
    size, time = _size_and_time(str(own).encode(), log, witness)
    try:
        before = _size_and_time(file.read_bytes(), log, witness)
    except (FileNotFoundError, InputError):  # what is not its checkpoint any more is worth nothing
        before = (0, 0)
    if (size, time) < before:
        what = f"a newer checkpoint that {witness.name} cosigned is kept already: it has {before[0]} rows."
        raise InputError(what, file=file, mend="Nothing was written; bring the newest one.")
    return Kept(witness.name, size, time, file), own


def _size_and_time(content: bytes, log: VerifierKey, witness: VerifierKey) -> tuple[int, int]:
    signed = open_checkpoint(content, log, (witness,))
    return signed.checkpoint.size, max(row.time or 0 for row in signed.signers)


def _by_all(note: Note, witnesses: Sequence[VerifierKey]) -> Note | None:
    """A note with the log's signatures and those of all these witnesses; none where one is missing."""
    origin = parse_checkpoint(note.text).origin
    cosigned = without_others(note, witnesses).signatures
    signers = {row.key for row in verify_note(Note(note.text, cosigned), witnesses)}
    if signers != set(witnesses):
        return None
    by_log = tuple(row for row in note.signatures if row.name == origin and row not in cosigned)
    return Note(note.text, (*by_log, *cosigned))


def _all_contents(folder: Path) -> Iterator[bytes]:
    yield from (file.content for file in cosigned_files(folder))
    try:
        yield (folder / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        return
