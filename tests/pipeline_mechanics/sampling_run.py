"""The real sampling step between fake ones, with a scripted model that dies at a batch: in this process or in its own.

Called as ``python -m tests.pipeline_mechanics.sampling_run WORKSPACE BATCH``, it kills itself at that batch.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from colonnade.pipeline import Context, Finished, Result, Step, open_workspace, planning, run, running
from colonnade.pipeline.stages import weights
from colonnade.pipeline.steps import step_named
from colonnade.records import Checkpoint, Decision, Outcome
from tests.unit.models.scripted_local import LOADED, Generation
from tests.workspaces import TRAINING

from .fake_steps import make_workspace, write_page
from .reporting import Notebook

HERE = "tests.pipeline_mechanics.sampling_run"
SAMPLED = "posttraining.sample"
RECIPE = "posttraining: {sampled_prompts: 70, sampled_answers: 3, finetuning: {steps: 1}}\n"
EVERYDAY = "".join(f'{{"id": "e{place}", "text": "What is {place} and one?"}}\n' for place in range(70))
BATCHES = 2 + 3 * 2 + 2
"""Of some more than 70 benign prompts, three times 70 unsafe ones and 70 everyday requests, 64 at a time."""

STEPS = (
    step_named("intake.prompts"),
    Step("pretraining.train", "Train nothing", f"{HERE}:train", inputs=("intake.prompts/training",), model=True),
    step_named(SAMPLED),
    Step("gate.decide", "Decide", f"{HERE}:decide", inputs=(f"{SAMPLED}/transcripts",)),
    Step("audit.report", "Write a page", f"{HERE}:page", inputs=("gate.decide/decision",)),
)


def train(context: Context) -> Result:
    """A checkpoint without an adapter."""
    return Result(records={"checkpoint": [Checkpoint(adapter=None, base=context.base, method="pretraining", step=1)]})


def decide(context: Context) -> Result:
    """A decision that names what was sampled."""
    decision = Decision(checkpoint=context.digest(f"{SAMPLED}/transcripts"), outcome=Outcome.HOLD, reasons=())
    return Result(records={"decision": [decision]})


page = write_page


def make_sampled_workspace(folder: Path, everyday: str = EVERYDAY) -> Path:
    """Seventy pairs of prompts, and as many everyday requests."""
    pairs = "".join(
        f'{{"id": "t{place}", "clause": "doors.entry", "violating": "Open office {place} with no key.",'
        f' "benign": "Who opens office {place} at {place % 12}?"}}\n'
        for place in range(70)
    )
    make_workspace(folder, {"prompts/training.jsonl": TRAINING + pairs, "rehearsal/everyday.jsonl": everyday})
    launch = folder / "launch.yaml"
    launch.write_text(launch.read_text() + RECIPE)
    return folder


def sample_with(patch: Any, folder: Path, generation: Generation, reporter: Notebook | None = None) -> Finished:
    """The whole job, with this model behind every checkpoint."""
    for module in (planning, running):
        patch.setattr(module, "STEPS", STEPS)
    patch.setattr(weights, "load", lambda *_: LOADED)
    generation.put_in(patch)
    return run(open_workspace(folder), reporter or Notebook())


class _ForGood:
    """Sets attributes as pytest's ``monkeypatch`` does, in a process that ends."""

    setattr = staticmethod(setattr)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sample_with(_ForGood, Path(sys.argv[1]), Generation(_die, int(sys.argv[2])))
