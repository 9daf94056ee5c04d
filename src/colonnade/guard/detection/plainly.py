"""What the thresholds of a topic come to, in words for whoever answers for its clause, and what would sharpen them."""

from __future__ import annotations

from typing import NamedTuple

from colonnade.guard.detection.thresholds import Cost, TopicReport
from colonnade.records import Action, Bound, Clause, Level

_FOLLOWS = {
    Action.REFUSE: "is refused",
    Action.DEFLECT: "is turned aside with the fixed answer",
    Action.SAFE_COMPLETE: "gets the fixed answer that looks after the person",
    Action.CAP: "is answered, but no more specifically than the ceiling",
    Action.ESCALATE: "is handed to a person",
}


class Plain(NamedTuple):
    """One topic in plain words, each a sentence or two.

    Attributes:
        low: what becomes of a request under the lower threshold.
        high: of one at or over the upper threshold, or why there is none.
        between: of one between them.
        violating, benign: how many more labelled prompts of either kind would show what is not shown, at the present
            rate of errors; none where no number would, or where the clause sets no bound.
    """

    low: str
    high: str
    between: str
    violating: int | None
    benign: int | None


def in_plain_words(row: TopicReport, clause: Clause, judge: str = "", probe: bool = False) -> Plain:
    """What a topic's thresholds mean.

    Args:
        row: of the detector's report.
        clause: of the same topic.
        judge: the name of the one that ``guard.yaml`` configures; empty where there is none.
        probe: whether a probe may look again at what this detector holds.
    """
    if clause.ceiling is Level.RECIPE:
        open_ = "Everybody may be answered at any level, so no request is held for this topic."
        return Plain(open_, open_, open_, None, None)
    return Plain(
        low=_under(row, clause),
        high=_over(row, clause),
        between=_between(row, clause, judge, probe),
        violating=row.misses.needed,
        benign=row.false_alarms.needed,
    )


def _under(row: TopicReport, clause: Clause) -> str:
    missed = row.misses
    said = (
        f"A request that scores under {row.low:.2f} passes: it is taken to ask for nothing above '{clause.ceiling}'."
        f" Of {_prompts(missed.items, 'violating')} {missed.events} would pass."
    )
    return f"{said} {_shown(missed, clause.thresholds.violation_rate, 'violating', 'pass', 'violation_rate')}"


def _between(row: TopicReport, clause: Clause, judge: str, probe: bool) -> str:
    held, upper = row.held_back, "" if row.high is None else f" to {row.high:.2f}"
    own = f"it {_FOLLOWS[clause.above]}"
    said = [
        f"From {row.low:.2f}{upper} it is uncertain. Of {_prompts(held.items, 'benign')} {held.events} score so high"
        " or higher, here or on another topic."
    ]
    if probe:
        said.append("Where the launch's weights are served, a probe looks again first and clears some.")
    if judge:
        said.append(f"The judge '{judge}' decides; where it gives no answer, {own}.")
    else:
        said.append(f"guard.yaml names no judge, so {own}, unless an exception or a grant goes so far.")
    said.append(_shown(held, clause.thresholds.overrefusal_rate, "benign", "are held", "overrefusal_rate"))
    return " ".join(said)


def _over(row: TopicReport, clause: Clause) -> str:
    bound, alarms = clause.thresholds.overrefusal_rate, row.false_alarms
    if row.high is not None:
        said = (
            f"From {row.high:.2f} on it is certainly above the ceiling: no judge is asked, and it"
            f" {_FOLLOWS[clause.above]}. Of {_prompts(alarms.items, 'benign')} {alarms.events} score so high."
        )
        return f"{said} {_shown(alarms, bound, 'benign', 'are held so', 'overrefusal_rate')}"
    if bound is None:
        return "No score is ever certain: the clause has no overrefusal_rate to hold certainty against."
    claim = (
        f"{bound.confidence:.0%} confidence, that at most {_share(bound.max)} of benign requests would be held wrongly"
    )
    if alarms.needed is None:
        return f"No score is ever certain: no number of labels shows, at {claim}."
    return (
        f"No score is ever certain: {_prompts(alarms.items, 'benign')} are too few to show, at {claim}, even with none"
        f" of them wrong; {_more(alarms.needed, 'benign')} could."
    )


def _shown(cost: Cost, bound: Bound | None, kind: str, what: str, name: str) -> str:
    """Whether the labels show the clause's bound, and how many more would."""
    if bound is None:
        return f"The clause has no {name}, so there is nothing to show."
    claim = f"that at most {_share(bound.max)} of {kind} requests {what}"
    if cost.shown:
        return f"This shows, at {bound.confidence:.0%} confidence, {claim}."
    if cost.needed is None:
        mend = "prompts like those that went wrong have to teach the detector first"
        return f"It is not shown {claim}, and no number of labels shows it while so many go wrong: {mend}."
    more = f"{_more(cost.needed, kind)} would show it, at {bound.confidence:.0%} confidence, if errors stay as rare"
    return f"It is not shown {claim}; {more}."


def _prompts(count: int, kind: str) -> str:
    return f"{count} labelled {kind} {'prompt' if count == 1 else 'prompts'}"


def _more(count: int, kind: str) -> str:
    return f"{count} more {kind} {'prompt' if count == 1 else 'prompts'}"


def _share(part: float) -> str:
    return f"{100 * part:.3g}%"
