"""What the clauses ask of later stages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.policy import read_launch, read_policies
from colonnade.policy.guidelines import (
    ALL_CLAUSES,
    Guidelines,
    PromptKind,
    count_prompts,
    derive_guidelines,
    languages_needed,
)
from colonnade.records import Bound, Expected, InputError, Scope, Split, Thresholds
from colonnade.statistics import upper_bound

DOCTORS = Path(__file__).parents[3] / "examples" / "doctors"
CLAUSE = "fairness-images.doctors"


def guidelines(bound: Bound, there: int = 0) -> Guidelines:
    policies = read_policies(DOCTORS)
    thresholds = Thresholds(violation_rate=bound)
    clauses = tuple(clause.model_copy(update={"thresholds": thresholds}) for clause in policies.clauses)
    prompts = {PromptKind(CLAUSE, Expected.DECLINE): there, PromptKind("other.clause", Expected.DECLINE): 7}
    return derive_guidelines(policies.model_copy(update={"clauses": clauses}), read_launch(DOCTORS), prompts)


def test_one_in_a_thousand_needs_2995_clean_answers_and_200_are_too_few() -> None:
    (row,) = (row for row in guidelines(Bound(max=0.001), 200).probes if row.clause == CLAUSE)
    assert (row.needed, row.there, row.enough) == (2995, 200, False)
    assert row.best == pytest.approx(0.01487, abs=1e-5)
    (row,) = (row for row in guidelines(Bound(max=0.001), 2995).probes if row.clause == CLAUSE)
    assert row.enough


def test_no_number_of_prompts_shows_a_rate_of_nought() -> None:
    (row,) = (row for row in guidelines(Bound(max=0), 10**6).probes if row.clause == CLAUSE)
    assert (row.needed, row.enough) == (None, False)


@given(st.floats(0.001, 0.9), st.floats(0.6, 0.99), st.integers(0, 4000))
def test_enough_means_that_a_clean_result_meets_the_threshold(rate: float, confidence: float, there: int) -> None:
    (row,) = (row for row in guidelines(Bound(max=rate, confidence=confidence), there).probes if row.clause == CLAUSE)
    assert row.best == upper_bound(0, there, confidence)
    assert row.enough == (there >= (row.needed or 0))
    if row.enough:
        assert row.best <= rate + 1e-9


def test_the_rates_over_all_clauses_count_the_prompts_of_active_clauses_alone() -> None:
    overall = [row for row in guidelines(Bound(max=0.1), 30).probes if row.clause == ALL_CLAUSES]
    assert {row.rate: row.there for row in overall} == {"violation_rate": 30, "overrefusal_rate": 0}


def test_languages_are_asked_for_where_a_clause_is_about_words() -> None:
    clause = read_policies(DOCTORS).clauses[0]
    launch = read_launch(DOCTORS).model_copy(update={"languages": ("en", "de")})
    target = clause.data[0].model_copy(update={"languages": ("fr", "de")})
    assert languages_needed(clause, target, launch) == ("fr", "de")
    spoken = clause.model_copy(update={"scope": Scope(modality=("image", "text"))})
    assert languages_needed(spoken, target, launch) == ("fr", "de", "en")


def test_prompts_are_counted_by_clause_and_expectation_in_both_forms(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    folder.mkdir()
    pair = {"id": "1", "clause": "a.b", "violating": "xxx", "benign": "yyy"}
    single = {"id": "2", "clause": "a.b", "expected": "decline", "split": "gate"}
    half = {"id": "3", "clause": "a.c", "benign": "zzz", "violating": None}
    (folder / "gate.jsonl").write_text("\n".join(json.dumps(row) for row in (pair, half)))
    (folder / "training.jsonl").write_text(json.dumps(pair))
    (folder / "more.jsonl").write_text(json.dumps(single) + "\n" + json.dumps(single | {"split": "training"}))
    assert count_prompts(tmp_path) == {
        PromptKind("a.b", Expected.DECLINE): 2,
        PromptKind("a.b", Expected.HELP): 1,
        PromptKind("a.c", Expected.HELP): 1,
    }
    assert count_prompts(tmp_path, Split.DEVELOPMENT) == {}


def test_without_prompts_there_are_none_and_a_broken_line_is_named(tmp_path: Path) -> None:
    assert count_prompts(tmp_path) == {}
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "gate.jsonl").write_text('{"id": "1"}\n{')
    with pytest.raises(InputError, match="not JSON") as fault:
        count_prompts(tmp_path)
    assert fault.value.line == 2


def test_the_readme_of_the_example_shows_the_true_guidelines() -> None:
    result = CliRunner().invoke(policy_application, ["guidelines", str(DOCTORS)])
    assert result.exit_code == 0
    shown = "\n".join(line.rstrip() for line in result.stdout.strip().split("\n"))
    assert shown in (DOCTORS / "README.md").read_text()


def test_the_guidelines_can_be_read_by_a_program() -> None:
    result = CliRunner().invoke(policy_application, ["guidelines", str(DOCTORS), "--json"])
    found = Guidelines.model_validate(json.loads(result.stdout))
    assert found == derive_guidelines(read_policies(DOCTORS), read_launch(DOCTORS), count_prompts(DOCTORS))
    assert found.data[0].target.cells[0].where == (("gender", "woman"), ("skin tone", "light"))
