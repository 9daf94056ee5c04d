"""The command line in a process of its own, with its time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

HELD = 3
"""Exit status of a finished run that does not release."""

_COMMAND = (sys.executable, "-c", "from colonnade.cli import main; main()")
_KIB = 1024 if sys.platform == "linux" else 1


class Ended(NamedTuple):
    """What a command came to.

    Attributes:
        seconds: wall time, start of the interpreter included.
        peak_bytes: largest resident size of the process itself, as the system counts it.
    """

    status: int
    output: str
    errors: str
    seconds: float
    peak_bytes: int


class Sample(NamedTuple):
    """How much the processes of a command held at a moment; pages that two share count twice."""

    at: datetime
    size: int


def command(*arguments: str) -> Ended:
    """Run a command to its end."""
    return watched(arguments, every=None)[0]


def watched(arguments: Sequence[str], every: float | None = 0.25) -> tuple[Ended, list[Sample]]:
    """Run a command to its end and look at the memory of its processes every so many seconds."""
    samples: list[Sample] = []
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        process = subprocess.Popen([*_COMMAND, *arguments], stdout=output, stderr=errors)  # noqa: S603  # ours
        while every is not None and not _has_ended(process.pid):
            samples.append(Sample(datetime.now(UTC), tree_bytes(process.pid)))
            time.sleep(every)
        # wait4 tells this one child's peak; getrusage would mix it with that of earlier children.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Ended(process.returncode, texts[0], texts[1], seconds, usage.ru_maxrss * _KIB), samples


def _has_ended(identifier: int) -> bool:
    """Whether a child has ended, leaving its status to be collected."""
    return os.waitid(os.P_PID, identifier, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def tree_bytes(identifier: int) -> int:
    """Resident bytes of a process and all its descendants."""
    try:
        psutil: Any = import_module("psutil")
    except ModuleNotFoundError:
        return _tree_bytes_of_proc(identifier)
    total = 0
    try:
        parent = psutil.Process(identifier)
        members = [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return 0
    for member in members:
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue  # ended between the two looks
    return total


def _tree_bytes_of_proc(identifier: int) -> int:
    """The same from /proc; 0 where there is none."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            sizes[int(folder.name)] = int((folder / "statm").read_text().split()[1]) * page
        except OSError:
            continue  # ended between the two looks
        parents[int(folder.name)] = int(after_name[1])
    members, grown = {identifier}, True
    while grown:
        more = {child for child, parent in parents.items() if parent in members} - members
        members, grown = members | more, bool(more)
    return sum(sizes.get(member, 0) for member in members)
