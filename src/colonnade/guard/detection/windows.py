"""A text of any length in overlapping pieces, and the turns of a conversation as one text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from colonnade.guard.detection.wording import seen

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
_LONGEST = SIZES[0][0] * LONGEST_WORD
_STOPS = ".!?…"
_ENDS_WITHOUT_BLANK = re.compile("[。！？]")
_CHUNK = re.compile(rf"\S{{1,{LONGEST_WORD}}}")


Span = tuple[int, int]
"""From one word to before another, by their numbers."""


class Cut(NamedTuple):
    """A text in pieces.

    Attributes:
        pieces: at least one.
        words: of the text, as its blanks part them; or of one piece after the other, where pieces begin inside words.
        spans: which of the words each piece has.
    """

    pieces: tuple[str, ...]
    words: Sequence[str]
    spans: Sequence[Span]


def windows(text: str) -> tuple[str, ...]:
    """The text in sentences, in short pieces and in long ones, each word in some of all, at least one piece.

    Sentences keep a request apart from the talk around it; the pieces do not rely on where somebody puts a full stop.
    The number grows with the length of the text, and no text is cut off: what is not read could not be judged.
    """
    return cut(text).pieces


def cut(text: str) -> Cut:
    """The same, with the words of each; signs that nobody sees are left out, for they would part words."""
    text = seen(text)
    words = text.split()
    if len(words) <= SHORT and max(map(len, words), default=0) <= LONGEST_WORD:
        return Cut((text,), words, [(0, len(words))])
    if " ".join(words) == text and max(map(len, words)) <= LONGEST_WORD:
        # The commonest of texts: no character needs to be found again.
        count, piece = len(words), partial(_from_words, words)
    else:
        chunks = [match.span() for match in _CHUNK.finditer(text)]
        count, piece = len(chunks), partial(_from_chunks, text, chunks)
        if count <= SHORT:
            return Cut((text,), words, [(0, len(words))])
    spans = dict.fromkeys(
        (start, min(start + size, count))
        for size, step in SIZES
        for start in range(0, max(count - size, 0) + step, step)
    )
    pieces = {piece(start, end): (start, end) for start, end in spans if start < end}
    if len(words) < count or (not text.isascii() and _ENDS_WITHOUT_BLANK.search(text)):
        sentences = [part.strip() for part in _SENTENCE_END.split(text)]
        # One that is longer than a short piece is cut into some already.
        own = [part for part in sentences if len(part) <= _LONGEST and 0 < len(part.split()) <= SIZES[0][0]]
        return apart(tuple(dict.fromkeys((*pieces, *own))))
    for start, end in pairwise(_sentence_ends(text, words)):
        if end - start <= SIZES[0][0]:
            sentence = piece(start, end)
            if len(sentence) <= _LONGEST:
                pieces.setdefault(sentence, (start, end))
    return Cut(tuple(pieces), words, list(pieces.values()))


def _from_words(words: Sequence[str], start: int, end: int) -> str:
    return " ".join(words[start:end])


def _from_chunks(text: str, chunks: Sequence[Span], start: int, end: int) -> str:
    return text[chunks[start][0] : chunks[end - 1][1]]


def _sentence_ends(text: str, words: Sequence[str]) -> list[int]:
    """Before which words a sentence begins, and the number of words: what ``_SENTENCE_END`` finds at blanks."""
    ends = {number for number, word in enumerate(words, 1) if word[-1] in _STOPS} | {0, len(words)}
    if "\n" in text:
        ends.update(accumulate(len(line.split()) for line in text.split("\n")))
    return sorted(ends)


def apart(pieces: Sequence[str]) -> Cut:
    """Pieces that need not be of one text."""
    words = [piece.split() for piece in pieces]
    ends = list(accumulate(map(len, words)))
    return Cut(tuple(pieces), list(chain.from_iterable(words)), list(zip([0, *ends], ends, strict=False)))


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
