"""A service in a process of its own that is killed where it is told to.

Called as ``python -m tests.unit.store.log.dying_service LOG KEYS MOMENT``: rows with contents go in
through a group writer; those that were acknowledged are printed, and then it is killed in the next.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

from colonnade.store.log import GroupWriter, KeyRing, TransparencyLog, seal_contents


def main(folder: Path, keys: Path, moment: str) -> None:
    """Write until the moment is reached."""
    writer = GroupWriter(TransparencyLog(folder))
    ring = KeyRing(keys, bytes(32), folder)

    def hand_in(number: int) -> Any:
        sealed = seal_contents(ring, "alice", date(2027, 1, 1), {"prompt": f"text {number}"})
        return writer.submit({"n": number, "contents": sealed.references}, sealed.lines)

    for number in range(5):
        print(hand_in(number).result(30), flush=True)
    write, sync = os.write, os.fdatasync
    writes: list[int] = []

    def dying_write(handle: int, content: Any) -> int:
        writes.append(handle)
        if len(writes) == 1 and moment == "in the contents":
            write(handle, bytes(content)[:50])
            _die()
        if len(writes) == 2 and moment == "between contents and rows":
            _die()
        if len(writes) == 2 and moment == "in the rows":
            write(handle, bytes(content)[:50])
            _die()
        return write(handle, content)

    def dying_sync(handle: int) -> None:
        if moment == "before the syncs":
            _die()
        if handle == writes[0]:
            if moment == "after the sync of the contents":
                sync(handle)
                _die()
        elif moment == "after the sync of the rows":
            sync(handle)
            _die()
        sync(handle)

    os.write, os.fdatasync = dying_write, dying_sync
    print(hand_in(5).result(30), flush=True)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
