"""``colonnade capability ...``: general questions taken in, and listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.options import HERE, JsonOption
from colonnade.evaluation.capability import read_suites
from colonnade.evaluation.capability.importing import SOURCES, import_suite, source_named, write_suite
from colonnade.records import InputError

capability_application = typer.Typer(
    no_args_is_help=True, help="Take in general questions, which show what training has cost."
)


@capability_application.command("import")
def import_named(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of 'colonnade capability sources'.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file as it is published.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="The workspace.")] = HERE,
    sample: Annotated[int, typer.Option(min=0, help="How many questions; 0 for all, which can take long.")] = 100,
    seed: Annotated[int, typer.Option(help="The same seed draws the same questions.")] = 0,
    call_it: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="What the suite is called in this workspace; NAME by default."),
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier suite of this name.")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="Take a file of another size than published.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a sample of a public suite into capability/, with its licence and source. Or write nothing."""
    if not (workspace / "launch.yaml").is_file():
        raise InputError("there is no launch.yaml here.", file=workspace, mend="Name a workspace with '--workspace'.")
    imported = import_suite(source_named(name), file, sample, seed)
    if imported.size and not partial:
        mend = "Fetch the whole file, or say '--partial'; nothing was written."
        raise InputError(f"{imported.size}.", file=file, mend=mend)
    written = write_suite(workspace, call_it or name, imported, replace)
    if as_json:
        found = {
            "file": str(written),
            "questions": len(imported.rows),
            "read": imported.read,
            "left_out": dict(imported.left_out),
            "size": imported.size,
            "licence": imported.heading.licence,
            "source": imported.heading.source,
        }
        print(json.dumps(found, ensure_ascii=False))
        return
    heading = imported.heading
    out.print(f"{heading.suite}: {heading.taken}; licence: {heading.licence}", markup=False)
    if imported.size:
        out.print(f"  another size: {imported.size}", markup=False)
    for reason, count in imported.left_out.items():
        out.print(f"  left out, {count:,}: {reason}", markup=False)
    out.print(f"Wrote {written}", markup=False)


@capability_application.command("list")
def list_suites(
    workspace: Annotated[Path, typer.Argument(metavar="[WORKSPACE]", help="A workspace.")] = HERE,
    as_json: JsonOption = False,
) -> None:
    """List the suites of a workspace, how their answers are found, and where they come from."""
    suites = read_suites(workspace)
    if as_json:
        rows = [
            {
                "name": one.name,
                "rule": one.rule,
                "questions": len(one.items),
                **one.heading.model_dump(exclude={"rule"}),
            }
            for one in suites
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for one in suites:
        heading = one.heading
        told = "; ".join(filter(None, (heading.suite, heading.taken, heading.licence, heading.source)))
        out.print(f"{one.name:<24}{one.rule:<8}{heading.language:<4}{len(one.items):>6,}  {told}", markup=False)
    if not any(one.kind == "free" for one in suites):
        out.print("No suite asks for free answers, so a model that declines everything would not show.")


@capability_application.command("sources")
def list_sources(as_json: JsonOption = False) -> None:
    """List what can be imported: each suite with its licence, its citation and its published sizes."""
    if as_json:
        rows = {
            name: {"title": one.title, "licence": one.licence, "citation": one.citation, "published": one.published}
            for name, one in SOURCES.items()
        }
        print(json.dumps(rows, ensure_ascii=False))
        return
    for name, one in SOURCES.items():
        out.print(f"{name:<16}{one.title}", markup=False)
        sizes = ", ".join(f"{size:,}" for size in one.published) or "not checked"
        for label, value in (("licence", one.licence), ("from", one.citation), ("rows", sizes)):
            out.print(f"    {label:<9}{value}", markup=False)
