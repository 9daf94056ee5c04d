"""The registry of sources: laws, standards, requests and incidents, and what held on which day.

Entries come with the package and from ``sources/*.yaml`` of a workspace. What they say of a day
follows from their history alone, so it can be asked for any day, past or to come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from colonnade.records import (
    Clause,
    ClauseException,
    Digest,
    InputError,
    PolicySet,
    Record,
    SourceEntry,
    SourceEvent,
    SourceStatus,
    digest_bytes,
    history_fault,
)
from colonnade.records.reading import LocatedYaml, parse_yaml, read_text, to_record

SOURCES_FOLDER = "sources"

_MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU_MEMBERS = frozenset(_MEMBERS.split())
"""The member states of the Union, as ISO 3166-1 writes them."""


class SourceFile(Record):
    """What stands in one file of the registry."""

    sources: Annotated[tuple[SourceEntry, ...], Field(min_length=1)]


class Spot(NamedTuple):
    """Where an entry stands."""

    file: Path
    line: int


class Registry(NamedTuple):
    """Every known source by its id, and where it was written."""

    entries: Mapping[str, SourceEntry]
    spots: Mapping[str, Spot]

    def entry(self, identifier: str) -> SourceEntry | None:
        """The entry with this id, or nothing."""
        return self.entries.get(identifier)


class Standing(NamedTuple):
    """A source and the row of its history that holds on a day."""

    entry: SourceEntry
    event: SourceEvent


class Binding(NamedTuple):
    """A clause that binds on a day, and those of its exceptions that have not expired then."""

    clause: Clause
    exceptions: tuple[ClauseException, ...]


class TextCheck(NamedTuple):
    """Whether a text is still the one that an entry was read from.

    Attributes:
        digest: of the text as it is now.
        verdict: ``unkept`` where the entry keeps no digest to compare with.
    """

    source: str
    digest: Digest
    verdict: Literal["same", "drift", "unkept"]


# --- reading -------------------------------------------------------------------------------------


@cache
def shipped_registry() -> Registry:
    """The entries that come with the package."""
    folder = resources.files("colonnade.policy") / "registry"
    parts = sorted((part for part in folder.iterdir() if part.name.endswith(".yaml")), key=lambda part: part.name)
    shown = Path("colonnade") / "policy" / "registry"
    return _gather(parse_yaml(part.read_text(encoding="utf-8"), shown / part.name) for part in parts)


def read_registry(workspace: Path) -> Registry:
    """The shipped entries and those of the workspace; its own take the place of shipped ones.

    Raises:
        InputError: where a file is wrong, an id stands twice in ``sources/``, a history is out of
            order, or a source is superseded by one that nobody has written.
    """
    shipped, own = shipped_registry(), _read_folder(workspace / SOURCES_FOLDER)
    entries = {**shipped.entries, **own.entries}
    registry = Registry(MappingProxyType(entries), MappingProxyType({**shipped.spots, **own.spots}))
    for entry in entries.values():
        for event in entry.history:
            if event.superseded_by is not None and event.superseded_by not in entries:
                spot = registry.spots[entry.id]
                what = f"the source '{entry.id}' is superseded by '{event.superseded_by}', which has no entry."
                raise InputError(what, file=spot.file, line=spot.line, mend="Write that entry, or correct the id.")
    return registry


def _read_folder(folder: Path) -> Registry:
    if folder.exists() and not folder.is_dir():
        raise InputError("this is a file, not a folder.", file=folder, mend="Put the file into a folder of that name.")
    files = sorted(path for path in folder.glob("**/*") if path.suffix in (".yaml", ".yml"))
    for file in files:
        if file.suffix == ".yml":
            raise InputError("this file would not be read.", file=file, mend=f"Call it '{file.stem}.yaml'.")
    return _gather(parse_yaml(read_text(file), file) for file in files)


def _gather(files: Iterable[LocatedYaml]) -> Registry:
    entries: dict[str, SourceEntry] = {}
    spots: dict[str, Spot] = {}
    for located in files:
        for entry, spot in _entries(located):
            if entry.id in entries:
                first = spots[entry.id]
                what = f"the source '{entry.id}' stands twice; it stands in {first.file}, line {first.line}, too."
                raise InputError(what, file=spot.file, line=spot.line, mend="Keep one of the two.")
            entries[entry.id], spots[entry.id] = entry, spot
    return Registry(MappingProxyType(entries), MappingProxyType(spots))


def _entries(located: LocatedYaml) -> Iterator[tuple[SourceEntry, Spot]]:
    for index, entry in enumerate(to_record(SourceFile, located).sources):
        fault = history_fault(entry.history)
        if fault is not None:
            row, what, mend = fault
            line = located.line(("sources", index, "history", row))
            raise InputError(f"the history of '{entry.id}': {what}", file=located.file, line=line, mend=mend)
        yield entry, Spot(located.file, located.line(("sources", index, "id")))


# --- what held on a day --------------------------------------------------------------------------


def event_on(source: SourceEntry, day: date) -> SourceEvent | None:
    """The last row of the history that had begun on this day; nothing before the first one."""
    return max((event for event in source.history if event.since <= day), key=lambda row: row.since, default=None)


def state_on(source: SourceEntry, day: date) -> SourceStatus | None:
    """The status of a source on a day; none where it had not even been proposed."""
    event = event_on(source, day)
    return event.status if event else None


def next_event(source: SourceEntry, day: date) -> SourceEvent | None:
    """The first row after this day with another status than the day's, if there is one."""
    now = state_on(source, day)
    coming = (event for event in source.history if event.since > day and event.status is not now)
    return min(coming, key=lambda row: row.since, default=None)


