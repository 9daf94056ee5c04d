"""Rows of CSV, JSONL, JSON and Parquet files and of Hugging Face folders, each with its place."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from colonnade.evaluation.intake.raw import Row
from colonnade.records import InputError, MissingPackageError
from colonnade.records.reading import parse_row, read_text

LONGEST_FIELD = 16_000_000
"""Characters of one CSV field; Python's own limit is 131,072."""

_BLANKS = re.compile(r"[\s,]*")


def rows_of(file: Path, needed: Sequence[str], part: str = "") -> tuple[Row, ...]:
    """Every row of a file or of a Hugging Face folder, by the ending of its name.

    Args:
        file: ``.csv``, ``.tsv``, ``.jsonl``, ``.json``, ``.parquet``, ``.arrow``, each of the text files with ``.gz``
            behind it if you like, or a folder.
        needed: columns without which it is not the expected file.
        part: of a JSON object, the key that holds the list.

    Raises:
        InputError: where it is missing, cut off, not UTF-8, empty, or lacks a column.
        MissingPackageError: for Parquet and Arrow without pyarrow.
    """
    if file.is_dir():
        rows = tuple(_folder_rows(file, needed))
    else:
        name = file.name.lower().removesuffix(".gz")
        ending = name[name.rfind(".") :] if "." in name else ""
        kinds = {".csv": _csv_rows, ".tsv": _csv_rows, ".jsonl": _jsonl_rows, ".parquet": _arrow_rows}
        if ending == ".json":
            rows = tuple(_json_rows(file, needed, part))
        elif ending in kinds or ending == ".arrow":
            rows = tuple(kinds.get(ending, _arrow_rows)(file, needed))
        else:
            mend = "Use .jsonl, .json, .csv, .tsv, .parquet, .arrow or a Hugging Face folder."
            raise InputError(f"'{ending}' is no ending that can be read.", file=file, mend=mend)
    if not rows:
        raise InputError("there is no row here.", file=file, mend="Name a file with at least one row.")
    return rows


def text_of(file: Path) -> str:
    """The text of a file, unpacked where its name ends in ``.gz``.

    Raises:
        InputError: as :func:`colonnade.records.reading.read_text`, and for a packed file that is cut off.
    """
    if not file.name.lower().endswith(".gz") or not file.is_file():
        return read_text(file)
    try:
        return gzip.decompress(file.read_bytes()).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        line = fault.object.count(b"\n", 0, fault.start) + 1
        what = f"byte {fault.object[fault.start]:#04x} is not UTF-8."
        raise InputError(what, file=file, line=line, mend="Save the file as UTF-8.") from None
    except (OSError, EOFError, zlib.error) as fault:
        raise InputError(f"this cannot be unpacked: {fault}.", file=file, mend="Fetch the file again.") from None


def _lacking(names: Sequence[str], needed: Sequence[str]) -> str:
    missing = [name for name in needed if name not in names]
    if not missing:
        return ""
    listed = " and ".join(f"'{name}'" for name in missing)
    there = ", ".join(f"'{name}'" for name in names if name) or "none"
    return f"the column{'s' if len(missing) > 1 else ''} {listed} {'are' if len(missing) > 1 else 'is'} missing;" + (
        f" there are: {there[:300]}."
    )


_COLUMNS_MEND = "Is this the file that you mean? Of your own files, say '--columns text=...'."


def _csv_rows(file: Path, needed: Sequence[str]) -> Iterator[Row]:
    text = text_of(file)
    delimiter = "\t" if ".tsv" in file.name.lower() else ","
    before = csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    line = 1
    try:
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                break
            if not header:
                header = [cell.strip() for cell in cells]
                if fault := _lacking(header, needed):
                    raise InputError(fault, file=file, line=line, mend=_COLUMNS_MEND)
            elif len(cells) == len(header):
                yield Row(file, line, True, dict(zip(header, cells, strict=True)))
            elif cells:
                what = f"this row has {len(cells)} cells, the first line has {len(header)}."
                raise InputError(what, file=file, line=line, mend="Is the file cut off, or a quote missing?")
    except csv.Error as fault:
        what = f"this is not CSV: {fault}."
        raise InputError(what, file=file, line=line, mend="Is the file cut off, or a quote missing?") from None
    finally:
        csv.field_size_limit(before)


