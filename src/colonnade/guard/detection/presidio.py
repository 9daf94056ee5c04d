"""Presidio's recognisers as a detector, for clauses with the pattern ``personal: presidio``.

It needs the package ``presidio-analyzer`` (``pip install 'colonnade[presidio]'``), runs Presidio's recognisers by form
without any model of language, and is slow: the guard runs it in a thread with a time limit. Where the package is
missing, making the detector raises, and the clause says what happens then. It sees a text as a whole, so a stream is
held back for it by the budget of tokens, not by characters.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from inspect import isabstract, isclass
from typing import Any

from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.patterns import Side
from colonnade.records import Clause, Digest, MissingPackageError, PersonalData, digest_of

ENOUGH = 0.5
"""From this score of Presidio's on a finding counts; below it nothing but the form speaks for it."""


_REACHING_OUT = frozenset({"EmailRecognizer", "UrlRecognizer"})
"""They fetch a list of domains from the network at their first use; a guard sends nothing anywhere. ``personal: email``
finds addresses."""


class PresidioDetector:
    """Finds what Presidio's recognisers of English and of no particular language find.

    Args:
        clauses: those in force; ones without ``personal: presidio`` are passed over.
        side: whether requests or replies are read.

    Raises:
        MissingPackageError: where the package is not installed.
    """

    slow = True

    def __init__(self, clauses: Iterable[Clause], side: Side) -> None:
        self.name = f"presidio/{side}"
        self.reads: frozenset[str] = frozenset({side})
        self._rows = [
            (clause.id, row)
            for clause in clauses
            for row in clause.patterns
            if row.personal is PersonalData.PRESIDIO and row.side in (side, "both")
        ]
        self.topics = frozenset(topic for topic, _ in self._rows)
        self._recognisers = _recognisers()
        try:
            self.version = version("presidio-analyzer")
        except PackageNotFoundError:  # vendored
            self.version = "unknown"

    @property
    def digest(self) -> Digest:
        """Of the package's version, its recognisers and what counts as enough."""
        names = sorted(type(recogniser).__name__ for recogniser in self._recognisers)
        return digest_of({"name": self.name, "version": self.version, "recognisers": names, "enough": ENOUGH})

    def detect(self, text: str) -> tuple[Detection, ...]:
        """One detection per finding and clause."""
        spans = {
            (finding.start, finding.end): finding.score
            for recogniser in self._recognisers
            for finding in recogniser.analyze(text, recogniser.supported_entities, None) or ()
            if finding.score >= ENOUGH
        }
        return tuple(
            Detection(topic, row.level, min(1.0, score), True, f"{self.name}/{row.name}", span)
            for span, score in sorted(spans.items())
            for topic, row in self._rows
        )


def _recognisers() -> list[Any]:
    try:
        package = import_module("presidio_analyzer")
        known = import_module("presidio_analyzer.predefined_recognizers")
    except ImportError:
        what = "the pattern 'personal: presidio' needs the package 'presidio-analyzer'."
        raise MissingPackageError(what, mend="Install it with 'pip install colonnade[presidio]'.") from None
    made = []
    for name, kind in vars(known).items():
        if not isclass(kind) or isabstract(kind) or name in _REACHING_OUT:
            continue
        if issubclass(kind, package.PatternRecognizer) or name == "PhoneRecognizer":
            try:
                recogniser: Any = kind()
            except Exception:  # noqa: S112  # one that needs settings of its own, or another package
                continue
            if recogniser.supported_language == "en":
                made.append(recogniser)
    return made
