"""Look for everything that is missing or contradicts itself, before anybody runs anything."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.display import out
from colonnade.cli.files import check_writable, write_file
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import PROBLEMS, policy_application
from colonnade.policy.findings import Finding, Importance
from colonnade.policy.linting import counts, lint
from colonnade.policy.sarif import to_sarif

_COLOURS = {Importance.ERROR: "red", Importance.WARNING: "yellow", Importance.NOTE: "dim"}


@policy_application.command("lint")
def lint_policies(
    workspace: WorkspaceArgument = HERE,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0, for CI.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let notes count as problems, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say everything that is missing from the policies, or wrong in them. Ends with 1 on an error or a warning."""
    if sarif is not None:
        check_writable(sarif)
    findings = lint(workspace, datetime.now(UTC).date())
    if sarif is not None:
        log = to_sarif(findings, Path.cwd(), metadata.version("colonnade"))
        write_file(sarif, json.dumps(log, indent=1, ensure_ascii=False) + "\n")
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], ensure_ascii=False))
    else:
        for finding in findings:
            _show(finding)
        counted = counts(findings)
        out.print(", ".join(f"{number} {importance}{'s' * (number != 1)}" for importance, number in counted.items()))
    if any(strict or finding.importance is not Importance.NOTE for finding in findings):
        raise typer.Exit(PROBLEMS)


@policy_application.command("example")
def show_example() -> None:
    """Print a whole policy file with one clause, to copy and change."""
    text = (resources.files("colonnade.cli") / "starter" / "policies" / "readers.md").read_text(encoding="utf-8")
    front, first, *_ = re.split(r"(?m)^(?=## )", text)
    typer.echo((front + first).rstrip())


def _show(finding: Finding) -> None:
    place = f"{finding.file}, line {finding.line}" if finding.line else finding.file
    out.print(f"[{_COLOURS[finding.importance]}]{finding.importance:<8}[/]", end="")
    out.print(f"{place}: {finding.sentence}", markup=False)
    out.print(f"        {finding.mend} ({finding.rule})", markup=False)
