"""Where a training stands, saved every few seconds, so that a crash costs a few steps and not all of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

from transformers import TrainerCallback

from colonnade.records import TrainingPoint
from colonnade.store.parts import Parts

EVERY = 10.0
"""Seconds between two savings, at least."""
SHARE = 20
"""So many times as long as the last saving took, at least: it may cost a twentieth of the training."""

_NAME = "where the training stands"


class Standing(TrainerCallback):  # type: ignore[misc]  # transformers ships no usable types
    """Saves weights, optimizer, schedule and the state of chance, and finds the last of them again.

    A training that goes on from there comes to the same bytes as one that was never interrupted.

    Args:
        parts: of the step; where they are kept nowhere, nothing is saved.
        otherwise: the folder to write to in that case.

    Attributes:
        folder: for whatever the training saves; it outlives a crash where the parts do.
        step: steps that an earlier run has done.
        points: of curves that the trainer does not keep; the caller adds to them.
    """

    def __init__(self, parts: Parts, otherwise: Path) -> None:
        self.parts, self.folder = parts, parts.folder or otherwise
        earlier = parts.find(_NAME) or {"step": 0, "points": []}
        self.step: int = earlier["step"]
        self.points = [TrainingPoint.model_validate(row) for row in earlier["points"]]
        self._saved, self._pause, self._began = monotonic(), EVERY, 0.0
        parts.count(taken=self.step)

    @property
    def checkpoint(self) -> str | None:
        """What the trainer is told to go on from."""
        return str(self._of(self.step)) if self.step else None

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a saving where it is time; after the last step nothing is left to lose."""
        self.parts.count(made=1)
        now = monotonic()
        if self.parts.folder and state.global_step < state.max_steps and now - self._saved >= self._pause:
            control.should_save, self._began = True, now

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write down that the saving is whole; only then the one before it goes."""
        points = [point.model_dump(mode="json") for point in self.points]
        self.parts.keep(_NAME, {"step": state.global_step, "points": points}, self._files(state.global_step))
        for other in self.folder.glob("checkpoint-*"):
            if other != self._of(state.global_step):
                shutil.rmtree(other)
        self._saved = monotonic()
        self._pause = max(EVERY, SHARE * (self._saved - self._began))

    def _of(self, step: int) -> Path:
        """The trainer's own name for it."""
        return self.folder / f"checkpoint-{step}"

    def _files(self, step: int) -> Iterator[Path]:
        """What has to be there to go on: the state of the training, and the adapters that it has saved."""
        for folder in (self._of(step), *self.folder.glob("step-*")):
            yield from (file for file in sorted(folder.rglob("*")) if file.is_file())
