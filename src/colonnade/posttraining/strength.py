"""A dial between the base model and a fine-tuned one: the same adapter, applied less strongly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path


def at_strength(adapter: Path, strength: float, folder: Path) -> Path:
    """A copy of a LoRA adapter whose change of the weights is multiplied by ``strength``.

    LoRA adds ``alpha / rank * B A`` to a weight (Hu et al., 2021), so the dial is ``alpha``, and the
    copy's own configuration says how far it was turned. A fine-tuned model declines where its lean
    towards declining outweighs the base model's towards helping: a weaker adapter keeps the order
    of the requests and moves the point from which they are declined.
    """
    shutil.copytree(adapter, folder)
    file = folder / "adapter_config.json"
    configuration = json.loads(file.read_text())
    configuration["lora_alpha"] = configuration["lora_alpha"] * strength
    file.write_text(json.dumps(configuration, indent=2, sort_keys=True))
    return folder
