"""A folder like that of the packaged encoder, with random weights of its shape and a few hundred tokens."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 320


def write_arrays(file: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    """A safetensors file, as its description says."""
    header, blocks, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, array in arrays.items():
        block = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + len(block)]}  # type: ignore[dict-item]
        blocks.append(block)
        at += len(block)
    words = json.dumps(header).encode()
    file.write_bytes(len(words).to_bytes(8, "little") + words + b"".join(blocks))


def write_encoder(folder: Path) -> Path:
    """Weights and tokenizer; every letter, and words of the alphabet's pairs, are tokens."""
    generator = np.random.default_rng(0)

    def some(*shape: int) -> NDArray[np.float32]:
        return generator.normal(0, 0.2, shape).astype(np.float32)

    arrays = {
        "embeddings.word_embeddings.weight": some(VOCABULARY, 384),
        "embeddings.position_embeddings.weight": some(512, 384),
        "embeddings.token_type_embeddings.weight": some(2, 384),
        "embeddings.LayerNorm.weight": 1 + some(384),
        "embeddings.LayerNorm.bias": some(384),
    }
    for layer in range(6):
        name = f"encoder.layer.{layer}"
        shapes = [(f"attention.self.{part}", 384, 384) for part in ("query", "key", "value")]
        shapes += [("attention.output.dense", 384, 384), ("intermediate.dense", 1536, 384), ("output.dense", 384, 1536)]
        for part, rows, columns in shapes:
            arrays[f"{name}.{part}.weight"] = some(rows, columns) / 4
            arrays[f"{name}.{part}.bias"] = some(rows)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            arrays[f"{name}.{part}.weight"] = 1 + some(384)
            arrays[f"{name}.{part}.bias"] = some(384)
    write_arrays(folder / "model.safetensors", arrays)
    _write_tokenizer(folder / "tokenizer.json")
    return folder


def _write_tokenizer(file: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing

    letters = "abcdefghijklmnopqrstuvwxyz.,?"
    words = ["[PAD]", *(f"[unused{number}]" for number in range(99)), "[UNK]", "[CLS]", "[SEP]", *letters]
    words += [f"##{letter}" for letter in letters] + [one + other for one in "abcdeth" for other in letters[:20]]
    tokenizer = Tokenizer(WordPiece({word: place for place, word in enumerate(words[:VOCABULARY])}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 101), ("[SEP]", 102)]
    )
    tokenizer.save(str(file))
