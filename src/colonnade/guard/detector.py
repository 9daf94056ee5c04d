"""What a text is about, and how specific it is: found from the examples in the clauses.

Topic and specificity are two different questions, and are answered in two different ways.

*Topic* is what sentence embeddings are good at: the nearest few examples vote, weighted by
similarity. A text that is not near any example has no topic. How near is near enough is read off
the examples themselves: the floor that keeps 95 of 100 examples above their ceiling in view when
each is held out.

*Above the ceiling or not* is what nearest neighbours are bad at. Policies are written in contrast:
the nearest neighbour of a violating example is its benign twin, so a vote of neighbours is wrong
more often than right on held-out examples (a third right, on the starter policies). A ridge regression over
the embeddings of all examples of all topics learns the direction in which "give me steps against
somebody" differs from "help me understand", and does better than chance (two thirds right on the
same held-out examples). So it decides the side of the ceiling, and the nearest examples of the
topic on that side say how specific. That is a thin detector, not a good one: see
:func:`leave_one_out` for the figures on the policies at hand.

Source of the closed-form leave-one-out: Cook, Influential observations in linear regression, 1979;
of the ridge: Hoerl and Kennard, 1970.
"""

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


class Count(NamedTuple):
    """How many of how many were right."""

    right: int
    items: int


class LeaveOneOut(NamedTuple):
    """How the detector does on examples that it has not seen.

    Attributes:
        topic: the topic found is the clause that the example belongs to.
        side: above the ceiling or not, found as the example says.
        caught: of the examples above their ceiling, those found above.
        passed: of the examples at or under their ceiling, those found at or under, or without topic.
        floor: of the detector that has seen all examples.
    """

    topic: Count
    side: Count
    caught: Count
    passed: Count
    floor: float


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
        self.digest = digest_bytes(self._examples.vectors.tobytes() + repr(self._examples.topics).encode())
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

    def leave_one_out(self) -> LeaveOneOut:
        """See :func:`leave_one_out`."""
        return _leave_one_out(self._examples, self.floor)


def leave_one_out(clauses: Iterable[Clause], encoder: Encoder) -> LeaveOneOut:
    """Judges every example by all others: floor, vote and regression are made anew without it.

    The examples are few, written by the same people and in pairs, so this measures how well the
    policies' own contrasts are told apart, not how well a stranger's requests are.
    """
    return Detector(clauses, encoder).leave_one_out()


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


def _leave_one_out(examples: _Examples, floor: float) -> LeaveOneOut:
    similarities = examples.vectors @ examples.vectors.T
    inverse = np.linalg.inv(_gram(similarities))
    signs = _signs(examples.above)
    # The prediction for a row by the regression fitted without it, in closed form.
    predicted = signs - (inverse @ signs) / np.diag(inverse)
    items = len(signs)
    topic_right, found_above = 0, np.zeros(items, dtype=bool)
    if items < 3:
        raise InputError("leaving one out needs at least three examples.", mend="Add examples to the clauses.")
    for row in range(items):
        rest = np.arange(items) != row
        seen = similarities[row, rest]
        held_out_floor = choose_floor(similarities[np.ix_(rest, rest)], examples.above[rest])
        if seen.max() >= held_out_floor:
            names = [name for name, kept in zip(examples.topics, rest, strict=True) if kept]
            topic_right += vote(seen, names) == examples.topics[row]
            found_above[row] = predicted[row] >= 0
    right = found_above == examples.above
    return LeaveOneOut(
        topic=Count(topic_right, items),
        side=Count(int(right.sum()), items),
        caught=Count(int(right[examples.above].sum()), int(examples.above.sum())),
        passed=Count(int(right[~examples.above].sum()), int((~examples.above).sum())),
        floor=floor,
    )
