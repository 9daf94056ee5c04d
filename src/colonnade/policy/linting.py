"""Static analysis: everything that is missing from, or wrong in, the policies of a workspace, in one go.

Unlike reading, which stops at the first fault, this reads on: a clause whose block lacks a key is
still asked for its examples. A finding is a sentence with file, line and how to mend it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from colonnade.policy.contradictions import Domain, domain_of, find_contradictions, reach
from colonnade.policy.document import Draft, Fault, survey_policy
from colonnade.policy.example_checks import check_examples, check_measured
from colonnade.policy.findings import RULES, Finding, Importance, found
from colonnade.policy.history import history_of_ids
from colonnade.policy.questions import asks_twice, is_closed_question
from colonnade.policy.taxonomies import read_taxonomies
from colonnade.policy.unread_files import RETIRED_FILE, find_unread_files, passed_over_policies
from colonnade.records import InputError, Status
from colonnade.records.reading import parse_yaml, read_rows, read_text

_GONE = (Status.SUSPENDED, Status.RETIRED)
_NORM = re.compile(
    r"\b(must|should|shall|may|can|cannot|never|muss|müssen|darf|dürfen|soll|sollen|sollte|sollten|kann|können)\b", re.I
)


class Everything(NamedTuple):
    """What a workspace holds, as far as it can be read.

    Attributes:
        names: what ``guard.yaml`` calls tiers and purposes; empty where there is none.
        taxonomies: ids of risks by taxonomy.
        prompts: how many violating and benign prompts the gate has for a clause; nothing where
            they cannot be read.
    """

    drafts: tuple[Draft, ...]
    retired: Mapping[str, int]
    names: Mapping[str, tuple[str, ...]]
    taxonomies: Mapping[str, frozenset[str]]
    prompts: Mapping[tuple[str, str], int] | None

    @property
    def alive(self) -> tuple[Draft, ...]:
        """Clauses that bind, or are meant to."""
        return tuple(draft for draft in self.drafts if draft.clause.admin.status not in _GONE)


def lint(workspace: Path, today: date) -> tuple[Finding, ...]:
    """Every finding of every rule, ordered by file and line.

    Args:
        workspace: a folder with ``policies/``; nothing else need be there.
        today: exceptions that ended before this day are dead.

    Raises:
        InputError: where there is no such folder, or no policy file in it at all.
    """
    everything, findings = _read(workspace)
    folder = workspace / "policies"
    for draft in everything.alive:
        findings += _about_exceptions(draft, everything.names, today)
        findings += check_examples(draft)
        findings += _about_rubric(draft)
        findings += _about_maps(draft, everything.taxonomies)
        findings += check_measured(draft, everything.prompts)
        if draft.clause.text and not _NORM.search(draft.clause.text):
            sentence = f"the prose of clause {draft.clause.id} has no 'must', 'should' or 'may'."
            findings.append(_at(draft, "no-norm", sentence, "Say what the model must, should or may do."))
    findings += _about_ids(everything.drafts, everything.retired, folder / RETIRED_FILE)
    findings += _about_history(everything.drafts, workspace)
    findings += _about_overrides(everything.drafts)
    findings += _about_policies(everything.alive)
    findings += _unchecked_maps(everything)
    findings += find_contradictions(everything.drafts, today)
    return tuple(sorted(set(findings), key=lambda row: (row.file, row.line, list(RULES).index(row.rule), row.sentence)))


def counts(findings: Sequence[Finding]) -> dict[Importance, int]:
    """How many findings there are of each importance."""
    counted = Counter(finding.importance for finding in findings)
    return {importance: counted[importance] for importance in Importance}


# --- reading ---------------------------------------------------------------------------------------


def _read(workspace: Path) -> tuple[Everything, list[Finding]]:
    if workspace.is_file():
        raise InputError("this is a file, not a folder.", file=workspace, mend="Name the folder that holds policies/.")
    if not workspace.is_dir():
        mend = "Name a workspace, or make one with 'colonnade init DIR'."
        raise InputError("there is no such folder.", file=workspace, mend=mend)
    folder = workspace / "policies"
    files = sorted(folder.glob("**/*.md"))
    if not files:
        mend = "Write one, or start from 'colonnade init DIR'."
        if passed_over := passed_over_policies(workspace):
            mend = f"Rename '{passed_over[0].name}' to '{passed_over[0].stem}.md'."
        raise InputError("there is no policy file (*.md) here.", file=folder, mend=mend)
    findings = list(find_unread_files(workspace))
    drafts: list[Draft] = []
    for file in files:
        survey = survey_policy(file)
        drafts += survey.drafts
        findings += (_of_fault(fault, file) for fault in survey.faults)
    retired: dict[str, int] = {}
    names: dict[str, tuple[str, ...]] = {}
    taxonomies: dict[str, frozenset[str]] = {}
    prompts: Counter[tuple[str, str]] | None = None
    try:
        retired = _read_retired(folder / RETIRED_FILE)
    except InputError as error:
        findings.append(_of_fault(Fault("unreadable", error), folder / RETIRED_FILE))
    try:
        names = _read_names(workspace / "guard.yaml")
    except InputError as error:
        findings.append(_of_fault(Fault("unreadable", error), workspace / "guard.yaml"))
    try:
        taxonomies = {row.id: frozenset(risk.id for risk in row.risks if risk.id) for row in read_taxonomies(workspace)}
    except InputError as error:
        findings.append(_of_fault(Fault("unreadable", error), workspace / "taxonomies"))
    try:
        prompts = _read_prompts(workspace / "prompts")
    except InputError as error:
        findings.append(_of_fault(Fault("unreadable", error), workspace / "prompts" / "gate.jsonl"))
    return Everything(tuple(drafts), retired, names, taxonomies, prompts), findings


def _of_fault(fault: Fault, file: Path) -> Finding:
    error = fault.error
    return found(fault.rule, error.what, str(error.file or file), error.line or 0, error.mend or "Correct it.")


def _read_retired(file: Path) -> dict[str, int]:
    """Each retired id with its line."""
    if not file.exists():
        return {}
    rows = {}
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        identifier = line.partition("#")[0].strip()
        if len(identifier.split()) > 1:
            mend = "Write one id a line, and a remark behind '#'."
            raise InputError(f"'{identifier}' is not one clause id.", file=file, line=number, mend=mend)
        if identifier:
            rows[identifier] = number
    return rows


def _read_names(file: Path) -> dict[str, tuple[str, ...]]:
    """Tiers and purposes of ``guard.yaml``; the guard's own reading says what else is wrong in it."""
    if not file.exists():
        return {}
    value = parse_yaml(read_text(file), file).value
    rows = {name: value.get(name) for name in ("tiers", "purposes")} if isinstance(value, dict) else {}
    return {name: tuple(map(str, row)) for name, row in rows.items() if isinstance(row, list)}


