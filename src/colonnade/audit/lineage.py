"""From anything that was made back to the prose it was made from."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from colonnade.audit.page import short_digest
from colonnade.audit.recognition import json_rows, recognise
from colonnade.records import Digest, Facet, InputError, PolicySet, Run, Use
from colonnade.store import Store

_INDENT = "  "
_LONGEST_SUMMARY = 90
_SHORTEST_PREFIX = 4
_SUMMARY_FIELDS = (
    "id",
    "metric",
    "group",
    "kind",
    "clause",
    "prompt",
    "finding",
    "outcome",
    "text",
    "question",
    "title",
    "name",
)


class TraceLine(NamedTuple):
    """One line of the tree.

    Attributes:
        depth: 0 for what was asked about; a line belongs under the last one of less depth.
        digest: of what the line is about; none for a clause.
        text: the line, without its indentation.
    """

    depth: int
    kind: Literal["record", "artefact", "step", "clause", "file"]
    digest: Digest | None
    text: str


class _Reader(NamedTuple):
    """Everything that the walk needs.

    Attributes:
        runs: all runs in the order of the ledger.
        makers: for every artefact, the places in ``runs`` of those that made it, and its name there.
        only: the clauses that the walk shows; none for all of them.
        seen: the runs that the tree shows already.
    """

    store: Store
    policy: PolicySet | None
    reworded: Mapping[tuple[str, Facet, Digest], str]
    runs: tuple[Run, ...]
    makers: Mapping[Digest, list[tuple[int, str]]]
    only: frozenset[str] | None
    seen: set[Digest]


def trace(
    store: Store,
    wanted: Digest,
    policy: PolicySet | None = None,
    reworded: Mapping[tuple[str, Facet, Digest], str] = MappingProxyType({}),
) -> tuple[TraceLine, ...]:
    """The tree from an artefact, a run or a record back to clauses and files.

    A record that names its own clauses shows these alone, all the way down; anything else shows
    every clause that the steps behind it read. Each step is shown in full once.

    Args:
        store: where it was made.
        wanted: a digest, or enough of its beginning to tell it from others, with or without
            ``sha256:``.
        policy: today's clauses; with them the tree says where each one stands and whether the
            facets that were read are still the same.
        reworded: for a facet of a clause as it was read, who signed that today's wording means
            the same.

    Raises:
        InputError: where nothing starts like this, or several things do.
    """
    digest = resolve(store, wanted)
    runs = store.catalogue.runs()
    makers: defaultdict[Digest, list[tuple[int, str]]] = defaultdict(list)
    for place, run in enumerate(runs):
        for name, artefact in run.outputs:
            makers[artefact].append((place, name))
    reader = _Reader(store, policy, reworded, runs, makers, None, set())
    asked = next((place for place, run in enumerate(runs) if run.digest == digest), None)
    if asked is not None:
        return tuple(_step_lines(reader, asked, 0))
    holders = store.catalogue.holders(digest)
    if holders:
        return tuple(_record_lines(reader, digest, holders))
    return tuple(_artefact_lines(reader, digest, "", len(runs), 0))


def format_trace(lines: Iterable[TraceLine]) -> str:
    """The tree as plain text, two blanks per level."""
    return "\n".join(_INDENT * line.depth + line.text for line in lines)


def resolve(store: Store, wanted: str) -> Digest:
    """The one digest that starts like this.

    Raises:
        InputError: with the candidates, where there is not exactly one.
    """
    prefix = wanted.strip().lower()
    value = prefix.removeprefix("sha256:")
    if len(value) < _SHORTEST_PREFIX:
        raise InputError(
            f"'{wanted}' is too short for a digest.", mend=f"Give at least {_SHORTEST_PREFIX} of its digits."
        )
    found = store.catalogue.resolve(f"sha256:{value}")
    if len(found) == 1:
        return found[0]
    if not found:
        raise InputError(
            f"nothing that was stored starts with '{wanted}'.", mend="Take a digest from the report or the ledger."
        )
    candidates = "; ".join(f"{digest} ({_nature(store, digest)})" for digest in found)
    raise InputError(f"'{wanted}' could be any of {len(found)}: {candidates}.", mend="Give more of its digits.")


def _nature(store: Store, digest: Digest) -> str:
    """What a candidate is, in a few words."""
    made = store.catalogue.maker(digest)
    if made:
        return f"artefact '{made.name}' of step '{made.run.step}'"
    holders = store.catalogue.holders(digest)
    if holders:
        maker = store.catalogue.maker(holders[0][0])
        return f"record {holders[0][1] + 1} of '{maker.name}' of step '{maker.run.step}'" if maker else "record"
    run = next((run for run in store.catalogue.runs() if run.digest == digest), None)
    return f"run of step '{run.step}'" if run else "artefact"


# --- the lines -------------------------------------------------------------------------------


def _record_lines(reader: _Reader, digest: Digest, holders: Iterable[tuple[Digest, int]]) -> Iterator[TraceLine]:
    holders = tuple(holders)
    artefact, place = holders[0]
    row = json_rows(reader.store.objects.get(artefact))[place]
    record = recognise(row)
    kind = type(record).__name__ if record else "record"
    yield TraceLine(0, "record", digest, f"{kind} {digest}: {_summary(row)}")
    uses, clauses = _own(row)
    yield from _clause_lines(reader, uses, 1)
    with_uses = {use.clause for use in uses}
    yield from _clause_lines(reader, (), 1, without_facets=clauses - with_uses)
    reader = reader._replace(only=clauses or None)
    for artefact, place in dict(reversed(holders)).items():
        yield from _artefact_lines(reader, artefact, f"line {place + 1} of ", len(reader.runs), 1, shown=with_uses)


def _artefact_lines(
    reader: _Reader, digest: Digest, where: str, before: int, depth: int, shown: Iterable[str] = ()
) -> Iterator[TraceLine]:
    """The artefact, and the newest run that made it before the one that read it."""
    made = [(place, name) for place, name in reader.makers.get(digest, ()) if place < before]
    if not made:
        yield TraceLine(depth, "artefact", digest, f"{where}artefact {_shown(digest, depth)}, which no run made")
        return
    place, name = made[-1]
    yield TraceLine(depth, "artefact", digest, f"{where}artefact '{name}' {_shown(digest, depth)}")
    yield from _step_lines(reader, place, depth + 1, shown=frozenset(shown))


def _step_lines(reader: _Reader, place: int, depth: int, shown: frozenset[str] = frozenset()) -> Iterator[TraceLine]:
    run = reader.runs[place]
    digest = run.digest
    if digest in reader.seen:
        yield TraceLine(depth, "step", digest, f"made by step '{run.step}', run {_shown(digest, depth)} (shown above)")
        return
    reader.seen.add(digest)
    yield TraceLine(
        depth,
        "step",
        digest,
        f"made by step '{run.step}', run {_shown(digest, depth)}, {run.ended.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
    uses = tuple(
        use for use in run.uses if use.clause not in shown and (reader.only is None or use.clause in reader.only)
    )
    yield from _clause_lines(reader, uses, depth + 1)
    for name, file in run.files:
        yield TraceLine(depth + 1, "file", file, f"file {name} {_shown(file, depth + 1)}")
    for name, artefact in run.inputs:
        yield from _artefact_lines(reader, artefact, f"input '{name}': ", place, depth + 1)


def _clause_lines(
    reader: _Reader, uses: Iterable[Use], depth: int, without_facets: Iterable[str] = ()
) -> Iterator[TraceLine]:
    by_clause: dict[str, list[Use]] = {identifier: [] for identifier in sorted(without_facets)}
    for use in uses:
        by_clause.setdefault(use.clause, []).append(use)
    for identifier, read in sorted(by_clause.items()):
        facets = "; ".join(_facet(reader, use) for use in sorted(read, key=lambda use: list(Facet).index(use.facet)))
        text = f"clause {identifier}{_where(reader.policy, identifier)}"
        yield TraceLine(depth, "clause", None, f"{text}, read: {facets}" if facets else text)


def _where(policy: PolicySet | None, identifier: str) -> str:
    if policy is None:
        return ""
    clause = policy.clause(identifier)
    if clause is None:
        return " (no longer in the policies)"
    return f" ({clause.file}, line {clause.line})" if clause.file else ""


def _facet(reader: _Reader, use: Use) -> str:
    clause = reader.policy.clause(use.clause) if reader.policy else None
    if clause is None:
        return use.facet.value
    if clause.facet(use.facet) == use.facet_digest:
        return f"{use.facet} (same today)"
    signed = reader.reworded.get((use.clause, use.facet, use.facet_digest))
    return f"{use.facet} ({signed})" if signed else f"{use.facet} (changed since)"


def _own(row: Mapping[str, Any]) -> tuple[tuple[Use, ...], frozenset[str]]:
    """The facets that a record says it read, and every clause that it names."""
    try:
        uses = tuple(Use.model_validate(use) for use in row.get("uses", ()))
    except (ValidationError, TypeError):
        uses = ()
    clause = row.get("clause")
    return uses, frozenset((*(use.clause for use in uses), *((clause,) if isinstance(clause, str) else ())))


def _shown(digest: Digest, depth: int) -> str:
    """Whole in the first line of the tree, below it short enough to read."""
    return digest if depth == 0 else short_digest(digest)


def _summary(row: Mapping[str, object]) -> str:
    """The telling fields of a record on one line."""
    told = [f"{name} {row[name]}" for name in _SUMMARY_FIELDS if isinstance(row.get(name), str) and row[name]]
    text = " ".join(", ".join(told).split()) or json.dumps(row, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SUMMARY else text[: _LONGEST_SUMMARY - 1] + "…"
