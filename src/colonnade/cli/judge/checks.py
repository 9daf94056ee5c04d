"""``colonnade judge check | drift | threshold``: what moves a grader that must not, and since when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_labels
from colonnade.cli.judge.application import WorkspaceArgument, judge_application, show_unscored
from colonnade.cli.options import HERE, JsonOption
from colonnade.pipeline import open_workspace
from colonnade.pipeline.judge_versions import Drifted, check_judges, drift_of_judges, judge_threshold
from colonnade.pipeline.judging import Whose
from colonnade.records import JudgeCheck, JudgeDrift, SelfPreference

MOVED = 1
"""Exit status where a change that must not matter is shown to."""

LabelsOption = Annotated[
    Path | None, typer.Option("--labels", metavar="FILE", help="What 'judge sample' wrote, filled in.")
]


@judge_application.command("check")
def check(
    workspace: WorkspaceArgument = HERE,
    labels: LabelsOption = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="On at most so many answers.")] = 200,
    own: Annotated[
        Whose | None, typer.Option(help="The served judge is the same model as this one, for self-preference.")
    ] = None,
    only: Annotated[str, typer.Option("--grader", help="Check this one alone.")] = "",
    most: Annotated[float, typer.Option(min=0, max=1, help="End with 1 where more findings than this change.")] = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Change what must not matter (order, length, style) and show how often each grader finds otherwise.

    Ends with 1 where a check shows, with its whole interval, that more than a share of the findings changes.
    """
    check_labels(labels)
    found = check_judges(open_workspace(workspace), count, labels, own, only)
    moved = [row for row in found.checks if not row.not_checked and row.low > most]
    if as_json:
        content = {
            "answers": found.answers,
            "checks": [row.model_dump(mode="json") for row in found.checks],
            "self_preference": [row.model_dump(mode="json") for row in found.preferences],
            "unscored": found.unscored,
        }
        print(json.dumps(content))
    else:
        out.print(f"On {found.answers} answers of the trained model:")
        for row in found.checks:
            _show_check(row)
        for preference in found.preferences:
            _show_preference(preference)
        show_unscored(found.unscored)
        out.print("No grader is shown two answers, so none can prefer the first; the order of questions is changed.")
    if moved:
        raise typer.Exit(MOVED)


@judge_application.command("drift")
def drift(
    workspace: WorkspaceArgument = HERE,
    run: Annotated[
        str, typer.Option("--run", metavar="DIGEST", help="The run that graded then; the newest one without it.")
    ] = "",
    labels: LabelsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade a run's answers again with the graders as they stand now, and compare."""
    check_labels(labels)
    found = drift_of_judges(open_workspace(workspace), run, labels)
    if as_json:
        content = found._asdict() | {"drifts": [row.model_dump(mode="json") for row in found.drifts]}
        print(json.dumps(content))
        return
    _show_drift(found)


@judge_application.command("threshold")
def threshold(
    labels: Annotated[Path, typer.Option("--labels", metavar="FILE", help="What 'judge sample' wrote, filled in.")],
    workspace: WorkspaceArgument = HERE,
    agreement: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="The share on which people must agree with a judge that is sure.")
    ] = 0.9,
    as_json: JsonOption = False,
) -> None:
    """Find the confidence from which a cheap judge may decide alone: 'unsure_below' of a cascade."""
    check_labels(labels)
    found = judge_threshold(open_workspace(workspace), labels, agreement)
    limit = found.threshold
    if as_json:
        print(json.dumps(found._asdict() | {"threshold": limit._asdict()}))
        return
    if limit.unsure_below is None:
        out.print(f"No confidence of {found.judge} will do: {limit.reason}.", markup=False)
        out.print("Label more answers, or let the dearer judge decide alone.")
        return
    out.print(f"{found.judge}, on {limit.labels} labelled answers that it judged: {limit.reason};", markup=False)
    out.print(f"people agree with it there on {limit.low:.1%} or more. Below 'judge:' in launch.yaml:", markup=False)
    out.print(f"    unsure_below: {limit.unsure_below:.4g}")
    out.print(f"The next judge would then be asked about {found.asked_on} of {found.answers} answers.")


