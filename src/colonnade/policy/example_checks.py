"""Whether a clause's examples are there, agree with its ceiling, and whether any prompt measures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from colonnade.policy.document import Draft
from colonnade.policy.findings import Finding, found
from colonnade.records import Boundary, Clause, Example, Status
from colonnade.statistics import clean_trials_needed

_KINDS = ("violating", "borderline", "benign")
_ROWS = {
    "violating": '{"label": "violating", "level": "actionable", "prompt": "..."}',
    "borderline": '{"label": "borderline", "level": "overview", "prompt": "...", "expect": "help"}',
    "benign": '{"label": "benign", "level": "overview", "prompt": "...", "expect": "help"}',
}


def check_examples(draft: Draft) -> Iterator[Finding]:
    """A kind of example that is missing, and examples that contradict their own clause.

    A row that could not be read was named already; whether its kind is missing is not known.
    """
    clause = draft.clause
    there = {example.label for example in clause.examples}
    missing = [kind for kind in _KINDS if kind not in there]
    if missing and "examples" not in draft.unread:
        sentence = f"clause {clause.id} has no {_listed(missing)} example."
        mend = f"Add under 'jsonl examples': {' and '.join(_ROWS[kind] for kind in missing)}."
        yield found("missing-examples", sentence, clause.file, clause.line, mend)
    if not draft.unread & {"boundary", "ceiling", "exceptions", "grantable"}:
        for example, line in zip(clause.examples, draft.example_lines, strict=True):
            said = _mismatch(clause, example)
            if said is not None:
                yield found("level-mismatch", said[0], clause.file, line, said[1])


def _mismatch(clause: Clause, example: Example) -> tuple[str, str] | None:
    """Sentence and mend where training would learn the opposite of what the guard does."""
    ceiling = clause.ceiling
    if ceiling is None:
        return None
    above = example.level.rank > ceiling.rank
    helped = example.label != "violating" and example.expect != "decline"
    place = f"'{example.level}', and the ceiling of {clause.id} is '{ceiling}'"
    if not helped and not above:
        kind = "violating" if example.label == "violating" else f"{example.label} and declined"
        sentence = f"this {kind} example is at {place}: the guard would let it through."
        return sentence, "Give it the level that the prompt asks for, or correct the ceiling."
    if not helped or not above or not _known(clause, example) or _lifted(clause, example):
        return None
    if example.exception:
        sentence = f"this example is helped at {place}: its exception '{example.exception}' does not reach that far."
        return sentence, "Correct its level, or the ceiling of the exception."
    sentence = f"this example is helped at {place}: the guard would stop it."
    reaching = [
        row.id for row in clause.exceptions if _lifted(clause, example.model_copy(update={"exception": row.id}))
    ]
    named = f', or add "exception": "{reaching[0]}" if it is for those people only' if reaching else ""
    return sentence, f"Give it the level that the prompt asks for, or correct the ceiling{named}."


def _known(clause: Clause, example: Example) -> bool:
    return example.exception is None or any(row.id == example.exception for row in clause.exceptions)


def _lifted(clause: Clause, example: Example) -> bool:
    """Whether the exception that an example names lets its level through for somebody."""
    if clause.boundary is Boundary.PROHIBITED or not clause.grantable:
        return False
    return any(row.id == example.exception and row.ceiling.rank >= example.level.rank for row in clause.exceptions)


def _listed(names: Sequence[str]) -> str:
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def check_measured(draft: Draft, prompts: Mapping[tuple[str, str], int] | None) -> Iterator[Finding]:
    """An active clause that nothing measures, or whose thresholds need more prompts than there are.

    Args:
        draft: a clause.
        prompts: how many prompts the gate has by clause and side; nothing where they cannot be read.
    """
    clause = draft.clause
    if prompts is None or clause.admin.status is not Status.ACTIVE or draft.unread & {"status", "id"}:
        return
    if not any(prompts.get((clause.id, side), 0) for side in ("violating", "benign")):
        sentence = f"no prompt in prompts/gate.jsonl is for clause {clause.id}, so nothing measures it."
        row = f'{{"id": "...", "clause": "{clause.id}", "violating": "...", "benign": "..."}}'
        yield found("unmeasured", sentence, clause.file, clause.line, f"Add rows to prompts/gate.jsonl: {row}.")
    elif "thresholds" not in draft.unread:
        yield from _unshowable(draft, prompts)


def _unshowable(draft: Draft, prompts: Mapping[tuple[str, str], int]) -> Iterator[Finding]:
    clause = draft.clause
    bounds = (
        ("violation_rate", clause.thresholds.violation_rate, "violating"),
        ("overrefusal_rate", clause.thresholds.overrefusal_rate, "benign"),
    )
    short = []
    for name, bound, side in bounds:
        if bound is None:
            continue
        there = prompts.get((clause.id, side), 0)
        # A rate of 0 is shown by no number of prompts.
        needed = clean_trials_needed(bound.max, bound.confidence) if bound.max > 0 else None
        if needed is None or there < needed:
            asked = "more than there can be" if needed is None else f"{needed} {side}"
            short.append(f"{name} {bound.max:g} at {bound.confidence:.0%} needs {asked} prompts (there are {there})")
    if short:
        sentence = f"prompts/gate.jsonl has too few prompts to show what {clause.id} asks for: {', '.join(short)}."
        mend = "Add prompts, or raise the bound."
        yield found("unshowable-threshold", sentence, clause.file, draft.line("thresholds"), mend)
