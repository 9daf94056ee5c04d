"""``colonnade guard ...``: what the guard's detectors are known to do, and what a change would do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import TerminalReporter, err, out
from colonnade.cli.replay import replay
from colonnade.guard.detection import Cost, DetectorReport
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import learn_confirmed, learn_heads
from colonnade.pipeline.system_prompts import PromptReading, read_system_prompts_of
from colonnade.records import InputError

guard_application = typer.Typer(
    no_args_is_help=True, help="The guard: what its detectors are known to do, and what a change of policy would do."
)
guard_application.command("replay")(replay)

WorkspaceArgument = Annotated[
    Path, typer.Argument(metavar="WORKSPACE", help="A folder with launch.yaml and policies/.")
]


@guard_application.command()
def check(
    workspace: WorkspaceArgument,
    meaning: Annotated[
        bool, typer.Option("--minilm", help="With the transformer beside the static embeddings: finds more, slower.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="With the probe that looks again at requests where weights are served.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Learn the detectors from the clauses and show, per topic, what they miss and what they wrongly hold back.

    Every figure is about texts that the detector was kept from while it learnt. A bound that the labels are too
    few to show is marked, and the conservative side is taken: nothing is then certain to be the topic.

    Of each system prompt that guard.yaml registers it is said what the detectors find in it.
    """
    opened = open_workspace(workspace)
    if probe and meaning:
        raise InputError("the probe looks again at what the static heads find.", mend="Leave out '--minilm'.")
    reporter = TerminalReporter()

    def told(done: int, total: int) -> None:
        if reporter.bars is None:
            reporter.started("guard", "embeddings, once on this machine")
        reporter.progress(done, total)

    try:
        learnt = learn_heads(opened, ("static", "minilm-onnx") if meaning else ("static",), told)
        report = learn_confirmed(opened).report if probe else learnt.report
    finally:
        reporter.stop()
    readings = read_system_prompts_of(opened)
    if as_json:
        print(json.dumps({**report.model_dump(mode="json"), **_told(readings)}))
        return
    _show(report)
    for reading in readings:
        out.print(reading.sentence, markup=False)


def _told(readings: Sequence[PromptReading]) -> dict[str, Any]:
    """What is found in registered system prompts; nothing where there are none."""
    rows = [
        {"name": row.prompt.name, "digest": row.prompt.digest, "ruling": row.ruling.model_dump(mode="json")}
        for row in readings
    ]
    return {"system_prompts": rows} if rows else {}


def _show(report: DetectorReport) -> None:
    out.print(f"{'topic':<32}{'low':>6}{'high':>7}{'missed':>20}{'held back':>20}{'falsely certain':>20}")
    for row in report.topics:
        high = "never" if row.high is None else f"{row.high:.2f}"
        costs = "".join(f"{_cost(cost):>20}" for cost in (row.misses, row.held_back, row.false_alarms))
        out.print(f"{row.topic:<32}{row.low:>6.2f}{high:>7}{costs}", markup=False)
    out.print(f"\n{report.detector}, version {report.version}, learnt from {report.texts} texts.", markup=False)
    out.print(f"missed, all topics     {_cost(report.misses)}", markup=False)
    out.print(f"held back, all topics  {_cost(report.held_back)}", markup=False)
    out.print(f"everyday texts held    {_cost(report.everyday)}", markup=False)
    levels = report.levels
    out.print(
        f"levels                 {levels.exact} of {levels.items} exact, {levels.near} at most one off,"
        f" {levels.side} on the right side of the ceiling; always naming the commonest: {levels.guess}",
        markup=False,
    )
    unshown = sum(1 for row in report.topics for cost in (row.misses, row.held_back) if not cost.shown)
    if unshown:
        err.print(
            f"* {unshown} bounds are not shown by these labels. More labelled prompts in prompts/development.jsonl can"
            " show them; until then a judge decides what is uncertain, or the clause's own action.",
            markup=False,
        )


def _cost(cost: Cost) -> str:
    mark = "*" if cost.bound is not None and not cost.shown else ""
    return f"{cost.events}/{cost.items} ({cost.low:.0%}–{cost.high:.0%}){mark}"
