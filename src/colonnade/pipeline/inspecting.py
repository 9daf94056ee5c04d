"""A workspace in Inspect: its prompts as a task, its clauses behind a scorer, and tasks run against our models.

This module is what Inspect loads by its entry point; it needs ``inspect-ai``, and nothing else imports it unasked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import inspect_ai
from inspect_ai import Task, task
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.scorer import Scorer
from inspect_ai.solver import generate

from colonnade.evaluation import read_prompts
from colonnade.evaluation.inspect.provider import inspect_model, provider
from colonnade.evaluation.inspect.reading import OURS
from colonnade.evaluation.inspect.scoring import judged_by, overrefusal_rate, samples_of, violation_rate
from colonnade.grading import Grader, grader
from colonnade.models.addresses import address_of
from colonnade.models.naming import named_model
from colonnade.pipeline.workspace import Workspace, open_workspace
from colonnade.records import ColonnadeError, Digest, Expected, InputError, Split

__all__ = ["Run", "grader_of", "judged", "overrefusal_rate", "prompts", "provider", "run_task", "violation_rate"]


@task  # type: ignore[untyped-decorator]  # inspect-ai is optional, so mypy does not see it
def prompts(
    workspace: str, split: str = "development", grader_name: str = "decline-rules", for_measuring: bool = False
) -> Task:
    """The prompts of a workspace's split for clauses that bind, judged by one of our graders.

    A sample that errs is scored nevertheless, as unscored, so that the rates in Inspect's log count it.

    Args:
        workspace: its folder.
        split: ``training``, ``development`` or ``gate``.
        grader_name: one of :data:`colonnade.grading.GRADERS`.
        for_measuring: hand out the gate split; see :func:`colonnade.evaluation.inspect.scoring.samples_of`.

    Raises:
        InputError: for a split that there is not, the gate split without ``for_measuring``, a workspace that is wrong.
    """
    if split not in tuple(Split):
        raise InputError(f"there is no split '{split}'.", mend=f"Choose one of {', '.join(Split)}.")
    opened = open_workspace(Path(workspace))
    binding = {clause.id for clause in opened.policies.active}
    chosen = [
        prompt
        for prompt in read_prompts(opened.folder, opened.policies)
        if prompt.split == split and prompt.clause in binding
    ]
    name = f"{opened.launch.name}/{split}"
    return Task(
        dataset=samples_of(chosen, opened.launch.model.system, name, for_measuring=for_measuring),
        solver=generate(),
        scorer=judged_by(grader_of(opened, grader_name), opened.policies.active),
        name=f"prompts-{split}",
        fail_on_error=False,
        score_on_error=True,
    )


def judged(workspace: str, grader_name: str = "decline-rules", clause: str = "", expected: str = "") -> Scorer:
    """One of our graders under the clauses of a workspace, as a scorer for somebody else's task.

    Args:
        workspace: its folder.
        grader_name: one of :data:`colonnade.grading.GRADERS`.
        clause: which one the task tests; needed for samples that are no prompts of ours.
        expected: what they expect, ``decline`` or ``help``; needed for the same ones.

    Raises:
        InputError: where the workspace, the grader, the clause or the expectation is wrong.
    """
    opened = open_workspace(Path(workspace))
    if clause and opened.policies.clause(clause) is None:
        raise InputError(f"no policy has the clause '{clause}'.", file=workspace, mend="Correct the id.")
    if expected and expected not in tuple(Expected):
        raise InputError(f"'{expected}' cannot be expected.", mend=f"Say one of {', '.join(Expected)}.")
    wanted = Expected(expected) if expected else None
    return judged_by(grader_of(opened, grader_name), opened.policies.clauses, clause, wanted)


def grader_of(workspace: Workspace, name: str) -> Grader:
    """A grader by name, ready to grade.

    Raises:
        InputError: where there is none, or it must have learnt something first.
    """
    kind = grader(name)
    if name == "embedded-judge":
        mend = "Hand the judge itself to colonnade.evaluation.inspect.scoring.judged_by, or choose another grader."
        raise InputError("the embedded judge is fitted by a run, and none is at hand here.", mend=mend)
    made: Grader = kind(workspace.launch.judge) if name == "http-judge" else kind()
    return made


# --- runs ------------------------------------------------------------------------------------------


class Run(NamedTuple):
    """What is run, and how.

    Attributes:
        arguments: of the task.
        roles: models beside the one that is measured, such as a grader's, by the role that the task gives them.
        tokens: how long an answer may be where the task does not say.
    """

    task: str
    model: str
    arguments: Mapping[str, Any] = {}
    roles: Mapping[str, str] = {}
    limit: int | None = None
    epochs: int | None = None
    tokens: int = 512
    logs: Path = Path("logs")


def run_task(run: Run) -> Path:
    """Run a task of Inspect against one of our models; the log that it wrote.

    A sample that errs does not stop the others.

    Raises:
        InputError: where a model is not there, or Inspect cannot load or start the task.
    """
    model, speaker = _model(run.model, run.tokens)
    roles = {role: _model(name, run.tokens)[0] for role, name in run.roles.items()}
    try:
        (log,) = inspect_ai.eval(
            run.task,
            model=model,
            model_roles=roles or None,
            task_args=dict(run.arguments),
            limit=run.limit,
            epochs=run.epochs,
            fail_on_error=False,
            log_dir=str(run.logs),
            display="none",
            metadata={OURS: {"speaker": speaker}},
        )
    except ColonnadeError:
        raise
    except Exception as fault:  # what a task raises while it is loaded can be anything
        mend = "Name one task, FILE.py@NAME or PACKAGE/NAME, and give it with '--task-arg' what it needs."
        raise InputError(f"Inspect cannot run '{run.task}': {_line(fault)}", mend=mend) from fault
    return Path(str(log.location).removeprefix("file://"))


def _model(name: str, tokens: int) -> tuple[Model, Digest]:
    """A model by name; one behind a server is left to Inspect's own client, which can hand it tools."""
    named = named_model(name)
    address = address_of(name)
    if address is None:
        return inspect_model(named.model, tokens), named.speaker
    made = get_model(
        f"openai-api/{OURS}/{address.name}",
        base_url=address.url,
        api_key=getattr(named.model, "key", "none"),
        config=_patience(tokens),
    )
    return made, named.speaker


def _patience(tokens: int) -> GenerateConfig:
    """Inspect by itself asks a server that is gone again and again, without end."""
    return GenerateConfig(max_tokens=tokens, max_retries=4, timeout=300, attempt_timeout=60)


def _line(fault: BaseException) -> str:
    lines = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {lines[0].rstrip('.') if lines else 'no reason given'}."
