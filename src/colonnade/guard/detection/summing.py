"""What the words of a text say to every head, for all its windows at once.

Windows overlap, words come again, and a small call of NumPy costs as much as a hundred additions. So what a word adds
is found once and remembered as one row: its vector of every encoder whose vectors are sums, what that says to every
head, what the word itself says to every head, and the square of its length. Pairs of neighbours have rows already, one
per place. The rows of a text are laid in one block, and each window is the sum of a slice of it.

The sums are asked of the BLAS in SciPy: its calls keep the interpreter to themselves. Many of NumPy's let it go even
for a dozen rows, and beside a thread that is busy a ruling would wait its turn at each.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import sqrt
from threading import Lock
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy, sgemv, snrm2

from colonnade.guard.detection import wording
from colonnade.guard.detection.windows import LONGEST_WORD, Cut, Span

KEPT = 1 << 13
"""Words that are remembered at most, some 10 MB with twenty topics; those that came least lately are forgotten."""

_FOUND_AT_ONCE = 256
"""Windows whose words lie in one block: some hundred words, a megabyte or two."""

_NOTHING = 1e-12
"""What is as short as this has no length."""

Floats = NDArray[np.float32]

_ONES = np.ones(128, dtype=np.float32)


@runtime_checkable
class Additive(Protocol):
    """An encoder whose vector of a text is the sum over what stands between its blanks, made to length 1."""

    def of_word(self, word: str) -> Floats:
        """What a word adds: shape (dimensions,)."""
        ...


class _Word(NamedTuple):
    """A word as it stands between blanks.

    Attributes:
        row: what it adds, as bytes: many are laid in a block faster than rows of an array.
        first: the first word that a reader of words finds in it, as bytes; empty where there is none.
        begun: the pair that the last one begins; see :func:`wording.begin_pair`.
    """

    row: bytes
    first: bytes
    begun: int


class WordSums:
    """What words say to the heads; safe from several threads at once.

    Args:
        encoders: whose vectors are sums.
        parts: of each encoder, from its vectors to the heads; shape (dimensions, heads).
        words: from places of words and pairs to the heads; shape (places, heads).
        rarity: of each place; shape (places,).
        intercepts: what each head says of nothing; shape (heads,).
    """

    def __init__(
        self, encoders: Sequence[Additive], parts: Sequence[Floats], words: Floats, rarity: Floats, intercepts: Floats
    ) -> None:
        self._encoders, self._parts, self._intercepts = tuple(encoders), tuple(parts), intercepts
        self._heads = len(intercepts)
        # A row holds the vectors of all encoders, what each says to the heads, what the words say, and a square.
        ends = list(accumulate(map(len, parts), initial=0))
        said = range(ends[-1], ends[-1] + len(parts) * self._heads, self._heads)
        self._vectors = tuple(zip(map(len, parts), ends, said, strict=False))
        self._of_words = ends[-1] + len(parts) * self._heads
        self._width = self._of_words + self._heads + 1
        content = np.column_stack([words, np.square(rarity)]).astype(np.float32).tobytes()
        size = 4 * (self._heads + 1)
        self._pairs = [content[at : at + size] for at in range(0, len(content), size)]
        # Two halves: what is found in the older one moves to the recent one, and the older one goes when that is full.
        self._recent: dict[str, _Word] = {}
        self._older: dict[str, _Word] = {}
        self._learning = Lock()

    def of(self, cut: Cut) -> list[list[float]]:
        """What every head says of each window, from its words and its vectors, each made to length 1."""
        spans = cut.spans
        if len(spans) <= _FOUND_AT_ONCE:
            return self._of(cut.words, spans)
        found: list[list[float]] = [[]] * len(spans)
        order = sorted(range(len(spans)), key=spans.__getitem__)
        for start in range(0, len(order), _FOUND_AT_ONCE):
            some = order[start : start + _FOUND_AT_ONCE]
            begin, end = spans[some[0]][0], max(spans[number][1] for number in some)
            moved = [(spans[number][0] - begin, spans[number][1] - begin) for number in some]
            for number, row in zip(some, self._of(cut.words[begin:end], moved), strict=True):
                found[number] = row
        return found

    def _of(self, words: Sequence[str], spans: Sequence[Span]) -> list[list[float]]:
        if not words:
            return [self._intercepts.tolist() for _ in spans]
        rows, first, begun = zip(*self._find(words), strict=True)
        block = np.frombuffer(b"".join(rows), dtype=np.float32).reshape(-1, self._width).T
        # What is all signs stands between two words and does not part them.
        read = None if all(first) else [at for at, word in enumerate(first) if word]
        if read is not None:
            first, begun = tuple([first[at] for at in read]), tuple([begun[at] for at in read])
        joined = b"".join(map(self._pairs.__getitem__, wording.end_pairs(begun, first[1:])))
        pairs = np.frombuffer(joined, dtype=np.float32).reshape(-1, self._heads + 1).T
        ones = _ones(len(words))
        heads, at_words, vectors = self._heads, self._of_words, self._vectors
        found = np.empty((len(spans), heads), dtype=np.float32)
        found[:] = self._intercepts
        said = found.reshape(-1)
        for at, (start, end) in zip(range(0, len(said), heads), spans, strict=True):
            if start == end:
                continue
            row = sgemv(1.0, block[:, start:end], ones)
            if read is not None:
                start, end = bisect_left(read, start), bisect_left(read, end)
            if start < end - 1:
                # Added in place to what the words say.
                sgemv(1.0, pairs[:, start : end - 1], ones, 1.0, row, 0, 1, at_words, 1, 0, 1)
            for size, begin, from_here in vectors:
                saxpy(row, said, heads, 1 / max(snrm2(row, size, begin), _NOTHING), from_here, 1, at)
            saxpy(row, said, heads, 1 / max(sqrt(row[-1]), _NOTHING), at_words, 1, at)
        return found.tolist()

    def _find(self, words: Sequence[str]) -> list[_Word]:
        found = list(map(self._recent.get, words))
        return found if all(found) else self._learn(words)  # type: ignore[return-value] # no None

    def _learn(self, words: Sequence[str]) -> list[_Word]:
        with self._learning:
            return [self._recent.get(word) or self._remembered(word) for word in words]

    def _remembered(self, word: str) -> _Word:
        found = self._older.get(word) or self._read(word)
        if len(word) <= LONGEST_WORD:
            if len(self._recent) >= KEPT // 2:
                self._older, self._recent = self._recent, {}
            self._recent[word] = found
        return found

    def _read(self, word: str) -> _Word:
        """A word that was not seen before, or long ago."""
        vectors = [encoder.of_word(word) for encoder in self._encoders]
        said = [sgemv(1.0, part.T, vector) for vector, part in zip(vectors, self._parts, strict=True)]
        parts = wording.words_of(word)
        places = wording.places_of_word(parts[0]) if len(parts) == 1 else wording.places_of(parts)
        laid = b"".join(map(self._pairs.__getitem__, places.tolist()))
        rows = np.frombuffer(laid, dtype=np.float32).reshape(-1, self._heads + 1).T
        own = sgemv(1.0, rows, _ones(len(places))) if len(places) else np.zeros(self._heads + 1, dtype=np.float32)
        return _Word(
            row=np.concatenate([*vectors, *said, own], dtype=np.float32).tobytes(),
            first=wording.spelt(parts[0]) if parts else b"",
            begun=wording.begin_pair(parts[-1]) if parts else 0,
        )


def _ones(count: int) -> Floats:
    return _ONES if count <= len(_ONES) else np.ones(count, dtype=np.float32)
