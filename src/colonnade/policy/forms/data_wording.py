"""The words for what a clause asks of collected data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from colonnade.policy.forms.wording import percent
from colonnade.records.data_target import DataCell, DataTarget


def demand_sentences(target: DataTarget) -> Iterator[str]:
    """Everything that a target asks for, besides its cells."""
    yield f"About {pairs_words(target.subject) if target.subject else 'all items'}."
    yield f"Confidence of every interval: {percent(target.confidence)}."
    if target.tolerance:
        yield f"A share may lie {100 * target.tolerance:.10g} points under what is asked."
    if target.undeclared < 1:
        yield f"At most {percent(target.undeclared)} of the items declare nothing for an attribute of a cell."
    if target.largest_source < 1:
        yield f"No source has more than {percent(target.largest_source)} of the items."
    if target.duplicates < 1:
        yield f"At most {percent(target.duplicates)} of a source's items are near duplicates."
    yield f"Licences that count: {', '.join(target.licences) or 'any that is stated'}."
    if target.consent:
        yield "Every item states a consent."
    if target.languages:
        yield f"Languages that must be there: {', '.join(target.languages)}."


def asked_words(cell: DataCell) -> str:
    """How much of a cell is asked for."""
    asked = []
    if cell.share is not None:
        asked.append(f"{percent(cell.share)} of all items")
    if cell.minimum is not None:
        asked.append(f"{cell.minimum:,} items")
    return " and ".join(asked) or "nothing"


def pairs_words(pairs: Iterable[tuple[str, str]]) -> str:
    """Attributes and values."""
    return ", ".join(f"{name} = {value}" for name, value in pairs)
