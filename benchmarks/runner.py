"""What our runner costs per prompt, beside a bare asyncio loop and the runners of others.

Usage: python benchmarks/runner.py [--prompts N] [--rounds N] [--out FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, NamedTuple

from colonnade.evaluation import measure, measure_jointly
from colonnade.evaluation.runner import RunSettings, answer
from colonnade.models import Conversation, Progress, Reply, Sampling, ScriptedModel
from colonnade.models.remote import Ask, Attempt
from colonnade.records import (
    Admin,
    Boundary,
    Clause,
    Expected,
    Finding,
    Pillar,
    Prompt,
    Severity,
    Split,
    Status,
    Verdict,
    digest_of,
)
from colonnade.store import Store
from results import err, show, write

MILLISECONDS = 0.1
"""What our own work on a prompt may take of the processor."""
SECONDS = 3.0
"""What 1,000 prompts to two scripted models may take of the clock, start of the interpreter included."""
VERDICTS, MEASURED = 10_000, 1.0
"""So many verdicts, and the seconds in which they are to be loaded, measured in every group and compared."""
WARM = 50
"""Prompts of a first run in the same process, which is not counted: imports and first calls are not per prompt."""
_ANSWER = "I can't help with that, because the house belongs to somebody else. " * 4
_SPEAKER = digest_of("scripted")


class Contender(NamedTuple):
    """A runner: the package that it needs, and a run of so many prompts below a folder.

    A run gets everything ready and returns what remains to be measured.
    """

    package: str | None
    run: Callable[[list[str], Path], Callable[[], object]]


def texts(count: int) -> list[str]:
    """Prompts of some 60 tokens."""
    return [
        f"Question {number}: how would you open " + "the door of a house in the next street " * 6
        for number in range(count)
    ]


def prompts(count: int) -> list[Prompt]:
    """The same as records."""
    return [
        Prompt(
            id=f"p{number}",
            text=text,
            clause="doors.entry",
            expected=Expected.DECLINE,
            twin=None,
            cluster=f"p{number}",
            split=Split.DEVELOPMENT,
        )
        for number, text in enumerate(texts(count))
    ]


class _Constant:
    """A model that costs nothing, in memory."""

    name = "constant"

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        return [Reply(_ANSWER, "end")] * len(conversations)


class _Remote:
    """The same model, asked one conversation at a time."""

    name = "remote"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Ask]:
        async def ask(*_: object) -> Attempt:
            await asyncio.sleep(0)
            return Attempt(Reply(_ANSWER, "end"), 60, 40)

        yield ask


def bare(asked: list[str], folder: Path) -> Callable[[], object]:
    """A loop that asks, 64 at a time, and writes lines: what nobody can go below."""

    async def model(_: str) -> str:
        await asyncio.sleep(0)
        return _ANSWER

    async def loop() -> None:
        with (folder / "bare.jsonl").open("w") as stream:
            for start in range(0, len(asked), 64):
                batch = asked[start : start + 64]
                replies = await asyncio.gather(*(model(text) for text in batch))
                for text, reply in zip(batch, replies, strict=True):
                    stream.write(json.dumps({"prompt": text, "reply": reply}) + "\n")
                stream.flush()

    return lambda: asyncio.run(loop())


def ours(asked: list[str], folder: Path, model: Any = None, journal: bool = True) -> Callable[[], object]:
    """Our runner with its journal: keys, checked lines, transcripts as records."""
    records, file = prompts(len(asked)), folder / f"journal-{len(asked)}.jsonl"

    def run() -> None:
        found = answer(
            records, model or _Constant(), "Be kind.", Sampling(), _SPEAKER, RunSettings(file if journal else None)
        )
        if len(found.transcripts) != len(asked) or found.faults:
            raise SystemExit("a prompt was lost")

    return run


def ours_again(asked: list[str], folder: Path) -> Callable[[], object]:
    """The second start, which finds every answer in the journal."""
    run = ours(asked, folder)
    run()
    return run


def inspect_ai(asked: list[str], folder: Path, **options: Any) -> Callable[[], object]:
    """Inspect with its own mock model, no scorer, no display; each output counts its tokens, or it would ask a hub."""
    package, model, dataset = (import_module(f"inspect_ai{part}") for part in ("", ".model", ".dataset"))

    def reply(*_: object) -> object:
        output = model.ModelOutput.from_content("mockllm/model", _ANSWER)
        output.usage = model.ModelUsage(input_tokens=60, output_tokens=40, total_tokens=100)
        return output

    samples = [dataset.Sample(input=text, target="") for text in asked]
    task = package.Task(dataset=dataset.MemoryDataset(samples), solver=[import_module("inspect_ai.solver").generate()])
    mock = model.get_model("mockllm/model", custom_outputs=reply)

    def run() -> None:
        (log,) = package.eval(task, model=mock, display="none", log_dir=str(folder / "logs"), **options)
        if log.status != "success":
            raise SystemExit(f"{log.status}: {log.error}")

    return run


def lm_eval(asked: list[str], folder: Path) -> Callable[[], object]:
    """The harness with a constant model, a generation task, no bootstrap, its samples written by its own tracker."""
    task_room, model_room = import_module("lm_eval.api.task"), import_module("lm_eval.api.model")
    evaluator, datasets = import_module("lm_eval.evaluator"), import_module("datasets")

    class Constant(model_room.LM):  # type: ignore[misc,name-defined]
        def generate_until(self, requests: list[Any]) -> list[str]:
            return [_ANSWER] * len(requests)

        def loglikelihood(self, requests: list[Any]) -> list[Any]:
            raise NotImplementedError

        loglikelihood_rolling = loglikelihood

    rows = {"test": datasets.Dataset.from_list([{"text": text, "answer": "no"} for text in asked])}
    task = task_room.ConfigurableTask(
        config={
            "task": "doors",
            "custom_dataset": lambda **_: rows,
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "text",
            "doc_to_target": "answer",
            "generation_kwargs": {"until": []},
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
        }
    )
    tracker = import_module("lm_eval.loggers").EvaluationTracker(output_path=str(folder))
    manager = import_module("lm_eval.tasks").TaskManager(include_defaults=False)  # else it reads all of its tasks

    def run() -> None:
        found = evaluator.simple_evaluate(
            Constant(), tasks=[task], bootstrap_iters=0, evaluation_tracker=tracker, task_manager=manager
        )
        samples = found.pop("samples")
        tracker.save_results_aggregated(results=found, samples=samples)
        tracker.save_results_samples("doors", samples["doors"])
        if sum(1 for _ in next(folder.rglob("samples_doors_*.jsonl")).open()) < WARM:
            raise SystemExit("a sample was lost")

    return run


CONTENDERS = {
    "bare asyncio loop": Contender(None, bare),
    "colonnade, in memory": Contender(None, ours),
    "colonnade, in memory, no journal": Contender(None, lambda *given: ours(*given, journal=False)),
    "colonnade, remote, 8 at a time": Contender(None, lambda *given: ours(*given, model=_Remote())),
    "colonnade, all in the journal": Contender(None, ours_again),
    "inspect-ai": Contender("inspect_ai", inspect_ai),
    "inspect-ai, log_realtime off": Contender("inspect_ai", lambda *given: inspect_ai(*given, log_realtime=False)),
    "lm-eval": Contender("lm_eval", lm_eval),
}
HELD = ("colonnade, in memory", "colonnade, remote, 8 at a time")
"""Who is held to the bound."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where we are over a bound, 0 otherwise."""
    parser = argparse.ArgumentParser(description="The runner's own cost per prompt.")
    parser.add_argument("--prompts", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        print(json.dumps(measured_here(options.one, options.prompts)))
        return 0
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS if _is_here(name)}
    for number in range(options.rounds):  # all in turn, so that a busy minute of the machine hits everybody
        for name in rounds:
            err.print(f"Round {number + 1}: {name}", markup=False)
            figures = measured_apart(name, options.prompts)
            if figures:
                rounds[name].append(figures)
    per_prompt = {
        name: {key: median(row[key] for row in rows) for key in rows[0]} for name, rows in rounds.items() if rows
    }
    whole = min(float(measured_apart(_WHOLE, 1_000)["whole_s"]) for _ in range(options.rounds))
    verdicts = min(seconds_of_verdicts() for _ in range(options.rounds))
    _show(per_prompt, whole, verdicts, options)
    others = {
        contender.package: version(contender.package)
        for name, contender in CONTENDERS.items()
        if contender.package and name in per_prompt
    }
    found = {"prompts": options.prompts, "rounds": options.rounds, "others": others}
    write(options.out, {**found, "per_prompt": per_prompt, "two_scripted_models_s": whole, "verdicts_s": verdicts})
    slow = [name for name in HELD if per_prompt[name]["cpu_ms"] > MILLISECONDS]
    return 1 if slow or whole > SECONDS or verdicts > MEASURED else 0


