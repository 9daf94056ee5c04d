"""Base model and trained checkpoint of a workspace on public prompts, both on the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from colonnade.evaluation import METRICS, compare
from colonnade.grading import Item
from colonnade.grading.decline_rules import DeclineRules
from colonnade.models import Sampling
from colonnade.models.local import release_memory
from colonnade.models.transcribing import transcribe
from colonnade.pipeline import open_workspace
from colonnade.pipeline.service import last_decision, load_model
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Checkpoint, Expected, Finding, Prompt, Split, Verdict
from colonnade.statistics import exact_interval
from public_data import NO_CLAUSE, AbsentError, harmbench, spread, xstest_prompts
from results import Rate, bar, err, show

TOKENS = 24
"""A decline stands in the opening of an answer, so no more is drawn."""

BATCH = 32
"""Contextual behaviours are long, and a batch is as long as its longest prompt."""

CONFIDENCE = 0.95
METRIC_OF = {expected: metric for metric, (expected, _) in METRICS.items()}


def measure_models(data: Path, workspace: Path, limit: int | None) -> dict[str, Any]:
    """Rates of both models per set, the paired difference and the exact McNemar p.

    Raises:
        AbsentError: where none of the sets is there.
        InputError: where the workspace has no finished run.
    """
    opened = open_workspace(workspace)
    checkpoint, _ = last_decision(opened)
    base = Checkpoint(adapter=None, base=checkpoint.base, method="base")
    sets = {name: spread(rows, limit) for name, rows in public_prompts(data).items()}
    prompts = {name: _as_prompts(name, rows) for name, rows in sets.items()}
    everything = [prompt for rows in prompts.values() for prompt in rows]
    verdicts = {
        name: _verdicts(opened, speaker, name, everything)
        for name, speaker in (("base", base), ("trained", checkpoint))
    }
    speakers = (base.digest, checkpoint.digest)
    measured = {name: _compare(rows, verdicts, speakers) for name, rows in prompts.items()}
    found = verbatim(workspace, everything)
    _show(measured, checkpoint, found, len(everything))
    return {"sets": measured, "tokens": TOKENS, "trained": checkpoint.digest, "verbatim_in_workspace": found}


def public_prompts(data: Path) -> dict[str, list[str]]:
    """Prompts by set; a set that is not there is said and left out."""
    sets: dict[str, list[str]] = {}
    try:
        sets |= {f"XSTest {label}": rows for label, rows in xstest_prompts(data).items()}
    except AbsentError as absent:
        err.print(f"models goes on without XSTest: {absent}", markup=False)
    try:
        sets["HarmBench"] = harmbench(data)
    except AbsentError as absent:
        err.print(f"models goes on without HarmBench: {absent}", markup=False)
    if not sets:
        raise AbsentError("neither xstest_v2 nor harmbench_behaviors is there.")
    return sets


def verbatim(workspace: Path, prompts: Sequence[Prompt]) -> int:
    """How many of the prompts stand word for word in a file that the workspace learns from."""
    written = [
        " ".join(file.read_text(encoding="utf-8", errors="replace").lower().split())
        for folder in ("policies", "prompts", "ratings", "corpus")
        for file in sorted((workspace / folder).rglob("*"))
        if file.is_file()
    ]
    return sum(any(" ".join(prompt.text.lower().split()) in text for text in written) for prompt in prompts)


def _as_prompts(name: str, texts: Sequence[str]) -> list[Prompt]:
    expected = Expected.HELP if name == "XSTest safe" else Expected.DECLINE
    return [
        Prompt(
            id=f"{name}-{place}",
            text=text,
            clause=NO_CLAUSE.id,
            expected=expected,
            twin=None,
            cluster=f"{name}-{place}",
            split=Split.GATE,
            origin="public",
        )
        for place, text in enumerate(texts)
    ]


def _verdicts(opened: Workspace, checkpoint: Checkpoint, name: str, prompts: Sequence[Prompt]) -> list[Verdict]:
    model = load_model(opened, checkpoint)
    with bar(f"the {name} model answers") as progress:
        transcripts = transcribe(
            model,
            prompts,
            opened.launch.model.system,
            Sampling(TOKENS, batch=BATCH),
            checkpoint.digest,
            progress,
        )
    del model
    release_memory()
    return DeclineRules().grade(
        [Item(transcript, prompt, NO_CLAUSE) for transcript, prompt in zip(transcripts, prompts, strict=True)]
    )


def _compare(
    prompts: Sequence[Prompt], verdicts: Mapping[str, Sequence[Verdict]], speakers: tuple[str, str]
) -> dict[str, Any]:
    metric = METRIC_OF[prompts[0].expected]
    mine = {prompt.id for prompt in prompts}
    sides = {name: [row for row in rows if row.prompt in mine] for name, rows in verdicts.items()}
    compared = compare(sides["base"], sides["trained"], prompts, speakers, CONFIDENCE)
    both = next((row for row in compared if row.metric == metric), None)
    return {
        "metric": metric,
        "prompts": len(prompts),
        **{name: _rate(rows, metric) for name, rows in sides.items()},
        "unscored": {name: sum(row.finding is Finding.UNSCORED for row in rows) for name, rows in sides.items()},
        "paired": both.model_dump(mode="json", exclude={"first", "second"}) if both else None,
    }


def _rate(rows: Sequence[Verdict], metric: str) -> Rate:
    """The rate over scored answers; unscored ones are fine at the low end and failed at the high end."""
    _, failure = METRICS[metric]
    failed = sum(row.finding is failure for row in rows)
    unscored = sum(row.finding is Finding.UNSCORED for row in rows)
    scored = len(rows) - unscored
    return Rate(
        events=failed,
        trials=scored,
        rate=failed / scored if scored else None,
        low=exact_interval(failed, len(rows), CONFIDENCE).low,
        high=exact_interval(failed + unscored, len(rows), CONFIDENCE).high,
    )


def _show(measured: Mapping[str, Any], checkpoint: Checkpoint, found: int, count: int) -> None:
    rows = []
    for name, row in measured.items():
        both = row["paired"]
        unscored = f"{row['unscored']['base']}/{row['unscored']['trained']}"
        difference = f"{both['difference']:+.3f} ({both['low']:+.3f} to {both['high']:+.3f})"
        rows.append(
            (
                name,
                row["metric"],
                row["prompts"],
                unscored,
                row["base"],
                row["trained"],
                difference,
                f"{both['p_value']:.2g}",
            )
        )
    notes = (
        f"Trained: {checkpoint.method}, step {checkpoint.step}. Greedy, {TOKENS} new tokens, the launch's system"
        " message; a violation is an answer whose opening does not decline.",
        f"{found} of these {count} prompts stand word for word in what the workspace learns from.",
    )
    columns = ("set", "rate", "n", "unscored", "base (95 %)", "trained (95 %)", "trained − base (95 %)", "McNemar p")
    show("models: base and trained checkpoint on the same prompts", columns, rows, notes)
