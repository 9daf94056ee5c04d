"""Rows on disk: segments of a fixed number of lines, each line a stamped row in canonical JSON.

A line is ``{"at":TIME,"index":N,"row":ROW}``: the log adds its own time and the place of the row,
so that equal rows are different leaves and a row that was moved says so itself. The line without
its line end is the leaf of the tree. Beside each segment of rows lies one of encrypted contents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from colonnade.records import CorruptionError, InputError, Record, canonical_json
from colonnade.store.log.tiles import TILES, WIDTH, TileFiles, nodes_from
from colonnade.store.log.tree import Nodes

ROWS, CONTENTS, TORN, SETTINGS = "rows", "contents", "torn", "log.json"
ACT = "audit"
"""The key of rows that the log's own commands write: holds, releases, erasures."""

_TIME = slice(7, 34)
_AFTER_TIME = 34
_HEAD = re.compile(rb'\{"at":"[0-9T:.-]{26}Z"')
_ACT_MARK = b'"row":{"audit":'


class LogSettings(Record):
    """What a log is from its first row on.

    Attributes:
        origin: its name in every checkpoint, such as ``example.com/guard``.
        segment_rows: rows of a file.
    """

    origin: str
    segment_rows: int = Field(default=WIDTH * WIDTH, ge=WIDTH, multiple_of=WIDTH)


class Act(NamedTuple):
    """A row that one of the log's own commands wrote."""

    row: int
    at: datetime
    content: Mapping[str, Any]


def read_settings(folder: Path) -> LogSettings:
    """What the log in a folder is.

    Raises:
        InputError: where there is no log.
    """
    try:
        return LogSettings.model_validate_json((folder / SETTINGS).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        mend = "Name the folder of an audit log, the one with 'log.json' in it; most commands take it as '--log'."
        raise InputError("there is no audit log here.", file=folder, mend=mend) from None
    except ValueError:
        mend = "Put it back from a backup."
        raise CorruptionError("this does not say what the log is.", file=folder / SETTINGS, mend=mend) from None


@lru_cache(maxsize=256)
def segment_file(folder: Path, kind: str, first: int) -> Path:
    """The file with the rows, or the contents, from ``first`` on."""
    return folder / kind / f"{first:012d}.jsonl"


def segment_files(folder: Path) -> list[Path]:
    """All files of rows, in order."""
    return sorted((folder / ROWS).glob("*.jsonl"))


def body_of(row: Mapping[str, Any]) -> bytes:
    """A row as it will stand in its line.

    Raises:
        InputError: where JSON cannot hold it, or it claims to be one of the log's own acts.
    """
    if ACT in row:
        raise InputError(f"a row may not have the key '{ACT}': the log's own commands write it.", mend="Rename it.")
    try:
        return canonical_json(dict(row))
    except (TypeError, ValueError) as fault:
        mend = "A row is a mapping of texts, numbers, lists and mappings."
        raise InputError(f"a row cannot be written as JSON: {fault}.", mend=mend) from None


def time_text(at: datetime) -> bytes:
    """A time as it stands in a line: 27 signs, which sort as the times do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").encode()


def later_time(now: bytes, last: bytes) -> bytes:
    """The time of a group behind one of the time ``last``: now, or the next one that can be told from it."""
    if now > last:
        return now
    return time_text(datetime.fromisoformat(last.decode()) + timedelta(microseconds=1))


def stamped(time: bytes, index: int, body: bytes) -> bytes:
    """The line of a row, without its line end: canonical JSON, put together from canonical parts."""
    return b'{"at":"%b","index":%d,"row":%b}' % (time, index, body)


def time_of(line: bytes) -> bytes:
    """The time in a line."""
    return line[_TIME]


def stands_at(line: bytes, index: int) -> bool:
    """Whether a line says that it is the row at this index."""
    return line.startswith(b'","index":%d,"row":' % index, _AFTER_TIME)


def whole_lines(content: bytes) -> tuple[list[bytes], bytes]:
    """The lines that were written to their end, and what is behind them.

    A crash can leave half a line, and on some file systems zeros where bytes should be; JSON has none.
    """
    zero = content.find(b"\x00")
    end = content.rfind(b"\n", 0, zero if zero >= 0 else len(content)) + 1
    lines = content[:end].split(b"\n")
    lines.pop()
    return lines, content[end:]


def rows_of_several_groups(torn: bytes) -> bool:
    """Whether what is behind the last whole row is more than a crash can have left: it tears one group at most."""
    pieces = torn.replace(b"\x00", b"\n").split(b"\n")
    return len({time_of(piece) for piece in pieces if _HEAD.match(piece)}) > 1


def row_line(folder: Path, index: int) -> bytes:
    """The line of one row.

    Raises:
        InputError: where the log has no such row.
    """
    rows = read_settings(folder).segment_rows
    first = index // rows * rows
    file = segment_file(folder, ROWS, first)
    lines = whole_lines(file.read_bytes())[0] if index >= 0 and file.exists() else []
    if index - first >= len(lines):
        raise InputError(f"the log has no row {index}.", file=folder, mend="Rows are counted from 0.")
    return lines[index - first]


def tree_nodes(folder: Path) -> Nodes:
    """The nodes of the tree of the log in a folder."""
    return nodes_from(TileFiles(folder).read)


def acts(folder: Path) -> Iterator[Act]:
    """All rows that the log's own commands wrote, in order."""
    for file in segment_files(folder):
        content = file.read_bytes()
        found = content.find(_ACT_MARK)
        while found >= 0:
            start, end = content.rfind(b"\n", 0, found) + 1, content.find(b"\n", found)
            if end < 0:
                break
            line = json.loads(content[start:end])
            if ACT in line["row"]:
                yield Act(line["index"], datetime.fromisoformat(line["at"]), line["row"])
            found = content.find(_ACT_MARK, end)


__all__ = [
    "ACT",
    "CONTENTS",
    "ROWS",
    "SETTINGS",
    "TILES",
    "TORN",
    "Act",
    "LogSettings",
    "acts",
    "body_of",
    "later_time",
    "read_settings",
    "row_line",
    "rows_of_several_groups",
    "segment_file",
    "segment_files",
    "stamped",
    "stands_at",
    "time_of",
    "time_text",
    "tree_nodes",
    "whole_lines",
]
