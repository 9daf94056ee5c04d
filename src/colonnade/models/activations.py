"""What a served model makes of a text on its way through the layers, as vectors for a linear probe.

A request is put into the model's own chat format, as it will be when it is answered. One vector
says what a layer holds at the last token, where the answer is about to begin; another is the mean
over the tokens of the request. What all requests begin with, the system message, is left out of it.

Source of probes on activations: Alain and Bengio, Understanding intermediate layers using linear
classifier probes, 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from threading import Lock
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import DynamicCache

from colonnade.models.decoding import decoder_layers
from colonnade.models.local import Loaded, LocalModel, broken_up, control_tokens, pad_right
from colonnade.models.model import Conversation, Progress, conversation
from colonnade.models.serving import LocalEngine
from colonnade.records import Digest, InputError, digest_of

Pooling = Literal["last", "mean"]

POOLINGS: tuple[Pooling, ...] = ("last", "mean")

BATCH = 16
"""Texts read together."""

Vectors = NDArray[np.float32]


class Place(NamedTuple):
    """Where to look: a layer, counted from 1, and which vector of it."""

    layer: int
    pooling: Pooling


class Activations:
    """Vectors of texts at one place of a served model, read by its engine; safe from several threads.

    Args:
        engine: it watches a layer. A request with the same text, and nothing before it, is
            afterwards answered from the same forward pass.
        system: the operator's system message.
        pooling: which vector of the layer.
    """

    def __init__(self, engine: LocalEngine, system: str, pooling: Pooling) -> None:
        served = engine.served
        if engine.watched is None:
            raise InputError("the engine watches no layer.", mend="Start it with 'watched'.")
        self.name = f"{engine.name}/layer-{engine.watched}-{pooling}"
        through = served.adapters.get(served.default, "")
        self.digest: Digest = digest_of([served.base, through, system, engine.watched, pooling])
        self._engine, self._system, self._pooling = engine, system, pooling
        self._beginning = shared_beginning(Loaded(served.model, served.tokenizer), system)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (texts, dimensions).

        Raises:
            EngineError: where the engine cannot read a text.
        """
        turns = [asked(self._system, text) for text in texts]
        # In small batches, so that answers under way go on in between.
        hidden = [
            row for start in range(0, len(turns), BATCH) for row in self._engine.read(turns[start : start + BATCH])
        ]
        return np.stack([pooled(row, self._beginning, self._pooling) for row in hidden])


class LayerActivations:
    """The same vectors without an engine: weights as they are, up to one layer, and nothing behind it is computed.

    Safe from several threads, one after the other.

    Args:
        loaded: weights that are used for nothing else; what lies behind the layer is taken off them.
        weights: their digest.
        system: the operator's system message.
        layer: from 1.
        pooling: which vector of the layer.

    Raises:
        InputError: where the model has no such layer.
    """

    def __init__(self, loaded: Loaded, weights: Digest, system: str, layer: int, pooling: Pooling = "mean") -> None:
        layers = decoder_layers(loaded.model)
        if not 1 <= layer <= len(layers):
            raise InputError(f"the model has no layer {layer} to look at.", mend=f"Choose from 1 to {len(layers)}.")
        self.name = f"layer-{layer}-{pooling}"
        exactness = str(loaded.model.dtype)
        self.digest: Digest = digest_of([weights, exactness, system, layer, pooling])
        self._loaded, self._system, self._pooling, self._layer = loaded, system, pooling, layers[layer - 1]
        del layers[layer:]
        # What all requests begin with is computed once.
        self._beginning = _token_ids(loaded, asked(system, "a"))[: shared_beginning(loaded, system)]
        self._memory: DynamicCache | None = None
        # Its tokenizer cannot be used by two threads at once, and neither can what is kept of a layer.
        self._reading = Lock()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """An array of shape (texts, dimensions)."""
        control = control_tokens(self._loaded.tokenizer)
        found: list[Vectors] = [np.zeros(0, dtype=np.float32)] * len(texts)
        with self._reading:
            rows = [_token_ids(self._loaded, asked(self._system, broken_up(text, control))) for text in texts]
            length = len(self._beginning)
            # A text that begins with a blank line may melt into what stands before it.
            usual = [row[:length] == self._beginning and len(row) > length for row in rows]
            for is_usual in (True, False):
                start = length if is_usual else 0
                order = [place for place in range(len(rows)) if usual[place] is is_usual]
                order.sort(key=lambda place: len(rows[place]))
                for first in range(0, len(order), BATCH):
                    batch = order[first : first + BATCH]
                    hidden = self._hidden([rows[place][start:] for place in batch], is_usual)
                    for row, place in zip(hidden, batch, strict=True):
                        own = row[: len(rows[place]) - start]
                        found[place] = pooled(own, length - start, self._pooling)
        return np.stack(found)

    def _hidden(self, rows: list[list[int]], behind_the_beginning: bool) -> torch.Tensor:
        """What the layer holds of every token, shape (texts, tokens, dimensions)."""
        device = self._loaded.model.device
        padded = pad_right(rows, self._loaded.tokenizer.pad_token_id, device)
        with torch.inference_mode():
            if not behind_the_beginning or not self._beginning:
                return self._forward(padded, None)
            if self._memory is None:
                memory = DynamicCache(config=self._loaded.model.config)
                self._forward(pad_right([self._beginning], 0, device), memory)
                self._memory = memory
            memory = deepcopy(self._memory)
            memory.batch_repeat_interleave(len(rows))
            before = torch.ones((len(rows), len(self._beginning)), dtype=torch.long, device=device)
            padded["attention_mask"] = torch.cat([before, padded["attention_mask"]], dim=1)
            return self._forward(padded, memory)

    def _forward(self, padded: dict[str, torch.Tensor], memory: DynamicCache | None) -> torch.Tensor:
        kept: list[torch.Tensor] = []

        def keep(_layer: Any, _given: Any, state: Any) -> None:
            kept.append(state[0] if isinstance(state, tuple) else state)

        hook = self._layer.register_forward_hook(keep)
        try:
            self._loaded.model.get_decoder()(**padded, past_key_values=memory, use_cache=memory is not None)
        finally:
            hook.remove()
        return kept[0]


