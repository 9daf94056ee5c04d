"""Mappings between taxonomies as SSSOM tables: a metadata header in ``#`` lines, then tab-separated rows.

The form is that of https://mapping-commons.github.io/sssom/, version 1. What is read is checked: a row
whose ids, date or confidence cannot be right is a fault with its line. Strict reading raises the
first fault; an import lists them all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from colonnade.records import InputError, Mapping, MappingSet
from colonnade.records.reading import complaint, parse_yaml, read_text

UNSTATED_LICENCE = "https://w3id.org/sssom/license/unspecified"
"""What SSSOM asks for where nobody stated a licence."""

_CORE = ("subject_id", "subject_label", "predicate_id", "object_id", "object_label", "mapping_justification")
_OPTIONAL = (
    "predicate_modifier",
    "author_id",
    "author_label",
    "mapping_tool",
    "mapping_date",
    "confidence",
    "comment",
)
_NEEDED = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_SET_FIELDS = tuple(name for name in MappingSet.model_fields if name not in ("other", "mappings"))
_SEVERAL = frozenset(
    {"creator_id", "creator_label", "author_id", "author_label", "reviewer_id", "reviewer_label", "see_also"}
)


class RowFault(NamedTuple):
    """A row, or a piece of metadata, that cannot be kept, and why."""

    line: int
    what: str


def read_sssom(file: Path) -> MappingSet:
    """The whole table.

    Raises:
        InputError: at the first line that is not right.
    """
    table, faults = parse_sssom(read_text(file), file)
    if faults:
        first = min(faults)
        raise InputError(first.what, file=file, line=first.line, mend="Correct the line, or remove it.")
    return table


def parse_sssom(text: str, file: Path) -> tuple[MappingSet, tuple[RowFault, ...]]:
    """The table as far as it is right, and every line that is not.

    Raises:
        InputError: where the header is not YAML, a column that SSSOM needs is missing, or a quote
            is never closed, so that nothing below can be told apart.
    """
    lines = text.split("\n")
    body = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    fields, faults = _metadata("\n".join(line[1:] for line in lines[:body]), file)
    rows = []
    for number, row in _rows("\n".join(lines[body:]), body, file):
        if None in row:
            faults.append(RowFault(number, "this row has more cells than the header has columns."))
            continue
        try:
            rows.append(_mapping({name: (cell or "").strip() for name, cell in row.items()}))
        except ValidationError as fault:
            what = _row_complaint(fault, file)
            faults.append(RowFault(number, what))
    return MappingSet(**fields, mappings=tuple(rows)), tuple(faults)


def sssom_text(table: MappingSet) -> str:
    """The table as a file; reading it gives the same table again."""
    return _header_text(table) + _rows_text(table.mappings)


# --- metadata ----------------------------------------------------------------------------------


def _metadata(text: str, file: Path) -> tuple[dict[str, Any], list[RowFault]]:
    faults: list[RowFault] = []
    fields: dict[str, Any] = {"mapping_set_id": "", "license": UNSTATED_LICENCE}
    located = parse_yaml(text, file)
    if located.value is None:
        return _named(fields, file), faults
    if not isinstance(located.value, dict):
        raise InputError(
            "the lines that begin with '#' are not 'key: value' metadata.",
            file=file,
            line=1,
            mend="Write them as SSSOM does, for instance '#mapping_set_id: https://...'.",
        )
    other: dict[str, str] = {}
    for key, value in located.value.items():
        plain = _plain(value)
        if key == "curie_map" and isinstance(value, dict):
            fields[key] = {str(prefix): _plain(target) or "" for prefix, target in value.items()}
        elif plain is None or key == "curie_map":
            faults.append(RowFault(located.line((key,)), f"the metadata '{key}' is not a text or a list of texts."))
        elif key in _SET_FIELDS:
            fields[key] = (value if isinstance(value, date) else plain) or fields.get(key, "")
        else:
            other[str(key)] = plain
    if other:
        fields["other"] = other
    fields = {key: value for key, value in fields.items() if value != "" or key == "mapping_set_id"}
    try:
        MappingSet(**_named(fields, file))
    except ValidationError as fault:
        wrong = complaint(fault, file, located.line)
        raise InputError(wrong.what, file=file, line=wrong.line, mend="Correct the header.") from None
    return _named(fields, file), faults


def _named(fields: dict[str, Any], file: Path) -> dict[str, Any]:
    """With a name for the table where it gives none: the file's own."""
    return fields | {"mapping_set_id": fields.get("mapping_set_id") or f"urn:mapping-set:{stem(file.name)}"}


