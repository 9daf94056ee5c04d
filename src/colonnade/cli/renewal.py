"""``colonnade evaluate renew`` and what people do with its queue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from colonnade.cli.display import out, visible
from colonnade.cli.options import HERE, JsonOption, WorkspaceArgument, WorkspaceOption
from colonnade.evaluation.prompts import read_retirements, standing_retirements
from colonnade.evaluation.renewal import (
    SPEAKERS,
    AgeRate,
    Said,
    added_by,
    chance_of_failing,
    first_found,
    rates_by_age,
    rates_in_common,
)
from colonnade.pipeline import open_workspace
from colonnade.pipeline.adjudicating import confirm_entry, propose_candidate, reject_entry, show_entry
from colonnade.pipeline.judging import MEASURING
from colonnade.pipeline.regression import ask_retired
from colonnade.pipeline.renewing import Renewed, Settings
from colonnade.pipeline.renewing import renew as renew_workspace
from colonnade.pipeline.workspace import Workspace
from colonnade.records import (
    CandidatePrompt,
    Expected,
    Finding,
    InputError,
    PromptOrigin,
    QueueEntry,
    Retirement,
    Split,
)

FAILED = 1
"""Exit status where a retired prompt fails."""

EntryArgument = Annotated[str, typer.Argument(metavar="ID", help="An entry of the queue, q-....")]
PersonOption = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who you are; an id of people.yaml where there is one.")
]
ClauseOption = Annotated[str, typer.Option("--clause", metavar="ID", help="The clause that it tests.")]
ExpectedOption = Annotated[
    Expected | None, typer.Option("--expected", help="What a model that keeps to the clause does.")
]
TwinOption = Annotated[str, typer.Option("--twin", metavar="TEXT", help="What looks alike and expects the opposite.")]
ClusterOption = Annotated[
    str, typer.Option("--cluster", metavar="NAME", help="What it paraphrases: a cluster of the set, or a new name.")
]


def renew(
    workspace: WorkspaceArgument = HERE,
    sources: Annotated[
        list[Path] | None, typer.Option("--from", metavar="FILE", help="Candidates beside prompts/candidates/.")
    ] = None,
    rest: Annotated[Split, typer.Option("--rest", help="Where the half goes that is not sealed.")] = Split.DEVELOPMENT,
    speakers: Annotated[
        int, typer.Option("--after", min=2, help="So many checkpoints in a row uphold what retires.")
    ] = SPEAKERS,
    retired: Annotated[bool, typer.Option("--retired", help="Only list the retired prompts.")] = False,
    again: Annotated[
        bool,
        typer.Option("--again", help="Only ask the last checkpoint the retired prompts. Ends with 1 if one fails."),
    ] = False,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Show so many entries that wait.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Let what people confirmed join, retire what is saturated, queue what is new, and show what the round added."""
    if rest is Split.GATE:
        raise InputError("the other half cannot be sealed, too.", mend="Say '--rest development' or 'training'.")
    opened = open_workspace(workspace)
    today = datetime.now(UTC).date()
    if again:
        _ask_again(opened, today, as_json)
        return
    if retired:
        _show_retired(tuple(standing_retirements(read_retirements(workspace)).values()), as_json)
        return
    done = renew_workspace(opened, Settings(tuple(sources or ()), rest, speakers, dry_run), today)
    told = _told(done, opened, speakers)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(done, told, count, dry_run, speakers)


def show(name: EntryArgument, workspace: WorkspaceOption = HERE) -> None:
    """Show one entry whole, with the text of a sealed prompt and the answer: for your eyes, not for a file."""
    shown = show_entry(open_workspace(workspace), name)
    entry = shown.entry
    lines: list[tuple[str, Any]] = [("entry", entry.id), ("since", entry.since)]
    lines += [("because", f"{cause.why}: {cause.detail}") for cause in entry.causes]
    if shown.prompt is not None:
        prompt = shown.prompt
        lines += [("prompt", prompt.id), ("split", prompt.split), ("clause", prompt.clause)]
        lines += [("expected", prompt.expected), ("text", prompt.text)]
    if shown.transcript is not None:
        lines.append(("answer", shown.transcript.reply or shown.transcript.fault))
    lines += [(row.grader, f"{row.finding}: {row.reason}") for row in shown.verdicts]
    if entry.candidate is not None:
        content = entry.candidate.model_dump(mode="json", exclude_defaults=True)
        lines += [(key.replace("_", " "), value) for key, value in content.items()]
    lines += [("state", _state(entry))]
    for label, value in lines:
        out.print(f"{label:<16}{visible(str(value))}", markup=False)