def asked(system: str, text: str) -> Conversation:
    """A single request, as the gateway puts it to the model."""
    return conversation(system, text) if system else conversation(system, text)[1:]


def pooled(hidden: torch.Tensor, beginning: int, pooling: Pooling) -> Vectors:
    """One vector of shape (dimensions,) from those of every token, shape (tokens, dimensions).

    Args:
        hidden: of a prompt.
        beginning: tokens that every prompt begins with.
        pooling: which vector.
    """
    vector = hidden[-1] if pooling == "last" else hidden[min(beginning, len(hidden) - 1) :].mean(0)
    return np.asarray(vector.float().cpu().numpy(), dtype=np.float32)


def every_place(
    loaded: Loaded, system: str, texts: Sequence[str], layers: Sequence[int], progress: Progress | None = None
) -> Vectors:
    """The vectors of all texts at all places, to choose one by: shape (texts, layers, 2, dimensions).

    The last axis but one follows ``POOLINGS``.

    Raises:
        InputError: where the model has no such layer.
    """
    last: int = loaded.model.config.num_hidden_layers - 1
    if wrong := [layer for layer in layers if not 1 <= layer <= last]:
        raise InputError(f"the model has no layer {wrong[0]} to look at.", mend=f"Choose from 1 to {last}.")
    beginning = shared_beginning(loaded, system)
    rows = [_token_ids(loaded, asked(system, text)) for text in texts]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    found = np.zeros((len(texts), len(layers), len(POOLINGS), loaded.model.config.hidden_size), dtype=np.float32)
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        states = _states(loaded, [rows[place] for place in batch])
        for row, place in enumerate(batch):
            for depth, layer in enumerate(layers):
                hidden = states[layer][row, : len(rows[place])]
                found[place, depth] = [pooled(hidden, beginning, pooling) for pooling in POOLINGS]
        if progress:
            progress(min(start + BATCH, len(order)), len(order))
    return found


def shared_beginning(loaded: Loaded, system: str) -> int:
    """How many tokens all prompts with this system message begin with."""
    one, other = (_token_ids(loaded, asked(system, text)) for text in ("a", "7 b"))
    same = [left == right for left, right in zip(one, other, strict=False)]
    return same.index(False) if False in same else len(same)


def _token_ids(loaded: Loaded, turns: Conversation) -> list[int]:
    ids: list[int] = loaded.tokenizer(LocalModel(loaded).prompt_text(turns), add_special_tokens=False)["input_ids"]
    return ids


def _states(loaded: Loaded, rows: list[list[int]]) -> Any:
    padded = pad_right(rows, loaded.tokenizer.pad_token_id, loaded.model.device)
    with torch.inference_mode():
        return loaded.model.get_decoder()(**padded, output_hidden_states=True, use_cache=False).hidden_states
