"""The harmless made-up words that the guard under test is configured to withhold, and texts around them."""

from __future__ import annotations

from typing import NamedTuple

WORD = "zyxgorp-7731"
WORD_PATTERN = r"zyxgorp-\s{0,2}7731"
"""What to configure: the word, also where a line or a part ends inside of it."""

NUMBER = "VX-4402-9917"
NUMBER_PATTERN = r"VX-[0-9]{4}-[0-9]{4}"
"""A made-up format of numbers."""

FOREIGN = "цфылюгщд"
"""A made-up word of letters that look like no Latin ones, with capitals of its own."""

LONGEST = len("zyxgorp-  7731")
"""Characters of the longest text that either pattern finds: what a stream must be able to hold back."""

INNOCENT = "plumwick-2208"
"""A word as odd as the forbidden one that nobody forbids: where it does not arrive, nothing is proven by silence."""

_LEAD = "The library opens at nine, naïve readers – and their cats 🐈‍⬛ – welcome. "
_TAIL = " Bring a card; the desk closes at six, süße Grüße."


class Planted(NamedTuple):
    """A text with a forbidden span in it.

    Attributes:
        before: may reach the client.
        span: must not, not one character of it.
        after: may or may not.
    """

    before: str
    span: str
    after: str

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.before + self.span + self.after


POSITIONS = ("first", "middle", "last", "alone")


def planted(position: str = "middle", span: str = WORD) -> Planted:
    """The span at the beginning, in the middle or at the end of innocent text, or alone."""
    before = _LEAD if position in ("middle", "last") else ""
    after = _TAIL if position in ("middle", "first") else ""
    return Planted(before, span, after)


TRICKY = (
    ' \n Tabs\tand\r\nlines, quotes " \' \\ and {"a": [1, null]} \u2028 then\u0000nul? no: nul is left out.'
    " data: [DONE]\n\ndata: {} zyx zyxg zyxgorp-773 zyxgorp 7731 VX-4402-991 VX-44 é e\u0301 ﬁ Ⅷ 👩‍👩‍👧‍👦 𝔘𝔫𝔦 שלום …  "
).replace("\u0000", "")
"""Innocent, and easily altered: near misses, white space at both ends, what looks like protocol, rare characters."""


def innocent(position: str = "middle") -> str:
    """The twin of :func:`planted`: the same text with a word that nobody forbids."""
    return planted(position, INNOCENT).text


def traces(text: str) -> str:
    """The longest telltale piece of a forbidden span in a text; empty where there is none.

    A piece is telltale where chance does not bring it about: the two whole spans, and five letters of the word in a
    row. Shorter beginnings are found by holding the text against what was planted, see ``reading.passed_on``.
    """
    for piece in _TELLTALE:
        if piece in text:
            return piece
    return ""


_TELLTALE = (WORD, "zyxgorp", *("zyxgorp-"[start : start + 5] for start in range(4)), NUMBER, NUMBER[:-1], "4402-99")
