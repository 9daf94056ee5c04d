"""Rows per second into the audit log and out of its verification, at several sizes; what an answer costs.

Usage: python benchmarks/audit_log.py [--sizes N ...] [--group N] [--folder DIR] [--out FILE]

With ``--sizes`` and nothing behind it only the writer and the serving are measured.

Every group is forced to disk before its rows are acknowledged. The targets (20,000 rows per second
appended in groups, a million rows verified in 30 s) are printed beside what was measured.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from colonnade.audit.proving import prove_row
from colonnade.guard.recording import LogRecorder, QuickRing
from colonnade.store.log import (
    Entry,
    GroupWriter,
    KeyRing,
    TransparencyLog,
    create_log,
    seal_contents,
    verifier_key,
    verify_log,
)
from results import err, show, write

ROWS_PER_SECOND = 20_000
MILLION_SECONDS = 30.0
SIZES = (10_000, 100_000, 1_000_000)
SEALED = 20_000
"""Rows with a prompt and an answer, from fifty subjects."""
PROOFS = 20
AT_ONCE = (1, 16, 64)
"""Answers under way while what they cost is measured."""
BUSY = (0.0, 300e-6)
"""Seconds for which the loop's thread works on something else before each row."""
ANSWERS = 3_200
ORIGIN = "example.com/guard"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where both targets are met, else 1."""
    parser = argparse.ArgumentParser(description="The audit log: appending, verifying, proving.")
    parser.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), help="rows of the logs")
    parser.add_argument("--group", type=int, default=1024, help="rows of a group")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one by default")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="audit-log-", dir=options.folder))
    try:
        sizes = [measure(folder / str(size), size, options.group) for size in options.sizes]
        single, sealed = measure_writer(folder / "single"), measure_sealed(folder / "sealed")
        cases = [(at_once, work) for work in BUSY for at_once in AT_ONCE]
        serving = [measure_serving(folder / f"serving-{at_once}-{work}", at_once, work) for at_once, work in cases]
    finally:
        shutil.rmtree(folder)
    _show(sizes, single, sealed, serving)
    parts = {"writer": single, "sealed": sealed, "serving": serving}
    write(options.out, {"group": options.group, "sizes": sizes, **parts})
    if not sizes:
        return 0
    largest = sizes[-1]
    fast = largest["verify_seconds"] / largest["rows"] * 1e6 <= MILLION_SECONDS
    return 0 if fast and largest["rows_per_second"] >= ROWS_PER_SECOND else 1


def measure(folder: Path, size: int, group: int) -> dict[str, Any]:
    """Append so many rows in groups, open the log again, verify all of it and prove some."""
    key = Ed25519PrivateKey.generate()
    log = _new(folder)
    slowest = appending = working = 0.0
    for rows in _groups(size, group):
        started, busy = perf_counter(), process_time()
        log.append(rows)
        took = perf_counter() - started
        slowest, appending, working = max(slowest, took), appending + took, working + process_time() - busy
    log.sign_checkpoint(key)
    started = perf_counter()
    TransparencyLog(folder)
    opening = perf_counter() - started
    started, busy = perf_counter(), process_time()
    found = verify_log(folder, verifier_key(ORIGIN, key))
    verifying, checking = perf_counter() - started, process_time() - busy
    assert (found.rows, found.vouched, found.problems) == (size, size, ())
    started = perf_counter()
    for number in range(PROOFS):
        prove_row(folder, number * size // PROOFS)
    return {
        "rows": size,
        "rows_per_second": round(size / appending),
        "rows_per_cpu_second": round(size / working),
        "slowest_group_ms": round(slowest * 1e3, 1),
        "verify_seconds": round(verifying, 2),
        "verify_cpu_seconds": round(checking, 2),
        "open_ms": round(opening * 1e3, 1),
        "proof_ms": round((perf_counter() - started) / PROOFS * 1e3, 1),
        "bytes_per_row": round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / size),
    }


def measure_writer(folder: Path, size: int = 100_000) -> dict[str, Any]:
    """Hand rows in one by one, as requests would, and wait for all of them to be acknowledged."""
    with GroupWriter(_new(folder)) as writer:
        rows = [row for group in _groups(size, size) for row in group]
        started = perf_counter()
        futures = [writer.submit(row) for row in rows]
        for future in futures:
            future.result()
        seconds = perf_counter() - started
        waits = []
        for row in rows[:200]:
            started = perf_counter()
            writer.submit(row).result()
            waits.append(perf_counter() - started)
    return {"rows_per_second": round(size / seconds), "alone_median_ms": round(sorted(waits)[100] * 1e3, 2)}


def measure_sealed(folder: Path) -> dict[str, Any]:
    """The same with a prompt of 400 and an answer of 1,200 signs, sealed under one of fifty keys."""
    ring = KeyRing(folder.parent / "keys", bytes(32), folder)
    texts = {"prompt": "a question " * 36, "answer": "an answer, " * 110}
    until = date(2030, 1, 1)
    with GroupWriter(_new(folder)) as writer:
        started = perf_counter()
        futures = []
        for number in range(SEALED):
            sealed = seal_contents(ring, f"subject {number % 50}", until, texts)
            futures.append(writer.submit({**_row(number), "contents": sealed.references}, sealed.lines))
        for future in futures:
            future.result()
        seconds = perf_counter() - started
    return {"rows": SEALED, "rows_per_second": round(SEALED / seconds)}


def measure_serving(folder: Path, at_once: int, work: float = 0.0, answers: int = ANSWERS) -> dict[str, Any]:
    """What the log costs a service: per answer a sealed request and, when that is on disk, a sealed reply.

    With ``work`` the loop's thread is kept from both for so long before each row; that is not counted as CPU.
    """
    ring = QuickRing(folder.parent / f"keys of {folder.name}", bytes(32), folder)
    recorder = LogRecorder(GroupWriter(_new(folder)), ring)
    texts = {"user": "a question " * 36}, {"0 content": "an answer, " * 110}
    groups, waits, worked = _counted(recorder.writer.log), [], []

    async def answer(number: int) -> None:
        for row, said in zip(_rows_of_answer(number), texts, strict=True):
            worked.append(_work(work))
            started = perf_counter()
            await recorder.write(row, f"subject {number % 50}", said)
            waits.append(perf_counter() - started)

    async def answer_some(numbers: range) -> None:
        for number in numbers:
            await answer(number)

    async def serve() -> tuple[float, float, float]:
        await answer_some(range(100))
        groups.clear()
        waits.clear()
        worked.clear()
        started, busy, in_loop = perf_counter(), process_time(), thread_time()
        await asyncio.gather(*(answer_some(range(first, answers, at_once)) for first in range(at_once)))
        other = sum(worked)
        return perf_counter() - started, process_time() - busy - other, thread_time() - in_loop - other

    try:
        wall, busy, in_loop = (seconds / answers * 1e6 for seconds in asyncio.run(serve()))
    finally:
        recorder.close()
    return {
        "at_once": at_once,
        "work_us": round(2 * work * 1e6),
        "cpu_us": round(busy),
        "loop_cpu_us": round(in_loop),
        "wall_us": round(wall),
        "row_median_ms": round(median(waits) * 1e3, 2),
        "rows_of_a_group": round(2 * answers / len(groups), 1),
    }


def _work(seconds: float) -> float:
    """Hold the thread for so many seconds of CPU; gives those that it took."""
    started = now = thread_time()
    while now - started < seconds:
        now = thread_time()
    return now - started


def _counted(log: TransparencyLog) -> list[int]:
    """The sizes of the groups that a log writes from here on."""
    groups: list[int] = []
    append = log.append_entries

    def counting(entries: Sequence[Entry]) -> range:
        groups.append(len(entries))
        return append(entries)

    setattr(log, "append_entries", counting)  # noqa: B010  # a plain assignment to a method is one that mypy refuses
    return groups


def _rows_of_answer(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the gateway says of one answer: rows of 700 to 900 bytes."""
    ruling = {**_row(number), "reason": "the text is not near any example of a topic that the policies limit."}
    both = {"id": f"ex-{number:032x}", "endpoint": "chat", "guard": "sha256:" + "8f" * 32, "ruling": ruling}
    reply = {"act": "reply", "ended": "answered", "milliseconds": 12.728, "outputs": [{"said": 140, "windows": 2}]}
    return {"act": "request", **both}, {**both, **reply}


