"""A file that is kept open is still the one under its name, whatever others do to it between two groups."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from colonnade.store.log import tails
from colonnade.store.log.tails import SecondHand, Tail


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def write(tail: Tail, file: Path, content: bytes) -> None:
    tail.look(file)
    tail.append(content)
    tail.sync()


def test_what_is_appended_stands_behind_what_others_appended(tmp_path: Path) -> None:
    one, other = Tail(), Tail()
    for _ in range(3):
        write(one, tmp_path / "a", b"1")
        write(other, tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"121212"
    assert one.look(tmp_path / "a") == (6, False)


def test_a_file_that_was_put_in_its_place_is_noticed_and_written_to(tmp_path: Path) -> None:
    tail = Tail()
    write(tail, tmp_path / "a", b"1")
    (tmp_path / "b").write_bytes(b"another")
    (tmp_path / "b").replace(tmp_path / "a")
    assert tail.look(tmp_path / "a") == (7, True)
    assert tail.look(tmp_path / "a") == (7, False)
    write(tail, tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"another2"


def test_a_file_that_was_taken_away_is_begun_anew_and_not_written_to_where_it_went(tmp_path: Path) -> None:
    tail = Tail()
    write(tail, tmp_path / "a", b"1")
    (tmp_path / "a").rename(tmp_path / "b")
    assert tail.look(tmp_path / "a") == (0, False)
    write(tail, tmp_path / "a", b"2")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"2", b"1")


def test_the_next_file_is_opened_and_the_one_before_let_go(tmp_path: Path) -> None:
    tail = Tail()
    before = open_files()
    for number in range(20):
        write(tail, tmp_path / str(number), b"%d" % number)
    assert [(tmp_path / str(number)).read_bytes() for number in range(20)] == [b"%d" % number for number in range(20)]
    assert open_files() == before + 1
    tail.close()
    assert open_files() == before


def test_half_a_line_of_another_writer_is_dropped_before_the_next_line(tmp_path: Path) -> None:
    tail = Tail()
    tail.append_lines(tmp_path / "a", [b"1", b"2"])
    with (tmp_path / "a").open("ab") as other:
        other.write(b"3\nhal")
    tail.append_lines(tmp_path / "a", [b"4"])
    assert (tmp_path / "a").read_bytes() == b"1\n2\n3\n4\n"


def test_two_things_are_done_when_both_are_and_either_fault_is_told() -> None:
    hand, done = SecondHand(), []

    def fail() -> None:
        raise OSError(5, "Input/output error")

    try:
        hand.both(lambda: done.append("mine"), lambda: done.append("yours"))
        assert sorted(done) == ["mine", "yours"]
        with pytest.raises(OSError, match="Input"):
            hand.both(lambda: done.append("mine"), fail)
        with pytest.raises(OSError, match="Input"):
            hand.both(fail, lambda: done.append("yours"))
        assert sorted(done) == ["mine", "mine", "yours", "yours"]
    finally:
        hand.close()
    assert not hand.is_there()


def test_a_forked_child_has_no_second_hand_and_writes_all_the_same(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from colonnade.store.log import Entry, GroupWriter, TransparencyLog, create_log
create_log(Path(sys.argv[1]), "example.com/guard")
log = TransparencyLog(Path(sys.argv[1]))
writer = GroupWriter(log)
assert writer.submit({"n": 0}, (b'{"sealed":0}',)).result(30) == 0
child = os.fork()
if not child:
    assert not log.second_hand.is_there()
    assert log.append_entries([Entry(b'{"n":1}', (b'{"sealed":1}',))]) == range(1, 2)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert writer.submit({"n": 2}, (b'{"sealed":2}',)).result(30) == 2
writer.close()
"""
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    sealed = (tmp_path / "log" / "contents" / f"{0:012d}.jsonl").read_bytes()
    assert sealed == b'{"sealed":0}\n{"sealed":1}\n{"sealed":2}\n'


def test_the_name_of_a_file_is_forced_to_disk_whoever_made_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []
    monkeypatch.setattr(tails, "sync_folder", folders.append)
    (tmp_path / "a").write_bytes(b"of one who died before it was")
    tail = Tail()
    write(tail, tmp_path / "a", b"1")
    write(tail, tmp_path / "a", b"2")
    assert folders == [tmp_path]
