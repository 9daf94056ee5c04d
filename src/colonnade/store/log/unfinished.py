"""The end of the last group, which a machine's crash may have left without its contents.

A service forces rows and contents to disk at the same time, and tells nobody of a group before both
are there. A process that dies leaves what it wrote; a machine that stops may keep a row and lose
what the row has a commitment to. Such rows are all of one group, the last: no group is begun before
all that was written earlier is on disk, and all rows of a group, and of no other, have one time. So
rows of an earlier group are never cut off, whatever is missing beside them.

Nor are those of the last group where it was not the power that took their contents. What was never
written to a disk reads as zeros or is behind the end of the file; a line that was changed or taken
out leaves no zeros. And they have to be behind the last checkpoint, and the machine must have
stopped since the log was opened last: the log remembers in which run of the machine that was.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.records import CorruptionError
from colonnade.store.log.checkpoints import last_in_history, parse_checkpoint, standing_checkpoint
from colonnade.store.log.disk import replace_bytes, sync_file
from colonnade.store.log.segments import CONTENTS, TORN, segment_file, segment_files, time_of, whole_lines

GROUP = 1024
"""Rows of a group at most whose rows and contents are forced to disk at once."""

BOOT = "boot"
"""The file that says in which run of the machine a log was opened last."""

_RUNNING = Path("/proc/sys/kernel/random/boot_id")


class TornEnd(NamedTuple):
    """What a crash left behind the last row that was finished: cut off, and kept beside the log."""

    bytes: int
    kept: Path


def machine_went_on(folder: Path) -> bool:
    """Whether the machine has run without a stop since the log was opened last; no where nobody can say."""
    running = _running()
    try:
        return bool(running) and (folder / BOOT).read_bytes() == running
    except FileNotFoundError:
        return False


def remember_machine(folder: Path) -> None:
    """From here on what is missing is not owed to a crash of the machine, until it stops."""
    running = _running()
    if running and not machine_went_on(folder):
        replace_bytes(folder / BOOT, running)


def first_unfinished(folder: Path) -> int | None:
    """The first row whose contents a machine's crash took, and nobody was told of; none where there is none."""
    if machine_went_on(folder):
        return None
    files = [file for file in segment_files(folder) if file.stat().st_size]
    if not files:
        return None
    first, lines = int(files[-1].stem), whole_lines(files[-1].read_bytes())[0]
    start = max(_last_group(lines), len(lines) - GROUP, _vouched(folder) - first, 0)
    asked = [_commitments(line) for line in lines[start:]]
    if not any(asked):
        return None
    behind = _sealed_behind(segment_file(folder, CONTENTS, first), lines[:start])
    there = _readable(behind).keys()
    row = next((row for row, commitments in enumerate(asked) if not commitments <= there), None)
    if row is None or not _lost_with_power(behind, set().union(*asked[row + 1 :]) & there):
        return None
    return first + start + row


def cut_off(folder: Path, file: Path, end: int) -> TornEnd:
    """Cut a file of rows off at a byte, and keep what was behind it, for whoever wants to know."""
    with file.open("rb") as stream:
        stream.seek(end)
        torn = stream.read()
    place = folder / TORN
    place.mkdir(exist_ok=True)
    kept = place / f"{file.stem}-{end}"
    replace_bytes(kept, torn)
    os.truncate(file, end)
    sync_file(file)
    return TornEnd(len(torn), kept)


def references_of(row: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What a row says of its texts, under ``contents``."""
    contents = row.get("contents", {})
    rows = contents.items() if isinstance(contents, dict) else ()
    return {name: value for name, value in rows if isinstance(value, dict) and {"commitment", "key"} <= value.keys()}


def sealed_lines(folder: Path, first: int) -> dict[str, bytes]:
    """What was sealed beside one file of rows, by its commitment; half a line from a crash is no line."""
    try:
        return _readable(segment_file(folder, CONTENTS, first).read_bytes())
    except FileNotFoundError:
        return {}


def _readable(content: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for line in content.split(b"\n"):
        try:
            sealed = json.loads(line)
            found[sealed["commitment"]] = base64.b64decode(sealed["sealed"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _last_group(lines: Sequence[bytes]) -> int:
    """Where the rows begin that have the time of the last one."""
    start = len(lines)
    while start and time_of(lines[start - 1]) == time_of(lines[-1]):
        start -= 1
    return start


def _sealed_behind(file: Path, rows: Sequence[bytes]) -> bytes:
    """What lies in a file of contents behind that of these rows; rows and contents are in one order."""
    content = file.read_bytes() if file.exists() else b""
    last = next((found for row in reversed(rows) if (found := _commitments(row))), set[str]())
    place = max((content.rfind(commitment.encode()) for commitment in last), default=-1)
    return content[content.find(b"\n", place) + 1 :] if place >= 0 else content


def _lost_with_power(sealed: bytes, later: Set[str]) -> bool:
    """Whether a crash explains that contents of the last group are missing, though ``later`` ones are there."""
    *lines, _ = sealed.split(b"\n")
    if any(line and b"\x00" not in line and not _readable(line) for line in lines):
        return False
    return b"\x00" in sealed or not later


def _commitments(line: bytes) -> set[str]:
    if b'"contents":' not in line:
        return set()
    try:
        return {reference["commitment"] for reference in references_of(json.loads(line)["row"]).values()}
    except (ValueError, KeyError, TypeError):
        return set()


def _vouched(folder: Path) -> int:
    """Rows under a checkpoint; one that cannot be read vouches for all: then it is not a crash that is to be mended."""
    try:
        notes = standing_checkpoint(folder), last_in_history(folder)
    except CorruptionError:
        return sys.maxsize
    return max((parse_checkpoint(note.text).size for note in notes if note is not None), default=0)


def _running() -> bytes:
    try:
        return _RUNNING.read_bytes()
    except OSError:
        return b""
