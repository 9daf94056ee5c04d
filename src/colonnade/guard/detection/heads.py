"""A linear head per topic, learnt from the clauses' examples in less than a second, over embeddings and words.

Three questions are asked of a text, and all are answered by one regression over the same features (``ridge.py``):

*About the topic?* One head per topic. Examples of all other topics and everyday texts are its counterexamples.

*Above a ceiling?* One head for all topics together. Ten examples of a topic cannot teach the difference between "how
do I get in" and "whom do I tell that one can get in", but this difference is the same in every topic, and the
examples of all of them do. Held out, this one head tells the two sides apart better than a head per topic does.

*How specific?* A regression over the ranks of the levels, with a few facts of the surface (``levels.py``).

All texts are read with the same number in the place of every number (``wording.numbers_alike``).

The score of a topic is a weighted geometric mean of the first two, 0 to 1. It orders texts and is no probability;
what it means is said by the thresholds (``thresholds.py``).

*In a text of how many windows?* Each window is another chance of a false alarm. Where a judge clears these, every
window is held to the same threshold. Where there is none, a long text has to score higher, as high as everyday texts of
its length reach by chance as rarely; only clauses of critical severity keep their threshold at any length.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import learning, ridge, wording
from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.levels import (
    FACTS,
    SURFACE_WEIGHT,
    LevelReport,
    level_between,
    level_report,
    surface,
)
from colonnade.guard.detection.material import Labelled, material
from colonnade.guard.detection.summing import Additive, WordSums
from colonnade.guard.detection.thresholds import FEW, STRONG, Calibrated, DetectorReport, calibrate
from colonnade.guard.detection.windows import Cut, apart, cut
from colonnade.models import Encoder
from colonnade.records import Clause, Digest, Level, Prompt, Severity, digest_bytes, digest_of

VERSION = "2"
"""Raised whenever the same texts would give other heads."""

INLINE = "static"
"""Encoders whose name begins so take hundredths of a millisecond; a detector with any other needs a thread."""

UNCERTAIN = 3
"""At most so many uncertain topics are named of one text, the nearest; each may cost a judge's answer."""

TOPIC_SHARE = 0.35
"""How much of a score is "about the topic", in its exponent; the rest is "above a ceiling".

Of .2, .35, .5 and .65 this lost least of one for the other on the held-out texts of an example workspace."""

ABOUT = 0.95
"""The share of everyday texts that must be about nothing."""

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class _Weights(NamedTuple):
    """From features to heads; the columns are the topics, then above, then the rank.

    Attributes:
        embeddings: one array per encoder, shape (dimensions, columns).
        words: shape (places, columns), the rarity of a place multiplied in.
        rarity: shape (places,).
        intercepts: shape (columns,).
        facts: on the facts of the surface, for the rank alone; then what is subtracted from each and divided by.
    """

    embeddings: tuple[Floats, ...]
    words: Floats
    rarity: Floats
    intercepts: Floats
    facts: tuple[Array, Array, Array]


