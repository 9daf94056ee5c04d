"""Which words and pieces of words a text has, hashed into a fixed number of places.

Words say what embeddings blur: names, spellings, slang. Pieces of words keep a misspelt word near the right one.

Source of the hashing: Weinberger et al., Feature hashing for large scale multitask learning, 2009.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

PLACES = 1 << 14
"""Words, pairs of words and pieces of words share so many places."""

_LAST = PLACES - 1
_PIECES = (3, 4, 5)
_LONGEST = 64
_REMEMBERED = 1 << 12
_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")


def places(text: str) -> NDArray[np.int64]:
    """The place of every word, pair of neighbours and piece of a word, in no order, repetitions kept."""
    return places_of(words_of(text))


def places_of(words: Sequence[str]) -> NDArray[np.int64]:
    """The same of words in their order."""
    pairs = end_pairs(map(begin_pair, words[:-1]), map(spelt, words[1:]))
    return np.concatenate([*map(places_of_word, words), np.array(pairs, dtype=np.int64)])


def words_of(text: str) -> list[str]:
    """The words in their order, in small letters."""
    found: list[str] = _WORD.findall(plain(text).lower())
    return found


def begin_pair(one: str) -> int:
    """What a word adds to the place of a pair in which it is the first."""
    return zlib.crc32(spelt(f"{one} "))


def end_pairs(begun: Iterable[int], others: Iterable[bytes]) -> list[int]:
    """The places of pairs, from what the first word of each adds and how the second is spelt."""
    # The rest of a division by PLACES, a power of two.
    return [hashed & _LAST for hashed in map(zlib.crc32, others, begun)]


def spelt(word: str) -> bytes:
    """What is hashed of a word; half a character is as good as none."""
    return word.encode(errors="replace")


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


@lru_cache(maxsize=_REMEMBERED)
def places_of_word(word: str) -> NDArray[np.int64]:
    """The places of a word and of its pieces; not to be written to, since the same words come again."""
    framed = f"<{word[:_LONGEST]}>"
    terms = [word, *(framed[at : at + size] for size in _PIECES for at in range(len(framed) - size + 1))]
    found = np.array([zlib.crc32(spelt(term)) % PLACES for term in terms], dtype=np.int64)
    found.flags.writeable = False
    return found
