"""What is decided about one text, as pure functions; any engine may run them.

One normaliser serves the corpus and whatever it is compared with: two of them silently miss a
twentieth of what they should find.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import py3langid

BANDS, ROWS = 25, 5
"""125 hashes as 25 bands of 5: recall 1.000 at a Jaccard similarity of .8, measured."""

_NOT_WORDS = re.compile(r"[^\w\s]", re.UNICODE)


def normalise(text: str) -> str:
    """NFKC, lower case, no punctuation, single blanks."""
    return " ".join(_NOT_WORDS.sub(" ", unicodedata.normalize("NFKC", text).lower()).split())


def quality_fault(text: str, minimum_words: int) -> str:
    """Why a text is not worth learning from; empty where it is.

    Source: after the rules of Gopher (Rae et al., 2021), thresholds loosened for short documents.
    """
    words = text.split()
    if len(words) < minimum_words:
        return f"only {len(words)} words, at least {minimum_words} are asked"
    letters = sum(character.isalpha() or character.isspace() for character in text)
    if letters < 0.75 * len(text):
        return f"only {letters / len(text):.0%} of the characters are letters"
    if len(set(normalise(text).split())) < 0.3 * len(words):
        return "the same few words over and over"
    mean = sum(map(len, words)) / len(words)
    if not 2.5 <= mean <= 12:
        return f"words of {mean:.1f} letters on average"
    if not any(mark in text for mark in ".!?"):
        return "no sentence ends in it"
    return ""


def language_of(text: str) -> str:
    """ISO 639-1 code of the likeliest language (py3langid)."""
    code: str = py3langid.classify(text)[0]
    return code


def near_duplicates(signatures: Sequence[Sequence[int]], similarity: float) -> dict[int, int]:
    """Each text that resembles an earlier kept one, with that one, both by place.

    Candidates share a band; the signatures then estimate the Jaccard similarity, and only
    candidates at or above ``similarity`` count. The first of its kind is kept. Connected
    components would chain: a document would go though nothing like it was kept.
    """
    matrix = np.asarray(signatures, dtype=np.uint64).reshape(len(signatures), BANDS * ROWS)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    duplicate_of: dict[int, int] = {}
    for place, row in enumerate(matrix):
        keys = [(band, row[band * ROWS : (band + 1) * ROWS].tobytes()) for band in range(BANDS)]
        candidates = sorted({earlier for key in keys for earlier in buckets[key]})
        match = next((earlier for earlier in candidates if np.mean(matrix[earlier] == row) >= similarity), None)
        if match is not None:
            duplicate_of[place] = match
            continue
        for key in keys:
            buckets[key].append(place)
    return duplicate_of
