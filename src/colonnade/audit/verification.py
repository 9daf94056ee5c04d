"""Everything that a workspace claims, derived again from its bytes.

The checker shares the records, the heap and nothing else with what it checks: it reads the ledger
line by line with its own code, because a store refuses to open at the first broken line and the
checker has to look at the rest as well. It writes nothing.

What it cannot see: a ledger whose last lines were cut off together with the catalogue and their run
objects, or whose last line was rewritten, still forms a chain. Whoever wrote down ``Verification.head`` beforehand
sees that too, because the head is then another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError

from colonnade.audit.agreement import the_catalogue_agrees_with_the_ledger
from colonnade.audit.archive import Archive
from colonnade.audit.evidence import Examined, PlacedEntry, PlacedRun
from colonnade.audit.heap import blob_of, runs_that_nothing_names, size_of
from colonnade.audit.ledger_lines import read_ledger
from colonnade.audit.recognition import json_rows, records_of
from colonnade.audit.recounting import recount_everything
from colonnade.audit.recounts.reviews import Signed
from colonnade.audit.written import NOTHING_WRITTEN, Written
from colonnade.records import (
    Digest,
    Entry,
    InputError,
    Run,
    SignedStatement,
    canonical_json,
    digest_bytes,
    digest_of,
)
from colonnade.store import GENESIS, Objects
from colonnade.store.statements import STATED, verifies
from colonnade.store.store import FOLDER_MARK, HOME


class Verification(NamedTuple):
    """What was looked at, and what was wrong with it.

    Attributes:
        entries: whole lines of the ledger.
        runs: runs whose object could be read and has the digest that the ledger names.
        artefacts: different blobs hashed, the files of folder artefacts among them.
        bytes: how many bytes were hashed for them.
        recomputed: records whose numbers or decision were derived again; ``counted`` has them by kind.
        not_recomputed: records that could not be derived again, although their kind can be.
        why_not: these by kind and reason, a sentence each.
        kept: by kind, how many records there are of kinds that nothing is derived again of.
        head: the digest of the last line; write it down elsewhere to notice a rewritten end.
        problems: one sentence each, naming the ledger line, artefact or step.
    """

    entries: int
    runs: int
    artefacts: int
    bytes: int
    recomputed: int
    not_recomputed: int
    head: Digest
    problems: tuple[str, ...]
    counted: Mapping[str, int] = MappingProxyType({})
    why_not: tuple[str, ...] = ()
    kept: Mapping[str, int] = MappingProxyType({})

    @property
    def sound(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problems


def verify(workspace: Path, written: Written = NOTHING_WRITTEN) -> Verification:
    """Hash and compare everything under ``WORKSPACE/.colonnade``, to the end, and derive again what follows.

    Args:
        workspace: the folder with the store.
        written: what people wrote there; what rests on it is derived again only where a run read just that.

    Raises:
        InputError: where nothing was ever stored in this folder.
    """
    home = workspace / HOME
    if not home.is_dir():
        raise InputError(
            "nothing was ever stored here.", file=workspace, mend="Name the folder that 'colonnade run' worked in."
        )
    objects = Objects(str(home.absolute() / "objects"))
    ledger = home / "ledger.jsonl"
    lines, torn, fault = read_ledger(ledger)
    entries = tuple(_placed_entries(lines))
    runs = tuple(_placed_runs(entries, objects))
    examined = _examine_all(runs, objects)
    recounting = recount_everything(runs, Archive(objects), tuple(_signed(entries, objects)), written)
    problems = (
        *the_ledger_is_there(home),
        *((fault,) if fault else ()),
        *each_line_is_an_entry_in_canonical_form(lines),
        *each_line_follows_from_the_line_before(lines),
        *the_last_line_has_its_end(torn, len(lines) + 1),
        *each_run_object_has_the_digest_that_the_ledger_names(entries, objects),
        *each_run_object_is_a_run_in_canonical_form(entries, objects),
        *each_artefact_has_the_bytes_that_were_stored(runs, examined),
        *each_input_is_the_output_of_an_earlier_run(runs),
        *each_statement_is_whole_and_signed(entries, objects),
        *each_other_entry_names_bytes_that_are_there(entries, objects),
        *each_run_of_the_heap_is_named(entries, home / "objects"),
        *recounting.problems,
        *the_catalogue_agrees_with_the_ledger(home / "catalogue.sqlite", entries, runs, examined),
    )
    blobs = _blobs(examined)
    head = digest_bytes(lines[-1]) if lines else GENESIS
    return Verification(
        entries=len(lines),
        runs=len(runs),
        artefacts=len(blobs),
        bytes=sum(blobs.values()),
        recomputed=sum(recounting.counted.values()),
        not_recomputed=sum(recounting.left.values()),
        head=head,
        problems=problems,
        counted=dict(sorted(recounting.counted.items())),
        why_not=tuple(f"{count} {kind}: {why}" for (kind, why), count in sorted(recounting.left.items())),
        kept=dict(sorted(recounting.kept.items())),
    )


# --- the ledger ------------------------------------------------------------------------------


def the_ledger_is_there(home: Path) -> Iterator[str]:
    """A heap with blobs in it has a ledger beside it."""
    heap = home / "objects"
    if not (home / "ledger.jsonl").exists() and heap.is_dir() and any(heap.rglob("*")):
        yield "the ledger is missing, although artefacts are stored."


def each_line_is_an_entry_in_canonical_form(lines: Iterable[bytes]) -> Iterator[str]:
    """Every line is an entry, written in the one way there is, and numbered as it stands."""
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is None:
            yield f"ledger line {number}: this is not an entry."
        elif canonical_json(entry.model_dump(mode="json")) != line:
            yield f"ledger line {number}: this entry is not in canonical form."
        elif entry.sequence != number - 1:
            yield f"ledger line {number}: the entry has sequence {entry.sequence} instead of {number - 1}."


def each_line_follows_from_the_line_before(lines: Iterable[bytes]) -> Iterator[str]:
    """Every entry names the digest of the line before it; the first names 64 zeros."""
    previous = GENESIS
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is not None and entry.previous != previous:
            yield (
                f"ledger line {number}: the entry does not follow from the line before it; "
                "that line was changed, or lines between the two are missing."
            )
        previous = digest_bytes(line)


def the_last_line_has_its_end(torn: bytes, number: int) -> Iterator[str]:
    """The file ends with a line end; anything after the last one was never finished."""
    if torn:
        yield (
            f"ledger line {number}: this line has no end; it is the trace of a write that was "
            "interrupted, and the next run sets it aside."
        )


def _entry(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _placed_entries(lines: Iterable[bytes]) -> Iterator[PlacedEntry]:
    for number, line in enumerate(lines, start=1):
        entry = _entry(line)
        if entry is not None:
            yield PlacedEntry(number, entry)


# --- the runs --------------------------------------------------------------------------------


def each_run_object_has_the_digest_that_the_ledger_names(
    entries: Iterable[PlacedEntry], objects: Objects
) -> Iterator[str]:
    """The heap holds, for every run in the ledger, bytes with exactly that digest."""
    for line, entry in entries:
        if entry.act == "run":
            found = blob_of(objects, entry.subject)
            if isinstance(found, str):
                yield f"ledger line {line}: the run object {entry.subject} {found}."


def each_run_object_is_a_run_in_canonical_form(entries: Iterable[PlacedEntry], objects: Objects) -> Iterator[str]:
    """The bytes are a run, and the digest derived from its content is the one in the ledger."""
    for line, entry in entries:
        if entry.act != "run":
            continue
        content = blob_of(objects, entry.subject)
        if isinstance(content, str):
            continue
        run = _run(content)
        if run is None:
            yield f"ledger line {line}: the object {entry.subject} is not a run."
        elif run.digest != entry.subject:
            yield f"ledger line {line}: the run of step '{run.step}' has the digest {run.digest}, not {entry.subject}."


def each_run_of_the_heap_is_named(entries: Iterable[PlacedEntry], heap: Path) -> Iterator[str]:
    """A run is stored, then entered: where the ledger was cut short, its run objects are still there."""
    for digest, step in runs_that_nothing_names(heap, {entry.subject for _, entry in entries}):
        yield (
            f"the heap holds the run {digest} of step '{step}', which the ledger does not name: "
            "its end was cut off, or a write was interrupted."
        )


def each_input_is_the_output_of_an_earlier_run(runs: Iterable[PlacedRun]) -> Iterator[str]:
    """Nothing was read that no earlier run of the ledger had made."""
    made: set[Digest] = set()
    for line, _, run in runs:
        for name, artefact in run.inputs:
            if artefact not in made:
                yield (
                    f"ledger line {line}: the input '{name}' of step '{run.step}', {artefact}, "
                    "is not the output of any earlier run that can be read."
                )
        made.update(artefact for _, artefact in run.outputs)


def _run(content: bytes) -> Run | None:
    try:
        return Run.model_validate_json(content)
    except ValidationError:
        return None


def _placed_runs(entries: Iterable[PlacedEntry], objects: Objects) -> Iterator[PlacedRun]:
    for line, entry in entries:
        content = blob_of(objects, entry.subject) if entry.act == "run" else "is no run"
        run = None if isinstance(content, str) else _run(content)
        if run is not None and run.digest == entry.subject:
            yield PlacedRun(line, entry, run)


# --- what people signed ----------------------------------------------------------------------


def each_statement_is_whole_and_signed(entries: Iterable[PlacedEntry], objects: Objects) -> Iterator[str]:
    """Every statement in the ledger has its bytes, and a signature that verifies under its own key."""
    for line, entry in entries:
        if entry.act != STATED:
            continue
        content = blob_of(objects, entry.subject)
        if isinstance(content, str):
            yield f"ledger line {line}: the statement {entry.subject} {content}."
            continue
        signed = records_of(SignedStatement, content)
        if len(signed) != 1:
            yield f"ledger line {line}: the object {entry.subject} is not one signed statement."
        elif signed[0].statement.person != entry.actor:
            yield f"ledger line {line}: the statement of {signed[0].statement.person} is entered for {entry.actor}."
        elif not verifies(signed[0]):
            said = signed[0].statement
            what = f"the {said.act} of '{said.subject}' by {said.person}"
            yield f"ledger line {line}: the signature of {what} does not verify."


def each_other_entry_names_bytes_that_are_there(entries: Iterable[PlacedEntry], objects: Objects) -> Iterator[str]:
    """What is neither a run nor a statement, such as a grant that was asked for, has its bytes."""
    for line, entry in entries:
        found = size_of(objects, entry.subject) if entry.act not in ("run", STATED) else 0
        if isinstance(found, str):
            yield f"ledger line {line}: what it names for '{entry.act}', {entry.subject}, {found}."


def _signed(entries: Iterable[PlacedEntry], objects: Objects) -> Iterator[Signed]:
    for line, entry in entries:
        content = blob_of(objects, entry.subject) if entry.act == STATED else ""
        if isinstance(content, bytes):
            yield from (Signed(line, row) for row in records_of(SignedStatement, content))


# --- the artefacts ---------------------------------------------------------------------------


def each_artefact_has_the_bytes_that_were_stored(
    runs: Iterable[PlacedRun], examined: Mapping[Digest, Examined]
) -> Iterator[str]:
    """Every input and output of a run, and every file of a folder among them, hashes to its name."""
    told: set[Digest] = set()
    for _, _, run in runs:
        for direction, pairs in (("input", run.inputs), ("output", run.outputs)):
            for name, artefact in pairs:
                if artefact not in told:
                    told.add(artefact)
                    where = f"{direction} '{name}' of step '{run.step}'"
                    yield from (f"{where}: {problem}" for problem in examined[artefact].problems)


def _examine_all(runs: Iterable[PlacedRun], objects: Objects) -> dict[Digest, Examined]:
    digests = dict.fromkeys(artefact for _, _, run in runs for _, artefact in (*run.inputs, *run.outputs))
    return {digest: _examine(objects, digest) for digest in digests}


def _examine(objects: Objects, digest: Digest) -> Examined:
    content = blob_of(objects, digest)
    if isinstance(content, str):
        return Examined((f"artefact {digest} {content}.",), {}, None)
    blobs: dict[Digest, int] = {digest: len(content)}
    if not content.startswith(b'{"' + FOLDER_MARK.encode()):
        return Examined((), blobs, tuple(digest_of(row) for row in json_rows(content)))
    files = _folder_files(content)
    if files is None:
        return Examined((f"folder artefact {digest} is not a list of files.",), blobs, ())
    problems: list[str] = []
    for name, member in files.items():
        found = size_of(objects, member)
        if isinstance(found, str):
            problems.append(f"file '{name}', {member}, of folder artefact {digest} {found}.")
        else:
            blobs[member] = found
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            problems.append(f"file '{name}' of folder artefact {digest} would lie outside the folder.")
    return Examined(tuple(problems), blobs, ())


def _folder_files(content: bytes) -> dict[str, Digest] | None:
    try:
        files: Any = json.loads(content)[FOLDER_MARK]
    except (ValueError, KeyError):
        return None
    return {str(name): str(member) for name, member in files.items()} if isinstance(files, dict) else None


def _blobs(examined: Mapping[Digest, Examined]) -> dict[Digest, int]:
    return {blob: size for one in examined.values() for blob, size in one.blobs.items()}