def _new(folder: Path) -> TransparencyLog:
    create_log(folder, ORIGIN)
    return TransparencyLog(folder)


def _groups(size: int, group: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, size, group):
        yield [_row(number) for number in range(start, min(start + group, size))]


def _row(number: int) -> dict[str, Any]:
    """What a guard might say of one request: some 280 bytes with time and index."""
    return {
        "action": "allow",
        "clause": "cyber.malware",
        "detectors": ["topics/static@1.2.0", "levels/static@1.2.0", "patterns@1.0.0"],
        "level": "overview",
        "request": f"req-{number:012d}",
        "rule": "cyber.malware/ceiling",
        "tier": "everyone",
        "topic": "cyber/malware",
    }


def _show(
    sizes: Sequence[dict[str, Any]],
    single: dict[str, Any],
    sealed: dict[str, Any],
    serving: Sequence[dict[str, Any]],
) -> None:
    columns = (
        "rows",
        "appended/s",
        "per CPU-second",
        "slowest group",
        "verified in",
        "opened in",
        "a proof in",
        "bytes/row",
    )
    cells = [
        (
            f"{row['rows']:,}",
            f"{row['rows_per_second']:,}",
            f"{row['rows_per_cpu_second']:,}",
            f"{row['slowest_group_ms']} ms",
            f"{row['verify_seconds']} s ({row['verify_cpu_seconds']} CPU)",
            f"{row['open_ms']} ms",
            f"{row['proof_ms']} ms",
            row["bytes_per_row"],
        )
        for row in sizes
    ]
    notes = (
        f"Handed in one by one: {single['rows_per_second']:,} rows/s; one alone is acknowledged in"
        f" {single['alone_median_ms']} ms (median).",
        f"With a sealed prompt and answer each: {sealed['rows_per_second']:,} rows/s.",
        f"Targets: {ROWS_PER_SECOND:,} rows/s in groups; a million rows verified in {MILLION_SECONDS:.0f} s.",
    )
    show("The audit log", columns, cells, notes)
    _show_serving(serving)
    err.print("A proof reads one segment of rows; the page cache was warm.")


def _show_serving(serving: Sequence[dict[str, Any]]) -> None:
    columns = (
        "answers at once",
        "CPU us/answer",
        "of it the loop",
        "wall us/answer",
        "other work",
        "a row waits",
        "rows/group",
    )
    cells = [
        (
            row["at_once"],
            row["cpu_us"],
            row["loop_cpu_us"],
            row["wall_us"],
            f"{row['work_us']} us",
            f"{row['row_median_ms']} ms",
            row["rows_of_a_group"],
        )
        for row in serving
    ]
    notes = (
        "An answer is two sealed rows, the second written when the first is on disk.",
        "The other work of the loop's thread is not in the CPU.",
    )
    show("The audit log of a service", columns, cells, notes)


if __name__ == "__main__":
    sys.exit(main())
