"""What the heads learn from: the examples of the clauses, prompts that people labelled, and everyday texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from typing import NamedTuple

from colonnade.records import Clause, Expected, InputError, Prompt


class Labelled(NamedTuple):
    """One text and what is known of it.

    Attributes:
        topic: the clause that it is about; none for an everyday text.
        above: whether it is above the clause's ceiling.
        rank: of its level, where somebody named one.
        cluster: texts that share it are held out together.
    """

    text: str
    topic: str | None
    above: bool
    rank: int | None
    cluster: str


def everyday() -> tuple[str, ...]:
    """Harmless texts of every day, in several languages, about nothing that a policy would limit."""
    file = resources.files("colonnade.guard.detection") / "everyday.txt"
    return tuple(line for line in file.read_text(encoding="utf-8").splitlines() if line)


def material(clauses: Iterable[Clause], prompts: Sequence[Prompt] = ()) -> tuple[Labelled, ...]:
    """Examples, then prompts, then everyday texts, each text once.

    Args:
        clauses: those that limit a topic (see ``topic_clauses``); one without ceiling is passed over.
        prompts: labelled ones, never of the gate's split; those of other clauses are passed over.

    Raises:
        InputError: where there is no topic, or a topic without examples, which could never be recognised.
        ValueError: where a prompt is of the gate's split.
    """
    topics = [clause for clause in clauses if clause.ceiling is not None]
    _refuse_unseen(topics)
    if any(prompt.split == "gate" for prompt in prompts):
        raise ValueError("what the gate measures with must not teach the guard")
    known = {clause.id for clause in topics}
    rows = [row for clause in topics for row in _examples(clause)]
    rows += [
        Labelled(prompt.text, prompt.clause, prompt.expected is Expected.DECLINE, None, f"prompt/{prompt.cluster}")
        for prompt in prompts
        if prompt.clause in known
    ]
    rows += [Labelled(text, None, False, None, f"everyday/{place}") for place, text in enumerate(everyday())]
    return tuple({row.text: row for row in reversed(rows)}.values())[::-1]


def _examples(clause: Clause) -> list[Labelled]:
    ceiling = clause.ceiling.rank if clause.ceiling else 0
    return [
        Labelled(each.prompt, clause.id, each.level.rank > ceiling, each.level.rank, f"{clause.id}/{place}")
        for place, each in enumerate(clause.examples)
    ]


def _refuse_unseen(topics: Sequence[Clause]) -> None:
    if not topics:
        raise InputError(
            "no clause limits a topic, so the guard has nothing to recognise.", mend="Add a ceiling to one."
        )
    for clause in topics:
        if not clause.examples:
            raise InputError(
                f"the clause '{clause.id}' has no examples, so the guard could never recognise its topic.",
                file=clause.file or None,
                line=clause.line or None,
                mend="Add some rows under 'jsonl examples'.",
            )
