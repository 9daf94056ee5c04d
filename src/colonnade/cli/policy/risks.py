"""Import public taxonomies, and see which of their risks the launch has thought of."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_place, check_writable, write_file
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import agreement_in
from colonnade.policy.heat_map import answers, heat_map_text, risk_page
from colonnade.policy.nexus import read_nexus
from colonnade.policy.risk_map import RiskMap, check_harm_risks, map_risks, notes_on_judging
from colonnade.policy.taxonomies import Import, Written, read_mappings, read_taxonomies, write_import
from colonnade.policy.workspace import map_harms
from colonnade.records import InputError, RiskState


@policy_application.command("import-taxonomy")
def import_taxonomy(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A YAML file or folder in the form of the AI Atlas Nexus.")
    ],
    workspace: WorkspaceArgument = HERE,
    only: Annotated[
        list[str] | None, typer.Option("--name", metavar="ID", help="Take this taxonomy only; may be repeated.")
    ] = None,
    licence: Annotated[
        str, typer.Option("--licence", help="What to write down for taxonomies that state no licence.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Read public risk taxonomies and their mappings into WORKSPACE/taxonomies, and list what was left out."""
    if not source.exists():
        mend = "Name a YAML file or a folder in the form of the AI Atlas Nexus."
        raise InputError("there is no such file or folder.", file=source, mend=mend)
    check_place(workspace, "taxonomies")
    imported = read_nexus(source, only or (), licence)
    name = source.resolve().name.partition(".")[0]
    written = write_import(workspace, imported, name)
    if as_json:
        print(json.dumps(_import_json(imported, written)))
    else:
        _show_import(imported, written)


def _show_import(imported: Import, written: tuple[Written, ...]) -> None:
    states = {row.file.name: row.state for row in written}
    for taxonomy in imported.taxonomies:
        groups = sum(risk.group for risk in taxonomy.risks)
        licence = taxonomy.licence or "not stated"
        out.print(
            f"{taxonomy.id:<32}{len(taxonomy.risks) - groups:>4} risks {groups:>3} groups  version "
            f"{taxonomy.version or 'not stated'}, licence {licence}  {states[f'{taxonomy.id}.yaml']}",
            markup=False,
        )
    for table, rows in imported.tables:
        out.print(f"mappings/{table:<38}{len(rows.mappings):>5} rows  {states[f'{table}.sssom.tsv']}", markup=False)
    out.print(f"left out: {len(imported.left_out)} things, listed in {written[-1].file}", markup=False)
    reasons = Counter(row.why for row in imported.left_out)
    for why, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])):
        out.print(f"  {count:>5}  {why}", markup=False)


def _import_json(imported: Import, written: tuple[Written, ...]) -> dict[str, object]:
    return {
        "taxonomies": {
            taxonomy.id: {
                "risks": sum(not risk.group for risk in taxonomy.risks),
                "groups": sum(risk.group for risk in taxonomy.risks),
                "version": taxonomy.version,
                "licence": taxonomy.licence,
            }
            for taxonomy in imported.taxonomies
        },
        "mappings": {name: len(table.mappings) for name, table in imported.tables},
        "left_out": [row._asdict() for row in imported.left_out],
        "files": [{"file": str(row.file), "state": row.state} for row in written],
    }


@policy_application.command("risks")
def show_risks(
    workspace: WorkspaceArgument = HERE,
    as_json: JsonOption = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the map as a page.")] = None,
    taxonomy: Annotated[str, typer.Option("--taxonomy", metavar="ID", help="Show the risks of this one only.")] = "",
) -> None:
    """Show which public risks the launch should consider and where it stands; end with 1 if a harm is open."""
    if html is not None:
        check_writable(html)
    opened = open_workspace(workspace)
    taxonomies = read_taxonomies(workspace)
    known = [one.id for one in taxonomies]
    if taxonomy and taxonomy not in known:
        mend = f"There is: {', '.join(known) or 'none; import one first'}."
        raise InputError(f"no taxonomy '{taxonomy}' was imported.", file=workspace / "taxonomies", mend=mend)
    check_harm_risks(opened.launch, taxonomies, workspace)
    mappings = read_mappings(workspace)
    agreed = agreement_in(opened, datetime.now(UTC).date()).accepted
    harms = map_harms(opened.launch, opened.policies, {harm: (row.person, row.expires) for harm, row in agreed})
    risk_map = map_risks(opened.launch, opened.policies, harms, taxonomies, mappings)
    if taxonomy:
        rows = tuple(row for row in risk_map.rows if row.taxonomy == taxonomy)
        risk_map = risk_map._replace(rows=rows)
    if html is not None:
        write_file(html, risk_page(opened.launch, risk_map))
    if as_json:
        print(json.dumps(_risks_json(opened.launch.name, risk_map)))
    else:
        _show_risks(risk_map, bool(taxonomies))
    if risk_map.open_harms:
        raise typer.Exit(PROBLEMS)


def _show_risks(risk_map: RiskMap, imported: bool) -> None:
    if imported:
        for row in risk_map.rows:
            grade = f"{row.likelihood}/{row.severity}" if row.likelihood else "-"
            shown = f"{row.state:<10}{row.risk:<52}{row.pillar or 'no pillar':<25}{grade:<16}{answers(row)}"
            out.print(shown.rstrip(), markup=False)
        counts = ", ".join(f"{count} {state}" for state, count in risk_map.counts().items())
        out.print(f"\n{len(risk_map.rows)} risks to consider: {counts}", markup=False)
        unrated = sum(row.state is RiskState.COVERED and row.likelihood is None for row in risk_map.rows)
        out.print(f"{unrated} of the covered ones have no likelihood and severity: no harm answers them", markup=False)
        out.print(
            f"{risk_map.unconsidered} further risks of the imported taxonomies are named by no rule, harm or clause",
            markup=False,
        )
    else:
        out.print(
            "No taxonomy was imported, so nothing tells what was forgotten: see 'colonnade policy import-taxonomy'."
        )
    for clause, scheme, code in risk_map.unknown:
        out.print(f"clause {clause} maps to {scheme} '{code}', which the imported taxonomy does not have", markup=False)
    out.print(f"\nHarms of the launch: {len(risk_map.harms)}")
    if risk_map.harms:
        out.print(heat_map_text(risk_map.harms), markup=False)
    for harm in risk_map.harms:
        if harm.accepted_by and not harm.covered_by:
            out.print(f"accepted: {harm.harm.id}, by {harm.accepted_by} until {harm.accepted_until}", markup=False)
    for note in notes_on_judging(risk_map):
        out.print(note, markup=False)
    if risk_map.open_harms:
        out.print(f"open, so the gate holds: {', '.join(risk_map.open_harms)}", markup=False)


def _risks_json(launch: str, risk_map: RiskMap) -> dict[str, object]:
    return {
        "launch": launch,
        "counts": risk_map.counts(),
        "open_harms": risk_map.open_harms,
        "unjudged_harms": risk_map.unjudged_harms,
        "notes": notes_on_judging(risk_map),
        "unconsidered": risk_map.unconsidered,
        "unknown": [{"clause": clause, "scheme": scheme, "code": code} for clause, scheme, code in risk_map.unknown],
        "harms": [row.model_dump(mode="json") | {"open": row.open} for row in risk_map.harms],
        "risks": [row.model_dump(mode="json") for row in risk_map.rows],
    }
