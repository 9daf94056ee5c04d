"""From tokens to text that may be sent: whole characters only, and no part of a stop text.

A token can hold part of a character, and its text can depend on the token before it. So the newest
tokens are decoded together, and what ends in an unfinished character waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

UNFINISHED = "\ufffd"
"""What a decoder writes for bytes that are no character, or not yet."""

WINDOW = 16
"""So many of the newest tokens are kept to decode with the next one; a character has four bytes at most."""

Decode = Callable[[Sequence[int]], str]


class Writer:
    """Turns the tokens of one answer into text, in order.

    Args:
        decode: text of tokens, with special tokens left out and nothing cleaned up afterwards.
        stop: texts that end the answer; none of them, and no part of one, is handed out.

    Attributes:
        stopped: whether a stop text has come; from then on there is no more text.
    """

    def __init__(self, decode: Decode, stop: Sequence[str] = ()) -> None:
        self._decode = decode
        self._stop = tuple(stop)
        self._tokens: list[int] = []
        self._written = ""
        self._held = ""
        self.stopped = False

    def feed(self, token: int, early: bool = False) -> str:
        """What may be handed out now that this token is there.

        Args:
            token: the next one.
            early: the answer must not end yet, so a stop text that this token completes is text like any other.
        """
        self._tokens.append(token)
        whole = self._decode(self._tokens)
        finished = whole.rstrip(UNFINISHED)
        new = finished[len(self._written) :]
        if new:
            self._written = finished
        if len(self._tokens) > 2 * WINDOW and finished == whole:
            self._tokens = self._tokens[-WINDOW:]
            self._written = self._decode(self._tokens)
        return self._release(new, early=early)

    def finish(self) -> str:
        """What is left at the end; a character that was cut off is left out."""
        return self._release("", last=True)

    def _release(self, text: str, last: bool = False, early: bool = False) -> str:
        if self.stopped:
            return ""
        known, held = len(self._held), self._held + text
        # One that ends before the new text came too early, and stays text.
        places = (held.find(word, max(0, known - len(word) + 1)) for word in self._stop)
        found = [] if early else [place for place in places if place >= 0]
        self.stopped = bool(found)
        ready = min(found) if found else len(held) - (0 if last else begun(held, self._stop))
        self._held = held[ready:]
        return held[:ready]


def begun(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end of the text could be the beginning of a stop text."""
    longest = max((len(word) for word in stop), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(word.startswith(text[-length:]) for word in stop):
            return length
    return 0
