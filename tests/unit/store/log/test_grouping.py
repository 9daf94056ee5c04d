"""Many askers share a write; each is told once its own row is on disk, and not before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import monotonic, sleep

import pytest

from colonnade.records import ColonnadeError, InputError
from colonnade.store.log import Entry, GroupWriter, KeyRing, TransparencyLog, seal_contents, verify_log
from colonnade.store.log.contents import check_contents
from colonnade.store.log.segments import row_line

from .logs import ORIGIN, PUBLIC, SIGNER, new_log

REPOSITORY = Path(__file__).parents[4]


def test_every_asker_gets_the_index_of_its_own_row(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    with GroupWriter(log, SIGNER) as writer, ThreadPoolExecutor(8) as askers:
        indices = list(askers.map(lambda number: writer.submit({"n": number}).result(timeout=30), range(400)))
    assert sorted(indices) == list(range(400))
    for number, index in enumerate(indices):
        assert json.loads(row_line(tmp_path / "log", index))["row"] == {"n": number}
    found = verify_log(tmp_path / "log", PUBLIC)
    assert (found.vouched, found.problems) == (400, ())


def test_rows_that_come_together_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = new_log(tmp_path / "log")
    groups: list[int] = []
    real = log.append_entries

    def counting(entries: list[Entry]) -> range:
        groups.append(len(entries))
        return real(entries)

    monkeypatch.setattr(log, "append_entries", counting)
    with GroupWriter(log, most=100) as writer:
        with log.turn:
            futures = [writer.submit({"n": number}) for number in range(1000)]
        assert [future.result(timeout=30) for future in futures] == list(range(1000))
    assert sum(groups) == 1000
    assert max(groups) == 100


def test_whoever_waits_learns_that_the_disk_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = new_log(tmp_path / "log")

    def refusing(entries: list[Entry]) -> range:
        raise ColonnadeError("the disk is full.")

    with GroupWriter(log) as writer:
        monkeypatch.setattr(log, "append_entries", refusing)
        with pytest.raises(ColonnadeError, match="full"):
            writer.submit({"n": 1}).result(timeout=30)
        monkeypatch.undo()
        assert writer.submit({"n": 2}).result(timeout=30) == 0


def test_a_row_that_is_none_fails_alone(tmp_path: Path) -> None:
    with GroupWriter(new_log(tmp_path / "log")) as writer:
        fine = writer.submit({"n": 1})
        with pytest.raises(InputError):
            writer.submit({"n": float("inf")})
        assert fine.result(timeout=30) == 0


def test_a_row_whose_asker_hung_up_is_written_all_the_same(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    with GroupWriter(log) as writer, log.turn:
        assert writer.submit({"n": 1}).cancel()
    assert TransparencyLog(tmp_path / "log").size == 1


def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    writer = GroupWriter(new_log(tmp_path / "log"))
    writer.close()
    with pytest.raises(ColonnadeError, match="closed"):
        writer.submit({"n": 1})
    writer.close()


def test_checkpoints_are_signed_on_the_way(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", signed=False)
    with GroupWriter(log, SIGNER, seconds=0.0) as writer:
        for number in range(3):
            writer.submit({"n": number}).result(timeout=30)
    assert verify_log(tmp_path / "log", PUBLIC).vouched == 3
    assert writer.fault is None
    assert len((tmp_path / "log" / "checkpoints.jsonl").read_bytes().splitlines()) >= 2


def test_the_last_rows_before_a_quiet_time_are_signed_too(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", signed=False)
    writer = GroupWriter(log, SIGNER, seconds=0.2)
    try:
        for number in range(5):
            writer.submit({"n": number}).result(timeout=30)
        until = monotonic() + 30
        while monotonic() < until and f"{ORIGIN}\n5\n" not in str(log.checkpoint()):
            sleep(0.02)
        assert f"{ORIGIN}\n5\n" in str(log.checkpoint())
    finally:
        writer.close()


def test_a_checkpoint_that_cannot_be_signed_is_told_and_rows_go_on(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 3)
    (tmp_path / "log" / "checkpoint").write_text("garbage")
    with GroupWriter(log, SIGNER, seconds=0.0) as writer:
        assert writer.submit({"n": 1}).result(timeout=30) == 3
    assert writer.fault is not None
    assert "not the checkpoint" in writer.fault.sentence


def test_a_batch_gets_indices_that_follow_each_other_and_is_not_divided(tmp_path: Path) -> None:
    told: list[tuple[int, Exception | None]] = []
    log = new_log(tmp_path / "log")
    with GroupWriter(log, most=4) as writer:
        with log.turn:
            for start in (0, 3, 9):
                entries = [Entry(b'{"n":%d}' % number) for number in range(start, start + 3 + start)]
                writer.submit_batch(entries, lambda first, fault: told.append((first, fault)))
        assert writer.submit({"n": 21}).result(timeout=30) == 21
    assert told == [(0, None), (3, None), (9, None)]
    assert [json.loads(row_line(tmp_path / "log", index))["row"]["n"] for index in range(22)] == list(range(22))


def test_nobody_is_told_before_rows_and_contents_are_both_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = new_log(tmp_path / "log")
    real, slow = os.fdatasync, threading.Event()
    synced: list[str] = []

    def waiting(handle: int) -> None:
        name = Path(f"/dev/fd/{handle}").resolve().parent.name
        if name == "contents":
            slow.wait(30)
        real(handle)
        synced.append(name)

    with GroupWriter(log) as writer:
        monkeypatch.setattr(os, "fdatasync", waiting)
        future = writer.submit({"n": 1}, (b'{"sealed":1}',))
        until = monotonic() + 30
        while not synced and monotonic() < until:
            sleep(0.01)
        assert (synced, future.done()) == (["rows"], False)
        slow.set()
        assert future.result(timeout=30) == 0
        assert synced == ["rows", "contents"]


@pytest.mark.parametrize("which", ["rows", "contents"])
def test_a_group_of_which_either_file_cannot_be_forced_to_disk_is_taken_back(
    tmp_path: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = new_log(tmp_path / "log", 10)
    real = os.fdatasync

    def failing(handle: int) -> None:
        if Path(f"/dev/fd/{handle}").resolve().parent.name == which:
            raise OSError(5, "Input/output error")
        real(handle)

    with GroupWriter(log, SIGNER) as writer:
        monkeypatch.setattr(os, "fdatasync", failing)
        with pytest.raises(ColonnadeError, match="Input/output error"):
            writer.submit({"n": 1}, (b'{"sealed":1}',)).result(timeout=30)
        monkeypatch.undo()
        assert writer.submit({"n": 2}, (b'{"sealed":2}',)).result(timeout=30) == 10
    assert json.loads(row_line(tmp_path / "log", 10))["row"] == {"n": 2}
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


def test_two_writers_with_open_files_take_turns_over_several_files(tmp_path: Path) -> None:
    first = new_log(tmp_path / "log", signed=False)
    with GroupWriter(first, SIGNER) as one, GroupWriter(TransparencyLog(tmp_path / "log")) as other:
        for number in range(300):
            assert one.submit({"n": number}, (b'{"one":%d}' % number,)).result(timeout=30) == 2 * number
            assert other.submit({"n": number}, (b'{"two":%d}' % number,)).result(timeout=30) == 2 * number + 1
    found = verify_log(tmp_path / "log", PUBLIC)
    assert (found.rows, found.vouched, found.problems) == (600, 600, ())
    sealed = b"".join(file.read_bytes() for file in sorted((tmp_path / "log" / "contents").iterdir()))
    assert sealed.splitlines() == [b'{"%b":%d}' % (who, number) for number in range(300) for who in (b"one", b"two")]
    assert (tmp_path / "log" / "tiles" / "0").stat().st_size == 600 * 32


@pytest.mark.parametrize(
    "moment",
    [
        "in the contents",
        "between contents and rows",
        "in the rows",
        "before the syncs",
        "after the sync of the contents",
        "after the sync of the rows",
    ],
)
def test_a_killed_service_leaves_a_log_whose_rows_and_contents_verify(tmp_path: Path, moment: str) -> None:
    new_log(tmp_path / "log")
    command = [sys.executable, "-m", "tests.unit.store.log.dying_service"]
    command += [str(tmp_path / "log"), str(tmp_path / "keys"), moment]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout.split() == [str(index) for index in range(5)]
    ring = KeyRing(tmp_path / "keys", bytes(32), tmp_path / "log")
    for _ in range(2):
        found, contents = verify_log(tmp_path / "log", PUBLIC), check_contents(tmp_path / "log", ring)
        assert (found.problems, contents.problems, contents.unfinished) == ((), (), 0)
        assert found.rows == contents.held >= 5
        with GroupWriter(TransparencyLog(tmp_path / "log"), SIGNER) as writer:
            sealed = seal_contents(ring, "alice", date(2027, 1, 1), {"prompt": "on it goes"})
            index = writer.submit({"contents": sealed.references}, sealed.lines).result(timeout=30)
        assert index == found.rows


class Panic(BaseException):
    """As libraries in Rust raise it."""


@pytest.mark.parametrize("kind", [ValueError, Panic])
def test_nothing_that_goes_wrong_in_or_beside_a_group_ends_the_thread_that_writes(
    kind: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(*_: object) -> None:
        raise kind("nobody thought of this")

    log, told = new_log(tmp_path / "log"), list[int]()
    with GroupWriter(log, SIGNER, seconds=0.0) as writer:
        monkeypatch.setattr(log, "sign_checkpoint", unforeseen)
        with log.turn:
            writer.submit_batch([Entry(b'{"n":0}')], unforeseen)
            writer.submit_batch([Entry(b'{"n":1}')], lambda first, _: told.append(first))
        assert writer.submit({"n": 2}).result(timeout=30) == 2
        assert writer.submit({"n": 3}).result(timeout=30) == 3
        assert told == [1]
        assert writer.fault is not None
        assert writer.fault.sentence == f"no checkpoint: {kind.__name__}."
        monkeypatch.setattr(log, "append_entries", unforeseen)
        with pytest.raises(ColonnadeError if kind is Panic else kind):
            writer.submit({"n": 4}).result(timeout=30)
        monkeypatch.undo()
        assert writer.submit({"n": 4}).result(timeout=30) == 4
    assert writer.fault is None
