"""Steps that look at both checkpoints take over what they had found of one when the run died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("trl")
pytest.importorskip("daft")

from colonnade.pipeline import Context, open_workspace
from colonnade.pipeline.stages import capability, pretraining, weights
from colonnade.records import Checkpoint, ProbeResult, digest_of
from colonnade.store import Store
from colonnade.store.parts import Counted, parts_of
from tests.pipeline_mechanics.reporting import Notebook
from tests.unit.models.scripted_local import LOADED, Generation
from tests.unit.records.samples import make_prompt
from tests.workspaces import write_workspace

KEY, BASE = digest_of("key"), digest_of("base")
CHOICES = '{"id": "a", "question": "Which animal gives us wool?", "options": ["sheep", "frogs"], "answer": "A"}\n'
FREE = '{"suite": "Days", "tokens": 12}\n{"id": "b", "question": "How many days are there in a week?", "answer": 7}\n'


class _CrashError(Exception):
    pass


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    for stage in (weights, pretraining):
        monkeypatch.setattr(stage, "load", lambda *_: LOADED)
        monkeypatch.setattr(stage, "base_weights", lambda *_: tmp_path)
    suites = {"capability/choices.jsonl": CHOICES, "capability/days.jsonl": FREE}
    workspace = open_workspace(write_workspace(tmp_path, suites))
    store = Store(tmp_path)
    trained = store.put_records([Checkpoint(adapter=None, base=BASE, method="reinforcement", step=1)])
    asked = store.put_records([make_prompt("p0")])
    inputs = dict.fromkeys(("posttraining.select/checkpoint", "pretraining.train/checkpoint"), trained)
    inputs |= dict.fromkeys(("intake.prompts/training", "intake.prompts/development"), asked)
    inputs["pretraining.curate/documents"] = store.put_records([])
    yield Context(tmp_path, workspace.launch, workspace.policies, store, inputs, BASE, Notebook(), tmp_path)
    store.close()


def _dying_at(call: int, make: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    calls: list[int] = []

    def once(*arguments: Any) -> Any:
        if len(calls) == call:
            raise _CrashError
        calls.append(len(calls))
        return make(*arguments)

    return once, calls


def _losses(_: object, beginnings: Sequence[str], continuations: Sequence[Sequence[str]], *__: Any) -> list[Any]:
    return [tuple(1 / (3 + len(option)) for option in options) for options in continuations]


def test_a_suite_that_was_answered_is_not_asked_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    Generation().put_in(monkeypatch)
    monkeypatch.setattr(capability, "continuation_losses", _losses)
    expected = capability.measure_capability(context)
    dying, before = _dying_at(1, _losses)
    monkeypatch.setattr(capability, "continuation_losses", dying)
    with parts_of(context.store.home, "step", KEY) as parts, pytest.raises(_CrashError):
        capability.measure_capability(context._replace(parts=parts))
    rest, after = _dying_at(9, _losses)
    monkeypatch.setattr(capability, "continuation_losses", rest)
    generation = Generation().put_in(monkeypatch)
    with parts_of(context.store.home, "step", KEY) as parts:
        assert capability.measure_capability(context._replace(parts=parts)) == expected
        assert parts.counted == Counted(2, 4)
    assert (len(before), len(after), len(generation.batches)) == (1, 1, 1)


def test_a_checkpoint_that_was_probed_is_not_probed_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def questions(loaded: object, taught: object, unseen: object, shots: int, speaker: str, *_: Any) -> ProbeResult:
        value = {"value": 1 / 3, "low": 0.1, "high": 0.7 + 1e-12, "items": 3}
        return ProbeResult.model_validate({"probe": "sparse_questions", "group": "all", "speaker": speaker, **value})

    monkeypatch.setattr(pretraining, "sparse_questions", questions)
    expected = pretraining.probe(context)
    dying, _ = _dying_at(1, questions)
    monkeypatch.setattr(pretraining, "sparse_questions", dying)
    with parts_of(context.store.home, "step", KEY) as parts, pytest.raises(_CrashError):
        pretraining.probe(context._replace(parts=parts))
    rest, after = _dying_at(9, questions)
    monkeypatch.setattr(pretraining, "sparse_questions", rest)
    with parts_of(context.store.home, "step", KEY) as parts:
        assert pretraining.probe(context._replace(parts=parts)) == expected
        assert parts.counted == Counted(1, 2)
    assert len(after) == 1
