"""One run at a time, and the second learns who holds the workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from colonnade.records import BusyError
from colonnade.store.lock import hold

HOLDER = """
import sys
from pathlib import Path
from colonnade.store.lock import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / ".colonnade").mkdir()
    return tmp_path / ".colonnade" / "lock"


def test_the_second_is_refused_and_told_who_holds_it(lock: Path) -> None:
    with hold(lock):
        with pytest.raises(BusyError) as caught, hold(lock):
            pass
        assert f"process {os.getpid()} of " in caught.value.what
        assert caught.value.file == lock.parent.parent
        assert caught.value.mend
    with hold(lock):
        assert str(os.getpid()) in lock.read_text()
    assert lock.read_text() == ""


def test_a_process_that_dies_lets_go(lock: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match=f"process {other.pid} of "), hold(lock):
            pass
        other.kill()
        other.wait()
    with hold(lock):
        assert str(os.getpid()) in lock.read_text()


def test_a_holder_that_has_not_yet_signed_is_still_a_holder(lock: Path) -> None:
    with hold(lock):
        lock.write_text("")
        with pytest.raises(BusyError, match="only just started"), hold(lock):
            pass


def test_a_fault_inside_the_block_lets_go(lock: Path) -> None:
    with pytest.raises(ZeroDivisionError), hold(lock):
        raise ZeroDivisionError
    with hold(lock):
        pass
