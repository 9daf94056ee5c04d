"""What a machine's crash left of a group nobody was told of is cut off; whatever else is missing is a problem."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from colonnade.records import CorruptionError
from colonnade.store.log import Entry, KeyRing, TransparencyLog, seal_contents, verify_log
from colonnade.store.log.contents import check_contents, open_rows
from colonnade.store.log.segments import body_of, segment_files
from colonnade.store.log.unfinished import BOOT, first_unfinished

from .logs import PUBLIC, SIGNER, new_log

UNTIL = date(2027, 1, 1)


def log_with_contents(tmp_path: Path, vouched: int, more: int) -> KeyRing:
    """Rows with two texts each; some of them under a checkpoint."""
    log, ring = new_log(tmp_path / "log"), KeyRing(tmp_path / "keys", bytes(32), tmp_path / "log")
    for number in range(vouched + more):
        if number == vouched:
            log.sign_checkpoint(SIGNER)
        sealed = seal_contents(ring, "alice", UNTIL, {"prompt": f"one {number}", "answer": "two"})
        log.append_entries([Entry(body_of({"n": number, "contents": sealed.references}), sealed.lines)])
    if not more:
        log.sign_checkpoint(SIGNER)
    log.close()
    return ring


def contents_of(tmp_path: Path) -> Path:
    return max((tmp_path / "log" / "contents").iterdir())


def stop_machine(tmp_path: Path) -> None:
    (tmp_path / "log" / BOOT).write_bytes(b"an earlier run of the machine\n")


def lose_the_end(file: Path) -> None:
    """The last three texts and a bit: all of row 9 and the half of row 8."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-3]) + lines[-3][:40])


def lose_the_middle(file: Path) -> None:
    """A block of zeros where the second text of row 8 should be, and what is behind it is there."""
    lines = file.read_bytes().splitlines(keepends=True)
    lines[-3] = bytes(len(lines[-3]))
    file.write_bytes(b"".join(lines))


@pytest.mark.parametrize("lose", [lose_the_end, lose_the_middle])
def test_rows_whose_contents_a_crash_of_the_machine_took_are_cut_off_kept_and_said(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    ring = log_with_contents(tmp_path, vouched=4, more=6)
    lose(contents_of(tmp_path))
    stop_machine(tmp_path)
    before = check_contents(tmp_path / "log", ring)
    assert (before.held + before.unfinished, before.erased, before.problems) == (20, 0, ())
    assert before.unfinished >= 1
    assert [row.line["row"]["n"] for row in open_rows(tmp_path / "log", ring)] == list(range(8))
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()
    (rows,) = segment_files(tmp_path / "log")
    lines = rows.read_bytes().splitlines(keepends=True)
    log = TransparencyLog(tmp_path / "log")
    (end,) = log.torn
    assert (log.size, rows.read_bytes(), end.kept.read_bytes()) == (8, b"".join(lines[:8]), b"".join(lines[8:]))
    log.append([{"n": 8}])
    log.sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()
    after = check_contents(tmp_path / "log", ring)
    assert (after.held, after.problems, after.unfinished) == (16, (), 0)


def test_contents_that_are_missing_while_the_machine_went_on_are_a_problem_and_no_row_goes(tmp_path: Path) -> None:
    ring = log_with_contents(tmp_path, vouched=4, more=6)
    lose_the_end(contents_of(tmp_path))
    assert len(check_contents(tmp_path / "log", ring).problems) == 3
    log = TransparencyLog(tmp_path / "log")
    assert (log.size, log.torn) == (10, ())
    with pytest.raises(CorruptionError, match="missing"):
        list(open_rows(tmp_path / "log", ring))


def test_rows_under_a_checkpoint_are_never_cut_off_whatever_is_missing(tmp_path: Path) -> None:
    ring = log_with_contents(tmp_path, vouched=10, more=0)
    contents_of(tmp_path).unlink()
    stop_machine(tmp_path)
    assert first_unfinished(tmp_path / "log") is None
    assert len(check_contents(tmp_path / "log", ring).problems) == 20
    assert TransparencyLog(tmp_path / "log").size == 10


def test_a_checkpoint_that_only_the_history_has_still_vouches(tmp_path: Path) -> None:
    log_with_contents(tmp_path, vouched=10, more=0)
    contents_of(tmp_path).unlink()
    (tmp_path / "log" / "checkpoint").unlink()
    stop_machine(tmp_path)
    assert TransparencyLog(tmp_path / "log").size == 10


def test_only_rows_of_the_last_file_can_be_unfinished(tmp_path: Path) -> None:
    log_with_contents(tmp_path, vouched=0, more=258)
    first, second = sorted((tmp_path / "log" / "contents").iterdir())
    first.unlink()
    stop_machine(tmp_path)
    assert first_unfinished(tmp_path / "log") is None
    second.unlink()
    assert first_unfinished(tmp_path / "log") == 256
    assert TransparencyLog(tmp_path / "log").size == 256


def test_a_log_that_lost_nothing_is_left_as_it_is_and_remembers_the_new_run(tmp_path: Path) -> None:
    ring = log_with_contents(tmp_path, vouched=4, more=6)
    remembered = (tmp_path / "log" / BOOT).read_bytes()
    stop_machine(tmp_path)
    log = TransparencyLog(tmp_path / "log")
    assert (log.size, log.torn, (tmp_path / "log" / BOOT).read_bytes()) == (10, (), remembered)
    assert check_contents(tmp_path / "log", ring)[:3] == (20, 0, ())


def test_no_row_is_acknowledged_or_signed_while_what_another_wrote_may_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote them may have died before they were forced to disk; a row behind them must not go with them."""
    log_with_contents(tmp_path, vouched=0, more=3)
    real, synced = os.fdatasync, []

    def recording(handle: int) -> None:
        synced.append(Path(f"/dev/fd/{handle}").resolve().parent.name)
        real(handle)

    appending, signing = TransparencyLog(tmp_path / "log"), TransparencyLog(tmp_path / "log")
    monkeypatch.setattr(os, "fdatasync", recording)
    appending.append([{"n": 3}])
    appending.append([{"n": 4}])
    assert synced == ["contents", "rows", "rows"]
    synced.clear()
    signing.sign_checkpoint(SIGNER)
    assert synced[:2] == ["contents", "rows"]
