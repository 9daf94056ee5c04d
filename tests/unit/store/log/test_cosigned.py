"""What a witness cosigned is kept whatever the service signs after, and binds the rows that are under it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.audit.proving import prove_consistency
from colonnade.records import CorruptionError, InputError
from colonnade.store.log import TransparencyLog, VerifierKey, open_checkpoint, verifier_key, verify_log
from colonnade.store.log.cosigned import COSIGNED, keep_cosigned, newest_cosigned
from colonnade.store.log.notes import Note, SignatureKind, cosign_note
from colonnade.store.log.proofs import is_consistent

from .logs import PUBLIC, SIGNER, new_log, rows

KEYS = tuple(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
WITNESSES: tuple[VerifierKey, ...] = tuple(
    verifier_key(f"witness.example.com/w{number}", key, SignatureKind.COSIGNATURE) for number, key in enumerate(KEYS)
)
TIME = 1_800_000_000


def cosigned_by(note: Note | None, *which: int, time: int = TIME) -> bytes:
    assert note is not None
    added = tuple(cosign_note(note.text, WITNESSES[number].name, KEYS[number], time) for number in which)
    return str(Note(note.text, (*note.signatures, *added))).encode()


def files_of(folder: Path) -> dict[str, bytes]:
    place = folder / COSIGNED
    return {file.name: file.read_bytes() for file in place.iterdir() if file.name != "lock"} if place.exists() else {}


def test_each_witness_has_a_file_of_its_own_with_its_own_cosignature(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    kept = keep_cosigned(tmp_path / "log", cosigned_by(log.checkpoint(), 0, 1), PUBLIC, WITNESSES)
    assert [(row.witness, row.size, row.time) for row in kept] == [(key.name, 3, TIME) for key in WITNESSES]
    for row, mine, other in zip(kept, WITNESSES, reversed(WITNESSES), strict=True):
        open_checkpoint(row.file.read_bytes(), PUBLIC, (mine,))
        with pytest.raises(InputError, match="no signature by"):
            open_checkpoint(row.file.read_bytes(), PUBLIC, (other,))
    assert verify_log(tmp_path / "log", PUBLIC, WITNESSES).problems == ()


def test_the_newest_stays_and_an_older_one_is_refused(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    older = cosigned_by(log.checkpoint(), 0)
    log.append(rows(2))
    newer = cosigned_by(log.sign_checkpoint(SIGNER), 0)
    for content in (older, newer, newer):
        keep_cosigned(tmp_path / "log", content, PUBLIC, WITNESSES[:1])
    before = files_of(tmp_path / "log")
    with pytest.raises(InputError, match="has 5 rows"):
        keep_cosigned(tmp_path / "log", older, PUBLIC, WITNESSES[:1])
    assert files_of(tmp_path / "log") == before
    (file,) = (tmp_path / "log" / COSIGNED).glob("*+*")
    file.write_bytes(b"garbage")
    keep_cosigned(tmp_path / "log", older, PUBLIC, WITNESSES[:1])
    assert file.read_bytes() == older


def forged(log: TransparencyLog) -> bytes:
    note = log.checkpoint()
    assert note is not None
    return cosigned_by(note, 0).replace(b"\n3\n", b"\n2\n")


def of_another_log(log: TransparencyLog) -> bytes:
    other = new_log(log.folder.parent / "other", signed=False)
    other.append([{"other": True}] * 3)
    return cosigned_by(other.sign_checkpoint(SIGNER), 0)


def without_cosignature(log: TransparencyLog) -> bytes:
    return str(log.checkpoint()).encode()


@pytest.mark.parametrize("make", [forged, of_another_log, without_cosignature])
def test_what_is_not_a_cosigned_checkpoint_of_this_log_is_not_kept(
    tmp_path: Path, make: Callable[[TransparencyLog], bytes]
) -> None:
    log = new_log(tmp_path / "log", 3)
    with pytest.raises(InputError):
        keep_cosigned(tmp_path / "log", make(log), PUBLIC, WITNESSES[:1])
    assert files_of(tmp_path / "log") == {}


def test_a_history_that_was_rewritten_after_the_witness_looked_is_found(tmp_path: Path) -> None:
    """Whoever has the log and its key makes all of it anew; what the witness cosigned does not fit any more."""
    log = new_log(tmp_path / "log", 300)
    keep_cosigned(tmp_path / "log", cosigned_by(log.checkpoint(), 0), PUBLIC, WITNESSES[:1])
    kept = files_of(tmp_path / "log")
    rmtree(tmp_path / "log")
    log = new_log(tmp_path / "log")
    log.append([{"forged": True}] * 301)
    log.sign_checkpoint(SIGNER)
    (tmp_path / "log" / COSIGNED).mkdir()
    for name, content in kept.items():
        (tmp_path / "log" / COSIGNED / name).write_bytes(content)
    for asked in ((), WITNESSES[:1]):
        found = verify_log(tmp_path / "log", PUBLIC, asked)
        assert any(problem.startswith("cosigned/") and "first 300 rows" in problem for problem in found.problems)
    with pytest.raises(CorruptionError, match="does not begin with the 300 rows"):
        newest_cosigned(tmp_path / "log", WITNESSES[:1])


def test_rows_that_were_cut_off_with_all_that_the_log_signed_are_missed(tmp_path: Path) -> None:
    """Put back to an older state as a whole, but for what the witness cosigned."""
    log = new_log(tmp_path / "log", 3)
    older = {name: (tmp_path / "log" / name).read_bytes() for name in ("checkpoint", "checkpoints.jsonl")}
    log.append(rows(2))
    keep_cosigned(tmp_path / "log", cosigned_by(log.sign_checkpoint(SIGNER), 0), PUBLIC, WITNESSES[:1])
    (file,) = (tmp_path / "log" / "rows").iterdir()
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    for name, content in older.items():
        (tmp_path / "log" / name).write_bytes(content)
    assert any("5 rows were signed and 3 are there" in problem for problem in verify_log(log.folder, PUBLIC).problems)


def test_a_file_that_somebody_put_there_by_hand_is_read_and_garbage_is_named(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    place = tmp_path / "log" / COSIGNED
    place.mkdir()
    (place / "by hand").write_bytes(cosigned_by(log.checkpoint(), 0))
    found = verify_log(tmp_path / "log", PUBLIC, WITNESSES[:1])
    assert (found.problems, found.witnessed) == ((), ((WITNESSES[0].name, 3, TIME),))
    (place / "garbage").write_bytes(b"not a note")
    (problem,) = verify_log(tmp_path / "log", PUBLIC).problems
    assert problem.startswith("cosigned/garbage: this is not a signed note")


def test_the_newest_that_all_asked_witnesses_cosigned_is_put_together_from_their_files(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    both = log.checkpoint()
    for number in (0, 1):
        keep_cosigned(tmp_path / "log", cosigned_by(both, number), PUBLIC, WITNESSES[number : number + 1])
    log.append(rows(2))
    (tmp_path / "log" / COSIGNED / "newer").write_bytes(cosigned_by(log.sign_checkpoint(SIGNER), 0))
    found = open_checkpoint(str(newest_cosigned(tmp_path / "log", WITNESSES)).encode(), PUBLIC, WITNESSES)
    assert found.checkpoint.size == 3
    assert "\n5\n" in newest_cosigned(tmp_path / "log", WITNESSES[:1]).text
    with pytest.raises(InputError, match="two kinds"):
        newest_cosigned(tmp_path / "log", (PUBLIC,))


@settings(max_examples=25, deadline=None)
@given(cosigned=st.integers(1, 600), more=st.integers(0, 600))
def test_from_what_was_cosigned_to_what_is_signed_now_there_is_always_a_proof(
    tmp_path_factory: pytest.TempPathFactory, cosigned: int, more: int
) -> None:
    folder = tmp_path_factory.mktemp("grown") / "log"
    log = new_log(folder, cosigned)
    keep_cosigned(folder, cosigned_by(log.checkpoint(), 0), PUBLIC, WITNESSES[:1])
    log.append(rows(more))
    log.sign_checkpoint(SIGNER)
    log.close()
    old = open_checkpoint(str(newest_cosigned(folder, WITNESSES[:1])).encode(), PUBLIC, WITNESSES[:1])
    proof = prove_consistency(folder, witnesses=WITNESSES[:1])
    new = open_checkpoint(proof.checkpoint, PUBLIC)
    assert (old.checkpoint.size, new.checkpoint.size) == (cosigned, cosigned + more)
    assert is_consistent(proof, old.checkpoint, new.checkpoint)
    if more:
        changed = proof._replace(path=(bytes(32), *proof.path[1:]))
        assert not is_consistent(changed, old.checkpoint, new.checkpoint)