def holds_in(regions: Iterable[str], region: str) -> bool:
    """Whether what holds in these regions holds in a region.

    ``*`` holds everywhere, a country in its parts (``US`` in ``US-CA``), and ``EU`` in its member
    states (``DE``, ``DE-BY``).
    """
    wider = {"*", region}
    parts = region.split("-")
    wider.update("-".join(parts[:length]) for length in range(1, len(parts)))
    if parts[0] in EU_MEMBERS:
        wider.add("EU")
    return not wider.isdisjoint(regions)


def known_regions(policies: PolicySet, sources: Iterable[SourceEntry], launch: Iterable[str]) -> tuple[str, ...]:
    """Every region that a clause, a source or the launch names, and the member states of the Union."""
    named = {region for clause in policies.clauses for region in clause.scope.region}
    named |= {region for entry in sources for region in entry.region}
    return tuple(sorted((named | set(launch) | {"EU"} | EU_MEMBERS) - {"*"}))


def region_hint(region: str, known: Collection[str]) -> str:
    """What to say of a region that nothing names: what may be meant, and what there is; empty where it is known.

    A part of a known region (``DE-BY``) is known, too.
    """
    if any(region == one or region.startswith(f"{one}-") for one in known):
        return ""
    letters = {one.upper(): one for one in known}
    near = [letters[one] for one in get_close_matches(region.upper(), letters, n=3, cutoff=0.6)]
    near += [one for one in known if one.upper().startswith(f"{region.upper()}-") and one not in near]
    meant = f" Is {' or '.join(near)} meant?" if near else ""
    others = ", ".join(sorted(set(known) - EU_MEMBERS))
    return (
        f"nothing names the region '{region}', so only what holds everywhere is shown.{meant}"
        f" Known are {others}, the member states of the EU by their two letters (DE), and parts of each (DE-BY)."
    )


def standing_on(sources: Iterable[SourceEntry], day: date, region: str) -> tuple[Standing, ...]:
    """Every source of a region that was known on a day, with its status then, in order of ids."""
    here = sorted((entry for entry in sources if holds_in(entry.region, region)), key=lambda entry: entry.id)
    found = ((entry, event_on(entry, day)) for entry in here)
    return tuple(Standing(entry, event) for entry, event in found if event is not None)


def binding_on(policies: PolicySet, day: date, region: str) -> tuple[Binding, ...]:
    """The active clauses of a region and their exceptions that have not expired on a day.

    A clause holds where its scope names the region or ``*``, in the very words of the scope: this
    is how the guard reads it too. An exception holds through the day on which it expires.
    """
    return tuple(
        Binding(clause, tuple(row for row in clause.exceptions if row.expires >= day))
        for clause in policies.active
        if "*" in clause.scope.region or region in clause.scope.region
    )


def resting_on(policies: PolicySet) -> Mapping[str, tuple[str, ...]]:
    """For each source that an active clause names, the policies that rest on it."""
    found: dict[str, set[str]] = {}
    for clause in policies.active:
        for source in clause.admin.sources:
            found.setdefault(source.id, set()).add(clause.admin.policy)
    return MappingProxyType({identifier: tuple(sorted(names)) for identifier, names in found.items()})


# --- the text behind an entry --------------------------------------------------------------------


def check_text(registry: Registry, identifier: str, file: Path) -> TextCheck:
    """Compare a text, byte by byte, with the one that an entry was read from.

    Raises:
        InputError: where the registry has no such entry, or the file cannot be read.
    """
    entry = registry.entry(identifier)
    if entry is None:
        raise InputError(f"no registry file has the source '{identifier}'.", mend="Correct the id, or write an entry.")
    try:
        digest = digest_bytes(file.read_bytes())
    except OSError as fault:
        what = f"this cannot be read: {fault.strerror or fault}."
        raise InputError(what, file=file, mend="Name the file with the text of the source.") from None
    if entry.text_digest is None:
        return TextCheck(identifier, digest, "unkept")
    return TextCheck(identifier, digest, "same" if digest == entry.text_digest else "drift")
