"""A disk that refuses now and then, in the middle of whatever: what was acknowledged is there, and nothing else is."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from threading import current_thread
from typing import Any

import pytest

from colonnade.store.log import GroupWriter, KeyRing, TransparencyLog, seal_contents, verify_log
from colonnade.store.log.contents import check_contents

from .logs import PUBLIC, SIGNER, new_log

CALLS = ("write", "fdatasync", "fsync", "truncate", "open", "stat", "fstat", "replace", "unlink")
REFUSALS = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE)
UNTIL = date(2027, 1, 1)


@contextmanager
def refusing(lot: Random, share: float) -> Iterator[None]:
    """Let this share of what the log's threads ask of the system fail; of a write, a part may have been done."""

    def faulty(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*asked: Any, **more: Any) -> Any:
            if not current_thread().name.startswith("audit-log") or lot.random() >= share:
                return real(*asked, **more)
            if name == "write" and lot.random() < 0.5 and len(asked[1]) > 1:
                written = real(asked[0], bytes(asked[1])[: lot.randrange(1, len(asked[1]))])
                if lot.random() < 0.5:
                    return written
            raise OSError(lot.choice(REFUSALS), "refused for once")

        return call

    with pytest.MonkeyPatch.context() as patched:
        for name in CALLS:
            patched.setattr(os, name, faulty(name, getattr(os, name)))
        yield


def written(writer: GroupWriter, ring: KeyRing, lot: Random, first: int) -> dict[int, int]:
    """Many rows, with texts and without: the number that each acknowledged one has, by its index."""
    asked: list[tuple[int, Future[int]]] = []
    for number in range(first, first + 150):
        row: dict[str, Any] = {"number": number}
        texts = {"said": f"text {number}"} if lot.random() < 0.7 else {}
        sealed = seal_contents(ring, "ana", UNTIL, texts)
        asked.append((number, writer.submit(row | {"contents": sealed.references}, sealed.lines)))
        if lot.random() < 0.3:
            asked[-1][1].exception(30)
    return {future.result(): number for number, future in asked if future.exception(30) is None}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_disk_refuses_acknowledged_rows_stay_where_they_are_and_the_log_mends_itself(
    seed: int, tmp_path: Path
) -> None:
    lot, folder, known = Random(seed), tmp_path / "log", dict[int, int]()
    new_log(folder, signed=False).close()
    ring = KeyRing(tmp_path / "people", bytes(32), folder)
    for opening in range(3):
        log = TransparencyLog(folder)
        with GroupWriter(log, SIGNER, seconds=lot.choice([0.0, 0.01, 60.0])) as writer:
            with refusing(lot, lot.choice([0.005, 0.02, 0.1])):
                known |= written(writer, ring, lot, 1000 * opening)
            assert writer.submit({"number": -1}).result(30) >= 0, "the disk is well again"
        log.close()
    lines = [
        json.loads(line) for file in sorted((folder / "rows").iterdir()) for line in file.read_bytes().splitlines()
    ]
    there = {line["index"]: line["row"]["number"] for line in lines}
    assert list(there) == list(range(len(lines)))
    assert {index: there.get(index) for index in known} == known
    assert 0 < len(known) < 450, "something was acknowledged, and something was refused"
    assert verify_log(folder, PUBLIC).problems == ()
    assert check_contents(folder, ring).problems == ()
