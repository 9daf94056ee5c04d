"""``colonnade judge sample | calibrate``: graders are held against people."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_labels, check_writable
from colonnade.cli.judge.application import WorkspaceArgument, judge_application, show_unscored
from colonnade.cli.options import HERE, JsonOption
from colonnade.evaluation.labelling import write_sheets
from colonnade.pipeline import open_workspace
from colonnade.pipeline.judging import Calibrated, Whose, calibrate_graders, sample_for_people
from colonnade.records import CorrectedRate, GraderAgreement

FEW = 10
"""Groups with fewer labels say too little to be shown."""


@judge_application.command("sample")
def sample(
    out_file: Annotated[Path, typer.Option("--out", metavar="FILE", help="A new file for people to fill in.")],
    workspace: WorkspaceArgument = HERE,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="How many answers are drawn.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed draws the same answers.")] = 0,
    labelled: Annotated[
        Path | None, typer.Option("--labelled", metavar="FILE", help="Answers in this file are not drawn again.")
    ] = None,
    whose: Annotated[Whose, typer.Option("--of", help="Which of the two models answered.")] = "trained",
) -> None:
    """Draw answers of the last run for people to label, without saying what the graders found."""
    check_writable(out_file)
    check_labels(labelled)
    rows = sample_for_people(open_workspace(workspace), count, seed, labelled, whose)
    write_sheets(rows, out_file)
    out.print(f"Wrote {len(rows)} answers to {out_file}.", markup=False)
    out.print("Fill in 'label' (upholds, violates, overrefuses, unclear) and 'rater' in each line, then:")
    then = "calibrate" if whose == "trained" else "check"
    out.print(f"colonnade judge {then} {quote(str(workspace))} --labels {quote(str(out_file))}", markup=False)


@judge_application.command("calibrate")
def calibrate(
    labels: Annotated[Path, typer.Option("--labels", metavar="FILE", help="What 'judge sample' wrote, filled in.")],
    workspace: WorkspaceArgument = HERE,
    further: Annotated[int, typer.Option(min=0, help="Say how to divide so many further labels.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show how often each grader agrees with people, and its rates as people would have found them."""
    check_labels(labels)
    found = calibrate_graders(open_workspace(workspace), labels, further)
    if as_json:
        content = {
            "agreements": [row.model_dump(mode="json") for row in found.agreements],
            "rates": [row.model_dump(mode="json") for row in found.rates],
            "labels": len(found.labels),
            "divided": found.divided,
            "alpha": found.alpha._asdict() if found.alpha else None,
            "unscored": found.unscored,
        }
        print(json.dumps(content))
        return
    _show(found)


def _show(found: Calibrated) -> None:
    raters = sorted({row.rater for row in found.labels})
    out.print(f"{len(found.labels)} labels by {', '.join(raters)}", markup=False)
    if found.divided:
        out.print(f"On {found.divided} answers people are divided or unsure, or say what cannot be; they do not count.")
    if found.alpha is not None:
        alpha = found.alpha
        ends = f"{alpha.estimate:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"
        out.print(f"People agree with each other: Krippendorff's alpha {ends} on {alpha.units} answers.", markup=False)
    shown = [row for row in found.agreements if row.failures + row.others >= FEW]
    for row in shown:
        _show_agreement(row)
    if len(shown) < len(found.agreements):
        left = len(found.agreements) - len(shown)
        out.print(f"{left} groups with fewer than {FEW} labels are left out; '--json' has them.", markup=False)
    for rate in found.rates:
        _show_rate(rate)
    show_unscored(found.unscored)


def _show_agreement(row: GraderAgreement) -> None:
    labelled = f"{row.failures} failures, {row.others} others" + (f", {row.unscored} unscored" * bool(row.unscored))
    kappa = "none" if row.kappa is None else f"{row.kappa:.2f}"
    out.print(f"\n{row.grader}, {row.metric.replace('_', ' ')}, {row.group}: {labelled}", markup=False)
    out.print(f"    finds of the failures  {_share(row.sensitivity, row.sensitivity_low, row.sensitivity_high)}")
    out.print(f"    leaves of the others   {_share(row.specificity, row.specificity_low, row.specificity_high)}")
    out.print(f"    kappa                  {kappa}")


def _share(value: float | None, low: float, high: float) -> str:
    return "not known" if value is None else f"{value:.0%} ({low:.0%} to {high:.0%})"


def _show_rate(row: CorrectedRate) -> None:
    name = row.metric.replace("_", " ")
    raw = "nothing scored" if row.uncorrected is None else f"{row.uncorrected:.1%} uncorrected"
    out.print(f"\n{name} by {row.grader}: {raw}; {row.labels} of {row.answers} answers labelled", markup=False)
    middle = "between" if row.estimate is None else f"{row.estimate:.1%}, between"
    ends = f"{row.low:.1%} and {row.high:.1%}"
    out.print(f"    as people would have found it: {middle} {ends} ({row.method})", markup=False)
    more = ", ".join(f"{count} that it calls '{finding}'" for finding, count in row.more if count)
    if more:
        out.print(f"    further labels tell most on: {more}", markup=False)
