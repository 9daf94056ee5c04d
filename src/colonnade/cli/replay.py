"""``colonnade guard replay``: yesterday's requests against tomorrow's policies, before they go live."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, NamedTuple

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from colonnade.cli.audit_options import (
    Found,
    KeysOption,
    SecretOption,
    SecretVariableOption,
    find_log,
    is_workspace,
    key_ring,
)
from colonnade.cli.display import counted, err, out, visible
from colonnade.cli.options import HERE, JsonOption, WorkspaceOption
from colonnade.guard import read_guard_configuration
from colonnade.guard.replaying import Cost, Exchange, Outcome, Replayed, Should, Unread, cost
from colonnade.pipeline import open_workspace
from colonnade.pipeline.recording import log_places
from colonnade.pipeline.replay_labels import Labels, labels_of_file
from colonnade.pipeline.replaying import (
    Policies,
    Replaying,
    exchanges_of_file,
    exchanges_of_log,
    is_log,
    replay_all,
)
from colonnade.pipeline.workspace import Workspace
from colonnade.policy.revisions import is_revision
from colonnade.records import InputError, PolicySet, Ruling
from colonnade.store.log import KeyRing

CHANGED = 1
"""Exit status with ``--fail-on-change`` where an answer changes."""

_MOST = 40
_WIDTH = 90
_CAUSES = {
    "table": "the policies say otherwise",
    "detectors": "the detectors find otherwise",
    "both": "the policies and the detectors",
    "grants": "a grant opens it on one side only",
}
_COSTS: tuple[tuple[Should, str, str], ...] = (
    ("allow", "refused though people say it is right", "newly refused"),
    ("refuse", "let through though people say it is not", "newly let through"),
)


PlaceArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE|LOG]",
        help="A JSONL file of requests, an audit log, or a workspace with one; by default the workspace's own.",
    ),
]
AfterOption = Annotated[
    str,
    typer.Option(
        "--against", "--revision", metavar="REV|FOLDER", help="Tomorrow's policies; by default the workspace's."
    ),
]
BeforeOption = Annotated[
    str,
    typer.Option(
        "--from", metavar="REV|FOLDER", help="Yesterday's; by default what the log says, and HEAD for a file."
    ),
]
LabelsOption = Annotated[
    Path | None, typer.Option("--labels", metavar="FILE", help='JSONL of {"id", "should": "allow"|"refuse"}.')
]
ShowOption = Annotated[bool, typer.Option("--show", help="Print what was asked beside each change.")]
FailOption = Annotated[bool, typer.Option("--fail-on-change", help="End with 1 if an answer changes.")]


def replay(
    place: PlaceArgument = None,
    workspace: WorkspaceOption = HERE,
    against: AfterOption = "",
    before: BeforeOption = "",
    labels: LabelsOption = None,
    keys: KeysOption = None,
    secret: SecretOption = None,
    secret_variable: SecretVariableOption = "",
    show: ShowOption = False,
    fail_on_change: FailOption = False,
    as_json: JsonOption = False,
) -> None:
    """Rule on yesterday's requests and answers again, and list every answer that would change, with both costs."""
    if place is not None and workspace == HERE and is_workspace(place):
        workspace = place
    opened, started = open_workspace(workspace), perf_counter()
    place, ring = _place(opened, place, _Keys(keys, secret, secret_variable))
    exchanges = _exchanges(opened, place, labels, ring)
    if not exchanges:
        raise InputError("there is no request in it, so nothing can be replayed.", file=place, mend="Name another.")
    replaying = Replaying(opened)
    after = replaying.at(against) if against else replaying.now()
    then = _before(replaying, place, workspace, before)
    for sentence in (*after.unread, *(then.unread if then is not None else ())):
        err.print(f"note: {sentence}", markup=False)
    rows = asyncio.run(_all(exchanges, then, after))
    changed = [row for row in rows if isinstance(row, Replayed) and row.changed]
    names = then.name if then is not None else "the log", after.name
    if as_json:
        print(json.dumps(_plain(rows, changed, names, show), ensure_ascii=False))
    else:
        _show(rows, changed, names, opened.policies, show)
        out.print(f"{len(rows)} replayed in {perf_counter() - started:.1f} s.")
    raise typer.Exit(CHANGED if fail_on_change and changed else 0)


