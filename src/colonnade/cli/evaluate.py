"""``colonnade evaluate ...``: a model put to the prompts, and the prompts renewed by what comes of it."""

from __future__ import annotations

import typer

from colonnade.cli.evaluation import (
    ConcurrentOption,
    CountOption,
    GraderOption,
    ModelOption,
    PerMinuteOption,
    PriceOption,
    PurposeOption,
    SamplesOption,
    SecondsOption,
    StageOption,
    TierOption,
    WorkspaceOption,
    evaluate_stage,
)
from colonnade.cli.options import JsonOption
from colonnade.cli.renewal import confirm, propose, reject, renew, show
from colonnade.models.pacing import Limits
from colonnade.records import InputError, LifeStage

evaluate_application = typer.Typer(
    invoke_without_command=True,
    help="Measure a model at a stage of its life, or renew the prompts by what came to light.",
)


@evaluate_application.callback()
def evaluate(
    context: typer.Context,
    stage: StageOption = None,
    model: ModelOption = None,
    workspace: WorkspaceOption = None,
    grader: GraderOption = None,
    seconds: SecondsOption = 20.0,
    samples: SamplesOption = None,
    count: CountOption = 200,
    tier: TierOption = "",
    purpose: PurposeOption = "",
    concurrent: ConcurrentOption = 8,
    per_minute: PerMinuteOption = None,
    price: PriceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Measure a model at a stage of its life, or renew the prompts by what came to light.

    pretraining: likelihoods, perplexity and bare completions. training: as many prompts as fit into --seconds, with
    an alarm that is valid at every look. checkpoint: choose on one half of the development split, report on the
    other. predeployment: the gate split, the model alone and with the guard on both sides. canary: live exchanges.
    """
    if context.invoked_subcommand is not None:
        return
    if stage is None:
        if model or workspace or samples:
            raise InputError("there is no stage.", mend=f"Say '--stage' and one of {', '.join(LifeStage)}.")
        print(context.get_help())
        return
    limits = Limits(concurrent=concurrent, per_minute=per_minute)
    evaluate_stage(
        stage, workspace, model, grader, seconds, samples, count, tier, purpose, limits, price, as_json=as_json
    )


for command in (renew, show, confirm, reject, propose):
    evaluate_application.command(command.__name__)(command)
