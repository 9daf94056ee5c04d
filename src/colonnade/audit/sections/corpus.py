"""What became of the corpus, and what was made to teach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from colonnade.audit.page import Cell, Section, Table, count, percent, plain, table
from colonnade.audit.report_data import Subject
from colonnade.records import Document, Fate

_MOST_REASONS = 25
_FATES = {
    Fate.KEPT: "kept",
    Fate.HELDOUT: "held out",
    Fate.REINTRODUCED: "brought back in context",
    Fate.DROPPED: "dropped",
}


def corpus(subject: Subject) -> Section:
    """Documents by fate, why they were dropped, and which clauses they came near."""
    documents = subject.data.documents
    if not documents:
        return Section("corpus", "The corpus")
    parts = [_fates(documents), _reasons(documents)]
    if any(document.harm for document in documents):
        parts.append(_harms(documents))
    trained = sum(_words(one) for one in documents if one.fate in (Fate.KEPT, Fate.REINTRODUCED))
    brought_back = sum(_words(one) for one in documents if one.fate is Fate.REINTRODUCED)
    lead = (
        f"{brought_back} of the {trained} words for training were brought back inside educational context; "
        f"the launch allows a share of {100 * subject.launch.pretraining.curation.reintroduced_share:g} %.",
    )
    return Section("corpus", "The corpus", lead, parts=tuple(parts))


def exercises(subject: Subject) -> Section:
    """Exercises by kind and language."""
    made = subject.data.exercises
    if not made:
        return Section("exercises", "Learning exercises")
    languages = tuple(dict.fromkeys(one.language for one in made))
    counted = Counter((one.kind, one.language) for one in made)
    kinds = tuple(dict.fromkeys(one.kind for one in made))
    rows = (
        (
            kind,
            *(count(counted[kind, language]) for language in languages),
            count(len({one.clause for one in made if one.kind == kind})),
        )
        for kind in kinds
    )
    lead = (f"{len(made)} exercises on {len({one.clause for one in made})} clauses.",)
    parts = (table("Exercises by kind and language", ("Kind", *languages, "Clauses"), rows),)
    return Section("exercises", "Learning exercises", lead, parts=parts)


def _words(document: Document) -> int:
    return len(document.text.split())


def _fates(documents: Sequence[Document]) -> Table:
    languages = tuple(sorted({one.language for one in documents}))
    rows = []
    for fate, name in _FATES.items():
        of_fate = [one for one in documents if one.fate is fate]
        by_language = Counter(one.language for one in of_fate)
        rows.append(
            (
                Cell(name),
                count(len(of_fate)),
                percent(len(of_fate) / len(documents)),
                count(sum(map(_words, of_fate))),
                *(count(by_language[language]) for language in languages),
            )
        )
    return table("What became of the documents", ("Fate", "Documents", "Share", "Words", *languages), rows)


def _reasons(documents: Sequence[Document]) -> Table:
    counted = Counter((one.fate, one.reason or "no reason given") for one in documents if one.fate is not Fate.KEPT)
    common = counted.most_common(_MOST_REASONS)
    rows = [(reason, _FATES[fate], count(number)) for (fate, reason), number in common]
    rest = counted.total() - sum(number for _, number in common)
    if rest:
        rows.append((f"{len(counted) - len(common)} other reasons", "", count(rest)))
    return table("Why documents were not simply kept", ("Reason", "Fate", "Documents"), rows)


def _harms(documents: Sequence[Document]) -> Table:
    counted = Counter((one.harm, one.fate) for one in documents if one.harm)
    clauses = sorted({one.harm for one in documents if one.harm})
    rows = ((Cell(clause), *(count(counted[clause, fate]) for fate in _FATES)) for clause in clauses)
    return table(
        "Documents that resemble the violating examples of a clause", ("Clause", *map(plain, _FATES.values())), rows
    )
