"""The order of the stages: every step, what it reads, and nothing about how it works.

This is the only place that knows the order. A step sees the inputs, files, facets and parameters
that it declares here and no others; the training steps do not declare the gate split.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from colonnade.records import Facet

STAGES = "colonnade.pipeline.stages"
GATE_SPLIT = "intake.prompts/gate"
REVIEW = "policy.review"
"""The step that waits for people; no process lives while it does."""


class Step(NamedTuple):
    """One step of the pipeline.

    Attributes:
        name: ``stage.step``.
        title: what it does, for the progress display.
        function: ``module:function``, loaded only when the step runs.
        inputs: outputs of earlier steps, as ``step/name``.
        files: patterns below the workspace.
        facets: what it reads of every active clause.
        parameters: paths into the launch.
        model: whether it depends on the base model's weights.
        agreement: what it depends on of all that people signed.
    """

    name: str
    title: str
    function: str
    inputs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    facets: tuple[Facet, ...] = ()
    parameters: tuple[str, ...] = ()
    model: bool = False
    agreement: Literal["", "reviews", "accepted"] = ""


_EXERCISED = (Facet.TEXT, Facet.BOUNDARY, Facet.SCOPE, Facet.EXCEPTIONS, Facet.EXAMPLES)
_GRADED = (Facet.RUBRIC, Facet.EXAMPLES)

STEPS: tuple[Step, ...] = (
    Step(
        "policy.map",
        "Map the launch's harms on the pillars",
        f"{STAGES}.intake:map_risks",
        facets=(Facet.MAPS, Facet.EXAMPLES),
        parameters=("harms",),
        agreement="accepted",
    ),
    Step(
        REVIEW,
        "Look for the approvals of the working groups",
        f"{STAGES}.intake:take_reviews",
        agreement="reviews",
    ),
    Step(
        "intake.prompts",
        "Take in the prompts",
        f"{STAGES}.intake:take_prompts",
        files=("prompts/*.jsonl", "prompts/training/*.jsonl", "prompts/development/*.jsonl", "prompts/gate/*.jsonl"),
        facets=(Facet.BOUNDARY,),
    ),
    Step(
        "intake.seal",
        "Look for sealed prompts in what training reads",
        f"{STAGES}.intake:check_seal",
        inputs=(GATE_SPLIT, "intake.prompts/retired"),
        files=(
            "corpus/**/*",
            "prompts/training.jsonl",
            "prompts/training/*.jsonl",
            "ratings/*.jsonl",
            "rehearsal/*.jsonl",
        ),
        facets=(Facet.EXAMPLES,),
    ),
    Step(
        "intake.ratings",
        "Take in the ratings",
        f"{STAGES}.intake:take_ratings",
        inputs=("intake.prompts/training", "intake.prompts/inactive"),
        files=("ratings/*.jsonl",),
    ),
    Step(
        "pretraining.curate",
        "Curate the corpus",
        f"{STAGES}.pretraining:curate_corpus",
        files=("corpus/**/*",),
        facets=(Facet.TEXT, Facet.BOUNDARY, Facet.EXAMPLES, Facet.MAPS),
        parameters=("languages", "pretraining.curation"),
    ),
    Step(
        "pretraining.exercises",
        "Build learning exercises from the clauses",
        f"{STAGES}.pretraining:build_exercises",
        facets=_EXERCISED,
    ),
    Step(
        "pretraining.train",
        "Continue pretraining",
        f"{STAGES}.pretraining:train",
        inputs=("pretraining.curate/documents", "pretraining.exercises/exercises"),
        parameters=("model", "pretraining.training", "seed"),
        model=True,
    ),
    Step(
        "pretraining.probe",
        "Probe what was learnt",
        f"{STAGES}.pretraining:probe",
        inputs=(
            "pretraining.train/checkpoint",
            "pretraining.curate/documents",
            "intake.prompts/training",
            "intake.prompts/development",
        ),
        parameters=("model", "pretraining.shots", "pretraining.questions", "pretraining.training.tokens", "seed"),
        model=True,
    ),
    Step(
        "posttraining.reward",
        "Train the reward model",
        f"{STAGES}.rewards:fit_reward_model",
        inputs=("intake.ratings/answers", "intake.ratings/ratings", "intake.prompts/training"),
        facets=_GRADED,
    ),
    Step(
        "posttraining.judge",
        "Calibrate the rubric judge",
        f"{STAGES}.rewards:fit_rubric_judge",
        inputs=("intake.ratings/answers", "intake.ratings/ratings", "intake.prompts/training"),
        facets=_GRADED,
    ),
    Step(
        "posttraining.sample",
        "Sample answers to unsafe and borderline prompts",
        f"{STAGES}.rewards:sample",
        inputs=("pretraining.train/checkpoint", "intake.prompts/training"),
        files=("rehearsal/*.jsonl",),
        facets=(Facet.EXAMPLES,),
        parameters=(
            "model",
            "posttraining.sampled_prompts",
            "posttraining.sampled_answers",
            "posttraining.finetuning.pairs",
            "seed",
        ),
        model=True,
    ),
    Step(
        "posttraining.combine",
        "Combine reward model and judge",
        f"{STAGES}.rewards:combine",
        inputs=(
            "posttraining.sample/transcripts",
            "posttraining.sample/prompts",
            "posttraining.reward/weights",
            "posttraining.judge/weights",
        ),
        facets=(Facet.TEXT, Facet.RUBRIC),
        parameters=("judge", "posttraining.reinforcement.reward_weight"),
    ),
    Step(
        "posttraining.finetune",
        "Fine-tune",
        f"{STAGES}.posttraining:finetune",
        inputs=(
            "pretraining.train/checkpoint",
            "posttraining.sample/prompts",
            "posttraining.sample/everyday",
            "posttraining.combine/rewards",
        ),
        parameters=("model", "posttraining.finetuning", "judge", "seed"),
        model=True,
    ),
    Step(
        "posttraining.shortlist",
        "Compare the fine-tuned checkpoints",
        f"{STAGES}.posttraining:shortlist",
        inputs=("posttraining.finetune/checkpoints", "intake.prompts/development"),
        facets=(Facet.BOUNDARY,),
        parameters=("model", "evaluation", "gate.worst_overrefusal_increase"),
        model=True,
    ),
    Step(
        "posttraining.reinforce",
        "Reinforce with GRPO",
        f"{STAGES}.posttraining:reinforce_policy",
        inputs=(
            "posttraining.shortlist/checkpoint",
            "posttraining.reward/weights",
            "posttraining.judge/weights",
            "intake.prompts/training",
            "intake.prompts/development",
        ),
        facets=(Facet.TEXT, Facet.BOUNDARY, Facet.RUBRIC),
        parameters=("model", "posttraining.reinforcement", "judge", "evaluation", "seed"),
        model=True,
    ),
    Step(
        "posttraining.select",
        "Choose the best checkpoint",
        f"{STAGES}.posttraining:choose_checkpoint",
        inputs=(
            "posttraining.finetune/checkpoints",
            "posttraining.shortlist/measurements",
            "posttraining.reinforce/checkpoints",
            "intake.prompts/development",
        ),
        facets=(Facet.BOUNDARY,),
        parameters=("model", "evaluation", "gate.worst_overrefusal_increase"),
        model=True,
    ),
    Step(
        "evaluation.base",
        "Ask the base model",
        f"{STAGES}.evaluation:ask_base",
        inputs=(GATE_SPLIT,),
        parameters=("model", "evaluation.tokens", "evaluation.batch"),
        model=True,
    ),
    Step(
        "evaluation.trained",
        "Ask the trained model",
        f"{STAGES}.evaluation:ask_trained",
        inputs=(GATE_SPLIT, "posttraining.select/checkpoint"),
        parameters=("model", "evaluation.tokens", "evaluation.batch"),
        model=True,
    ),
    Step(
        "evaluation.capability",
        "Measure what training has cost in general capability",
        f"{STAGES}.capability:measure_capability",
        inputs=("posttraining.select/checkpoint",),
        files=("capability/*.jsonl",),
        parameters=("model", "evaluation.batch", "evaluation.confidence"),
        model=True,
    ),
    Step(
        "evaluation.grade",
        "Grade the answers",
        f"{STAGES}.evaluation:grade",
        inputs=(
            GATE_SPLIT,
            "evaluation.base/transcripts",
            "evaluation.trained/transcripts",
            "posttraining.judge/weights",
        ),
        facets=(Facet.TEXT, Facet.BOUNDARY, Facet.RUBRIC),
        parameters=("judge",),
    ),
    Step(
        "evaluation.measure",
        "Measure both models",
        f"{STAGES}.evaluation:measure_both",
        inputs=(GATE_SPLIT, "evaluation.grade/base", "evaluation.grade/trained", "posttraining.select/checkpoint"),
        files=("labels/*.jsonl",),
        facets=(Facet.MAPS,),
        parameters=("evaluation.confidence",),
        model=True,
    ),
    Step(
        "frontier.answer",
        "Measure frontier capability",
        f"{STAGES}.release:answer_frontier",
        inputs=("posttraining.select/checkpoint",),
        files=("frontier.yaml", "frontier/*"),
        parameters=("model",),
        model=True,
    ),
    Step(
        "gate.decide",
        "Decide on the release",
        f"{STAGES}.release:decide_release",
        inputs=(
            "posttraining.select/checkpoint",
            "evaluation.measure/measurements",
            "evaluation.measure/comparisons",
            "evaluation.measure/corrected",
            "evaluation.capability/results",
            "evaluation.capability/comparisons",
            "frontier.answer/findings",
            "frontier.answer/requests",
            "policy.map/risks",
            "policy.review/reviews",
            "intake.seal/contaminations",
        ),
        facets=(Facet.THRESHOLDS,),
        parameters=("gate",),
    ),
    Step(
        "guard.compile",
        "Compile the guard",
        f"{STAGES}.release:compile_guard",
        files=("guard.yaml",),
        facets=(Facet.BOUNDARY, Facet.EXCEPTIONS, Facet.SCOPE, Facet.DETECTION),
        parameters=("regions",),
    ),
    Step(
        "audit.report",
        "Write the report",
        f"{STAGES}.report:report",
        inputs=(
            "policy.map/risks",
            "policy.map/pillars",
            "pretraining.curate/documents",
            "pretraining.curate/dropped",
            "pretraining.exercises/exercises",
            "pretraining.train/checkpoint",
            "pretraining.train/curve",
            "pretraining.probe/probes",
            "posttraining.reward/report",
            "posttraining.judge/report",
            "posttraining.finetune/curve",
            "posttraining.reinforce/curve",
            "posttraining.select/checkpoint",
            "evaluation.base/transcripts",
            "evaluation.trained/transcripts",
            "evaluation.grade/base",
            "evaluation.grade/trained",
            "evaluation.measure/measurements",
            "evaluation.measure/comparisons",
            "evaluation.measure/corrected",
            "evaluation.measure/regions",
            "evaluation.capability/results",
            "evaluation.capability/comparisons",
            "frontier.answer/findings",
            "frontier.answer/requests",
            "gate.decide/decision",
            "guard.compile/table",
        ),
        facets=tuple(facet for facet in Facet if facet is not Facet.ADMIN),
        parameters=("name", "title", "description", "audience", "regions", "languages", "modalities", "uses", "harms"),
    ),
)

SEALED = ("gate", "retired")
"""Under these names prompts are taken in that training may never see; a retired one may come back."""
TRAINING_STAGES = ("pretraining", "posttraining")
"""Stages that may never read the gate split: they do not declare it, and the store refuses it to them."""
WHY_SEALED = "the gate split, and all that was made from it, measures nothing once training has seen it."


def step_named(name: str) -> Step:
    """The step of this name."""
    return next(step for step in STEPS if step.name == name)