class _Keys(NamedTuple):
    """The keys that the command line names."""

    keys: Path | None
    secret: Path | None
    variable: str


def _exchanges(opened: Workspace, place: Path, labels: Path | None, ring: KeyRing | None) -> Sequence[Exchange]:
    said = labels_of_file(labels) if labels is not None else Labels()
    if is_log(place):
        return exchanges_of_log(place, ring, said)
    if not place.is_file():
        raise InputError("there is no such file, and no audit log here.", file=place, mend="Name one that exists.")
    rows = exchanges_of_file(place, read_guard_configuration(opened.folder / "guard.yaml"))
    said.check({row.id for row in rows}, "file")
    return [row._replace(should=said.said.get(row.id, row.should)) for row in rows]


def _place(opened: Workspace, place: Path | None, named: _Keys) -> tuple[Path, KeyRing | None]:
    """What is replayed, with the keys that were named, or those of the workspace for its own log."""
    if place is not None and not is_log(place) and not is_workspace(place):
        return place, None
    found, own = find_log(place or opened.folder), log_places(opened.folder)
    if own is not None and own.log.is_dir() and own.log.samefile(found.log):
        found = Found(found.log, own)
    if named == _Keys(None, None, "") and (found.own is None or not found.own.people.is_dir()):
        return found.log, None
    return found.log, key_ring(found, *named)


def _before(replaying: Replaying, place: Path, workspace: Path, name: str) -> Policies | None:
    """The policies before; none where the log itself says what came of everything."""
    if name:
        return replaying.at(name)
    if is_log(place):
        return None
    if not is_revision(workspace, "HEAD"):
        what = "a file does not say what came of its requests, and this workspace is in no git repository."
        raise InputError(what, mend="Name yesterday's policies with '--from FOLDER'.")
    return replaying.at("HEAD")


