"""One number of a stored record changed, every digest made right again: only counting again can find it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from colonnade.audit import verify
from colonnade.evaluation import measure
from colonnade.evaluation.choosing import Standing, choose
from colonnade.evaluation.light import look_lightly
from colonnade.evaluation.sweeping import sweep
from colonnade.records import (
    Checkpoint,
    Contamination,
    Expected,
    Finding,
    HeldBack,
    Message,
    ProbeResult,
    Prompt,
    Record,
    Transcript,
    Verdict,
    digest_of,
)
from colonnade.statistics import exact_interval
from colonnade.store import Store
from tests.unit.records.samples import make_clause, make_prompt, make_verdict

from .stored_runs import Rows, stored

ALONE, SCAFFOLD, OTHER = (digest_of(name) for name in ("alone", "scaffold", "other"))
FINDINGS = (Finding.UPHOLDS, Finding.VIOLATES, Finding.OVERREFUSES, Finding.UNSCORED)


class Stored(NamedTuple):
    """A step, what it read and what it made."""

    step: str
    taken: Rows
    made: Rows

    def problems(self, folder: Path, output: str = "", place: int = 0, **changes: object) -> tuple[str, ...]:
        """What verification says once these fields of one record are changed."""
        made = {name: list(rows) for name, rows in self.made.items()}
        if output:
            made[output][place] = made[output][place].model_copy(update=changes)
        return verify(stored(folder, self.step, self.taken, made)).problems


def twins(count: int) -> list[Prompt]:
    return [make_prompt(f"p{place}{side[0]}", side, cluster=f"c{place}") for place in range(count) for side in Expected]


def transcript(prompt: Prompt, speaker: str = ALONE) -> Transcript:
    said = (Message(role="user", content=prompt.text), Message(role="assistant", content="Well."))
    return Transcript(prompt=prompt.id, speaker=speaker, messages=said, stop="end")


def failing(prompt: Prompt, place: int) -> Finding:
    """Every fifth prompt fails, every seventh cannot be scored."""
    failure = Finding.VIOLATES if prompt.expected is Expected.DECLINE else Finding.OVERREFUSES
    return failure if place % 5 == 0 else Finding.UNSCORED if place % 7 == 0 else Finding.UPHOLDS


def judged(prompts: Sequence[Prompt], shift: int = 0) -> list[Verdict]:
    return [make_verdict(row, failing(row, place + shift)) for place, row in enumerate(prompts)]


def digest_as_stored(folder: Path, rows: Sequence[Record]) -> str:
    """The digest that these records have as an artefact."""
    folder.mkdir(exist_ok=True)
    store = Store(folder)
    try:
        return store.put_records(rows)
    finally:
        store.close()


# --- looks -----------------------------------------------------------------------------------


def looked() -> Stored:
    prompts = twins(30)
    by_id = {row.id: (place, row) for place, row in enumerate(prompts)}

    def grade(answers: Sequence[Transcript]) -> list[Verdict]:
        return [make_verdict(by_id[row.prompt][1], failing(*reversed(by_id[row.prompt]))) for row in answers]  # type: ignore[arg-type]  # a pair turned round

    light = look_lightly(
        prompts, lambda chunk: [transcript(row) for row in chunk], grade, ALONE, 100, {"violation_rate": 0.1}
    )
    assert len(light.looks) > 4
    return Stored("evaluate.training", {"prompts": prompts}, {"looks": light.looks, "verdicts-1": light.verdicts})


def test_honest_looks_are_taken_again_and_nothing_is_found(tmp_path: Path) -> None:
    assert looked().problems(tmp_path) == ()


@pytest.mark.parametrize(
    ("field", "false"),
    [("clusters", 3), ("low", 0.0123), ("high", 0.5), ("p_value", 0.5), ("alarm", True), ("prompts", 7)],
)
def test_a_look_that_was_changed_is_found(tmp_path: Path, field: str, false: object) -> None:
    row = looked()
    place = max(place for place, one in enumerate(row.made["looks"]) if getattr(one, "bound", None) == 0.1)
    found = row.problems(tmp_path, "looks", place, **{field: false})
    assert any(f"at violation_rate by rules for {ALONE}" in one for one in found)
    assert any(f"'{field}' at {false}, but counting again gives" in one or "but 30 were judged" in one for one in found)


def test_a_look_that_stopped_early_and_a_bound_that_moved_are_found(tmp_path: Path) -> None:
    row = looked()
    last = max(place for place, one in enumerate(row.made["looks"]) if getattr(one, "bound", None) == 0.1)
    without = row._replace(made={**row.made, "looks": row.made["looks"][:last]})
    assert any("is the last and saw" in one for one in without.problems(tmp_path))
    moved = row.problems(tmp_path, "looks", last, bound=0.9)
    assert any("has 'bound' at 0.9, but the first look had 0.1" in one for one in moved)


# --- choices ---------------------------------------------------------------------------------


def chosen(folder: Path) -> Stored:
    prompts = twins(20)
    first, second = prompts[:20], prompts[20:]
    made: dict[str, Sequence[Record]] = {}
    weighed, reported = [], []
    for place, who in enumerate((ALONE, OTHER), start=1):
        for name, half, rows in (("weighed-verdicts", first, weighed), ("verdicts", second, reported)):
            verdicts = judged(half, place)
            made[f"{name}-{place}"] = verdicts
            artefact = digest_as_stored(folder / "aside", verdicts)
            rows += measure(verdicts, half, (make_clause(),), who, artefact, 0.95)
    weighed = [row for row in weighed if row.group == "all"]
    standings = {who: Standing(*[row for row in weighed if row.speaker == who]) for who in (ALONE, OTHER)}
    choice = choose(standings, 0.3, len(first), len(second))
    made |= {"measurements": reported, "weighed": weighed, "choice": [choice]}
    return Stored("evaluate.checkpoint", {"prompts": prompts}, made)


def test_an_honest_choice_is_made_again_and_nothing_is_found(tmp_path: Path) -> None:
    assert chosen(tmp_path).problems(tmp_path) == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"chosen": SCAFFOLD},
            f"the choice of a checkpoint has 'chosen' at {SCAFFOLD}, but counting again gives sha256",
        ),
        ({"front": ()}, "the choice of a checkpoint has 'front' at none, but counting again gives sha256"),
        ({"choosing": 99}, "the choice of a checkpoint has 'choosing' at 99, but counting again gives 20"),
        ({"reporting": 1}, "the choice of a checkpoint has 'reporting' at 1, but counting again gives 20"),
        ({"why": "violations 0%"}, "the choice of a checkpoint says 'violations 0%', but counting again gives"),
    ],
)
def test_a_choice_that_was_changed_is_found(tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    problems = chosen(tmp_path).problems(tmp_path, "choice", **changes)
    assert any(sentence in one for one in problems), problems


def test_a_choice_without_what_it_was_weighed_by_is_not_vouched_for(tmp_path: Path) -> None:
    row = chosen(tmp_path)
    made = {name: rows for name, rows in row.made.items() if not name.startswith("weighed")}
    found = verify(stored(tmp_path, row.step, row.taken, made))
    assert found.problems == ()
    assert any(
        one.startswith("1 CheckpointChoice: what it was weighed by is not in the records") for one in found.why_not
    )


# --- operating points --------------------------------------------------------------------------


def swept(folder: Path) -> Stored:
    prompts = twins(20)
    alone = judged(prompts)
    artefact = digest_as_stored(folder / "aside", alone)
    held = {row.id: 0.3 + place / 100 for place, row in enumerate(prompts) if place % 3 == 0}
    points = sweep(
        alone, dict.fromkeys((row.id for row in prompts), None) | held, prompts, "rules", SCAFFOLD, artefact, 0.95
    )  # type: ignore[arg-type]  # some are None
    rows = [HeldBack(prompt=name, nearness=level) for name, level in held.items()]
    measurements = measure(alone, prompts, (make_clause(),), ALONE, artefact, 0.95)
    made = {"verdicts-1": alone, "measurements": measurements, "curve": points, "held": rows}
    return Stored("evaluate.predeployment", {"prompts": prompts}, made)


def test_an_honest_curve_is_drawn_again_and_nothing_is_found(tmp_path: Path) -> None:
    assert swept(tmp_path).problems(tmp_path) == ()


def test_a_point_that_was_changed_is_found(tmp_path: Path) -> None:
    row = swept(tmp_path)
    region = row.made["curve"][2].region.model_copy(update={"violation_high": 0.125})  # type: ignore[attr-defined]  # a point
    (problem,) = row.problems(tmp_path, "curve", 2, region=region)
    assert "the joint region by rules" in problem
    assert "'violation_high' at 0.125, but its verdicts give 0." in problem


def test_a_threshold_that_was_moved_is_found(tmp_path: Path) -> None:
    assert any(
        "and nothing was held back up to just there" in one
        for one in swept(tmp_path).problems(tmp_path, "curve", 1, threshold=0.4242)
    )


def test_a_curve_without_what_was_held_back_is_not_vouched_for(tmp_path: Path) -> None:
    row = swept(tmp_path)
    found = verify(stored(tmp_path, row.step, row.taken, {k: v for k, v in row.made.items() if k != "held"}))
    assert found.problems == ()
    assert any("OperatingPoint: the record of what the guard held back" in one for one in found.why_not)
    assert found.counted["OperatingPoint"] == 1, "the last point holds nothing back, and can be counted"


# --- what is seen without deriving it ------------------------------------------------------------


def graded() -> Stored:
    prompts = twins(3)
    answers = [transcript(row) for row in prompts]
    verdicts = [
        make_verdict(prompt, Finding.UPHOLDS).model_copy(update={"transcript": answer.digest})
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    taken = {"intake.prompts/gate": prompts, "evaluation.base/transcripts": answers}
    return Stored("evaluation.grade", taken, {"base": verdicts})


def test_a_verdict_that_was_left_out_is_found(tmp_path: Path) -> None:
    row = graded()
    assert row.problems(tmp_path) == ()
    (problem,) = row._replace(made={"base": row.made["base"][1:]}).problems(tmp_path)
    assert "there is no verdict by rules for the answer 'sha256:" in problem


def test_a_verdict_on_another_answer_than_it_says_is_found(tmp_path: Path) -> None:
    row = graded()
    other = row.made["base"][1].transcript  # type: ignore[attr-defined]  # a verdict
    problems = row.problems(tmp_path, "base", 0, transcript=other)
    assert any(f"the verdict by rules on 'p0d' names the answer {other}, which is to 'p0h'" in one for one in problems)


def test_verdicts_on_one_speaker_never_count_for_another(tmp_path: Path) -> None:
    prompts = twins(10)
    answers = [transcript(row, OTHER) for row in prompts]
    verdicts = [
        make_verdict(prompt, failing(prompt, place)).model_copy(update={"transcript": answer.digest})
        for place, (prompt, answer) in enumerate(zip(prompts, answers, strict=True))
    ]
    artefact = digest_as_stored(tmp_path / "aside", verdicts)
    swapped = measure(verdicts, prompts, (make_clause(),), ALONE, artefact, 0.95)
    taken = {"prompts": prompts, "answers": answers}
    problems = verify(stored(tmp_path, "evaluate.x", taken, {"verdicts": verdicts, "measurements": swapped})).problems
    assert any(f"of all by rules for {ALONE} says" in one and "give 0 of 0" in one for one in problems)


def test_an_answer_that_is_missing_or_by_another_speaker_is_found(tmp_path: Path) -> None:
    prompts, weights = twins(2), digest_of("weights")
    base = Checkpoint(adapter=None, base=weights, method="base").digest
    answers = [transcript(row, base) for row in prompts]
    taken = {"intake.prompts/gate": prompts}
    assert verify(stored(tmp_path, "evaluation.base", taken, {"t": answers}, model=weights)).problems == ()
    (problem,) = verify(stored(tmp_path, "evaluation.base", taken, {"t": answers[1:]}, model=weights)).problems
    assert "there is no answer for the prompt 'p0d'" in problem


def test_a_record_with_a_field_too_many_does_not_slip_past(tmp_path: Path) -> None:
    class Odd(Contamination):
        colour: str = "red"

    row = Odd(where="a", prompt="p", kind="canary", share=1.0)
    (problem,) = verify(stored(tmp_path, "intake.seal", {}, {"contaminations": [row]})).problems
    assert "1 lines of output 'contaminations'" in problem
    assert "are no record that is known" in problem


def test_the_interval_of_sparse_questions_is_counted_again_and_perplexity_is_not_vouched_for(tmp_path: Path) -> None:
    low, high = exact_interval(8, 20)
    fields: dict[str, Any] = {"group": "all", "speaker": ALONE, "items": 20, "low": low, "high": high}
    rows = [ProbeResult(probe=name, value=0.4, **fields) for name in ("sparse_questions", "perplexity")]
    row = Stored("pretraining.probe", {}, {"probes": rows})
    assert row.problems(tmp_path) == ()
    (problem,) = row.problems(tmp_path, "probes", 0, high=0.5)
    assert "the probe sparse_questions" in problem
    assert "has 'high' at 0.5, but counting again gives 0.6" in problem
    assert any(
        one.endswith("ProbeResult: the model's losses on each text are not stored")
        for one in verify(tmp_path / "workspace").why_not
    )


def test_a_rate_that_was_taken_out_is_found(tmp_path: Path) -> None:
    prompts = twins(6)
    verdicts = judged(prompts)
    artefact = digest_as_stored(tmp_path / "aside", verdicts)
    rows = measure(verdicts, prompts, (make_clause(),), ALONE, artefact, 0.95)
    taken = {"intake.prompts/gate": prompts, "evaluation.grade/trained": verdicts}
    without = [row for row in rows if (row.metric, row.group) != ("violation_rate", "all")]
    assert verify(stored(tmp_path, "evaluation.measure", taken, {"measurements": rows})).problems == ()
    (problem,) = verify(stored(tmp_path, "evaluation.measure", taken, {"measurements": without})).problems
    assert f"there is no violation_rate of all by rules, although the verdicts {artefact} give one" in problem
    nothing = verify(stored(tmp_path, "evaluation.measure", taken, {"measurements": []})).problems
    assert len(nothing) > 1, "nor may all of them be gone"


def test_numbers_that_cannot_be_stop_their_own_count_with_a_sentence(tmp_path: Path) -> None:
    row = looked()
    problems = row.problems(tmp_path, "looks", 0, confidence=7.0)
    assert problems
    assert all("Traceback" not in one for one in problems)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"base": OTHER}, f"has 'base' at {OTHER}, but the step started from the weights"),
        ({"parent": OTHER}, f"has 'parent' at {OTHER}, which the step did not read"),
        ({"adapter": OTHER}, f"has 'adapter' at {OTHER}, which the step did not make"),
        ({"trained_on": (OTHER,)}, f"says that it was trained on {OTHER}, which the step did not read"),
        ({"graders": ()}, "has 'graders' at nobody, but a reward comes from reward-model and a judge"),
    ],
)
def test_a_checkpoint_of_what_its_step_did_not_read_is_found(
    tmp_path: Path, changes: dict[str, object], sentence: str
) -> None:
    weights, prompts = digest_of("weights"), twins(1)
    base = Checkpoint(adapter=None, base=weights, method="base")
    adapter = digest_as_stored(tmp_path / "aside", prompts[:1])
    honest = Checkpoint(
        adapter=adapter,
        base=weights,
        method="finetuning",
        parent=base.digest,
        graders=("embedded-judge", "reward-model"),
        trained_on=(digest_as_stored(tmp_path / "aside", prompts),),
    )

    def problems(row: Checkpoint) -> tuple[str, ...]:
        made = {"checkpoints": [row], "adapter-1": prompts[:1]}
        return verify(stored(tmp_path, "posttraining.finetune", {"prompts": prompts}, made, model=weights)).problems

    assert problems(honest) == ()
    assert any(sentence in one for one in problems(honest.model_copy(update=changes)))
