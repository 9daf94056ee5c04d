"""Sentence embeddings by looking tokens up in a table that was distilled once from the packaged encoder.

Every token of the vocabulary is read by the transformer alone; the results are turned onto their main directions,
cut, and weighed by how rare the token is. A text is the sum of its tokens: no matrix is multiplied, so a text of
sixty tokens takes some hundredths of a millisecond, and the order of its words is lost.

Source: Tulkens and van Dongen, Model2Vec, 2024; of the weights: Arora, Liang and Ma, A simple but tough-to-beat
baseline for sentence embeddings, 2017, with Zipf's law in place of counts.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from colonnade.models.model import Progress
from colonnade.models.transformer import Floats, Weights, forward, load_tokenizer, packaged_encoder, read_weights
from colonnade.models.weights import cache_folder, file_digest
from colonnade.records import digest_bytes, digest_of

RECIPE = 1
"""Raised whenever the same weights would give another table."""

DIMENSIONS = 256
RARE = 1e-4
"""A token of this probability weighs half of a very rare one."""

START, STOP = 101, 102
"""What stands around every text in this vocabulary."""

_BATCH = 512
_CHUNKS = 1 << 13
"""Words whose tokens are remembered: finding them is most of the work, and the same words come again."""


class StaticEncoder:
    """Normalised sums of token vectors, of 256 dimensions; safe from several threads at once.

    Attributes:
        name: with the first digits of the digest.
        digest: of the table.

    Args:
        folder: weights and tokenizer; the packaged ones unless told.
        progress: told of the distilling, which the first use on a machine needs: about a minute of one core.

    Raises:
        MissingPackageError: where the weights or ``tokenizers`` are not installed.
    """

    def __init__(self, folder: Path | None = None, progress: Progress | None = None) -> None:
        folder = folder or packaged_encoder()
        tokenizer = load_tokenizer(folder)
        stored = _stored_table(folder, progress)
        self.digest = digest_bytes(stored.tobytes())
        self.name = f"static/{self.digest[7:15]}"
        self._table = stored.astype(np.float32)

        @lru_cache(maxsize=_CHUNKS)
        def tokens_of(chunk: str) -> tuple[int, ...]:
            return tuple(tokenizer.encode(chunk, add_special_tokens=False).ids)

        self._tokens_of = tokens_of

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """An array of shape (texts, 256); a text without tokens is a row of zeros."""
        vectors = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        for row, text in enumerate(texts):
            tokens = self.tokens(text)
            if tokens:
                summed = self._table.take(tokens, axis=0).sum(axis=0)
                vectors[row] = summed / max(float(np.sqrt(summed @ summed)), 1e-12)
            if progress:
                progress(row + 1, len(texts))
        return vectors

    def of_word(self, word: str) -> Floats:
        """What a word adds to a text's vector before that is normalised; the word may have no blanks."""
        first, *others = self._tokens_of(word) or (-1,)
        if first < 0:
            return np.zeros(self._table.shape[1], dtype=np.float32)
        # Rows are added one by one: words have few tokens, and each of these calls keeps the interpreter.
        summed = self._table[first].copy()
        for token in others:
            summed += self._table[token]
        return np.asarray(summed, dtype=np.float32)

    def tokens(self, text: str) -> list[int]:
        """The ids of the text's tokens; the tokenizer cuts at blanks first, so it can be asked word by word."""
        return list(chain.from_iterable(map(self._tokens_of, text.split())))


def distil(weights: Weights, tokens: Sequence[int], progress: Progress | None = None) -> Floats:
    """The table of these tokens, the commonest first: shape (tokens, at most 256).

    Args:
        weights: of the transformer.
        tokens: ids; their order stands for how common they are.
        progress: told how many were read.
    """
    read = []
    for start in range(0, len(tokens), _BATCH):
        batch = np.asarray(tokens[start : start + _BATCH], dtype=np.int64)
        framed = np.stack([np.full_like(batch, START), batch, np.full_like(batch, STOP)], axis=1)
        read.append(forward(weights, framed, np.ones_like(framed)))
        if progress:
            progress(min(start + _BATCH, len(tokens)), len(tokens))
    vectors = np.concatenate(read).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    return np.asarray(vectors @ directions[:, ::-1][:, :DIMENSIONS] * _rarity(len(tokens))[:, None], dtype=np.float32)


def _rarity(tokens: int) -> NDArray[np.float64]:
    """How much each token weighs, the commonest first: a / (a + p), with p falling as one over the rank."""
    share = 1 / np.arange(2, tokens + 2)
    return np.asarray(RARE / (RARE + share / share.sum()))


def _stored_table(folder: Path, progress: Progress | None) -> NDArray[np.float16]:
    """The table from the cache, or made and put there."""
    made_of = {"recipe": RECIPE, "weights": file_digest(folder / "model.safetensors")}
    file = cache_folder() / f"static-{digest_of(made_of)[7:23]}.npy"
    if not file.is_file():
        weights = read_weights(folder / "model.safetensors")
        vocabulary = range(len(weights["embeddings.word_embeddings.weight"]))
        table = distil(weights, vocabulary, progress).astype(np.float16)
        _write(file, table)
    table = np.load(file, allow_pickle=False)
    return np.asarray(table, dtype=np.float16)


def _write(file: Path, table: NDArray[np.float16]) -> None:
    """Whole or not at all, whoever else is writing the same."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=file.stem, delete=False) as stream:
        try:
            np.save(stream, table)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            Path(stream.name).unlink(missing_ok=True)
            raise
    os.replace(stream.name, file)  # noqa: PTH105 - from a name, not from a path
