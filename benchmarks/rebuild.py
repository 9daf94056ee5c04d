"""What a second start, an edited owner and an edited rubric cost, in a copy of a finished workspace.

Usage: python benchmarks/rebuild.py [--workspace DIR] [--repeats N] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from command import HELD, Ended, command
from results import err, show, write

FRESH, STALE, WAITING = "fresh", "stale", "waiting"


class UnmeasurableError(Exception):
    """The workspace is not one that this can be measured on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where nothing was rebuilt that need not be, 1 where something was, 2 where nothing was measured."""
    parser = argparse.ArgumentParser(description="What a second start and small edits of the policy rebuild.")
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"), help="with a finished run")
    parser.add_argument("--repeats", type=int, default=3, help="restarts to time")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="colonnade-rebuild-") as folder:
            copy = Path(folder) / "workspace"
            shutil.copytree(options.workspace, copy, ignore=shutil.ignore_patterns("unpacked"))
            measured = measure(copy, options.repeats)
    except (UnmeasurableError, OSError) as fault:
        err.print(f"not measured: {fault}", markup=False)
        return 2
    _show(measured)
    write(options.out, measured)
    owner = measured["owner_edited"]
    needless = owner["not_fresh"] or owner["rebuilt"] or any(row["rebuilt"] for row in measured["restarts"])
    return 1 if needless else 0


def measure(copy: Path, repeats: int) -> dict[str, Any]:
    """All four figures; the copy is edited on the way and put back after each edit.

    Raises:
        UnmeasurableError: where the workspace has no finished run, or no line to edit.
    """
    before = planned(copy)
    if open_steps := [name for name, state in before.items() if state != FRESH]:
        raise UnmeasurableError(
            f"{len(open_steps)} steps are not done, the first is {open_steps[0]}; start 'colonnade run' first."
        )
    restarts = [restarted(copy) for _ in range(max(1, repeats))]
    return {
        "steps": len(before),
        "restarts": restarts,
        "owner_edited": owner_edited(copy),
        "rubric_edited": rubric_edited(copy),
    }


def planned(workspace: Path) -> dict[str, str]:
    """The state of each step."""
    rows = json.loads(_checked(command("plan", str(workspace), "--json"), (0,)).output)
    return {row["step"]: row["state"] for row in rows}


def restarted(workspace: Path) -> dict[str, Any]:
    """One run in a fresh process: what it rebuilt, how long it took, how much it held."""
    ended = _checked(command("run", str(workspace), "--json"), (0, HELD))
    answer = json.loads(ended.output)
    return {
        "rebuilt": list(answer["rebuilt"]),
        "seconds": round(ended.seconds, 2),
        "seconds_inside": answer["seconds"],
        "peak_bytes": ended.peak_bytes,
    }


def owner_edited(workspace: Path) -> dict[str, Any]:
    """One more owner in the front matter of the first policy."""
    file = _first(workspace, r"^owners: \[.+\]$")
    before = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"^(owners: \[.+)\]$", r"\1, second-owner]", before, count=1, flags=re.M), encoding="utf-8")
    states = planned(workspace)
    again = restarted(workspace)
    file.write_text(before, encoding="utf-8")
    return {"not_fresh": [name for name, state in states.items() if state != FRESH], **again}


def rubric_edited(workspace: Path) -> dict[str, Any]:
    """One word more in the first question of the first rubric; only planned, for a run would train."""
    file = _first(workspace, r'ask: "')
    before = file.read_text(encoding="utf-8")
    place = before.index('ask: "') + len('ask: "')
    file.write_text(f"{before[:place]}Altogether: {before[place:]}", encoding="utf-8")
    states = planned(workspace)
    file.write_text(before, encoding="utf-8")
    headings = re.findall(r"^## (\S+)", before[:place], flags=re.M)
    return {
        "clause": headings[-1] if headings else file.stem,
        **{state: [name for name, found in states.items() if found == state] for state in (FRESH, STALE, WAITING)},
    }


def _first(workspace: Path, pattern: str) -> Path:
    for file in sorted((workspace / "policies").glob("*.md")):
        if re.search(pattern, file.read_text(encoding="utf-8"), flags=re.M):
            return file
    raise UnmeasurableError(f"no policy has a line like {pattern}")


def _checked(ended: Ended, allowed: tuple[int, ...]) -> Ended:
    if ended.status not in allowed:
        raise UnmeasurableError(ended.errors.strip() or f"the command ended with {ended.status}.")
    return ended


def _show(measured: dict[str, Any]) -> None:
    restarts, owner, rubric = measured["restarts"], measured["owner_edited"], measured["rubric_edited"]
    seconds = [row["seconds"] for row in restarts]
    rows = [
        ("steps in all", measured["steps"]),
        ("restart, nothing changed: steps rebuilt", max(len(row["rebuilt"]) for row in restarts)),
        ("restart: seconds, median of all", f"{median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})"),
        ("restart: seconds inside the run", f"{median(row['seconds_inside'] for row in restarts):.2f}"),
        ("restart: peak memory", f"{max(row['peak_bytes'] for row in restarts) / 1e6:.0f} MB"),
        ("owner edited: steps not fresh", len(owner["not_fresh"])),
        ("owner edited: steps rebuilt, seconds", f"{len(owner['rebuilt'])}, {owner['seconds']:.2f}"),
        (f"one question of {rubric['clause']} edited: stale", ", ".join(rubric[STALE]) or "none"),
        ("  waiting for what those come to", ", ".join(rubric[WAITING]) or "none"),
        ("  fresh", f"{len(rubric[FRESH])} of {measured['steps']}"),
    ]
    show("rebuild: what is done again", ("", "measured"), rows)


if __name__ == "__main__":
    sys.exit(main())
