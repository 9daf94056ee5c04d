"""Answers drawn together, a token at a time; rows come and go while the others are drawn.

A prompt is read by itself, with its own adapter, and then joins the others: the memories of all
rows lie in one tensor per layer, filled up on the left, and every step adds one token to each row.
So a long prompt is never padded to others, and an answer does not depend on who stands beside it,
but for the last digits of floating point.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from transformers import DynamicCache

from colonnade.models.adapting import BASE, Served
from colonnade.models.local import pad_right

KEPT_READINGS = 4
"""Prompts that were read and not yet answered are remembered, the newest few of them."""

GREEDY_BELOW = 1e-4
"""Under this temperature the likeliest token is taken; the draw would be the same, and divide by nothing."""


class Reading(NamedTuple):
    """A prompt that the model has read.

    Attributes:
        memory: keys and values of every layer, for one row.
        logits: of the token that comes next, shape (words,).
        hidden: of the watched layer, shape (tokens, dimensions); none where no layer is watched.
        tokens: length of the prompt.
    """

    memory: DynamicCache
    logits: torch.Tensor
    hidden: torch.Tensor | None
    tokens: int


class Reader:
    """Reads prompts, and remembers the newest for whoever wants them answered after all.

    Args:
        served: the model.
        watched: keep what this layer (from 1) says of every token, or none.
    """

    def __init__(self, served: Served, watched: int | None = None) -> None:
        self._served, self._watched = served, watched
        self._kept: OrderedDict[tuple[str, tuple[int, ...]], Reading] = OrderedDict()

    def read(self, ids: Sequence[int], adapter: str, keep: bool = False) -> Reading:
        """What the model makes of a prompt, through this adapter; with ``keep`` for a later call too."""
        key = (adapter, tuple(ids))
        reading = self._kept.pop(key, None) or self._forward(ids, adapter)
        if keep:
            self._kept[key] = reading
            while len(self._kept) > KEPT_READINGS:
                self._kept.popitem(last=False)
        return reading

    def glance(self, rows: Sequence[list[int]], adapter: str) -> list[torch.Tensor]:
        """What the watched layer says of prompts that nobody will want answered, all read in one batch."""
        heard: list[torch.Tensor] = []
        hook = self._listen(heard)
        try:
            with torch.inference_mode():
                self._served.model(
                    **pad_right(list(rows), self._served.tokenizer.pad_token_id, self._served.model.device),
                    use_cache=False,
                    logits_to_keep=1,
                    **adapter_arguments(self._served, [adapter] * len(rows)),
                )
        finally:
            if hook is not None:
                hook.remove()
        return [hidden[: len(row)].float() for hidden, row in zip(heard[0], rows, strict=True)] if heard else []

    def _forward(self, ids: Sequence[int], adapter: str) -> Reading:
        heard: list[torch.Tensor] = []
        hook = self._listen(heard)
        try:
            with torch.inference_mode():
                output = self._served.model(
                    input_ids=torch.tensor([list(ids)], device=self._served.model.device),
                    past_key_values=DynamicCache(),
                    use_cache=True,
                    logits_to_keep=1,
                    **adapter_arguments(self._served, [adapter]),
                )
        finally:
            if hook is not None:
                hook.remove()
        hidden = heard[0][0].float() if heard else None
        return Reading(output.past_key_values, output.logits[0, -1].float(), hidden, len(ids))

    def _listen(self, heard: list[torch.Tensor]) -> Any:
        if self._watched is None:
            return None

        def keep(_module: Any, _inputs: Any, output: Any) -> None:
            heard.append(output[0] if isinstance(output, tuple) else output)

        return decoder_layers(self._served.model)[self._watched - 1].register_forward_hook(keep)


def decoder_layers(model: Any) -> Any:
    """The layers of the decoder, under PEFT or not."""
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    return bare.get_decoder().layers


def adapter_arguments(served: Served, adapters: Sequence[str]) -> dict[str, Any]:
    """What tells PEFT the adapter of each row; nothing where there is no PEFT."""
    if not served.adapters:
        return {}
    return {"adapter_names": [name or served.default or BASE for name in adapters]}


class Batch:
    """The rows that are drawn together: their memories, and how much of each is filling."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._memory: DynamicCache | None = None
        self._lengths: list[int] = []
        self.adapters: list[str] = []

    def __len__(self) -> int:
        return len(self._lengths)

    def join(self, reading: Reading, adapter: str, rows: int) -> None:
        """So many new rows, at the end, that go on from a prompt."""
        width = max([*self._lengths, reading.tokens])
        added = _padded(reading.memory, width - reading.tokens, rows)
        if self._memory is not None:
            old = _padded(self._memory, width - max(self._lengths), 1)
            pairs = zip(old, added, strict=True)
            added = [(torch.cat((k, more_k)), torch.cat((v, more_v))) for (k, v), (more_k, more_v) in pairs]
        self._memory = DynamicCache(added)
        self._lengths += [reading.tokens] * rows
        self.adapters += [adapter] * rows

    def keep(self, rows: Sequence[int]) -> None:
        """Only these rows go on; the filling that no row needs any more goes too."""
        if len(rows) == len(self._lengths) or self._memory is None:
            return
        before = max(self._lengths)
        self._lengths = [self._lengths[row] for row in rows]
        self.adapters = [self.adapters[row] for row in rows]
        if not rows:
            self._memory = None
            return
        cut, index = before - max(self._lengths), torch.tensor(rows, device=self._served.model.device)
        self._memory = DynamicCache(
            [(keys[index, :, cut:], values[index, :, cut:]) for keys, values, _ in self._memory]
        )

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """Adds a token to each row; gives the logits of the next, shape (rows, words)."""
        device, width = self._served.model.device, max(self._lengths) + 1
        filled = torch.tensor([width - 1 - length for length in self._lengths], device=device)
        with torch.inference_mode():
            output = self._served.model(
                input_ids=torch.tensor([[token] for token in tokens], device=device),
                position_ids=torch.tensor([[length] for length in self._lengths], device=device),
                attention_mask=(torch.arange(width, device=device)[None] >= filled[:, None]).long(),
                past_key_values=self._memory,
                use_cache=True,
                **adapter_arguments(self._served, self.adapters),
            )
        self._memory = output.past_key_values
        self._lengths = [length + 1 for length in self._lengths]
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits


