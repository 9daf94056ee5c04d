"""Adapters beside a base: what cannot be mixed, or would change the base, is refused when it is loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch

from colonnade.models import local
from colonnade.models.adapting import AdapterFolder, load_served, tensor_digest
from colonnade.models.weights import folder_digest
from colonnade.records import InputError

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


@pytest.fixture(autouse=True)
def _exact_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "fast_dtype", lambda: torch.float32)


@pytest.fixture
def folder(taught_adapters: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(taught_adapters["porter"], tmp_path / "porter"))


def edit(folder: Path, **settings: Any) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"peft_type": "IA3"}, "not a LoRA adapter"),
        ({"use_dora": True}, "uses DoRA"),
        ({"alora_invocation_tokens": [1]}, "uses aLoRA"),
        ({"target_parameters": ["weight"]}, "adapts bare parameters"),
        ({"target_modules": ["no_such_layer"]}, "cannot be served beside others"),
        ({"r": 3}, "cannot be served beside others"),
    ],
)
def test_an_adapter_that_cannot_be_mixed_is_refused(
    tiny_weights: Path, folder: Path, settings: dict[str, Any], what: str
) -> None:
    edit(folder, **settings)
    with pytest.raises(InputError, match=what) as caught:
        load_served(tiny_weights, {"porter": AdapterFolder(folder)})
    assert caught.value.file == folder


def test_an_adapter_whose_method_changes_the_base_is_refused(tiny_weights: Path, folder: Path) -> None:
    edit(folder, init_lora_weights="pissa")
    with pytest.raises(InputError, match="changed the base weights"):
        load_served(tiny_weights, {"porter": AdapterFolder(folder)})


@pytest.mark.parametrize("missing", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_folder_without_an_adapter_is_refused(tiny_weights: Path, folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    (folder / "adapter_model.bin").write_bytes(b"pickled")
    with pytest.raises(InputError, match=f"has no {missing}"):
        load_served(tiny_weights, {"porter": AdapterFolder(folder)})


def test_a_configuration_that_is_no_json_is_refused(tiny_weights: Path, folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{")
    with pytest.raises(InputError, match="not a LoRA adapter"):
        load_served(tiny_weights, {"porter": AdapterFolder(folder)})


def test_an_adapter_with_weights_that_are_no_numbers_is_refused(tiny_weights: Path, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = folder / "adapter_model.safetensors"
    save_file({name: tensor * float("nan") for name, tensor in load_file(file).items()}, file)
    with pytest.raises(InputError, match="are not numbers"):
        load_served(tiny_weights, {"porter": AdapterFolder(folder)})


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "-a", "__base__"])
def test_a_name_that_peft_could_not_hold_is_refused(tiny_weights: Path, folder: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be an adapter's name"):
        load_served(tiny_weights, {name: AdapterFolder(folder)})


def test_other_base_weights_than_were_asked_for_are_refused(tiny_weights: Path) -> None:
    assert load_served(tiny_weights, expected=folder_digest(tiny_weights)).adapters == {}
    with pytest.raises(InputError, match="not those that were asked for"):
        load_served(tiny_weights, expected="sha256:" + "0" * 64)


def test_a_default_or_a_merge_that_names_no_adapter_is_refused(tiny_weights: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no adapter is called 'other'"):
        load_served(tiny_weights, {"porter": AdapterFolder(folder)}, "other")
    with pytest.raises(InputError, match="only one adapter can be merged"):
        load_served(tiny_weights, {"one": AdapterFolder(folder), "two": AdapterFolder(folder)}, "one", merge=True)


def test_the_digest_of_the_base_is_the_same_under_adapters_and_sees_every_number(
    tiny_weights: Path, folder: Path
) -> None:
    bare = local.load(tiny_weights).model
    before = tensor_digest(bare)
    served = load_served(tiny_weights, {"porter": AdapterFolder(folder), "again": AdapterFolder(folder)})
    assert served.base == tensor_digest(served.model) == before
    with torch.no_grad():
        weight = bare.get_decoder().layers[1].mlp.down_proj.weight
        weight[0], weight[1] = weight[1].clone(), weight[0].clone()
    assert tensor_digest(bare) != before
