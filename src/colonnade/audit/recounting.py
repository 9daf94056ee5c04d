"""Everything that follows from something else, derived again run by run, and what was not."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from colonnade.audit.archive import Archive
from colonnade.audit.capability import recounted_capability
from colonnade.audit.evidence import PlacedRun, Recounted
from colonnade.audit.inventory import INVENTORY
from colonnade.audit.recomputation import recounted_measurements
from colonnade.audit.recounts.answers import Told, answer_problems, transcripts_of, verdict_problems
from colonnade.audit.recounts.checkpoints import checkpoint_problems
from colonnade.audit.recounts.choices import recounted_choices, recounted_steps
from colonnade.audit.recounts.corrections import recounted_corrections
from colonnade.audit.recounts.decisions import recounted_decisions
from colonnade.audit.recounts.findings import recounted_findings
from colonnade.audit.recounts.guard_tables import recounted_tables
from colonnade.audit.recounts.looks import recounted_looks
from colonnade.audit.recounts.operating_points import recounted_points
from colonnade.audit.recounts.reviews import Signed, recounted_coverage, recounted_reviews
from colonnade.audit.recounts.rewards import recounted_probes, recounted_reports, recounted_rewards
from colonnade.audit.written import Written
from colonnade.records import Run
from colonnade.store.store import FOLDER_MARK

WEIGHTS = "weights"
"""The output of steps that fit a grader: what it learnt, of which nothing is derived again."""

_FOLDER = b'{"' + FOLDER_MARK.encode()


class Recounting(NamedTuple):
    """What counting again came to.

    Attributes:
        counted: by kind of record, how many were derived again.
        left: by kind of record and reason, how many were not, although their kind is.
        kept: by kind of record, how many there are of kinds that nothing is derived again of.
        problems: one sentence each, naming ledger line and step.
    """

    counted: Mapping[str, int]
    left: Mapping[tuple[str, str], int]
    kept: Mapping[str, int]
    problems: tuple[str, ...]


def recount_everything(
    runs: Sequence[PlacedRun], archive: Archive, statements: Sequence[Signed], written: Written
) -> Recounting:
    """Derive again what every run of the ledger made, in order."""
    counted, left, kept, problems = Counter[str](), Counter[tuple[str, str]](), Counter[str](), list[str]()
    told = transcripts_of(runs, archive)
    for placed in runs:
        where = f"ledger line {placed.line}, step '{placed.run.step}'"
        seen = Counter[str]()
        for found in _recounted(placed, archive, told, statements, written):
            seen[found.kind] += 1
            row = _by_the_rules_of_its_day(found, placed.run, written)
            problems += (f"{where}: {problem}" for problem in row.problems)
            if row.why_not:
                left[row.kind, row.why_not] += 1
            else:
                counted[row.kind] += 1
        for kind, count in _derivable(placed.run, archive).items():
            if count > seen[kind]:
                left[kind, f"nothing is known of how '{placed.run.step}' makes them"] += count - seen[kind]
        problems += (f"{where}: {problem}" for problem in _lines_that_are_no_record(placed.run, archive))
        problems += (f"{where}: {problem}" for problem in checkpoint_problems(placed.run, archive))
        problems += (f"{where}: {problem}" for problem in answer_problems(placed.run, archive))
        problems += (f"{where}: {problem}" for problem in verdict_problems(placed.run, archive, told))
    for digest in dict.fromkeys(digest for _, _, run in runs for _, digest in run.outputs):
        for found_kind, count in archive.kinds(digest).items():
            if found_kind is not None and not INVENTORY[found_kind.__name__].derived:
                kept[found_kind.__name__] += count
    return Recounting(counted, left, kept, tuple(problems))


def _derivable(run: Run, archive: Archive) -> Counter[str]:
    """How many records a run made of each kind that something is derived again of."""
    made = Counter[str]()
    for _, digest in run.outputs:
        for kind, count in archive.kinds(digest).items():
            if kind is not None and INVENTORY[kind.__name__].derived:
                made[kind.__name__] += count
    return made


def _by_the_rules_of_its_day(row: Recounted, run: Run, written: Written) -> Recounted:
    """What contradicts today's rules alone is a problem only where the step's code still means what it meant."""
    if not row.by_rules:
        return row
    if not written.changed(run):
        return row._replace(problems=(*row.problems, *row.by_rules))
    more = f" and {len(row.by_rules) - 1} more" if len(row.by_rules) > 1 else ""
    why_not = f"the code of '{run.step}' has changed since, and by today's rules {row.by_rules[0]}{more}"
    return row._replace(why_not=row.why_not or why_not)


def _lines_that_are_no_record(run: Run, archive: Archive) -> Iterator[str]:
    """What is no record is counted nowhere; one with a field too many must not slip past that way."""
    for name, digest in run.outputs:
        lost = 0 if name == WEIGHTS or archive.content(digest).startswith(_FOLDER) else archive.lost(digest)
        if lost:
            yield f"{lost} lines of output '{name}', {digest}, are no record that is known; nothing is counted of them."


def _recounted(
    placed: PlacedRun,
    archive: Archive,
    told: Mapping[str, Told],
    statements: Sequence[Signed],
    written: Written,
) -> Iterator[Recounted]:
    run = placed.run
    for recounts in (
        recounted_measurements(run, archive, told, written),
        recounted_capability(run, archive),
        recounted_looks(run, archive),
        recounted_choices(run, archive),
        recounted_steps(run, archive, written),
        recounted_points(run, archive),
        recounted_corrections(run, archive, written),
        recounted_findings(run, archive, written),
        recounted_rewards(run, archive, written),
        recounted_reports(run, archive),
        recounted_probes(run, archive),
        recounted_coverage(placed, archive, statements, written),
        recounted_reviews(placed, archive, statements, written),
        recounted_decisions(run, archive, written),
        recounted_tables(run, archive, written),
    ):
        yield from _to_the_end(recounts)


def _to_the_end(recounts: Iterator[Recounted]) -> Iterator[Recounted]:
    """Numbers that cannot be, such as a confidence of 7, stop their own count with a sentence and no other."""
    done: list[Recounted] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            for row in recounts:
                done.append(row)  # noqa: PERF402  # what came before a fault is kept
    except (ValueError, TypeError, LookupError, ArithmeticError, RuntimeWarning) as fault:
        what = f"what it made has values that cannot be, and was not counted to the end: {fault}".rstrip(".")
        done.append(Recounted("Record", (f"{what}.",)))
    yield from done
