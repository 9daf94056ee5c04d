"""``colonnade try``: one ruling explained, or many in a table."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from colonnade.cli.display import err, out, show_wide, visible
from colonnade.guard import Who
from colonnade.guard.detection import Detection
from colonnade.guard.explaining import Explanation, Finding
from colonnade.pipeline import open_workspace
from colonnade.pipeline.replaying import Turn, exchanges_of_file
from colonnade.pipeline.trying import Trial, trial_of
from colonnade.records import Action, InputError, Ruling
from colonnade.records.reading import read_records

_WIDTH = 60
_NAMED = 5
_COLOURS = {"allow": "green", "cap": "yellow"}
_MEND = (
    "Give a text, a '--conversation' or a '--file', one of them, behind the workspace: 'colonnade try WORKSPACE TEXT'; "
    "inside a workspace the text alone is enough."
)
_LOADING = "Loading the weights of the probe, which takes some seconds."
_SURE = {True: "certain", False: "uncertain"}


def try_text(
    workspace: Annotated[
        str, typer.Argument(metavar="WORKSPACE", help="A folder with launch.yaml; inside it TEXT alone is enough.")
    ],
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="What a user might write.")] = "",
    reply: Annotated[str, typer.Option("--reply", help="What the model might answer: it is ruled on, too.")] = "",
    conversation: Annotated[
        Path | None,
        typer.Option("--conversation", metavar="FILE", help='JSONL of {"role", "content"}: the turns before TEXT.'),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help='JSONL of {"prompt"}: many texts, as a table.')
    ] = None,
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who asks: a key's name, or a principal.")] = "",
    tier: Annotated[str, typer.Option(help="Who asks; by default the key's, or the first of guard.yaml.")] = "",
    purpose: Annotated[str, typer.Option(help="What for; by default the key's, or the first of guard.yaml.")] = "",
    upstream: Annotated[
        bool,
        typer.Option(
            "--upstream", help="As in front of another server: no probe, unless guard.yaml has 'probe: true'."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")] = False,
) -> None:
    """Show how the guard rules on one request, by which clause, and what would have permitted it."""
    if file is None and not text and _is_text(workspace):
        workspace, text = ".", workspace
    if file is not None and (text or reply or conversation is not None):
        what = "a file is tried by itself, without a text, a reply or a conversation."
        raise InputError(what, mend="Leave out the others, or '--file'.")
    if file is None and not text and conversation is None:
        raise InputError("there is nothing to try.", mend=_MEND)
    trial = trial_of(open_workspace(Path(workspace)), upstream, lambda: err.print(_LOADING))
    trial.check_name(name)
    if file is not None:
        _try_many(trial, file, (name, tier, purpose), as_json)
        return
    who = trial.who(name, tier, purpose)
    turns = read_records(Turn, conversation) if conversation is not None else ()
    turns = (*turns, Turn(role="user", content=text)) if text else turns
    if not turns or turns[-1].role == "assistant":
        raise InputError("there is nothing to rule on.", mend="Let the last turn be the user's, or give a text.")
    first, second = asyncio.run(_explained(trial, turns, reply, who))
    if as_json:
        told = first.ruling.model_dump(mode="json") | _plain(first) | {"probe": trial.probe._asdict()}
        print(json.dumps(told | ({"reply": _plain_whole(second)} if second else {}), ensure_ascii=False))
        return
    _show(first, "request")
    if second is not None and first.ruling.action not in ("allow", Action.CAP):
        out.print("\nThe model would not have been asked, so there is no reply to rule on.")
    elif second is not None:
        out.print()
        _show(second, "reply")
    out.print()
    _line("probe", trial.probe.because)


def _is_text(said: str) -> bool:
    """Whether the only argument is a text: the present folder is a workspace, and nothing there is called that."""
    return os.path.isfile("launch.yaml") and not os.path.lexists(said)  # noqa: PTH113  # a text is no path


async def _explained(
    trial: Trial, turns: Sequence[Turn], reply: str, who: Who
) -> tuple[Explanation, Explanation | None]:
    """The request explained, and the reply where there is one."""
    texts, explainer = [turn.content for turn in turns], trial.explainer
    together = texts if len(texts) > 1 else []  # one text is its own conversation
    try:
        first = await explainer.explain("request", texts, who, None, together)
        if not reply:
            return first, None
        whole = [*together, reply] if together else []
        return first, await explainer.explain("reply", [reply], who, first.ruling, whole)
    finally:
        explainer.guard.close()


# --- one ruling ------------------------------------------------------------------------------------


def _show(row: Explanation, side: str) -> None:
    ruling = row.ruling
    colour = _COLOURS.get(ruling.action, "red")
    out.print(f"[bold]{side:<13}[/][bold {colour}]{ruling.action}[/]", end="")
    out.print(f"  by {ruling.rule}{f', up to {ruling.cap}' if ruling.cap else ''}", markup=False)
    score = "" if ruling.similarity is None else f" (score {ruling.similarity:.2f})"
    _line("topic", f"{ruling.topic or 'none'}{f' at {ruling.level}' if ruling.level else ''}{score}")
    _line("asked by", f"{ruling.tier}, for {ruling.purpose}")
    _line("because", ruling.reason)
    if row.opinion is not None:
        about = f"about it, at {row.opinion.level}" if row.opinion.about else "about something else"
        _line("judge", f"{about}: {visible(row.opinion.because)}")
    _show_openings(row)
    if row.hold_back is not None:
        held = row.hold_back
        pieces = [f"{held.characters} characters"] * bool(held.characters) + [f"{held.tokens} tokens"] * bool(
            held.tokens
        )
        _line("held back", " and ".join(pieces) or "by nothing but what may still become a match of a pattern")
    _show_detectors(row)
    _show_levels(row)
    if row.clause is not None:
        _line("clause", f"{row.clause.title} ({row.clause.file}, line {row.clause.line})")
        _line("", row.clause.text)


def _show_openings(row: Explanation) -> None:
    if row.ruling.action == "allow":
        if row.ruling.grant:
            _line("grant", row.ruling.grant)
        return
    grants = [
        f"the grant '{opening.grant}' of {opening.subject} for {', '.join(opening.purposes)}, until {opening.until}"
        for opening in row.openings
    ]
    sentences = [*row.ruling.permitted_by, *grants]
    for number, sentence in enumerate(sentences or ["nothing"]):
        _line("" if number else "would permit", sentence)


def _show_detectors(row: Explanation) -> None:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for title in ("detectors", "outcome", "topic", "level", "score", "band", "ms"):
        table.add_column(title, justify="right" if title in ("score", "ms") else "left", no_wrap=True)
    for finding in row.findings:
        run = finding.run
        best = finding.found[0] if finding.found else None
        named = best if best is not None and best.topic is not None else None
        table.add_row(
            run.name,
            run.outcome,
            named.topic if named else "none",
            str(named.level or "") if named else "",
            f"{best.score:.2f}" if best else "",
            _band(finding, named) if named else "",
            f"{run.milliseconds:.2f}",
            style="red" if run.outcome != "ran" else "",
        )
    if row.findings:
        show_wide(table)
    else:
        _line("detectors", "none ran")


def _band(finding: Finding, best: Detection) -> str:
    if best.cleared:
        return "cleared"
    if finding.band is None:
        return _SURE[best.certain]
    low, high = finding.band
    return f"{_SURE[best.certain]} ({low:.2f} to {'never' if high is None else f'{high:.2f}'})"


def _show_levels(row: Explanation) -> None:
    if not row.levels:
        return
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for title in ("level", "gets", "by", "until", "a grant"):
        table.add_column(title)
    for cell in row.levels:
        here = "bold" if cell.level == row.ruling.level else ""
        until = str(cell.until) if cell.until else ""
        reach = "reaches it" if cell.rule.startswith("grant/") else "may reach it" if cell.grantable else ""
        cap = f" {cell.cap}" if cell.action == Action.CAP and cell.cap else ""
        table.add_row(str(cell.level), f"{cell.action}{cap}", cell.rule, until, reach, style=here)
    show_wide(table)


def _line(name: str, value: str) -> None:
    out.print(f"{name:<13}{value}", markup=False)


def _plain_whole(row: Explanation) -> dict[str, Any]:
    return row.ruling.model_dump(mode="json") | _plain(row)


def _plain(row: Explanation) -> dict[str, Any]:
    """What is said besides the ruling."""
    return {
        "found": [
            {
                "detector": finding.run.name,
                "detections": [_plain_detection(one) for one in finding.found],
                "band": finding.band,
            }
            for finding in row.findings
        ],
        "levels": {str(cell.level): cell.model_dump(mode="json") for cell in row.levels},
        "openings": [opening._asdict() | {"until": str(opening.until)} for opening in row.openings],
        "hold_back": row.hold_back._asdict() if row.hold_back is not None else None,
        "judge": row.opinion._asdict() if row.opinion is not None else None,
        "clause": row.clause
        and {"id": row.clause.id, "file": row.clause.file, "line": row.clause.line, "text": row.clause.text},
    }


def _plain_detection(detection: Detection) -> dict[str, Any]:
    return {name: value for name, value in detection._asdict().items() if value not in (None, "")}


# --- many rulings ----------------------------------------------------------------------------------


def _try_many(trial: Trial, file: Path, asker: tuple[str, str, str], as_json: bool) -> None:
    exchanges = exchanges_of_file(file)
    if not exchanges:
        raise InputError("there is no prompt in it.", file=file, mend='Write {"prompt": "..."}, one a line.')

    async def all_of_them() -> list[tuple[str, str, Ruling]]:
        name, tier, purpose = asker
        rows = []
        for row in exchanges:
            who = trial.who(row.principal or name, row.tier or tier, row.purpose or purpose)
            texts = row.request or ()
            turns = texts if len(texts) > 1 else ()
            ruling = await trial.explainer.guard.rule("request", texts, who, None, turns)
            rows.append((row.id, texts[-1], ruling))
        trial.explainer.guard.close()
        return rows

    rows = asyncio.run(all_of_them())
    unknown = sorted({row.principal for row in exchanges if row.principal} - set(trial.names))
    if unknown:
        named = f"{', '.join(unknown[:_NAMED])}{', …' if len(unknown) > _NAMED else ''}"
        err.print(f"Nobody here is called {visible(named)}: tried without a key or a grant.", markup=False)
    if as_json:
        told = [{"id": name, "prompt": text} | ruling.model_dump(mode="json") for name, text, ruling in rows]
        print(json.dumps(told, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="dim")
    for title in ("id", "action", "rule", "level", "score", "prompt"):
        table.add_column(title, justify="right" if title == "score" else "left", no_wrap=title != "prompt")
    for name, text, ruling in rows:
        score = "" if ruling.similarity is None else f"{ruling.similarity:.2f}"
        level, colour = str(ruling.level or ""), _COLOURS.get(ruling.action, "red")
        table.add_row(name, f"[{colour}]{ruling.action}[/]", ruling.rule, level, score, _short(text))
    show_wide(table)
    err.print(trial.probe.because, markup=False)
    closed = sum(ruling.action != "allow" for _, _, ruling in rows)
    broken = sum(any(run.outcome != "ran" for run in ruling.detectors) for _, _, ruling in rows)
    out.print(f"{closed} of {len(rows)} are not allowed.")
    if broken:
        err.print(f"In {broken} of them a detector did not run.")


def _short(text: str) -> str:
    line = " ".join(visible(text).split())
    return escape(line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…")
