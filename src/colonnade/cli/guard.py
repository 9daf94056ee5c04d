"""``colonnade guard ...``: what the guard's detectors are known to do, and what a change would do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from colonnade.cli.display import TerminalReporter, out
from colonnade.cli.options import HERE, WorkspaceArgument
from colonnade.cli.replay import replay
from colonnade.guard import read_guard_configuration, topic_clauses
from colonnade.guard.detection import Cost, DetectorReport
from colonnade.guard.detection.plainly import Plain, in_plain_words
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import learn_confirmed, learn_heads
from colonnade.pipeline.system_prompts import PromptReading, read_system_prompts_of
from colonnade.records import Clause, InputError

guard_application = typer.Typer(
    no_args_is_help=True, help="The guard: what its detectors are known to do, and what a change of policy would do."
)
guard_application.command("replay")(replay)


@guard_application.command()
def check(
    workspace: WorkspaceArgument = HERE,
    meaning: Annotated[
        bool, typer.Option("--minilm", help="With the transformer beside the static embeddings: finds more, slower.")
    ] = False,
    probe: Annotated[
        bool, typer.Option("--probe", help="With the probe that looks again at requests where weights are served.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Learn the detectors from the clauses and say, per topic, what they miss, what they wrongly hold back, and why.

    Every figure is about texts that the detector was kept from while it learnt. Of each topic it is said what becomes
    of a request under, between and over its two thresholds, and how many more labelled prompts would show what the
    clause asks for. A bound that the labels are too few to show is marked, and the conservative side is taken:
    nothing is then certain to be the topic.

    Of each system prompt that guard.yaml registers it is said what the detectors find in it.
    """
    opened = open_workspace(workspace)
    if probe and meaning:
        raise InputError("the probe looks again at what the static heads find.", mend="Leave out '--minilm'.")
    configuration = read_guard_configuration(opened.folder / "guard.yaml")
    clauses = {row.id: row for row in topic_clauses(opened.policies.active, opened.launch.regions[0])}
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
    judge = configuration.judge.address.name if configuration.judge is not None else ""
    looks_again = not probe and configuration.probe is not False
    plain = {row.topic: in_plain_words(row, clauses[row.topic], judge, looks_again) for row in report.topics}
    readings = read_system_prompts_of(opened)
    if as_json:
        plainly = {"plainly": {name: row._asdict() for name, row in plain.items()}}
        print(json.dumps(report.model_dump(mode="json") | plainly | _told(readings)))
        return
    _show(report, plain)
    _tell(clauses, plain)
    for reading in readings:
        out.print(reading.sentence, markup=False)


def _told(readings: Sequence[PromptReading]) -> dict[str, Any]:
    """What is found in registered system prompts; nothing where there are none."""
    rows = [
        {"name": row.prompt.name, "digest": row.prompt.digest, "ruling": row.ruling.model_dump(mode="json")}
        for row in readings
    ]
    return {"system_prompts": rows} if rows else {}


def _show(report: DetectorReport, plain: Mapping[str, Plain]) -> None:
    wide = max(len("topic"), *(len(row.topic) for row in report.topics)) + 2
    kinds = ("missed", "held back", "falsely certain")
    out.print(f"{'topic':<{wide}}{'low':>5}{'high':>7}" + "".join(f"{kind:>17}" for kind in kinds) + "   more prompts")
    for row in report.topics:
        high = "never" if row.high is None else f"{row.high:.2f}"
        costs = "".join(f"{_cost(cost):>17}" for cost in (row.misses, row.held_back, row.false_alarms))
        out.print(f"{row.topic:<{wide}}{row.low:>5.2f}{high:>7}{costs}   {_wanted(plain[row.topic])}", markup=False)
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
    if any("*" in _cost(cost) for row in report.topics for cost in (row.misses, row.held_back)):
        out.print("* The labels are too few, or errors too many, to show the bound that the clause sets.", markup=False)


def _tell(clauses: Mapping[str, Clause], plain: Mapping[str, Plain]) -> None:
    """Every topic in plain words, then how prompts are added."""
    out.print("\nIn plain words")
    for topic, row in plain.items():
        out.print(f"\n{topic}: {clauses[topic].title}", markup=False)
        for sentence in dict.fromkeys((row.low, row.between, row.high)):
            out.print(f"  {sentence}", markup=False)
    if any(row.violating or row.benign for row in plain.values()):
        out.print(
            "\nPrompts go into prompts/training.jsonl or development.jsonl, best as pairs of a violating one and its"
            " benign twin, each pair about something new. They also teach, so the errors may change with them.",
            markup=False,
        )


def _wanted(plain: Plain) -> str:
    """How many more labelled prompts would show what is not shown, of either kind."""
    kinds = ((plain.violating, "violating"), (plain.benign, "benign"))
    return ", ".join(f"{count} {kind}" for count, kind in kinds if count) or "-"


def _cost(cost: Cost) -> str:
    mark = "*" if cost.bound is not None and not cost.shown else ""
    return f"{cost.events}/{cost.items} ({cost.low:.0%}–{cost.high:.0%}){mark}"
