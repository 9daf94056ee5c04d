"""A text of any length in overlapping pieces, and the turns of a conversation as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence

SIZES = ((20, 10), (48, 24))
"""Words per window and from one to the next, twice: what is asked in one sentence among others is lost in a long
window, what is said in several is cut by a short one."""

SHORT = 24
"""A text of at most so many words is one window."""

LONGEST_WORD = 100
"""What has no blanks is cut into pieces of so many characters."""

TURN_WORDS = 480
"""Of a conversation so many words are read, the latest: twenty windows, whatever its length."""

_BETWEEN_TURNS = "\n\n"
_SPEAKER = re.compile(r"^(?:user|assistant|system|developer|tool|function): ")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_CHUNK = re.compile(rf"\S{{1,{LONGEST_WORD}}}")


def windows(text: str) -> tuple[str, ...]:
    """The text in sentences, in short pieces and in long ones, each word in some of all, at least one piece.

    Sentences keep a request apart from the talk around it; the pieces do not rely on where somebody puts a full stop.
    The number grows with the length of the text, and no text is cut off: what is not read could not be judged.
    """
    chunks = [match.span() for match in _CHUNK.finditer(text)]
    if len(chunks) <= SHORT:
        return (text,)
    spans = dict.fromkeys(
        (start, min(start + size, len(chunks)))
        for size, step in SIZES
        for start in range(0, max(len(chunks) - size, 0) + step, step)
    )
    pieces = [text[chunks[start][0] : chunks[end - 1][1]] for start, end in spans if start < end]
    sentences = [part.strip() for part in _SENTENCE_END.split(text)]
    # One that is longer than a short piece is cut into some already.
    own = [
        part for part in sentences if 0 < len(part.split()) <= SIZES[0][0] and len(part) <= SIZES[0][0] * LONGEST_WORD
    ]
    return tuple(dict.fromkeys((*pieces, *own)))


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