class Heads:
    """Finds topics and levels with heads that :func:`train` has learnt.

    Attributes:
        report: what the heads are known to do.
        calibrated: their thresholds, and how near to any topic each text is that they learnt from.
    """

    version = VERSION
    reads = frozenset({"request", "reply"})

    def __init__(
        self,
        clauses: Sequence[Clause],
        encoders: Sequence[Encoder],
        weights: _Weights,
        calibrated: Calibrated,
        floor: float,
        levels: LevelReport,
        learnt_from: Sequence[Labelled],
        judged: bool = False,
    ) -> None:
        self.name = "heads/" + ("+".join(encoder.name.partition("/")[0] for encoder in encoders) or "words")
        self.slow = not all(encoder.name.startswith(INLINE) for encoder in encoders)
        self.topics = frozenset(clause.id for clause in clauses)
        self.order = tuple(clause.id for clause in clauses)
        self._ceilings = [clause.ceiling.rank if clause.ceiling else 0 for clause in clauses]
        self._encoders, self._weights, self._floor = tuple(encoders), weights, floor
        self._low = np.array([limit.low for limit in calibrated.limits])
        self._high = np.array([limit.high for limit in calibrated.limits])
        self._tail, self.calibrated = calibrated.tail, calibrated
        self._strong = np.minimum(np.maximum(self._low, calibrated.tail.reached_by(STRONG)), self._high)
        self._at_any_length = np.array([judged or clause.severity is Severity.CRITICAL for clause in clauses])
        # What scores less reaches no threshold; the margin is for the last digit of a power.
        self._lowest = float(self._low.min()) * (1 - 1e-12)
        # Tokenizers of torch's encoder cannot be used by two threads at once; the others can.
        self._encoding = Lock()
        additive = [encoder for encoder in encoders if isinstance(encoder, Additive)]
        self._additive = tuple(encoder in additive for encoder in encoders)
        parts = [part for part, sums in zip(weights.embeddings, self._additive, strict=True) if sums]
        self._sums = WordSums(additive, parts, weights.words, weights.rarity, weights.intercepts)
        own, mean, spread = weights.facts
        self._per_fact = (own / spread).tolist()
        self._no_facts = float(mean / spread @ own)
        self.digest: Digest = digest_of(
            {
                "version": VERSION,
                "encoders": [encoder.name for encoder in encoders],
                "ceilings": list(zip(self.order, self._ceilings, strict=True)),
                "learnt from": [list(row) for row in learnt_from],
                "weights": [digest_bytes(array.tobytes()) for array in (*weights.embeddings, weights.words)],
                "thresholds": [[limit.low, str(limit.high)] for limit in calibrated.limits],
                "tail": list(calibrated.tail),
                "judged": judged,
                "at any length": self._at_any_length.tolist(),
            }
        )
        self.report = DetectorReport(
            detector=self.name,
            version=VERSION,
            detector_digest=self.digest,
            texts=len(learnt_from),
            topics=calibrated.topics,
            misses=calibrated.misses,
            held_back=calibrated.held_back,
            everyday=calibrated.everyday,
            levels=levels,
        )

    def detect(self, text: str) -> tuple[Detection, ...]:
        """Every topic that the text may be about above its ceiling; else the one it is about, or none.

        Raises:
            ValueError: where an encoder returns something that is not a finite vector per window.
        """
        parts = cut(wording.numbers_alike(text))
        pieces, rows = parts.pieces, self._said(parts)
        about = [max(row[:-2]) for row in rows]
        highest = list(map(_closed, about, [row[-2] for row in rows]))
        if max(highest) < self._lowest:
            return (self._open(pieces, rows, about, max(highest)),)
        # Whatever is reached is reached in one of these.
        high = [place for place, score in enumerate(highest) if score >= self._lowest]
        scores = closed(np.array([rows[place] for place in high]))
        best = scores.max(axis=0)
        reached = (best >= self._needed(len(pieces))).nonzero()[0]
        if not len(reached):
            return (self._open(pieces, rows, about, max(highest)),)
        found = sorted(reached.tolist(), key=lambda topic: -best[topic])
        certain = [topic for topic in found if best[topic] >= self._high[topic]]
        uncertain = [topic for topic in found if best[topic] < self._high[topic]][:UNCERTAIN]
        places = {topic: high[scores[:, topic].argmax()] for topic in (*certain, *uncertain)}
        ranks = {place: self._rank(pieces[place], rows[place][-1]) for place in set(places.values())}
        return tuple(
            Detection(
                topic=self.order[topic],
                level=level_between(ranks[place], self._ceilings[topic] + 1, len(Level) - 1),
                score=float(best[topic]),
                certain=topic in certain,
                detector=self.name,
                strong=bool(best[topic] >= self._strong[topic]),
            )
            for topic, place in places.items()
        )

    def is_above(self, found: Detection) -> bool:
        """Whether what was found lies above its topic's ceiling."""
        if found.topic is None or found.level is None:
            return False
        return found.level.rank > self._ceilings[self.order.index(found.topic)]

    def level_above(self, piece: str, topic: str) -> Level:
        """How specific a piece is that is known to lie above the topic's ceiling."""
        piece = wording.numbers_alike(piece)
        rank = self._rank(piece, self._said(apart([piece]))[0][-1])
        return level_between(rank, self._ceilings[self.order.index(topic)] + 1, len(Level) - 1)

    def hold(self, scores: Array, pieces: int) -> bool:
        """Whether any of these scores, shape (some, topics), is enough in a text of so many windows."""
        return bool((scores >= self._needed(pieces)).any())

    def ceiling(self, topic: str) -> Level:
        """How far a topic is open to everybody."""
        return list(Level)[self._ceilings[self.order.index(topic)]]

    def scores(self, text: str) -> Array:
        """The highest score of each topic in any window, in the order of ``order``."""
        return np.asarray(closed(np.array(self._said(cut(wording.numbers_alike(text))))).max(axis=0))

    def raw(self, pieces: Sequence[str]) -> Array:
        """What every head says of each piece: shape (pieces, topics + 2).

        Raises:
            ValueError: as :meth:`detect`.
        """
        return np.array(self._said(apart([wording.numbers_alike(piece) for piece in pieces])))

    def _said(self, parts: Cut) -> list[list[float]]:
        """The same, in plain numbers: most texts are few windows and reach nothing, and their numbers are few."""
        said = self._sums.of(parts)
        if not all(self._additive):
            said = self._with_others(said, parts.pieces)
        # A NaN compares as smaller than every threshold, and would let a text through unjudged.
        if not math.isfinite(sum(map(sum, said))):
            raise ValueError(f"'{self.name}' did not find a number for every head")
        return said

    def _with_others(self, said: list[list[float]], pieces: Sequence[str]) -> list[list[float]]:
        """What the encoders say, too, whose vectors are no sums."""
        found = np.array(said)
        for encoder, part, additive in zip(self._encoders, self._weights.embeddings, self._additive, strict=True):
            if not additive:
                found += encode(encoder, pieces, self._encoding if self.slow else None) @ part
        return found.tolist()  # type: ignore[no-any-return] # numbers

    def _needed(self, pieces: int) -> Array:
        """The lowest score of each topic that counts, in a text of so many windows."""
        if pieces <= FEW:
            return self._low
        return np.where(self._at_any_length, self._low, self._tail.raised(self._low, self._strong, pieces))

    def _open(
        self, pieces: Sequence[str], rows: Sequence[Sequence[float]], about: Sequence[float], score: float
    ) -> Detection:
        """The topic that a text is about although nothing in it is above a ceiling."""
        most = max(about)
        if most < self._floor:
            return Detection(None, None, score, detector=self.name)
        piece = about.index(most)
        topic = rows[piece].index(most)
        level = level_between(self._rank(pieces[piece], rows[piece][-1]), 0, self._ceilings[topic])
        return Detection(self.order[topic], level, min(1.0, most), detector=self.name)

    def _rank(self, piece: str, said: float) -> float:
        """The rank of the level, before it is held to a side of the ceiling, from what its head says of a piece."""
        return said + math.fsum(map(operator.mul, surface(piece), self._per_fact)) - self._no_facts


