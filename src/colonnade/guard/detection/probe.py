"""A linear probe on what the served model itself makes of a request: cheap, and hard to say less to than to a filter.

The model has read more than any detector of ours, and has to understand a request to answer it. One
logistic regression over its activations says whether a request goes above a ceiling; another per
topic says which clause it is about. Both learn from the clauses' examples, and from further
labelled prompts where there are some. The activations come from outside, so nothing here needs the
model, or anything but NumPy.

Source: Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2016;
the fit by iteratively reweighted least squares: Green, 1984.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection.detector import Detection
from colonnade.records import Clause, Digest, InputError, Level, digest_of

Vectors = NDArray[np.float32]
Numbers = NDArray[np.float64]

PENALTY = 0.03
"""Of the regression; chosen inside the training folds in benchmarks/probe.py, and flat around here."""

STEPS = 25
"""Of the fit; it ends earlier where nothing moves any more."""


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


class Labelled(NamedTuple):
    """A request, the clause that it is about, and whether it goes above the clause's ceiling."""

    text: str
    topic: str
    above: bool


class Probe(NamedTuple):
    """A fitted regression: shift and scale of each dimension, a weight for each, and a bias."""

    shift: Numbers
    scale: Numbers
    weights: Numbers
    bias: float

    def probability(self, vectors: Vectors) -> Numbers:
        """How likely each row is of the class, shape (rows,)."""
        return _logistic(((vectors - self.shift) / self.scale) @ self.weights + self.bias)


def fit_probe(vectors: Vectors, labels: Sequence[bool], penalty: float = PENALTY) -> Probe:
    """Logistic regression with a penalty on the weights, solved in the space of the examples.

    There are fewer examples than dimensions, so this is the smaller system: under a second for a
    thousand examples.

    Args:
        vectors: shape (examples, dimensions).
        labels: one per example; both must occur.
        penalty: the larger, the flatter; dimensions are scaled so that it means the same for any number of them.

    Raises:
        InputError: where all labels are the same.
    """
    wanted = np.asarray(labels, dtype=np.float64)
    if wanted.min(initial=1) == wanted.max(initial=0):
        raise InputError("a probe needs examples of both sides.", mend="Add the other side to the clauses' examples.")
    rows = vectors.astype(np.float64)
    shift, scale = rows.mean(0), (rows.std(0) + 1e-6) * np.sqrt(rows.shape[1])
    scaled = (rows - shift) / scale
    # The bias is a dimension of its own in which every example is 1.
    kernel = scaled @ scaled.T + 1
    alphas, outputs = np.zeros(len(rows)), np.zeros(len(rows))
    for _ in range(STEPS):
        likely = _logistic(outputs)
        certainty = np.maximum(likely * (1 - likely), 1e-6)
        target = outputs + (wanted - likely) / certainty
        alphas = np.linalg.solve(kernel + np.diag(penalty / certainty), target)
        moved = kernel @ alphas
        if np.abs(moved - outputs).max() < 1e-6:
            break
        outputs = moved
    return Probe(shift, scale, alphas @ scaled, float(alphas.sum()))


class ProbeDetector:
    """Fulfils :class:`colonnade.guard.detection.Detector` with the served model's own activations.

    Only requests are judged: that is what it has learnt from.

    Args:
        clauses: those that limit a topic; one without ceiling is passed over.
        activations: of the served model.
        further: labelled requests besides the clauses' examples.
        likely: from this probability on a request counts as above its ceiling, though not for certain.
        certain: from this one on for certain.

    Raises:
        InputError: where no clause limits a topic, or the examples are all of one side.
        ValueError: where the activations are not a finite vector per text.
    """

    version = "1"
    slow = True
    reads = frozenset({"request"})

    def __init__(
        self,
        clauses: Iterable[Clause],
        activations: Activations,
        further: Iterable[Labelled] = (),
        likely: float = 0.5,
        certain: float = 0.9,
    ) -> None:
        topics = {clause.id: clause for clause in clauses if clause.ceiling is not None}
        rows = [row for row in (*_examples(topics.values()), *further) if row.topic in topics]
        if not rows:
            raise InputError("no clause with a ceiling has examples for the probe.", mend="Add some to one.")
        self.name = f"probe/{activations.name}"
        self._activations, self._likely, self._certain = activations, likely, certain
        vectors = self._vectors([row.text for row in rows])
        self._above = fit_probe(vectors, [row.above for row in rows])
        # The only topic there is needs no probe: it is what anything above a ceiling is about.
        self._names = tuple(sorted({row.topic for row in rows}))
        self._topics = (
            tuple(fit_probe(vectors, [row.topic == name for row in rows]) for name in self._names)
            if len(self._names) > 1
            else ()
        )
        self._levels = {name: _usual_level(topics[name]) for name in self._names}
        self.topics = frozenset(self._names)
        fitted = [[*probe.weights.round(6).tolist(), round(probe.bias, 6)] for probe in (self._above, *self._topics)]
        self.digest: Digest = digest_of([self.version, activations.digest, likely, certain, list(self._names), fitted])

    def detect(self, text: str) -> tuple[Detection, ...]:
        """One detection: the likeliest topic where the request seems above its ceiling, else none.

        Raises:
            Exception: whatever the activations raise; what cannot be read is not judged.
        """
        vector = self._vectors([text])
        above = float(self._above.probability(vector)[0])
        if above < self._likely:
            return (Detection(None, None, above, detector=self.name),)
        topic = self._topic(vector)
        return (Detection(topic, self._levels[topic], above, above >= self._certain, self.name),)

    def _topic(self, vector: Vectors) -> str:
        if not self._topics:
            return self._names[0]
        return self._names[int(np.argmax([probe.probability(vector)[0] for probe in self._topics]))]

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(self._activations(texts), dtype=np.float32)
        # A NaN is below every threshold, and would let a text through unjudged.
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError(f"'{self._activations.name}' did not give one finite vector per text")
        return vectors


def _examples(topics: Iterable[Clause]) -> list[Labelled]:
    return [
        Labelled(example.prompt, clause.id, example.level.rank > clause.ceiling.rank)
        for clause in topics
        if clause.ceiling is not None
        for example in clause.examples
    ]


def _usual_level(clause: Clause) -> Level:
    """The level of most of the clause's examples above its ceiling; the next one up where it has none."""
    levels = list(Level)
    ceiling = clause.ceiling.rank if clause.ceiling is not None else len(levels) - 1
    above = Counter(example.level for example in clause.examples if example.level.rank > ceiling)
    if above:
        return max(above, key=lambda level: (above[level], level.rank))
    return levels[min(ceiling + 1, len(levels) - 1)]


def _logistic(outputs: Numbers) -> Numbers:
    result: Numbers = 1 / (1 + np.exp(-np.clip(outputs, -60, 60)))
    return result
