"""What changed between two policy sets, by clause and facet, in words that a lawyer reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple

from colonnade.records import Clause, Digest, Facet, PolicySet, Record

_CONTEXT = 4
"""Words shown on each side of a changed passage."""


class FacetChange(NamedTuple):
    """One facet of one clause that is not what it was.

    Attributes:
        before, after: the facet's digests; none where the clause did not exist or is gone.
        words: what changed, one sentence each.
    """

    clause: str
    facet: Facet
    before: Digest | None
    after: Digest | None
    words: tuple[str, ...]


class ClauseChange(NamedTuple):
    """Everything that changed in one clause.

    Attributes:
        file, line: where it stands now, or stood.
        binds_before, binds_after: whether the clause was, and is, active and in the product's profile.
    """

    clause: str
    title: str
    kind: Literal["added", "removed", "changed"]
    file: str
    line: int
    binds_before: bool
    binds_after: bool
    facets: tuple[FacetChange, ...]


def compare(before: PolicySet, after: PolicySet) -> tuple[ClauseChange, ...]:
    """Every clause that differs, in order of ids; a set compared with itself gives nothing."""
    old = {clause.id: clause for clause in before.clauses}
    new = {clause.id: clause for clause in after.clauses}
    active = {clause.id for clause in before.active}, {clause.id for clause in after.active}
    changes = []
    for identifier in sorted(old.keys() | new.keys()):
        first, second = old.get(identifier), new.get(identifier)
        facets = tuple(_facet_changes(first, second))
        shown = second or first
        binds = identifier in active[0], identifier in active[1]
        if (facets or binds[0] != binds[1]) and shown is not None:
            kind: Literal["added", "removed", "changed"] = (
                "added" if first is None else "removed" if second is None else "changed"
            )
            changes.append(ClauseChange(identifier, shown.title, kind, shown.file, shown.line, *binds, facets))
    return tuple(changes)


def _facet_changes(before: Clause | None, after: Clause | None) -> Iterator[FacetChange]:
    for facet in Facet:
        old = before.facet(facet) if before and facet in before.facets else None
        new = after.facet(facet) if after and facet in after.facets else None
        if old != new:
            shown = after or before
            identifier = shown.id if shown else ""
            words = tuple(_words(facet, before, after)) if before and after else ()
            yield FacetChange(identifier, facet, old, new, words)


def _words(facet: Facet, before: Clause, after: Clause) -> Iterator[str]:
    if facet is Facet.TEXT:
        if before.title != after.title:
            yield f"the title '{before.title}' became '{after.title}'"
        yield from passages(before.text, after.text)
    elif facet is Facet.EXCEPTIONS:
        yield from _named("exception", "id", before.exceptions, after.exceptions)
    elif facet is Facet.RUBRIC:
        yield from _named("question", "ask", before.rubric, after.rubric)
    elif facet is Facet.EXAMPLES:
        yield from _named("example", "prompt", before.examples, after.examples)
    elif facet is Facet.DATA:
        yield from _named("data target", "id", before.data, after.data)
    elif facet is Facet.DETECTION:
        yield from _named("pattern", "name", before.patterns, after.patterns)
        said = ({"hold_back": clause.hold_back, "on_failure": clause.on_failure} for clause in (before, after))
        yield from _fields(*said)
    elif facet is Facet.MAPS:
        if before.pillar != after.pillar:
            yield f"the pillar {before.pillar} became {after.pillar}"
        yield from _fields(dict(before.maps), dict(after.maps))
    elif facet is Facet.BOUNDARY:
        names = ("boundary", "severity", "ceiling", "above", "grantable", "overrides")
        yield from _fields(*({name: getattr(clause, name) for name in names} for clause in (before, after)))
    else:
        name = facet.value
        yield from _fields(getattr(before, name).model_dump(mode="json"), getattr(after, name).model_dump(mode="json"))


def passages(before: str, after: str) -> Iterator[str]:
    """The passages of a text that changed, each with a few words around it."""
    old, new = before.split(), after.split()
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        lead = " ".join(old[max(0, start - _CONTEXT) : start])
        tail = " ".join(old[end : end + _CONTEXT])
        removed, added = " ".join(old[start:end]), " ".join(new[new_start:new_end])
        where = f" (… {lead} [here] {tail} …)".replace("  ", " ")
        if tag == "insert":
            yield f"the words '{added}' came in{where}"
        elif tag == "delete":
            yield f"the words '{removed}' went out{where}"
        else:
            yield f"'{removed}' became '{added}'{where}"


def _named(what: str, key: str, before: Sequence[Record], after: Sequence[Record]) -> Iterator[str]:
    """Rows that have a name of their own: new ones, lost ones, and what changed in the others."""
    old = {str(getattr(row, key)): row for row in before}
    new = {str(getattr(row, key)): row for row in after}
    for name in (*old, *(name for name in new if name not in old)):
        if name not in new:
            yield f"{what} '{name}' is gone"
        elif name not in old:
            details = ", ".join(f"{field} {_shown(value)}" for field, value in _telling(new[name], key))
            yield f"{what} '{name}' is new: {details}" if details else f"{what} '{name}' is new"
        elif old[name] != new[name]:
            yield from (f"{what} '{name}': {sentence}" for sentence in _fields(dict(old[name]), dict(new[name])))
    kept = [name for name in old if name in new]
    if kept != [name for name in new if name in old]:
        yield f"the {what}s stand in another order"
    elif list(old.values()) == list(new.values()) and (len(before), len(after)) != (len(old), len(new)):
        yield f"a repeated {what} came or went"


def _telling(row: Record, key: str) -> Iterator[tuple[str, Any]]:
    for field, value in row:
        if field != key and value not in (None, "", ()):
            yield field, value


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{name}: {_shown(old)} became {_shown(new)}"


def _shown_pair(value: Any) -> str:
    """A role and its number, as a policy file has them."""
    if isinstance(value, (tuple, list)) and [type(part) for part in value] == [str, int]:
        return f"{value[0]}: {value[1]}"
    return ""


def _shown(value: Any) -> str:
    if value in (None, "", (), [], {}):
        return "nothing"
    if isinstance(value, Record):
        parts = [f"{name} {_shown(part)}" for name, part in value if part not in (None, "", ())]
        return ", ".join(parts) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
    if isinstance(value, (tuple, list)):
        return ", ".join(_shown_pair(part) or _shown(part) for part in value)
    return str(value)
