"""``colonnade inspect ...``: tasks of Inspect against our models, and its logs as our verdicts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from colonnade.cli.display import out
from colonnade.cli.options import JsonOption
from colonnade.evaluation.inspect import (
    Rate,
    Reading,
    ReadLog,
    parse_placement,
    parse_rule,
    read_inspect_log,
)
from colonnade.records import InputError, MissingPackageError, Record

inspect_application = typer.Typer(
    no_args_is_help=True, help="Run tasks of Inspect against our models, and read its logs, whoever made them."
)

MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="VALUE=MEANING", help="Such as I=fails or '>=0.5=violates'; several times."),
]
ExpectedOption = Annotated[
    list[str] | None,
    typer.Option(
        "--expected",
        metavar="[FIELD=VALUE:]decline|help",
        help="What is right for all samples, or for those with this metadata.",
    ),
]
ScoreOption = Annotated[
    str, typer.Option("--score", metavar="SCORER[.KEY]", help="Which scores count, where the log has several.")
]
ClauseOption = Annotated[str, typer.Option("--clause", metavar="ID", help="The clause under which the verdicts stand.")]
ConfidenceOption = Annotated[
    float, typer.Option("--confidence", min=0.5, max=0.9999, help="How sure every interval is, for instance 0.95.")
]
ArgumentOption = Annotated[
    list[str] | None, typer.Option("--task-arg", "-T", metavar="NAME=VALUE", help="Of the task; several times.")
]
RoleOption = Annotated[
    list[str] | None, typer.Option("--role", metavar="ROLE=MODEL", help="A model beside the measured one.")
]


@inspect_application.command("run")
def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help="FILE.py@NAME or PACKAGE/NAME.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="scripted:FILE, a folder of weights, packaged, NAME@http://.../v1.")
    ],
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The first so many samples.")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1, help="Ask each sample so many times.")] = None,
    arguments: ArgumentOption = None,
    roles: RoleOption = None,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Of an answer, where the task does not say.")] = 512,
    logs: Annotated[Path, typer.Option("--logs", help="The folder for the log.")] = Path("logs"),
    mapped: MapOption = None,
    expected: ExpectedOption = None,
    score: ScoreOption = "",
    confidence: ConfidenceOption = 0.95,
    as_json: JsonOption = False,
) -> None:
    """Run a task against one of our models, then read its log as 'colonnade inspect read' does."""
    how = _reading(mapped, expected, score, "", confidence)
    if find_spec("inspect_ai") is None:
        raise MissingPackageError("the package 'inspect-ai' is not installed.", mend="Install colonnade[inspect].")
    from colonnade.pipeline.inspecting import Run, run_task  # two seconds to import, so only where it is needed

    given = {name: yaml.safe_load(value) for name, value in _pairs(arguments, "--task-arg NAME=VALUE").items()}
    log = run_task(Run(task, model, given, _pairs(roles, "--role ROLE=MODEL"), limit, epochs, tokens, logs))
    try:
        _show(read_inspect_log(log, how), as_json)
    except InputError as fault:
        # The run is done and kept; only how to read it is still to be said.
        raise InputError(fault.what, mend=f"{fault.mend} The log is {log}.") from None


@inspect_application.command("read")
def read(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="What Inspect wrote, FILE.eval or FILE.json.")],
    mapped: MapOption = None,
    expected: ExpectedOption = None,
    score: ScoreOption = "",
    clause: ClauseOption = "",
    confidence: ConfidenceOption = 0.95,
    transcripts: Annotated[
        Path | None, typer.Option("--transcripts", metavar="FILE", help="Write what was said here.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", metavar="FILE", help="Write the verdicts here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show both rates of a log with their intervals, and what has no score and why. Inspect is not needed."""
    found = read_inspect_log(log, _reading(mapped, expected, score, clause, confidence))
    if verdicts is not None and not all(row.verdict.clause for row in found.outcomes):
        raise InputError(
            "nothing says under which clause the verdicts stand; nothing was written.", file=log, mend="Say '--clause'."
        )
    for file in filter(None, (transcripts, verdicts)):
        if file.exists():
            raise InputError("this file is there already.", file=file, mend="Choose another name, or remove it.")
    if transcripts is not None:
        _write(transcripts, [row.transcript for row in found.outcomes])
    if verdicts is not None:
        _write(verdicts, [verdict for row in found.outcomes for verdict in row.verdicts])
    _show(found, as_json)


def _reading(
    mapped: list[str] | None, expected: list[str] | None, score: str, clause: str, confidence: float
) -> Reading:
    return Reading(
        rules=tuple(map(parse_rule, mapped or ())),
        placements=tuple(map(parse_placement, expected or ())),
        score=score,
        clause=clause,
        confidence=confidence,
    )


def _pairs(given: list[str] | None, form: str) -> dict[str, str]:
    pairs = [row.partition("=") for row in given or ()]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise InputError(f"'{name}' is no pair.", mend=f"Write '{form}'.")
    return {name: value for name, _, value in pairs}


def _write(file: Path, records: Sequence[Record]) -> None:
    file.write_text("".join(f"{record.model_dump_json()}\n" for record in records), encoding="utf-8")


def _show(found: ReadLog, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_summary(found), ensure_ascii=False))
        return
    out.print(f"{found.task} by {found.model}: {found.status}, {len(found.outcomes)} samples", markup=False)
    out.print(f"log: {found.file}", markup=False)
    values = ", ".join(f"{value[:40]} ({count})" for value, count in found.values.most_common(8))
    more = len(found.values) - 8
    if values:
        out.print(f"{found.score}: {values}{f' and {more} other values' if more > 0 else ''}", markup=False)
    for rate in found.rates:
        out.print(_line(rate), markup=False)
    if found.unscored:
        out.print(f"unscored: {found.unscored.total()} of {len(found.outcomes)}")
        for why, count in found.unscored.most_common():
            out.print(f"    {count:>5}  {why}", markup=False)
    if found.left_out:
        lost = ", ".join(f"{kind} ({count})" for kind, count in found.left_out.most_common())
        out.print(f"not in the transcripts: {lost}", markup=False)
    for note in found.notes:
        out.print(note, markup=False)
    if any("mapped" in why or "nothing says" in why for why in found.unscored):
        out.print("Say what a value means with '--map VALUE=MEANING', and who should decline with '--expected'.")


def _line(rate: Rate) -> str:
    name = rate.metric.replace("_", " ")
    if not rate.scored + rate.unscored:
        return f"{name}: no sample is for it"
    share = "nothing scored" if rate.rate is None else f"{rate.rate:.1%} ({rate.events} of {rate.scored} scored)"
    asked = rate.scored + rate.unscored
    clusters = f", {rate.clusters} questions asked {asked} times" if rate.clusters < asked else ""
    missing = f", {rate.unscored} unscored" if rate.unscored else ""
    return f"{name}: {share}{missing}{clusters}; {rate.confidence:.0%} interval {rate.low:.1%} to {rate.high:.1%}"


def _summary(found: ReadLog) -> dict[str, Any]:
    return {
        "log": str(found.file),
        "task": found.task,
        "model": found.model,
        "status": found.status,
        "score": found.score,
        "samples": len(found.outcomes),
        "rates": [rate._asdict() for rate in found.rates],
        "unscored": dict(found.unscored),
        "values": dict(found.values),
        "left_out": dict(found.left_out),
        "notes": list(found.notes),
    }
