"""What the suite's server shall answer: texts by choice and channel, cut and sent in a way, with a fault or without."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

CHUNKINGS = ("character", "token", "word", "whole", "burst", "bytes", "escaped", "dressed")
"""How a stream comes: one event per character, per token, per word, all in one event; and of events per word, all
in one write, in writes of a few bytes, the same with every letter as a JSON escape, and dressed up: comments, other
fields, lines ended by CR LF, data over two lines."""

TOKEN = 4


class Part(NamedTuple):
    """A text that one choice says in one channel."""

    channel: str
    text: str


Choice = tuple[Part, ...]


class Plan(NamedTuple):
    """One answer of the server.

    Attributes:
        choices: what each choice says; the last one again where more are asked for.
        chunking: one of :data:`CHUNKINGS`.
        pause: seconds before each event.
        fault: one of ``faults.FAULTS``, after so many events.
        status: of the response; what is not 200 is answered with an error object.
    """

    choices: tuple[Choice, ...]
    chunking: str = "word"
    pause: float = 0.0
    fault: str = ""
    after: int = 3
    status: int = 200
    usage: bool = True

    def choice(self, index: int) -> Choice:
        """What this choice says."""
        return self.choices[min(index, len(self.choices) - 1)]


def saying(text: str, channel: str = "content", count: int = 1, **more: object) -> Plan:
    """A plan in which every choice says the same."""
    return Plan(((Part(channel, text),),) * count)._replace(**more)


def pieces(text: str, chunking: str) -> Sequence[str]:
    """The text cut into what one event each carries."""
    if chunking == "character":
        return list(text)
    if chunking == "token":
        return [text[start : start + TOKEN] for start in range(0, len(text), TOKEN)]
    if chunking == "whole":
        return [text] if text else []
    return re.findall(r"\S+\s*|\s+", text)


PROMPT_TOKENS, COMPLETION_TOKENS = 17, 29
"""What the server says that every answer took."""

CHAT_USAGE = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS, "total_tokens": 46}
RESPONSES_USAGE = {
    "input_tokens": PROMPT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": COMPLETION_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 46,
}
