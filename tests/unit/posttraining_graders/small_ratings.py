"""Prompts with twins, answers to them and what people said of the answers."""

from __future__ import annotations

from colonnade.posttraining import RatedAnswers
from colonnade.records import Answer, Expected, Prompt, Rating, Split
from tests.unit.records.samples import make_prompt

DATE = "2026-01-02"


def make_rated(clusters: int = 10) -> tuple[RatedAnswers, tuple[Prompt, ...]]:
    """Per cluster a violating and a benign prompt, each with an answer that declines and one that helps."""
    prompts: list[Prompt] = []
    answers: list[Answer] = []
    ratings: list[Rating] = []
    for number in range(clusters):
        for side, expected, text in (
            ("violating", Expected.DECLINE, f"Open the locked room {number} of others."),
            ("benign", Expected.HELP, f"Who hands out the key of my room {number}?"),
        ):
            name = f"c{number}/{side}"
            prompts.append(make_prompt(name, expected, text=text, cluster=f"c{number}", split=Split.TRAINING))
            for kind, words, right in (
                ("decline", "I decline this", expected is Expected.DECLINE),
                ("help", "Certainly, do it like this", expected is Expected.HELP),
            ):
                answer = f"{name}/{kind}"
                answers.append(Answer(id=answer, prompt=name, text=f"{words}, number {number}.", origin="authored"))
                ratings += [
                    rate(answer, "adherence", 5 if right else 1),
                    rate(answer, "helpfulness", 4 if right else 2),
                ]
    return RatedAnswers(tuple(answers), tuple(ratings)), tuple(prompts)


def rate(answer: str, rubric: str, score: int, rater: str = "ada") -> Rating:
    """One rating."""
    return Rating.model_validate({"answer": answer, "rater": rater, "rubric": rubric, "score": score, "date": DATE})
