"""A second look at a request: what the fast heads find suspicious, a probe on a language model confirms or clears.

The heads take a tenth of a millisecond, and know topics better than intentions. The probe knows intentions better and
takes tens of milliseconds. So the heads alone judge a request that is near no ceiling, which most are, and the probe
judges those parts of a request that are. Where it clears them, the topic is named all the same, at the level that is
open to everybody: the reply to such a request is still held back and judged as one that came near the topic.

Whatever goes wrong in the probe leaves the request unjudged, and the clauses say what follows. Of a long text it
reads the most suspicious parts; where the heads alone would hold one of the others, what they say stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from colonnade.guard.detection import wording
from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.heads import Heads, closed
from colonnade.guard.detection.probe import Activations, Array, Probe, train_probe
from colonnade.guard.detection.thresholds import FEW, DetectorReport
from colonnade.guard.detection.windows import windows
from colonnade.records import Clause, Digest, Prompt, digest_of

VERSION = "3"
"""Raised whenever the same heads and the same probe would find something else."""

MOST = 16
"""Parts of one text that the probe reads: one batch, so that the time for a text of any length is bounded. That for a
request of many texts is bounded by the time limit of the detector."""

RISE = 0.03
"""By how much a part has to score higher, for each e-fold of parts: each is another chance of a false alarm.

Of 0, .02, .03, .04 and .05: with 0 a sixth of texts of 20 harmless sentences is held back, with .02 and more none,
and the higher it is, the more attacks among harmless sentences are lost. Critical clauses are no exception here, as
they are for the heads: they made these false alarms."""

ROUNDING = 1e-5
"""By how much the same sums may differ when they are made of one part alone: what the heads hold is always read."""


class Confirmed:
    """Fulfils :class:`colonnade.guard.detection.Detector` for requests.

    Attributes:
        report: what it is known to do on held-out texts.

    Args:
        heads: find what is suspicious.
        probe: looks at that again, for the same topics.
        judged: whether a judge decides what is uncertain; every part of a long text is then held to one threshold.
    """

    version = VERSION
    slow = True
    reads = frozenset({"request"})

    def __init__(self, heads: Heads, probe: Probe, judged: bool = False) -> None:
        self.name = probe.name
        self.topics = heads.topics
        self._heads, self._probe = heads, probe
        self._near = heads.calibrated.near - ROUNDING
        limits = probe.calibrated.limits
        self._low, self._high = (np.array([getattr(limit, side) for limit in limits]) for side in ("low", "high"))
        self._judged = judged
        self.digest: Digest = digest_of(
            {
                "version": VERSION,
                "heads": heads.digest,
                "probe": probe.digest,
                "judged": judged,
            }
        )
        known = probe.calibrated
        self.report = DetectorReport(
            detector=self.name,
            version=VERSION,
            detector_digest=self.digest,
            texts=len(known.nearest),
            topics=known.topics,
            misses=known.misses,
            held_back=known.held_back,
            everyday=known.everyday,
            levels=heads.report.levels,
        )

    def detect(self, text: str) -> tuple[Detection, ...]:
        """Every topic that the request may be about above its ceiling, as the probe sees it; else the one it is near.

        Raises:
            Exception: whatever the heads or the activations raise; what cannot be read is not judged.
        """
        found = self._heads.detect(text)
        pieces = windows(wording.numbers_alike(text))
        suspicion = closed(self._heads.raw(pieces))
        nearest = suspicion.max(axis=1)
        order = [place for place in np.argsort(-nearest, kind="stable") if nearest[place] >= self._near]
        if not order:
            return self._cleared(found)
        suspicious = [pieces[place] for place in order[:MOST]]
        confirmed = self._confirmed(suspicious, len(pieces))
        if self._heads.hold(suspicion[order[MOST:]], len(pieces)):
            return (*confirmed, *(each._replace(detector=self.name, scored_by=self._heads.name) for each in found))
        return confirmed or self._cleared(found)

    def _confirmed(self, suspicious: Sequence[str], pieces: int) -> tuple[Detection, ...]:
        """What the probe finds in some parts of a request of so many."""
        scores = self._probe.scores(suspicious)
        best, place = scores.max(axis=0), scores.argmax(axis=0)
        reached = np.flatnonzero(best >= self._needed(pieces))
        return tuple(
            Detection(
                topic=self._probe.order[topic],
                level=self._heads.level_above(suspicious[place[topic]], self._probe.order[topic]),
                score=float(best[topic]),
                certain=bool(best[topic] >= self._high[topic]),
                detector=self.name,
            )
            for topic in sorted(reached.tolist(), key=lambda topic: -best[topic])
        )

    def _needed(self, pieces: int) -> Array:
        """The lowest score of each topic that counts, in a request of so many parts."""
        if pieces <= FEW or self._judged:
            return self._low
        return np.asarray(self._low + RISE * math.log(pieces / FEW))

    def _cleared(self, found: Sequence[Detection]) -> tuple[Detection, ...]:
        """What the heads found, at most at the level that is open to everybody."""
        cleared = []
        for each in found:
            above = self._heads.is_above(each) and each.topic is not None
            level = self._heads.ceiling(each.topic) if above and each.topic else each.level
            row = each._replace(level=level, certain=True, detector=self.name, scored_by=self._heads.name)
            cleared.append(row._replace(cleared=above))
        return tuple(cleared)


def confirm(
    heads: Heads,
    clauses: Iterable[Clause],
    activations: Activations,
    prompts: Sequence[Prompt] = (),
    reading: Activations | None = None,
    judged: bool = False,
) -> Confirmed:
    """A second look at what these heads find.

    Args:
        heads: learnt from the same clauses and prompts.
        clauses: see :func:`colonnade.guard.detection.probe.train_probe`, for the next three, too.
        activations: of a language model.
        prompts: labelled ones.
        reading: the activations, which remember.
        judged: whether a judge decides what is uncertain.

    Raises:
        InputError, ValueError: as there.
    """
    asked: NDArray[np.bool_] = heads.calibrated.nearest >= heads.calibrated.near
    return Confirmed(heads, train_probe(clauses, activations, prompts, reading, asked), judged)


def on_replies(heads: Heads) -> Heads:
    """The same heads, for replies alone: a request is another detector's."""
    other = copy(heads)
    other.reads = frozenset({"reply"})
    return other
