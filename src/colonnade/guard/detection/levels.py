"""What the surface of a text says of its level: a few plain counts beside the embedding."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from colonnade.records import Level, Record

_LEVELS = tuple(Level)

FACTS = 8
"""How many facts :func:`surface` counts."""

SURFACE_WEIGHT = 0.05
"""Of the facts, in units of their spread, beside features of length 1."""

# The words are of the two languages that the examples are written in; in others only the signs count.
_ASKS_FOR_DOING = re.compile(
    r"^(?:write|give|make|show|tell|help|take|change|build|draft|compose|schreib|gib|mach|zeig|hilf|bau)\b"
    r"|\b(?:steps?|exactly|instructions?|script|code|template|anleitung|schritte?|genau)\b",
    re.IGNORECASE,
)
_ASKS_TO_UNDERSTAND = re.compile(
    r"\b(?:what|why|which|who|whom|where|difference|explain|describe|general|report"
    r"|was|warum|welche[rns]?|wer|wo|unterschied|erkläre?|beschreibe?)\b",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_UNIT = re.compile(r"\d\s?(?:%|°|mg|g|kg|ml|l|mm|cm|m|km|min|h|s|v|a|w|kb|mb|gb)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[^.!?:] )[A-Z]\w+")
_CODE = re.compile(r"[{}();=<>]|`|^\s{4}\S", re.MULTILINE)
_STEP = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s", re.MULTILINE)


class LevelReport(Record):
    """How near the level comes that is found to the one that people named, each text held out.

    Attributes:
        items: how many texts have a named level.
        exact, near: how many were found exactly, or at most one level off.
        side: how many were found on the right side of their clause's ceiling.
        guess: how many would be found exactly by always naming the commonest level.
    """

    items: int
    exact: int
    near: int
    side: int
    guess: int


def surface(text: str) -> NDArray[np.float64]:
    """Plain facts of a text, each about 0 to 2; shape (``FACTS``,)."""
    return np.array(
        [
            min(len(text.split()), 60) / 20,
            min(len(_DIGIT.findall(text)), 10) / 5 + bool(_UNIT.search(text)),
            len(_ASKS_FOR_DOING.findall(text[:400])),
            len(_ASKS_TO_UNDERSTAND.findall(text[:400])),
            float(text.rstrip().endswith("?")),
            min(len(_NAME.findall(text)), 4) / 2,
            float(bool(_CODE.search(text))),
            min(len(_STEP.findall(text)), 4) / 2,
        ]
    )


def level_between(rank: float, lowest: int, highest: int) -> Level:
    """The level nearest to a rank, within these two."""
    return _LEVELS[max(lowest, min(highest, math.floor(rank + 0.5)))]


def level_report(found: NDArray[np.float64], ranks: Sequence[int], ceilings: Sequence[int]) -> LevelReport:
    """Held-out ranks beside those that people named."""
    rounded = np.clip(np.floor(found + 0.5), 0, len(Level) - 1)
    named, limits = np.asarray(ranks), np.asarray(ceilings)
    counts = np.bincount(named, minlength=len(Level)) if len(named) else np.zeros(1, dtype=int)
    return LevelReport(
        items=len(named),
        exact=int((rounded == named).sum()),
        near=int((np.abs(rounded - named) <= 1).sum()),
        side=int(((rounded > limits) == (named > limits)).sum()),
        guess=int(counts.max()),
    )
