"""How work and its results are shown in a terminal; results to stdout, progress to stderr."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from colonnade.records import Decision, Outcome

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)


def visible(text: str) -> str:
    """The text with control characters spelled out: what a model wrote must not steer a terminal."""
    return "".join(
        sign if sign in "\n\t" or not (unicodedata.category(sign) == "Cc" or sign in _TURNING) else ascii(sign)[1:-1]
        for sign in text
    )


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its words: ``1 use``, ``2 uses``.

    Args:
        number: how many.
        one: the words for one.
        many: for any other number; by default those for one with an ``s``.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def show_wide(table: Table) -> None:
    """Print a table as wide as it needs: a column that is squeezed to three letters says nothing."""
    width = out.width
    out.width = max(width, Measurement.get(out, out.options.update(max_width=_WIDEST), table).maximum)
    try:
        out.print(table, soft_wrap=False)
    finally:
        out.width = width


_WIDEST = 1000
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that turn the direction of writing, so that a line reads as another one."""

_COLOURS = {Outcome.RELEASE: "green", Outcome.HOLD: "yellow", Outcome.WITHHOLD: "red"}


class _SoFar(ProgressColumn):
    """How much of the step is done, once the step has said of how much."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, min_width=7))

    def render(self, task: Task) -> Text:
        return Text("" if task.total is None else f"{task.completed:.0f}/{task.total:.0f}")


class _Elapsed(TimeElapsedColumn):
    """How long the step has run, never cut."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, min_width=7))


class TerminalReporter:
    """A line per step, and a bar while it runs; in a file, where no bar can be seen, a line when it begins.

    Args:
        order: every step of the job by name, so that a line can say which of how many it is; none where that says
            nothing.
    """

    def __init__(self, order: Sequence[str] = ()) -> None:
        self._places = {step: f"{place}/{len(order)}" for place, step in enumerate(order, start=1)}
        self._width = len(f"{len(order)}/{len(order)}") + 2 if order else 0
        self.bars: Progress | None = None
        self.task: TaskID | None = None

    def started(self, step: str, title: str) -> None:
        """Show a bar for the step, which tells since when it runs and, once the step says it, how far it is."""
        if not err.is_terminal:
            err.print(f"begun   {self._place(step)}{step:<24}{title}", markup=False)
            return
        # On a narrow terminal the title gives way: how far and how long is what one looks for.
        title_column = TextColumn(
            "  {task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
        )
        self.bars = Progress(
            title_column, BarColumn(bar_width=12), _SoFar(), _Elapsed(), console=err, transient=True, expand=True
        )
        self.bars.start()
        self.task = self.bars.add_task(f"{self._place(step)}{step}: {title}", total=None)

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        if self.bars is not None and self.task is not None:
            self.bars.update(self.task, completed=done, total=max(total, 1))

    def describe(self, words: str) -> None:
        """Say something else beside the bar."""
        if self.bars is not None and self.task is not None:
            self.bars.update(self.task, description=words)

    def finished(self, step: str, seconds: float, notes: Mapping[str, str]) -> None:
        """Replace the bar by what the step made."""
        self.stop()
        out.print(f"[green]done[/]    {self._place(step)}{step:<24}{seconds:7.1f} s")
        self._notes(notes)

    def reused(self, step: str, notes: Mapping[str, str]) -> None:
        """An earlier result holds."""
        out.print(f"[dim]fresh   {self._place(step)}{step}[/]")

    def waiting(self, step: str, reasons: Sequence[str]) -> None:
        """A step that waits for people."""
        out.print(f"[yellow]waiting[/] {self._place(step)}{step:<24}{'; '.join(reasons)}")

    def warned(self, sentence: str) -> None:
        """A warning, on stderr."""
        err.print(f"[yellow]warning[/] {sentence}", markup=True)

    def stop(self) -> None:
        """Take the bar away."""
        if self.bars is not None:
            self.bars.stop()
            self.bars = None

    def _place(self, step: str) -> str:
        """Which of how many steps this is, in a column of its own; empty where nobody knows."""
        return self._places.get(step, "").ljust(self._width)

    def _notes(self, notes: Mapping[str, str]) -> None:
        for name, text in notes.items():
            out.print(f"        {name}: {text}", markup=False, style="dim")


class QuietReporter(TerminalReporter):
    """Shows nothing but warnings: for ``--json``."""

    def started(self, step: str, title: str) -> None:
        """Nothing."""

    def progress(self, done: int, total: int) -> None:
        """Nothing."""

    def finished(self, step: str, seconds: float, notes: Mapping[str, str]) -> None:
        """Nothing."""

    def reused(self, step: str, notes: Mapping[str, str]) -> None:
        """Nothing."""

    def waiting(self, step: str, reasons: Sequence[str]) -> None:
        """Nothing."""


def show_decision(decision: Decision) -> None:
    """The decision, every reason against release, and how many speak for it."""
    out.print(f"\nDecision: [bold {_COLOURS[decision.outcome]}]{decision.outcome}[/]")
    against = [reason for reason in decision.reasons if reason.outcome is not Outcome.RELEASE]
    whole = [reason for reason in against if not reason.rule.startswith("clause-")]
    for reason in whole:
        out.print(f"  {reason.outcome:<9}{reason.rule}: {reason.text}", markup=False)
    for rule in sorted({reason.rule for reason in against} - {reason.rule for reason in whole}):
        rows = [reason for reason in against if reason.rule == rule]
        counts = ", ".join(
            f"{outcome} for {count}" for outcome in Outcome if (count := sum(row.outcome is outcome for row in rows))
        )
        out.print(f"  {'':<9}{rule}: {counts} clauses, for instance {rows[0].text}", markup=False)
    passed = len(decision.reasons) - len(against)
    out.print(f"  {passed} of {len(decision.reasons)} rules speak for release.")
