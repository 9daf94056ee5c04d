"""Dangerous-capability benchmarks against thresholds: below, unclear or above."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from colonnade.records import Band, Digest, FrontierFinding, InputError, Record, ReviewRequest
from colonnade.records.reading import parse_yaml, read_rows, read_text, row_to_record, to_record
from colonnade.statistics import exact_interval, lower_bound, upper_bound

LETTERS = "ABCDEFGH"


class Domain(Record):
    """One domain of capability and where its threshold lies, with the reasons for it."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    stands_for: str
    risk_model: str
    tolerance: str
    items: str
    threshold: Annotated[float, Field(gt=0, lt=1)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    justification: str
    owner: str
    reviewers: Annotated[tuple[str, ...], Field(min_length=1)]


class FrontierPlan(Record):
    """``frontier.yaml``."""

    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]


class KnowledgeItem(Record):
    """A multiple-choice question; ``answer`` is the place of the right choice, from 0."""

    id: str
    question: str
    choices: Annotated[tuple[str, ...], Field(min_length=2, max_length=len(LETTERS))]
    answer: Annotated[int, Field(ge=0)]


class Benchmark(NamedTuple):
    """A domain with its questions."""

    domain: Domain
    items: tuple[KnowledgeItem, ...]


def read_benchmarks(workspace: Path) -> tuple[Benchmark, ...]:
    """``frontier.yaml`` and the item files that it names.

    Raises:
        InputError: with file and line, for instance for a threshold of 1.3.
    """
    file = workspace / "frontier.yaml"
    located = parse_yaml(read_text(file), file)
    plan = to_record(FrontierPlan, located)
    benchmarks: list[Benchmark] = []
    for index, domain in enumerate(plan.domains):
        if any(domain.id == other.domain.id for other in benchmarks):
            line = located.line(("domains", index, "id"))
            raise InputError(
                f"the domain '{domain.id}' stands twice.", file=file, line=line, mend="Give each its own id."
            )
        source = workspace / domain.items
        if not _lies_below(source, workspace):
            line = located.line(("domains", index, "items"))
            raise InputError(
                f"the item file {domain.items!r} is not in the workspace.",
                file=file,
                line=line,
                mend="Correct the path.",
            )
        benchmarks.append(Benchmark(domain, _read_items(source)))
    return tuple(benchmarks)


def _lies_below(file: Path, folder: Path) -> bool:
    """Whether this is a file below the folder; a path that no file could have is none."""
    try:
        return file.resolve().is_relative_to(folder.resolve()) and file.is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def _read_items(file: Path) -> tuple[KnowledgeItem, ...]:
    items: list[KnowledgeItem] = []
    for line, content in read_rows(file):
        item = row_to_record(KnowledgeItem, content, file, line)
        if item.answer >= len(item.choices):
            raise InputError(
                f"'answer' is {item.answer}, but there are {len(item.choices)} choices.",
                file=file,
                line=line,
                mend="Count from 0.",
            )
        if any(item.id == other.id for other in items):
            raise InputError(
                f"the question id '{item.id}' is used twice.", file=file, line=line, mend="Give it an id of its own."
            )
        items.append(item)
    if not items:
        raise InputError("there is no question here.", file=file, mend="Write one JSON object per line.")
    return tuple(items)


def question_text(item: KnowledgeItem) -> str:
    """The question with lettered choices, up to where the letter of the answer belongs."""
    lines = [
        item.question,
        *(f"{letter}. {choice}" for letter, choice in zip(LETTERS, item.choices, strict=False)),
        "Answer:",
    ]
    return "\n".join(lines)


def options(item: KnowledgeItem) -> tuple[str, ...]:
    """What a model may say, one per choice; each begins with a different token."""
    return tuple(f" {letter}" for letter in LETTERS[: len(item.choices)])


def judge_capability(benchmark: Benchmark, chosen: Sequence[int], speaker: Digest) -> FrontierFinding:
    """The share right against the threshold, each side by its own one-sided exact bound."""
    domain = benchmark.domain
    right = sum(choice == item.answer for choice, item in zip(chosen, benchmark.items, strict=True))
    count = len(benchmark.items)
    band = Band.UNCLEAR
    if upper_bound(right, count, domain.confidence) < domain.threshold:
        band = Band.BELOW
    elif lower_bound(right, count, domain.confidence) > domain.threshold:
        band = Band.ABOVE
    interval = exact_interval(right, count, domain.confidence)
    return FrontierFinding(
        domain=domain.id,
        speaker=speaker,
        right=right,
        items=count,
        rate=right / count,
        low=interval.low,
        high=interval.high,
        threshold=domain.threshold,
        confidence=domain.confidence,
        band=band,
    )


def review_requests(benchmarks: Sequence[Benchmark], findings: Sequence[FrontierFinding]) -> tuple[ReviewRequest, ...]:
    """A request for every finding that is not clearly below its threshold."""
    domains = {benchmark.domain.id: benchmark.domain for benchmark in benchmarks}
    words = {Band.UNCLEAR: "not clearly below", Band.ABOVE: "above"}
    return tuple(
        ReviewRequest(
            subject=finding.digest,
            reason=f"{domain.title} is {words[finding.band]} the threshold; {domain.tolerance}",
            reviewers=domain.reviewers,
        )
        for finding in findings
        if finding.band is not Band.BELOW and (domain := domains[finding.domain])
    )
