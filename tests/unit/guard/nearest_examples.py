"""A small detector for tests: the nearest examples vote on the topic, a ridge regression on the side of the ceiling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import Detection
from colonnade.models import Encoder
from colonnade.records import Clause, InputError, Level, digest_bytes

Vectors = NDArray[np.float32]

NEIGHBOURS = 5
"""How many examples vote on the topic."""

SHARPNESS = 4
"""A vote weighs similarity to this power: the nearest example counts most, five far ones do not outvote it."""

RIDGE = 1.0
"""The penalty of the regression; embeddings have length 1, so this is one example's weight."""

IN_VIEW = 0.95
"""The share of examples above their ceiling that the floor must keep in view."""

WINDOW = 240
STEP = 120
"""Characters per window and from one to the next. An encoder cuts what is too long for it (128 tokens for the
packaged one) and a token is at least one character, so with this step it sees every character of every text."""


class _Examples(NamedTuple):
    """The examples as arrays of one row each; ``above`` says which exceed their clause's ceiling."""

    vectors: Vectors
    topics: tuple[str, ...]
    ranks: NDArray[np.int64]
    above: NDArray[np.bool_]


class Detector:
    """Finds topic and level of a text from the examples of the clauses.

    Args:
        clauses: those of the table (see :func:`topic_clauses`); one without ceiling is passed over.
        encoder: turns texts into vectors of length 1.

    Raises:
        InputError: where a topic has no examples, since the guard could never recognise it.
    """

    def __init__(self, clauses: Iterable[Clause], encoder: Encoder) -> None:
        self.name, self.version, self.slow = f"examples/{encoder.name}", "1", True
        self.reads = frozenset({"request", "reply"})
        self._encoder = encoder
        # Fast tokenizers cannot be used by two threads at once, and a race would read as a fault.
        self._encoding = Lock()
        topics = _with_examples(clauses)
        self._ceilings = {clause.id: clause.ceiling.rank for clause in topics if clause.ceiling is not None}
        self._examples = _encode_examples(topics, self._encode)
        self.topics = frozenset(self._ceilings)
        similarities = self._examples.vectors @ self._examples.vectors.T
        self.floor = choose_floor(similarities, self._examples.above)
        # Of the examples' levels and of the ceilings, too: an answer depends on them as much as on the words.
        said = repr((self.version, self._examples.topics, sorted(self._ceilings.items()))).encode()
        self.digest = digest_bytes(self._examples.vectors.tobytes() + self._examples.ranks.tobytes() + said)
        self._weights = np.linalg.solve(_gram(similarities), _signs(self._examples.above))

    def detect(self, text: str) -> tuple[Detection, ...]:
        """One detection per window of the text, at least one.

        Raises:
            ValueError: where the encoder returns something that is not a finite vector per window.
        """
        similarities = self._encode(windows(text)) @ self._examples.vectors.T
        return tuple(self._judge(row) for row in similarities)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        with self._encoding:
            vectors = np.asarray(self._encoder.encode(texts), dtype=np.float32)
        # A NaN compares as smaller than every floor, and would let a text through unjudged.
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ValueError(f"the encoder '{self._encoder.name}' did not return one finite vector per text")
        return vectors

    def _judge(self, similarities: Vectors) -> Detection:
        """Topic and level of one window, from its similarity to every example."""
        nearest = float(similarities.max())
        if nearest < self.floor:
            return Detection(None, None, nearest, detector=self.name)
        topic = vote(similarities, self._examples.topics)
        above = bool((similarities + 1) @ self._weights >= 0)
        own = np.array([name == topic for name in self._examples.topics])
        level = self._level(similarities, own, self._ceilings[topic], above)
        return Detection(topic, level, float(similarities[own].max()), detector=self.name)

    def _level(self, similarities: Vectors, own: NDArray[np.bool_], ceiling: int, above: bool) -> Level:
        """The weighted level of the topic's nearest examples on this side of the ceiling."""
        levels = list(Level)
        if above and ceiling == len(levels) - 1:
            above = False
        side = np.flatnonzero(own & (self._examples.above == above))
        if not len(side):
            return levels[ceiling + 1] if above else levels[ceiling]
        closest = side[np.argsort(-similarities[side], kind="stable")][:NEIGHBOURS]
        weights = np.clip(similarities[closest], 1e-6, None) ** SHARPNESS
        mean = float(weights @ self._examples.ranks[closest] / weights.sum())
        return levels[int(mean + 0.5)]


def windows(text: str) -> tuple[str, ...]:
    """The text in overlapping pieces, none longer than the encoder sees."""
    starts = range(0, max(len(text) - WINDOW, 0) + STEP, STEP) if len(text) > WINDOW else range(1)
    return tuple(text[start : start + WINDOW] for start in starts)


def vote(similarities: Vectors, topics: Sequence[str]) -> str:
    """The topic for which the nearest examples speak; at a tie the one named first among them."""
    weights: dict[str, float] = defaultdict(float)
    for index in np.argsort(-similarities, kind="stable")[:NEIGHBOURS]:
        weights[topics[index]] += max(float(similarities[index]), 0.0) ** SHARPNESS
    return max(weights, key=lambda topic: weights[topic])


def choose_floor(similarities: Vectors, above: NDArray[np.bool_]) -> float:
    """The similarity below which a text has no topic.

    Chosen on the side of caution: of the examples above their ceiling, each seen by the others
    only, the share ``IN_VIEW`` keeps a topic. Examples cannot say what is foreign to all topics, so
    nothing is optimised against it.

    Args:
        similarities: of every example with every example, shape (examples, examples).
        above: which examples exceed their ceiling, shape (examples,); if none does, all count.
    """
    others = similarities.copy()
    np.fill_diagonal(others, -1.0)
    nearest = others.max(axis=1)
    closed = nearest[above] if above.any() else nearest
    return float(np.quantile(closed, 1 - IN_VIEW, method="lower"))


def _with_examples(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    topics = tuple(clause for clause in clauses if clause.ceiling is not None)
    if not topics:
        raise InputError(
            "no clause limits a topic, so the guard has nothing to recognise.", mend="Add a ceiling to one."
        )
    for clause in topics:
        if not clause.examples:
            raise InputError(
                f"the clause '{clause.id}' has no examples, so the guard could never recognise its topic.",
                file=clause.file or None,
                line=clause.line or None,
                mend="Add some rows under 'jsonl examples'.",
            )
    return topics


def _encode_examples(topics: Sequence[Clause], encode: Callable[[Sequence[str]], Vectors]) -> _Examples:
    rows = [(clause, example) for clause in topics for example in clause.examples]
    ceilings = np.array([clause.ceiling.rank if clause.ceiling else 0 for clause, _ in rows], dtype=np.int64)
    ranks = np.array([example.level.rank for _, example in rows], dtype=np.int64)
    return _Examples(
        vectors=encode([example.prompt for _, example in rows]),
        topics=tuple(clause.id for clause, _ in rows),
        ranks=ranks,
        above=ranks > ceilings,
    )


def _gram(similarities: Vectors) -> NDArray[np.float64]:
    """The kernel matrix of the regression: similarity, plus 1 for the intercept, plus the penalty."""
    return similarities.astype(np.float64) + 1 + RIDGE * np.eye(len(similarities))


def _signs(above: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.where(above, 1.0, -1.0)
