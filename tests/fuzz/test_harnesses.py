from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fuzz.bodies import reply, request, stream
from tests.fuzz.seeds import REPLIES, REQUESTS, STREAMED


@pytest.mark.parametrize(("body", "seeds"), [(request, REQUESTS), (stream, STREAMED), (reply, REPLIES)])
def test_a_harness_runs_over_its_seeds_and_their_beginnings(body: Callable[[bytes], None], seeds: list[bytes]) -> None:
    for seed in seeds:
        body(seed)
        for size in range(0, len(seed), max(1, len(seed) // 20)):
            body(seed[:size])


def test_a_harness_notices_a_reader_that_raises_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.guard.protocol.streams.events.Events.feed", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stream(STREAMED[0])