def train(
    clauses: Iterable[Clause], encoders: Sequence[Encoder], prompts: Sequence[Prompt] = (), judged: bool = False
) -> Heads:
    """Heads for every clause that limits a topic, with thresholds from its error bounds.

    Args:
        clauses: see ``topic_clauses``; one without ceiling is passed over.
        encoders: none, one or several; words are always read, too.
        prompts: labelled ones besides the examples, never of the gate's split. They say on which side of the
            ceiling they are, not at which level.
        judged: whether a judge decides what is uncertain.

    Raises:
        InputError: where there is no topic, or one without examples.
        ValueError: where an encoder returns no finite vectors, or a prompt is of the gate's split.
    """
    clauses = tuple(clause for clause in clauses if clause.ceiling is not None)
    rows = material(clauses, prompts)
    texts = [wording.numbers_alike(row.text) for row in rows]
    vectors = [_read(encoder, texts) for encoder in encoders]
    places = learning.counted(texts)
    with learning.one_core():
        return _solved(clauses, encoders, rows, vectors, places, judged)


def _solved(
    clauses: Sequence[Clause],
    encoders: Sequence[Encoder],
    rows: Sequence[Labelled],
    vectors: Sequence[Floats],
    places: Sequence[wording.Counted],
    judged: bool,
) -> Heads:
    """The heads, from what every text was read as."""
    rarity = wording.rarity(places)
    words = wording.matrix(places, rarity)
    share = 1 / (len(encoders) + 1)
    kernel = share * (sum((each @ each.T for each in vectors), np.zeros(())) + wording.products(words))
    kernel = np.asarray(kernel, dtype=np.float64)
    fitted = ridge.fit(kernel, _targets(rows, clauses), [row.cluster for row in rows])
    ranked = _fit_ranks(kernel, rows)
    duals = np.column_stack([fitted.duals, ranked.duals])
    weights = _Weights(
        embeddings=tuple((share * each.T @ duals).astype(np.float32) for each in vectors),
        words=(share * (words.T @ duals) * rarity[:, None]).astype(np.float32),
        rarity=rarity,
        intercepts=(ridge.INTERCEPT * duals.sum(axis=0) + [*[0.0] * (len(clauses) + 1), ranked.mean]).astype(
            np.float32
        ),
        facts=ranked.facts,
    )
    # The rank has no part in the scores; its column only makes the shape of what detect() sees.
    held_out = np.column_stack([fitted.held_out, np.zeros(len(rows))])
    none = np.array([row.topic is None for row in rows])
    floor = float(np.quantile(held_out[none, :-2].max(axis=1), ABOUT)) if none.any() else math.inf
    levels = _levels_found(ranked, rows, clauses)
    return Heads(clauses, encoders, weights, calibrate(closed(held_out), rows, clauses), floor, levels, rows, judged)


