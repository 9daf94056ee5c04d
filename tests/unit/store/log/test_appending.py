"""Rows go in by groups, are there when the call returns, and are nobody's to change after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from colonnade.records import BusyError, ColonnadeError, CorruptionError, InputError
from colonnade.store.log import Entry, GroupWriter, TransparencyLog, create_log, verify_log
from colonnade.store.log.segments import ROWS, read_settings, row_line, segment_files
from colonnade.store.log.tiles import TileFiles
from colonnade.store.log.tree import folded, leaf_hashes

from .logs import NOON, ORIGIN, PUBLIC, SIGNER, new_log, rows

REPOSITORY = Path(__file__).parents[4]


def lines_of(folder: Path) -> list[bytes]:
    return b"".join(file.read_bytes() for file in segment_files(folder)).splitlines()


def test_a_row_is_written_with_its_time_and_index_in_canonical_form(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    assert log.append([{"b": "ü", "a": 1}]) == range(1)
    expected = '{"at":"2026-03-01T12:00:00.000000Z","index":0,"row":{"a":1,"b":"ü"}}'
    assert lines_of(tmp_path / "log") == [expected.encode()]
    assert row_line(tmp_path / "log", 0).decode() == expected


def test_the_root_is_that_of_the_lines_over_many_segments_and_openings(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    for count in (1, 255, 600, 3, 0):
        log.append(rows(count))
        log = TransparencyLog(tmp_path / "log")
    assert log.size == 859
    assert [len(file.read_bytes().splitlines()) for file in segment_files(tmp_path / "log")] == [256, 256, 256, 91]
    assert log.head().root == folded(leaf_hashes(lines_of(tmp_path / "log")))


def test_two_writers_take_turns_and_see_each_other_s_rows(tmp_path: Path) -> None:
    first = new_log(tmp_path / "log", signed=False)
    second = TransparencyLog(tmp_path / "log")
    for number in range(40):
        assert first.append(rows(7)) == range(number * 20, number * 20 + 7)
        assert second.append(rows(13)) == range(number * 20 + 7, number * 20 + 20)
    first.sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


def test_a_writer_that_has_to_wait_too_long_says_so(tmp_path: Path) -> None:
    first = new_log(tmp_path / "log")
    second = TransparencyLog(tmp_path / "log", patience=0.05)
    with first.turn, pytest.raises(BusyError, match="another writer"):
        second.append(rows(1))
    second.append(rows(1))


def test_four_processes_write_one_log_without_losing_a_row(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    script = (
        "import sys; from pathlib import Path; from colonnade.store.log import TransparencyLog;"
        "log = TransparencyLog(Path(sys.argv[1]), patience=60.0)\n"
        "for n in range(30): print(*log.append([{'who': sys.argv[2], 'n': n}] * 5))"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    started = [subprocess.Popen([*command, str(who)], stdout=subprocess.PIPE, text=True) for who in range(4)]
    said = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert sorted(int(index) for text in said for index in text.split()) == list(range(600))
    TransparencyLog(tmp_path / "log").sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()
    for who, text in enumerate(said):
        written = [json.loads(row_line(tmp_path / "log", int(index)))["row"] for index in text.split()]
        assert written == [{"who": str(who), "n": n} for n in range(30) for _ in range(5)]


@pytest.mark.parametrize("torn", [b'{"at":"2026-03-01T12:00:0', b"\x00" * 50, b"\x00\x00\n"])
def test_half_a_last_line_is_cut_off_kept_and_said(tmp_path: Path, torn: bytes) -> None:
    new_log(tmp_path / "log", 300)
    file = segment_files(tmp_path / "log")[-1]
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    found = verify_log(tmp_path / "log", PUBLIC)
    assert (found.rows, found.torn, found.problems) == (300, len(torn), ())
    log = TransparencyLog(tmp_path / "log")
    (end,) = log.torn
    assert (end.bytes, end.kept.read_bytes()) == (len(torn), torn)
    assert file.read_bytes() == whole
    assert log.append(rows(1)) == range(300, 301)


def test_lost_hashes_are_made_again_from_the_rows(tmp_path: Path) -> None:
    before = new_log(tmp_path / "log", 700).head()
    for file in (tmp_path / "log" / "tiles").iterdir():
        file.write_bytes(file.read_bytes()[:40])
    assert TransparencyLog(tmp_path / "log").head() == before
    assert (tmp_path / "log" / "tiles" / "0").stat().st_size == 700 * 32


def test_a_clock_that_runs_backwards_leaves_the_rows_in_order(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 1)
    late = TransparencyLog(tmp_path / "log", clock=lambda: NOON - timedelta(days=400))
    late.append(rows(1))
    late.append(rows(2))
    times = [json.loads(line)["at"][-8:] for line in lines_of(tmp_path / "log")]
    assert times == [".000000Z", ".000001Z", ".000002Z", ".000002Z"]
    assert log.now() == late.now() == NOON + timedelta(microseconds=2)


def _truncate(folder: Path) -> None:
    file = segment_files(folder)[-1]
    file.write_bytes(b"\n".join(file.read_bytes().split(b"\n")[:10]) + b"\n")


def _remove_a_segment(folder: Path) -> None:
    segment_files(folder)[1].unlink()


def _change_a_row(folder: Path) -> None:
    file = segment_files(folder)[-1]
    file.write_bytes(file.read_bytes().replace(b"allow", b"allov", 1))


def _swap_rows(folder: Path) -> None:
    file = segment_files(folder)[-1]
    lines = file.read_bytes().splitlines()
    lines[3], lines[4] = lines[4], lines[3]
    file.write_bytes(b"\n".join(lines) + b"\n")


@pytest.mark.parametrize("attack", [_truncate, _remove_a_segment, _change_a_row, _swap_rows])
def test_nothing_is_appended_to_a_log_that_is_not_what_it_signed(
    tmp_path: Path, attack: Callable[[Path], None]
) -> None:
    new_log(tmp_path / "log", 700)
    attack(tmp_path / "log")
    with pytest.raises(CorruptionError):
        TransparencyLog(tmp_path / "log")


def test_rows_cut_off_under_an_open_log_are_noticed_at_the_next_append(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 700)
    _truncate(tmp_path / "log")
    with pytest.raises(CorruptionError, match="cut off"):
        log.append(rows(1))


def test_a_checkpoint_is_signed_once_and_never_against_an_older_one(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 300)
    standing = log.sign_checkpoint(SIGNER)
    assert log.sign_checkpoint(SIGNER) == standing
    assert len((tmp_path / "log" / "checkpoints.jsonl").read_bytes().splitlines()) == 1
    log.append(rows(1))
    assert log.sign_checkpoint(SIGNER) != standing
    (tmp_path / "log" / "checkpoint").write_text(str(standing).replace("\n300\n", "\n299\n"))
    with pytest.raises(CorruptionError, match="first 299 rows"):
        log.sign_checkpoint(SIGNER)


def test_a_row_that_is_none_writes_nothing(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    for bad in ({"x": float("nan")}, {"x": object()}, {"x": "\ud800"}, {"audit": "erase"}):
        with pytest.raises(InputError):
            log.append([{"fine": 1}, bad])
    assert log.size == 0
    assert lines_of(tmp_path / "log") == []


def test_a_full_disk_acknowledges_nothing_and_the_log_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the end of the disk: the kernel writes a part, then refuses."""
    new_log(tmp_path / "log", 100)
    size = (tmp_path / "log" / ROWS / f"{0:012d}.jsonl").stat().st_size
    script = f"""
import resource, signal, sys
from pathlib import Path
from colonnade.records import ColonnadeError
from colonnade.store.log import TransparencyLog
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = TransparencyLog(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 200}, resource.RLIM_INFINITY))
try:
    log.append([{{"n": n}} for n in range(20)])
except ColonnadeError as fault:
    print(fault.sentence)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(list(log.append([{{"n": 0}}])))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "could not be written: File too large" in done.stdout, done.stderr
    assert done.stdout.endswith("[100]\n")
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


def test_a_group_that_fails_in_its_second_file_is_taken_back_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = new_log(tmp_path / "log", 250)
    real, calls = os.fdatasync, []

    def failing(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        real(handle)

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(ColonnadeError, match="Input/output error"):
        log.append(rows(20))
    monkeypatch.undo()
    assert len(lines_of(tmp_path / "log")) == 250
    assert log.append(rows(20)) == range(250, 270)
    log.sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


@pytest.mark.parametrize(
    "moment", ["before the write", "in the write", "after the write", "before the hashes", "between two files"]
)
def test_a_killed_writer_loses_at_most_the_group_that_nobody_was_told_of(tmp_path: Path, moment: str) -> None:
    new_log(tmp_path / "log", 200)
    command = [sys.executable, "-m", "tests.unit.store.log.dying_log", str(tmp_path / "log"), moment]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    acknowledged = [int(index) for index in done.stdout.split()]
    assert acknowledged == list(range(200, 230))
    found = verify_log(tmp_path / "log", PUBLIC)
    assert found.problems == ()
    assert found.rows >= 230
    log = TransparencyLog(tmp_path / "log")
    assert log.size == found.rows
    assert [json.loads(line)["row"].get("n") for line in lines_of(tmp_path / "log")[200:230]] == list(range(30))
    assert bool(log.torn) == (moment == "in the write")
    log.append(rows(3))
    log.sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


def test_a_log_is_made_once_and_named_properly(tmp_path: Path) -> None:
    create_log(tmp_path / "log", ORIGIN)
    assert read_settings(tmp_path / "log").segment_rows == 65_536
    with pytest.raises(InputError, match="already"):
        create_log(tmp_path / "log", ORIGIN)
    for name in ("", "a b", "a+b", "a\nb"):
        with pytest.raises(InputError, match="cannot be the name"):
            create_log(tmp_path / "other", name)
    with pytest.raises(InputError, match="no audit log here"):
        TransparencyLog(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_contents_lie_beside_the_rows_and_half_a_line_of_them_harms_nobody(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    file = tmp_path / "log" / "contents" / f"{0:012d}.jsonl"
    log.append_entries([Entry(b'{"n":0}', (b'{"sealed":"a"}',))])
    file.write_bytes(file.read_bytes() + b'{"seal')
    log.append_entries([Entry(b'{"n":1}', (b'{"sealed":"b"}',))])
    assert file.read_bytes() == b'{"sealed":"a"}\n{"sealed":"b"}\n'


def test_a_forked_child_takes_its_own_turns(tmp_path: Path) -> None:
    new_log(tmp_path / "log")
    script = """
