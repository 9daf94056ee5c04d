"""The only room that knows the order of the stages."""

from colonnade.pipeline.context import Context, Reporter, Result
from colonnade.pipeline.planning import Planned, plan
from colonnade.pipeline.running import Finished, run
from colonnade.pipeline.steps import STEPS, Step
from colonnade.pipeline.workspace import Workspace, check_workspace, open_workspace

__all__ = [
    "STEPS",
    "Context",
    "Finished",
    "Planned",
    "Reporter",
    "Result",
    "Step",
    "Workspace",
    "check_workspace",
    "open_workspace",
    "plan",
    "run",
]
