"""How a number that was written is told from the one that was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from colonnade.records import Record

TOLERANCE = 1e-6


def differing(name: str, written: Record, found: Mapping[str, object]) -> Iterator[str]:
    """A sentence for each field that does not say what was found: the record, the number claimed, the number found."""
    for field, value in found.items():
        said = getattr(written, field)
        if not alike(said, value):
            yield f"{name} has '{field}' at {shown(said)}, but counting again gives {shown(value)}."


def alike(said: object, found: object) -> bool:
    """Whether two values are the same, numbers to six places."""
    numbers = (int, float)
    if isinstance(said, numbers) and isinstance(found, numbers) and not isinstance(said, bool):
        return abs(said - found) <= TOLERANCE
    return said == found


def shown(value: object) -> str:
    """A value as a sentence shows it."""
    if value is None or value == ():
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        return ", ".join(map(shown, value))
    return str(value)
