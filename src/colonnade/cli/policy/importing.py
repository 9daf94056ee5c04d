"""Somebody else's policy, turned into policy files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_place
from colonnade.cli.options import JsonOption
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.policy.import_report import report_text
from colonnade.policy.markdown_import import OWNER, REPORT, Imported, import_markdown, write_import
from colonnade.records import Pillar


@policy_application.command("import-markdown")
def import_policy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A Markdown document with headings.")],
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where policies/ and the report go.")],
    pillar: Annotated[Pillar, typer.Option("--pillar", help="Of every policy written.")] = Pillar.GOVERNANCE,
    as_json: JsonOption = False,
) -> None:
    """Turn a Markdown policy with headings like '## Title {#id}' into draft policy files, losing no id or paragraph."""
    check_place(directory, "policies")
    imported = import_markdown(file, pillar)
    written = write_import(imported, report_text(imported), directory)
    if as_json:
        print(json.dumps(_summary(imported, written), ensure_ascii=False))
    else:
        _show(imported, written)
    if imported.lost:
        raise typer.Exit(PROBLEMS)


def _summary(imported: Imported, written: tuple[Path, ...]) -> dict[str, object]:
    return {
        "files": [str(file) for file in written],
        "paragraphs": imported.paragraphs,
        "clauses": {row.id: list(row.heading.ids) for row in imported.clauses},
        "kept": [row._asdict() for row in imported.kept],
        "headings": [{"line": line, "title": title} for line, title in imported.headings],
        "references": {clause: list(names) for clause, names in imported.references},
        "lost": list(imported.lost),
    }


def _show(imported: Imported, written: tuple[Path, ...]) -> None:
    ids = sum(len(row.heading.ids) for row in imported.clauses)
    out.print(f"Read {imported.name}; paragraphs: {imported.paragraphs:,}, ids: {ids:,}", markup=False)
    for policy, file in zip(imported.policies, written, strict=False):
        out.print(f"  {file}  clauses: {len(policy.clauses)}", markup=False)
    if imported.kept:
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(row.kind for row in imported.kept).most_common())
        out.print(f"\nKept and not read, since no clause can hold it: {kinds}", markup=False)
    for row in imported.kept:
        out.print(f"  line {row.line:<6}{row.kind:<14}{row.clause:<50}  {row.words}", markup=False)
    bare = [row.id for row in imported.clauses if row.bare]
    if bare:
        out.print(f"\nWithout prose of their own, so that their title stands there: {', '.join(bare)}", markup=False)
    if imported.headings:
        lines = ", ".join(str(line) for line, _ in imported.headings)
        out.print(f"\nHeadings without an id, left in the prose: lines {lines}", markup=False)
    if imported.references:
        count = sum(len(names) for _, names in imported.references)
        out.print(f"\nFootnotes referred to that stand elsewhere: {count}, see the report", markup=False)
    lost = f"in no file: words of lines {', '.join(map(str, imported.lost))}" if imported.lost else "nothing is lost"
    out.print(f"\nClauses: {len(imported.clauses)}, files: {len(imported.policies)}; {lost}.", markup=False)
    out.print(
        f"All are drafts, owned by '{OWNER}', 'required' and of severity 'medium', with one question made of the"
        f" title: people must decide these. See {written[-1].parent / REPORT}",
        markup=False,
    )
