"""The end of a group that a machine's crash left without its contents.

A service forces rows and contents to disk at the same time, and tells nobody of a group before both
are there. A process that dies leaves what it wrote; a machine that stops may keep a row and lose
what the row has a commitment to. Such rows can only be among the last of the last file, behind the
last checkpoint, and only if the machine stopped since the log was opened last: the log remembers in
which run of the machine that was. Anything else that is missing was taken away by somebody.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colonnade.records import CorruptionError
from colonnade.store.log.checkpoints import last_in_history, parse_checkpoint, standing_checkpoint
from colonnade.store.log.disk import replace_bytes
from colonnade.store.log.segments import CONTENTS, segment_file, segment_files, whole_lines

GROUP = 1024
"""Rows of a group at most whose rows and contents are forced to disk at once."""

BOOT = "boot"
"""The file that says in which run of the machine a log was opened last."""

_RUNNING = Path("/proc/sys/kernel/random/boot_id")


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
    start = max(len(lines) - GROUP, _vouched(folder) - first, 0)
    asked = {number: _commitments(line) for number, line in enumerate(lines[start:], start=first + start)}
    if not any(asked.values()):
        return None
    there = sealed_lines(folder, first).keys()
    return next((number for number, commitments in asked.items() if not commitments <= there), None)


def references_of(row: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What a row says of its texts, under ``contents``."""
    contents = row.get("contents", {})
    rows = contents.items() if isinstance(contents, dict) else ()
    return {name: value for name, value in rows if isinstance(value, dict) and {"commitment", "key"} <= value.keys()}


def sealed_lines(folder: Path, first: int) -> dict[str, bytes]:
    """What was sealed beside one file of rows, by its commitment; half a line from a crash is no line."""
    try:
        lines = segment_file(folder, CONTENTS, first).read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    found: dict[str, bytes] = {}
    for line in lines:
        try:
            content = json.loads(line)
            found[content["commitment"]] = base64.b64decode(content["sealed"])
        except (ValueError, KeyError, TypeError):
            continue
    return found


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
