"""Taxonomies and mappings in the form of the AI Atlas Nexus: YAML sections and SSSOM tables.

Sections ``taxonomies``, ``groups`` and ``entries`` are taken; entries of type ``Risk`` and groups of
type ``RiskGroup`` become risks. ``isPartOf``, ``hasPart`` and, among groups of one taxonomy,
``broad_mappings`` and ``narrow_mappings`` say what belongs to what. All other ``..._mappings`` become
rows of a mapping table. Whatever is not taken is listed with its file, line and reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from colonnade.policy.sssom import parse_sssom, stem
from colonnade.policy.taxonomies import Import, LeftOut, find_loop
from colonnade.records import InputError, Mapping, MappingSet, Risk, Taxonomy, digest_bytes
from colonnade.records.reading import LocatedYaml, complaint, parse_yaml, read_text

_SECTIONS = ("groups", "entries")
_RELATIONS = {f"{name}_mappings": f"{name}Match" for name in ("exact", "close", "narrow", "broad", "related")}
_KINDS = {"Risk": False, "RiskGroup": True}
_USED = frozenset({"id", "name", "description", "type", "isDefinedByTaxonomy", "isPartOf", "hasPart", "url"})
_USED_OF_TAXONOMY = frozenset(
    {"id", "name", "description", "type", "url", "version", "dateCreated", "dateModified", "license", "hasLicense"}
)
_CURIES = {
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "nexus": "https://w3id.org/ai-atlas-nexus/",
}


class _Entry(NamedTuple):
    """One entry of a section, with its place."""

    source: LocatedYaml
    file: str
    section: str
    position: int
    content: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.content.get("id", ""))

    @property
    def line(self) -> int:
        return self.source.line((self.section, self.position))

    def texts(self, name: str) -> list[str]:
        """The values of a field, whether it holds one or a list."""
        value = self.content.get(name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        return [str(one) for one in values]

    def left_out(self, what: str, why: str) -> LeftOut:
        return LeftOut(self.file, self.line, what, why)


def read_nexus(source: Path, only: Collection[str] = (), licence: str = "") -> Import:
    """Everything that a file or folder in the form of the AI Atlas Nexus holds.

    Args:
        source: a YAML file, or a folder that is read with all folders in it.
        only: ids of the taxonomies to take; all where it is empty.
        licence: what to write down for taxonomies that state none.

    Raises:
        InputError: where the source is missing, a file is not YAML or has no table in it, an entry
            has no id or name, or a taxonomy that was asked for is not there.
    """
    folder = source if source.is_dir() else source.parent
    files = sorted(path for path in source.rglob("*") if path.is_file()) if source.is_dir() else [source]
    left_out: list[LeftOut] = []
    documents: list[tuple[str, LocatedYaml, str]] = []
    tables: list[tuple[str, MappingSet]] = []
    for file in files:
        name = file.relative_to(folder).as_posix()
        if file.suffix in (".yaml", ".yml"):
            text = read_text(file)
            documents.append((name, parse_yaml(text, file), digest_bytes(text.encode())))
        elif file.suffix == ".tsv":
            table, faults = parse_sssom(read_text(file), file)
            tables.append((stem(file.name), table))
            left_out += [LeftOut(name, fault.line, "row", fault.what) for fault in faults]
        else:
            left_out.append(LeftOut(name, 0, "file", "it is neither YAML nor TSV"))
    if not documents and not tables:
        mend = "Name a YAML file or a folder in the form of the AI Atlas Nexus."
        raise InputError("there is no YAML or TSV file here.", file=source, mend=mend)
    taxonomies, entries = _taxonomies(documents, licence, left_out)
    if missing := sorted(set(only) - {taxonomy.id for taxonomy in taxonomies}):
        known = ", ".join(taxonomy.id for taxonomy in taxonomies) or "none"
        raise InputError(f"there is no taxonomy '{missing[0]}' here.", file=source, mend=f"There is: {known}.")
    owners = {risk.id: taxonomy.id for taxonomy in taxonomies for risk in taxonomy.risks}
    tables += _stated_tables(entries, owners, tables, left_out)
    if only:
        left_out += [
            LeftOut(taxonomy.read_from, 0, f"taxonomy {taxonomy.id} ({len(taxonomy.risks)})", "it was not asked for")
            for taxonomy in taxonomies
            if taxonomy.id not in only
        ]
        taxonomies = [taxonomy for taxonomy in taxonomies if taxonomy.id in only]
        wanted = {risk for risk, owner in owners.items() if owner in only}
        tables = [_touching(name, table, wanted, left_out) for name, table in tables]
    return Import(tuple(taxonomies), tuple(_merged(tables, source)), tuple(sorted(left_out)))


# --- taxonomies and their risks ----------------------------------------------------------------


def _taxonomies(
    documents: list[tuple[str, LocatedYaml, str]], licence: str, left_out: list[LeftOut]
) -> tuple[list[Taxonomy], list[_Entry]]:
    headers: dict[str, tuple[_Entry, str]] = {}
    entries: list[_Entry] = []
    for name, located, digest in documents:
        for entry in _entries(name, located, left_out):
            if entry.section != "taxonomies":
                entries.append(entry)
            elif entry.id in headers:
                left_out.append(entry.left_out(f"taxonomy {entry.id}", "a taxonomy with this id stands before it"))
            else:
                headers[entry.id] = (entry, digest)
    risks = _risks(entries, set(headers), left_out)
    taxonomies = []
    for identifier, (entry, digest) in headers.items():
        own = risks.get(identifier, [])
        kind = entry.content.get("type", "RiskTaxonomy")
        if kind != "RiskTaxonomy":
            left_out.append(entry.left_out(f"taxonomy {identifier}", f"its type is {kind}, not RiskTaxonomy"))
        elif not own:
            left_out.append(entry.left_out(f"taxonomy {identifier}", "it has no entry of type Risk or RiskGroup"))
        else:
            taxonomies.append(_taxonomy(entry, digest, own, licence, left_out))
    return sorted(taxonomies, key=lambda taxonomy: taxonomy.id), entries


def _entries(name: str, located: LocatedYaml, left_out: list[LeftOut]) -> Iterator[_Entry]:
    if not isinstance(located.value, dict):
        left_out.append(LeftOut(name, 1, "file", "it has no sections"))
        return
    for section, rows in located.value.items():
        line = located.line((section,))
        if not isinstance(rows, list):
            left_out.append(LeftOut(name, line, f"section {section}", "it is not a list"))
        elif section not in (*_SECTIONS, "taxonomies"):
            left_out.append(LeftOut(name, line, f"section {section} ({len(rows)})", "it holds no risks"))
        else:
            for index, row in enumerate(rows):
                if not isinstance(row, dict) or row.get("id") in (None, ""):
                    place = located.line((section, index))
                    mend = "Give it one, or remove it."
                    raise InputError("this entry has no id.", file=located.file, line=place, mend=mend)
                yield _Entry(located, name, section, index, row)


def _risks(entries: list[_Entry], headers: set[str], left_out: list[LeftOut]) -> dict[str, list[Risk]]:
    taken: dict[str, tuple[_Entry, str]] = {}
    for entry in entries:
        if "isDefinedByTaxonomy" not in entry.content and any(name in entry.content for name in _RELATIONS):
            continue  # it only says how a risk that is defined elsewhere maps
        reason = _refusal(entry, headers, taken)
        if reason:
            left_out.append(entry.left_out(f"{entry.content.get('type', 'entry')} {entry.id}", reason))
        else:
            taken[entry.id] = (entry, str(entry.content["isDefinedByTaxonomy"]))
    parents = _parents(taken, left_out)
    _list_unused_fields([entry for entry, _ in taken.values()], _USED | set(_RELATIONS), left_out)
    risks: dict[str, list[Risk]] = {}
    for identifier, (entry, taxonomy) in taken.items():
        risks.setdefault(taxonomy, []).append(_risk(entry, tuple(parents[identifier])))
    for taxonomy, own in risks.items():
        if loop := find_loop(own):
            entry = taken[loop[0]][0]
            what = f"these groups of '{taxonomy}' contain each other: {', '.join(loop)}."
            raise InputError(what, file=entry.source.file, line=entry.line, mend="Take one of them out of its group.")
    return risks


def _refusal(entry: _Entry, headers: set[str], taken: dict[str, tuple[_Entry, str]]) -> str:
    taxonomy = entry.content.get("isDefinedByTaxonomy")
    kind = entry.content.get("type", "Risk" if entry.section == "entries" else "RiskGroup")
    if kind not in _KINDS:
        return f"its type is {kind}, not Risk"
    if taxonomy is None:
        return "it names no taxonomy, and no mapping that is known here"
    if str(taxonomy) not in headers:
        return f"the taxonomy '{taxonomy}' is not in the source"
    return "an entry with this id stands before it" if entry.id in taken else ""


def _parents(taken: dict[str, tuple[_Entry, str]], left_out: list[LeftOut]) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {identifier: [] for identifier in taken}

    def belongs(child: str, parent: str, entry: _Entry, field: str) -> None:
        if child in taken and parent in taken and taken[child][1] == taken[parent][1]:
            if parent not in parents[child]:
                parents[child].append(parent)
        else:
            other = parent if child == entry.id else child
            left_out.append(entry.left_out(f"{field} {other} of {entry.id}", "no such risk in the same taxonomy"))

    for entry, _ in taken.values():
        for parent in entry.texts("isPartOf"):
            belongs(entry.id, parent, entry, "isPartOf")
        for child in entry.texts("hasPart"):
            belongs(child, entry.id, entry, "hasPart")
        for field, upward in (("broad_mappings", True), ("narrow_mappings", False)):
            for other in entry.texts(field):
                if _is_hierarchy(entry.id, other, taken):
                    belongs(*((entry.id, other) if upward else (other, entry.id)), entry, field)
    return parents


def _is_hierarchy(identifier: str, other: str, taken: dict[str, tuple[_Entry, str]]) -> bool:
    """Whether two groups of one taxonomy speak of each other: then it is its outline, not a mapping."""
    pair = [taken.get(identifier), taken.get(other)]
    if pair[0] is None or pair[1] is None or pair[0][1] != pair[1][1]:
        return False
    return all(found is not None and found[0].section == "groups" for found in pair)


def _risk(entry: _Entry, parents: tuple[str, ...]) -> Risk:
    content = {name: str(entry.content[name]) for name in ("id", "name", "description", "url") if name in entry.content}
    try:
        return Risk.model_validate({**content, "group": entry.section == "groups", "parents": parents})
    except ValidationError as fault:
        wrong = complaint(
            fault, entry.source.file, lambda place: entry.source.line((entry.section, entry.position, *place))
        )
        raise InputError(wrong.what, file=wrong.file, line=wrong.line, mend="Correct the entry.") from None


def _taxonomy(entry: _Entry, digest: str, risks: list[Risk], licence: str, left_out: list[LeftOut]) -> Taxonomy:
    content = {name: str(value) for name, value in entry.content.items()}
    _list_unused_fields([entry], _USED_OF_TAXONOMY, left_out)
    try:
        return Taxonomy(
            id=entry.id,
            name=content.get("name", entry.id),
            description=content.get("description", ""),
            source=content.get("url", ""),
            licence=content.get("license") or content.get("hasLicense") or licence,
            version=content.get("version", ""),
            created=content.get("dateCreated", ""),
            modified=content.get("dateModified", ""),
            read_from=entry.source.file.name,
            read_digest=digest,
            risks=tuple(risks),
        )
    except ValidationError as fault:
        wrong = complaint(
            fault, entry.source.file, lambda place: entry.source.line((entry.section, entry.position, *place))
        )
        mend = "A taxonomy's id becomes a file name: letters, digits, '.', '_' and '-'."
        raise InputError(wrong.what, file=wrong.file, line=wrong.line, mend=mend) from None


def _list_unused_fields(entries: list[_Entry], used: Collection[str], left_out: list[LeftOut]) -> None:
    """One line per file, section and field, with how many entries have it."""
    counts = Counter(
        (entry.file, entry.section, field) for entry in entries for field in entry.content if field not in used
    )
    for (file, section, field), count in counts.items():
        line = next(row.line for row in entries if (row.file, row.section) == (file, section) and field in row.content)
        left_out.append(LeftOut(file, line, f"field {field} of {count} {section}", "a risk has no such field"))


# --- mappings stated in YAML -------------------------------------------------------------------


def _stated_tables(
    entries: list[_Entry], owners: dict[str, str], tables: list[tuple[str, MappingSet]], left_out: list[LeftOut]
) -> list[tuple[str, MappingSet]]:
    """What entries say about each other, unless a table says it with author and reason."""
    told = {frozenset((row.subject, row.object)) for _, table in tables for row in table.mappings}
    groups = {entry.id for entry in entries if entry.section == "groups"}
    by_file: dict[str, dict[tuple[str, str, str], _Entry]] = {}
    repeated: Counter[str] = Counter()
    for entry in entries:
        for field, relation in _RELATIONS.items():
            for other in entry.texts(field):
                if {entry.id, other} <= groups and owners.get(entry.id) == owners.get(other) is not None:
                    continue  # the outline of a taxonomy
                if frozenset((entry.id, other)) in told:
                    repeated[entry.file] += 1
                else:
                    by_file.setdefault(entry.file, {}).setdefault((entry.id, relation, other), entry)
    left_out += [
        LeftOut(
            file, 1, f"{count} mappings", "an SSSOM table in the source relates the same pairs, with author and reason"
        )
        for file, count in repeated.items()
    ]
    return [(stem_of(file), _stated_table(file, rows, owners, left_out)) for file, rows in by_file.items()]


def stem_of(file: str) -> str:
    """The name of a mapping table that is made from a YAML file."""
    return Path(file).name.partition(".")[0]


def _stated_table(
    file: str, rows: dict[tuple[str, str, str], _Entry], owners: dict[str, str], left_out: list[LeftOut]
) -> MappingSet:
    mappings = []
    for (subject, relation, other), entry in rows.items():
        if relation in ("broadMatch", "narrowMatch") and (other, relation, subject) in rows:
            why = f"the source says {relation} in both directions, which cannot be"
            left_out.append(entry.left_out(f"{subject} {relation} {other}", why))
            continue
        try:
            mapping = Mapping(
                subject_id=f"{owners.get(subject, 'nexus')}:{subject}",
                predicate_id=f"skos:{relation}",
                object_id=f"{owners.get(other, 'nexus')}:{other}",
                mapping_justification="semapv:UnspecifiedMatching",
                mapping_tool="colonnade policy import-taxonomy",
                comment=f"Stated in {Path(file).name} without author, date or reason.",
            )
        except ValidationError as fault:
            why = complaint(fault, entry.source.file, lambda _place: 1).what
            left_out.append(entry.left_out(f"{subject} {relation} {other}", why))
        else:
            mappings.append(mapping)
    return MappingSet(
        mapping_set_id=f"urn:mapping-set:{stem_of(file)}",
        license="https://w3id.org/sssom/license/unspecified",
        mapping_set_description=f"Mappings stated in {Path(file).name}",
        curie_map=tuple(sorted(_CURIES.items())),
        mappings=tuple(mappings),
    )


def _touching(name: str, table: MappingSet, wanted: Collection[str], left_out: list[LeftOut]) -> tuple[str, MappingSet]:
    rows = tuple(row for row in table.mappings if row.subject in wanted or row.object in wanted)
    if dropped := len(table.mappings) - len(rows):
        left_out.append(LeftOut(name, 0, f"{dropped} mappings", "neither end is in a taxonomy that was asked for"))
    return name, table.model_copy(update={"mappings": rows})


def _merged(tables: list[tuple[str, MappingSet]], source: Path) -> Iterator[tuple[str, MappingSet]]:
    """Tables with rows; two with the same name would overwrite each other."""
    seen: set[str] = set()
    for name, table in tables:
        if table.mappings and name in seen:
            mend = "Rename one of them, or import their folders one after the other."
            raise InputError(f"two mapping tables are called '{name}'.", file=source, mend=mend)
        if table.mappings:
            seen.add(name)
            yield name, table
