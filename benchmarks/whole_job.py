"""The whole job from nothing, in a copy of a workspace: seconds and memory per step.

Usage: python benchmarks/whole_job.py [--workspace DIR] [--out FILE] [--keep DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colonnade.models.weights import PACKAGED_FILE, cache_folder
from colonnade.records import Run
from colonnade.store import Store
from command import HELD, Sample, watched
from results import err, show, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the job and measure; 0 where it came to its end, whatever the gate decided, else 1."""
    parser = argparse.ArgumentParser(description="Seconds and memory of the whole job, step by step.")
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"), help="its .colonnade stays out")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    parser.add_argument("--keep", type=Path, help="a new folder that keeps the finished copy, for rebuild.py")
    options = parser.parse_args(arguments)
    if options.keep is not None and options.keep.exists():
        err.print(f"not measured: {options.keep} is there already", markup=False)
        return 1
    if not options.workspace.is_dir():
        err.print(f"not measured: there is no folder {options.workspace}", markup=False)
        return 1
    warm = (cache_folder() / PACKAGED_FILE.removesuffix(".gguf") / "complete").exists()
    with tempfile.TemporaryDirectory(prefix="colonnade-whole-job-") as folder:
        copy = options.keep or Path(folder) / "workspace"
        shutil.copytree(options.workspace, copy, ignore=shutil.ignore_patterns(".colonnade"))
        err.print("The whole job is running; it takes minutes.")
        ended, samples = watched(("run", str(copy), "--json"))
        if ended.status not in (0, HELD):
            err.print(ended.errors.strip() or f"the command ended with {ended.status}.", markup=False)
            return 1
        answer = json.loads(ended.output)
        steps = per_step(recorded(copy), samples)
        stored = sum(file.stat().st_size for file in (copy / ".colonnade").rglob("*") if file.is_file())
    measured = {
        "decision": answer["decision"]["outcome"],
        "steps": steps,
        "seconds_in_steps": round(sum(row["seconds"] for row in steps), 1),
        "seconds": round(ended.seconds, 1),
        "peak_bytes_of_tree": max((sample.size for sample in samples), default=0),
        "peak_bytes_of_process": ended.peak_bytes,
        "stored_bytes": stored,
        "base_model_already_converted": warm,
    }
    _show(measured)
    write(options.out, measured)
    return 0


def recorded(workspace: Path) -> list[Run]:
    """Every run of the workspace's ledger, in the order in which it was written."""
    store = Store(workspace)
    try:
        return [store.get_run(entry.subject) for entry in store.ledger.entries() if entry.act == "run"]
    finally:
        store.close()


def per_step(runs: Sequence[Run], samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Seconds of each step, and the most that the processes held while it ran; 0 for steps too short to be seen."""
    return [
        {
            "step": run.step,
            "seconds": round((run.ended - run.started).total_seconds(), 2),
            "peak_bytes": max((row.size for row in samples if run.started <= row.at <= run.ended), default=0),
        }
        for run in runs
    ]


def _show(measured: dict[str, Any]) -> None:
    total = measured["seconds"]
    rows: list[tuple[object, ...]] = [
        (row["step"], f"{row['seconds']:.1f}", f"{row['seconds'] / total:.0%}", _megabytes(row["peak_bytes"]))
        for row in measured["steps"]
    ]
    rows.append(("outside the steps", f"{total - measured['seconds_in_steps']:.1f}", "", ""))
    rows.append(("total", f"{total:.1f}", "", _megabytes(measured["peak_bytes_of_tree"])))
    notes = (
        f"Decision: {measured['decision']}. Stored: {_megabytes(measured['stored_bytes'])} MB. The base model was"
        f" {'already' if measured['base_model_already_converted'] else 'not yet'} converted.",
        "Memory is the sum over all processes; pages that two of them share count twice.",
    )
    show("whole_job: from nothing to the report", ("step", "seconds", "share", "peak MB"), rows, notes)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f}" if size else "–"


if __name__ == "__main__":
    sys.exit(main())
