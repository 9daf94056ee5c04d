"""What answers: one small protocol, and the adapters that fulfil it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from colonnade.records import InputError, Message, MissingPackageError

Conversation = tuple[Message, ...]
Progress = Callable[[int, int], None]
"""Told how many items are done, of how many."""


class Sampling(NamedTuple):
    """How an answer is drawn; temperature 0 takes the likeliest token each time."""

    tokens: int = 48
    temperature: float = 0.0
    seed: int = 0
    batch: int = 64


class Reply(NamedTuple):
    """An answer, or the fault that prevented it; a fault of one item is data."""

    text: str
    stop: Literal["end", "length", "fault"]
    fault: str = ""


class Model(Protocol):
    """Anything that answers conversations."""

    name: str

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        """One reply per conversation, in the same order.

        Where a conversation ends with words of the assistant, the reply is how they go on.
        """
        ...


class Encoder(Protocol):
    """Anything that turns texts into vectors of length 1."""

    name: str

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """An array of shape (texts, dimensions)."""
        ...


ADAPTERS = MappingProxyType(
    {
        "scripted": "colonnade.models.scripted:ScriptedModel",
        "local": "colonnade.models.local:LocalModel",
        "http": "colonnade.models.http:HttpModel",
        "minilm": "colonnade.models.encoder:MiniLM",
        "minilm-onnx": "colonnade.models.minilm:EightBitMiniLM",
        "static": "colonnade.models.static:StaticEncoder",
    }
)
"""Where each adapter lives; it is imported on first use, so that nobody loads torch unasked."""


def adapter(name: str) -> Any:
    """The class of an adapter.

    Raises:
        InputError: where no adapter has this name.
        MissingPackageError: where a package that it needs is not installed.
    """
    if name not in ADAPTERS:
        raise InputError(f"no model adapter is called '{name}'.", mend=f"Choose one of {', '.join(sorted(ADAPTERS))}.")
    module, _, attribute = ADAPTERS[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as fault:
        raise MissingPackageError(
            f"the package '{fault.name}' is not installed, and the '{name}' adapter needs it.",
            mend="Run 'make setup', or install colonnade[train] (PyTorch first).",
        ) from None


def conversation(system: str, text: str) -> Conversation:
    """The system message and one question."""
    return (Message(role="system", content=system), Message(role="user", content=text))
