"""The dial between a base model and a fine-tuned one."""

from __future__ import annotations

import json
from pathlib import Path

from colonnade.posttraining.strength import at_strength


def adapter(folder: Path) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 8, "lora_alpha": 16}))
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


def test_a_weaker_adapter_says_so_in_its_own_configuration_and_keeps_its_weights(tmp_path: Path) -> None:
    full = adapter(tmp_path / "full")
    weak = at_strength(full, 0.5, tmp_path / "weak")
    assert json.loads((weak / "adapter_config.json").read_text()) == {"r": 8, "lora_alpha": 8}
    assert (weak / "adapter_model.safetensors").read_bytes() == b"weights"


def test_the_adapter_itself_stays_as_it_was(tmp_path: Path) -> None:
    full = adapter(tmp_path / "full")
    at_strength(full, 0.5, tmp_path / "weak")
    assert json.loads((full / "adapter_config.json").read_text())["lora_alpha"] == 16
