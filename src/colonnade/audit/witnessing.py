"""A witness on a second machine: it remembers what a log said last, and says so when the log contradicts itself.

The witness believes nothing but the log's public key. It fetches the checkpoint and the few hashes
that show that the newer tree begins with the older one, checks them, remembers the newer checkpoint
on its own disk, and only then cosigns it (C2SP tlog-cosignature, ``cosignature/v1``). Two
checkpoints that cannot both be true are kept as evidence: both carry the log's signature.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from colonnade.records import ColonnadeError, CorruptionError, InputError
from colonnade.store.log.checkpoints import Checkpoint, open_checkpoint, without_others
from colonnade.store.log.disk import Turn, replace_bytes
from colonnade.store.log.notes import (
    Note,
    SignatureKind,
    VerifierKey,
    check_name,
    cosign_note,
    verifier_key,
)
from colonnade.store.log.proofs import ConsistencyProof, is_consistent, parse_consistency_proof
from colonnade.store.log.tiles import TILES, nodes_from
from colonnade.store.log.tree import HASH, consistency_path

_SECONDS = 30.0
_MOST_BYTES = 1_000_000
_WEB = ("http://", "https://")


class Witness(NamedTuple):
    """Who cosigns.

    Attributes:
        name: of the witness, such as ``witness.example.com/w1``.
        key: its private key, for this and for nothing else.
        state: the folder in which it remembers what it saw.
    """

    name: str
    key: Ed25519PrivateKey
    state: Path


class Witnessed(NamedTuple):
    """What the witness found, and the checkpoint with its cosignature.

    Attributes:
        note: the cosigned checkpoint.
        before: the size that it had seen last; none at its first look.
        size: the size now.
        clock_behind: seconds by which its clock is behind its own last cosignature; 0 if it is not.
    """

    note: Note
    before: int | None
    size: int
    clock_behind: int


class RewrittenError(ColonnadeError):
    """A log contradicts what it said before."""


def witness_checkpoint(
    witness: Witness,
    location: str,
    log: VerifierKey,
    proof: Path | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Witnessed:
    """Fetch a checkpoint, check it against the last one seen, remember it and cosign it.

    Args:
        witness: who cosigns.
        location: of the checkpoint, a path or a URL; ``tiles/`` is looked for beside it.
        log: the log's public key.
        proof: a consistency proof, where the tiles are not to be had.
        clock: the time.

    Raises:
        RewrittenError: where the log has forgotten or changed what it said before.
        InputError: where something cannot be fetched, or is not signed by the log.
    """
    check_name(witness.name)
    if not witness.state.exists():
        open_checkpoint(_fetch(location), log)  # a mistake in the first call leaves no folder behind
    witness.state.mkdir(parents=True, exist_ok=True)
    turn = Turn(witness.state / "lock")
    try:
        with turn:
            signed = open_checkpoint(_fetch(location), log)
            new = signed.checkpoint
            file = witness.state / f"{hashlib.sha256(new.origin.encode()).hexdigest()[:16]}.checkpoint"
            last, time_before = _last_seen(file, witness, log)
            if last is not None:
                found = _fetch(str(proof)) if proof else None
                _check_against(last, new, signed.note, (file, location, found))
            now = int(clock().timestamp())
            time = max(now, time_before)
            cosignature = cosign_note(signed.note.text, witness.name, witness.key, time)
            note = Note(signed.note.text, (*without_others(signed.note, (log,)).signatures, cosignature))
            replace_bytes(file, str(note).encode())
            return Witnessed(note, last.size if last else None, new.size, time - now)
    finally:
        turn.close()


def _last_seen(file: Path, witness: Witness, log: VerifierKey) -> tuple[Checkpoint | None, int]:
    """What the witness itself cosigned last, and when; its own signature says that nobody changed it since."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return None, 0
    own = verifier_key(witness.name, witness.key, SignatureKind.COSIGNATURE)
    try:
        seen = open_checkpoint(content, log, (own,))
    except InputError as fault:
        mend = "Put it back from a backup; without it, the witness has forgotten what it saw."
        raise CorruptionError(f"what was seen last does not hold: {fault.what}", file=file, mend=mend) from None
    return seen.checkpoint, max(row.time or 0 for row in seen.signers)


def _check_against(last: Checkpoint, new: Checkpoint, note: Note, where: tuple[Path, str, bytes | None]) -> None:
    """The newer tree must begin with the older one.

    Raises:
        RewrittenError: where it does not; both checkpoints are kept.
    """
    file, location, given = where
    if new.size < last.size:
        what = f"the log '{new.origin}' has {new.size} rows, and had {last.size} before: rows were taken out"
        raise _rewritten(f"{what}, or this is an old copy.", file, note)
    if new.size == last.size:
        if new.root != last.root:
            raise _rewritten(f"the log '{new.origin}' signed two different trees of {new.size} rows.", file, note)
        return
    proof = parse_consistency_proof(given) if given else _proof_from_tiles(location, last.size, new.size)
    if given and proof.old != last.size:
        mend = f"Make it with 'colonnade audit prove --since {last.size}'."
        raise InputError(f"the proof starts at {proof.old} rows, and {last.size} were seen last.", mend=mend)
    if not is_consistent(proof, last, new):
        what = f"the first {last.size} rows of the log '{new.origin}' are not those that were seen before"
        raise _rewritten(f"{what}: history was rewritten, or the proof is false.", file, note)


def _rewritten(what: str, file: Path, note: Note) -> RewrittenError:
    content = str(note).encode()
    evidence = file.with_suffix(f".contradiction-{hashlib.sha256(content).hexdigest()[:8]}")
    replace_bytes(evidence, content)
    mend = f"Not cosigned. Both checkpoints carry the log's signature: {file.name} and {evidence.name}. Tell others."
    return RewrittenError(what, file=file.parent, mend=mend)


def _proof_from_tiles(location: str, old: int, new: int) -> ConsistencyProof:
    base = location.rpartition("/")[0] or "."

    def read(level: int, first: int, count: int) -> bytes:
        return _fetch(f"{base}/{TILES}/{level}", first * HASH, count * HASH)

    try:
        return ConsistencyProof(old, consistency_path(nodes_from(read), old, new), b"")
    except CorruptionError:
        mend = "Fetch them again, or bring a proof: 'colonnade audit prove --since'."
        raise InputError(f"the hashes beside {location} end before row {new}.", mend=mend) from None


def _fetch(location: str, first: int = 0, count: int = _MOST_BYTES) -> bytes:
    """So many bytes of a file or of a page; a server that knows no ranges is read from its beginning."""
    try:
        if not location.startswith(_WEB):
            with Path(location).open("rb") as stream:
                stream.seek(first)
                return stream.read(count)
        asked = urllib.request.Request(location, headers={"Range": f"bytes={first}-{first + count - 1}"})  # noqa: S310  # only http and https get here
        with urllib.request.urlopen(asked, timeout=_SECONDS) as reply:  # noqa: S310  # as above
            if reply.status != 206:
                _skip(reply, first)
            return bytes(reply.read(count))
    except (OSError, ValueError, urllib.error.URLError) as fault:
        mend = "Check the address, and try again."
        raise InputError(f"{location} cannot be fetched: {fault}.", mend=mend) from None


def _skip(reply: object, count: int) -> None:
    while count > 0:
        passed = len(reply.read(min(count, _MOST_BYTES)))  # type: ignore[attr-defined]  # whatever urlopen gives
        if not passed:
            return
        count -= passed
