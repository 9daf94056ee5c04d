"""The packaged all-MiniLM-L6-v2 on onnxruntime with weights of eight bits; in NumPy where that is not installed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colonnade.models.model import Progress
from colonnade.models.transformer import Floats, forward, load_tokenizer, packaged_encoder, read_weights
from colonnade.models.weights import cache_folder, file_digest
from colonnade.records import digest_of

RECIPE = 1
"""Raised whenever the same weights would give another file."""

_BATCH = 32

Run = Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]
"""From tokens and mask, both of shape (texts, tokens), to one vector per text."""


class EightBitMiniLM:
    """Mean-pooled, normalised sentence embeddings of 384 dimensions, as :class:`encoder.MiniLM` gives them.

    Attributes:
        name: says by what it runs, since the two differ in the third digit.

    Args:
        folder: weights and tokenizer; the packaged ones unless told.
        tokens: how many of a text are read.
        exact: read the weights as they are, in NumPy, even where onnxruntime is installed.

    Raises:
        MissingPackageError: where the weights or ``tokenizers`` are not installed.
    """

    def __init__(self, folder: Path | None = None, tokens: int = 128, exact: bool = False) -> None:
        folder = folder or packaged_encoder()
        self.tokens = tokens
        self._tokenizer = load_tokenizer(folder)
        self.digest = file_digest(folder / "model.safetensors")
        # Making the file needs onnx, using it only onnxruntime; neither is asked for by name of a version.
        small = _cached(self.digest)
        able = find_spec("onnxruntime") is not None and (small.is_file() or find_spec("onnx") is not None)
        if exact or not able:
            self.name, self._run = "minilm/32-bit", _in_numpy(folder)
        else:
            self.name, self._run = "minilm/8-bit", _in_onnxruntime(folder, small)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """An array of shape (texts, 384); an empty text gets the vector of an empty sentence."""
        ids = [self._cut(self._tokenizer.encode(text).ids) for text in texts]
        by_length = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        vectors = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = by_length[start : start + _BATCH]
            longest = max(len(ids[place]) for place in batch)
            tokens, mask = (np.zeros((len(batch), longest), dtype=np.int64) for _ in range(2))
            for row, place in enumerate(batch):
                tokens[row, : len(ids[place])] = ids[place]
                mask[row, : len(ids[place])] = 1
            pooled = self._run(tokens, mask)
            vectors[batch] = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
            if progress:
                progress(min(start + _BATCH, len(texts)), len(texts))
        return vectors

    def _cut(self, ids: list[int]) -> list[int]:
        """At most so many tokens, the closing one among them."""
        return ids if len(ids) <= self.tokens else [*ids[: self.tokens - 1], ids[-1]]


def _in_numpy(folder: Path) -> Run:
    weights = read_weights(folder / "model.safetensors")
    return lambda tokens, mask: forward(weights, tokens, mask)


def _in_onnxruntime(folder: Path, small: Path) -> Run:
    from onnxruntime import InferenceSession, SessionOptions

    if not small.is_file():
        _make(folder, small)
    options = SessionOptions()
    # Spinning threads would starve the event loop that waits for the answer.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = InferenceSession(str(small), options, providers=["CPUExecutionProvider"])
    return lambda tokens, mask: np.asarray(session.run(None, {"tokens": tokens, "mask": mask})[0])


def _cached(weights: str) -> Path:
    return cache_folder() / f"minilm-8-bit-{digest_of({'recipe': RECIPE, 'weights': weights})[7:23]}.onnx"


def _make(folder: Path, small: Path) -> None:
    """The file whole or not at all, whoever else is making the same."""
    from colonnade.models.onnx_graph import write_eight_bits

    small.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=small.parent, prefix=small.stem) as made:
        whole, quantised = Path(made) / "whole.onnx", Path(made) / "small.onnx"
        write_eight_bits(read_weights(folder / "model.safetensors"), whole, quantised)
        os.replace(quantised, small)  # noqa: PTH105 - the atomic one, on every platform
