"""Random bytes for salts, nonces and ids, drawn from the system by the block.

A draw from the system lets other threads go first, however few bytes it asks for, and one from here
does not. A forked child forgets what it was born with: no two processes ever use the same bytes.
"""

from __future__ import annotations

import os
import threading

_BLOCK = 4096


class _Store:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._block, self._used = b"", 0

    def draw(self, count: int) -> bytes:
        with self._lock:
            if self._used + count > len(self._block):
                self._block, self._used = os.urandom(max(count, _BLOCK)), 0
            drawn = self._block[self._used : self._used + count]
            self._used += count
            return drawn


_store = _Store()


def draw(count: int) -> bytes:
    """So many bytes that nobody had before."""
    return _store.draw(count)


def _forget() -> None:
    """Another thread may have had the lock when the process was forked, so it is forgotten too."""
    global _store
    _store = _Store()


os.register_at_fork(after_in_child=_forget)
