from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from colonnade.guard.access.watching import Watch, marks


def test_a_file_that_grows_shrinks_comes_goes_or_is_replaced_has_other_marks(tmp_path: Path) -> None:
    file, other = tmp_path / "a" / "x", tmp_path / "y"
    file.parent.mkdir()
    seen = [marks([file])]
    file.write_text("one")
    seen.append(marks([file]))
    file.write_text("longer")
    seen.append(marks([file]))
    other.write_text("equals")  # as long, with the same time
    state = file.stat()
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    other.replace(file)
    seen.append(marks([file]))
    file.unlink()
    assert marks([file]) == seen[0] == ()
    assert len(set(seen)) == 4
    assert marks([tmp_path]) == ()
    file.write_text("in a folder")
    assert [Path(mark.path).name for mark in marks([tmp_path])] == ["x"]


def test_it_calls_once_for_each_change(tmp_path: Path) -> None:
    calls: list[int] = []
    file = tmp_path / "x"
    watch = Watch([file], lambda: calls.append(1), lambda fault: None)
    assert [watch.look(), watch.look()] == [True, False]
    file.write_text("new")
    assert [watch.look(), watch.look()] == [True, False]
    assert len(calls) == 2


def test_whoever_is_told_to_look_again_finds_something_once(tmp_path: Path) -> None:
    calls: list[int] = []
    watch = Watch([tmp_path / "x"], lambda: calls.append(1), lambda fault: None)
    assert [watch.look(), watch.look()] == [True, False]
    watch.look_again()
    assert [watch.look(), watch.look()] == [True, False]
    assert len(calls) == 2


def test_another_day_counts_as_a_change(tmp_path: Path) -> None:
    day, calls = [1], list[int]()
    watch = Watch([tmp_path / "x"], lambda: calls.append(1), lambda fault: None, moment=lambda: day[0])
    assert [watch.look(), watch.look()] == [True, False]
    day[0] = 2
    assert [watch.look(), watch.look()] == [True, False]
    assert len(calls) == 2


def test_what_fails_is_told_and_tried_again(tmp_path: Path) -> None:
    told: list[Exception] = []
    broken = [True]

    def changed() -> None:
        if broken[0]:
            raise ValueError("half written")

    watch = Watch([tmp_path / "x"], changed, told.append)
    assert watch.look()
    assert str(told[0]) == "half written"
    assert watch.look()
    broken[0] = False
    assert watch.look()
    assert not watch.look()
    assert len(told) == 2


def test_a_moment_that_cannot_be_told_is_a_fault_like_any_other_and_ends_no_watch(tmp_path: Path) -> None:
    told, days = list[Exception](), [OSError("too many open files"), 1]

    def moment() -> object:
        day = days.pop(0) if len(days) > 1 else days[0]
        if isinstance(day, Exception):
            raise day
        return day

    watch = Watch([tmp_path / "x"], lambda: None, told.append, moment=moment)
    assert [watch.look(), watch.look(), watch.look()] == [True, True, False]
    assert [str(fault) for fault in told] == ["too many open files"]


def test_a_folder_that_goes_while_it_is_walked_through_has_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, kept = tmp_path / "inner", tmp_path / "kept"
    inner.mkdir()
    kept.write_text("stays")
    scandir = os.scandir

    def gone_by_then(place: str | Path) -> Iterator[os.DirEntry[str]]:
        if Path(place) == inner:
            inner.rmdir()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", gone_by_then)
    assert [mark.path for mark in marks([tmp_path])] == [str(kept)]


def test_the_thread_notices_within_a_second_and_ends(tmp_path: Path) -> None:
    noticed, file = Event(), tmp_path / "x"

    def changed() -> None:
        if file.exists():
            noticed.set()

    watch = Watch([file], changed, lambda fault: None)
    watch.start()
    try:
        assert not noticed.is_set()
        started = monotonic()
        file.write_text("revoked")
        assert noticed.wait(5)
        assert monotonic() - started < 1.0
    finally:
        watch.stop()
    noticed.clear()
    file.write_text("and again")
    assert not noticed.wait(0.5)
