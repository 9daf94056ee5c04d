"""A run in a process of its own that dies, or waits to be killed, where it is told to.

Called as ``python -m tests.pipeline_mechanics.dying_run WORKSPACE STEP MOMENT``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from colonnade.pipeline import Context, Result, open_workspace, planning, run, running
from colonnade.store import Store

from . import fake_steps
from .reporting import Notebook

WAITING = "waiting"
"""The file that appears in the workspace once the step waits."""


def main(folder: Path, step_name: str, moment: str) -> None:
    """Run until the step and the moment are reached."""
    for module in (planning, running):
        vars(module)["STEPS"] = fake_steps.STEPS
    step = next(step for step in fake_steps.STEPS if step.name == step_name)
    if moment in ("inside", "waiting"):
        _instead(step.function.partition(":")[2], moment, folder)
    else:
        _during_the_record(step_name, moment)
    run(open_workspace(folder), Notebook())


def _instead(function: str, moment: str, folder: Path) -> None:
    """Let the step do half of its work, then die or wait."""
    real: Callable[[Context], Result] = getattr(fake_steps, function)

    def half(context: Context) -> Result:
        real(context)
        (context.scratch / "half").write_bytes(b"unfinished")
        context.store.objects.put(b"a stray artefact that no run names")
        if moment == "waiting":
            (folder / WAITING).touch()
            time.sleep(120)
        _die()
        raise AssertionError

    setattr(fake_steps, function, half)


def _during_the_record(step_name: str, moment: str) -> None:
    """Die while the finished step is written down: before its ledger line, in it, or after it."""
    record = Store.record

    def dying(store: Store, finished: Any, actor: str | None = None) -> str:
        if finished.step != step_name:
            return record(store, finished, actor)
        if moment == "before the ledger":
            _die()
        if moment == "in the ledger's line":
            record(store, finished, actor)
            os.truncate(store.ledger.file, store.ledger.file.stat().st_size - 20)
            for file in store.home.glob("catalogue.sqlite*"):
                file.unlink()
            _die()
        setattr(store.catalogue, "add", lambda *_: _die())  # noqa: B010  # as above
        return record(store, finished, actor)

    setattr(Store, "record", dying)  # noqa: B010  # this process is made to die, and for nothing else


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