def stem(name: str) -> str:
    """A mapping file's name without what says that it is one."""
    return name.removesuffix(".tsv").removesuffix(".sssom")


def _plain(value: Any) -> str | None:
    if isinstance(value, list):
        parts = [_plain(part) for part in value if not isinstance(part, list)]
        return "|".join(part for part in parts if part) if len(parts) == len(value) and None not in parts else None
    if value is None:
        return ""
    return None if isinstance(value, dict) else " ".join(str(value).split())


def _header_text(table: MappingSet) -> str:
    values: dict[str, Any] = {}
    for name in _SET_FIELDS:
        value = getattr(table, name)
        if name == "curie_map":
            value = dict(value)
        if value:
            values[name] = value
    for name, text in table.other:
        parts = text.split("|")
        several = name in _SEVERAL and len(parts) > 1 and all(part and part == part.strip() for part in parts)
        values[name] = parts if several else text
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=2**31)
    return "".join(f"#{line}\n" for line in text.splitlines())


# --- rows --------------------------------------------------------------------------------------


def _rows(text: str, before: int, file: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", strict=True)
    number, columns = before, None
    try:
        for cells in reader:
            line, number = number + 1, before + reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _columns(cells, file, line)
                continue
            named: dict[str | None, Any] = dict(zip(columns, cells, strict=False))
            if any(cell.strip() for cell in cells[len(columns) :]):
                named[None] = cells[len(columns) :]
            yield line, named
    except csv.Error as fault:
        what = f"this is not a tab-separated table: {fault}."
        raise InputError(what, file=file, line=number + 1, mend='Close the quote, or double it ("").') from None
    if columns is None:
        what, mend = "this table has no header row.", f"Name the columns: {', '.join(_NEEDED)}."
        raise InputError(what, file=file, line=before + 1, mend=mend)


def _columns(cells: Sequence[str], file: Path, line: int) -> list[str]:
    columns = [cell.strip() for cell in cells]
    missing = [name for name in _NEEDED if name not in columns]
    twice = [name for name in columns if columns.count(name) > 1]
    if missing:
        what = f"the column '{missing[0]}' is missing."
        raise InputError(what, file=file, line=line, mend="SSSOM tables need " + ", ".join(_NEEDED) + ".")
    if twice:
        what = f"the column '{twice[0]}' stands twice." if twice[0] else "a column has no name."
        raise InputError(what, file=file, line=line, mend="Give each column a name of its own.")
    return columns


def _mapping(cells: dict[str | None, str]) -> Mapping:
    known = {name: cell for name, cell in cells.items() if name in Mapping.model_fields and name != "other" and cell}
    other = {name: " ".join(cell.split()) for name, cell in cells.items() if name not in known and cell}
    return Mapping.model_validate({**{str(name): cell for name, cell in known.items()}, "other": other})


def _row_complaint(fault: ValidationError, file: Path) -> str:
    error = fault.errors()[0]
    if error["type"] == "string_pattern_mismatch":
        return f"'{error['loc'][0]}' is '{error['input']}', which is neither 'prefix:name' nor a link."
    return complaint(fault, file, lambda _place: 1).what


def _rows_text(mappings: Sequence[Mapping]) -> str:
    optional = [name for name in _OPTIONAL if any(getattr(row, name) not in ("", None) for row in mappings)]
    other = sorted({name for row in mappings for name, _ in row.other})
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow([*_CORE, *optional, *other])
    for row in mappings:
        extra = dict(row.other)
        known = (getattr(row, name) for name in (*_CORE, *optional))
        written = ["" if value is None else str(value) for value in known]
        writer.writerow([*written, *(extra.get(name, "") for name in other)])
    return stream.getvalue()
