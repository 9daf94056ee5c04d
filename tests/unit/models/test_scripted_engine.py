"""The scripted engine keeps the promises of an engine, so tests against it hold for others."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing

import pytest

from colonnade.models.engine import Engine, EngineError, Generation, Load, Piece, Usage
from colonnade.models.scripted_engine import ScriptedEngine

HELLO = Generation("Say hello", tokens=8)


def pieces(engine: Engine, request: Generation) -> list[Piece]:
    async def work() -> list[Piece]:
        return [piece async for piece in engine.stream(request)]

    return asyncio.run(work())


def test_the_script_of_the_adapter_is_said_and_its_tokens_are_counted() -> None:
    engine = ScriptedEngine({"": ["Hel", "lo"], "polite": ["Good ", "day"]})
    assert pieces(engine, HELLO) == [
        Piece(0, "Hel"),
        Piece(0, "lo"),
        Piece(0, "", "stop", Usage(2, 2)),
    ]
    assert "".join(piece.text for piece in pieces(engine, HELLO._replace(adapter="polite"))) == "Good day"
    assert [request.adapter for request in engine.asked] == ["", "polite"]
    assert set(engine.adapters) == {"polite"}


def test_choices_take_turns_and_each_of_them_ends() -> None:
    found = pieces(ScriptedEngine({"": ["a", "b"]}), HELLO._replace(choices=2, tokens=1))
    assert found == [
        Piece(0, "a"),
        Piece(1, "a"),
        Piece(0, "", "length"),
        Piece(1, "", "length", Usage(2, 2)),
    ]


def test_a_script_can_follow_the_request_and_wait() -> None:
    engine = ScriptedEngine({"": lambda request: [0.05, str(request.prompt)]})
    began = time.monotonic()
    assert pieces(engine, HELLO)[0].text == "Say hello"
    assert time.monotonic() - began >= 0.05


def test_a_fault_comes_after_what_was_said_before_it() -> None:
    engine = ScriptedEngine({"": ["half", EngineError("failed", "gone")]})

    async def work() -> None:
        stream = engine.stream(HELLO)
        assert (await anext(stream)).text == "half"
        with pytest.raises(EngineError, match="gone"):
            await anext(stream)

    asyncio.run(work())
    assert engine.load() == Load(0, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("request_", "kind"),
    [(HELLO._replace(adapter="nobody"), "unknown adapter"), (HELLO._replace(choices=99), "invalid")],
)
def test_a_request_that_a_real_engine_refuses_is_refused(request_: Generation, kind: str) -> None:
    with pytest.raises(EngineError) as caught:
        pieces(ScriptedEngine({"": ["a"]}), request_)
    assert caught.value.kind == kind


def test_who_goes_away_is_counted_and_leaves_the_place_to_others() -> None:
    engine = ScriptedEngine({"": ["a", "b"], "other": ["c"]}, places=1)

    async def work() -> None:
        async with aclosing(engine.stream(HELLO)) as stream:
            await anext(stream)
            with pytest.raises(EngineError) as caught:
                await anext(engine.stream(HELLO))
            assert caught.value.kind == "busy"
        assert engine.load().cancelled == 1
        assert [piece.text async for piece in engine.stream(HELLO)] == ["a", "b", ""]

    asyncio.run(work())


def test_requests_at_once_with_two_adapters_are_counted_as_mixed() -> None:
    engine = ScriptedEngine({"": ["a", "b", "c"], "other": ["d", "e"]})

    async def both() -> None:
        async def one(request: Generation) -> list[Piece]:
            return [piece async for piece in engine.stream(request)]

        await asyncio.gather(one(HELLO), one(HELLO._replace(adapter="other")))

    asyncio.run(both())
    assert engine.load().mixed_steps > 0


def test_a_changed_base_answers_nobody() -> None:
    engine = ScriptedEngine({"": ["a"]})
    assert asyncio.run(engine.check()).startswith("sha256:")
    engine.intact = False
    for asked in (lambda: asyncio.run(engine.check()), lambda: pieces(engine, HELLO)):
        with pytest.raises(EngineError) as caught:
            asked()
        assert caught.value.kind == "base changed"
