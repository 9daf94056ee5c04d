"""A probe on what a language model makes of a request on its way through the layers.

A model that was trained to go on with texts holds more of what somebody wants than an embedding does, and it holds it
in the middle of its layers. The probe is learnt as the heads of ``heads.py`` are: one head per topic and one for "above
its ceiling", from the clauses' examples, labelled prompts and everyday texts. It differs in two things. How alike two
texts are falls off with their distance, since what tells two intentions apart is not the same direction in every topic;
and its thresholds balance both errors over all topics, since it is asked about texts that something else has found
suspicious (``confirming.py``). As there, every number is read as the same one. The activations come from outside, so
nothing here needs the model.

Sources: Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016; of the kernel,
Broomhead and Lowe, Multivariable functional interpolation and adaptive networks, 1988.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import ridge, wording
from colonnade.guard.detection.heads import TOPIC_SHARE
from colonnade.guard.detection.material import Labelled, material
from colonnade.guard.detection.thresholds import Calibrated, balanced, calibrate
from colonnade.records import Clause, Digest, Prompt, digest_bytes, digest_of

VERSION = "3"
"""Raised whenever the same activations would give other answers."""

PENALTY, SHARPNESS = 0.1, 2.0
"""Chosen on held-out training and development prompts of an example workspace among .05 to 1 and 0 (linear) to 3;
from .05 to .2 and from 1 to 3 all are near, and linear is clearly worse."""

Vectors = NDArray[np.float32]
Array = NDArray[np.float64]


class Activations(Protocol):
    """What a language model makes of texts; heavy, so it is handed in."""

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
    """Scores of texts by heads that :func:`train_probe` has learnt.

    Attributes:
        order: the topics, as the columns of the scores stand.
        calibrated: the thresholds, and what they cost on held-out texts.
    """

    version = VERSION

    def __init__(
        self,
        clauses: Sequence[Clause],
        activations: Activations,
        scale: Scale,
        learnt: Array,
        duals: Array,
        calibrated: Calibrated,
    ) -> None:
        self.name = f"probe/{activations.name}"
        self.order = tuple(clause.id for clause in clauses)
        self.calibrated = calibrated
        self._activations, self._scale, self._learnt, self._duals = activations, scale, learnt, duals
        limits = [[limit.low, str(limit.high)] for limit in calibrated.limits]
        parts = [digest_bytes(array.tobytes()) for array in (scale.shift, scale.spread, learnt, duals)]
        self.digest: Digest = digest_of([VERSION, activations.digest, list(self.order), limits, parts])

    def scores(self, texts: Sequence[str]) -> Array:
        """About each topic and above its ceiling, 0 to 1: shape (texts, topics).

        Raises:
            Exception: whatever the activations raise; what cannot be read is not judged.
        """
        return _closed(self._outputs(texts))

    def _outputs(self, texts: Sequence[str]) -> Array:
        vectors = read(self._activations, [wording.numbers_alike(text) for text in texts])
        alike = likeness(directions(self._scale(vectors)), self._learnt)
        return np.asarray((alike + ridge.INTERCEPT) @ self._duals)


def texts_to_read(clauses: Iterable[Clause], prompts: Sequence[Prompt] = ()) -> list[str]:
    """What a probe has to read before it has learnt anything.

    Args:
        clauses: see :func:`train_probe`, for the prompts, too.
        prompts: likewise.

    Raises:
        InputError, ValueError: as there.
    """
    return _as_read(material(clauses, prompts))


def _as_read(rows: Sequence[Labelled]) -> list[str]:
    return [wording.numbers_alike(row.text) for row in rows]


def train_probe(
    clauses: Iterable[Clause],
    activations: Activations,
    prompts: Sequence[Prompt] = (),
    reading: Activations | None = None,
    asked: NDArray[np.bool_] | None = None,
) -> Probe:
    """A probe for every clause that limits a topic, with thresholds that balance both errors.

    Args:
        clauses: see ``topic_clauses``; one without ceiling is passed over.
        activations: of a language model.
        prompts: labelled ones besides the examples, never of the gate's split.
        reading: the same activations, which remember from last time what the probe learns from.
        asked: of each text of ``material(clauses, prompts)`` whether the probe would be asked about it at all; what it
            costs is then counted as if it said of all others that they are nothing.

    Raises:
        InputError: where there is no topic, or one without examples.
        ValueError: where the activations are not a finite vector per text, or a prompt is of the gate's split.
    """
    clauses = tuple(clause for clause in clauses if clause.ceiling is not None)
    rows = material(clauses, prompts)
    vectors = read(reading or activations, _as_read(rows))
    scale = scale_of(vectors)
    learnt = directions(scale(vectors))
    fitted = ridge.fit(likeness(learnt, learnt), _targets(rows, clauses), [row.cluster for row in rows], PENALTY)
    held_out = _closed(fitted.held_out)
    if asked is not None:
        held_out[~asked] = 0.0
    calibrated = calibrate(held_out, rows, clauses, balanced(held_out, rows, clauses))
    return Probe(clauses, activations, scale, learnt, fitted.duals, calibrated)


def directions(scaled: Array) -> Array:
    """Rows of length 1."""
    return np.asarray(scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12))


def likeness(some: Array, others: Array) -> Array:
    """How alike rows of length 1 are, each with each: 1 where they are the same, and falling off with distance."""
    return np.asarray(np.exp(SHARPNESS * (some @ others.T - 1)))


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


def _closed(outputs: Array) -> Array:
    """About the topic and above its ceiling, 0 to 1, as the heads of ``heads.py`` weigh the two."""
    held = np.clip(outputs, 0, 1)
    return np.asarray(held[:, :-1] ** TOPIC_SHARE * held[:, -1:] ** (1 - TOPIC_SHARE))
