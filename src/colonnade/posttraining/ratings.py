"""What people said of answers: read, and held against the answers and prompts they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.records import Answer, Expected, InputError, Prompt, Rating
from colonnade.records.reading import read_rows, row_to_record


class RatedAnswers(NamedTuple):
    """Answers that were rated under both rubrics, with their mean scores (1 to 5)."""

    answers: tuple[Answer, ...]
    ratings: tuple[Rating, ...]

    def mean(self, rubric: str) -> dict[str, float]:
        """Mean score by answer id."""
        scores: dict[str, list[int]] = {}
        for rating in self.ratings:
            if rating.rubric == rubric:
                scores.setdefault(rating.answer, []).append(rating.score)
        return {answer: sum(values) / len(values) for answer, values in scores.items()}


def read_ratings(workspace: Path, prompts: Sequence[Prompt]) -> RatedAnswers:
    """``ratings/answers.jsonl`` and ``ratings/ratings.jsonl``.

    Raises:
        InputError: for an answer to a prompt that is not there or not in the training split, a
            rating of an answer that is not there, the same rating given twice, or too few
            ratings to learn a preference and both kinds of prompt from.
    """
    splits = {prompt.id: prompt.split for prompt in prompts}
    answers: dict[str, Answer] = {}
    file = workspace / "ratings" / "answers.jsonl"
    for line, content in read_rows(file):
        answer = row_to_record(Answer, content, file, line)
        if answer.id in answers:
            raise InputError(
                f"the answer id '{answer.id}' is used twice.",
                file=file,
                line=line,
                mend="Give this answer an id of its own.",
            )
        if answer.prompt not in splits:
            raise InputError(f"there is no prompt '{answer.prompt}'.", file=file, line=line, mend="Correct the id.")
        if splits[answer.prompt] != "training":
            raise InputError(
                f"the prompt '{answer.prompt}' is in the {splits[answer.prompt]} split, and ratings train.",
                file=file,
                line=line,
                mend="Rate answers to training prompts only.",
            )
        answers[answer.id] = answer
    ratings = _read_scores(workspace / "ratings" / "ratings.jsonl", answers)
    rated = {(rating.answer, rating.rubric) for rating in ratings}
    complete = tuple(
        answer for answer in answers.values() if {(answer.id, "helpfulness"), (answer.id, "adherence")} <= rated
    )
    rated_answers = RatedAnswers(complete, ratings)
    _check_enough(rated_answers, prompts, workspace / "ratings" / "ratings.jsonl")
    return rated_answers


def _check_enough(rated: RatedAnswers, prompts: Sequence[Prompt], file: Path) -> None:
    """The reward model learns from preferences, the judge from answers to both kinds of prompt."""
    expected_of = {prompt.id: prompt.expected for prompt in prompts}
    for expected in Expected:
        if not any(expected_of[answer.prompt] is expected for answer in rated.answers):
            what = f"no answer to a prompt that expects '{expected}' is rated under both rubrics."
            raise InputError(what, file=file, mend="Rate one for 'helpfulness' and for 'adherence'.")
    helpful, adheres = rated.mean("helpfulness"), rated.mean("adherence")
    scores: dict[str, set[float]] = {}
    for answer in rated.answers:
        scores.setdefault(answer.prompt, set()).add(helpful[answer.id] + adheres[answer.id])
    if all(len(different) == 1 for different in scores.values()):
        what = "no two answers to one prompt are rated differently, so nothing shows what is preferred."
        raise InputError(what, file=file, mend="Rate several answers to the same prompt.")


def _read_scores(file: Path, answers: dict[str, Answer]) -> tuple[Rating, ...]:
    ratings, seen = [], set()
    for line, content in read_rows(file):
        rating = row_to_record(Rating, content, file, line)
        if rating.answer not in answers:
            raise InputError(
                f"this rates the answer '{rating.answer}', which is not there.",
                file=file,
                line=line,
                mend="Correct the id, or add the answer to answers.jsonl.",
            )
        key = (rating.answer, rating.rater, rating.rubric)
        if key in seen:
            raise InputError(
                f"{rating.rater} rated '{rating.answer}' for {rating.rubric} already.",
                file=file,
                line=line,
                mend="Keep one of the two.",
            )
        seen.add(key)
        ratings.append(rating)
    return tuple(ratings)