def _read_prompts(folder: Path) -> Counter[tuple[str, str]]:
    """Of the gate split, imported sets included; what has retired is not measured."""
    retired: dict[str, bool] = {}
    if (folder / "retired.jsonl").exists():
        rows = read_rows(folder / "retired.jsonl")
        retired = {str(row.get("prompt")): row.get("returned") is None for _, row in rows}
    return Counter(
        (str(row.get("clause")), side)
        for file in (folder / "gate.jsonl", *sorted((folder / "gate").glob("*.jsonl")))
        if file.exists()
        for _, row in read_rows(file)
        for side in ("violating", "benign")
        if row.get(side) is not None and not retired.get(f"{row.get('id')}/{side}", False)
    )


# --- one clause ------------------------------------------------------------------------------------


def _at(draft: Draft, rule: str, sentence: str, mend: str, *place: str | int) -> Finding:
    line = draft.line(*place) if place else draft.clause.line
    return found(rule, sentence, draft.clause.file, line, mend)


def _about_exceptions(draft: Draft, names: Mapping[str, tuple[str, ...]], today: date) -> Iterator[Finding]:
    clause = draft.clause
    if draft.unread & {"exceptions", "ceiling", "boundary"}:
        return
    domain = domain_of([clause])
    for index, exception in enumerate(clause.exceptions):
        place, name = ("exceptions", index), f"the exception '{exception.id}' of {clause.id}"
        for key, value in (("tiers", exception.when.tier), ("purposes", exception.when.purpose)):
            if value is not None and key in names and value not in names[key]:
                sentence = f"{name} is for the {key[:-1]} '{value}', which guard.yaml does not name."
                mend = f"Choose one of {', '.join(names[key])}, or add it to '{key}' in guard.yaml."
                yield _at(draft, "unreachable-exception", sentence, mend, *place)
        if exception.expires < today:
            sentence = f"{name} ended on {exception.expires}."
            yield _at(draft, "dead-exception", sentence, "Remove it, or decide anew and give it a later day.", *place)
        elif not reach(clause, exception, domain):
            ends = f"the ceiling is '{clause.ceiling}' for everybody" if clause.ceiling else "the clause has no ceiling"
            sentence = f"{name} opens nothing: it reaches '{exception.ceiling}', and {ends}."
            yield _at(draft, "dead-exception", sentence, "Remove it, or correct its ceiling.", *place)
        else:
            by = _shadow(draft, index, domain, today)
            if by:
                sentence = f"{name} changes nothing: '{by}' lets the same people as far, and as long."
                yield _at(draft, "shadowed-exception", sentence, "Remove one of the two.", *place)


