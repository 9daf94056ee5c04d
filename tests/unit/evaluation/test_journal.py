"""A file of answers that survives torn lines, and touches no file of others."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.evaluation.journal import KIND, Entry, Journal, keys
from colonnade.models import Reply, Sampling
from colonnade.records import BusyError, ColonnadeError, InputError
from colonnade.store.journal import forget, header

HEADER = header(KIND)
ENTRIES = [Entry(f"key{place}", f"p{place}", Reply(f"text {place}\n", "end"), place, None) for place in range(5)]
WANTED = [entry.key for entry in ENTRIES]


def filled(file: Path) -> Path:
    with Journal(file) as journal:
        journal.add(ENTRIES[:2])
        journal.add(ENTRIES[2:])
    return file


def read(file: Path) -> tuple[list[str], list[str]]:
    with Journal(file) as journal:
        return sorted(journal.read(WANTED)), journal.notes


def test_what_was_added_is_read_and_what_was_not_asked_for_is_not(tmp_path: Path) -> None:
    with Journal(filled(tmp_path / "j")) as journal:
        assert journal.read(WANTED) == {entry.key: entry for entry in ENTRIES}
        assert list(journal.read({"key3", "other"})) == ["key3"]
        assert journal.notes == []


def test_a_last_line_that_is_torn_anywhere_costs_that_line_alone_and_is_said(tmp_path: Path) -> None:
    whole = filled(tmp_path / "j").read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start + 1, len(whole)):
        file = tmp_path / "torn"
        file.write_bytes(whole[:end])
        with Journal(file) as journal:
            assert sorted(journal.read(WANTED)) == WANTED[:4], end
            assert "the last line was torn" in journal.notes[0]
            journal.add(ENTRIES[4:])
        assert file.read_bytes() == whole
    assert read(file) == (WANTED, [])


def test_a_file_that_was_torn_at_its_very_beginning_is_begun_again(tmp_path: Path) -> None:
    for end in range(len(HEADER)):
        (tmp_path / "j").write_bytes(HEADER[:end])
        assert read(tmp_path / "j") == ([], [])
        assert (tmp_path / "j").read_bytes() == HEADER


@pytest.mark.parametrize(
    "change", [(b"text 1", b"text 9"), (b'"p1"', b'"p1'), (b"text 1", b"\x00\xff\x00"), (b"key1", b"key2")]
)
def test_a_line_that_was_changed_is_left_out_and_said(change: tuple[bytes, bytes], tmp_path: Path) -> None:
    file = filled(tmp_path / "j")
    file.write_bytes(file.read_bytes().replace(*change, 1))
    found, notes = read(file)
    assert found == ["key0", "key2", "key3", "key4"]
    assert notes == [f"{file}: left out as damaged: 1, the first on line 3; what was answered there is asked again."]


@pytest.mark.parametrize("content", [b"id,text\n1,x\n", b"PAR1\x00", b'{"id": 1}\n' * 9, b"x"])
def test_a_file_of_others_is_refused_and_left_as_it_was(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(InputError, match="no journal of answers"), Journal(tmp_path / "j"):
        pass
    assert (tmp_path / "j").read_bytes() == content


def test_a_place_that_cannot_hold_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (tmp_path, tmp_path / "file" / "j"):
        with pytest.raises(ColonnadeError, match="cannot be written"), Journal(place):
            pass


def test_two_runs_never_write_one_journal(tmp_path: Path) -> None:
    with Journal(tmp_path / "j"), pytest.raises(BusyError, match="another run"), Journal(tmp_path / "j"):
        pass
    with Journal(tmp_path / "j"):
        pass


def test_of_several_entries_with_one_key_the_last_counts_and_a_fault_only_where_asked_for(tmp_path: Path) -> None:
    fault, first, last = (
        Entry("key0", "p", reply) for reply in (Reply("", "fault", "hot"), Reply("one", "end"), Reply("two", "length"))
    )
    with Journal(tmp_path / "j") as journal:
        journal.add([fault])
        assert journal.read(["key0"]) == {}
        assert journal.read(["key0"], faults=True) == {"key0": fault}
        journal.add([first, last, fault])
        assert journal.read(["key0"]) == {"key0": last}


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_different_questions_never_share_a_key(system: str, text: str, other_system: str, other: str) -> None:
    same = (system, text) == (other_system, other)
    first = keys([text], system, Sampling(), "sha256:1")
    assert (first == keys([other], other_system, Sampling(), "sha256:1")) is same


def test_a_journal_that_was_removed_between_opening_and_locking_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "answers.jsonl"
    file.write_bytes(HEADER)
    lock, removed = fcntl.flock, list[bool]()

    def late(descriptor: int, how: int) -> None:
        lock(descriptor, how)
        if not removed:
            file.unlink()
            removed.append(True)

    monkeypatch.setattr("colonnade.store.journal.fcntl.flock", late)
    with Journal(file) as journal:
        journal.add([Entry("k", "p", Reply("a", "end"))])
    assert file.read_bytes().count(b"\n") == 2


def test_a_journal_is_forgotten_only_where_nobody_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    forget(file)
    with Journal(file):
        forget(file)
        assert file.exists()
    forget(file)
    assert not file.exists()
