"""Where models are measured: the prompts, the graders, and how a model is asked and its answers are judged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.evaluation import read_prompts, read_retired_prompts
from colonnade.evaluation.runner import Answered, OnProgress, Price, RunSettings, answer
from colonnade.grading import EmbeddedJudge, Grader, Item, JudgeWeights, grader
from colonnade.grading.refusals import TABLES
from colonnade.models import Sampling, adapter
from colonnade.models.pacing import Limits
from colonnade.pipeline.evaluating.targets import Target
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Clause, Digest, InputError, LifeStage, Prompt, Split, Transcript, Verdict
from colonnade.store import Store

EMBEDDED_JUDGE = "embedded-judge"
_BY_RULES = frozenset({"decline-rules", "refusals"})
ANSWERS = "answers"
"""The folder of the store for what models have said so far."""


class Bench(NamedTuple):
    """What every stage measures with.

    Attributes:
        limits, price: of a model behind a server.
        on_progress: told how far the asking has come.
        stage: whose answers are kept apart from those of the others until they are written down.
    """

    workspace: Workspace
    store: Store
    graders: tuple[Grader, ...]
    limits: Limits
    price: Price | None
    on_progress: OnProgress | None
    stage: LifeStage

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Those that bind."""
        return self.workspace.policies.active

    @property
    def confidence(self) -> float:
        """Of every interval."""
        return self.workspace.launch.evaluation.confidence

    @property
    def sampling(self) -> Sampling:
        """Greedy, as the pipeline measures."""
        recipe = self.workspace.launch.evaluation
        return Sampling(recipe.tokens, batch=recipe.batch)


def prompts_of(workspace: Workspace, split: Split) -> tuple[Prompt, ...]:
    """The prompts of a split whose clause binds.

    Raises:
        InputError: where there is none.
    """
    binding = {clause.id for clause in workspace.policies.active}
    rows = read_prompts(workspace.folder, workspace.policies)
    found = tuple(row for row in rows if row.split is split and row.clause in binding)
    if not found:
        raise InputError(
            f"the split '{split}' has no prompt for a clause that binds.",
            file=workspace.folder / "prompts",
            mend=f"Write some into {split}.jsonl, or take a set in with 'colonnade prompts import'.",
        )
    return found


def left_out(workspace: Workspace, split: Split) -> tuple[str, ...]:
    """A sentence for each kind of prompt of the split that is not asked, with how many there are."""
    binding = {clause.id for clause in workspace.policies.active}
    asked = [row for row in read_prompts(workspace.folder, workspace.policies) if row.split is split]
    unbound = [row for row in asked if row.clause not in binding]
    retired = sum(row.split is split for row in read_retired_prompts(workspace.folder, workspace.policies))
    clauses = ", ".join(sorted({row.clause for row in unbound}))
    sentences = {
        f"{len(unbound)} prompts were not asked, since their clauses do not bind: {clauses}": unbound,
        f"{retired} prompts have retired and were not asked": retired,
    }
    return tuple(sentence for sentence, some in sentences.items() if some)


def unread(graders: Sequence[str], prompts: Sequence[Prompt]) -> tuple[str, ...]:
    """A sentence about prompts in languages whose declines the rules do not know, where rules judge."""
    if not _BY_RULES.intersection(graders):
        return ()
    strange = [row.language for row in prompts if row.language.lower().partition("-")[0] not in TABLES]
    names = ", ".join(sorted({language or "none" for language in strange}))
    sentence = f"{len(strange)} prompts are in languages whose declines the rules do not know ({names})"
    return (f"{sentence}: a decline counts as an answer there",) if strange else ()


def graders_of(names: Sequence[str], store: Store) -> tuple[Grader, ...]:
    """The graders of these names; the embedded judge as the last run calibrated it.

    Raises:
        InputError: for a name that no grader has, or one that cannot judge here.
    """
    found: list[Grader] = []
    for name in dict.fromkeys(names):
        kind = grader(name)
        if name == EMBEDDED_JUDGE:
            weights = store.output("posttraining.judge", "weights")
            if weights is None:
                raise InputError(f"the grader '{name}' was not calibrated yet.", mend="Start 'colonnade run' first.")
            found.append(EmbeddedJudge(store.get_records(JudgeWeights, weights)[0], adapter("minilm")()))
            continue
        try:
            found.append(kind())
        except TypeError:
            raise InputError(
                f"the grader '{name}' cannot be made from its name alone.", mend="Choose 'decline-rules' or 'refusals'."
            ) from None
    return tuple(found)


def ask(bench: Bench, target: Target, prompts: Sequence[Prompt]) -> Answered:
    """One transcript per prompt; an interrupted go asks only for what is missing.

    The answers stay in the journal until the run that rests on them is in the ledger.
    """
    return answer(
        prompts,
        target.open(),
        bench.workspace.launch.model.system,
        bench.sampling,
        target.speaker,
        RunSettings(journal_of(bench, target.speaker), bench.limits, bench.on_progress, bench.price),
    )


def judge(bench: Bench, transcripts: Sequence[Transcript], prompts: Sequence[Prompt]) -> list[Verdict]:
    """Every transcript by every grader."""
    by_id = {prompt.id: prompt for prompt in prompts}
    clauses = {clause.id: clause for clause in bench.clauses}
    items = [Item(row, by_id[row.prompt], clauses[by_id[row.prompt].clause]) for row in transcripts]
    return [verdict for one in bench.graders for verdict in one.grade(items)]


def journal_of(bench: Bench, speaker: Digest) -> Path:
    """Where this model's answers stand from when they came until the run is written down."""
    return bench.store.home / ANSWERS / f"evaluate-{bench.stage}-{speaker.replace(':', '-')}.jsonl"
