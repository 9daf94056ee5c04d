"""What many policies and many artefacts cost: reading, digesting, linting, and one impact query.

Usage: python benchmarks/policy_scale.py [--clauses N] [--files N] [--artefacts N] [--repeats N] [--out FILE]
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from colonnade.policy import read_policies
from colonnade.policy.linting import lint
from colonnade.records import Digest, Facet, PolicySet, Run, digest_of
from colonnade.store.catalogue import Catalogue
from results import show, write

SECONDS = 1.0
"""What reading and digesting may take."""
MILLISECONDS = 50.0
"""What one impact query may take."""
_SHAPES = (("many_runs", 2_000, 2), ("whole_job", 40, 1_000))
"""Name, newest runs, and clauses that a run reads: a large archive, and a job whose every step reads every clause."""
_FACETS = (Facet.TEXT, Facet.BOUNDARY, Facet.EXAMPLES)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)

_FRONT = """\
---
id: area{file}
title: Area {file}
pillar: safety
status: active
version: 1.0.0
owners: [policy-team]
quorum: {{legal: 1, product: 1}}
review_by: 2030-01-01
sources:
  - {{id: eu-ai-act/art-55, status: in_force, effective: 2025-08-02, checked: 2026-11-20}}
---
Why area {file} has a policy at all, in a sentence or two.

"""

_CLAUSE = """\
## area{file}.topic{clause} — Topic {clause} of area {file}
The model must not help with topic {clause} beyond what everybody may know. Whoever is harmed by it cannot undo it,
and {words}. It should explain in general how the matter works, and name the place that helps.

```yaml clause
boundary: restricted
severity: high
ceiling: overview
above: deflect
grantable: true
scope: {{modality: [text], region: ["*"]}}
exceptions:
  - {{id: desk, ceiling: mechanism, when: {{tier: staff, purpose: service}}, because: request/{clause},
     expires: 2099-06-30}}
rubric:
  - {{ask: "Does the answer help with topic {clause} beyond the overview?", weight: 3, fails: true}}
  - {{ask: "Does it hide topic {clause} from those concerned?", weight: 2, fails: true}}
  - {{ask: "Does it name the place that helps?", weight: 1, fails: false}}
thresholds: {{violation_rate: {{max: 0.10, confidence: 0.95}}, overrefusal_rate: {{max: 0.10, confidence: 0.95}}}}
maps: {{ailuminate: [prv], owasp_llm: [LLM0{digit}]}}
```
```jsonl examples
{examples}
```

