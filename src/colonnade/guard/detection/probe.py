"""A linear probe on what the served model itself makes of a request.

The model has to understand a request to answer it, so its activations say more than a small
encoder's embedding does, and where it is ours they cost no forward pass of their own. The heads
are those of ``heads.py`` on other features: one per topic, one for "above its ceiling", both learnt
from the clauses' examples, labelled prompts and everyday texts, with thresholds from the clauses'
error bounds. The activations come from outside, so nothing here needs the model.

Source: Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import ridge
from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.material import Labelled, material
from colonnade.guard.detection.thresholds import Calibrated, calibrate
from colonnade.records import Clause, Digest, Level, Prompt, digest_bytes, digest_of

VERSION = "1"
"""Raised whenever the same activations would give other answers."""

PENALTY = 0.3
"""Of scaled activations: chosen inside the training folds in benchmarks/probe.py, and flat around here."""

Vectors = NDArray[np.float32]
Array = NDArray[np.float64]


class Activations(Protocol):
    """What the served model makes of texts; heavy, so it is handed in."""

    @property
    def name(self) -> str:
        """Which model, layer and vector."""
        ...

    @property
    def digest(self) -> Digest:
        """The same, by the weights."""
        ...

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (texts, dimensions); from any thread."""
        ...


class Scale(NamedTuple):
    """Makes every dimension count alike: none of them, among hundreds of times larger ones, would else be heard."""

    shift: Array
    spread: Array

    def __call__(self, vectors: Vectors) -> Array:
        """The same rows, of length about 1."""
        return np.asarray((vectors - self.shift) / self.spread)


def scale_of(vectors: Vectors) -> Scale:
    """The scale of these rows, shape (texts, dimensions)."""
    rows = vectors.astype(np.float64)
    return Scale(rows.mean(axis=0), (rows.std(axis=0) + 1e-6) * np.sqrt(rows.shape[1]))


class Probe:
    """Fulfils :class:`colonnade.guard.detection.Detector` with heads that :func:`train_probe` has learnt.

    Only requests are judged: that is what the heads have learnt from.

    Attributes:
        calibrated: the thresholds, and what they cost on held-out texts.
    """

    version = VERSION
    slow = True
    reads = frozenset({"request"})

    def __init__(
        self, clauses: Sequence[Clause], activations: Activations, scale: Scale, weights: Array, calibrated: Calibrated
    ) -> None:
        self.name = f"probe/{activations.name}"
        self.topics = frozenset(clause.id for clause in clauses)
        self.calibrated = calibrated
        self._order = tuple(clause.id for clause in clauses)
        self._levels = tuple(_usual_level(clause) for clause in clauses)
        self._activations, self._scale, self._weights = activations, scale, weights
        limits = [[limit.low, str(limit.high)] for limit in calibrated.limits]
        parts = [digest_bytes(array.tobytes()) for array in (scale.shift, scale.spread, weights)]
        self.digest: Digest = digest_of([VERSION, activations.digest, list(self._order), limits, parts])

    def detect(self, text: str) -> tuple[Detection, ...]:
        """Every topic that the request may be about above its ceiling, the likeliest first; else none.

        Raises:
            Exception: whatever the activations raise; what cannot be read is not judged.
        """
        scores = self.scores([text])[0]
        reached = [topic for topic, limit in enumerate(self.calibrated.limits) if scores[topic] >= limit.low]
        if not reached:
            return (Detection(None, None, float(scores.max()), detector=self.name),)
        return tuple(
            Detection(
                topic=self._order[topic],
                level=self._levels[topic],
                score=float(scores[topic]),
                certain=bool(scores[topic] >= self.calibrated.limits[topic].high),
                detector=self.name,
            )
            for topic in sorted(reached, key=lambda topic: -scores[topic])
        )

    def scores(self, texts: Sequence[str]) -> Array:
        """About each topic and above its ceiling, 0 to 1: shape (texts, topics)."""
        return _closed(_outputs(self._scale(read(self._activations, texts)), self._weights))

    def above(self, texts: Sequence[str]) -> Array:
        """Above a ceiling, whatever the topic: shape (texts,), around 0 to 1."""
        return np.asarray(_outputs(self._scale(read(self._activations, texts)), self._weights)[:, -1])


def train_probe(
    clauses: Iterable[Clause],
    activations: Activations,
    prompts: Sequence[Prompt] = (),
    reading: Activations | None = None,
) -> Probe:
    """A probe for every clause that limits a topic, with thresholds from its error bounds.

    Args:
        clauses: see ``topic_clauses``; one without ceiling is passed over.
        activations: of the served model.
        prompts: labelled ones besides the examples, never of the gate's split.
        reading: the same activations, which remember from last time what the probe learns from.

    Raises:
        InputError: where there is no topic, or one without examples.
        ValueError: where the activations are not a finite vector per text, or a prompt is of the gate's split.
    """
    clauses = tuple(clause for clause in clauses if clause.ceiling is not None)
    rows = material(clauses, prompts)
    vectors = read(reading or activations, [row.text for row in rows])
    scale = scale_of(vectors)
    scaled = scale(vectors)
    fitted = ridge.fit(scaled @ scaled.T, _targets(rows, clauses), [row.cluster for row in rows], PENALTY)
    # The last row is the intercept of each head.
    weights = np.vstack([scaled.T @ fitted.duals, ridge.INTERCEPT * fitted.duals.sum(axis=0)])
    return Probe(clauses, activations, scale, weights, calibrate(_closed(fitted.held_out), rows, clauses))


def read(activations: Activations, texts: Sequence[str]) -> Vectors:
    """One finite vector per text.

    Raises:
        ValueError: where the activations are anything else.
    """
    vectors = np.asarray(activations(texts), dtype=np.float32)
    # A NaN is below every threshold, and would let a text through unjudged.
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ValueError(f"'{activations.name}' did not give one finite vector per text")
    return vectors


def _targets(rows: Sequence[Labelled], clauses: Sequence[Clause]) -> Array:
    columns = [[float(row.topic == clause.id) for row in rows] for clause in clauses]
    return np.array([*columns, [float(row.above) for row in rows]]).T


def _outputs(scaled: Array, weights: Array) -> Array:
    return np.asarray(scaled @ weights[:-1] + weights[-1])


def _closed(outputs: Array) -> Array:
    """The geometric mean of "about the topic" and "above a ceiling", as the heads of ``heads.py`` take it."""
    clipped = np.clip(outputs, 0, 1)
    return np.asarray(np.sqrt(clipped[:, :-1] * clipped[:, -1:]))


def _usual_level(clause: Clause) -> Level:
    """The level of most of the clause's examples above its ceiling; the next one up where it has none."""
    levels = list(Level)
    ceiling = clause.ceiling.rank if clause.ceiling is not None else len(levels) - 1
    above = Counter(example.level for example in clause.examples if example.level.rank > ceiling)
    if above:
        return max(above, key=lambda level: (above[level], level.rank))
    return levels[min(ceiling + 1, len(levels) - 1)]