def _padded(memory: DynamicCache, filling: int, rows: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The memory with filling on the left, which the attention mask hides, for so many rows."""
    with torch.inference_mode():
        return [
            tuple(
                torch.nn.functional.pad(tensor, (0, 0, filling, 0)).expand(rows * len(tensor), -1, -1, -1)
                for tensor in layer[:2]
            )
            for layer in memory
        ]


class Draw(NamedTuple):
    """How one row draws its tokens.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: from the likeliest tokens that together have this probability.
        generator: of the draw.
        top_k: from so many of the likeliest tokens; below 1 from all.
        min_p: from tokens that have at least this share of the likeliest one's probability.
    """

    temperature: float
    top_p: float
    generator: torch.Generator
    top_k: int = 0
    min_p: float = 0.0


def draw_token(logits: torch.Tensor, draw: Draw) -> int:
    """The next token of a row.

    The temperature comes first, then top-k, min-p and top-p, each over what the one before has left.

    Raises:
        ArithmeticError: where the logits are no numbers; what follows would be noise.

    Sources: Fan et al., Hierarchical Neural Story Generation, 2018 (top-k); Nguyen et al., Turning Up the Heat: Min-p
    Sampling for Creative and Coherent LLM Outputs, 2024; Holtzman et al., The Curious Case of Neural Text Degeneration,
    2020 (top-p).
    """
    if torch.isnan(logits).any():
        raise ArithmeticError("the model's output is not a number")
    if draw.temperature < GREEDY_BELOW or draw.top_k == 1:
        return int(logits.argmax())
    likely = torch.softmax(logits.cpu() / draw.temperature, dim=-1)
    words, narrowed = None, draw.min_p > 0
    if 0 < draw.top_k < len(likely):
        (likely, words), narrowed = likely.topk(draw.top_k), True
    if draw.min_p > 0:
        likely[likely < draw.min_p * likely.max()] = 0
    if draw.top_p < 1:
        likely, places = likely.sort(descending=True)
        words = places if words is None else words[places]
        if narrowed:
            likely = likely / likely.sum()
        before = likely.cumsum(0) - likely
        likely[before >= draw.top_p] = 0
    place = int(torch.multinomial(likely, 1, generator=draw.generator))
    return place if words is None else int(words[place])
