"""A detector of what is said in several turns and in none of them alone.

The latest turns of the user are read as one text, window by window, and again without those that are about
nothing: an attack that is split is often split around small talk. Only what no single turn shows is reported; what
one shows was ruled on when it was said.
"""

from __future__ import annotations

from functools import lru_cache

from colonnade.guard.detection.detector import Detection
from colonnade.guard.detection.heads import Heads
from colonnade.guard.detection.windows import join_turns, turns_of
from colonnade.records import Digest, digest_of

VERSION = "2"
"""Raised whenever the same heads would find something else."""

_REMEMBERED = 1 << 12

LONGEST_REMEMBERED = 2_000
"""Characters of a turn; whoever sends longer ones fills no memory with them."""


class Conversations:
    """Finds topics in the joined turns of a user; see :func:`windows.join_turns` for the text that it reads.

    Args:
        heads: judge the turns, and the turns joined.
    """

    version = VERSION
    reads = frozenset({"conversation"})

    def __init__(self, heads: Heads) -> None:
        self._heads = heads
        self.name = f"conversation/{heads.name}"
        self.slow = heads.slow
        self.topics = heads.topics
        self.digest: Digest = digest_of({"version": VERSION, "heads": heads.digest})
        # Every turn comes again with the next one.
        self._remembered = lru_cache(maxsize=_REMEMBERED)(heads.detect)

    def detect(self, text: str) -> tuple[Detection, ...]:
        """What the turns show together and none alone; without topic where there is no such thing.

        Raises:
            ValueError: as :meth:`Heads.detect`.
        """
        nothing = Detection(None, None, 0.0, detector=self.name)
        said = turns_of(text)
        turns = turns_of(join_turns(said)) if len(said) > 1 else said
        if len(turns) < 2:
            return (nothing,)
        alone = [self._of_turn(turn) for turn in turns]
        told = [turn for turn, found in zip(turns, alone, strict=True) if any(each.topic for each in found)]
        ways = [turns, told] if 1 < len(told) < len(turns) else [turns]
        shown = {each.topic: each for found in alone for each in found if self._closed(each)}
        together = [each for way in ways for each in self._heads.detect(" ".join(way)) if self._closed(each)]
        new: dict[str | None, Detection] = {}
        for each in sorted(together, key=lambda each: each.score):
            if each.topic not in shown or _rank(each) > _rank(shown[each.topic]):
                new[each.topic] = each._replace(detector=self.name)
        return tuple(new.values()) or (nothing,)

    def _of_turn(self, turn: str) -> tuple[Detection, ...]:
        return self._remembered(turn) if len(turn) <= LONGEST_REMEMBERED else self._heads.detect(turn)

    def _closed(self, found: Detection) -> bool:
        return self._heads.is_above(found)


def _rank(found: Detection) -> int:
    return found.level.rank if found.level else -1
