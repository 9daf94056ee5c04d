"""The readers of whole replies: ``python -m tests.fuzz.replies --seconds 60``."""

from __future__ import annotations

from tests.fuzz.bodies import reply
from tests.fuzz.running import fuzz
from tests.fuzz.seeds import REPLIES

if __name__ == "__main__":
    fuzz("replies", reply, REPLIES)
