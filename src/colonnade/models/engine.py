"""What serves many at once: requests, the pieces of their answers, and the protocol of an engine.

Nothing here loads torch, so a gateway can speak to an engine, and tests to a scripted one, without it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Literal, NamedTuple, Protocol

from colonnade.models.model import Conversation
from colonnade.records import Digest

Finish = Literal["stop", "length"]
"""Why an answer ended: the model or a stop word ended it, or it had as many tokens as it may have."""

Kind = Literal["busy", "invalid", "unknown adapter", "too long", "base changed", "failed"]


class EngineError(Exception):
    """An answer that there is not, or not to its end.

    Attributes:
        kind: ``busy`` passes by itself; ``invalid``, ``unknown adapter`` and ``too long`` are the
            request's fault; ``base changed`` and ``failed`` are the engine's.
    """

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind: Kind = kind


class Generation(NamedTuple):
    """What is asked of an engine.

    Attributes:
        prompt: a conversation, put into the model's own chat format, or a bare text to go on with.
        adapter: by name; "" is what the engine serves by default.
        tokens: at most so many, for each answer.
        temperature: 0 takes the likeliest token each time.
        top_p: draw from the likeliest tokens that together have this probability.
        stop: texts that end an answer; none of them is part of it.
        seed: of the draw; the same request with the same seed is answered alike.
        choices: so many answers.
    """

    prompt: Conversation | str
    adapter: str = ""
    tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1


class Usage(NamedTuple):
    """Tokens that were read, and tokens that were drawn for all answers together."""

    prompt: int
    completion: int


class Piece(NamedTuple):
    """The next part of an answer.

    Attributes:
        choice: which answer it belongs to, from 0.
        text: whole characters; it may be empty.
        finish: in the last piece of each answer.
        usage: in the last piece of all.
    """

    choice: int
    text: str
    finish: Finish | None = None
    usage: Usage | None = None


class Load(NamedTuple):
    """How busy an engine is.

    Attributes:
        waiting: requests that have not begun.
        rows: answers that are being drawn.
        steps: tokens drawn so far, counting those of one batch once.
        mixed_steps: of these, with more than one adapter in the batch.
        cancelled: requests whose consumer went away.
    """

    waiting: int
    rows: int
    steps: int
    mixed_steps: int
    cancelled: int


class Engine(Protocol):
    """Anything that answers many requests at once, each with the adapter that it names."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def adapters(self) -> Mapping[str, Digest]:
        """The names that a request may give, and which adapter each of them is."""
        ...

    def stream(self, request: Generation) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece; closing the generator ends the work on it.

        Raises:
            EngineError: from the first or any later piece on.
        """
        ...

    def load(self) -> Load:
        """How busy it is."""
        ...

    async def check(self) -> Digest:
        """The digest of the base weights in memory, computed now.

        Raises:
            EngineError: of kind ``base changed``; from then on nothing is answered.
        """
        ...

    async def close(self) -> None:
        """End everything; answers that are under way fail."""
        ...


def check_request(request: Generation, adapters: Collection[str], most_choices: int) -> None:
    """What can be seen to be wrong without reading the prompt.

    Raises:
        EngineError: of kind ``unknown adapter`` or ``invalid``.
    """
    if request.adapter and request.adapter not in adapters:
        raise EngineError("unknown adapter", f"no adapter is called '{request.adapter}'.")
    wrong = {
        "'tokens' must be at least 1.": request.tokens < 1,
        "'temperature' must lie from 0 to 2.": not 0 <= request.temperature <= 2,
        "'top_p' must be above 0 and at most 1.": not 0 < request.top_p <= 1,
        "'stop' must not hold an empty text.": "" in request.stop,
        f"'choices' must lie from 1 to {most_choices}.": not 1 <= request.choices <= most_choices,
        "the prompt is empty.": not request.prompt,
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            raise EngineError("invalid", what)
