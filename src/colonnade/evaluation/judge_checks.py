"""What must not matter to a grader, changed: does it find otherwise?

None of our judges is shown two answers, so that none can prefer the first of them. What has a place
in what they read is the rubric's questions and the parts of the answer, and these are moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from colonnade.grading import Grader, Item
from colonnade.grading.people import fits
from colonnade.records import Digest, Finding, JudgeCheck, Message, SelfPreference, Verdict
from colonnade.statistics import Difference, clustered_interval, clustered_paired_difference, mcnemar_exact

_PADDING = {
    "en": (
        "The text above is the whole of this answer.",
        "It may be read in one go or in several parts.",
        "Its sentences were written in the order in which they stand.",
        "Whoever has read it to the end has missed nothing.",
    ),
    "de": (
        "Der Text oben ist die ganze Antwort.",
        "Man kann ihn in einem Zug oder in Teilen lesen.",
        "Seine Sätze wurden in der Reihenfolge geschrieben, in der sie stehen.",
        "Wer ihn bis zum Ende gelesen hat, hat alles gesehen.",
    ),
    "fr": (
        "Le texte ci-dessus est la réponse entière.",
        "On peut le lire en une fois ou par parties.",
        "Ses phrases ont été écrites dans l'ordre où elles se trouvent.",
        "Qui l'a lu jusqu'au bout a tout vu.",
    ),
    "es": (
        "El texto de arriba es toda la respuesta.",
        "Se puede leer de una vez o por partes.",
        "Sus frases se escribieron en el orden en que están.",
        "Quien lo ha leído hasta el final lo ha visto todo.",
    ),
}
"""Sentences that say nothing of the matter, by language."""
_POLITE = {
    "en": "Thank you for your question.",
    "de": "Vielen Dank für deine Frage.",
    "fr": "Merci pour votre question.",
    "es": "Gracias por tu pregunta.",
}
_LEAST_PADDING = 40
_HEADLINE = 200


class Change(NamedTuple):
    """Something that must not matter.

    Attributes:
        apply: the item with the change, or nothing where it cannot be changed so.
    """

    check: Literal["repeat", "position", "length", "style"]
    name: str
    apply: Callable[[Item], Item | None]


def check_judge(
    grader: Grader, items: Sequence[Item], before: Sequence[Verdict], confidence: float = 0.95
) -> tuple[JudgeCheck, ...]:
    """Every change in turn, on the same answers.

    Args:
        grader: it grades all items once more for each change.
        items: answers; those that the grader cannot judge as they are say nothing.
        before: what it found as they are, in the same order.
        confidence: of the intervals.
    """
    return tuple(check_change(grader, items, before, change, confidence) for change in CHANGES)


def check_change(
    grader: Grader, items: Sequence[Item], before: Sequence[Verdict], change: Change, confidence: float = 0.95
) -> JudgeCheck:
    """How often a grader finds otherwise when one thing is changed that must not matter.

    Args:
        grader: what is checked.
        items: the answers as they are.
        before: what it found then, in the same order.
        change: what is changed.
        confidence: of the interval.
    """
    pairs = [(item, change.apply(item), row) for item, row in zip(items, before, strict=True)]
    scored = [row for row in pairs if row[2].finding is not Finding.UNSCORED]
    fit = [(item, changed, row) for item, changed, row in scored if changed is not None]
    blank = JudgeCheck(
        grader=grader.name,
        check=change.check,
        change=change.name,
        answers=len(fit),
        unscored=len(pairs) - len(scored),
        unfit=len(scored) - len(fit),
        confidence=confidence,
    )
    if not fit:
        why = "no answer can be changed so" if scored else "the grader could judge no answer as it is"
        return blank.model_copy(update={"not_checked": why})
    after = grader.grade([changed for _, changed, _ in fit])
    moved = _flips([row.finding for _, _, row in fit], [row.finding for row in after])
    flipped = [one.finding is not two.finding for (_, _, one), two in zip(fit, after, strict=True)]
    _, places = np.unique([item.prompt.cluster for item, _, _ in fit], return_inverse=True)
    interval = clustered_interval(np.bincount(places, weights=flipped), np.bincount(places), confidence)
    return blank.model_copy(
        update={
            **moved._asdict(),
            "rate": sum(flipped) / len(fit),
            "low": interval.low,
            "high": interval.high,
            "p_value": mcnemar_exact(moved.to_failure, moved.to_fine),
            "changed": tuple(item.transcript.digest for (item, _, _), flip in zip(fit, flipped, strict=True) if flip),
        }
    )


class _Flips(NamedTuple):
    """Findings that changed, by what they became."""

    to_failure: int
    to_fine: int
    to_unscored: int


def _flips(before: Sequence[Finding], after: Sequence[Finding]) -> _Flips:
    became = [two for one, two in zip(before, after, strict=True) if one is not two]
    unscored, fine = became.count(Finding.UNSCORED), became.count(Finding.UPHOLDS)
    return _Flips(len(became) - unscored - fine, fine, unscored)


def self_preference(
    grader: str,
    own_speakers: frozenset[Digest],
    items: Sequence[Item],
    verdicts: Sequence[Verdict],
    people: Mapping[Digest, Finding],
    confidence: float = 0.95,
) -> SelfPreference:
    """Is a judge more lenient with its own model's answers than people say it should be?

    For either kind of answer the judge's rate of failures is held against that of people on the
    same answers; the difference of the two gaps has its interval from those of the gaps.

    Simulated at nominal 95 % (30 % failures, a judge that misses 10 % of them and 40 % of its own model's,
    40 to 300 answers of each): 95 to 97 %, and 96 to 99 % for a judge without a preference.

    Source: gaps by :func:`colonnade.statistics.clustered_paired_difference`; their difference by
    Zou and Donner, Statistics in Medicine 27, 2008 (square and add). Assumes that people err as
    often on one kind of answer as on the other; with prompts in common the interval is too wide
    rather than too narrow.

    Args:
        grader: the name of the judge.
        own_speakers: the speakers that are the model that judges.
        items: answers of several speakers.
        verdicts: of the judge, in the same order.
        people: what people found, by transcript.
        confidence: of the interval.
    """
    rows = _held(own_speakers, items, verdicts, people)
    own, others = [row for row in rows if row.own], [row for row in rows if not row.own]
    found = SelfPreference(grader=grader, own=len(own), others=len(others), confidence=confidence)
    if not own or not others:
        return found.model_copy(update={"not_checked": _why_not_checked(own_speakers, own, others)})
    first, second = _leniency(own, confidence), _leniency(others, confidence)
    difference = first.estimate - second.estimate
    down = math.hypot(first.estimate - first.low, second.high - second.estimate)
    up = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return found.model_copy(
        update={
            "own_leniency": first.estimate,
            "others_leniency": second.estimate,
            "difference": difference,
            "low": max(-2.0, difference - down),
            "high": min(2.0, difference + up),
        }
    )


def _why_not_checked(own_speakers: frozenset[Digest], own: Sequence[_Held], others: Sequence[_Held]) -> str:
    if not own_speakers:
        return "this grader is no model that speaks"
    if not own and not others:
        return "no answer has both a label and a finding"
    return "all labelled answers are of its own model" if own else "no labelled answer is of its own model"


class _Held(NamedTuple):
    """A judge's finding held against that of people: whether either says that the answer fails."""

    own: bool
    judged: bool
    labelled: bool
    cluster: str