def _shadow(draft: Draft, index: int, domain: Domain, today: date) -> str:
    """The exception that makes this one needless; of two that are alike the later one is needless."""
    clause = draft.clause
    exception = clause.exceptions[index]
    own = reach(clause, exception, domain)
    for place, other in enumerate(clause.exceptions):
        if place == index or other.expires < max(today, exception.expires):
            continue
        theirs = reach(clause, other, domain)
        alike = (theirs, other.expires) == (own, exception.expires)
        if own <= theirs and (not alike or place < index):
            return other.id
    return ""


def _about_rubric(draft: Draft) -> Iterator[Finding]:
    if "rubric" in draft.unread:
        return
    clause = draft.clause
    for index, criterion in enumerate(clause.rubric):
        place = ("rubric", index, "ask")
        if not is_closed_question(criterion.ask):
            sentence = f"nobody can answer this question of {clause.id} with yes or no: '{criterion.ask}'"
            mend = "Begin it with a verb and end it with a question mark, like 'Does the answer ...?'."
            yield _at(draft, "rubric-question", sentence, mend, *place)
        elif asks_twice(criterion.ask):
            sentence = f"this question of {clause.id} asks two things at once: '{criterion.ask}'"
            yield _at(draft, "double-question", sentence, "Make two questions of it.", *place)
    if not any(criterion.fails for criterion in clause.rubric):
        sentence = f"no rubric question of {clause.id} has 'fails: true', so no answer could ever violate it."
        mend = "Say of one question that a yes violates the clause: 'fails: true'."
        yield _at(draft, "nothing-fails", sentence, mend, "rubric")


