"""Sentence embeddings from the packaged all-MiniLM-L6-v2, offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from colonnade.models.model import Progress
from colonnade.models.transformer import packaged_encoder

logging.disable_progress_bar()


class MiniLM:
    """Mean-pooled, normalised sentence embeddings of 384 dimensions.

    Source: Reimers and Gurevych, Sentence-BERT, 2019; the pooling of all-MiniLM-L6-v2.
    """

    def __init__(self, folder: Path | None = None, tokens: int = 128) -> None:
        folder = folder or packaged_encoder()
        self.name = "all-MiniLM-L6-v2"
        self.tokens = tokens
        self.tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self.model = AutoModel.from_pretrained(str(folder), local_files_only=True).eval()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """An array of shape (texts, 384); an empty text gets the vector of an empty sentence."""
        vectors = np.zeros((len(texts), self.model.config.hidden_size), dtype=np.float32)
        by_length = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(texts), 32):
            batch = by_length[start : start + 32]
            inputs = self.tokenizer(
                [texts[index] for index in batch],
                padding=True,
                truncation=True,
                max_length=self.tokens,
                return_tensors="pt",
            )
            with torch.inference_mode():
                hidden = self.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
            vectors[batch] = torch.nn.functional.normalize(pooled, dim=1).numpy()
            if progress:
                progress(min(start + 32, len(texts)), len(texts))
        return vectors
