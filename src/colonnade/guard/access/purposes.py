"""What a text is asked for: how far it lies beside a purpose, learnt from the purpose's own examples.

Embeddings tell subjects apart and intentions hardly at all. So this reader judges a purpose only
where, each example held out in turn, its own examples lie on one side and what is beside it on the
other; else it says that it cannot tell, and gives no score. What it does judge is scored so that
the purpose's own examples score near nothing: a reader that is wrong once in ten would suspend
every honest holder within days.

Source of the closed-form leave-one-out: Cook, Influential observations in linear regression, 1979;
of the ridge: Hoerl and Kennard, 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.configuration import Purpose
from colonnade.models import Encoder

Vectors = NDArray[np.float64]

FEWEST, FEWEST_BESIDE = 10, 5
"""Examples of a purpose, and of what is beside it, from which on it can be read at all."""

RIDGE = 1.0
"""The penalty of the regression; embeddings have length 1, so this is one example's weight."""

TAIL = 2.0
"""Standard deviations of its own examples below their mean from which on a text begins to lie beside a purpose."""

_CHARACTERS = 2000
"""Of a text that are read; an encoder cuts long texts anyway."""


class _Side(NamedTuple):
    """One purpose as it was learnt: where a score of 0 ends and where 1 begins."""

    coefficients: Vectors
    shift: float
    begins: float
    full: float


class PurposeReader:
    """Tells how far texts lie beside a purpose.

    Args:
        purposes: of ``guard.yaml``. What is beside one are its ``beside`` and the examples of the others.
        encoder: turns texts into vectors of length 1.

    Attributes:
        silent: why a purpose cannot be read, in a sentence, by its name.
    """

    def __init__(self, purposes: Sequence[Purpose], encoder: Encoder) -> None:
        self._encoder = encoder
        self._sides: dict[str, _Side] = {}
        self.silent: dict[str, str] = {}
        vectors = self._encode_examples(purposes)
        for purpose in purposes:
            others = [row for row in purposes if row.id != purpose.id]
            beside = [*purpose.beside, *(text for row in others for text in row.examples)]
            own = list(dict.fromkeys(purpose.examples))
            beside = [text for text in dict.fromkeys(beside) if text not in own]
            if len(own) < FEWEST or len(beside) < FEWEST_BESIDE:
                self.silent[purpose.id] = (
                    f"the purpose '{purpose.id}' has {len(own)} examples and {len(beside)} beside it;"
                    f" {FEWEST} and {FEWEST_BESIDE} are the fewest to read it from"
                )
                continue
            side = _learnt(_stacked(own, vectors), _stacked(beside, vectors))
            if side is None:
                self.silent[purpose.id] = (
                    f"the examples of the purpose '{purpose.id}' cannot be told from what is beside it"
                )
            else:
                self._sides[purpose.id] = side

    def beside(self, asked: Sequence[tuple[str, str]]) -> list[float | None]:
        """How far each text lies beside its purpose, 0 to 1; none where that purpose cannot be read.

        Args:
            asked: pairs of a purpose's name and a text.

        Raises:
            ValueError: where the encoder returns something that is not a finite vector per text.
        """
        places = [place for place, (purpose, _) in enumerate(asked) if purpose in self._sides]
        found: list[float | None] = [None] * len(asked)
        if places:
            vectors = self._encode([asked[place][1][:_CHARACTERS] for place in places])
            for place, vector in zip(places, vectors, strict=True):
                found[place] = _score(vector, self._sides[asked[place][0]])
        return found

    def _encode_examples(self, purposes: Sequence[Purpose]) -> dict[str, Vectors]:
        texts = list(dict.fromkeys(text for row in purposes for text in (*row.examples, *row.beside)))
        return dict(zip(texts, self._encode(texts), strict=True)) if texts else {}

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(self._encoder.encode(texts), dtype=np.float64)
        # A NaN compares as smaller than every threshold, and would make every use one on purpose.
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError(f"the encoder '{self._encoder.name}' did not return one finite vector per text")
        return vectors


def _stacked(texts: Sequence[str], vectors: dict[str, Vectors]) -> Vectors:
    return np.stack([vectors[text] for text in texts])


def _learnt(own: Vectors, beside: Vectors) -> _Side | None:
    """A ridge regression with both classes of equal weight; none where held-out examples overlap."""
    rows = np.vstack([own, beside])
    signs = np.concatenate([np.ones(len(own)), -np.ones(len(beside))])
    weights = np.where(signs > 0, 0.5 / len(own), 0.5 / len(beside)) * len(rows)
    inverse = np.linalg.inv(rows @ rows.T + 1.0 + RIDGE * np.diag(1 / weights))
    dual = inverse @ signs
    held_out = signs - dual / np.diag(inverse)
    mine, theirs = held_out[: len(own)], held_out[len(own) :]
    begins = min(float(mine.mean() - TAIL * mine.std(ddof=1)), 0.0)
    full = float(theirs.mean())
    # A standard error apart: in a hundred draws of examples that cannot be told apart, one or two seem to be.
    if begins <= full + float(theirs.std(ddof=1)) / len(beside) ** 0.5:
        return None
    return _Side(rows.T @ dual, float(dual.sum()), begins, full)


def _score(vector: Vectors, side: _Side) -> float:
    margin = float(vector @ side.coefficients) + side.shift
    return float(np.clip((side.begins - margin) / (side.begins - side.full), 0.0, 1.0))
