"""Local weights whose every finished batch is written down, so that a crash costs one batch."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import numpy as np
import torch

from colonnade.models.local import Loaded, LocalModel
from colonnade.models.model import Reply, Sampling
from colonnade.records import Digest, digest_bytes
from colonnade.store.parts import Parts


class ResumingModel(LocalModel):
    """Answers as :class:`LocalModel` does, to the last word, and takes batches over that an earlier run has finished.

    A batch is found by its texts, the sampling and, where tokens are drawn, the state of chance
    before it. The state after it is kept with it, so that what is drawn next is what would have been.

    Args:
        loaded: model and tokenizer.
        parts: where finished batches are kept.
        speaker: digest of the checkpoint that the weights are.
    """

    def __init__(self, loaded: Loaded, parts: Parts, speaker: Digest) -> None:
        super().__init__(loaded)
        self.parts, self.speaker = parts, speaker

    def _generate(self, texts: list[str], sampling: Sampling) -> list[Reply]:
        drawn = sampling.temperature > 0
        asked = {
            "speaker": self.speaker,
            "texts": texts,
            "tokens": sampling.tokens,
            "temperature": sampling.temperature,
            "chance": digest_bytes(self._chance()) if drawn else "",
        }

        def generate() -> dict[str, Any]:
            replies = super(ResumingModel, self)._generate(texts, sampling)
            return {"replies": replies, "chance": b64encode(self._chance()).decode() if drawn else ""}

        batch = self.parts.once(asked, generate)
        if drawn:
            self._go_on_from(b64decode(batch["chance"]))
        return [Reply(*reply) for reply in batch["replies"]]

    def _chance(self) -> bytes:
        """The state from which the next token is drawn."""
        device = self.loaded.model.device
        state = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
        return bytes(state.numpy().tobytes())

    def _go_on_from(self, chance: bytes) -> None:
        device, state = self.loaded.model.device, torch.from_numpy(np.frombuffer(chance, dtype=np.uint8).copy())
        if device.type == "cuda":
            torch.cuda.set_rng_state(state, device)
        else:
            torch.set_rng_state(state)
