"""What people said of answers."""

# ruff: noqa: E501  # one case, one line: its tables are read across

from __future__ import annotations

import json
from pathlib import Path

import pytest

from colonnade.evaluation import read_prompts
from colonnade.policy import read_policies
from colonnade.posttraining import RatedAnswers, read_ratings
from colonnade.records import InputError
from tests.workspaces import ANSWERS, RATINGS, Content, write_workspace


def read(folder: Path, files: dict[str, Content] | None = None) -> RatedAnswers:
    write_workspace(folder, files or {})
    return read_ratings(folder, read_prompts(folder, read_policies(folder)))


def rating(answer: str = "a1", rater: str = "bo", rubric: str = "adherence", score: object = 3) -> str:
    return json.dumps({"answer": answer, "rater": rater, "rubric": rubric, "score": score, "date": "2026-01-02"}) + "\n"


def answer(identifier: str = "a9", prompt: str = "doors-t1/benign") -> str:
    return json.dumps({"id": identifier, "prompt": prompt, "text": "Ask the porter.", "origin": "authored"}) + "\n"


def test_answers_and_ratings_are_read(tmp_path: Path) -> None:
    rated = read(tmp_path)
    assert [row.id for row in rated.answers] == ["a1", "a2", "a3", "a4"]
    assert len(rated.ratings) == 8


def test_the_mean_is_over_raters_and_rubrics_are_kept_apart(tmp_path: Path) -> None:
    rated = read(tmp_path, {"ratings/ratings.jsonl": RATINGS + rating(score=2) + rating(rater="cy", score=2)})
    assert rated.mean("adherence")["a1"] == 3.0
    assert rated.mean("helpfulness")["a1"] == 4.0
    assert rated.mean("nothing") == {}


def test_an_answer_that_is_rated_under_one_rubric_is_left_out(tmp_path: Path) -> None:
    files: dict[str, Content] = {
        "ratings/answers.jsonl": ANSWERS + answer(),
        "ratings/ratings.jsonl": RATINGS + rating("a9"),
    }
    rated = read(tmp_path, files)
    assert [row.id for row in rated.answers] == ["a1", "a2", "a3", "a4"]
    assert rated.mean("adherence")["a9"] == 3.0


LATE, LATER = ANSWERS.count("\n") + 1, RATINGS.count("\n") + 1
ONE_KIND = "".join(line for line in RATINGS.splitlines(keepends=True) if '"a1"' in line or '"a2"' in line)
TIED = "".join(
    rating(name, "ada", rubric) for name in ("a1", "a2", "a3", "a4") for rubric in ("helpfulness", "adherence")
)

CASES: tuple[tuple[str, str, str, int | None, str], ...] = (
    ("answer id twice", "answers", ANSWERS + answer("a1"), LATE, "the answer id 'a1' is used twice"),
    ("unknown prompt", "answers", ANSWERS + answer(prompt="none/benign"), LATE, "there is no prompt 'none/benign'"),
    ("prompt of the gate", "answers", ANSWERS + answer(prompt="doors-g1/benign"), LATE, "is in the gate split, and ratings train"),
    ("prompt of development", "answers", ANSWERS + answer(prompt="doors-d1/benign"), LATE, "is in the development split"),
    ("answer that is not there", "ratings", RATINGS + rating("a77"), LATER, "this rates the answer 'a77', which is not there"),
    ("rated twice", "ratings", RATINGS + rating(rater="ada"), LATER, "ada rated 'a1' for adherence already"),
    ("score of 6", "ratings", RATINGS + rating(score=6), LATER, "'score' is 6"),
    ("score that is no number", "ratings", RATINGS + rating(score=float("nan")), LATER, "NaN is not a number"),
    ("unknown rubric", "ratings", RATINGS + rating(rubric="beauty"), LATER, "'rubric' is 'beauty'"),
    ("nothing rated", "ratings", "", None, "no answer to a prompt that expects 'decline' is rated"),
    ("one kind rated", "ratings", ONE_KIND, None, "no answer to a prompt that expects 'help' is rated"),
    ("all alike", "ratings", TIED, None, "no two answers to one prompt are rated differently"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "line", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_every_fault_is_named_with_its_place(
    tmp_path: Path, name: str, content: str, line: int | None, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, {f"ratings/{name}.jsonl": content})
    assert words in caught.value.what
    assert (caught.value.file, caught.value.line) == (tmp_path / "ratings" / f"{name}.jsonl", line)