def confirm(
    name: EntryArgument,
    person: PersonOption,
    workspace: WorkspaceOption = HERE,
    expected: ExpectedOption = None,
    clause: ClauseOption = "",
    twin: TwinOption = "",
    cluster: ClusterOption = "",
    finding: Annotated[Finding | None, typer.Option("--finding", help="What you found in the answer.")] = None,
) -> None:
    """Confirm an entry; a candidate joins with the next 'colonnade evaluate renew'."""
    entry = confirm_entry(open_workspace(workspace), name, person, Said(expected, clause, twin, cluster, finding))
    out.print(f"{entry.id} is confirmed by {person}.", markup=False)
    if entry.candidate is None:
        out.print("Nothing joins of itself. To write a prompt that follows from it:")
        out.print(f"colonnade evaluate propose TEXT --parent {entry.id} --as {person}", markup=False)
    elif not entry.candidate.twin:
        out.print("It has no twin: what it does to helpfulness will not be measured beside it.")


def reject(
    name: EntryArgument,
    person: PersonOption,
    reason: Annotated[str, typer.Option("--reason", help="Why it is no prompt for the set.")],
    workspace: WorkspaceOption = HERE,
) -> None:
    """Reject an entry, with the reason; it is not queued again."""
    entry = reject_entry(open_workspace(workspace), name, person, reason)
    out.print(f"{entry.id} is rejected by {person}.", markup=False)


def propose(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What a user might write.")],
    person: PersonOption,
    workspace: WorkspaceOption = HERE,
    parent: Annotated[
        str, typer.Option("--parent", metavar="ID", help="The prompt, entry or transcript that it came from.")
    ] = "",
    expected: ExpectedOption = None,
    clause: ClauseOption = "",
    twin: TwinOption = "",
    cluster: ClusterOption = "",
    language: Annotated[str, typer.Option("--language", help="The language of the text.")] = "en",
    origin: Annotated[
        PromptOrigin, typer.Option("--origin", help="Where the prompt comes from.")
    ] = PromptOrigin.AUTHORED,
) -> None:
    """Put a prompt of your own into the queue; somebody else confirms it."""
    candidate = CandidatePrompt(
        text=text,
        origin=origin.value,
        expected=expected,
        clause=clause,
        twin=twin,
        cluster=cluster,
        language=language,
        contributor=person,
        parent=parent,
    )
    entry = propose_candidate(open_workspace(workspace), candidate, datetime.now(UTC).date())
    out.print(f"{entry.id} waits for somebody else than {person}.", markup=False)


# --- what is said ----------------------------------------------------------------------------------


def _state(entry: QueueEntry) -> str:
    if entry.round is not None:
        return f"joined in round {entry.round}: {entry.split}"
    if entry.known:
        return f"the same text stands in '{entry.known}'"
    if entry.rejected_by:
        return f"rejected by {entry.rejected_by}: {entry.because}"
    if entry.held:
        return f"confirmed by {entry.confirmed_by}, held: {entry.held}"
    return f"confirmed by {entry.confirmed_by}" if entry.confirmed_by else "waits"


def _told(done: Renewed, workspace: Workspace, speakers: int) -> dict[str, Any]:
    """The whole turn as plain values."""
    last = done.rounds[-1] if done.rounds else None
    newest, confidence = done.history.newest, workspace.launch.evaluation.confidence
    retired = {row.prompt for row in done.retired}
    answers = done.history.answers
    return {
        "round": last.model_dump(mode="json") if last else None,
        "made_now": done.done is not None,
        "added": [row._asdict() for row in added_by(last, done.prompts)] if last else [],
        "without_twin": sum(
            prompt.round == last.number and prompt.twin is None for prompt in done.prompts if last is not None
        ),
        "rates": [row._asdict() for row in rates_by_age(newest, retired, MEASURING, confidence)] if newest else [],
        "in_common": [row._asdict() for row in rates_in_common(answers[0], answers[1], MEASURING, confidence)]
        if len(answers) > 1
        else [],
        "first_found": first_found(newest, MEASURING, last.number) if newest and last else [],
        "queued": len(done.queued),
        "superseded": done.superseded,
        "compared_by": done.compared_by,
        "waiting": [row.model_dump(mode="json", exclude_defaults=True) for row in done.queue if row.waits],
        "held": {row.id: row.held for row in done.queue if row.held},
        "spared": dict(done.retiring.spared),
        "speakers": done.retiring.speakers,
        "needed_speakers": speakers,
        "unreadable": done.history.unreadable,
        "retired": len(done.retired),
        "files": [str(file) for file in done.files],
    }


def _show(done: Renewed, told: dict[str, Any], count: int, dry_run: bool, speakers: int) -> None:
    _show_round(done, told)
    _show_rates(told)
    _show_retiring(done, told, speakers)
    _show_queue(done, told, count)
    if dry_run:
        out.print("Nothing was written.")
    elif told["files"]:
        out.print(f"Wrote {', '.join(told['files'])}", markup=False)


