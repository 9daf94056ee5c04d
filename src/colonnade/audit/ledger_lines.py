"""The ledger as lines, whatever became of the file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_LONGEST = 100_000
"""Bytes; an entry has some three hundred."""


class LedgerLines(NamedTuple):
    """What stands in the file.

    Attributes:
        lines: whole ones, without their ends.
        torn: what stands behind the last line end.
        fault: why not all of it could be read, a sentence; empty where it was.
    """

    lines: tuple[bytes, ...] = ()
    torn: bytes = b""
    fault: str = ""


def read_ledger(file: Path) -> LedgerLines:
    """Every line; a file without line ends is not held in memory, and one with other line ends is read all the same."""
    lines: list[bytes] = []
    foreign = 0
    try:
        with file.open("rb") as stream:
            while line := stream.readline(_LONGEST + 1):
                if len(line) > _LONGEST:
                    what = (
                        f"ledger line {len(lines) + 1}: this is longer than any entry; nothing after it was looked at."
                    )
                    return LedgerLines(tuple(lines), b"", what)
                if not line.endswith(b"\n"):
                    return LedgerLines(tuple(lines), line, _about(foreign))
                foreign += line.endswith(b"\r\n")
                lines.append(line[:-1].removesuffix(b"\r"))
    except FileNotFoundError:
        return LedgerLines()
    except OSError as fault:
        what = f"the ledger cannot be read: {fault.strerror or fault}; nothing that it names was looked at."
        return LedgerLines(tuple(lines), b"", what)
    return LedgerLines(tuple(lines), b"", _about(foreign))


def _about(foreign: int) -> str:
    if not foreign:
        return ""
    return f"{foreign} lines of the ledger end with CR and LF: an editor or a transfer changed them."
