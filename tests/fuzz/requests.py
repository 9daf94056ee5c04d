"""The readers of requests: ``python -m tests.fuzz.requests --seconds 60``."""

from __future__ import annotations

from tests.fuzz.running import fuzz

if __name__ == "__main__":
    fuzz("requests", "request", "REQUESTS")
