from __future__ import annotations

from pathlib import Path

from colonnade.evaluation import read_prompts
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import teaching_prompts
from colonnade.records import Split

EXAMPLE = Path(__file__).parents[3] / "examples" / "assistant"


def test_prompts_of_two_splits_teach_and_those_of_the_gate_do_not() -> None:
    workspace = open_workspace(EXAMPLE)
    teaching = teaching_prompts(workspace)
    prompts = read_prompts(workspace.folder, workspace.policies)
    assert {prompt.split for prompt in teaching} == {Split.TRAINING, Split.DEVELOPMENT}
    assert any(prompt.split is Split.GATE for prompt in prompts)
    assert len(teaching) == sum(prompt.split is not Split.GATE for prompt in prompts)
