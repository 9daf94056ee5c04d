"""The readers of whole replies: ``python -m tests.fuzz.replies --seconds 60``."""

from __future__ import annotations

from tests.fuzz.running import fuzz

if __name__ == "__main__":
    fuzz("replies", "reply", "REPLIES")