def _closed(about: float, above: float) -> float:
    """The same as :func:`closed` of one topic: a score is the highest of all where it is about the topic most."""
    if about <= 0 or above <= 0:
        return 0.0
    return float(min(about, 1.0) ** TOPIC_SHARE * min(above, 1.0) ** (1 - TOPIC_SHARE))


def closed(raw: Array) -> Array:
    """About the topic and above its ceiling, 0 to 1: shape (texts, topics)."""
    held = np.minimum(np.maximum(raw[:, :-1], 0), 1)
    return np.asarray(held[:, :-1] ** TOPIC_SHARE * held[:, -1:] ** (1 - TOPIC_SHARE))


def encode(encoder: Encoder, texts: Sequence[str], lock: Lock | None = None) -> Floats:
    """One finite vector per text.

    Raises:
        ValueError: where the encoder returns anything else.
    """
    if lock is None:
        vectors = np.asarray(encoder.encode(texts), dtype=np.float32)
    else:
        with lock:
            vectors = np.asarray(encoder.encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ValueError(f"the encoder '{encoder.name}' did not return one finite vector per text")
    return vectors


def _read(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """The same for texts that are learnt from, most of which were there the last time."""
    if isinstance(encoder, Additive):
        return learning.vectors(encoder, texts, lambda new: encode(encoder, new))
    return encode(encoder, texts)


class _Ranks(NamedTuple):
    """The regression over ranks: duals of all texts (0 where no level is named), held-out ranks of those named."""

    duals: Array
    mean: float
    facts: tuple[Array, Array, Array]
    held_out: Array


def _targets(rows: Sequence[Labelled], clauses: Sequence[Clause]) -> Array:
    topics, above = np.array([row.topic or "" for row in rows]), np.array([row.above for row in rows])
    return np.column_stack([*(topics == clause.id for clause in clauses), above]).astype(np.float64)


def _fit_ranks(kernel: Array, rows: Sequence[Labelled]) -> _Ranks:
    """The rank of the level from the features and the surface, where people named a level."""
    named = np.array([place for place, row in enumerate(rows) if row.rank is not None])
    facts = np.array([surface(rows[place].text) for place in named])
    mean, spread = facts.mean(axis=0), np.maximum(facts.std(axis=0), 0.1)
    scaled = (facts - mean) / spread
    ranks = np.array([float(rows[place].rank or 0) for place in named])
    own = kernel[np.ix_(named, named)] + SURFACE_WEIGHT * scaled @ scaled.T
    fitted = ridge.fit(own, (ranks - ranks.mean())[:, None], [rows[place].cluster for place in named])
    duals = np.zeros(len(rows))
    duals[named] = fitted.duals[:, 0]
    on_facts = SURFACE_WEIGHT * scaled.T @ fitted.duals[:, 0]
    return _Ranks(
        duals, float(ranks.mean()), (on_facts.reshape(FACTS), mean, spread), fitted.held_out[:, 0] + ranks.mean()
    )


def _levels_found(ranked: _Ranks, rows: Sequence[Labelled], clauses: Sequence[Clause]) -> LevelReport:
    ceilings = {clause.id: clause.ceiling.rank for clause in clauses if clause.ceiling is not None}
    named = [row for row in rows if row.rank is not None and row.topic is not None]
    return level_report(ranked.held_out, [row.rank or 0 for row in named], [ceilings[row.topic or ""] for row in named])