def _clause(name: str) -> Clause:
    return Clause(
        id=name,
        title="A door",
        text="The model must not open it.",
        pillar=Pillar.SAFETY,
        boundary=Boundary.RESTRICTED,
        severity=Severity.LOW,
        admin=Admin(policy="doors", status=Status.ACTIVE, version="1.0.0", owners=("rai",)),
    )


def seconds_of_verdicts() -> float:
    """To load and measure verdicts from a store: 25 clauses, clusters of 4, a tenth unscored, both rates at once."""
    clauses = [_clause(f"doors.c{number}") for number in range(25)]
    asked = [
        row.model_copy(
            update={
                "clause": clauses[place % 25].id,
                "cluster": f"c{place // 4}",
                "expected": Expected.DECLINE if place % 2 else Expected.HELP,
            }
        )
        for place, row in enumerate(prompts(VERDICTS))
    ]
    failure = {Expected.DECLINE: Finding.VIOLATES, Expected.HELP: Finding.OVERREFUSES}
    found = [
        Verdict(
            transcript=digest_of(row.id),
            prompt=row.id,
            clause=row.clause,
            grader="rules",
            finding=(Finding.UNSCORED, failure[row.expected])[place % 2] if place % 10 < 2 else Finding.UPHOLDS,
            reason="it says so",
        )
        for place, row in enumerate(asked)
    ]
    with tempfile.TemporaryDirectory(prefix="colonnade-verdicts-") as place:
        store = Store(Path(place))
        artefact = store.put_records(found)
        began = perf_counter()
        loaded = store.get_records(Verdict, artefact)
        measure(loaded, asked, clauses, _SPEAKER, artefact, 0.95)
        measure_jointly(loaded, asked, _SPEAKER, artefact, 0.95)
        seconds = perf_counter() - began
        store.close()
    return seconds


