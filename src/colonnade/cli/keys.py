"""``colonnade keys ...``: who may use the service, as what, until when."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from colonnade.cli.display import err, out
from colonnade.cli.options import HERE, WorkspaceArgument
from colonnade.guard import read_guard_configuration
from colonnade.guard.keys import ANYONE, StoredKey, hash_of, keys_file, new_key, read_keys, write_keys
from colonnade.pipeline import open_workspace
from colonnade.records import InputError
from colonnade.store import Store
from colonnade.store.lock import take_turns

keys_application = typer.Typer(no_args_is_help=True, help="API keys of the service: add, list, revoke.")

PATIENCE = 10.0
"""Seconds for which a change of the keys waits for another one."""

NAMED_BY_GRANTS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]*")
_SPELT = "a grant names letters from A to Z, digits, '.', '_', '@' and '-'"
_WRONG = {
    "id": "the name of a key has letters, digits, '.', '_' and '-', 200 at most, and begins with a letter or a digit.",
    "principal": "a principal has 1 to 200 characters.",
}


@keys_application.command()
def add(
    name: Annotated[str, typer.Argument(metavar="KEY", help="A name for the key, such as lab-laptop.")],
    principal: Annotated[str, typer.Option("--principal", help="Who asks with it; grants name the same.")],
    workspace: WorkspaceArgument = HERE,
    tier: Annotated[str, typer.Option(help="Of guard.yaml; by default the first.")] = "",
    purposes: Annotated[
        list[str] | None, typer.Option("--purpose", help="What it may be used for; by default the first of guard.yaml.")
    ] = None,
    until: Annotated[str, typer.Option("--until", metavar="YYYY-MM-DD", help="Its last day; by default none.")] = "",
    operator: Annotated[
        bool, typer.Option("--operator", help="It may read /metrics, and say something of answers to others.")
    ] = False,
) -> None:
    """Make a key and show it once: nothing that is kept brings it back. A running service takes it within a second."""
    opened = open_workspace(workspace)
    configuration = read_guard_configuration(opened.folder / "guard.yaml")
    for kind, names, known in (
        ("tier", [tier or configuration.tiers[0]], configuration.tiers),
        ("purpose", purposes or [], configuration.purposes),
    ):
        for each in names:
            if each not in known:
                raise InputError(f"the guard knows no {kind} '{each}'.", mend=f"Choose one of {', '.join(known)}.")
    last = _last(until) if until else None
    _check_principal(principal, read_keys(keys_file(opened.folder)))
    key = new_key()
    try:
        row = StoredKey(
            id=name,
            hash=hash_of(key),
            principal=principal,
            tier=tier or configuration.tiers[0],
            purposes=tuple(dict.fromkeys(purposes or configuration.purposes[:1])),
            until=last,
            added=_today(),
            operator=operator,
        )
    except ValidationError as fault:
        raise InputError(
            _WRONG.get(str(fault.errors()[0]["loc"][0]), str(fault)), mend="Nothing was written."
        ) from None
    with _changing(_file(opened.folder)) as (file, stored):
        if any(known.id == name for known in stored):
            raise InputError(f"there is a key '{name}' already.", file=file, mend="Choose another name.")
        write_keys(file, (*stored, row))
    if not NAMED_BY_GRANTS.fullmatch(principal):
        err.print(f"note: no grant can be for {principal}: {_SPELT}.", markup=False)
    what = f"{principal}, {row.tier}, for {', '.join(row.purposes)}{', and an operator' * operator}"
    err.print(f"'{name}' is {what}. It is shown once:", markup=False)
    print(key)


@keys_application.command("list")
def show(
    workspace: WorkspaceArgument = HERE,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Show every key: whose it is, for what, and whether it holds. Never the key itself."""
    stored, today = read_keys(_looked_for(workspace)), _today()
    if as_json:
        rows = [{**key.model_dump(mode="json", exclude={"hash"}), "state": _state(key, today)} for key in stored]
        print(json.dumps(rows, ensure_ascii=False))
        return
    for key in stored:
        what = f"{key.principal}, {key.tier}, for {', '.join(key.purposes)}{', operator' * key.operator}"
        out.print(f"{key.id:<20}{_state(key, today):<10}{what}", markup=False)
    if not stored:
        out.print("There are no keys: the service answers on the loopback interface only.")


@keys_application.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="KEY", help="The name of the key.")],
    workspace: WorkspaceArgument = HERE,
) -> None:
    """End a key; a running service knows within a second. Its line stays, so that rows can be understood."""
    file = _looked_for(workspace)
    if not file.exists():
        raise InputError(f"there is no key '{name}'.", file=file, mend="There are none at all.")
    with _changing(file) as (file, stored):
        before = _end(name, file, stored)
    told = f"has held no more since {before}; nothing was written" if before else "holds no more"
    out.print(f"'{name}' {told}.", markup=False)


def _end(name: str, file: Path, stored: tuple[StoredKey, ...]) -> date | None:
    """End the key; or the day on which it was ended before."""
    found = next((key for key in stored if key.id == name), None)
    if found is None:
        known = f"The keys are {', '.join(key.id for key in stored)}." if stored else "There are none at all."
        raise InputError(f"there is no key '{name}'.", file=file, mend=known)
    if found.revoked is None:
        ended = found.model_copy(update={"revoked": _today()})
        write_keys(file, (ended if key.id == name else key for key in stored))
    return found.revoked


@contextmanager
def _changing(file: Path) -> Iterator[tuple[Path, tuple[StoredKey, ...]]]:
    """The keys, with everybody else kept out: of two changes at once one would undo the other, an end among them."""
    with take_turns(file.parent, PATIENCE):
        yield file, read_keys(file)


def _check_principal(principal: str, stored: Sequence[StoredKey]) -> None:
    """One name in two spellings is two principals: caps are counted apart, and a suspension of one spares the other."""
    if not principal.isprintable() or principal != principal.strip():
        what = f"a principal is one line without blanks at its ends or control characters, and {principal!r} is not."
        raise InputError(what, mend="Nothing was written.")
    if _alike(principal) == _alike(ANYONE.name):
        what = f"'{principal}' is what whoever asks is called where there are no keys."
        raise InputError(what, mend="Choose another name for the principal.")
    for key in stored:
        if key.principal != principal and _alike(key.principal) == _alike(principal):
            what = f"'{principal}' would be somebody else than '{key.principal}', whom the key '{key.id}' names."
            raise InputError(what, mend=f"Write '{key.principal}', or a name that nobody takes for it.")


def _alike(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _file(workspace: Path) -> Path:
    # The workspace's own folder, with what keeps it out of version control.
    Store(workspace).close()
    return keys_file(workspace)


def _looked_for(workspace: Path) -> Path:
    """The file of keys, there or not; policies that cannot be read must not keep anybody from ending a key."""
    if not (workspace / "launch.yaml").is_file():
        open_workspace(workspace)  # says what is wrong with it
    return keys_file(workspace)


def _state(key: StoredKey, today: date) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.until is not None and key.until < today else "holds"


def _today() -> date:
    return datetime.now(UTC).date()


def _last(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not a day.", mend="Write it like 2027-06-30.") from None
    if day < _today():
        raise InputError(f"{day} is over: this key would never hold.", mend="Give '--until' a day to come.")
    return day
