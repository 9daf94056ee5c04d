"""Looking for an expression in a text of any length, slice by slice.

Python's matcher lets nobody else go on while it looks. The ways in which an expression of a policy can read a text from
one place are bounded, and so is the length of what it matches (``records.expressions``), so a slice takes some
milliseconds; a text of a hundred thousand characters, made for it, could take half a minute.
"""

from __future__ import annotations

import re
from math import inf
from time import perf_counter

SLICE = 512
"""Characters; in so many a match may begin that is looked for at once."""


class Late(Exception):  # noqa: N818  it is what it says
    """The time of a detector is over."""


def first_match(
    expression: re.Pattern[str], text: str, place: int, reach: int, until: float = inf
) -> re.Match[str] | None:
    """The first match that begins at a place or behind it.

    Args:
        expression: to be looked for.
        text: of any length.
        place: a character of the text.
        reach: how many characters from its beginning on decide on a match.
        until: on the clock of ``perf_counter``; nobody waits for the answer any longer.

    Raises:
        Late: where it is over before all of the text was looked through.
    """
    if len(text) - place <= SLICE:
        return expression.search(text, place)
    for start in range(place, len(text), SLICE):
        if perf_counter() > until:
            raise Late
        match = expression.search(text, start, start + SLICE + reach)
        if match is not None and match.start() < start + SLICE:
            return match
    return None