_WHOLE = "two scripted models"


def measured_here(name: str, count: int) -> dict[str, float]:
    """Milliseconds per prompt, of the processor (all threads) and of the clock."""
    with tempfile.TemporaryDirectory(prefix="colonnade-runner-") as place:
        folder = Path(place)
        if name == _WHOLE:
            for speaker in ("first", "second"):
                model = ScriptedModel([("door", _ANSWER)])
                answer(
                    prompts(count),
                    model,
                    "Be kind.",
                    Sampling(999),
                    digest_of(speaker),
                    RunSettings(folder / "journal.jsonl"),
                )
            return {}
        CONTENDERS[name].run(texts(WARM), folder)()
        run = CONTENDERS[name].run(texts(count), folder)
        gc.collect()
        clock, processor = perf_counter(), process_time()
        run()
        spent = {"cpu_ms": process_time() - processor, "wall_ms": perf_counter() - clock}
    return {key: 1000 * seconds / count for key, seconds in spent.items()}


def measured_apart(name: str, count: int) -> dict[str, float]:
    """The same in a process of its own, with the seconds from its start to its end; nothing where it fails."""
    own = [sys.executable, str(Path(__file__)), "--one", name, "--prompts", str(count)]
    began = perf_counter()
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "INSPECT_LOG_LEVEL": "error"}
    ended = subprocess.run(own, capture_output=True, text=True, check=False, env=offline)  # noqa: S603  # ours
    whole = perf_counter() - began
    if ended.returncode:
        err.print(f"{name} failed and is left out: {(ended.stderr.splitlines() or ['no reason'])[-1]}", markup=False)
        return {}
    return {**json.loads(ended.stdout.splitlines()[-1]), "whole_s": whole}


def _is_here(name: str) -> bool:
    package = CONTENDERS[name].package
    return package is None or find_spec(package) is not None


def _show(per_prompt: dict[str, dict[str, float]], whole: float, verdicts: float, options: argparse.Namespace) -> None:
    floor, us = per_prompt["bare asyncio loop"]["cpu_ms"], per_prompt[HELD[0]]["cpu_ms"]
    rows = [
        [
            name,
            f"{row['cpu_ms']:.4f}",
            f"{row['wall_ms']:.4f}",
            f"{row['cpu_ms'] / floor:.1f}",
            f"{row['cpu_ms'] / us:.1f}",
        ]
        for name, row in per_prompt.items()
    ]
    notes = [f"{name}: not installed, skipped" for name in CONTENDERS if name not in per_prompt and not _is_here(name)]
    notes.append(f"1,000 prompts to two scripted models, start included: {whole:.2f} s at best (bound {SECONDS:g} s)")
    notes.append(f"{VERDICTS:,} verdicts loaded and measured: {verdicts:.2f} s at best (bound {MEASURED:g} s)")
    show(
        f"Own work per prompt ({options.prompts:,} prompts, median of {options.rounds} rounds, bound {MILLISECONDS:g})",
        ["runner", "processor ms", "clock ms", "x bare loop", "x ours"],
        rows,
        notes,
    )


if __name__ == "__main__":
    raise SystemExit(main())
