"""Random bytes are nobody else's: not of an earlier draw, not of another thread, not of a forked child."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from colonnade.store import random
from colonnade.store.random import draw


def test_draws_have_their_length_and_are_never_the_same() -> None:
    drawn = [draw(44) for _ in range(1000)] + [draw(10_000)]
    assert {len(content) for content in drawn} == {44, 10_000}
    assert len(set(drawn)) == len(drawn)
    assert draw(0) == b""


def test_a_block_is_drawn_anew_when_it_is_used_up_or_old(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    now = [1000.0]

    def counting(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    monkeypatch.setattr(random, "_store", random._Store())
    monkeypatch.setattr(random, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "urandom", counting)
    for _ in range(256):
        draw(32)
    assert asked == [4096, 4096]
    now[0] += 0.9
    draw(32)
    assert len(asked) == 3  # the second block was used up
    now[0] += 0.9
    draw(32)
    assert len(asked) == 3
    now[0] += 0.2
    draw(32)
    assert len(asked) == 4


def test_threads_share_nothing() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: draw(16), range(8000)))
    assert len(set(drawn)) == len(drawn)


def test_a_forked_child_draws_other_bytes_than_its_parent() -> None:
    draw(16)  # so that there is a block that could be shared
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, b"".join(draw(16) for _ in range(50)))
        os._exit(0)
    mine = {draw(16) for _ in range(50)}
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        content = stream.read()
    theirs = {content[start : start + 16] for start in range(0, len(content), 16)}
    assert len(theirs) == len(mine) == 50
    assert not mine & theirs
