"""What a data set that serves a clause must look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from colonnade.records.record import Pairs, Record


class DataCell(Record):
    """One combination of declared attributes, and how much of it is asked for.

    Attributes:
        where: attribute and value, for instance ``gender: woman``; what contributors declare of
            themselves, never what a picture seems to show.
        share: at least this share of all items.
        minimum: at least so many items.
    """

    where: Annotated[Pairs, Field(min_length=1)]
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    minimum: Annotated[int, Field(ge=1)] | None = None


class DataTarget(Record):
    """What a data set that serves a clause must look like.

    Attributes:
        id: its name in reports.
        subject: which items of the manifest it is about; all where it is empty.
        cells: shares and counts over declared attributes.
        undeclared: largest share of items that declare nothing for an attribute of a cell.
        largest_source: largest share that one source may have.
        licences: licences that count; empty for any, but one must be stated.
        consent: whether every item must state a consent.
        languages: languages that must be there.
        duplicates: largest near-duplicate rate within one source.
        tolerance: how far under ``share`` the data may lie, in points of share.
        confidence: of every interval.
        because: why these numbers, and who decided.
    """

    id: str
    subject: Pairs = ()
    cells: tuple[DataCell, ...] = ()
    undeclared: Annotated[float, Field(ge=0, le=1)] = 1.0
    largest_source: Annotated[float, Field(gt=0, le=1)] = 1.0
    licences: tuple[str, ...] = ()
    consent: bool = False
    languages: tuple[str, ...] = ()
    duplicates: Annotated[float, Field(ge=0, le=1)] = 1.0
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    because: Annotated[str, Field(min_length=3)]
