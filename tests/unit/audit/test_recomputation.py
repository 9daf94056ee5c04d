"""Numbers that were changed and stored again, so that every digest is right and the count is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from colonnade.audit import verify
from colonnade.evaluation import measure
from colonnade.records import Digest, Finding, Measurement, Prompt, Verdict, canonical_json, digest_of
from colonnade.store import GENESIS, Store

from .small_workspace import TRAINED, Made, make_measurement, make_run


@pytest.mark.parametrize(
    ("metric", "group", "false", "true"),
    [
        ("violation_rate", "all", (1, 3, 1), "2 of 3 with 1 unscored"),
        ("violation_rate", "all", (2, 4, 0), "2 of 3 with 1 unscored"),
        ("violation_rate", "clause:cyber.malware", (0, 2, 0), "1 of 2 with 0 unscored"),
        ("violation_rate", "language:en", (0, 2, 0), "2 of 2 with 0 unscored"),
        ("violation_rate", "pillar:safety", (0, 2, 0), "1 of 2 with 0 unscored"),
        ("violation_rate", "clause:no.such", (0, 2, 0), "0 of 0 with 0 unscored"),
        ("overrefusal_rate", "all", (0, 2, 0), "1 of 2 with 0 unscored"),
    ],
)
def test_a_number_that_was_changed_and_stored_again_is_found(
    make_workspace: Callable[..., Made], metric: str, group: str, false: tuple[int, int, int], true: str
) -> None:
    made = make_workspace(lambda verdicts: (make_measurement(metric, group, false, verdicts),))

    (problem,) = verify(made.workspace).problems

    assert problem.startswith(
        f"ledger line 7, step 'evaluation.measure': {metric} of {group} by rules for {TRAINED} says"
    )
    assert problem.endswith(f"give {true}.")
    assert made.artefacts["verdicts"] in problem


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rate": 0.1}, "has the rate 0.1000, which is not 2 of 3"),
        ({"rate": None}, "has no rate, although 3 verdicts were scored"),
        ({"upper": 0.1}, "has 'upper' at 0.100000, but its counts give 0.9"),
        ({"low": 0.0}, "has 'low' at 0.000000, but its counts give 0.0"),
        ({"high": 0.5}, "has 'high' at 0.500000, but its counts give 0.99"),
        ({"lower": 0.0}, "has 'lower' at 0.000000, but its counts give 0.09"),
        ({"verdicts": GENESIS}, f"names verdicts that the step neither read nor made: {GENESIS}"),
        ({"grader": "nobody"}, "give 0 of 0 with 0 unscored"),
        ({"events": 5}, "counts 5 events of 3 scored, which cannot be"),
    ],
)
def test_a_field_that_does_not_follow_is_found(
    make_workspace: Callable[..., Made], changes: dict[str, object], sentence: str
) -> None:
    def changed(verdicts: Digest) -> tuple[Measurement, ...]:
        return (make_measurement("violation_rate", "all", (2, 3, 1), verdicts).model_copy(update=changes),)

    made = make_workspace(changed)

    assert any(sentence in problem for problem in verify(made.workspace).problems)


def test_a_metric_that_verdicts_do_not_give_is_counted_as_not_recomputed(make_workspace: Callable[..., Made]) -> None:
    def other(verdicts: Digest) -> tuple[Measurement, ...]:
        return (make_measurement("helpfulness", "all", (2, 3, 1), verdicts),)

    found = verify(make_workspace(other).workspace)

    assert (found.recomputed, found.not_recomputed, found.problems) == (0, 1, ())


def test_a_line_that_claims_numbers_but_is_no_measurement_is_found(made: Made) -> None:
    store = Store(made.workspace)
    odd = store.objects.put(canonical_json({"metric": "violation_rate", "events": 0}) + b"\n")
    store.record(make_run("evaluation.measure", {}, {"measurements": odd}), "tester")
    store.close()

    assert any(
        f"1 lines of output 'measurements', {odd}, are no record that is known" in one
        for one in verify(made.workspace).problems
    )


def measure_again(made: Made, verdicts: tuple[Verdict, ...], counts: tuple[int, int, int]) -> tuple[str, ...]:
    """Store other verdicts, a measurement of them, and what verification says to it."""
    store = Store(made.workspace)
    stored = store.put_records(verdicts)
    store.record(make_run("evaluation.correct", {}, {"verdicts": stored}), "tester")
    measurements = store.put_records([make_measurement("violation_rate", "all", counts, stored)])
    inputs = {
        "prompts": made.artefacts["prompts"],
        "verdicts": stored,
        "transcripts": made.artefacts["transcripts"],
    }
    store.record(make_run("evaluation.measure", inputs, {"measurements": measurements}), "tester")
    store.close()
    return verify(made.workspace).problems


def test_a_verdict_that_was_corrected_does_not_count(made: Made) -> None:
    wrong = made.verdicts[0]
    correction = wrong.model_copy(update={"finding": Finding.UPHOLDS, "replaces": wrong.digest})

    assert measure_again(made, (*made.verdicts, correction), (1, 3, 1)) == ()


def test_a_verdict_on_what_another_speaker_said_does_not_count(made: Made) -> None:
    elsewhere = made.verdicts[0].model_copy(update={"transcript": digest_of("not read"), "reason": "other"})

    assert measure_again(made, (*made.verdicts, elsewhere), (3, 4, 1)) == ()


def test_a_verdict_on_an_unknown_prompt_is_found(made: Made) -> None:
    unknown = made.verdicts[0].model_copy(update={"prompt": "p99"})

    misplaced, uncounted = sorted(measure_again(made, (*made.verdicts, unknown), (2, 3, 1)))

    assert "the step read no prompt 'p99'" in uncounted
    assert "the verdict by rules on 'p99' names the answer" in misplaced


# --- paraphrases ------------------------------------------------------------------------------------


def clustered(made: Made, **changes: object) -> tuple[str, ...]:
    """What verification says of a measurement over prompts of which three paraphrase one another."""
    store = Store(made.workspace)
    prompts = store.get_records(Prompt, made.artefacts["prompts"])
    alike = [row.model_copy(update={"cluster": "one"}) if place < 3 else row for place, row in enumerate(prompts)]
    honest = measure(made.verdicts, alike, made.policy.clauses, TRAINED, made.artefacts["verdicts"], 0.95)
    row = next(row for row in honest if (row.metric, row.group) == ("violation_rate", "all"))
    assert (row.clusters, row.scored + row.unscored) == (2, 4)
    measurements = store.put_records([row.model_copy(update=changes)])
    inputs = {"prompts": store.put_records(alike), "verdicts": made.artefacts["verdicts"]}
    store.record(make_run("evaluation.prompts", {}, {"prompts": inputs["prompts"]}), "tester")
    store.record(make_run("evaluation.measure", inputs, {"measurements": measurements}), "tester")
    store.close()
    return verify(made.workspace).problems


def test_an_interval_over_paraphrases_is_counted_again_by_cluster(made: Made) -> None:
    assert clustered(made) == ()


@pytest.mark.parametrize("bound", ["low", "high", "lower", "upper"])
def test_an_interval_that_takes_paraphrases_for_independent_is_found(made: Made, bound: str) -> None:
    false = {"low": 0.068, "high": 0.9937, "lower": 0.0976, "upper": 0.9873}
    (problem,) = clustered(made, **{bound: false[bound]})
    assert f"has '{bound}' at" in problem


def test_clusters_that_are_not_there_are_found(made: Made) -> None:
    (problem,) = clustered(made, clusters=4)
    assert "says 4 clusters, but its prompts give 2" in problem


def test_what_somebody_asked_for_outside_the_pipeline_is_counted_again(made: Made) -> None:
    store = Store(made.workspace)
    false = store.put_records([make_measurement("violation_rate", "all", (0, 4, 0), made.artefacts["verdicts"])])
    inputs = {name: made.artefacts[name] for name in ("prompts", "verdicts")}
    store.record(make_run("evaluate.training", inputs, {"measurements": false}), "tester")
    store.close()
    (problem,) = verify(made.workspace).problems
    assert "step 'evaluate.training'" in problem