import os, sys
from pathlib import Path
from colonnade.store.log import TransparencyLog
log = TransparencyLog(Path(sys.argv[1]), patience=60.0)
child = os.fork()
for n in range(50):
    log.append([{"child": child == 0, "n": n}] * 3)
sys.exit(os.waitpid(child, 0)[1] if child else 0)
"""
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert TransparencyLog(tmp_path / "log").size == 300
    TransparencyLog(tmp_path / "log").sign_checkpoint(SIGNER)
    assert verify_log(tmp_path / "log", PUBLIC).problems == ()


def test_a_log_put_back_to_an_older_state_is_not_gone_on_with(tmp_path: Path) -> None:
    """Rows and checkpoint fit each other; the history of what was signed does not fit them."""
    log = new_log(tmp_path / "log", 10)
    (file,) = segment_files(tmp_path / "log")
    older = file.read_bytes(), (tmp_path / "log" / "checkpoint").read_bytes()
    log.append(rows(5))
    log.sign_checkpoint(SIGNER)
    file.write_bytes(older[0])
    (tmp_path / "log" / "checkpoint").write_bytes(older[1])
    with pytest.raises(CorruptionError, match="has 10 rows, and its own checkpoint says 15"):
        TransparencyLog(tmp_path / "log")


def test_a_file_of_rows_that_was_put_back_under_an_open_log_is_read_again(tmp_path: Path) -> None:
    """The same bytes in another file are gone on with; other rows in it are not."""
    log = new_log(tmp_path / "log", 10)
    log.append(rows(2))
    (file,) = segment_files(tmp_path / "log")
    content = file.read_bytes()
    for copy in (content, content.replace(b"allow", b"allov", 1)):
        (tmp_path / "copy").write_bytes(copy)
        (tmp_path / "copy").replace(file)
        if copy == content:
            assert log.append(rows(0)) == range(12, 12)
        else:
            with pytest.raises(CorruptionError, match="not those that its own checkpoint vouches for"):
                log.append(rows(1))
    (tmp_path / "copy").write_bytes(content)
    (tmp_path / "copy").replace(file)
    assert log.append(rows(1)) == range(12, 13)
    assert len(file.read_bytes().splitlines()) == 13


def test_a_file_of_rows_that_was_taken_away_under_an_open_log_is_noticed(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log", 10)
    (file,) = segment_files(tmp_path / "log")
    file.rename(tmp_path / "elsewhere")
    with pytest.raises(CorruptionError, match="cut off"):
        log.append(rows(1))
    assert len((tmp_path / "elsewhere").read_bytes().splitlines()) == 10


def test_contents_go_where_their_name_is_though_the_file_was_taken_away(tmp_path: Path) -> None:
    log = new_log(tmp_path / "log")
    file = tmp_path / "log" / "contents" / f"{0:012d}.jsonl"
    log.append_entries([Entry(b'{"n":0}', (b'{"sealed":"a"}',))])
    file.rename(tmp_path / "elsewhere")
    log.append_entries([Entry(b'{"n":1}', (b'{"sealed":"b"}',))])
    assert file.read_bytes() == b'{"sealed":"b"}\n'
    assert (tmp_path / "elsewhere").read_bytes() == b'{"sealed":"a"}\n'


def test_hashes_that_could_not_be_written_give_no_row_the_index_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = new_log(tmp_path / "log", 3)
    with GroupWriter(log) as writer:  # which lets hashes wait for a full tile, or for a checkpoint

        def refused(*_: object) -> None:
            raise OSError(24, "Too many open files")

        writer.submit({"n": 3}).result(timeout=30)
        monkeypatch.setattr(TileFiles, "_write", refused)
        with pytest.raises(OSError, match="Too many open files"):
            log.sign_checkpoint(SIGNER)
        monkeypatch.undo()
        assert [writer.submit({"n": number}).result(timeout=30) for number in (4, 5)] == [4, 5]
    log.sign_checkpoint(SIGNER)
    found = verify_log(tmp_path / "log", PUBLIC)
    assert (found.rows, found.vouched, found.problems) == (6, 6, ())