def _jsonl_rows(file: Path, needed: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(text_of(file).split("\n"), start=1):
        if line.strip():
            yield _checked(Row(file, number, True, parse_row(line, file, number)), needed)


def _json_rows(file: Path, needed: Sequence[str], part: str) -> Iterator[Row]:
    """The objects of a list, or of the list under the key ``part``; each knows its line."""
    text = text_of(file)
    place = _list_start(text, part, file)
    decoder = json.JSONDecoder()
    while True:
        place = _blanks_end(text, place)
        line = text.count("\n", 0, place) + 1
        if text[place : place + 1] == "]":
            return
        try:
            _, end = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError) as fault:
            line = text.count("\n", 0, fault.pos) + 1 if isinstance(fault, json.JSONDecodeError) else line
            what = "this is not JSON, or it is cut off."
            raise InputError(what, file=file, line=line, mend="Fetch the file again.") from None
        yield _checked(Row(file, line, True, parse_row(text[place:end], file, line)), needed)
        place = end


def _list_start(text: str, part: str, file: Path) -> int:
    start = _blanks_end(text, 0)
    if text[start : start + 1] == "[":
        return start + 1
    found = re.search(rf'"{re.escape(part)}"\s*:\s*\[', text) if part else None
    if found is None:
        what = f"expected a list{f' under {part!r}' if part else ''}, [...]."
        raise InputError(what, file=file, line=text.count("\n", 0, start) + 1, mend="Is this the file that you mean?")
    return found.end()


def _blanks_end(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _checked(row: Row, needed: Sequence[str]) -> Row:
    if fault := _lacking(list(row.fields), needed):
        raise row.complain(fault, _COLUMNS_MEND)
    return row


def _folder_rows(folder: Path, needed: Sequence[str]) -> Iterator[Row]:
    """A Hugging Face folder: ``data/*.parquet`` as on the hub, or ``dataset_info.json`` with Arrow files."""
    files = sorted((folder / "data").glob("*.parquet"))
    if not files and (folder / "dataset_info.json").is_file():
        files = sorted(folder.glob("*.arrow"))
    if not files:
        mend = "Name a folder with data/*.parquet, or with dataset_info.json and *.arrow; of several splits, name one."
        raise InputError("this is no folder of a Hugging Face data set.", file=folder, mend=mend)
    for file in files:
        yield from _arrow_rows(file, needed)


def _arrow_rows(file: Path, needed: Sequence[str]) -> Iterator[Row]:
    table = _arrow_table(file)
    if fault := _lacking(table.column_names, needed):
        raise InputError(fault, file=file, mend=_COLUMNS_MEND)
    for number, fields in enumerate(table.to_pylist(), start=1):
        yield Row(file, number, False, fields)


def _arrow_table(file: Path) -> Any:
    """A table of pyarrow; the package is looked for only here."""
    if not file.is_file():
        raise InputError("there is no such file.", file=file, mend="Correct the name.")
    try:
        arrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        mend = "Install it with: pip install 'colonnade[data]'"
        raise MissingPackageError("Parquet and Arrow files need the package pyarrow.", file=file, mend=mend) from None
    try:
        if file.suffix.lower() == ".parquet":
            return parquet.read_table(str(file))
        with file.open("rb") as content:
            head = content.read(6)
            content.seek(0)
            opened = arrow.ipc.open_file(content) if head == b"ARROW1" else arrow.ipc.open_stream(content)
            return opened.read_all()
    except (arrow.ArrowException, OSError, ValueError) as fault:
        what = f"this cannot be read, or it is cut off: {str(fault).splitlines()[0]}."
        raise InputError(what, file=file, mend="Fetch the file again.") from None
