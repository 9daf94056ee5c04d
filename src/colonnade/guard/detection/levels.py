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
_BIDS = "write give make show tell help take change build draft compose schreib gib mach zeig hilf bau"
_DOINGS = "step steps exactly instruction instructions script code template anleitung schritt schritte genau"
_QUESTIONS = (
    "what why which who whom where difference explain describe general report"
    " was warum welche welcher welchen welches wer wo unterschied erklär erkläre beschreib beschreibe"
)
_ASKS_FOR_DOING = re.compile(rf"^(?:{'|'.join(_BIDS.split())})\b|\b(?:{'|'.join(_DOINGS.split())})\b", re.IGNORECASE)
_ASKS_TO_UNDERSTAND = re.compile(rf"\b(?:{'|'.join(_QUESTIONS.split())})\b", re.IGNORECASE)
_BID, _DOING, _QUESTION = (frozenset(words.split()) for words in (_BIDS, _DOINGS, _QUESTIONS))
_ASKED_WITHIN = 400
"""Characters in which these words count."""

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_UNIT = re.compile(r"\d\s?(?:%|°|mg|g|kg|ml|l|mm|cm|m|km|min|h|s|v|a|w|kb|mb|gb)\b", re.IGNORECASE)
# What it begins with is looked for faster than what stands before it.
_NAME = re.compile(r" (?<=[^.!?:] )[A-Z]\w+")
_CODE = re.compile(r"[{}();=<>`]")
_INDENTED = re.compile(r"^\s{4}\S", re.MULTILINE)
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


def surface(text: str) -> tuple[float, ...]:
    """Plain facts of a text, each about 0 to 2: ``FACTS`` of them."""
    digits, lines = len(_DIGIT.findall(text)), "\n" in text or text[:1].isspace()
    doing, understanding = _asked(text[:_ASKED_WITHIN])
    return (
        min(len(text.split()), 60) / 20,
        min(digits, 10) / 5 + (digits > 0 and _UNIT.search(text) is not None),
        doing,
        understanding,
        float(text.rstrip().endswith("?")),
        min(len(_NAME.findall(text)), 4) / 2,
        float(_CODE.search(text) is not None or (lines and _INDENTED.search(text) is not None)),
        min(len(_STEP.findall(text)), 4) / 2,
    )


def _asked(text: str) -> tuple[int, int]:
    """How many words ask for doing, and how many to understand."""
    if not text.isascii():  # small and capital letters come in more than two forms
        return len(_ASKS_FOR_DOING.findall(text)), len(_ASKS_TO_UNDERSTAND.findall(text))
    small = text.lower()
    words = _WORD.findall(small)
    bid = bool(words) and words[0] in _BID and small.startswith(words[0])
    return sum(map(_DOING.__contains__, words)) + bid, sum(map(_QUESTION.__contains__, words))


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
