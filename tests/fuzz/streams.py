"""The readers of server-sent events, and the writers: ``python -m tests.fuzz.streams --seconds 60``."""

from __future__ import annotations

from tests.fuzz.running import fuzz

if __name__ == "__main__":
    fuzz("streams", "stream", "STREAMED", longest=1500)
