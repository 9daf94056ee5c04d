"""What a page of the report consists of: sections of tables and figures, and how numbers read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from colonnade.records import Digest

_SHORT = 12
_SMALLEST_P = 0.0001


class Cell(NamedTuple):
    """One cell of a table.

    Attributes:
        text: what it says; escaped by the page.
        style: ``number``, ``digest``, ``prose`` or ``word`` (something that stands out); else plain.
        title: the whole of what ``text`` shortens.
    """

    text: str
    style: str = ""
    title: str = ""


class Table(NamedTuple):
    """A caption, the columns, and rows whose first cell names the row; ``folded`` shows only the caption at first."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    folded: bool = False


class Figure(NamedTuple):
    """A plot (as SVG text that is escaped already) and the table with its numbers."""

    svg: str
    table: Table


class Section(NamedTuple):
    """A part of the page.

    Attributes:
        verdict: a word that is set large, for the decision alone.
        lead: paragraphs before everything else.
        points: sentences of a list.
        parts: tables and figures. A section without any of all this says that it is empty.
    """

    anchor: str
    title: str
    lead: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    parts: tuple[Table | Figure, ...] = ()
    verdict: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.lead or self.points or self.parts or self.verdict)


def table(caption: str, columns: Iterable[str], rows: Iterable[Iterable[Cell | str]]) -> Table:
    """A table; plain text stands for a plain cell."""
    cells = (tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows)
    return Table(caption, tuple(columns), tuple(cells))


def short_digest(digest: Digest) -> str:
    """The first twelve digits, without the algorithm."""
    return digest.removeprefix("sha256:")[:_SHORT]


def digest_cell(digest: Digest | None) -> Cell:
    """A digest shown short, the whole of it in the title."""
    return Cell(short_digest(digest), "digest", digest) if digest else Cell("none")


def count(number: int) -> Cell:
    """A whole number, thousands set apart."""
    return Cell(f"{number:,}".replace(",", " "), "number")


def decimal(number: float, digits: int = 2) -> Cell:
    """A number with this many digits."""
    return Cell(f"{number:.{digits}f}", "number")


def p_value(number: float) -> Cell:
    """A p-value; of one that four digits cannot show, only what it is under."""
    return decimal(number, 4) if number >= _SMALLEST_P else Cell(f"< {_SMALLEST_P}", "number")


def difference(share: float) -> Cell:
    """One share less another, in points."""
    return Cell(f"{100 * share:+.1f} points", "number")


def difference_range(low: float, high: float) -> Cell:
    """An interval of differences, in points."""
    return Cell(f"{100 * low:+.1f} to {100 * high:+.1f}", "number")


def percent(share: float | None) -> Cell:
    """A share as per cent; a rate without anything scored is a word, not a number."""
    return Cell(percent_text(share), "number") if share is not None else Cell("nothing scored")


def percent_text(share: float) -> str:
    """A share as per cent with one digit."""
    return f"{100 * share:.1f} %"


def percent_range(low: float, high: float) -> Cell:
    """An interval of shares."""
    return Cell(f"{percent_text(low)} to {percent_text(high)}", "number")


def word(text: str) -> Cell:
    """A finding that stands out."""
    return Cell(text, "word")


def plain(identifier: str) -> str:
    """An identifier as words: ``privacy-and-security`` as "privacy and security"."""
    return identifier.replace("-", " ").replace("_", " ")
