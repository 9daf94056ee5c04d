"""Random bytes for salts and ids, drawn from the system by the block.

A draw from the system lets other threads go first, however few bytes it asks for, and one from here
does not. A forked child forgets what it was born with: no two processes ever use the same bytes.

What cannot be noticed is that a running virtual machine was copied: two machines that go on from one
snapshot have the same block, and draw the same bytes from it until it is used up or older than a
second, by a clock that may have stood still meanwhile. On systems that are not told of the copy (by
a VM generation id) the system's own bytes can repeat, too. So whoever draws here must stay safe
where bytes come twice. A salt of contents is therefore made from these bytes and the text, and the
nonce that a text is sealed with from its commitment: no key seals two texts with one nonce. Ids, of
answers and the like, would occur in both machines' logs.
"""

from __future__ import annotations

import os
import threading
from time import monotonic

_BLOCK = 4096
_OLDEST = 1.0
"""Seconds after which a block is not used any more."""


class _Store:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._block, self._used, self._drawn = b"", 0, 0.0

    def draw(self, count: int) -> bytes:
        with self._lock:
            now = monotonic()
            if self._used + count > len(self._block) or now - self._drawn > _OLDEST:
                self._block, self._used, self._drawn = os.urandom(max(count, _BLOCK)), 0, now
            drawn = self._block[self._used : self._used + count]
            self._used += count
            return drawn


_store = _Store()


def draw(count: int) -> bytes:
    """So many bytes that nobody had before, except for copies of a running machine, as said above."""
    return _store.draw(count)


def _forget() -> None:
    """Another thread may have had the lock when the process was forked, so it is forgotten too."""
    global _store
    _store = _Store()


os.register_at_fork(after_in_child=_forget)