def _show_check(row: JudgeCheck) -> None:
    head = f"\n{row.grader}, {row.check}: {row.change}"
    out.print(head, markup=False)
    if row.not_checked or row.rate is None:
        out.print(f"    not checked: {row.not_checked}", markup=False)
        return
    flips = row.to_failure + row.to_fine + row.to_unscored
    ends = f"{row.low:.1%} to {row.high:.1%}"
    out.print(f"    {flips} of {row.answers} findings change ({row.rate:.1%}, {ends})", markup=False)
    if flips:
        out.print(
            f"    {row.to_failure} to a failure, {row.to_fine} to none, {row.to_unscored} to unscored"
            f" (p = {row.p_value:.2g} that neither side prevails)"
        )
    if row.unfit:
        out.print(f"    {row.unfit} other answers cannot be changed so")


def _show_preference(row: SelfPreference) -> None:
    out.print(f"\n{row.grader}, self-preference", markup=False)
    if row.not_checked or row.difference is None:
        out.print(f"    not checked: {row.not_checked}", markup=False)
        return
    out.print(
        f"    failures that people find and it does not: {row.own_leniency:+.1%} of its own model's {row.own} answers,"
        f" {row.others_leniency:+.1%} of {row.others} others"
    )
    out.print(f"    more lenient with its own by {row.difference:+.1%} ({row.low:+.1%} to {row.high:+.1%})")


def _show_drift(found: Drifted) -> None:
    out.print(f"Answers graded by run {found.run[7:15]}, graded again now.", markup=False)
    for reason in found.changes:
        out.print(f"    {reason}", markup=False)
    if not found.changes:
        out.print("    The store knows of no difference between the two versions.")
    for name in found.missing:
        out.print(f"{name} graded then, and is no grader of this workspace now.", markup=False)
    if found.left_out:
        out.print(f"{found.left_out} answers are left out: their clauses say something else to a grader now.")
    if not any(row.pairs or row.lost or row.won or row.neither for row in found.drifts):
        out.print("No answer is left to compare.")
    for row in found.drifts:
        _show_one_drift(row)
    show_unscored(found.unscored)


def _show_one_drift(row: JudgeDrift) -> None:
    out.print(f"\n{row.metric.replace('_', ' ')} by {row.grader}, {row.pairs} answers", markup=False)
    out.print(f"    only then a failure: {row.only_old}; only now: {row.only_new} (p = {row.p_value:.2g})")
    out.print(f"    the rate moved by {row.difference:+.1%} ({row.low:+.1%} to {row.high:+.1%})")
    kappa = "none" if row.kappa is None else f"{row.kappa:.2f} ({row.kappa_low:.2f} to {row.kappa_high:.2f})"
    out.print(f"    kappa of the two versions: {kappa}")
    if row.lost or row.won or row.neither:
        out.print(f"    only then judged: {row.lost}; only now: {row.won}; by neither: {row.neither}")
    if row.labelled:
        out.print(
            f"    right, by {row.labelled} labels: {row.old_right} then, {row.new_right} now"
            f" (p = {row.right_p_value:.2g})"
        )
    for when, rate in (("then", row.old_corrected), ("now", row.new_corrected)):
        if rate is not None and rate.corrected:
            middle = "" if rate.estimate is None else f"{rate.estimate:.1%}, "
            out.print(f"    corrected, {when}: {middle}{rate.low:.1%} to {rate.high:.1%}", markup=False)
    for transcript, old, new in row.changed[:10]:
        out.print(f"    {transcript[7:15]}: {old} then, {new} now", markup=False)
    if len(row.changed) > 10:
        out.print(f"    and {len(row.changed) - 10} more; '--json' has them.")
