"""Prompts and answers can be read by whoever has the key, and by nobody once it is destroyed."""

from __future__ import annotations

import base64
import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import CorruptionError, InputError
from colonnade.store.log import Entry, KeyRing, TransparencyLog, contents, seal_contents
from colonnade.store.log.contents import Opening, check_contents, check_opening, commitment_to, open_row
from colonnade.store.log.segments import body_of, row_line

from .logs import new_log

SECRET = bytes(range(32))
UNTIL = date(2026, 9, 1)


def ring_of(tmp_path: Path, secret: bytes = SECRET) -> KeyRing:
    return KeyRing(tmp_path / "keys", secret, tmp_path / "log")


def record(log: TransparencyLog, ring: KeyRing, subject: str, **texts: str) -> int:
    sealed = seal_contents(ring, subject, UNTIL, texts)
    return log.append_entries([Entry(body_of({"contents": sealed.references}), sealed.lines)])[0]


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_texts_come_back_and_stand_nowhere_in_the_clear(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    index = record(log, ring, "alice@example.com", prompt="How tall is the tower?", answer="Ü \ud800 324 metres")
    found = open_row(tmp_path / "log", ring_of(tmp_path), index)
    assert {name: opening.text for name, opening in found.items() if opening} == {
        "prompt": "How tall is the tower?",
        "answer": "Ü \ud800 324 metres",
    }
    stored = everything_in(tmp_path)
    assert b"tower" not in stored
    assert b"alice" not in stored
    assert SECRET not in stored


def test_equal_texts_have_different_commitments_of_equal_length(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    for text in ("yes", "yes", "no, not at all"):
        record(log, ring, "alice", prompt=text)
    lines = [json.loads(row_line(tmp_path / "log", index))["row"]["contents"]["prompt"] for index in range(3)]
    assert len({line["commitment"] for line in lines}) == 3
    sealed = (tmp_path / "log" / "contents" / f"{0:012d}.jsonl").read_bytes().splitlines()
    assert len({len(line) for line in sealed}) == 1


def test_a_destroyed_key_erases_one_subject_and_no_other(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    record(log, ring, "alice", prompt="one")
    record(log, ring, "bob", prompt="two")
    ring.destroy(ring.keys_of("alice"))
    assert open_row(tmp_path / "log", ring, 0) == {"prompt": None}
    assert open_row(tmp_path / "log", ring, 1)["prompt"] is not None
    assert check_contents(tmp_path / "log", ring)[:2] == (1, 1)
    assert ring.keys_of("alice") == ()


def test_whoever_comes_back_after_an_erasure_gets_a_new_key(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    record(log, ring, "alice", prompt="one")
    other_process = ring_of(tmp_path)
    other_process.destroy(other_process.keys_of("alice"))
    record(log, ring, "alice", prompt="two")
    found = check_contents(tmp_path / "log", ring)
    assert (found.held, found.erased, found.problems) == (1, 1, ())


def test_changed_and_missing_contents_are_problems(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    record(log, ring, "alice", prompt="one", answer="two")
    file = tmp_path / "log" / "contents" / f"{0:012d}.jsonl"
    first, second = file.read_bytes().splitlines()
    line = json.loads(first)
    file.write_bytes(json.dumps({**line, "sealed": json.loads(second)["sealed"]}).encode() + b"\n")
    found = check_contents(tmp_path / "log", ring)
    assert found.held == 0
    assert sorted(problem.rpartition(" ")[2] for problem in found.problems) == ["changed.", "missing."]
    with pytest.raises(CorruptionError):
        open_row(tmp_path / "log", ring, 0)


@settings(max_examples=50)
@given(st.text(), st.text())
def test_a_commitment_opens_to_its_own_text_only(text: str, other: str) -> None:
    salt = bytes(32)
    row = {"contents": {"prompt": {"commitment": commitment_to(text.encode("utf-8"), salt), "key": "k"}}}
    check_opening(row, "prompt", Opening(text, salt))
    with pytest.raises(InputError, match="not the one"):
        check_opening(row, "prompt", Opening(text, bytes(31) + b"\x01"))
    if other != text:
        with pytest.raises(InputError, match="not the one"):
            check_opening(row, "prompt", Opening(other, salt))


def test_the_keys_are_their_owner_s_alone_and_lie_outside_the_log(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    ring = ring_of(tmp_path)
    key = ring.key_for("alice", UNTIL)
    assert key.file.stat().st_mode & 0o777 == 0o600
    assert ring.folder.stat().st_mode & 0o777 == 0o700
    assert ring.key_for("alice", UNTIL) == key == ring_of(tmp_path).key_for("alice", UNTIL)
    assert ring.key_for("alice", date(2026, 9, 2)).id != key.id
    with pytest.raises(InputError, match="lies in the log"):
        KeyRing(tmp_path / "log" / "keys", SECRET, tmp_path / "log")
    key.file.chmod(0o644)
    with pytest.raises(InputError, match="mode 644"):
        ring.keys_of("alice")
    ring.folder.chmod(0o755)
    with pytest.raises(InputError, match="mode 755"):
        ring_of(tmp_path)


def test_another_secret_is_noticed_before_it_makes_a_second_set_of_keys(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    ring_of(tmp_path).key_for("alice", UNTIL)
    with pytest.raises(InputError, match="another secret"):
        ring_of(tmp_path, bytes(32))
    (tmp_path / "keys" / "keyring.json").unlink()
    with pytest.raises(InputError, match="not one of subjects' keys"):
        ring_of(tmp_path)


def test_the_day_of_a_key_and_its_subject_cannot_be_changed_without_the_secret(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    ring = ring_of(tmp_path)
    key = ring.key_for("alice", UNTIL)
    content = key.file.read_bytes()
    key.file.write_bytes(content.replace(b"2026-09-01", b"2026-01-01"))
    with pytest.raises(CorruptionError, match="not the key that was written"):
        ring.keys_of("alice")
    key.file.write_bytes(content)
    ring.key_for("bob", UNTIL)
    key.file.rename(ring.folder / ring.tag("bob") / f"2025-{key.file.name}")
    with pytest.raises(CorruptionError):
        ring.keys_of("bob")


def test_a_key_whose_destruction_was_cut_short_is_gone_for_good(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    ring = ring_of(tmp_path)
    key = ring.key_for("alice", UNTIL)
    key.file.rename(key.file.with_suffix(".gone"))
    assert ring.keys_of("alice") == ()
    assert list(ring.folder.glob("*/*")) == []
    ring.key_for("bob", UNTIL).file.rename(ring.folder / ring.tag("bob") / "x.gone")
    assert ring.all_keys() == {}
    assert list(ring.folder.glob("*/*")) == []


def test_half_a_key_from_a_crash_is_nobody_s_key(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    ring = ring_of(tmp_path)
    key = ring.key_for("alice", UNTIL)
    (key.file.parent / f"{UNTIL}-{'0' * 32}.key.17.new").write_bytes(b'{"id":')
    assert ring.keys_of("alice") == (key,)
    assert list(ring.all_keys()) == [key.id]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["alice", "bob"]), st.text(max_size=40)), unique=True, min_size=2, max_size=8)
)
def test_bytes_that_come_twice_give_no_two_texts_one_nonce_or_one_salt(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str]]
) -> None:
    """Two machines that go on from one snapshot draw the same bytes."""
    ring = ring_of(tmp_path_factory.mktemp("copied"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contents, "draw", bytes)
        lines = [json.loads(seal_contents(ring, who, UNTIL, {"prompt": text}).lines[0]) for who, text in said]
        nonces = {base64.b64decode(line["sealed"])[:12] for line in lines}
        salts = set()
        for (who, text), line in zip(said, lines, strict=True):
            (key,) = ring.keys_of(who)
            sealed, bound = base64.b64decode(line["sealed"]), f"{line['key']} {line['commitment']}".encode()
            plain = key.cipher.decrypt(sealed[:12], sealed[12:], bound)
            assert commitment_to(text.encode(), plain[:32]) == line["commitment"]
            salts.add(plain[:32])
    assert len(nonces) == len(salts) == len(said)


@pytest.mark.parametrize(
    ("key", "content", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    ],
)
def test_a_commitment_is_the_hmac_of_rfc_4231(key: bytes, content: bytes, expected: str) -> None:
    assert commitment_to(content, key) == f"hmac-sha256:{expected}"


def test_no_two_texts_of_a_row_share_their_salt(tmp_path: Path) -> None:
    log, ring = new_log(tmp_path / "log"), ring_of(tmp_path)
    index = record(log, ring, "alice", one="the same", two="the same", three="")
    salts = [opening.salt for opening in open_row(tmp_path / "log", ring, index).values() if opening]
    assert {len(salt) for salt in salts} == {32}
    sealed = (tmp_path / "log" / "contents" / f"{0:012d}.jsonl").read_bytes().splitlines()
    nonces = {base64.b64decode(json.loads(line)["sealed"])[:12] for line in sealed}
    assert len(set(salts)) == len(nonces) == 3
