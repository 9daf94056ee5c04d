"""What a reader finds in a set: rows of somebody else's file, with the place of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.records import Expected, InputError

Columns = Mapping[str, str]
"""Which column of a file holds what: ``text`` is needed, the others of :data:`FIELDS` are not."""

FIELDS = ("text", "id", "expected", "category", "language", "twin", "cluster")
"""What ``--columns`` can name."""


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        number: its line, or its place in a file without lines, counted from 1.
        is_line: whether ``number`` is a line.
    """

    file: Path
    number: int
    is_line: bool
    fields: Mapping[str, Any]

    def complain(self, what: str, mend: str) -> InputError:
        """A sentence with the file and the line, or with the row where there are no lines."""
        if self.is_line:
            return InputError(what, file=self.file, line=self.number, mend=mend)
        return InputError(f"row {self.number}: {what}", file=self.file, mend=mend)

    def text(self, name: str) -> str:
        """A column that must hold text.

        Raises:
            InputError: where it holds nothing, blanks, or something that is no text.
        """
        value = self.fields.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise self.complain(f"'{name}' holds no text.", "Fill it, or take the row out.")
        if not isinstance(value, str):
            raise self.complain(f"'{name}' holds {type(value).__name__}, not text.", "Is this the right column?")
        return value.strip()

    def word(self, name: str, default: str = "") -> str:
        """A column that may be missing, as text; numbers are written out."""
        value = self.fields.get(name)
        return default if value is None else str(value).strip() or default


class RawRow(NamedTuple):
    """One row of a set, before anything is decided about it.

    Attributes:
        id: its name in the set, once.
        expected: whether the set asks for a decline or for help; none where it does not say.
        categories: the narrowest first; the first that is mapped to a clause decides.
        twin: the id of the row that looks alike and expects the opposite.
        cluster: rows with the same word here are variants of one another.
        part: the part of the set that it belongs to, whose published size is known.
        fault: why it cannot be used, such as a picture where text is expected.
        line: its place in the file.
    """

    id: str
    text: str
    expected: Expected | None = None
    categories: tuple[str, ...] = ()
    language: str = "en"
    twin: str = ""
    cluster: str = ""
    part: str = ""
    fault: str = ""
    line: int = 0


ReadFile = Callable[[Path, Columns], tuple[RawRow, ...]]


class Reader(NamedTuple):
    """A set that can be read by name, or a kind of file.

    Attributes:
        citation: who made it and where it is described; empty for a kind of file.
        published: for each part of the set, the sizes in which it was published.
        note: what the reader does with it that one would not expect.
    """

    title: str
    licence: str
    citation: str
    published: Mapping[str, tuple[int, ...]]
    read: ReadFile
    note: str = ""

    @property
    def is_set(self) -> bool:
        """Whether this is a published set rather than a kind of file."""
        return bool(self.citation)


def no_columns(columns: Columns, file: Path) -> None:
    """Refuse a mapping of columns for a set whose columns are known.

    Raises:
        InputError: where there is one.
    """
    if columns:
        raise InputError(
            "the columns of this set are known.",
            file=file,
            mend="Leave '--columns' out, or read the file with '--from csv', 'jsonl' or 'parquet'.",
        )
