"""A text of any length in overlapping pieces, and the turns of a conversation as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence

WORDS = 48
STEP = 24
"""Words per window and from one to the next: what is asked in one breath lies whole in some window."""

LONGEST_WORD = 100
"""What has no blanks is cut into pieces of so many characters."""

TURN_WORDS = 480
"""Of a conversation so many words are read, the latest: twenty windows, whatever its length."""

_BETWEEN_TURNS = "\n\n"
_SPEAKER = re.compile(r"^(?:user|assistant|system|developer|tool|function): ")
_CHUNK = re.compile(rf"\S{{1,{LONGEST_WORD}}}")


def windows(text: str) -> tuple[str, ...]:
    """The text in pieces of at most ``WORDS`` words, each word in one or two of them, at least one piece.

    The number grows with the length of the text, and no text is cut off: what is not read could not be judged.
    """
    chunks = [match.span() for match in _CHUNK.finditer(text)]
    if len(chunks) <= WORDS:
        return (text,)
    starts = range(0, len(chunks) - WORDS + STEP, STEP)
    return tuple(text[chunks[at][0] : chunks[min(at + WORDS, len(chunks)) - 1][1]] for at in starts)


def join_turns(turns: Sequence[str]) -> str:
    """What one person said in several turns, as a detector of conversations reads it; the latest words only.

    Args:
        turns: of the user, in their order.
    """
    kept: list[str] = []
    left = TURN_WORDS
    for turn in reversed(turns):
        chunks = list(_CHUNK.finditer(turn))
        if left <= 0:
            break
        kept.append(turn if len(chunks) <= left else turn[chunks[-left].start() :])
        left -= len(chunks)
    return _BETWEEN_TURNS.join(reversed(kept))


def turns_of(text: str) -> tuple[str, ...]:
    """The turns that :func:`join_turns` joined; a turn with an empty line in it counts as several.

    Who said a turn may stand before it (``user: ...``) and is no part of what was said. All turns are kept,
    whoever is named: the name may be the user's own words.
    """
    turns = (_SPEAKER.sub("", turn) for turn in text.split(_BETWEEN_TURNS))
    return tuple(turn for turn in turns if turn.strip())
