"""What a machine's crash left of a group nobody was told of is cut off; whatever else is missing is a problem."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

import pytest

from colonnade.records import CorruptionError
from colonnade.store.log import Entry, KeyRing, TransparencyLog, create_log, seal_contents, verify_log
from colonnade.store.log.contents import check_contents, open_rows
from colonnade.store.log.segments import body_of, segment_files
from colonnade.store.log.unfinished import BOOT, first_unfinished

from .logs import ORIGIN, PUBLIC, SIGNER, new_log
from .power import Disk, Killed, OneAfterTheOther

UNTIL = date(2027, 1, 1)


def entry(ring: KeyRing, number: int) -> Entry:
    sealed = seal_contents(ring, "alice", UNTIL, {"prompt": f"one {number}", "answer": "two"})
    return Entry(body_of({"n": number, "contents": sealed.references}), sealed.lines)


def log_with_contents(tmp_path: Path, vouched: int, more: int, of_a_group: int = 1024) -> KeyRing:
    """Rows with two texts each; some of them under a checkpoint, and the others in groups of so many."""
    log, ring = new_log(tmp_path / "log"), KeyRing(tmp_path / "keys", bytes(32), tmp_path / "log")
    log.append_entries([entry(ring, number) for number in range(vouched)])
    log.sign_checkpoint(SIGNER)
    numbers = range(vouched, vouched + more)
    for start in range(0, more, of_a_group):
        log.append_entries([entry(ring, number) for number in numbers[start : start + of_a_group]])
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


def test_only_rows_of_the_last_group_in_the_last_file_can_be_unfinished(tmp_path: Path) -> None:
    log_with_contents(tmp_path, vouched=0, more=258)
    first, second = sorted((tmp_path / "log" / "contents").iterdir())
    first.unlink()
    stop_machine(tmp_path)
    assert first_unfinished(tmp_path / "log") is None
    second.unlink()
    assert first_unfinished(tmp_path / "log") == 256
    assert TransparencyLog(tmp_path / "log").size == 256


@pytest.mark.parametrize("lose", [lose_the_end, lose_the_middle])
def test_rows_of_an_earlier_group_were_acknowledged_and_are_never_cut_off(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    ring = log_with_contents(tmp_path, vouched=4, more=6, of_a_group=3)
    file = contents_of(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:14]))
    lose(file)
    file.write_bytes(file.read_bytes() + b"".join(lines[14:]))
    stop_machine(tmp_path)
    assert check_contents(tmp_path / "log", ring).unfinished == 0
    assert len(check_contents(tmp_path / "log", ring).problems) >= 1
    assert TransparencyLog(tmp_path / "log").size == 10


def change_a_line(lines: list[bytes]) -> None:
    lines[-2] = lines[-2].replace(b"commitment", b"commitmenu")


def take_a_line_out(lines: list[bytes]) -> None:
    del lines[-3]


def change_a_text(lines: list[bytes]) -> None:
    lines[-2] = lines[-2][:-30] + b"!" * 27 + lines[-2][-3:]


@pytest.mark.parametrize("damage", [change_a_line, take_a_line_out, change_a_text])
def test_what_was_not_the_power_s_doing_is_a_problem_and_no_row_goes(
    tmp_path: Path, damage: Callable[[list[bytes]], None]
) -> None:
    """The power leaves zeros or a shorter file, and a disk or a person something else."""
    ring = log_with_contents(tmp_path, vouched=4, more=6)
    file = contents_of(tmp_path)
    lines = file.read_bytes().splitlines(keepends=True)
    damage(lines)
    file.write_bytes(b"".join(lines))
    stop_machine(tmp_path)
    found = check_contents(tmp_path / "log", ring)
    assert (len(found.problems), found.unfinished) == (1, 0)
    assert TransparencyLog(tmp_path / "log").size == 10


def test_of_two_full_groups_of_which_nobody_was_told_the_second_alone_can_be_unfinished(tmp_path: Path) -> None:
    """One service died before its syncs, the next begins a group: that what is there is on disk is made sure first."""
    create_log(tmp_path / "log", ORIGIN)
    ring = KeyRing(tmp_path / "keys", bytes(32), tmp_path / "log")
    with Disk(tmp_path / "log", Random(1)) as disk:
        disk.sync_everything()
        for sync in (1, 5):  # of either's own rows and contents; the second forces two files and their folders before
            log = TransparencyLog(tmp_path / "log")
            log.second_hand = OneAfterTheOther(Random(1))  # type: ignore[assignment]  # does what the thread does
            disk.until_sync = sync
            with pytest.raises(Killed):
                log.append_entries([entry(ring, number) for number in range(1024)])
            log.close()
        disk.lose(share=0.0, files="contents")
    stop_machine(tmp_path)
    assert TransparencyLog(tmp_path / "log").size == 1024
    found = check_contents(tmp_path / "log", ring)
    assert (found.held, found.problems, found.unfinished) == (2048, (), 0)


def test_a_damaged_row_before_rows_of_a_later_group_is_a_problem_and_nothing_is_cut_off(tmp_path: Path) -> None:
    log_with_contents(tmp_path, vouched=4, more=6, of_a_group=3)
    (file,) = segment_files(tmp_path / "log")
    content = file.read_bytes()
    lines = content.splitlines(keepends=True)
    lines[5] = lines[5][:60] + bytes(len(lines[5]) - 61) + b"\n"
    file.write_bytes(b"".join(lines))
    stop_machine(tmp_path)
    assert any("line 6 cannot be read" in problem for problem in verify_log(tmp_path / "log", PUBLIC).problems)
    with pytest.raises(CorruptionError, match="row 5 cannot be read"):
        TransparencyLog(tmp_path / "log")
    assert file.read_bytes() == b"".join(lines)
    lines = content.splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:8]) + bytes(len(lines[8])) + lines[9])  # of the last group alone: a crash
    assert TransparencyLog(tmp_path / "log").size == 8


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
    assert synced == ["contents", "rows", "rows", "rows"]
    synced.clear()
    signing.sign_checkpoint(SIGNER)
    assert synced[:2] == ["contents", "rows"]