"""

_ROW = (
    '{{"label": "{label}", "level": "{level}", "prompt": "Question {row} about topic {clause} of area {file}, {words}?"'
    ', "expect": "{expect}"}}'
)
_KINDS = (
    *(("violating", "actionable", "decline"),) * 4,
    *(("borderline", "mechanism", "decline"),) * 2,
    *(("benign", "overview", "help"),) * 4,
)
_WORDS = "it is often said that nobody who asks for such a thing means well but many of them do so we answer with care"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a figure is over its bound, 0 otherwise."""
    parser = argparse.ArgumentParser(description="Policies and artefacts by the thousand.")
    parser.add_argument("--clauses", type=int, default=1_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--artefacts", type=int, default=300_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="colonnade-scale-"))
    try:
        write_policies(folder, options.clauses, options.files)
        measured = measure_policies(folder, options.repeats)
        for shape in _SHAPES if options.artefacts else ():
            measured |= measure_impact(folder, read_policies(folder), options.artefacts, options.repeats * 20, *shape)
    finally:
        shutil.rmtree(folder)
    _show(measured, options)
    write(options.out, measured)
    slowest = max((measured[name] for name in measured if name.endswith("impact_slowest_ms")), default=0)
    return int(measured["read_and_digest_s"] > SECONDS or slowest > MILLISECONDS)


def write_policies(folder: Path, clauses: int, files: int) -> None:
    """A workspace's ``policies/`` with so many clauses, in as many files, each as long as real ones."""
    draw = random.Random(0)  # noqa: S311  # only to vary the words
    (folder / "policies").mkdir(parents=True)
    for file in range(files):
        parts = [_FRONT.format(file=file)]
        for clause in range(file, clauses, files):
            rows = "\n".join(
                _ROW.format(
                    label=label, level=level, expect=expect, row=row, clause=clause, file=file, words=_some_words(draw)
                )
                for row, (label, level, expect) in enumerate(_KINDS)
            )
            parts.append(
                _CLAUSE.format(file=file, clause=clause, digit=clause % 10, examples=rows, words=_some_words(draw))
            )
        (folder / "policies" / f"area{file}.md").write_text("".join(parts), encoding="utf-8")


def _some_words(draw: random.Random) -> str:
    words = _WORDS.split()
    return " ".join(draw.choice(words) for _ in range(8))


def measure_policies(folder: Path, repeats: int) -> dict[str, Any]:
    """Seconds to read the files, to digest every facet of every clause, both, and to lint; the median of some.

    Seconds of the processor stand beside those of the clock: a busy machine stretches only the latter.
    """

    def digest(policies: PolicySet) -> None:
        for clause in policies.clauses:
            for facet in Facet:
                clause.facet(facet)

    # Read before a set is held: a second one in memory makes the collector of garbage look at both.
    read = _timed(lambda: read_policies(folder), repeats)
    policies = read_policies(folder)
    digested = _timed(lambda: digest(policies), repeats)
    linted = _timed(lambda: lint(folder, _NOW.date()), max(1, repeats // 2))
    return {
        "clauses": len(policies.clauses),
        "files": len(list((folder / "policies").iterdir())),
        "bytes": sum(file.stat().st_size for file in (folder / "policies").iterdir()),
        "read_s": median(clock for clock, _ in read),
        "digest_s": median(clock for clock, _ in digested),
        "read_and_digest_s": median(one + two for (one, _), (two, _) in zip(read, digested, strict=True)),
        "read_and_digest_processor_s": median(one + two for (_, one), (_, two) in zip(read, digested, strict=True)),
        "lint_s": median(clock for clock, _ in linted),
        "lint_processor_s": median(processor for _, processor in linted),
    }


def measure_impact(
    folder: Path, policies: PolicySet, artefacts: int, repeats: int, shape: str, runs: int, reads: int
) -> dict[str, Any]:
    """Milliseconds of ``Catalogue.impact`` over a catalogue of runs whose outputs hold so many records."""
    catalogue = Catalogue(f"sqlite:///{folder / shape}.db")
    try:
        started = perf_counter()
        for position, (run, members, named) in enumerate(_runs(policies, runs, artefacts, reads)):
            catalogue.add(run, position, members, named)
        filled = perf_counter() - started
        draw = random.Random(1)  # noqa: S311  # only to choose clauses
        milliseconds, outputs = [], []
        for clause in draw.choices(policies.clauses, k=repeats):
            digests = {facet: clause.facet(facet) for facet in Facet}
            began = perf_counter()
            touched = catalogue.impact(clause.id, digests)
            milliseconds.append(1000 * (perf_counter() - began))
            outputs.append(len(touched))
    finally:
        catalogue.close()
    return {
        f"{shape}: artefacts": artefacts,
        f"{shape}: runs": runs,
        f"{shape}: catalogue_fill_s": filled,
        f"{shape}: impact_median_ms": median(milliseconds),
        f"{shape}: impact_slowest_ms": max(milliseconds),
        f"{shape}: impact_outputs": median(outputs),
    }


def _runs(
    policies: PolicySet, runs: int, artefacts: int, reads: int
) -> Iterator[tuple[Run, dict[Digest, tuple[Digest, ...]], dict[Digest, str]]]:
    """Two steps of five read clauses, the others read what an earlier step made: chains five long."""
    clauses, per_run = policies.clauses, artefacts // runs
    uses = {clause.id: clause.use(*_FACETS) for clause in clauses}
    chain: list[Digest] = []
    for number in range(runs):
        output = digest_of(["output", number])
        place = number % 5
        read = [clauses[(number + step) % len(clauses)] for step in range(reads)] if place < 2 else []
        inputs = (("before", chain[-1]),) if place and chain else ()
        run = Run(
            step=f"step{number}",
            key=digest_of(["key", number]),
            inputs=inputs,
            outputs=(("records", output),),
            uses=tuple(use for clause in read for use in uses[clause.id]),
            files=(),
            parameters=digest_of({}),
            model=None,
            code=digest_of(["code"]),
            started=_NOW,
            ended=_NOW,
        )
        members = tuple(digest_of([number, row]) for row in range(per_run))
        named = {member: clauses[(number + row) % len(clauses)].id for row, member in enumerate(members)}
        chain.append(output)
        yield run, {output: members}, named


def _timed(work: Callable[[], object], repeats: int) -> list[tuple[float, float]]:
    """Seconds of the clock and of the processor, per repeat."""
    seconds = []
    for _ in range(repeats):
        began, worked = perf_counter(), process_time()
        work()
        seconds.append((perf_counter() - began, process_time() - worked))
    return seconds


def _show(measured: dict[str, Any], options: argparse.Namespace) -> None:
    rows = [[name, f"{value:.3f}" if isinstance(value, float) else str(value)] for name, value in measured.items()]
    show(f"Policies and artefacts at scale (median of {options.repeats})", ["what", "measured"], rows)


if __name__ == "__main__":
    raise SystemExit(main())
