"""Why a ruling is what it is: what was found, what each level would get, and what would have opened it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from colonnade.guard.detection import Detection, Detector, DetectorReport, Heads, Opinion
from colonnade.guard.detection.confirming import Confirmed
from colonnade.guard.detection.patterns import PatternDetector
from colonnade.guard.guard import Guard, HoldBack, Who
from colonnade.guard.remembering import RememberingDetector, RememberingJudge
from colonnade.guard.running import Side
from colonnade.guard.table import Lookup
from colonnade.guard.topics import lies_under
from colonnade.records import Action, Cell, Clause, DetectorRun, Grant, Level, Ruling


class Finding(NamedTuple):
    """What became of one detector, or judge, and what it found.

    Attributes:
        found: its detections, the surest first; of a long text several.
        band: the two thresholds of the first one's topic, where the detector has some: below the first it is
            certainly not that topic above its ceiling, from the second on it certainly is; none where it never is.
            Without a band where the score is another detector's, which a second look has cleared or could not read.
    """

    run: DetectorRun
    found: tuple[Detection, ...] = ()
    band: tuple[float, float | None] | None = None


class Opening(NamedTuple):
    """A grant that opens what was closed.

    Attributes:
        grant: its id; ``subject`` who holds it, ``purposes`` what for.
    """

    grant: str
    subject: str
    purposes: tuple[str, ...]
    until: date


class Explanation(NamedTuple):
    """One ruling, explained.

    Attributes:
        texts: what was ruled on.
        levels: what each level of the topic gets for the same people and purpose, and under a grant of theirs;
            empty where there is no topic.
        openings: grants that open the case for somebody.
        hold_back: what a reply would be held back by; none for a ruling that lets no reply through.
        opinion: what the judge said, where it was asked.
    """

    texts: tuple[str, ...]
    ruling: Ruling
    findings: tuple[Finding, ...]
    levels: tuple[Cell, ...]
    openings: tuple[Opening, ...]
    hold_back: HoldBack | None
    clause: Clause | None
    opinion: Opinion | None


class Explainer:
    """Rules, and says why.

    Args:
        guard: made with the detectors and the judge given here.
        detectors: see ``remembering``.
        judge: likewise; none where none is configured.
        clauses: of the policies.
        grants: that are active.
    """

    def __init__(
        self,
        guard: Guard,
        detectors: Sequence[Detector],
        judge: RememberingJudge | None,
        clauses: Iterable[Clause],
        grants: Iterable[Grant] = (),
    ) -> None:
        self.guard, self._detectors, self._judge = guard, tuple(detectors), judge
        self._lookup, self._grants = Lookup(guard.table), tuple(grants)
        self._clauses = {clause.id: clause for clause in clauses}

    async def explain(
        self,
        side: Side,
        texts: Sequence[str],
        who: Who,
        earlier: Ruling | None = None,
        conversation: Sequence[str] = (),
    ) -> Explanation:
        """Rule as the guard does, and explain it.

        Args:
            side: of the exchange.
            texts: each judged by itself.
            who: asks.
            earlier: the ruling on the request, for a reply.
            conversation: the texts of all turns.
        """
        before = len(self._judge.opinions) if self._judge is not None else 0
        ruling = await self.guard.rule(side, texts, who, earlier, conversation)
        asked = tuple(self._judge.opinions.values())[before:] if self._judge is not None else ()
        topic = ruling.topic
        row = [self._level(topic, level, who) for level in Level] if topic else []
        passes = ruling.action in ("allow", Action.CAP) and side == "request"
        rule = ruling.rule.partition("/")[0]
        return Explanation(
            texts=tuple(texts),
            ruling=ruling,
            findings=tuple(self._findings(ruling, (*texts, "\n\n".join(conversation)))),
            levels=tuple(row),
            openings=self._openings(ruling, who),
            hold_back=self.guard.suspicion(ruling) if passes else None,
            clause=self._clauses.get(rule) or (self._clauses.get(topic) if topic else None),
            opinion=asked[-1] if asked else None,
        )

    def _level(self, topic: str, level: Level, who: Who) -> Cell:
        """The cell of the table, or what a grant of theirs makes of it today."""
        cell = self._lookup.cell(topic, level, who.tier, who.purpose)
        grant = who.holder.opens(cell, self.guard.today()) if who.holder and cell.action != "allow" else ""
        if not grant:
            return cell
        until = next((row.until for row in self._grants if row.id == grant), None)
        opened = {"action": "allow", "rule": f"grant/{grant}", "until": until, "cap": None, "permitted_by": ()}
        return cell.model_copy(update=opened)

    def _findings(self, ruling: Ruling, texts: Sequence[str]) -> Iterable[Finding]:
        known = {detector.name: detector for detector in self._detectors}
        for run in ruling.detectors:
            detector = known.get(run.name)
            rows = [row for text in dict.fromkeys(texts) if text for row in _said(detector, text)]
            found = tuple(sorted(rows, key=lambda row: (row.topic is None, -row.score)))
            inside = detector.detector if isinstance(detector, RememberingDetector) else None
            band = None
            if isinstance(inside, (Heads, Confirmed)) and found and not found[0].scored_by:
                band = _band(inside.report, found[0].topic)
            yield Finding(run, found, band)

    def _openings(self, ruling: Ruling, who: Who) -> tuple[Opening, ...]:
        if ruling.action == "allow" or ruling.topic is None or ruling.level is None:
            return ()
        cell = self._lookup.cell(ruling.topic, ruling.level, who.tier, who.purpose)
        return tuple(
            Opening(grant.id, grant.subject, grant.purposes, grant.until)
            for grant in self._grants
            if cell.grantable
            and grant.highest.rank >= cell.level.rank
            and any(lies_under(cell.topic, node) for node in grant.topics)
        )


def _said(detector: Detector | None, text: str) -> tuple[Detection, ...]:
    """What a detector has said of a text; patterns, which remember nothing, are asked again."""
    if isinstance(detector, RememberingDetector):
        return detector.memory.get(text, ())
    return detector.detect(text) if isinstance(detector, PatternDetector) else ()


def _band(report: DetectorReport, topic: str | None) -> tuple[float, float | None] | None:
    return next(((row.low, row.high) for row in report.topics if row.topic == topic), None)
