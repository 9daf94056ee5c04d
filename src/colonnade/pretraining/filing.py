"""The corpus as people filed it: JSONL, text, Markdown and Parquet, checked file by file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from colonnade.records import InputError, Record
from colonnade.records.reading import read_rows, read_text, row_to_record

READABLE = (".jsonl", ".txt", ".md", ".parquet")
_SMALLEST_PARQUET = 12


class CorpusRow(Record):
    """One document as filed.

    Attributes:
        source: where it comes from; licence: under which terms.
    """

    id: Annotated[str, Field(min_length=1)]
    text: str
    language: str = ""
    source: str = "unknown"
    licence: str = "unknown"


class CorpusFile(NamedTuple):
    """A file of the corpus; the rows of a Parquet file are left to the engine."""

    file: Path
    name: str
    rows: tuple[CorpusRow, ...]


def read_files(workspace: Path) -> tuple[CorpusFile, ...]:
    """Every file below ``corpus/``.

    Raises:
        InputError: for a file that is not UTF-8 or not what its ending says, a row that is wrong,
            or an id used twice.
    """
    folder = workspace / "corpus"
    files = sorted(path for path in folder.glob("**/*") if path.is_file() and not path.name.startswith("."))
    if not files:
        raise InputError(
            "there is no corpus file here.", file=folder, mend=f"Add files that end in {', '.join(READABLE)}."
        )
    seen: dict[str, str] = {}
    return tuple(_read(file, file.relative_to(workspace).as_posix(), seen) for file in files)


def _read(file: Path, name: str, seen: dict[str, str]) -> CorpusFile:
    rows = []
    for line, row in _rows(file, name):
        if row.id in seen:
            raise InputError(
                f"the document id '{row.id}' is used twice; it stands in {seen[row.id]}, too.",
                file=file,
                line=line,
                mend="Give it an id of its own.",
            )
        seen[row.id] = f"{name}, line {line}"
        rows.append(row)
    return CorpusFile(file, name, tuple(rows))


def _rows(file: Path, name: str) -> Iterator[tuple[int, CorpusRow]]:
    ending = file.suffix.lower()
    if ending == ".parquet":
        with file.open("rb") as stream:
            whole = stream.read(4) == b"PAR1" and stream.seek(0, 2) >= _SMALLEST_PARQUET
            stream.seek(-4 if whole else 0, 2)
            if not whole or stream.read() != b"PAR1":
                mend = "Correct its ending, or write it again."
                raise InputError("this is not a whole Parquet file.", file=file, mend=mend)
    elif ending in (".txt", ".md"):
        yield 1, CorpusRow(id=name, text=read_text(file), source=name)
    elif ending == ".jsonl":
        for line, content in read_rows(file):
            yield line, row_to_record(CorpusRow, content, file, line)
    else:
        raise InputError(
            f"files that end in '{ending}' cannot be read.", file=file, mend=f"Use one of {', '.join(READABLE)}."
        )