def _about_maps(draft: Draft, taxonomies: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    for taxonomy, risks in draft.clause.maps:
        known = taxonomies.get(taxonomy)
        for risk in risks if known is not None else ():
            if known is not None and risk not in known:
                sentence = f"clause {draft.clause.id} maps to '{risk}', which the taxonomy '{taxonomy}' does not have."
                mend = f"Choose an id of taxonomies/{taxonomy}.yaml."
                yield _at(draft, "unknown-map", sentence, mend, "maps", taxonomy)


# --- several clauses -------------------------------------------------------------------------------


def _about_ids(drafts: Sequence[Draft], retired: Mapping[str, int], retired_file: Path) -> Iterator[Finding]:
    first: dict[str, Draft] = {}
    for draft in drafts:
        clause = draft.clause
        if clause.id in first:
            other = first[clause.id].clause
            sentence = f"the clause id '{clause.id}' is used twice; it stands in {other.file}, line {other.line}, too."
            yield _at(draft, "duplicate-id", sentence, "Give this clause an id of its own.")
        first.setdefault(clause.id, draft)
        if clause.id in retired and clause.admin.status is not Status.RETIRED:
            sentence = (
                f"the id '{clause.id}' belonged to a clause that was retired ({retired_file}, line"
                f" {retired[clause.id]}); what was recorded for that one would be taken for this one."
            )
            yield _at(draft, "reused-id", sentence, "Give this clause a new id.")
        if "id" not in draft.unread and not clause.id.startswith(f"{clause.admin.policy}."):
            sentence = f"the id '{clause.id}' does not begin with its policy's, '{clause.admin.policy}'."
            yield _at(draft, "foreign-id", sentence, f"Call a new clause '{clause.admin.policy}.name'; keep an old id.")


def _about_history(drafts: Sequence[Draft], workspace: Path) -> Iterator[Finding]:
    history = history_of_ids(workspace, {draft.clause.id: draft.clause.title for draft in drafts})
    for gap in history.gaps:
        sentence = f"whether an id was another clause's before is not checked in the whole history: {gap.what}"
        importance = None if gap.mendable else Importance.NOTE
        yield found("unchecked-history", sentence, str(workspace / "policies"), 0, gap.mend, importance)
    for draft in drafts:
        last = history.again.get(draft.clause.id)
        if last is not None:
            sentence = (
                f"the id '{draft.clause.id}' belonged to the clause '{last.title}' until commit {last.commit};"
                " what was recorded for that one would be taken for this one."
            )
            yield _at(draft, "reused-id", sentence, "Give this clause a new id.")


def _about_overrides(drafts: Sequence[Draft]) -> Iterator[Finding]:
    known = {draft.clause.id: draft for draft in drafts}
    for draft in drafts:
        for index, name in enumerate(draft.clause.overrides):
            if name not in known:
                sentence = f"clause {draft.clause.id} overrides '{name}', which no policy has."
                yield _at(draft, "unknown-override", sentence, "Correct the id, or remove it.", "overrides", index)
    graph = {name: sorted(set(draft.clause.overrides) & known.keys()) for name, draft in known.items()}
    for circle in _circles(graph):
        draft = known[circle[0]]
        shown = " over ".join((*circle, circle[0]))
        sentence = f"no clause goes first here: {shown}."
        yield _at(draft, "override-cycle", sentence, "Take one of them out of 'overrides'.", "overrides")


def _circles(graph: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """One circle through each clause that is the first, by id, of those on it."""
    for start in sorted(graph):
        previous: dict[str, str] = {}
        todo = [start]
        while todo:
            here = todo.pop()
            for name in graph[here]:
                if name == start:
                    circle = [here]
                    while circle[-1] != start:
                        circle.append(previous[circle[-1]])
                    yield tuple(reversed(circle))
                    todo = []
                    break
                # Circles through an earlier clause were found from there.
                if name > start and name not in previous:
                    previous[name] = here
                    todo.append(name)


def _about_policies(alive: Sequence[Draft]) -> Iterator[Finding]:
    for file in dict.fromkeys(draft.clause.file for draft in alive):
        draft = next(draft for draft in alive if draft.clause.file == file)
        admin = draft.clause.admin
        if admin.review_by is None and "review_by" not in draft.unread:
            sentence = f"policy '{admin.policy}' has no 'review_by', so nobody is reminded of it."
            yield found("no-review-date", sentence, file, 1, "Add 'review_by: 2027-06-30' to the front matter.")
        if not any(needed for _, needed in admin.quorum) and "quorum" not in draft.unread:
            sentence = f"policy '{admin.policy}' has owners and no 'quorum', so nobody has to approve it."
            yield found("no-quorum", sentence, file, 1, "Add 'quorum: {legal: 1, product: 1}' to the front matter.")


def _unchecked_maps(everything: Everything) -> Iterator[Finding]:
    """One note per taxonomy that nobody imported, at the first clause that names it."""
    first: dict[str, Draft] = {}
    for draft in everything.alive:
        for taxonomy, risks in draft.clause.maps:
            if risks and taxonomy not in everything.taxonomies:
                first.setdefault(taxonomy, draft)
    for taxonomy, draft in first.items():
        sentence = f"clauses map to the taxonomy '{taxonomy}', which is not imported; their ids cannot be checked."
        mend = "Import it with 'colonnade policy import-taxonomy'."
        yield _at(draft, "unchecked-map", sentence, mend, "maps", taxonomy)
