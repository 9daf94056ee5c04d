"""The features of the texts that heads learn from, remembered from one learning to the next.

Somebody who edits an example changes one text of a thousand. What the others are read as is looked up; only what
was there the last time is kept, so no more is remembered than is learnt from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import wording
from colonnade.guard.detection.summing import Additive

Floats = NDArray[np.float32]
T = TypeVar("T")


class _Kept(Generic[T]):
    """What the texts of the last time were read as."""

    def __init__(self) -> None:
        self._last: dict[str, T] = {}

    def read(self, texts: Sequence[str], reading: Callable[[Sequence[str]], Sequence[T]]) -> list[T]:
        new = [text for text in dict.fromkeys(texts) if text not in self._last]
        known = self._last | (dict(zip(new, reading(new), strict=True)) if new else {})
        self._last = {text: known[text] for text in texts}
        return [known[text] for text in texts]


_counted: _Kept[wording.Counted] = _Kept()
_vectors: WeakKeyDictionary[Additive, _Kept[Floats]] = WeakKeyDictionary()
_turn, _solving = Lock(), Lock()


def counted(texts: Sequence[str]) -> list[wording.Counted]:
    """The places of words of every text."""
    with _turn:
        return _counted.read(texts, lambda new: [wording.counted(text) for text in new])


def vectors(encoder: Additive, texts: Sequence[str], encode: Callable[[Sequence[str]], Floats]) -> Floats:
    """One vector per text, by an encoder that reads each text for itself.

    Args:
        encoder: whose sums depend on nothing but the text; of others a text's vector may depend on its neighbours.
        texts: all of them.
        encode: reads those that are new.
    """
    with _turn:
        kept = _vectors.setdefault(encoder, _Kept())
        return np.array(kept.read(texts, lambda new: list(encode(new))))


@contextmanager
def one_core() -> Iterator[None]:
    """While a regression is solved: NumPy's matrices on one core, and nobody else's regression beside it.

    Several cores add numbers in another order: the same texts would give heads of another digest on another machine.
    And they wait for each other at full load, beside a service that answers meanwhile.
    """
    # Loaded by who learns: it looks through the libraries of the process.
    from threadpoolctl import ThreadpoolController

    with _solving, ThreadpoolController().select(internal_api="openblas").limit(limits=1):
        yield
