"""What customers say of answers, by the clause that decided."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from colonnade.cli.audit_options import (
    KeysOption,
    SecretOption,
    SecretVariableOption,
    WordsOption,
    find_log,
    key_ring,
)
from colonnade.cli.display import counted, out, visible
from colonnade.cli.options import JsonOption, WorkspaceArgument
from colonnade.cli.policy.application import policy_application
from colonnade.pipeline import feedback, open_workspace
from colonnade.pipeline.feedback import Sealed, Words
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.feedback_queue import Queue, by_clause
from colonnade.records import Feedback, InputError


@policy_application.command("queue")
def queue(
    workspace: WorkspaceArgument = Path(),
    close: Annotated[str, typer.Option("--close", metavar="ID", help="Close one; needs --as and --reason.")] = "",
    accept: Annotated[
        str, typer.Option("--accept", metavar="ID", help="Say that the answer was wrong, and print the example row.")
    ] = "",
    propose: Annotated[
        bool, typer.Option("--propose", help="With --accept: put the request into the renewing loop's queue, too.")
    ] = False,
    person: Annotated[str, typer.Option("--as", metavar="NAME", help="Who decides.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, in a sentence.")] = "",
    log: WordsOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    as_json: JsonOption = False,
) -> None:
    """List what customers say of answers, by clause; close one, or accept it as an example of the clause."""
    if close and accept:
        raise InputError("one is closed or accepted, not both.", mend="Give '--close' or '--accept'.")
    if propose and not accept:
        raise InputError("only what is accepted can be proposed.", mend="Give '--accept ID' with it.")
    if (person or reason) and not (close or accept):
        raise InputError("there is nothing to decide.", mend="Give '--close ID' or '--accept ID' with it.")
    opened, now = open_workspace(workspace), datetime.now(UTC)
    feedback.check_person(opened, person)
    sealed = _sealed(opened, log, keys, secret, secret_variable)
    if close:
        done = feedback.close(workspace, close, person, reason, now)
        out.print(f"{done.feedback} is {done.decision}: {done.because}", markup=False)
    elif accept:
        _accept(opened, accept, person, reason, sealed, propose)
    else:
        _list(opened, feedback.queue_of(workspace), sealed, as_json)


def _accept(opened: Workspace, name: str, person: str, reason: str, sealed: Sealed | None, propose: bool) -> None:
    now = datetime.now(UTC)
    row = feedback.undecided(opened.folder, name)
    words = feedback.words_of(row, sealed)
    entry = feedback.propose(opened, row, words.asked, person, now) if propose else None
    feedback.accept(opened.folder, name, person, reason, now)
    clause = opened.policies.clause(row.clause)
    where = f"{clause.file}, line {clause.line}" if clause is not None else f"no clause is called '{row.clause}' now"
    out.print(f"{name} is accepted. An example for {row.clause} ({where}):", markup=False)
    print(feedback.example_row(row, clause, words.asked))
    if words.asked is None:
        out.print("The request itself cannot be read here: write one like it in the place of the dots.")
    if entry is not None:
        out.print(f"{entry.id} waits for somebody else than {person} to confirm it as a prompt.", markup=False)


def _list(opened: Workspace, queue: Queue, sealed: Sealed | None, as_json: bool) -> None:
    groups = by_clause(queue.open, opened.policies)
    words = {row.id: feedback.words_of(row, sealed) for row in queue.open}
    if as_json:
        told = [
            {
                "clause": group.name,
                "file": group.clause.file if group.clause else None,
                "line": group.clause.line if group.clause else None,
                "count": len(group.entries),
                "entries": [row.model_dump(mode="json") | words[row.id]._asdict() for row in group.entries],
            }
            for group in groups
        ]
        print(json.dumps({"waiting": told, "decided": len(queue.feedback) - len(queue.open)}, ensure_ascii=False))
        return
    for group in groups:
        title = f": {group.clause.title}  {group.clause.file}, line {group.clause.line}" if group.clause else ""
        out.print(f"[bold]{len(group.entries)}[/] ", end="")
        out.print(f"{group.name}{title}", markup=False)
        for row in group.entries:
            _show(row, words[row.id])
    decided = len(queue.feedback) - len(queue.open)
    out.print(f"{counted(len(queue.open), 'waits', 'wait')}, {counted(decided, 'was', 'were')} decided.")


def _show(row: Feedback, words: Words) -> None:
    ruling = row.ruling
    level = f" at {ruling.level}" if ruling.level else ""
    who = ", said by an operator" if row.by_operator else ""
    out.print(
        f"    {row.id}  {row.at:%Y-%m-%d %H:%M}  {ruling.side} {ruling.action}{level},"
        f" {ruling.tier} for {ruling.purpose}{who}",
        markup=False,
    )
    if words.said is not None:
        out.print(f"        “{visible(words.said)}”", markup=False)
    if words.asked is not None:
        out.print(f"        asked: {visible(words.asked)}", markup=False)
    if words.said is None and words.asked is None:
        out.print("        its words cannot be read here: erased, never kept, or the keys are elsewhere")


def _sealed(
    opened: Workspace, log: Path | None, keys: Path | None, secret: Path | None, variable: str
) -> Sealed | None:
    if log is None and keys is None and secret is None and not variable:
        return feedback.own_log(opened)
    found = find_log(log or opened.folder)
    return Sealed(found.log, key_ring(found, keys, secret, variable))
