"""A stream held back as ``pending`` says: the smallest thing that releases all that it may and no more."""

from __future__ import annotations

from typing import NamedTuple

from colonnade.guard.detection.patterns import CONTEXT, Found, Patterns
from colonnade.guard.detection.reading import clean

_SLACK = 64
"""Characters that are kept beyond the context, so that not every piece copies the text."""


class Watched(NamedTuple):
    """What a piece of a stream came to.

    Attributes:
        release: what may be shown now, in the order in which it came.
        found: matches; where there is one, nothing from its first character on was or will be released.
    """

    release: str
    found: tuple[Found, ...]


class Watch:
    """One channel of one stream.

    Args:
        patterns: what is looked for.
        characters: so many are held back at least, whatever is under way.
    """

    def __init__(self, patterns: Patterns, characters: int = 0) -> None:
        self._patterns, self._least = patterns, characters
        self._text, self._start, self._gone = "", 0, 0
        self.found: tuple[Found, ...] = ()

    @property
    def held(self) -> int:
        """Characters that have come and not been released."""
        return len(self._text) - self._start

    def feed(self, piece: str) -> Watched:
        """What may be shown once this piece has come; after a match nothing may."""
        return self._step(piece, complete=False)

    def finish(self) -> Watched:
        """What may be shown once nothing more comes."""
        return self._step("", complete=True)

    def _step(self, piece: str, complete: bool) -> Watched:
        if self.found:
            return Watched("", self.found)
        self._text += piece
        found = self._patterns.find(self._text, self._start, complete)
        if found:
            first = min(match.span[0] for match in found)
            until = min(first, first if complete else self._patterns.pending(self._text, self._start))
            self.found = tuple(
                match._replace(span=(match.span[0] + self._gone, match.span[1] + self._gone)) for match in found
            )
        elif complete:
            until = len(self._text)
        else:
            until = min(self._patterns.pending(self._text, self._start), len(self._text) - self._least)
        release = self._text[self._start : until]
        self._start = max(self._start, until)
        self._forget()
        return Watched(release, self.found)

    def _forget(self) -> None:
        """Keep of what was released only as much as decides about what comes."""
        keep = CONTEXT
        if self._start <= keep + _SLACK:
            return
        # Invisible characters are no context.
        while len(clean(self._text[self._start - keep : self._start]).text) < CONTEXT:
            keep *= 2
            if keep >= self._start:
                return
        self._gone += self._start - keep
        self._text = self._text[self._start - keep :]
        self._start = keep
