"""An encoder that needs no model: hashed bags of words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from colonnade.models import Progress


class HashedWords:
    """Counts words in hashed places and scales the counts to length 1.

    Texts that share words are close, and a repeat gives the same vector on every machine.
    """

    def __init__(self, dimensions: int = 64) -> None:
        self.name, self.dimensions = "hashed-words", dimensions

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """An array of shape (texts, dimensions)."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in re.findall(r"\w+", text.lower()) or [""]:
                place = hashlib.sha256(word.encode()).digest()
                vectors[row, int.from_bytes(place[:4], "big") % self.dimensions] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if len(texts) else vectors
