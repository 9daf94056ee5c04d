"""Features that are sums over words, for all windows of a text at once.

Windows overlap, words come again, and a small call of NumPy costs as much as a hundred additions. So what a word adds
is found once and remembered as one row: its vector of every encoder whose vectors are sums, its weights and the square
of its length. Pairs of neighbours have rows already, one per place. The windows are then one product of matrices: which
window holds which word, times the words' rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import wording
from colonnade.guard.detection.windows import Cut, Span

KEPT = 1 << 14
"""Words that are remembered; when there are more, all are forgotten."""

_FOUND_AT_ONCE = 256
"""Windows whose words are looked up together; they have fewer words than are remembered."""

_SUMMED_AT_ONCE = 32
"""Windows of one product: of many more, most hold none of the others' words."""

Floats = NDArray[np.float32]


@runtime_checkable
class Additive(Protocol):
    """An encoder whose vector of a text is the sum over what stands between its blanks, made to length 1."""

    def of_word(self, word: str) -> Floats:
        """What a word adds: shape (dimensions,)."""
        ...


class _Known:
    """Words by their numbers. A number is given out last, so whoever finds one finds the rest.

    Attributes:
        rows: shape (words, width), the last ones not filled yet.
        first: the first word that a reader of words finds in each, as bytes; empty where there is none.
        begun: the pair that the last one begins; see :func:`wording.begin_pair`.
    """

    def __init__(self, words: int, width: int) -> None:
        self.numbers: dict[str, int] = {}
        self.rows = np.empty((words, width), dtype=np.float32)
        self.first: list[bytes] = []
        self.begun: list[int] = []


class WordSums:
    """Sums over the words of windows; safe from several threads at once.

    Args:
        encoders: whose vectors are sums.
        rows: one per place of words and pairs; shape (places, columns).
    """

    def __init__(self, encoders: Sequence[Additive], rows: Floats) -> None:
        self._encoders, self._pairs = tuple(encoders), rows
        self._width = sum(len(encoder.of_word("")) for encoder in encoders) + rows.shape[1]
        self._known = _Known(KEPT, self._width)
        self._learning = Lock()

    def of(self, cut: Cut) -> Floats:
        """One row per window: the vector of each encoder, then the columns of words and pairs."""
        if len(cut.spans) == 1:
            return self._of_one(cut.words)
        found = np.empty((len(cut.spans), self._width), dtype=np.float32)
        order = sorted(range(len(cut.spans)), key=cut.spans.__getitem__)
        for start in range(0, len(order), _FOUND_AT_ONCE):
            some = order[start : start + _FOUND_AT_ONCE]
            found[some] = self._of_some(cut.words, [cut.spans[number] for number in some])
        return found

    def _of_one(self, words: Sequence[str]) -> Floats:
        known, numbers = self._find(words)
        summed = np.add.reduce(known.rows.take(numbers, axis=0), axis=0, keepdims=True)
        places = _places_of_pairs(known, _with_words(known, numbers))
        if len(places):
            summed[0, -self._pairs.shape[1] :] += np.add.reduce(self._pairs.take(places, axis=0), axis=0)
        return summed

    def _of_some(self, words: Sequence[str], spans: Sequence[Span]) -> Floats:
        begin, end = spans[0][0], max(end for _, end in spans)
        known, numbers = self._find(words[begin:end])
        rows = known.rows.take(numbers, axis=0)
        joined = self._pairs.take(_places_of_pairs(known, _with_words(known, numbers)), axis=0)
        read = np.array([at for at, number in enumerate(numbers) if known.first[number]], dtype=np.intp)
        lefts, rights = read[:-1], read[1:]
        bounds, at = np.array(spans, dtype=np.intp) - begin, np.arange(end - begin)
        summed = np.empty((len(spans), self._width), dtype=np.float32)
        for start in range(0, len(spans), _SUMMED_AT_ONCE):
            some = slice(start, start + _SUMMED_AT_ONCE)
            starts, ends = bounds[some, :1], bounds[some, 1:]
            held = slice(int(starts[0, 0]), int(ends.max()))
            summed[some] = ((starts <= at[held]) & (at[held] < ends)).astype(np.float32) @ rows[held]
            if len(joined):
                held = slice(*np.searchsorted(rights, (held.start, held.stop)).tolist())
                within = (starts <= lefts[held]) & (rights[held] < ends)
                summed[some, -joined.shape[1] :] += within.astype(np.float32) @ joined[held]
        return summed

    def _find(self, words: Sequence[str]) -> tuple[_Known, list[int]]:
        known = self._known
        numbers = list(map(known.numbers.get, words))
        return (known, numbers) if None not in numbers else self._learn(words)  # type: ignore[return-value] # no None

    def _learn(self, words: Sequence[str]) -> tuple[_Known, list[int]]:
        with self._learning:
            known = self._known
            new = [word for word in dict.fromkeys(words) if word not in known.numbers]
            if len(known.numbers) + len(new) > len(known.rows):
                # Whoever still reads the old ones keeps them.
                new = list(dict.fromkeys(words))
                known = self._known = _Known(max(KEPT, len(new)), self._width)
            for word in new:
                number, parts = len(known.first), wording.words_of(word)
                own = self._pairs.take(wording.places_of(parts), axis=0).sum(axis=0)
                known.rows[number] = np.concatenate([*(encoder.of_word(word) for encoder in self._encoders), own])
                known.first.append(wording.spelt(parts[0]) if parts else b"")
                known.begun.append(wording.begin_pair(parts[-1]) if parts else 0)
                known.numbers[word] = number
            return known, [known.numbers[word] for word in words]


def _with_words(known: _Known, numbers: Sequence[int]) -> Sequence[int]:
    """Those with a word in them: what is all signs stands between two words and does not part them."""
    first = known.first
    return [number for number in numbers if first[number]]


def _places_of_pairs(known: _Known, numbers: Sequence[int]) -> NDArray[np.int64]:
    """The places of all neighbours."""
    first, begun = known.first, known.begun
    return wording.end_pairs([begun[number] for number in numbers[:-1]], [first[number] for number in numbers[1:]])
