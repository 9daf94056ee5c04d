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
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from colonnade.guard.detection.reading import is_plain

PLACES = 1 << 14
"""Words, pairs of words and pieces of words share so many places."""

_LAST = PLACES - 1
_PIECES = (3, 4, 5)
_LONGEST = 64
_NOTHING = 1e-9
_ROWS_AT_ONCE = 256
_REMEMBERED = 1 << 12
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ONE_NUMBER = "7"
_INVISIBLE = re.compile(
    # Controls, then what Unicode says may be left out, then marks over and through letters that make no letter of their
    # own with what stands before them: signs of Arabic or Hindi are other ones, and belong to their words.
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
    r"\u00ad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
    r"\ufff0-\ufff8\U000e0000-\U000e0fff\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)


def places(text: str) -> NDArray[np.int64]:
    """The place of every word, pair of neighbours and piece of a word, in no order, repetitions kept."""
    return places_of(words_of(text))


def places_of(words: Sequence[str]) -> NDArray[np.int64]:
    """The same of words in their order."""
    pairs = end_pairs(map(begin_pair, words[:-1]), map(spelt, words[1:]))
    return np.concatenate([*map(places_of_word, words), np.array(pairs, dtype=np.int64)])


def numbers_alike(text: str) -> str:
    """The text with the same number in the place of every number.

    Which number it is says nothing of what somebody wants, and a few examples that happen to have one teach
    that it does. What a text asks for with one number it therefore asks for with any other.
    """
    return _NUMBER.sub(_ONE_NUMBER, text)


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
    return text if is_plain(text) else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def seen(text: str) -> str:
    """The text without signs that nobody sees; an accent that makes a letter with the one before it stays."""
    return text if is_plain(text) else _INVISIBLE.sub("", unicodedata.normalize("NFC", text))


class Counted(NamedTuple):
    """The places of a text, each once and in order, and how often each comes."""

    places: NDArray[np.int64]
    counts: NDArray[np.float32]


def counted(text: str) -> Counted:
    """What :func:`rarity` and :func:`matrix` need of a text."""
    found, counts = np.unique(places(text), return_counts=True)
    return Counted(found, counts.astype(np.float32))


def rarity(texts: Sequence[Counted]) -> NDArray[np.float32]:
    """How much each place weighs: more where fewer of the texts have it. Shape (places,).

    Source: Spärck Jones, A statistical interpretation of term specificity, 1972.
    """
    having = np.bincount(np.concatenate([row.places for row in texts]), minlength=PLACES)
    return np.asarray(np.log((1 + len(texts)) / (1 + having)) + 1, dtype=np.float32)


def matrix(texts: Sequence[Counted], weights: NDArray[np.float32]) -> csr_matrix:
    """One row per text: the weight of each place over the text's length. Shape (texts, places).

    A text is divided by its length, so that a long one counts no more than a short one.
    """
    values = []
    for row in texts:
        own = weights[row.places]
        values.append(row.counts * own / max(float(np.sqrt(row.counts @ np.square(own))), _NOTHING))
    ends = np.cumsum([0, *(len(row.places) for row in texts)])
    return csr_matrix(
        (np.concatenate(values), np.concatenate([row.places for row in texts]), ends), (len(texts), PLACES)
    )


def products(rows: csr_matrix) -> NDArray[np.float32]:
    """Each row with each: shape (rows, rows). Only half of it is computed, the other half is the same."""
    found = np.empty((rows.shape[0], rows.shape[0]), dtype=np.float32)
    turned = rows.T.tocsr()
    for start in range(0, len(found), _ROWS_AT_ONCE):
        end = start + _ROWS_AT_ONCE
        found[start:end, start:] = (rows[start:end] @ turned[:, start:]).toarray()
        found[end:, start:end] = found[start:end, end:].T
    return found


def places_of_word(word: str) -> NDArray[np.int64]:
    """The places of a word and of its pieces; not to be written to, since the same words come again."""
    return _remembered_places(word) if len(word) <= _LONGEST else _places_of_word(word)


def _places_of_word(word: str) -> NDArray[np.int64]:
    framed = f"<{word[:_LONGEST]}>"
    whole = spelt(word)
    if len(whole) == len(word):  # a letter is a byte, so pieces of the one are pieces of the other
        letters, length = spelt(framed), len(framed)
        terms = [letters[at : at + size] for size in _PIECES for at in range(length - size + 1)]
    else:
        terms = [spelt(framed[at : at + size]) for size in _PIECES for at in range(len(framed) - size + 1)]
    found = np.array([place & _LAST for place in map(zlib.crc32, [whole, *terms])], dtype=np.int64)
    found.flags.writeable = False
    return found


_remembered_places = lru_cache(maxsize=_REMEMBERED)(_places_of_word)
"""Of words of an ordinary length; one that is longer does not come again, and may be as long as a text."""
