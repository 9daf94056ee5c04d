"""The whole log read again: every row hashed, every checkpoint held against the rows that it vouches for.

A witness that is asked for must have cosigned one of the checkpoints that are here. It need not be
the newest: what was cosigned last binds the rows under it, and how many came after is said.

Rows under a checkpoint that holds are byte for byte those that were signed, so only the rows behind
it are parsed again and looked at for their canonical form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from colonnade.records import ColonnadeError, InputError, canonical_json
from colonnade.store.log.checkpoints import CHECKPOINT, HISTORY, SignedCheckpoint, check_kinds, open_checkpoint
from colonnade.store.log.cosigned import COSIGNED, cosigned_files
from colonnade.store.log.notes import VerifierKey, verify_note
from colonnade.store.log.segments import (
    read_settings,
    rows_of_several_groups,
    segment_files,
    stands_at,
    time_of,
    whole_lines,
)
from colonnade.store.log.tiles import Levels, TileFiles, nodes_from
from colonnade.store.log.tree import HASH, Nodes, leaf_hashes, root

_BATCH = 4096
"""Lines that are parsed at once: one call for all of them costs a third of one call each."""

_KEY = "Name the key that the log published."


class Witnessed(NamedTuple):
    """The newest checkpoint that a witness cosigned and that holds.

    Attributes:
        witness: its name.
        size: rows under it.
        time: of the cosignature, in POSIX seconds, as the witness says.
    """

    witness: str
    size: int
    time: int


class LogVerification(NamedTuple):
    """What was found.

    Attributes:
        rows: whole lines.
        vouched: rows under the newest checkpoint that holds.
        checkpoints: how many were held against the rows.
        torn: bytes behind the last whole line; a crash leaves them, and the next writer cuts them off.
        root: over all rows, in hexadecimal.
        problems: each a sentence; empty where the log is whole.
        witnessed: by each witness that was asked for, where it cosigned a checkpoint that holds.
    """

    rows: int
    vouched: int
    checkpoints: int
    torn: int
    root: str
    problems: tuple[str, ...]
    witnessed: tuple[Witnessed, ...] = ()


class _Held(NamedTuple):
    """What the checkpoints say: those that hold, how many were looked at, and what is wrong with the others."""

    signed: list[SignedCheckpoint]
    looked_at: int
    problems: list[str]


def verify_log(folder: Path, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> LogVerification:
    """Read and hash everything again, and believe nothing but the public keys.

    Args:
        folder: of the log.
        log: its public key.
        witnesses: those that must have cosigned a checkpoint that is kept here.

    Raises:
        InputError: where there is no log, or the key is of another log or kind.
    """
    check_kinds(log, witnesses)
    origin, segment_rows = read_settings(folder).origin, read_settings(folder).segment_rows
    if log.name != origin:
        raise InputError(f"this log is '{origin}', and the public key is that of '{log.name}'.", file=folder, mend=_KEY)
    levels, problems, torn, rows, time = Levels(), [], 0, 0, b""
    files = segment_files(folder)
    for number, file in enumerate(files):
        if file.stem != f"{number * segment_rows:012d}":
            problems.append(f"{file.name}: here the rows from {number * segment_rows} on should be.")
        lines, rest = whole_lines(file.read_bytes())
        fault = _fault_of_order(lines, rows, time)
        last = number == len(files) - 1
        if not last and (rest or len(lines) != segment_rows):
            fault = fault or f"it has {len(lines)} rows and not {segment_rows}: rows were cut off or added"
        elif rows_of_several_groups(rest):
            fault = fault or f"line {len(lines) + 1} cannot be read, and rows that were written after it can"
        if fault:
            problems.append(f"{file.name}: {fault}.")
        levels.extend(leaf_hashes(lines))
        rows, time, torn = rows + len(lines), time_of(lines[-1]) if lines else time, len(rest) if last else torn
    nodes = nodes_from(levels.read)
    held = _hold_against_checkpoints(folder, nodes, rows, log)
    vouched = max((signed.checkpoint.size for signed in held.signed), default=0)
    problems += _differing_hashes(folder, levels, rows, vouched)
    if not problems:
        problems += _faults_of_form(files, vouched, segment_rows)
    witnessed, unwitnessed = _witnessed(held.signed, witnesses)
    problems += held.problems + unwitnessed
    return LogVerification(
        rows, vouched, held.looked_at, torn, root(nodes, rows).hex(), tuple(problems), tuple(witnessed)
    )


def _fault_of_order(lines: Sequence[bytes], first: int, time: bytes) -> str:
    """What is wrong with the first line that is not at its place, or before its time; empty where none is."""
    for number, line in enumerate(lines):
        if not stands_at(line, first + number):
            return f"line {number + 1} is not row {first + number}: rows were moved, taken out or put in"
    times = [time, *map(time_of, lines)]
    if times != sorted(times):
        number = next(number for number, (before, after) in enumerate(pairwise(times), start=1) if after < before)
        return f"line {number} is of an earlier time than the row before it"
    return ""


def _faults_of_form(files: Sequence[Path], vouched: int, segment_rows: int) -> list[str]:
    """Of the rows that no checkpoint vouches for, the first in each file that is not canonical JSON."""
    problems: list[str] = []
    for file in files[vouched // segment_rows :]:
        lines = whole_lines(file.read_bytes())[0]
        for start in range(max(vouched - int(file.stem), 0), len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            if not _is_canonical(b"[" + b",".join(batch) + b"]"):
                number = next((number for number, line in enumerate(batch) if not _is_canonical(line)), 0)
                problems.append(f"{file.name}: line {start + number + 1} is not a row in canonical JSON.")
                break
    return problems


def _is_canonical(content: bytes) -> bool:
    try:
        return canonical_json(json.loads(content)) == content
    except (ValueError, RecursionError):
        return False


def _differing_hashes(folder: Path, levels: Levels, rows: int, vouched: int) -> list[str]:
    """The first place at which the index of hashes is not that of the rows.

    Hashes that are not there yet are no fault, nor are zeros behind the last checkpoint: a crash leaves them,
    and the next writer makes the hashes again.
    """
    files = TileFiles(folder)
    level, count = 0, rows
    while count:
        stored, made = files.read(level, 0, count), levels.read(level, 0, count)
        if stored != made[: len(stored)]:
            for place in range(len(stored) // HASH):
                lost = not any(stored[place * HASH : (place + 1) * HASH]) and (place + 1) << (8 * level) > vouched
                if _differ(stored, made, place * HASH) and not lost:
                    what = f"row {place}" if level == 0 else f"the rows from {place << (8 * level)} on"
                    return [f"tiles/{level}: the hash of {what} is not that of the row that was written."]
        level, count = level + 1, count >> 8
    return []


def _differ(stored: bytes, made: bytes, start: int) -> bool:
    return stored[start : start + HASH] != made[start : start + HASH]


def _hold_against_checkpoints(folder: Path, nodes: Nodes, rows: int, log: VerifierKey) -> _Held:
    """Every checkpoint that the log ever signed, the newest, and those that witnesses cosigned."""
    named = [(CHECKPOINT, content) for content in _history(folder)]
    held = _Held([], 0, [])
    try:
        named.append((CHECKPOINT, (folder / CHECKPOINT).read_bytes()))
    except FileNotFoundError:
        held.problems.append(f"{CHECKPOINT}: there is none, so nobody vouches for these rows.")
    named += cosigned_files(folder)
    for name, content in named:
        try:
            signed = open_checkpoint(content, log)
        except InputError as fault:
            held.problems.append(f"{name}: {fault.what}")
            continue
        fault_found = _fault_of_checkpoint(signed, nodes, rows)
        if fault_found:
            held.problems.append(f"{name}: {fault_found}")
        else:
            held.signed.append(signed)
    return held._replace(looked_at=len(named))


def _witnessed(held: Sequence[SignedCheckpoint], witnesses: Sequence[VerifierKey]) -> tuple[list[Witnessed], list[str]]:
    """By each witness the newest checkpoint of those that hold, and who cosigned none."""
    found: list[Witnessed] = []
    problems: list[str] = []
    for witness in witnesses:
        cosigned: list[tuple[int, int]] = []
        for signed in held:
            try:
                times = [row.time or 0 for row in verify_note(signed.note, (witness,))]
            except InputError as fault:
                problems.append(f"{COSIGNED}: {fault.what}")
                continue
            cosigned += [(signed.checkpoint.size, time) for time in times]
        if cosigned:
            found.append(Witnessed(witness.name, *max(cosigned)))
        else:
            problems.append(f"{COSIGNED}: no checkpoint here that holds was cosigned by {witness.name}.")
    return found, problems


def _fault_of_checkpoint(signed: SignedCheckpoint, nodes: Nodes, rows: int) -> str:
    head = signed.checkpoint
    if head.size > rows:
        return f"{head.size} rows were signed and {rows} are there: rows were cut off."
    try:
        same = root(nodes, head.size) == head.root
    except ColonnadeError:
        same = False
    return "" if same else f"the first {head.size} rows are not those that were signed."


def _history(folder: Path) -> list[bytes]:
    try:
        lines = whole_lines((folder / HISTORY).read_bytes())[0]
    except FileNotFoundError:
        return []
    notes: list[bytes] = []
    for line in lines:
        try:
            notes.append(str(json.loads(line)["note"]).encode())
        except (ValueError, KeyError, TypeError):
            notes.append(b"not a note")
    return notes
