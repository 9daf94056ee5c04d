"""Which words and pieces of words a text has, hashed into a fixed number of places.

Words say what embeddings blur: names, spellings, slang. Pieces of words keep a misspelt word near the right one.

Source of the hashing: Weinberger et al., Feature hashing for large scale multitask learning, 2009.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

PLACES = 1 << 14
"""Words, pairs of words and pieces of words share so many places."""

_PIECES = (3, 4, 5)
_LONGEST = 64
_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")


def places(text: str) -> NDArray[np.int64]:
    """The place of every word, pair of neighbours and piece of a word, in no order, repetitions kept."""
    words = words_of(text)
    return np.concatenate([*map(places_of_word, words), places_of_pairs(words)])


def words_of(text: str) -> list[str]:
    """The words in their order, in small letters."""
    found: list[str] = _WORD.findall(plain(text).lower())
    return found


def places_of_pairs(words: Sequence[str]) -> NDArray[np.int64]:
    """The place of every pair of neighbours."""
    pairs = [zlib.crc32(f"{one} {other}".encode(errors="replace")) % PLACES for one, other in pairwise(words)]
    return np.array(pairs, dtype=np.int64)


def plain(text: str) -> str:
    """The text in its compatible form and without signs that nobody sees: two ways of hiding a word."""
    return text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def rarity(texts: Sequence[NDArray[np.int64]]) -> NDArray[np.float32]:
    """How much each place weighs: more where fewer of the texts have it. Shape (places,).

    Source: Spärck Jones, A statistical interpretation of term specificity, 1972.
    """
    having = np.zeros(PLACES)
    for row in texts:
        having[np.unique(row)] += 1
    return np.asarray(np.log((1 + len(texts)) / (1 + having)) + 1, dtype=np.float32)


def length(row: NDArray[np.int64], weights: NDArray[np.float32]) -> float:
    """What a text's weights are divided by, so that a long text counts no more than a short one."""
    own = weights[row]
    return max(float(np.sqrt(own @ own)), 1e-9)


def matrix(texts: Sequence[NDArray[np.int64]], weights: NDArray[np.float32]) -> csr_matrix:
    """One row per text: the weight of each place over the text's length. Shape (texts, places)."""
    values = [weights[row] / length(row, weights) for row in texts]
    ends = np.cumsum([0, *map(len, texts)])
    joined = csr_matrix((np.concatenate(values), np.concatenate(texts), ends), shape=(len(texts), PLACES))
    joined.sum_duplicates()
    return joined


def places_of_word(word: str) -> NDArray[np.int64]:
    """The places of a word and of its pieces."""
    framed = f"<{word[:_LONGEST]}>"
    terms = [word, *(framed[at : at + size] for size in _PIECES for at in range(len(framed) - size + 1))]
    return np.array([zlib.crc32(term.encode(errors="replace")) % PLACES for term in terms], dtype=np.int64)
