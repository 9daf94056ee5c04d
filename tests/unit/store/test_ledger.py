"""The ledger notices what was done to it, and loses nothing to a crash."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import ColonnadeError, CorruptionError, digest_of
from colonnade.store import GENESIS, Ledger

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINES = 5


def ticking(start: datetime = NOON) -> Callable[[], datetime]:
    seconds = iter(range(1_000_000))
    return lambda: start + timedelta(seconds=next(seconds))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound ledger of five entries."""
    file = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = Ledger(file, ticking())
    for number in range(LINES):
        ledger.append("run", digest_of(number), "ada")
    return file


def rewritten(written: Path, content: bytes) -> Ledger:
    file = written.with_name("changed.jsonl")
    file.write_bytes(content)
    return Ledger(file)


def test_entries_are_numbered_and_each_names_the_one_before(written: Path) -> None:
    entries = Ledger(written).entries()
    assert [entry.sequence for entry in entries] == list(range(LINES))
    assert [entry.previous for entry in entries] == [GENESIS, *(entry.digest for entry in entries[:-1])]
    assert [entry.subject for entry in entries] == [digest_of(number) for number in range(LINES)]
    assert {entry.actor for entry in entries} == {"ada"}


def test_a_ledger_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none.jsonl").entries() == ()
    assert not (tmp_path / "none.jsonl").exists()


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_flipped_byte_breaks_the_chain_or_moves_its_head(written: Path, data: st.DataObject) -> None:
    content = bytearray(written.read_bytes())
    last_line = content.rindex(b"\n", 0, -1) + 1
    head = Ledger(written).entries()[-1].digest
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    content[place] ^= data.draw(st.integers(1, 255), label="bits")
    ledger = rewritten(written, bytes(content))
    if place < last_line:
        with pytest.raises(CorruptionError, match="the ledger is broken"):
            ledger.entries()
    else:  # no line after the last vouches for it: what changes is the head, which verification prints
        try:
            assert ledger.entries()[-1].digest != head
        except CorruptionError:
            return


def without(lines: list[bytes], place: int, _other: int) -> list[bytes]:
    return lines[:place] + lines[place + 1 :]


def swapped(lines: list[bytes], place: int, other: int) -> list[bytes]:
    changed = list(lines)
    changed[place], changed[other] = changed[other], changed[place]
    return changed


def doubled(lines: list[bytes], place: int, other: int) -> list[bytes]:
    return [*lines[:other], lines[place], *lines[other:]]


def emptied(lines: list[bytes], place: int, _other: int) -> list[bytes]:
    return [*lines[:place], b"", *lines[place:]]


@pytest.mark.parametrize("harm", [without, swapped, doubled, emptied])
@settings(max_examples=25, deadline=None)
@given(place=st.integers(0, LINES - 1), other=st.integers(0, LINES - 1))
def test_a_deleted_swapped_or_inserted_line_is_noticed(
    written: Path, harm: Callable[[list[bytes], int, int], list[bytes]], place: int, other: int
) -> None:
    lines = written.read_bytes().splitlines()
    changed = harm(lines, place, other)
    ledger = rewritten(written, b"".join(line + b"\n" for line in changed))
    if changed == lines:
        assert len(ledger.entries()) == LINES
    elif changed == lines[:-1]:
        assert ledger.entries()[-1].digest != Ledger(written).entries()[-1].digest, "the head tells"
    else:
        with pytest.raises(CorruptionError) as caught:
            ledger.entries()
        first = (
            next(at for at, (old, new) in enumerate(zip(lines, changed, strict=False)) if old != new)
            if len(changed) <= LINES or changed[:LINES] != lines
            else LINES
        )
        assert caught.value.line == first + 1
        assert caught.value.mend


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        (b'"actor":"ada"', b'"actor": "ada"', "is not in canonical form"),
        (b'"actor":"ada"', b'"actor":"ada","mood":"good"', "is not an entry"),
        (b'"sequence":4', b'"sequence":5', "has sequence 5 instead of 4"),
        (b"T12:00:04Z", b"T12:00:04+00:00", "is not in canonical form"),
        (b"{", b"\xff{", "is not an entry"),
    ],
)
def test_the_complaint_names_the_line_and_what_is_wrong(written: Path, old: bytes, new: bytes, how: str) -> None:
    before, last = written.read_bytes().rstrip(b"\n").rsplit(b"\n", 1)
    assert old in last
    ledger = rewritten(written, before + b"\n" + last.replace(old, new, 1) + b"\n")
    with pytest.raises(CorruptionError, match=how) as caught:
        ledger.entries()
    assert caught.value.line == LINES


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 80))
def test_a_torn_last_line_is_set_aside_and_the_next_append_goes_on(written: Path, cut: int) -> None:
    content = written.read_bytes()
    ledger = rewritten(written, content[:-cut])
    assert len(ledger.entries()) == LINES - 1
    ledger.append("run", digest_of("again"), "ada")
    entries = Ledger(ledger.file).entries()
    assert len(entries) == LINES
    assert entries[:-1] == Ledger(written).entries()[:-1]
    assert entries[-1].subject == digest_of("again")
    torn = content[content.rindex(b"\n", 0, -1) + 1 : -cut]
    assert ledger.file.with_suffix(".torn").read_bytes() == torn


def test_nothing_is_appended_to_a_broken_chain(written: Path) -> None:
    content = written.read_bytes().replace(b'"ada"', b'"eve"', 1)
    ledger = rewritten(written, content)
    with pytest.raises(CorruptionError):
        ledger.append("run", digest_of("more"), "ada")
    assert ledger.file.read_bytes() == content


def test_another_process_goes_on_where_the_first_stopped(written: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(written, tmp_path))
    entry = Ledger(file, ticking(NOON + timedelta(days=1))).append("run", digest_of("more"), "bo")
    assert entry.sequence == LINES
    assert Ledger(file).entries()[-1] == entry


def test_time_never_runs_backwards(written: Path, tmp_path: Path) -> None:
    file = Path(shutil.copy(written, tmp_path))
    last = Ledger(file).entries()[-1]
    ledger = Ledger(file, lambda: NOON - timedelta(days=400))
    assert ledger.append("run", digest_of(1), "ada").at == last.at


def test_an_entry_is_one_line_of_canonical_json(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    Ledger(file, lambda: NOON).append("run", digest_of("ä"), "Jörg\nof the workshop")
    assert file.read_bytes().count(b"\n") == 1
    row = json.loads(file.read_bytes())
    assert list(row) == sorted(row)
    assert row["at"] == "2026-03-01T12:00:00Z"
    assert row["actor"] == "Jörg\nof the workshop"


def test_a_disk_that_refuses_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ColonnadeError, match="No space left on device") as caught:
        ledger.append("run", digest_of(1), "ada")
    assert caught.value.mend
