"""``colonnade evaluate --stage S --model M``: a model measured at a stage of its life."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import QuietReporter, TerminalReporter, out
from colonnade.evaluation.runner import Price
from colonnade.evaluation.runner import Standing as Progress
from colonnade.models.pacing import Limits
from colonnade.pipeline import open_workspace
from colonnade.pipeline.evaluating import Evaluated, Wishes, evaluate
from colonnade.records import InputError, JointRegion, LifeStage, Measurement

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", "-w", metavar="WORKSPACE", help="With launch.yaml and policies/; by default this folder."
    ),
]
StageOption = Annotated[LifeStage | None, typer.Option("--stage", help="When in its life the model is measured.")]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="base, trained, a saved checkpoint such as finetuning-120, packaged, a folder of weights, scripted:FILE, "
        "or NAME@http://ADDRESS/v1. Several for the stage 'checkpoint', the one to beat first.",
    ),
]
GraderOption = Annotated[list[str] | None, typer.Option("--grader", help="Who judges; several are shown side by side.")]
SecondsOption = Annotated[float, typer.Option("--seconds", min=0.1, help="Time for the stage 'training'.")]
SamplesOption = Annotated[
    Path | None, typer.Option("--samples", help="For 'canary': a file of live exchanges, one JSON object per line.")
]
CountOption = Annotated[int, typer.Option("--count", min=1, help="For 'canary': so many are drawn by chance.")]
TierOption = Annotated[str, typer.Option("--tier", help="For 'predeployment' and 'canary': who asks.")]
PurposeOption = Annotated[str, typer.Option("--purpose", help="For 'predeployment' and 'canary': what for.")]
ConcurrentOption = Annotated[int, typer.Option("--concurrent", help="Requests under way at a server.")]
PerMinuteOption = Annotated[
    float | None, typer.Option("--per-minute", help="Requests started in a minute; without it no limit.")
]
PriceOption = Annotated[
    str, typer.Option("--price", metavar="IN,OUT", help="What a million tokens cost, for the running cost.")
]


def evaluate_stage(
    stage: LifeStage,
    workspace: Path | None,
    models: list[str] | None,
    graders: list[str] | None,
    seconds: float,
    samples: Path | None,
    count: int,
    tier: str,
    purpose: str,
    limits: Limits,
    price: str,
    *,
    as_json: bool,
) -> None:
    """Measure, show what was found, and say where it is written down."""
    wishes = Wishes(
        stage=stage,
        models=tuple(models or ()),
        graders=tuple(graders or Wishes(stage).graders),
        seconds=seconds,
        samples=samples,
        exchanges=count,
        tier=tier,
        purpose=purpose,
        limits=limits,
        price=_price(price),
    )
    reporter = _Progress(QuietReporter() if as_json else TerminalReporter(), str(stage))
    try:
        done = evaluate(open_workspace(workspace or Path()), wishes, reporter)
    finally:
        reporter.reporter.stop()
    if as_json:
        print(json.dumps(_as_json(done), ensure_ascii=False))
    else:
        _show(done)


class _Progress:
    """What is done, what failed and what it cost, while answers come in."""

    def __init__(self, reporter: TerminalReporter, stage: str) -> None:
        self.reporter, self.stage = reporter, stage
        self._told = 0.0

    def __call__(self, standing: Progress) -> None:
        if self.reporter.bars is None:
            self.reporter.started(f"evaluate.{self.stage}", "Ask")
        if time.monotonic() - self._told < 0.1 and standing.done < standing.total:
            return
        self._told = time.monotonic()
        faults = f", {standing.faults} faults" if standing.faults else ""
        money = f", {standing.cost.money:.2f} spent" if standing.cost.money is not None else ""
        self.reporter.describe(f"evaluate.{self.stage}: Ask{faults}{money}")
        self.reporter.progress(standing.done, standing.total)


def _price(words: str) -> Price | None:
    if not words:
        return None
    try:
        tokens_in, tokens_out = (float(part) for part in words.split(","))
    except ValueError:
        tokens_in = tokens_out = math.nan
    if not all(math.isfinite(part) and part >= 0 for part in (tokens_in, tokens_out)):
        raise InputError(f"'{words}' is no price.", mend="Say '--price 0.5,1.5': a million read, a million written.")
    return Price(tokens_in, tokens_out)


def _as_json(done: Evaluated) -> dict[str, Any]:
    found = done.found
    return {
        "stage": str(done.stage),
        "split": found.split,
        "prompts": len(found.prompts),
        "models": dict(found.names),
        "measurements": [row.model_dump(mode="json") for row in found.measurements],
        "regions": [row.model_dump(mode="json") for row in found.regions],
        "comparisons": [row.model_dump(mode="json") for row in found.comparisons],
        "probes": [row.model_dump(mode="json") for row in found.probes],
        "capability": [row.model_dump(mode="json") for row in found.capability],
        "looks": [row.model_dump(mode="json") for row in found.looks],
        "choice": found.choice.model_dump(mode="json") if found.choice else None,
        "curve": [row.model_dump(mode="json") for row in found.curve],
        "notes": list(found.notes),
        "cost": found.cost._asdict(),
        "seconds": round(done.seconds, 2),
        "run": done.run,
    }


# --- text ---------------------------------------------------------------------------------------------


def _say(text: str = "") -> None:
    out.print(text, markup=False)


def _show(done: Evaluated) -> None:
    found = done.found
    _say(f"{done.stage}: {len(found.prompts)} prompts ({found.split}), {done.seconds:.1f} s")
    for sentence in found.notes:
        _say(f"  {sentence}")
    regions = {(row.speaker, row.grader): row for row in found.regions}
    capability = {row.speaker: row for row in found.capability if row.group == "all"}
    whole = [row for row in found.measurements if row.group == "all"]
    for speaker, grader in dict.fromkeys((row.speaker, row.grader) for row in whole):
        _say(f"\n{found.names.get(speaker, speaker)}, as {grader} finds (uncorrected)")
        for row in whole:
            if (row.speaker, row.grader) == (speaker, grader):
                _say(f"    {_rate(row)}")
        _say(f"    {_region(regions[speaker, grader])}")
        known = capability.get(speaker)
        if known is not None:
            _say(
                f"    general questions     {known.right} of {known.items} right "
                f"({known.low:.0%} to {known.high:.0%}; chance {known.chance:.0%}), {known.declined} declined"
            )
    if whole and not capability:
        _say("\nGeneral questions were not asked: a model that declines everything would look good on violations.")
    _show_more(done)
    _say(f"\nWritten down as {done.run}")


def _show_more(done: Evaluated) -> None:
    """What only some stages bring."""
    found = done.found
    for probe in found.probes:
        if probe.group == "all":
            shown = f"{probe.value:.1f}" if probe.probe == "perplexity" else f"{probe.value:.0%}"
            ends = (
                f"{probe.low:.1f} to {probe.high:.1f}"
                if probe.probe == "perplexity"
                else f"{probe.low:.0%} to {probe.high:.0%}"
            )
            _say(f"  {probe.probe.replace('_', ' ')}: {shown} ({ends}) on {probe.items}")
    for row in found.comparisons:
        name, points = row.metric.replace("_rate", "s"), 100 * row.difference
        ends = f"{100 * row.low:+.1f} to {100 * row.high:+.1f}"
        names = f"{found.names.get(row.second, row.second)} against {found.names.get(row.first, row.first)}"
        _say(f"  {names}, {row.grader}: {name} {points:+.1f} points ({ends}), p = {row.p_value:.2g}")
    last = {(look.grader, look.metric): look for look in found.looks}
    for look in last.values():
        bound = "no bound" if look.bound is None else f"bound {look.bound:.0%}"
        alarm = "ALARM: shown to exceed it" if look.alarm else "no alarm"
        _say(
            f"  {look.metric.replace('_', ' ')} by {look.grader}, valid at every look: "
            f"{look.low:.0%} to {look.high:.0%} of {look.clusters} clusters; {bound}, {alarm}"
        )
    if found.choice:
        _say(f"\nChosen on {found.choice.choosing} prompts: {found.names[found.choice.chosen]} ({found.choice.why})")
        front = ", ".join(found.names[one] for one in found.choice.front)
        _say(f"No other model beats: {front}. The rates above are on the other {found.choice.reporting} prompts.")
    if found.curve:
        _say("\nIf the guard held back only from this nearness to an example on:")
        _say(f"    {'nearness':>8}  {'violations':>10}  {'over-refusals':>13}")
        for point in found.curve:
            nearness = "never" if point.threshold > 1 else f"{point.threshold:.2f}"
            rates = (point.region.violation_rate, point.region.overrefusal_rate)
            left, right = ("none" if rate is None else f"{rate:.1%}" for rate in rates)
            _say(f"    {nearness:>8}  {left:>10}  {right:>13}")
    if found.cost.tokens_in or found.cost.tokens_out:
        money = f", {found.cost.money:.2f} spent" if found.cost.money is not None else ""
        unknown = f", {found.cost.unreported} answers uncounted by the server" if found.cost.unreported else ""
        _say(f"  {found.cost.tokens_in:,} tokens read and {found.cost.tokens_out:,} written{money}{unknown}")


def _rate(row: Measurement) -> str:
    name = row.metric.replace("_", " ").replace("rate", "rate:")
    rate = "nothing scored" if row.rate is None else f"{row.rate:.1%}"
    unscored = f", {row.unscored} unscored" if row.unscored else ""
    clusters = f" in {row.clusters} clusters" if row.clusters < row.scored + row.unscored else ""
    counts = f"{row.events} of {row.scored}{unscored}{clusters}"
    return f"{name:<22}{rate} ({row.low:.1%} to {row.high:.1%}), at most {row.upper:.1%}; {counts}"


def _region(row: JointRegion) -> str:
    return (
        f"both at once ({row.confidence:.0%}): violations {row.violation_low:.0%} to {row.violation_high:.0%}, "
        f"over-refusals {row.overrefusal_low:.0%} to {row.overrefusal_high:.0%}"
    )
