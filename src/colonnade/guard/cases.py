"""One detection held against the table: cases, how strict they are, and the rulings that are made of them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

from colonnade.guard.access.desk import Holder
from colonnade.guard.detection import Detection
from colonnade.guard.running import Side
from colonnade.guard.table import DEFAULT_DENY, EXCEPTION_LAPSED
from colonnade.records import Action, Cell, DetectorRun, Level, Ruling

NO_TOPIC = "no topic"
"""The rule of a text that no clause is about."""

DETECTOR_FAILED = "detector failed"
"""The rule where a text could not be judged."""

GRANT_REFUSED = "grant refused"
"""The rule where a grant would open what was asked, and this use of it is not let through."""

RANKS = {level: level.rank for level in Level}
STRICTNESS = {
    "allow": 0,
    Action.CAP: 1,
    Action.DEFLECT: 2,
    Action.SAFE_COMPLETE: 3,
    Action.ESCALATE: 4,
    Action.REFUSE: 5,
}


class Who(NamedTuple):
    """Who asks.

    Attributes:
        principal: whom the key names; empty for nobody in particular.
        holder: of a grant. It is asked only where the table is closed, and a use that it lets through is
            written down before the ruling is given.
    """

    principal: str
    tier: str
    purpose: str
    holder: Holder | None = None


class Case(NamedTuple):
    """One detection, and what the table says to it."""

    text: int
    detection: Detection
    action: Action | Literal["allow"]
    rule: str
    cell: Cell | None = None
    because: str = ""


GAVE_UP = {"failed": "failed", "timed out": "gave no answer in time", "missing": "is missing"}


def strictness(case: Case) -> tuple[int, bool, float]:
    """What orders cases: not allowed before allowed and the strictest action first; then topic, then nearness."""
    return STRICTNESS[case.action], case.detection.topic is not None, case.detection.score


def rank_of(case: Case) -> int:
    """How specific the case is; -1 where there is no cell."""
    return RANKS[case.cell.level] if case.cell is not None else -1


def reason_of(case: Case, cell: Cell) -> str:
    """Why, as a sentence."""
    if case.rule == EXCEPTION_LAPSED and cell.until is not None:
        return f"{cell.rule} held until {cell.until.isoformat()}; the table has to be compiled anew."
    what = f"'{cell.topic}' at the level '{cell.level}' for tier '{cell.tier}' and purpose '{cell.purpose}'"
    if case.because:
        verdict = "is about something else" if case.action == "allow" and cell.action != "allow" else "is about it"
        what = f"{what} (asked where detectors were uncertain, the judge says that the text {verdict})"
        if case.action == "allow" and cell.action != "allow":
            return f"{what} is near, and is not what the text is about."
    if cell.rule == DEFAULT_DENY:
        return f"{what} is not in the table, and what is not in it is refused."
    if case.action != "allow":
        if cell.action == "allow":
            return f"{what} goes further than the request's answer may."
        granted = "a grant may reach it" if cell.grantable else "nobody can be granted more"
        return f"{what} is above the ceiling, and {granted}."
    if cell.rule != cell.topic:
        return f"{what} is above the ceiling, and an exception permits it."
    return f"{what} is not above the ceiling."


def goes_no_further(cell: Cell, grant: str, earlier: Ruling) -> bool:
    """Whether the request was let through by the same grant, on the same topic, at least as specifically."""
    same = earlier.grant == grant and earlier.topic == cell.topic
    return same and earlier.level is not None and RANKS[cell.level] <= RANKS[earlier.level]


def no_topic(side: Side, who: Who, runs: tuple[DetectorRun, ...], score: float | None) -> Ruling:
    """The ruling on a text that no clause is about.

    Raises:
        ValueError: where the score is no number.
    """
    if score is not None and not math.isfinite(score):
        raise ValueError("a detector gave a score that is no number")
    # A copy is not checked again, and need not be: the score is a number, and the runs are records.
    found = {"similarity": None if score is None else round(score, 4), "detectors": runs}
    return _nothing_found(side, who.tier, who.purpose).model_copy(update=found)


@lru_cache(maxsize=256)
def _nothing_found(side: Side, tier: str, purpose: str) -> Ruling:
    return Ruling(
        side=side,
        topic=None,
        level=None,
        tier=tier,
        purpose=purpose,
        action="allow",
        rule=NO_TOPIC,
        reason="the text is not near any example of a topic that the policies limit.",
        similarity=None,
        detectors=(),
    )


def refusal(side: Side, who: Who, rule: str, reason: str, runs: tuple[DetectorRun, ...]) -> Ruling:
    """A refusal without a judgement: no detector has found anything that could be relied on."""
    return Ruling(
        side=side,
        topic=None,
        level=None,
        tier=who.tier,
        purpose=who.purpose,
        action=Action.REFUSE,
        rule=rule,
        reason=reason,
        similarity=None,
        detectors=runs,
    )
