"""Adapters of a workspace: each is known by its digest, or local weights are not served with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from colonnade.guard.adapters import AdapterSettings
from colonnade.models.adapting import AdapterFolder
from colonnade.models.remembered import Remembered
from colonnade.models.weights import folder_digest
from colonnade.pipeline import hosting, open_workspace
from colonnade.pipeline.hosting import FEW_UNREAD, RELEASED, Reading, adapter_folders, probed_layer, starts_soon
from colonnade.pipeline.service import weights_behind
from colonnade.records import Checkpoint, InputError, digest_of
from tests.workspaces import write_workspace

pytestmark = pytest.mark.model


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace" / "adapters" / "tester"
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text("{}")
    (tmp_path / "outside").mkdir()
    return tmp_path / "workspace"


def settings(**named: dict[str, Any]) -> AdapterSettings:
    return AdapterSettings.model_validate({"named": named})


def test_named_folders_and_the_chosen_checkpoint_are_served_together(workspace: Path, tmp_path: Path) -> None:
    folder = workspace / "adapters" / "tester"
    digest = folder_digest(folder)
    named = settings(tester={"folder": "adapters/tester", "digest": digest}, careful={"checkpoint": "chosen"})
    assert adapter_folders(workspace, named, tmp_path) == {
        RELEASED: AdapterFolder(tmp_path),
        "tester": AdapterFolder(folder, digest),
        "careful": AdapterFolder(tmp_path),
    }
    assert adapter_folders(workspace, settings(), None) == {}


def test_a_folder_without_a_digest_is_refused_with_the_digest_that_it_has(workspace: Path) -> None:
    with pytest.raises(InputError, match="has no digest") as caught:
        adapter_folders(workspace, settings(tester={"folder": "adapters/tester"}), None)
    assert folder_digest(workspace / "adapters" / "tester") in str(caught.value)
    assert caught.value.file == workspace / "guard.yaml"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ({"folder": "../outside", "digest": "sha256:" + "0" * 64}, "lies outside the workspace"),
        ({"folder": "adapters/gone", "digest": "sha256:" + "0" * 64}, "is not there"),
        ({"server": "org/lora"}, "is a server's"),
        ({"checkpoint": "chosen"}, "is the base itself"),
    ],
)
def test_an_adapter_that_cannot_be_hosted_here_is_refused(workspace: Path, source: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=what):
        adapter_folders(workspace, settings(x=source), None)


def test_the_name_of_the_released_adapter_is_taken(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is taken"):
        adapter_folders(workspace, settings(released={"checkpoint": "chosen"}), tmp_path)


@pytest.mark.parametrize(("layers", "layer"), [(30, 16), (2, 1), (12, 6), (80, 42)])
def test_the_probe_looks_where_it_was_measured_to_see_most(layers: int, layer: int) -> None:
    assert probed_layer(layers) == layer


class Words:
    """Reads every text as one number."""

    name, digest = "words", digest_of("words")

    def __call__(self, texts: Sequence[str]) -> Any:
        return np.array([[float(len(text))] for text in texts], dtype=np.float32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    monkeypatch.setenv("COLONNADE_CACHE", str(tmp_path / "cache"))
    loaded: list[object] = []

    def reading(workspace: object) -> Reading:
        loaded.append(workspace)
        return Reading(Words(), Remembered(Words()))

    monkeypatch.setattr(hosting, "reading_of", reading)
    return loaded


def test_a_probe_starts_soon_where_all_but_a_few_of_its_texts_were_read_by_the_same_model(cache: list[object]) -> None:
    texts = [f"text {number}" for number in range(100)]
    Remembered(Words())(texts[: 100 - FEW_UNREAD])
    assert starts_soon(None, texts)  # type: ignore[arg-type] # handed on to what reads
    assert not starts_soon(None, [*texts, "and one more"])  # type: ignore[arg-type] # likewise


def test_without_such_texts_no_model_is_loaded_and_another_models_do_not_count(cache: list[object]) -> None:
    texts = [f"text {number}" for number in range(100)]
    assert not starts_soon(None, texts)  # type: ignore[arg-type] # handed on to what reads
    assert cache == []

    class Other(Words):
        digest = digest_of("other words")

    Remembered(Other())(texts)
    assert not starts_soon(None, texts)  # type: ignore[arg-type] # likewise
    assert len(cache) == 1


def test_whoever_serves_the_checkpoint_reads_the_name_that_clients_have_to_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_workspace(tmp_path / "w", {})
    monkeypatch.setattr("colonnade.models.local.converted_weights", lambda: tmp_path)
    monkeypatch.setattr("colonnade.models.adapting.load_served", lambda *_, **__: None)
    monkeypatch.setattr("colonnade.models.serving.LocalEngine", lambda *_: None)
    behind = weights_behind(
        open_workspace(tmp_path / "w"), Checkpoint(adapter=None, base=digest_of("x"), method="base")
    )
    assert (list(behind.models), behind.what) == (["rosters"], "rosters from local weights")
