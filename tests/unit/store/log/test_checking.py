"""Whatever is changed in a log, verification says where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import InputError
from colonnade.store.log import TransparencyLog, verifier_key, verify_log
from colonnade.store.log.notes import Note, SignatureKind, cosign_note, sign_note
from colonnade.store.log.segments import segment_files

from .logs import ORIGIN, PUBLIC, SIGNER, new_log, rows


def test_a_whole_log_has_no_problems(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 600)
    log.append(rows(10))
    found = verify_log(tmp_path / "log", PUBLIC)
    assert (found.rows, found.vouched, found.checkpoints, found.problems) == (610, 600, 2, ())
    assert found.root == log.head().root.hex()


def _lines(file: Path, change: Callable[[list[bytes]], None]) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    change(lines)
    file.write_bytes(b"".join(lines))


def _truncated(folder: Path) -> None:
    _lines(segment_files(folder)[-1], lambda lines: lines.__delitem__(slice(5, None)))


def _torn_in_the_middle(folder: Path) -> None:
    file = segment_files(folder)[0]
    file.write_bytes(file.read_bytes()[:-30])


def _reordered_rows(folder: Path) -> None:
    _lines(segment_files(folder)[0], lambda lines: lines.reverse())


def _reordered_segments(folder: Path) -> None:
    first, second, _ = segment_files(folder)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def _missing_segment(folder: Path) -> None:
    segment_files(folder)[0].unlink()


def _row_taken_out(folder: Path) -> None:
    _lines(segment_files(folder)[1], lambda lines: lines.pop(7))


def _rewritten_with_all_hashes(folder: Path) -> None:
    """Somebody with the whole folder, but without the key: rows, hashes and index all fit each other."""
    checkpoint, history = ((folder / name).read_bytes() for name in ("checkpoint", "checkpoints.jsonl"))
    rmtree(folder)
    log = new_log(folder, signed=False)
    log.append([{**row, "action": "refuse"} for row in rows(600)])
    (folder / "checkpoint").write_bytes(checkpoint)
    (folder / "checkpoints.jsonl").write_bytes(history)


def _signed_by_somebody_else(folder: Path) -> None:
    text = (folder / "checkpoint").read_text().partition("\n\n")[0] + "\n"
    note = Note(text, (sign_note(text, ORIGIN, Ed25519PrivateKey.generate()),))
    (folder / "checkpoint").write_text(str(note))


def _no_checkpoint(folder: Path) -> None:
    (folder / "checkpoint").unlink()


def _changed_index(folder: Path) -> None:
    file = folder / "tiles" / "0"
    content = bytearray(file.read_bytes())
    content[32 * 300] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (_truncated, "600 rows were signed and 517 are there"),
        (_torn_in_the_middle, "it has 255 rows and not 256"),
        (_reordered_rows, "line 1 is not row 0"),
        (_reordered_segments, "line 1 is not row 0"),
        (_missing_segment, "here the rows from 0 on should be"),
        (_row_taken_out, "line 8 is not row 263"),
        (_rewritten_with_all_hashes, "the first 600 rows are not those that were signed"),
        (_signed_by_somebody_else, "no signature by example.com/guard"),
        (_no_checkpoint, "nobody vouches"),
        (_changed_index, "the hash of row 300 is not that of the row"),
    ],
)
def test_an_attack_is_found_and_named(tmp_path: Path, attack: Callable[[Path], None], said: str) -> None:
    new_log(tmp_path / "log", 600)
    attack(tmp_path / "log")
    found = verify_log(tmp_path / "log", PUBLIC)
    assert any(said in problem for problem in found.problems), found.problems


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "log"
    new_log(folder, 300)
    return folder


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_byte_anywhere_in_the_rows_is_found(example: Path, data: st.DataObject) -> None:
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "log"
        copytree(example, folder)
        file = data.draw(st.sampled_from(segment_files(folder)))
        content = bytearray(file.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        file.write_bytes(content)
        assert verify_log(folder, PUBLIC).problems


def test_rows_behind_the_checkpoint_have_to_be_canonical_json(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    log.append(rows(2))
    file = segment_files(tmp_path / "log")[-1]
    file.write_bytes(file.read_bytes()[:-3] + b" }}\n")
    (tmp_path / "log" / "tiles" / "0").write_bytes(b"")
    assert "not a row in canonical JSON" in verify_log(tmp_path / "log", PUBLIC).problems[0]


def test_a_fork_that_the_log_signed_too_shows_in_its_own_history(tmp_path: Path) -> None:
    """Somebody with the key rewrites the rows and signs anew: what was signed before gives them away."""
    log = new_log(tmp_path / "log", 300)
    history = (tmp_path / "log" / "checkpoints.jsonl").read_bytes()
    rmtree(tmp_path / "log")
    log = new_log(tmp_path / "log")
    log.append([{"forged": True}] * 301)
    log.sign_checkpoint(SIGNER)
    file = tmp_path / "log" / "checkpoints.jsonl"
    file.write_bytes(history + file.read_bytes())
    assert any("first 300 rows" in problem for problem in verify_log(tmp_path / "log", PUBLIC).problems)


def test_the_witnesses_that_are_asked_for_must_have_cosigned(tmp_path: Path) -> None:
    new_log(tmp_path / "log", 3)
    key = Ed25519PrivateKey.generate()
    witness = verifier_key("witness.example.com/w1", key, SignatureKind.COSIGNATURE)
    (problem,) = verify_log(tmp_path / "log", PUBLIC, [witness]).problems
    assert "cosigned by witness.example.com/w1" in problem
    note = TransparencyLog(tmp_path / "log").checkpoint()
    assert note is not None
    cosigned = Note(note.text, (*note.signatures, cosign_note(note.text, witness.name, key, 1_800_000_000)))
    (tmp_path / "log" / "checkpoint").write_text(str(cosigned))
    assert verify_log(tmp_path / "log", PUBLIC, [witness]).problems == ()


def test_a_history_that_is_no_history_is_a_problem(tmp_path: Path) -> None:
    new_log(tmp_path / "log", 3)
    (tmp_path / "log" / "checkpoints.jsonl").write_text(json.dumps({"other": 1}) + "\n")
    assert any("not a signed note" in problem for problem in verify_log(tmp_path / "log", PUBLIC).problems)


def test_where_there_is_no_log_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no audit log here"):
        verify_log(tmp_path, PUBLIC)
