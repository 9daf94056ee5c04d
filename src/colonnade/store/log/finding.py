"""Rows found by what stands in them, the newest first, without reading the whole log."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.store.log.segments import read_settings, segment_files

NEWEST = 16
"""Files of rows that are looked through; with 65,536 rows each, about a million."""


_FEW = 4
"""Of the newest files, where all of their rows are read."""


class FoundRow(NamedTuple):
    """A row of the log.

    Attributes:
        number: its place, from 0.
    """

    number: int
    at: datetime
    row: dict[str, Any]


def find_rows(folder: Path, key: str, value: str, files: int = NEWEST) -> Iterator[FoundRow]:
    """Rows with this text under this key of theirs, the newest first.

    Args:
        folder: of the log.
        key: of the row itself, such as ``id``; it needs no escapes in JSON.
        value: likewise.
        files: so many of the newest files of rows are looked through.

    Raises:
        InputError: where there is no log.
    """
    read_settings(folder)
    needle = f'"{key}":{json.dumps(value, ensure_ascii=False)}'.encode()
    for file in reversed(segment_files(folder)[-files:]):
        if not file.stat().st_size:
            continue
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            end = content.rfind(b"\n") + 1  # what is behind the last line end is half a row
            while (place := content.rfind(needle, 0, end)) >= 0:
                start, stop = content.rfind(b"\n", 0, place) + 1, content.find(b"\n", place)
                line = json.loads(content[start:stop])
                if line["row"].get(key) == value:
                    yield FoundRow(line["index"], datetime.fromisoformat(line["at"]), line["row"])
                end = start


def values_of(folder: Path, key: str, files: int = _FEW) -> set[str]:
    """Every text that stands under a key of a row, in the newest files of rows.

    Args:
        folder: of the log.
        key: of the row itself, such as ``principal``; it needs no escapes in JSON.
        files: so many of the newest files of rows are read.
    """
    pattern, found = re.compile(rb'"%s":("(?:[^"\\]|\\.)*")' % key.encode()), set[bytes]()
    for file in segment_files(folder)[-files:]:
        if file.stat().st_size:
            with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
                found.update(match[1] for match in pattern.finditer(content))
    return {str(json.loads(value)) for value in found}
