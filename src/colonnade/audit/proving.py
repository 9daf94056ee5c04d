"""Proof files: made from a log, and checked with its public key alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.records import CorruptionError, InputError, canonical_json
from colonnade.store.log.checkpoints import CHECKPOINT, SignedCheckpoint, parse_checkpoint
from colonnade.store.log.contents import Opening, check_opening, open_row
from colonnade.store.log.cosigned import newest_cosigned
from colonnade.store.log.keyring import KeyRing
from colonnade.store.log.notes import VerifierKey, parse_note
from colonnade.store.log.proofs import ConsistencyProof, InclusionProof, check_inclusion, parse_inclusion_proof
from colonnade.store.log.segments import read_settings, row_line, tree_nodes
from colonnade.store.log.tree import consistency_path, inclusion_path


class Proven(NamedTuple):
    """What a proof shows, once it is checked.

    Attributes:
        line: the row with its time and index.
        texts: what was revealed of its contents, each held against its commitment.
        signed: the checkpoint that vouches for it.
    """

    line: Mapping[str, Any]
    texts: Mapping[str, str]
    signed: SignedCheckpoint


def prove_row(
    folder: Path, index: int, ring: KeyRing | None = None, witnesses: Sequence[VerifierKey] = ()
) -> InclusionProof:
    """The proof that a row is in the log, under its last checkpoint.

    Args:
        folder: of the log.
        index: of the row, from 0.
        ring: the keys, where the row's contents are to be revealed to whoever reads the proof.
        witnesses: where there are any, the proof is under the newest checkpoint that all of them cosigned.

    Raises:
        InputError: where there is no such row, or no such checkpoint vouches for it yet.
        CorruptionError: where it cannot be read.
    """
    checkpoint, size = _last_checkpoint(folder, witnesses)
    line = row_line(folder, index)
    if index >= size:
        which = "the last checkpoint that was cosigned" if witnesses else "the last checkpoint"
        mend = "Let the witness cosign again." if witnesses else "Sign a new one with 'colonnade audit checkpoint'."
        raise InputError(f"row {index} came after {which}, over {size} rows.", file=folder, mend=mend)
    try:
        extra: dict[str, Any] = {"row": line.decode()}
    except UnicodeDecodeError:
        what = f"row {index} is no text any more."
        raise CorruptionError(what, file=folder, mend="Put the log back from a backup.") from None
    if ring is not None:
        opened = open_row(folder, ring, index)
        extra["openings"] = {name: _plain(opening) for name, opening in opened.items() if opening is not None}
    path = inclusion_path(tree_nodes(folder), index, size)
    return InclusionProof(index, path, checkpoint, canonical_json(extra))


def prove_consistency(folder: Path, old: int | None = None, witnesses: Sequence[VerifierKey] = ()) -> ConsistencyProof:
    """The proof that the log, under its last checkpoint, begins with the rows that it had once.

    Args:
        folder: of the log.
        old: so many rows; if not said, those that all these witnesses cosigned last.
        witnesses: whose checkpoint is the older one.

    Raises:
        InputError: where there is no checkpoint, or it has fewer rows.
    """
    checkpoint, size = _last_checkpoint(folder)
    if old is None:
        old = _last_checkpoint(folder, witnesses)[1]
    if not 0 <= old <= size:
        mend = "Name a size that the log had once."
        raise InputError(f"rows under the last checkpoint: {size}, and {old} were named.", file=folder, mend=mend)
    return ConsistencyProof(old, consistency_path(tree_nodes(folder), old, size), checkpoint)


def check_proof(file: Path, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()) -> Proven:
    """Check a proof file: the signature, the path to the root, and what was revealed.

    Raises:
        InputError: where anything of it does not hold.
    """
    proof = parse_inclusion_proof(file.read_bytes())
    try:
        extra = json.loads(proof.extra)
        row = str(extra["row"]).encode()
        openings = {
            name: Opening(str(value["text"]), base64.b64decode(value["salt"], validate=True))
            for name, value in extra.get("openings", {}).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        mend = "Only proofs made by 'colonnade audit prove' carry their row."
        raise InputError("this proof does not carry its row.", file=file, mend=mend) from None
    signed = check_inclusion(proof, row, log, witnesses)
    line = json.loads(row)
    for name, opening in openings.items():
        check_opening(line["row"], name, opening)
    return Proven(line, {name: opening.text for name, opening in openings.items()}, signed)


def _last_checkpoint(folder: Path, witnesses: Sequence[VerifierKey] = ()) -> tuple[bytes, int]:
    read_settings(folder)
    if witnesses:
        note = newest_cosigned(folder, witnesses)
        return str(note).encode(), parse_checkpoint(note.text).size
    try:
        content = (folder / CHECKPOINT).read_bytes()
    except FileNotFoundError:
        mend = "Sign one with 'colonnade audit checkpoint'."
        raise InputError("the log has no checkpoint yet.", file=folder, mend=mend) from None
    return content, parse_checkpoint(parse_note(content).text).size


def _plain(opening: Opening) -> dict[str, str]:
    return {"text": opening.text, "salt": base64.b64encode(opening.salt).decode()}
