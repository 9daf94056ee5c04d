"""Results of the general questions that were changed and stored again: every digest right, the count wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from colonnade.audit import verify
from colonnade.audit.capability import the_finding_follows
from colonnade.evaluation.capability import compare_answers, count_answers
from colonnade.records import AnswerFinding, CapabilityAnswer, Record
from colonnade.store import Store

from .small_workspace import BASE, TRAINED, make_run

RIGHT, WRONG, DECLINED, UNSCORED = AnswerFinding
FINDINGS = {BASE: [RIGHT] * 7 + [WRONG] * 2 + [UNSCORED], TRAINED: [RIGHT] * 4 + [DECLINED] * 3 + [WRONG] * 3}


def answers(clusters: int) -> list[CapabilityAnswer]:
    """Ten sums and ten choices for both; ``clusters`` questions share one."""
    rows = []
    for speaker, findings in FINDINGS.items():
        for place, finding in enumerate(findings):
            common: dict[str, Any] = {"item": f"i{place}", "cluster": f"c{place // clusters}", "speaker": speaker}
            rows.append(free(finding, **common))
            rows.append(choice(finding is RIGHT, **common))
    return rows


def free(finding: AnswerFinding, **more: Any) -> CapabilityAnswer:
    said = {RIGHT: "It makes 1,200.", WRONG: "It makes 7.", DECLINED: "I can't help with that.", UNSCORED: ""}
    content = {
        "suite": "sums",
        "kind": "free",
        "options": 0,
        "expected": ("1200",),
        "taken": {RIGHT: "1200", WRONG: "7"}.get(finding, ""),
        "finding": finding,
        "reply": said[finding],
        "stop": "fault" if finding is UNSCORED else "end",
    }
    return CapabilityAnswer.model_validate({**content, **more})


def choice(right: bool, **more: Any) -> CapabilityAnswer:
    content = {
        "suite": "choices",
        "kind": "choice",
        "options": 2,
        "expected": ("0",),
        "taken": "0" if right else "1",
        "finding": RIGHT if right else WRONG,
        "scores": (-0.5, -2.0) if right else (-2.0, -0.5),
    }
    return CapabilityAnswer.model_validate({**content, **more})


def stored(folder: Path, rows: Sequence[CapabilityAnswer], **changed: Any) -> Path:
    """A workspace with one run over these answers; ``changed`` replaces fields of a result and of a comparison."""
    workspace = folder / "workspace"
    workspace.mkdir()
    store = Store(workspace)
    artefact = store.put_records(rows)
    results: list[Record] = list(count_answers(rows, artefact, 0.95))
    comparisons: list[Record] = list(compare_answers(rows, (BASE, TRAINED), 0.95))
    for written in (results, comparisons):
        fields = {name: value for name, value in changed.items() if name in type(written[0]).model_fields}
        written[0] = written[0].model_copy(update=fields)
    outputs = {
        "answers": artefact,
        "results": store.put_records(results),
        "comparisons": store.put_records(comparisons),
    }
    store.record(make_run("evaluation.capability", {}, outputs), "tester")
    store.close()
    return workspace


@pytest.mark.parametrize("clusters", [1, 3])
def test_honest_numbers_are_counted_again_and_nothing_is_found(tmp_path: Path, clusters: int) -> None:
    found = verify(stored(tmp_path, answers(clusters)))
    assert found.problems == ()
    assert (found.counted["CapabilityResult"], found.counted["CapabilityComparison"]) == (2 * 5, 5)


@pytest.mark.parametrize("clusters", [1, 3])
@pytest.mark.parametrize(
    "changed",
    [
        {"right": 19},
        {"items": 19},
        {"declined": 4},
        {"unscored": 2},
        {"cut": 1},
        {"rate": 0.99},
        {"rate": None},
        {"chance": 0.0},
        {"lower": 0.9},
        {"lost": 0},
        {"gained": 9},
        {"pairs": 30},
        {"unpaired": 0},
        {"p_value": 0.9},
        {"difference": 0.0},
    ],
    ids=str,
)
def test_a_number_that_was_changed_and_stored_again_is_found(
    tmp_path: Path, changed: dict[str, Any], clusters: int
) -> None:
    problems = verify(stored(tmp_path, answers(clusters), **changed)).problems
    (name,) = changed
    assert problems
    assert all("step 'evaluation.capability'" in problem and f"has '{name}' at" in problem for problem in problems)


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_narrowed_interval_is_found(tmp_path: Path, end: str) -> None:
    problems = verify(stored(tmp_path, answers(1), **{end: 0.5})).problems
    assert len(problems) == 2, "in the result and in the comparison"


def test_a_result_over_answers_that_are_not_there_is_found(tmp_path: Path) -> None:
    (problem,) = verify(stored(tmp_path, answers(1), answers=BASE)).problems
    assert "no readable answers" in problem


def test_a_line_that_is_no_record_is_found(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    store = Store(workspace)
    odd = store.objects.put(b'{"group":"all","right":100}\n')
    store.record(make_run("evaluation.capability", {}, {"results": odd}), "tester")
    store.close()
    (problem,) = verify(workspace).problems
    assert f"1 lines of output 'results', {odd}, are no record that is known" in problem


COMMON: dict[str, Any] = {"item": "i", "cluster": "i", "speaker": BASE}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (free(RIGHT, **COMMON, taken="7", reply="It is 7."), "called right"),
        (free(WRONG, **COMMON, taken="1200", reply="1200"), "called wrong"),
        (free(RIGHT, **COMMON, reply="I do not know."), "does not stand in the reply"),
        (free(UNSCORED, **COMMON, stop="end"), "is unscored, although it was given"),
        (choice(True, **COMMON, scores=(-2.0, -0.5)), "the likeliest of its scores is 1"),
        (choice(True, **COMMON, scores=()), "the likeliest of its scores is -1"),
        (choice(True, **COMMON, scores=(-0.5, -2.0, -3.0)), "the likeliest"),
    ],
)
def test_an_answer_that_is_called_what_it_is_not_is_found(answer: CapabilityAnswer, said: str) -> None:
    (problem,) = the_finding_follows(answer)
    assert said in problem


def test_a_right_answer_in_other_digits_stands_in_its_reply() -> None:
    for reply in ("١٢٠٠", "1.200", "１２００"):
        assert not list(the_finding_follows(free(RIGHT, **COMMON, reply=reply)))
