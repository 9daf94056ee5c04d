"""A workspace with people and a grant that they sign from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from colonnade.cli.access import access_application
from colonnade.records import Cell, ColonnadeError, Level
from colonnade.store.statements import new_key
from tests.workspaces import GUARD, write_workspace

ROLES = {"ana": "safety", "bo": "security", "ren": "review", "dee": "press", "sam": "safety"}
ACCESS = "access: {approvers: [safety, security], reviewers: [review], log: .colonnade/uses.jsonl, review_share: 0.5}\n"
TODAY = datetime.now(UTC).date()
UNTIL = TODAY + timedelta(days=90)


def write_access_workspace(home: Path) -> None:
    """``home/w``, with a key for each person beside it."""
    rows = "".join(
        f"  - {{id: {name}, roles: [{role}], key: {new_key(home / name)}}}\n" for name, role in ROLES.items()
    )
    files = {"people.yaml": f"people:\n{rows}", "guard.yaml": GUARD + ACCESS}
    write_workspace(home / "w", files)
    (home / "letter.txt").write_text("The workshop asks key-7 to repair its own locks.")


def invoke(*arguments: object) -> Result:
    done = CliRunner().invoke(access_application, [str(part) for part in arguments])
    if isinstance(done.exception, ColonnadeError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def ask(home: Path, name: str = "locks", **changes: object) -> str:
    options = {
        "subject": "key-7",
        "topic": "doors.entry",
        "level": "actionable",
        "purpose": "repair",
        "until": UNTIL,
        "evidence": home / "letter.txt",
        "reason": "repairs of our own locks",
    } | changes
    flat = [part for key, value in options.items() for part in (f"--{key.replace('_', '-')}", value)]
    done = invoke("request", name, home / "w", *flat)
    assert done.exit_code == 0, done.output
    return done.output


def sign(home: Path, act: str, person: str, *more: object, name: str = "locks") -> str:
    return invoke(act, name, home / "w", "--as", person, "--key", home / person, *more).output


def listed(home: Path) -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(invoke("list", home / "w", "--json").output)
    return rows


def state(home: Path) -> str:
    return str(listed(home)["grants"][0]["state"])


def active(home: Path, **changes: object) -> None:
    ask(home, **changes)
    sign(home, "approve", "ana")
    sign(home, "approve", "bo")


def cell(level: Level = Level.MECHANISM) -> Cell:
    return Cell(
        topic="doors.entry",
        level=level,
        tier="guest",
        purpose="repair",
        action="deflect",  # type: ignore[arg-type]  # pydantic makes the action of it
        rule="doors.entry",
        grantable=True,
    )
