"""Whether the catalogue, which is only an index, says what the ledger and the heap say."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from colonnade.audit.evidence import Examined, PlacedEntry, PlacedRun
from colonnade.records import Digest, Run


class _Row(NamedTuple):
    """One row of the catalogue's table of runs."""

    position: int
    step: str
    key: str
    record: str


class _Index(NamedTuple):
    """The whole catalogue."""

    runs: Mapping[Digest, _Row]
    links: Mapping[Digest, set[tuple[str, ...]]]
    uses: Mapping[Digest, set[tuple[str, ...]]]
    members: Mapping[Digest, tuple[Digest, ...]]


def the_catalogue_agrees_with_the_ledger(
    file: Path, entries: Iterable[PlacedEntry], runs: Iterable[PlacedRun], examined: Mapping[Digest, Examined]
) -> Iterator[str]:
    """The catalogue holds every run of the ledger, no other, and each as its object says."""
    entries, runs = tuple(entries), tuple(runs)
    mend = "Delete the file: it is filled again from the ledger."
    if not file.exists():
        if runs:
            yield f"the catalogue {file.name} is missing. It is filled again from the ledger."
        return
    try:
        index = _read_index(file)
    except sqlite3.Error as fault:
        yield f"the catalogue {file.name} cannot be read: {fault}. {mend}"
        return
    yield from the_catalogue_lists_no_run_that_the_ledger_lacks(index, entries)
    first: dict[Digest, PlacedRun] = {}
    for placed in runs:
        first.setdefault(placed.entry.subject, placed)
    for digest, placed in first.items():
        if digest not in index.runs:
            yield f"ledger line {placed.line}: the catalogue lacks the run {digest} of step '{placed.run.step}'."
            continue
        yield from the_row_of_a_run_says_what_its_object_says(index, placed)
        yield from the_links_and_uses_of_a_run_are_those_of_its_object(index, placed)
        yield from the_listed_members_are_those_of_the_artefact(index, placed.run, examined)


def the_catalogue_lists_no_run_that_the_ledger_lacks(index: _Index, entries: Iterable[PlacedEntry]) -> Iterator[str]:
    """Every run of the catalogue stands in the ledger."""
    named = {entry.subject for _, entry in entries if entry.act == "run"}
    for digest, row in index.runs.items():
        if digest not in named:
            yield f"the catalogue lists the run {digest} of step '{row.step}', which the ledger does not name."


def the_row_of_a_run_says_what_its_object_says(index: _Index, placed: PlacedRun) -> Iterator[str]:
    """Record, step, key and position of the row are those of the run object and its entry."""
    row, run, digest = index.runs[placed.entry.subject], placed.run, placed.entry.subject
    where = f"ledger line {placed.line}: the catalogue's row for the run {digest} of step '{run.step}'"
    if _digest_of_run(row.record) != digest:
        yield f"{where} holds another record than the run object."
    for name, listed, true in (
        ("step", row.step, run.step),
        ("key", row.key, run.key),
        ("position", row.position, placed.entry.sequence),
    ):
        if listed != true:
            yield f"{where} has the {name} '{listed}' instead of '{true}'."


def the_links_and_uses_of_a_run_are_those_of_its_object(index: _Index, placed: PlacedRun) -> Iterator[str]:
    """The index knows exactly the inputs, outputs and facets that the run object names."""
    run, digest = placed.run, placed.entry.subject
    links = {("in", *pair) for pair in run.inputs} | {("out", *pair) for pair in run.outputs}
    uses = {(use.clause, use.facet.value, use.facet_digest) for use in run.uses}
    for what, listed, true in (("link", index.links[digest], links), ("use", index.uses[digest], uses)):
        where = f"ledger line {placed.line}: the catalogue's {what}s for the run {digest} of step '{run.step}'"
        yield from (f"{where} lack {' '.join(missing)}." for missing in sorted(true - listed))
        yield from (f"{where} hold {' '.join(extra)}, which the run object lacks." for extra in sorted(listed - true))


def the_listed_members_are_those_of_the_artefact(
    index: _Index, run: Run, examined: Mapping[Digest, Examined]
) -> Iterator[str]:
    """The index lists the records of an artefact as they stand in its bytes, in order."""
    for name, artefact in run.outputs:
        true = examined[artefact].members
        if true is not None and index.members.get(artefact, ()) != true:
            yield (
                f"the catalogue lists other records for artefact {artefact}, output '{name}' of step '{run.step}', "
                "than the artefact holds."
            )


def _digest_of_run(record: str) -> Digest | None:
    try:
        return Run.model_validate_json(record).digest
    except ValidationError:
        return None


def _read_index(file: Path) -> _Index:
    """Read a copy: even a reader of the original would leave files of its own beside it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        for suffix in ("", "-wal"):
            source = file.with_name(file.name + suffix)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            runs = {
                row[0]: _Row(*row[1:])
                for row in connection.execute("SELECT digest, position, step, key, record FROM run")
            }
            links: defaultdict[Digest, set[tuple[str, ...]]] = defaultdict(set)
            for run, *link in connection.execute("SELECT run, direction, name, artefact FROM link"):
                links[run].add(tuple(link))
            uses: defaultdict[Digest, set[tuple[str, ...]]] = defaultdict(set)
            for run, *use in connection.execute('SELECT run, clause, facet, facet_digest FROM "use"'):
                uses[run].add(tuple(use))
            members: defaultdict[Digest, list[Digest]] = defaultdict(list)
            for artefact, member in connection.execute(
                "SELECT artefact, digest FROM member ORDER BY artefact, position"
            ):
                members[artefact].append(member)
    return _Index(runs, links, uses, {artefact: tuple(found) for artefact, found in members.items()})
