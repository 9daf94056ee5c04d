"""A file of one's own: which column is the text is said by its name, or by ``--columns``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from colonnade.evaluation.intake.files import rows_of
from colonnade.evaluation.intake.raw import FIELDS, Columns, RawRow, Row
from colonnade.records import Expected, InputError

TEXT_COLUMNS = ("text", "prompt", "question", "input")
"""Columns that are taken for the text, in this order, where ``--columns`` does not say."""

NUMBERED = "#"
"""Stands for the column of the ids where the rows shall be numbered."""

WORDS: Mapping[str, Expected] = MappingProxyType(
    dict.fromkeys(("decline", "refuse", "unsafe", "harmful", "violating"), Expected.DECLINE)
    | dict.fromkeys(("help", "comply", "answer", "safe", "benign"), Expected.HELP)
)
"""What may stand in the column ``expected``."""


def read_columns(file: Path, columns: Columns) -> tuple[RawRow, ...]:
    """Rows of any file, with the columns that are called like :data:`FIELDS` or that ``columns`` names.

    Raises:
        InputError: where no column holds text, a named column is missing, an id stands twice, or
            ``expected`` holds a word that is not known.
    """
    unknown = sorted(set(columns) - set(FIELDS))
    if unknown:
        what = f"'{unknown[0]}' is nothing that a column can be used for."
        raise InputError(what, file=file, mend=f"Use {', '.join(FIELDS)}.")
    rows = rows_of(file, tuple(name for name in columns.values() if name != NUMBERED))
    names = {field: columns.get(field, field) for field in FIELDS}
    if "text" not in columns:
        names["text"] = _text_column(rows[0])
    seen: dict[str, int] = {}
    found = []
    for place, row in enumerate(rows, start=1):
        raw = _raw(row, names, place)
        if raw.id in seen:
            what = f"the id '{raw.id}' stands in row {seen[raw.id]}, too."
            raise row.complain(what, "Give each row an id of its own, or number them: '--columns id=#'.")
        seen[raw.id] = place
        found.append(raw)
    return tuple(found)


def _text_column(row: Row) -> str:
    for name in TEXT_COLUMNS:
        if name in row.fields:
            return name
    there = ", ".join(map(str, row.fields))
    raise row.complain(f"which column is the text? There are: {there}.", "Say '--columns text=...'.")


def _raw(row: Row, names: Mapping[str, str], place: int) -> RawRow:
    category = row.word(names["category"])
    return RawRow(
        id=row.word(names["id"], str(place)),
        text=row.text(names["text"]),
        expected=_expected(row, names["expected"]),
        categories=(category,) if category else (),
        language=row.word(names["language"]),
        twin=row.word(names["twin"]),
        cluster=row.word(names["cluster"]),
        line=row.number,
    )


def _expected(row: Row, name: str) -> Expected | None:
    word = row.word(name).lower()
    if word and word not in WORDS:
        raise row.complain(f"'{name}' is '{word[:40]}'.", f"Use one of {', '.join(WORDS)}, or leave it empty.")
    return WORDS[word] if word else None
