"""What the clauses ask of data collection and evaluation, and whether a data set gives it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.policy import read_launch, read_product
from colonnade.policy.completeness import Standing, in_words
from colonnade.policy.guidelines import (
    DataGuideline,
    ProbeGuideline,
    count_prompts,
    derive_guidelines,
    languages_needed,
)
from colonnade.policy.manifest import read_manifest
from colonnade.policy.representation import CellReport, TargetReport, check_manifest, targets_of


@policy_application.command("guidelines")
def show_guidelines(workspace: WorkspaceArgument = HERE, as_json: JsonOption = False) -> None:
    """Derive what the clauses ask of later stages: data to collect, languages, and how many prompts."""
    found = derive_guidelines(read_product(workspace), read_launch(workspace), count_prompts(workspace))
    if as_json:
        print(json.dumps(found.model_dump(mode="json"), ensure_ascii=False))
        return
    out.print(f"Guidelines for {found.launch}", markup=False)
    out.print(f"\nLanguages: {', '.join(found.languages)}", markup=False)
    out.print("\nData to collect" if found.data else "\nData to collect: no active clause has a data target")
    for guideline in found.data:
        _show_data(guideline)
    if found.probes:
        out.print("\nPrompts of the gate split, each answered cleanly, before a threshold can be met")
        out.print(f"  {'clause':<28}{'rate':<18}{'at most':>9}{'sure':>7}{'needed':>9}{'there':>8}")
    for row in found.probes:
        _show_probes(row)


def _show_data(guideline: DataGuideline) -> None:
    target = guideline.target
    about = f", of items with {in_words(target.subject)}" if target.subject else ""
    out.print(f"  {guideline.clause} ({guideline.title}), target {target.id}{about}", markup=False)
    for cell in target.cells:
        share = f"a share of at least {cell.share:.1%}" if cell.share is not None else ""
        minimum = f"at least {cell.minimum:,} items" if cell.minimum is not None else ""
        out.print(f"    {in_words(cell.where):<40}{', '.join(part for part in (share, minimum) if part)}", markup=False)
    limits = [
        f"tolerance {target.tolerance:.1%}, all shares together at {target.confidence:.0%}",
        f"at most {target.largest_source:.1%} from one source",
        f"at most {target.undeclared:.1%} undeclared",
        f"at most {target.duplicates:.1%} near duplicates in each source",
        f"a licence for every item: {', '.join(target.licences) or 'any'}",
        "a consent for every item" if target.consent else "consent: not asked for",
        f"languages: {', '.join(guideline.languages) or 'not asked for'}",
        f"because: {target.because}",
    ]
    for limit in limits:
        out.print(f"    {limit}", markup=False)


def _show_probes(row: ProbeGuideline) -> None:
    needed = "none will" if row.needed is None else f"{row.needed:,}"
    note = "" if row.enough else f"   too few: they can show {row.best:.2%} at best"
    line = f"  {row.clause:<28}{row.rate:<18}{row.max:>9.2%}{row.confidence:>7.0%}{needed:>9}{row.there:>8,}{note}"
    out.print(line, markup=False)


@policy_application.command("check-data")
def check_data(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="JSONL or CSV, one item per line.")],
    workspace: WorkspaceArgument = HERE,
    clause: Annotated[str, typer.Option("--clause", metavar="ID", help="Only the targets of this clause.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Hold a data set's manifest against the data targets of the active clauses.

    Attributes are what contributors declare. Nothing is inferred from a picture, a voice or a name.
    Ends with 1 where anything is missed or unclear.
    """
    policies, launch = read_product(workspace), read_launch(workspace)
    targets = targets_of(policies, clause or None)
    languages = {row.id: languages_needed(row, target, launch) for row, target in targets}
    reports = check_manifest(read_manifest(manifest), targets, languages)
    if as_json:
        rows = [report.model_dump(mode="json") | {"standing": report.standing.value} for report in reports]
        print(json.dumps(rows, ensure_ascii=False))
    else:
        for report in reports:
            _show_report(report)
    if any(report.standing is not Standing.MET for report in reports):
        raise typer.Exit(PROBLEMS)


def _show_report(report: TargetReport) -> None:
    out.print(f"{report.clause}, target {report.target}: {report.standing}", markup=False)
    out.print(f"  {report.items:,} items, {report.distinct:,} of them repeat no other", markup=False)
    if report.cells:
        out.print(f"\n  {'declared':<40}{'count':>6}{'share':>8}  {'interval':<16}{'asked for':<20}", markup=False)
    for cell in report.cells:
        _show_cell(cell)
    if sum(cell.asked is not None for cell in report.cells) > 1:
        note = f"each Wilson interval at {report.interval_confidence:.2%}, so that all hold at {report.confidence:.0%}"
        out.print(f"  ({note}: Bonferroni)", markup=False)
    measures = {
        "entropy (1 is even)": report.entropy,
        "distance to the shares asked for": report.distance,
        "largest cell over smallest": report.worst_ratio,
        "concentration of sources (Herfindahl)": report.concentration,
    }
    out.print("")
    for name, value in measures.items():
        out.print(f"  {name:<40}{'none' if value is None else f'{value:.3f}'}", markup=False)
    out.print(f"\n  {'source':<20}{'items':>7}{'share':>8}{'near duplicates':>17}{'repeats of others':>19}")
    for row in report.sources:
        line = f"{row.items:>7,}{row.share:>8.1%}{row.near_duplicate_rate:>17.1%}{row.repeats_of_others:>19,}"
        out.print(f"  {row.source:<20}{line}", markup=False)
    out.print("")
    for check in report.checks:
        out.print(f"  {check.standing:<9}{check.name}: {check.words}", markup=False)
    if report.mend:
        out.print("\n  What would mend it")
    for sentence in report.mend:
        out.print(f"  - {sentence}", markup=False)
    out.print("")


def _show_cell(cell: CellReport) -> None:
    interval = f"{cell.low:.1%} to {cell.high:.1%}"
    asked = " and ".join(
        part
        for part in (
            f"{cell.asked:.1%}" if cell.asked is not None else "",
            f"{cell.minimum:,} items" if cell.minimum is not None else "",
        )
        if part
    )
    line = f"{in_words(cell.where):<40}{cell.count:>6,}{cell.share:>8.1%}  {interval:<16}{asked:<20}{cell.standing}"
    out.print(f"  {line}", markup=False)