def _show_round(done: Renewed, told: dict[str, Any]) -> None:
    if not done.rounds:
        out.print("No round has added anything yet.")
        return
    last = done.rounds[-1]
    out.print(f"Round {last.number}, {last.on}{'' if told['made_now'] else ' (nothing has joined or retired since)'}")
    out.print(f"  {'clause':<28}{'split':<13}{'rows':>5}{'drawn':>7}{'retired':>9}{'returned':>10}  queued because")
    for row in told["added"]:
        why = ", ".join(f"{name} {number}" for name, number in row["why"].items())
        numbers = f"{row['rows']:>5}{row['drawn']:>7}{row['retired']:>9}{row['returned']:>10}"
        out.print(f"  {row['clause']:<28}{row['split']:<13}{numbers}  {why}", markup=False)
    sealed = sum(row.drawn and row.split is Split.GATE for row in last.joined)
    out.print(f"  {sealed} of {sum(row.drawn for row in last.joined)} drawn rows are sealed; the others followed")
    if told["without_twin"]:
        out.print(f"  {told['without_twin']} new prompts have no twin")
    if told["first_found"]:
        out.print(f"  fail in this round's prompts only: {', '.join(told['first_found'])}", markup=False)


def _show_rates(told: dict[str, Any]) -> None:
    if not told["rates"]:
        out.print("No answer has been graded yet, so there is nothing to compare.")
        return
    out.print(f"\nThe newest answers, by {MEASURING}; intervals take clusters as the units:", markup=False)
    for row in (*told["rates"], *told["in_common"]):
        out.print(f"  {_rate(AgeRate(**row))}", markup=False)
    if any(row["age"] == "without retired" for row in told["rates"]):
        out.print("  Without the retired prompts the same answers fail more often: no model got worse.")
    if told["retired"]:
        out.print("  Rates from before and after a retirement do not compare, but for those in common.")


def _rate(row: AgeRate) -> str:
    shown = "nothing scored" if row.rate is None else f"{row.rate:.1%} ({row.low:.1%} to {row.high:.1%})"
    more = f", {row.unscored} unscored" if row.unscored else ""
    counted = f"{row.events} of {row.scored} in {row.clusters} clusters{more}"
    return f"{row.metric.replace('_', ' '):<19}{row.age:<19}{shown:<28}{counted}"


def _show_retiring(done: Renewed, told: dict[str, Any], speakers: int) -> None:
    if told["unreadable"]:
        out.print(f"Older answers could not be read: {told['unreadable']}", markup=False)
    if done.retiring.speakers < speakers:
        out.print(f"\nNothing retires before {speakers} checkpoints were graded; there are {done.retiring.speakers}.")
    for reason, number in done.retiring.spared.items():
        out.print(f"  {number} saturated clusters stay: {reason}", markup=False)
    if done.retired:
        chance = chance_of_failing(speakers)
        out.print(f"\n{len(done.retired)} prompts have retired. The next checkpoint fails each with a chance of about")
        out.print(
            f"{chance:.0%} (rule of succession), so ask them before a release: 'colonnade evaluate renew --again'."
        )


def _show_queue(done: Renewed, told: dict[str, Any], count: int) -> None:
    waiting = [entry for entry in done.queue if entry.waits]
    by = f", compared by {told['compared_by']}" if told["compared_by"] else ""
    gone = f", {told['superseded']} about older answers gone" if told["superseded"] else ""
    out.print(f"\n{len(waiting)} wait for people: {told['queued']} new{gone}{by}", markup=False)
    for entry in waiting[:count]:
        about = entry.prompt or (entry.candidate.clause if entry.candidate else "") or "no clause yet"
        why = "; ".join(f"{cause.why} ({cause.detail})" for cause in entry.causes) or "like what is known"
        out.print(f"  {entry.id}  {about}: {why}", markup=False)
    if len(waiting) > count:
        out.print(f"  and {len(waiting) - count} more; '--count' or '--json' shows them")
    for name, why in told["held"].items():
        out.print(f"  {name} is confirmed, but cannot join: {why}", markup=False)


def _show_retired(rows: Sequence[Retirement], as_json: bool) -> None:
    if as_json:
        print(json.dumps([row.model_dump(mode="json") for row in rows]))
        return
    for row in rows:
        out.print(f"{row.prompt:<40}{row.split:<13}round {row.round}, {row.on}: {row.because}", markup=False)
    out.print(f"{len(rows)} prompts have retired.")


def _ask_again(workspace: Workspace, today: date, as_json: bool) -> None:
    found = ask_retired(workspace, today)
    failed = [row.prompt for row in found.returned]
    if as_json:
        counts = {str(finding): number for finding, number in found.findings.items()}
        print(json.dumps({"speaker": found.speaker, "findings": counts, "returned": failed}))
    else:
        counts = {str(finding): number for finding, number in found.findings.items()}
        out.print(", ".join(f"{number} {finding}" for finding, number in counts.items()), markup=False)
        out.print(f"{len(failed)} prompts came back{': ' * bool(failed)}{', '.join(failed)}", markup=False)
    if failed:
        raise typer.Exit(FAILED)
