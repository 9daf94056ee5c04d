"""Five steps that cost nothing, count their calls, and depend on files, facets, parameters and weights.

The pipeline is as real as the runner needs it: it ends with a decision and a page.

    intake.prompts ── rubric.count ──┐
          └──────── train.fit ───────┴── gate.decide ── audit.report
"""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from pathlib import Path

from colonnade.pipeline import Context, Result, Step
from colonnade.records import Decision, Facet, Outcome, TrainingPoint
from tests.workspaces import LAUNCH, Content, write_workspace

HERE = "tests.pipeline_mechanics.fake_steps"

STEPS = (
    Step("intake.prompts", "Count the prompts", f"{HERE}:count_prompts", files=("prompts/*.jsonl",)),
    Step(
        "rubric.count",
        "Count the rubric's questions",
        f"{HERE}:count_questions",
        inputs=("intake.prompts/training",),
        facets=(Facet.RUBRIC,),
    ),
    Step(
        "train.fit",
        "Make a folder of weights",
        f"{HERE}:fit",
        inputs=("intake.prompts/training",),
        facets=(Facet.TEXT,),
        parameters=("posttraining.finetuning", "seed"),
        model=True,
    ),
    Step(
        "gate.decide",
        "Decide",
        f"{HERE}:decide",
        inputs=("intake.prompts/gate", "rubric.count/size", "train.fit/weights"),
        facets=(Facet.EXCEPTIONS,),
        parameters=("gate",),
    ),
    Step(
        "audit.report",
        "Write a page",
        f"{HERE}:write_page",
        inputs=("gate.decide/decision", "rubric.count/size"),
        parameters=("title",),
    ),
)

REVIEWED_STEPS = (
    Step("policy.review", "Look for approvals", f"{HERE}:take_reviews", agreement="reviews"),
    *(
        step._replace(inputs=(*step.inputs, "policy.review/reviews")) if step.name == "gate.decide" else step
        for step in STEPS
    ),
)
"""The same steps, with a decision that waits for people."""

NAMES = tuple(step.name for step in STEPS)


def make_workspace(folder: Path, files: dict[str, Content] | None = None) -> Path:
    """The tiny workspace with weights of its own, so that no packaged model is looked for."""
    launch = LAUNCH + "model: {kind: folder, path: weights}\n"
    weights: dict[str, Content] = {"launch.yaml": launch, "weights/config.json": "{}", "weights/model": b"\x00\x01"}
    return write_workspace(folder, {**weights, **(files or {})})


def calls(folder: Path) -> Counter[str]:
    """How often each step was really called in this workspace."""
    file = folder / "calls"
    return Counter(file.read_text().split()) if file.exists() else Counter()


def count_prompts(context: Context) -> Result:
    """One record per split; blank lines count for nothing."""
    _count(context, "intake.prompts")
    records = {}
    for split in ("training", "development", "gate"):
        lines = (context.workspace / "prompts" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        records[split] = [_number(split, len(rows)), *(_number(row["id"], 1) for row in rows)]
    return Result(records=records, notes={"files": "3"})


def count_questions(context: Context) -> Result:
    """How many questions all rubrics ask: another wording gives an equal result."""
    _count(context, "rubric.count")
    return Result(records={"size": [_number("questions", sum(len(clause.rubric) for clause in context.clauses))]})


def fit(context: Context) -> Result:
    """A folder of two files, one of them a level down."""
    _count(context, "train.fit")
    context.records(TrainingPoint, "intake.prompts/training")
    (context.scratch / "adapter" / "deep").mkdir(parents=True)
    texts = [clause.text for clause in context.clauses]
    (context.scratch / "adapter" / "config").write_text(json.dumps([context.launch.seed, context.base]))
    (context.scratch / "adapter" / "deep" / "weights").write_text(json.dumps(texts))
    return Result(folders={"weights": context.scratch / "adapter"})


def decide(context: Context) -> Result:
    """A decision that depends on how many questions there are."""
    _count(context, "gate.decide")
    size = context.record(TrainingPoint, "rubric.count/size").value
    assert (context.folder("train.fit/weights") / "deep" / "weights").is_file()
    outcome = Outcome.RELEASE if size > 4 else Outcome.HOLD
    return Result(
        records={
            "decision": [Decision(checkpoint=context.digest("train.fit/weights"), outcome=outcome, reasons=())],
        }
    )


def take_reviews(context: Context) -> Result:
    """What people signed, as the real step takes it in."""
    _count(context, "policy.review")
    return Result(records={"reviews": context.agreement.reviews})


def write_page(context: Context) -> Result:
    """A page with the decision on it."""
    _count(context, "audit.report")
    decision = context.record(Decision, "gate.decide/decision")
    return Result(pages={"page": f"<h1>{context.launch.title}: {decision.outcome}</h1>"})


def read_the_gate_split(context: Context) -> Result:
    """What a training step must never do."""
    return Result(records={"size": context.records(TrainingPoint, "intake.prompts/gate")})


def need_a_package(context: Context) -> Result:
    """What a step does where an optional package is not installed."""
    import_module("colonnade_not_installed")
    raise AssertionError


def meet_a_full_disk(context: Context) -> Result:
    """What a step does where its own scratch folder does not fit on the disk."""
    raise OSError(28, "No space left on device", str(context.scratch / "big"))


def _count(context: Context, step: str) -> None:
    with (context.workspace / "calls").open("a") as stream:
        stream.write(f"{step}\n")


def _number(name: str, value: float) -> TrainingPoint:
    return TrainingPoint(step=0, metric=name, value=value)