async def _all(exchanges: Sequence[Exchange], then: Policies | None, after: Policies) -> list[Replayed | Unread]:
    rows = []
    columns = TextColumn("  {task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        task = bars.add_task("replaying", total=len(exchanges))
        async for row in replay_all(exchanges, then, after):
            rows.append(row)
            bars.advance(task)
    return rows


# --- what is said ----------------------------------------------------------------------------------


def _show(
    rows: Sequence[Replayed | Unread],
    changed: Sequence[Replayed],
    names: tuple[str, str],
    policies: PolicySet,
    show: bool,
) -> None:
    for clause, group in _by_clause(changed):
        found = policies.clause(clause)
        title = f": {found.title}  {found.file}, line {found.line}" if found is not None else ""
        out.print(f"{_counted(group)}: ", end="", style="bold", markup=False)
        out.print(f"{clause}{title}", markup=False)
        for row in group[:_MOST]:
            out.print(f"    {row.exchange.id:<38}{_in_words(row.before)} -> {_in_words(row.after)}", markup=False)
            note = f"; people say {row.exchange.should}" if row.exchange.should else ""
            out.print(f"        {_CAUSES[row.cause or 'both']}: {row.after.ruling.reason}{note}", markup=False)
            if show and row.exchange.request:
                out.print(f"        asked: {_short(row.exchange.request[-1])}", markup=False)
        if len(group) > _MOST:
            out.print(f"    and {len(group) - _MOST} more; '--json' lists them all")
    replayed = [row for row in rows if isinstance(row, Replayed)]
    change = "changes" if len(changed) == 1 else "change"
    if changed:
        out.print()
    out.print(
        f"{len(changed)} of {counted(len(replayed), 'answer')} {change}, from {names[0]} to {names[1]}.", markup=False
    )
    for why, number in sorted(Counter(_CAUSES[row.cause or "both"] for row in changed).items()):
        out.print(f"    {number} because {why}")
    _show_unsure(rows, replayed)
    for should, meaning, newly in _COSTS:
        _show_cost(cost(replayed, should), meaning, newly)


def _show_unsure(rows: Sequence[Replayed | Unread], replayed: Sequence[Replayed]) -> None:
    """What the totals do not cover, said rather than left out."""
    for why, number in sorted(_unread(rows).items()):
        out.print(f"{number} could not be replayed: {_WHY[why]}.")
    partly = sum(not row.before.whole or not row.after.whole for row in replayed)
    if partly:
        out.print(f"{partly} were replayed without all of their answers: those were erased.")
    unmade = sum(_unmade(row) for row in replayed)
    if unmade:
        out.print(f"{unmade} would go to the model for the first time: what it would answer is not known.")


def _show_cost(found: Cost | None, meaning: str, newly: str) -> None:
    if found is None:
        return
    before, after, difference = found.before, found.after, found.difference
    out.print(f"\nOf {found.labelled} labelled, {meaning}:")
    out.print(f"    before {before.estimate:7.2%} ({before.low:.2%} to {before.high:.2%})")
    out.print(f"    after  {after.estimate:7.2%} ({after.low:.2%} to {after.high:.2%})")
    out.print(f"    change {difference.estimate:+7.2%} ({difference.low:+.2%} to {difference.high:+.2%}):", end="")
    out.print(f" {found.newly} {newly}, {found.no_longer} no longer")


_WHY = {
    "erased": "their contents were erased, or their keys were not given",
    "not kept": "their contents were never kept",
    "system prompt": "they began with a registered system prompt that is registered no more, and whose words are gone",
    "no ruling": "the log has no ruling of theirs that can be read; '--from' rules on them anew",
}


def _plain(
    rows: Sequence[Replayed | Unread], changed: Sequence[Replayed], names: tuple[str, str], show: bool
) -> dict[str, Any]:
    replayed = [row for row in rows if isinstance(row, Replayed)]
    costs = {should: cost(replayed, should) for should, _, _ in _COSTS}
    return {
        "from": names[0],
        "to": names[1],
        "replayed": len(replayed),
        "unread": _unread(rows),
        "without_all_answers": sum(not row.before.whole or not row.after.whole for row in replayed),
        "answers_not_known": sum(_unmade(row) for row in replayed),
        "changed": [_plain_row(row, show) for row in changed],
        "clauses": {clause: dict(Counter(map(_way, group))) for clause, group in _by_clause(changed)},
        "costs": {
            name: None
            if row is None
            else {key: part._asdict() if hasattr(part, "_asdict") else part for key, part in row._asdict().items()}
            for name, row in costs.items()
        },
    }


def _plain_row(row: Replayed, show: bool) -> dict[str, Any]:
    told = {
        "id": row.exchange.id,
        "clause": row.clause,
        "cause": row.cause,
        "should": row.exchange.should,
        "before": _plain_ruling(row.before.ruling),
        "after": _plain_ruling(row.after.ruling),
    }
    return told | {"asked": row.exchange.request} if show else told


def _plain_ruling(ruling: Ruling) -> dict[str, Any]:
    return ruling.model_dump(
        mode="json", include={"side", "topic", "level", "action", "rule", "reason", "cap", "grant", "similarity"}
    )


def _by_clause(changed: Iterable[Replayed]) -> list[tuple[str, list[Replayed]]]:
    groups: dict[str, list[Replayed]] = {}
    for row in changed:
        groups.setdefault(row.clause, []).append(row)
    return sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))


def _counted(group: Sequence[Replayed]) -> str:
    return ", ".join(f"{number} {way}" for way, number in sorted(Counter(map(_way, group)).items()))


def _way(row: Replayed) -> str:
    if row.before.allowed == row.after.allowed:
        return "answered otherwise"
    return "newly let through" if row.after.allowed else "newly refused"


def _unread(rows: Iterable[Replayed | Unread]) -> dict[str, int]:
    return dict(Counter(str(row.why) for row in rows if isinstance(row, Unread)))


def _unmade(row: Replayed) -> bool:
    """Whether the request was refused before and is not after, so that its answer was never made."""
    return (
        row.before.ruling.side == "request"
        and not row.before.allowed
        and row.after.allowed
        and not row.exchange.replies
    )


def _in_words(outcome: Outcome) -> str:
    ruling = outcome.ruling
    level = f" at {ruling.level}" if ruling.level else ""
    cap = f", up to {ruling.cap}" if ruling.cap else ""
    return f"{ruling.side} {ruling.action}{cap} ({ruling.rule}{level})"


def _short(text: str) -> str:
    line = " ".join(visible(text).split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
