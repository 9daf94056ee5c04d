"""A reporter that writes down what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Notebook:
    """What the runner reported, in order."""

    def __init__(self) -> None:
        self.started_steps: list[str] = []
        self.titles: list[str] = []
        self.finished_steps: list[str] = []
        self.reused_steps: list[str] = []
        self.warnings: list[str] = []
        self.waiting_steps: dict[str, tuple[str, ...]] = {}

    def started(self, step: str, title: str) -> None:
        self.started_steps.append(step)
        self.titles.append(title)

    def progress(self, done: int, total: int) -> None:
        """Nothing to write down."""

    def finished(self, step: str, seconds: float, notes: Mapping[str, str]) -> None:
        self.finished_steps.append(step)

    def reused(self, step: str, notes: Mapping[str, str]) -> None:
        self.reused_steps.append(step)

    def warned(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def waiting(self, step: str, reasons: Sequence[str]) -> None:
        self.waiting_steps[step] = tuple(reasons)
