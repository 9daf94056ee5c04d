"""A model that was asked half of the prompts when the run died is asked the other half."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from colonnade.pipeline import Context, Result, open_workspace
from colonnade.pipeline.stages import evaluation, weights
from colonnade.records import ColonnadeError, Transcript, digest_of
from colonnade.store import Store
from colonnade.store.parts import Counted, Parts, parts_of
from tests.pipeline_mechanics.reporting import Notebook
from tests.unit.evaluation.runner_models import prompts
from tests.unit.models.scripted_local import LOADED, Generation
from tests.workspaces import LAUNCH, write_workspace

KEY = digest_of("key")


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    monkeypatch.setattr(weights, "load", lambda *_: LOADED)
    monkeypatch.setattr(weights, "base_weights", lambda *_: tmp_path)
    files = {"launch.yaml": LAUNCH + "evaluation: {batch: 4}\n"}
    workspace = open_workspace(write_workspace(tmp_path, files))
    store = Store(tmp_path)
    inputs = {"intake.prompts/gate": store.put_records(prompts(10))}
    base = "sha256:" + "0" * 64
    yield Context(tmp_path, workspace.launch, workspace.policies, store, inputs, base, Notebook(), tmp_path)
    store.close()


def _fail() -> None:
    raise RuntimeError("out of memory")


def _ask(context: Context, parts: Parts) -> Result:
    with parts:
        return evaluation.ask_base(context._replace(parts=parts))


def test_only_what_is_missing_is_asked_again(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    home = context.store.home
    plain = Generation().put_in(monkeypatch)
    expected = evaluation.ask_base(context)
    dying = Generation(_fail, 2).put_in(monkeypatch)
    with pytest.raises(ColonnadeError, match="out of memory"):
        _ask(context, parts_of(home, "evaluation.base", KEY))
    rest, parts = Generation().put_in(monkeypatch), parts_of(home, "evaluation.base", KEY)
    result = _ask(context, parts)
    assert [*dying.batches, *rest.batches] == plain.batches
    assert [len(batch) for batch in rest.batches] == [2]
    assert parts.counted == Counted(2, 3)
    assert result == expected
    transcripts = [row for row in result.records["transcripts"] if isinstance(row, Transcript)]
    assert [row.prompt for row in transcripts] == [row.id for row in prompts(10)]
    assert result.notes["answers"] == "10, 0 faults"


def test_answers_of_one_checkpoint_are_no_answers_of_another(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    Generation().put_in(monkeypatch)
    _ask(context, parts_of(context.store.home, "evaluation.base", KEY))
    again = Generation().put_in(monkeypatch)
    other = context._replace(base="sha256:" + "1" * 64)
    _ask(other, parts_of(context.store.home, "evaluation.base", KEY))
    assert sum(map(len, again.batches)) == 10
