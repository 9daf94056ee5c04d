"""Local weights that are a script: they batch, draw and end as real ones do, count their batches and may die."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch

from colonnade.models import Reply, Sampling, ScriptedModel
from colonnade.models.local import Loaded, LocalModel
from colonnade.records import Message


class _Words:
    """A tokenizer for which each word is a token."""

    def __call__(self, text: str) -> dict[str, list[str]]:
        return {"input_ids": text.split()}

    def apply_chat_template(self, messages: list[dict[str, str]], **_: Any) -> str:
        return "\n".join(row["content"] for row in messages)


LOADED = Loaded(SimpleNamespace(config=SimpleNamespace(), device=torch.device("cpu")), _Words())
SCRIPT = ScriptedModel([(r"key|door|office|locker", "Ask the porter."), (r"who|how|when", "Of course, here it is.")])


class Generation:
    """Stands in for ``LocalModel._generate``: what is drawn depends on the state of chance, as it does there.

    Args:
        die: called instead of the batch of this number.
        dies_at: which that is, from 0; none lives.
    """

    def __init__(self, die: Callable[[], None] | None = None, dies_at: int | None = None) -> None:
        self.die, self.dies_at = die, dies_at
        self.batches: list[list[str]] = []

    def __call__(self, model: LocalModel, texts: list[str], sampling: Sampling) -> list[Reply]:
        if len(self.batches) == self.dies_at and self.die:
            self.die()
        self.batches.append(texts)
        asked = [(Message(role="user", content=text),) for text in texts]
        replies = SCRIPT.reply(asked, sampling)
        if sampling.temperature == 0:
            return replies
        # As many draws as there are texts: a batch that is left out without its draws changes all that follow.
        drawn = torch.rand(len(texts)).tolist()
        return [Reply(f"{reply.text} {number:.9f}", "end") for reply, number in zip(replies, drawn, strict=True)]

    def put_in(self, patch: Any) -> Generation:
        """Let every local model generate by this."""
        patch.setattr(LocalModel, "_generate", lambda model, texts, sampling: self(model, texts, sampling))
        return self
