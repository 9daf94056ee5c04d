"""Public lists of risks in a workspace: ``taxonomies/*.yaml`` and ``taxonomies/mappings/*.sssom.tsv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from colonnade.policy.sssom import read_sssom, sssom_text
from colonnade.records import InputError, MappingSet, Risk, Taxonomy
from colonnade.records import Mapping as RiskMapping
from colonnade.records.reading import LocatedYaml, parse_yaml, read_text, to_record

FOLDER = "taxonomies"
MAPPINGS = "mappings"


class LeftOut(NamedTuple):
    """Something in a source that was not imported: where it stands, what it is, and why."""

    file: str
    line: int
    what: str
    why: str


class Import(NamedTuple):
    """What a source holds: taxonomies, mapping tables by file name, and what could not be taken."""

    taxonomies: tuple[Taxonomy, ...]
    tables: tuple[tuple[str, MappingSet], ...]
    left_out: tuple[LeftOut, ...]


class Written(NamedTuple):
    """A file of an import, and whether it is ``new``, ``changed`` or ``unchanged``."""

    file: Path
    state: str


# --- reading -----------------------------------------------------------------------------------


def read_taxonomies(workspace: Path) -> tuple[Taxonomy, ...]:
    """Every taxonomy of the workspace, ordered by id; none where nothing was imported.

    Raises:
        InputError: where a file is wrong, its name is not its id, a risk stands twice, or a risk
            belongs to a group that is not there.
    """
    taxonomies: list[Taxonomy] = []
    owners: dict[str, tuple[Path, int]] = {}
    for file in sorted((workspace / FOLDER).glob("*.yaml")):
        located = parse_yaml(read_text(file), file)
        taxonomy = to_record(Taxonomy, located)
        if taxonomy.id != file.stem:
            what = f"the taxonomy '{taxonomy.id}' stands in a file of another name."
            mend = f"Call the file {taxonomy.id}.yaml."
            raise InputError(what, file=file, line=located.line(("id",)), mend=mend)
        _check_risks(taxonomy, located, owners)
        taxonomies.append(taxonomy)
    return tuple(sorted(taxonomies, key=lambda taxonomy: taxonomy.id))


def _check_risks(taxonomy: Taxonomy, located: LocatedYaml, owners: dict[str, tuple[Path, int]]) -> None:
    own = {risk.id for risk in taxonomy.risks}
    for index, risk in enumerate(taxonomy.risks):
        line = located.line(("risks", index, "id"))
        if risk.id in owners:
            file, first = owners[risk.id]
            what = f"the risk '{risk.id}' stands twice; the other one is in {file}, line {first}."
            raise InputError(what, file=located.file, line=line, mend="Keep one of the two.")
        owners[risk.id] = (located.file, line)
        for parent in risk.parents:
            if parent not in own:
                what = f"the risk '{risk.id}' belongs to '{parent}', which this taxonomy does not have."
                place = located.line(("risks", index, "parents"))
                raise InputError(what, file=located.file, line=place, mend="Correct the id, or add the group.")
    loop = find_loop(taxonomy.risks)
    if loop:
        index = next(index for index, risk in enumerate(taxonomy.risks) if risk.id == loop[0])
        what = f"these groups contain each other: {', '.join(loop)}."
        line = located.line(("risks", index, "parents"))
        raise InputError(what, file=located.file, line=line, mend="Take one of them out of 'parents'.")


def find_loop(risks: Iterable[Risk]) -> tuple[str, ...]:
    """Ids of risks that belong to each other in a circle, in order of id; none is as it should be."""
    left = {risk.id: set(risk.parents) for risk in risks}
    while True:
        above = {parent for parents in left.values() for parent in parents}
        ends = [name for name, parents in left.items() if name not in above or not parents & left.keys()]
        if not ends:
            return tuple(sorted(left))
        for name in ends:
            del left[name]


def read_tables(workspace: Path) -> tuple[MappingSet, ...]:
    """Every mapping table of the workspace, in order of the files' names.

    Raises:
        InputError: for the first line that is wrong.
    """
    return tuple(read_sssom(file) for file in sorted((workspace / FOLDER / MAPPINGS).glob("*.sssom.tsv")))


def read_mappings(workspace: Path) -> tuple[RiskMapping, ...]:
    """The rows of all mapping tables of the workspace, one after the other."""
    return tuple(row for table in read_tables(workspace) for row in table.mappings)


# --- writing -----------------------------------------------------------------------------------


def write_import(workspace: Path, imported: Import, name: str) -> tuple[Written, ...]:
    """Put what was imported into the workspace; a taxonomy or table of the same name is replaced.

    Args:
        workspace: a folder.
        imported: what a source holds.
        name: of the source, for the list of what was left out.

    Raises:
        InputError: where there is no such folder, or a risk would stand in two taxonomies. Then
            nothing has been written.
    """
    if not workspace.is_dir():
        mend = "Name a workspace, or make one with 'colonnade init DIR'."
        raise InputError("there is no such folder.", file=workspace, mend=mend)
    folder = workspace / FOLDER
    _check_clashes(workspace, imported.taxonomies)
    texts = {folder / f"{taxonomy.id}.yaml": taxonomy_text(taxonomy) for taxonomy in imported.taxonomies}
    texts |= {folder / MAPPINGS / f"{stem}.sssom.tsv": sssom_text(table) for stem, table in imported.tables}
    texts[folder / f"not-imported.{name}.tsv"] = _left_out_text(imported.left_out)
    return tuple(_write(file, text) for file, text in texts.items())


def _check_clashes(workspace: Path, taxonomies: Sequence[Taxonomy]) -> None:
    replaced = {taxonomy.id for taxonomy in taxonomies}
    kept = {
        risk.id: taxonomy.id
        for taxonomy in read_taxonomies(workspace)
        if taxonomy.id not in replaced
        for risk in taxonomy.risks
    }
    for taxonomy in taxonomies:
        for risk in taxonomy.risks:
            if risk.id in kept:
                what = f"the risk '{risk.id}' of '{taxonomy.id}' stands in the taxonomy '{kept[risk.id]}' too."
                file = workspace / FOLDER / f"{kept[risk.id]}.yaml"
                raise InputError(what, file=file, mend="Remove one of the two taxonomies.")


def taxonomy_text(taxonomy: Taxonomy) -> str:
    """The taxonomy as a YAML file; what is empty is left away."""
    content = _without_empty(taxonomy.model_dump(mode="json", exclude={"risks"}))
    content["risks"] = [_without_empty(risk.model_dump(mode="json")) for risk in taxonomy.risks]
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _without_empty(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value not in ("", [], False, None)}


def _left_out_text(rows: Iterable[LeftOut]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(LeftOut._fields)
    writer.writerows(rows)
    return stream.getvalue()


def _write(file: Path, text: str) -> Written:
    content = text.encode()
    before = file.read_bytes() if file.exists() else None
    if before == content:
        return Written(file, "unchanged")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + ".part")
    part.write_bytes(content)
    part.replace(file)
    return Written(file, "new" if before is None else "changed")
