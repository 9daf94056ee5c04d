"""A small workspace made with the real store: a policy, prompts, weights, verdicts and measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from colonnade.records import (
    Admin,
    Boundary,
    Clause,
    Digest,
    Exercise,
    Expected,
    Facet,
    Finding,
    Level,
    Measurement,
    Message,
    Pillar,
    PolicySet,
    Prompt,
    Run,
    Severity,
    Split,
    Status,
    Transcript,
    Use,
    Verdict,
    digest_of,
)
from colonnade.statistics import exact_interval, lower_bound, upper_bound
from colonnade.store import Store

BASE, TRAINED = digest_of("base"), digest_of("trained")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Made(NamedTuple):
    """What a test needs to know of the workspace."""

    workspace: Path
    policy: PolicySet
    runs: dict[str, Digest]
    artefacts: dict[str, Digest]
    exercise: Exercise
    verdicts: tuple[Verdict, ...]

    def blob(self, digest: Digest) -> Path:
        """Where a blob lies on disk."""
        value = digest.removeprefix("sha256:")
        return self.workspace / ".colonnade" / "objects" / "sha256" / value[:2] / value[2:]


def make_clause(identifier: str, pillar: Pillar, line: int) -> Clause:
    return Clause(
        id=identifier,
        title=f"The title of {identifier}",
        text="The model must not help to break in.",
        pillar=pillar,
        boundary=Boundary.RESTRICTED,
        severity=Severity.HIGH,
        ceiling=Level.OVERVIEW,
        admin=Admin(policy="cyber", status=Status.ACTIVE, version="1.0.0", owners=("rai",)),
        file=f"policies/{identifier.partition('.')[0]}.md",
        line=line,
    )


def make_measurement(metric: str, group: str, counts: tuple[int, int, int], verdicts: Digest) -> Measurement:
    """A measurement whose interval is right for its counts."""
    events, scored, unscored = counts
    total, confidence = scored + unscored, 0.95
    return Measurement(
        metric=metric,
        group=group,
        speaker=TRAINED,
        grader="rules",
        events=events,
        scored=scored,
        unscored=unscored,
        rate=events / scored if scored else None,
        low=exact_interval(events, total, confidence).low,
        high=exact_interval(events + unscored, total, confidence).high,
        lower=lower_bound(events, total, confidence),
        upper=upper_bound(events + unscored, total, confidence),
        confidence=confidence,
        verdicts=verdicts,
    )


def make_run(
    step: str, inputs: dict[str, Digest], outputs: dict[str, Digest], uses: Iterable[Use] = (), **more: object
) -> Run:
    return Run.model_validate(
        {
            "step": step,
            "key": digest_of([step, inputs]),
            "inputs": inputs,
            "files": {},
            "parameters": digest_of("parameters"),
            "model": None,
            "code": digest_of("code"),
            "uses": tuple(uses),
            "outputs": outputs,
            "started": NOON,
            "ended": NOON + timedelta(seconds=5),
            **more,
        }
    )


def make_prompt(number: int, clause: str, expected: Expected) -> Prompt:
    return Prompt(
        id=f"p{number}", text=f"Prompt number {number}", clause=clause, expected=expected, twin=None,
        cluster=f"p{number}", language="de" if number % 2 else "en", split=Split.GATE,
    )  # fmt: skip


def _record(store: Store, made: dict[str, Digest], run: Run) -> None:
    made[run.step] = store.record(run, "tester")


def build_workspace(folder: Path, measurements: Callable[[Digest], tuple[Measurement, ...]] | None = None) -> Made:
    """Build it below a folder; ``measurements`` may replace the honest numbers."""
    workspace = folder / "workspace"
    workspace.mkdir()
    store = Store(workspace)
    policy = PolicySet(
        clauses=(
            make_clause("cyber.malware", Pillar.SAFETY, 12),
            make_clause("privacy.tracking", Pillar.PRIVACY_AND_SECURITY, 30),
        )
    )
    malware, tracking = policy.clauses
    exercises = (
        Exercise(
            kind="explain", clause="privacy.tracking", question="Why?", answer="So.", uses=tracking.use(Facet.TEXT)
        ),
        Exercise(
            kind="explain", clause="cyber.malware", question="What?", answer="That.", uses=malware.use(Facet.TEXT)
        ),
    )
    prompts = (
        make_prompt(0, "cyber.malware", Expected.DECLINE),
        make_prompt(1, "cyber.malware", Expected.DECLINE),
        make_prompt(2, "privacy.tracking", Expected.DECLINE),
        make_prompt(3, "privacy.tracking", Expected.DECLINE),
        make_prompt(4, "cyber.malware", Expected.HELP),
        make_prompt(5, "privacy.tracking", Expected.HELP),
    )
    findings = (
        Finding.VIOLATES,
        Finding.UPHOLDS,
        Finding.VIOLATES,
        Finding.UNSCORED,
        Finding.OVERREFUSES,
        Finding.UPHOLDS,
    )
    transcripts = tuple(
        Transcript(
            prompt=prompt.id,
            speaker=TRAINED,
            messages=(Message(role="user", content=prompt.text), Message(role="assistant", content="An answer.")),
            stop="end",
        )
        for prompt in prompts
    )
    verdicts = tuple(
        Verdict(
            transcript=transcript.digest, prompt=prompt.id, clause=prompt.clause,
            grader="rules", finding=finding, reason="because",
        )
        for prompt, transcript, finding in zip(prompts, transcripts, findings, strict=True)
    )  # fmt: skip
    weights = folder / "weights"
    weights.mkdir()
    (weights / "adapter.bin").write_bytes(b"\x00\x01\x02" * 50)
    (weights / "adapter.json").write_text("{}\n")
    artefacts = {
        "policy": store.put_records([policy]),
        "exercises": store.put_records(exercises),
        "prompts": store.put_records(prompts),
        "adapter": store.put_folder(weights),
        "transcripts": store.put_records(transcripts),
        "verdicts": store.put_records(verdicts),
    }
    honest = tuple(
        make_measurement(metric, group, counts, artefacts["verdicts"])
        for metric, group, counts in (
            ("violation_rate", "all", (2, 3, 1)),
            ("violation_rate", "clause:cyber.malware", (1, 2, 0)),
            ("violation_rate", "language:en", (2, 2, 0)),
            ("violation_rate", "pillar:safety", (1, 2, 0)),
            ("overrefusal_rate", "all", (1, 2, 0)),
        )
    )
    artefacts["measurements"] = store.put_records(measurements(artefacts["verdicts"]) if measurements else honest)
    runs: dict[str, Digest] = {}

    def one(
        step: str, inputs: tuple[str, ...], outputs: tuple[str, ...], uses: Iterable[Use] = (), **more: object
    ) -> None:
        picked = ({name: artefacts[name] for name in names} for names in (inputs, outputs))
        _record(store, runs, make_run(step, *picked, uses=uses, **more))

    every = tuple(use for clause in policy.clauses for use in clause.use(Facet.TEXT, Facet.EXAMPLES))
    one("policy.compile", (), ("policy",), every, files={"policies/cyber.md": digest_of("prose")})
    one("pretraining.exercises", ("policy",), ("exercises",), every)
    one("posttraining.tune", ("exercises",), ("adapter",))
    one("evaluation.prompts", ("policy",), ("prompts",), every)
    one("evaluation.answer", ("prompts", "adapter"), ("transcripts",))
    one("evaluation.grade", ("prompts", "transcripts"), ("verdicts",), every)
    one("evaluation.measure", ("policy", "prompts", "verdicts"), ("measurements",))
    store.close()
    return Made(workspace, policy, runs, artefacts, exercises[1], verdicts)
