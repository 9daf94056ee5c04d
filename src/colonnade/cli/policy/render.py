"""Write clauses down in another form: for judges, guards, trainers, people, and compliance tools."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import err, out
from colonnade.cli.files import check_writable, write_file
from colonnade.cli.options import HERE, WorkspaceArgument
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.cli.policy.profiles import profile_review
from colonnade.policy import read_policies, read_product
from colonnade.policy.forms import FORMS, edition_of, form_named, outdated_clauses
from colonnade.policy.profiles import read_profile, resolve_profile
from colonnade.records import InputError, PolicySet
from colonnade.records.reading import read_text


@policy_application.command("render")
def render(
    form: Annotated[str, typer.Argument(metavar="FORM", help=f"One of {', '.join(FORMS)}.")],
    workspace: WorkspaceArgument = HERE,
    clause: Annotated[
        list[str] | None, typer.Option("--clause", metavar="ID", help="A clause to render; by default all active ones.")
    ] = None,
    profile: Annotated[
        str, typer.Option("--profile", metavar="NAME", help="Render what this profile makes of the clauses.")
    ] = "",
    day: Annotated[
        str, typer.Option("--on", metavar="YYYY-MM-DD", help="The day it is rendered for; by default today.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where it is written; by default to standard output.")
    ] = None,
    copy: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Write nothing; say whether this copy is current.")
    ] = None,
) -> None:
    """Render clauses as a judge's prompt, a guard's rule, a page, OSCAL, CycloneDX and more."""
    if file is not None:
        check_writable(file)
    chosen = form_named(form)
    edition = edition_of(_policies(workspace, profile), _day(day), clause or ())
    if copy is not None:
        outdated = outdated_clauses(chosen, edition, read_text(copy))
        for identifier in outdated:
            out.print(f"outdated: {identifier}", markup=False)
        if outdated:
            raise typer.Exit(PROBLEMS)
        out.print(f"current: {copy}", markup=False)
        return
    text = chosen.render(edition).encode("utf-8")
    if file is None:
        typer.echo(text, nl=False)
        return
    write_file(file, text)


def _policies(workspace: Path, name: str) -> PolicySet:
    """The library, or what a profile makes of it; a loosening that needs approval is never silent."""
    if not name:
        return read_product(workspace)
    library = read_policies(workspace)
    profile, located = read_profile(workspace, name)
    resolved = resolve_profile(library, profile, located)
    for need in resolved.needs_quorum if profile_review(workspace, resolved).review.state != "approved" else ():
        err.print(f"warning: profile '{name}' needs approval for {need.clause}: {need.what}", markup=False)
    return resolved.policies


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