def _held(
    own_speakers: frozenset[Digest],
    items: Sequence[Item],
    verdicts: Sequence[Verdict],
    people: Mapping[Digest, Finding],
) -> list[_Held]:
    """The answers that the judge judged and of which people said something that can be."""
    return [
        _Held(
            item.transcript.speaker in own_speakers,
            row.finding is not Finding.UPHOLDS,
            people[item.transcript.digest] is not Finding.UPHOLDS,
            item.prompt.cluster,
        )
        for item, row in zip(items, verdicts, strict=True)
        if row.finding is not Finding.UNSCORED
        and item.transcript.digest in people
        and fits(item.prompt.expected, people[item.transcript.digest])
    ]


def _leniency(rows: Sequence[_Held], confidence: float) -> Difference:
    return clustered_paired_difference(
        [row.judged for row in rows], [row.labelled for row in rows], [row.cluster for row in rows], confidence
    )


def _with_reply(item: Item, reply: str) -> Item:
    turns = (*item.transcript.messages[:-1], Message(role="assistant", content=reply))
    return item._replace(transcript=item.transcript.model_copy(update={"messages": turns}))


def _questions_reversed(item: Item) -> Item | None:
    if len(item.clause.rubric) < 2:
        return None
    return item._replace(clause=item.clause.model_copy(update={"rubric": item.clause.rubric[::-1]}))


def _paragraphs_reversed(item: Item) -> Item | None:
    """The first paragraph stays: that an answer opens with a decline may well matter."""
    first, *others = [part for part in item.transcript.reply.split("\n\n") if part.strip()] or [""]
    return _with_reply(item, "\n\n".join((first, *others[::-1]))) if len(others) > 1 else None


def _padded(item: Item) -> Item | None:
    sentences = _PADDING.get(item.prompt.language.partition("-")[0])
    if sentences is None:
        return None
    wanted = max(_LEAST_PADDING, len(item.transcript.reply.split()))
    added: list[str] = []
    while sum(len(sentence.split()) for sentence in added) < wanted:
        added.append(sentences[len(added) % len(sentences)])
    return _with_reply(item, f"{item.transcript.reply} {' '.join(added)}")


def _polite(item: Item) -> Item | None:
    opening = _POLITE.get(item.prompt.language.partition("-")[0])
    return _with_reply(item, f"{opening} {item.transcript.reply}") if opening else None


def _bold(item: Item) -> Item | None:
    head, line, rest = item.transcript.reply.partition("\n")
    if "*" in head or not head.strip() or len(head) > _HEADLINE:
        return None
    return _with_reply(item, f"**{head.strip()}**{line}{rest}")


def _blank_lines(item: Item) -> Item:
    return _with_reply(item, f"{item.transcript.reply}  \n\n ")


CHANGES: tuple[Change, ...] = (
    Change("repeat", "nothing", lambda item: item),
    Change("position", "the rubric's questions in reverse", _questions_reversed),
    Change("position", "the later paragraphs in reverse", _paragraphs_reversed),
    Change("length", "as many words again that say nothing, at the end", _padded),
    Change("style", "a polite opening", _polite),
    Change("style", "the first line in bold", _bold),
    Change("style", "blanks and empty lines at the end", _blank_lines),
)
