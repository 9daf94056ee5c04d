"""What texts were read as, kept in a file from one start to the next; nothing here needs the model that reads them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from colonnade.models.weights import cache_folder
from colonnade.records import Digest

Vectors = NDArray[np.float32]


class Reads(Protocol):
    """Makes a vector of each text, shape (texts, dimensions)."""

    @property
    def name(self) -> str:
        """Which model, layer and vector."""
        ...

    @property
    def digest(self) -> Digest:
        """The same, by the weights."""
        ...

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One vector per text."""
        ...


class Remembered:
    """The vectors of texts that are read at every start, kept in a file for the next one.

    For what a probe learns from. What people ask is never handed to it, since it writes.

    Args:
        activations: reads what is not in the file; the file belongs to its digest.
        folder: of the files; by default beside the converted models.
    """

    def __init__(self, activations: Reads, folder: Path | None = None) -> None:
        self.name, self.digest = activations.name, activations.digest
        self._activations = activations
        self._file = (folder or kept_in()) / f"{self.digest.removeprefix('sha256:')}.npz"

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One vector per text; only new texts are read."""
        known = self._read()
        keys = [_key(text) for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            known |= dict(zip(new, self._activations(list(new.values())), strict=True))
            self._file.parent.mkdir(parents=True, exist_ok=True)
            whole = self._file.with_suffix(f".{os.getpid()}")
            with whole.open("wb") as file:
                np.savez(file, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
            whole.replace(self._file)
        return np.stack([known[key] for key in keys])

    def unread(self, texts: Sequence[str]) -> int:
        """How many of the texts are not in the file."""
        return unread(self._file, texts)

    def _read(self) -> dict[str, Vectors]:
        try:
            with np.load(self._file) as kept:
                return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
        except (OSError, ValueError, KeyError, BadZipFile):  # absent or damaged: it is only a saving of time
            return {}


def kept_in() -> Path:
    """The folder of the files, beside the converted models."""
    return cache_folder() / "activations"


def unread(file: Path, texts: Sequence[str]) -> int:
    """How many of the texts have no vector in a file of vectors; all, where it is absent or damaged."""
    try:
        with np.load(file) as kept:
            known = set(kept["keys"].tolist())
    except (OSError, ValueError, KeyError, BadZipFile):
        known = set()
    return sum(_key(text) not in known for text in set(texts))


def _key(text: str) -> str:
    return sha256(text.encode()).hexdigest()
