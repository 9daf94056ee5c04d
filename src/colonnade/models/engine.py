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


class Leaning(NamedTuple):
    """What makes some tokens likelier or less likely than the model finds them; as it stands, nothing does.

    What each comes to, and its source: :func:`colonnade.models.leaning.leant`.

    Attributes:
        frequency: taken from the score of a token for every time that the answer has it.
        presence: taken from it once, if the answer has it at all.
        repetition: above 1 it makes less likely what prompt or answer have, below 1 likelier.
        window: repetition looks at so many of the newest tokens; -1 at all of them, 0 at none.
        bias: tokens by their numbers, and what is added to their scores; from -100 down they are never drawn.
    """

    frequency: float = 0.0
    presence: float = 0.0
    repetition: float = 1.0
    window: int = -1
    bias: tuple[tuple[int, float], ...] = ()


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
        top_k: draw from so many of the likeliest tokens; -1 or 0 from all.
        min_p: draw from tokens that have at least this share of the likeliest one's probability.
        leaning: what moves the scores before a token is chosen.
        min_tokens: no answer ends of itself before it has so many.
        ignore_end: no answer ends of itself at all, but at a stop text, a stop token or its length.
        stop_tokens: tokens that end an answer, by their numbers; none of them is part of it.
    """

    prompt: Conversation | str
    adapter: str = ""
    tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    top_k: int = 0
    min_p: float = 0.0
    leaning: Leaning = Leaning()
    min_tokens: int = 0
    ignore_end: bool = False
    stop_tokens: tuple[int, ...] = ()


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
    leaning = request.leaning
    wrong = {
        "'tokens' must be at least 1.": request.tokens < 1,
        "'temperature' must lie from 0 to 2.": not 0 <= request.temperature <= 2,
        "'top_p' must be above 0 and at most 1.": not 0 < request.top_p <= 1,
        "'stop' must not hold an empty text.": "" in request.stop,
        f"'n', how many answers, must lie from 1 to {most_choices}.": not 1 <= request.choices <= most_choices,
        "'top_k' must be at least -1.": request.top_k < -1,
        "'min_p' must lie from 0 to 1.": not 0 <= request.min_p <= 1,
        f"'min_tokens' must lie from 0 to {request.tokens}, the tokens that an answer may have.": not (
            0 <= request.min_tokens <= request.tokens
        ),
        "'frequency_penalty' must lie from -2 to 2.": not -2 <= leaning.frequency <= 2,
        "'presence_penalty' must lie from -2 to 2.": not -2 <= leaning.presence <= 2,
        "'repetition_penalty' must be above 0 and at most 10.": not 0 < leaning.repetition <= 10,
        "'repeat_last_n' must be at least -1.": leaning.window < -1,
        "'logit_bias' must lie from -100 to 100.": not all(-100 <= weight <= 100 for _, weight in leaning.bias),
        "'logit_bias' must name each token once.": len(dict(leaning.bias)) < len(leaning.bias),
        "the prompt is empty.": not request.prompt,
    }
    for what, is_wrong in wrong.items():
        if is_wrong:
            raise EngineError("invalid", what)
