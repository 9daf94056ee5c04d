"""Which texts are nearly the same, and which hold a copy of another: exactly, and without comparing all.

Near duplicates have a high Jaccard similarity of character 5-grams. Characters rather than words,
since prompts are short and many languages set no blanks. A copy has most of a prompt's pieces of five
words. Only likeness of letters is seen: a paraphrase in other words is not, and needs a cluster that
its author names.

Source of the search: prefix filtering, Bayardo, Ma and Srikant, Scaling Up All Pairs Similarity
Search, WWW 2007; with more than one shared element, Wang, Li and Feng, Adaptive Prefix Filtering,
SIGMOD 2012.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

GRAM = 5
"""Characters of a shingle."""

SIMILARITY = 0.6
"""From this Jaccard similarity two prompts count as near duplicates."""

WORDS = 5
"""Words of a piece by which a copy within a longer text is recognised."""

COPIED = 0.6
"""From this share of a prompt's pieces, found in one text, the text holds a copy of it."""

_UNSPACED = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")

_SHARED = 3
_CHUNK, _PAIRS = 500, 20_000

_NO_LETTERS = re.compile(r"[^\w]+")


class Near(NamedTuple):
    """Two texts that are nearly the same, by their places in the list; ``one`` comes before ``other``."""

    one: int
    other: int
    similarity: float


def normal_text(text: str) -> str:
    """The text without case, accents of form, punctuation and runs of blanks.

    Vowel signs that Unicode does not call letters are dropped with the punctuation, in all texts alike.
    """
    return _NO_LETTERS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def shingles(text: str) -> frozenset[str]:
    """The character 5-grams of the normal text; a shorter text is one shingle."""
    plain = normal_text(text) or text
    return frozenset(plain[place : place + GRAM] for place in range(max(1, len(plain) - GRAM + 1)))


def pieces(text: str) -> frozenset[str]:
    """Every five words in a row; signs of scripts without blanks are a word each, and a shorter text has no piece."""
    words = _UNSPACED.sub(r" \1 ", normal_text(text)).split()
    return frozenset(" ".join(words[place : place + WORDS]) for place in range(len(words) - WORDS + 1))


def near_pairs(
    texts: Sequence[str], similarity: float = SIMILARITY, old: int = 0, across: bool = False
) -> tuple[Near, ...]:
    """Every pair of texts whose Jaccard similarity reaches ``similarity``; none is missed.

    Args:
        texts: what is compared.
        similarity: over 0 and at most 1.
        old: so many of the first texts are not compared with one another.
        across: the others are only compared with these first ones.

    With a and b shingles, two texts that are this similar share at least three (or all that the
    similarity asks for) among the rarest ``a - ceil(similarity * a) + 3`` shingles of the one and
    as many of the other, so only pairs that share these are counted out.
    """
    if len(texts) < 2:
        return ()
    whole, sizes = _incidence([shingles(text) for text in texts])
    least = np.ceil(similarity * sizes - 1e-9).astype(np.int64)
    rarest = _first_of_rows(whole, sizes - least + _SHARED)
    others = rarest.T.tocsr()
    found: list[Near] = []
    for start in range(0, len(texts), _CHUNK):
        product = (rarest[start : start + _CHUNK] @ others).tocoo()
        one, other = product.row.astype(np.int64) + start, product.col.astype(np.int64)
        low, high = np.minimum(sizes[one], sizes[other]), np.maximum(sizes[one], sizes[other])
        needed = np.minimum(_SHARED, np.minimum(least[one], least[other]))
        kept = (one < other) & (other >= old) & ((one < old) | (not across))
        kept &= (low >= similarity * high - 1e-9) & (product.data >= needed)
        found += _counted_out(whole, sizes, one[kept], other[kept], similarity)
    return tuple(sorted(found))


def copy_pairs(texts: Sequence[str], old: int = 0) -> tuple[Near, ...]:
    """Every pair of texts of which one holds a copy of the other, with the share of pieces that it holds.

    Args:
        texts: what is compared.
        old: so many of the first texts are not compared with one another.
    """
    whole, sizes = _incidence([pieces(text) for text in texts])
    others = whole.T.tocsr()
    found: list[Near] = []
    for start in range(0, len(texts), _CHUNK):
        product = (whole[start : start + _CHUNK] @ others).tocoo()
        one, other = product.row.astype(np.int64) + start, product.col.astype(np.int64)
        share = product.data / np.maximum(np.minimum(sizes[one], sizes[other]), 1)
        kept = (one < other) & (other >= old) & (share >= COPIED)
        found += map(Near, one[kept].tolist(), other[kept].tolist(), share[kept].tolist())
    return tuple(sorted(found))


def _counted_out(
    whole: Any, sizes: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64], similarity: float
) -> Iterator[Near]:
    """Those of the pairs that are similar enough."""
    for start in range(0, len(one), _PAIRS):
        left, right = one[start : start + _PAIRS], other[start : start + _PAIRS]
        shared = np.asarray(whole[left].multiply(whole[right]).sum(axis=1)).ravel()
        values = shared / (sizes[left] + sizes[right] - shared)
        near = values >= similarity
        yield from map(Near, left[near].tolist(), right[near].tolist(), values[near].tolist())


def _incidence(sets: Sequence[frozenset[str]]) -> tuple[Any, NDArray[np.int64]]:
    """A sparse matrix of shape (texts, shingles), the rarest shingle first, and the size of each text's set."""
    numbers: dict[str, int] = {}
    flat = np.fromiter(
        (numbers.setdefault(shingle, len(numbers)) for one in sets for shingle in one),
        dtype=np.int64,
        count=sum(map(len, sets)),
    )
    ranks = np.empty(len(numbers), dtype=np.int64)
    ranks[np.argsort(np.bincount(flat), kind="stable")] = np.arange(len(numbers))
    sizes = np.array([len(one) for one in sets], dtype=np.int64)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    matrix = csr_matrix((np.ones(len(flat), dtype=np.int32), ranks[flat], ends), shape=(len(sets), len(numbers)))
    matrix.sort_indices()
    return matrix, sizes


def _first_of_rows(matrix: Any, lengths: NDArray[np.int64]) -> Any:
    """The matrix with only the first entries of each row."""
    starts, counts = matrix.indptr[:-1], np.diff(matrix.indptr)
    place_in_row = np.arange(matrix.nnz) - np.repeat(starts, counts)
    kept = place_in_row < np.repeat(lengths, counts)
    ends = np.concatenate([[0], np.cumsum(np.minimum(counts, lengths))])
    return csr_matrix((matrix.data[kept], matrix.indices[kept], ends), shape=matrix.shape)


def groups(size: int, links: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """For each of ``size`` things, the smallest that it is linked with, directly or through others."""
    leader = list(range(size))

    def first(thing: int) -> int:
        while leader[thing] != thing:
            leader[thing] = leader[leader[thing]]
            thing = leader[thing]
        return thing

    for one, other in links:
        low, high = sorted((first(one), first(other)))
        leader[high] = low
    return tuple(first(thing) for thing in range(size))


def links_of(keys: Iterable[Hashable]) -> Iterator[tuple[int, int]]:
    """A link from each thing to the first one with the same key; an empty key links nothing."""
    seen: dict[Hashable, int] = {}
    for place, key in enumerate(keys):
        if key:
            yield seen.setdefault(key, place), place
