"""Local weights pass the same onion: an engine is asked in the words of the protocol, by every endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from colonnade.guard.gateway.engines import EngineUpstream
from colonnade.models.engine import EngineError, Generation, Leaning
from colonnade.models.scripted_engine import ScriptedEngine
from tests.unit.guard.gateway.behind import BREAK, CHAT, Room

ASKED: tuple[tuple[str, dict[str, Any]], ...] = (
    (CHAT, {"messages": [{"role": "developer", "content": "Be short."}, {"role": "user", "content": "bake bread"}]}),
    ("/v1/completions", {"prompt": "bake bread"}),
    ("/v1/responses", {"input": "bake bread"}),
)


def room_of(*script: str | EngineError, **more: Any) -> tuple[Room, ScriptedEngine]:
    engine = ScriptedEngine({"": list(script), "careful": ["mind ", "the oven"]}, **more)
    room = Room()
    room.service.upstream = EngineUpstream(engine)
    room.standing = room.standing._replace(models={"help-desk": ""})
    return room, engine


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), ASKED)
def test_every_endpoint_is_answered_by_the_engine(path: str, body: dict[str, Any], stream: bool) -> None:
    room, engine = room_of("bread ", "is ", "baked")
    response = room.client.post(path, json={"model": "help-desk", "stream": stream, **body})
    assert response.status_code == 200, response.text
    assert "".join(row["text"] for row in _said(room)) == "bread is baked"
    assert room.acts == [("request", "allow", None), ("reply", "allow", "answered")]
    assert room.recorder.rows[1]["usage"]
    assert engine.asked[0].adapter == ""


def _said(room: Room) -> list[dict[str, str]]:
    return [{"text": text} for text in room.recorder.texts[1].values()]


@pytest.mark.parametrize("stream", [False, True])
def test_what_the_engine_says_above_the_ceiling_is_withheld(stream: bool) -> None:
    room, _ = room_of(*(f"{word} " for word in BREAK.split()))
    response = room.ask(stream=stream)
    assert "Not in detail." in response.text
    assert "exam server" not in response.text


def test_the_settings_of_a_request_reach_the_engine() -> None:
    room, engine = room_of("a", "b", "c", "d")
    response = room.ask(max_tokens=2, temperature=0.5, top_p=0.9, stop=["x"], seed=7, n=2)
    (asked,) = engine.asked
    assert (asked.tokens, asked.temperature, asked.top_p, asked.stop, asked.seed, asked.choices) == (
        2,
        0.5,
        0.9,
        ("x",),
        7,
        2,
    )
    assert [row["finish_reason"] for row in response.json()["choices"]] == ["length", "length"]


PLAIN = Generation("", "")


@pytest.mark.parametrize(("path", "body"), ASKED)
def test_how_an_answer_is_to_be_drawn_reaches_the_engine_from_every_endpoint(path: str, body: dict[str, Any]) -> None:
    room, engine = room_of("bread")
    settings = {
        **{"temperature": 0.5, "top_k": 40, "top_p": 0.9, "min_p": 0.05, "seed": 7, "min_tokens": 2},
        **{"frequency_penalty": 0.5, "presence_penalty": -0.5, "repetition_penalty": 1.1, "repeat_last_n": 9},
        **{"logit_bias": {"11": -100, "12": 2.5}, "ignore_eos": True, "stop_token_ids": [3, 4]},
    }
    assert room.client.post(path, json={"model": "help-desk", **body, **settings}).status_code == 200
    (asked,) = engine.asked
    assert asked._replace(prompt="") == PLAIN._replace(
        temperature=0.5,
        top_k=40,
        top_p=0.9,
        min_p=0.05,
        seed=7,
        min_tokens=2,
        leaning=Leaning(0.5, -0.5, 1.1, 9, ((11, -100), (12, 2.5))),
        ignore_end=True,
        stop_tokens=(3, 4),
    )


def test_a_request_that_says_nothing_of_it_is_drawn_plainly() -> None:
    room, engine = room_of("bread")
    assert room.ask(temperature=None, logit_bias=None, stop=None, n=None).status_code == 200
    assert engine.asked[0]._replace(prompt="") == PLAIN


@pytest.mark.parametrize(
    ("given", "factor", "window"),
    [
        ({"repetition_penalty": 1.2}, 1.2, -1),
        ({"repeat_penalty": 1.2}, 1.2, 64),
        ({"repeat_penalty": 1.2, "repeat_last_n": -1}, 1.2, -1),
        ({"repetition_penalty": 1.2, "repeat_last_n": 5}, 1.2, 5),
        ({"repetition_penalty": 1.2, "repeat_penalty": 1.2}, 1.2, -1),
    ],
)
def test_one_penalty_has_two_names(given: dict[str, Any], factor: float, window: int) -> None:
    room, engine = room_of("bread")
    assert room.ask(**given).status_code == 200
    assert engine.asked[0].leaning == Leaning(repetition=factor, window=window)


@pytest.mark.parametrize(
    ("path", "given", "parameter"),
    [
        (CHAT, {"repetition_penalty": 1.2, "repeat_penalty": 1.3}, "repeat_penalty"),
        (CHAT, {"repetition_penalty": 0}, "repetition_penalty"),
        (CHAT, {"logit_bias": {"7": 1, "07": 2}}, "logit_bias"),
        ("/v1/completions", {"prompt": "bake", "max_tokens": 0}, "max_tokens"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_by_name(
    path: str, given: dict[str, Any], parameter: str
) -> None:
    room, engine = room_of("bread")
    words = {"messages": [{"role": "user", "content": "bake"}]} if path == CHAT else {}
    response = room.client.post(path, json={"model": "help-desk", **words, **given})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, "invalid_value", parameter)
    assert error["message"].startswith(f"'{parameter}' is not served from local weights: ")
    assert engine.asked == []


@pytest.mark.parametrize(("given", "named"), [({"n": 17}, "'n'"), ({"max_tokens": 3, "min_tokens": 4}, "'min_tokens'")])
def test_what_the_engine_will_not_do_is_told_by_its_name(given: dict[str, Any], named: str) -> None:
    room, _ = room_of("bread")
    response = room.ask(**given)
    assert response.status_code == 400
    assert named in response.json()["error"]["message"]


def test_the_end_of_a_stream_counts_the_tokens_where_they_are_wanted() -> None:
    room, _ = room_of("bread ", "is baked")
    assert '"completion_tokens":2' in room.ask(stream=True, stream_options={"include_usage": True}).text
    assert "completion_tokens" not in room.ask(stream=True).text


def test_what_the_assistant_refused_before_is_read_as_its_words() -> None:
    room, engine = room_of("bread")
    turns = [
        {"role": "user", "content": "bake"},
        {"role": "assistant", "content": None, "refusal": "I will not."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "Nor this."}]},
        {"role": "user", "content": "why?"},
    ]
    assert room.ask(turns).status_code == 200
    assert [turn.content for turn in engine.asked[0].prompt[-4:]] == ["bake", "I will not.", "Nor this.", "why?"]  # type: ignore[union-attr]  # a conversation


def test_an_adapter_that_is_not_loaded_is_no_reason_to_answer_with_another() -> None:
    room, engine = room_of("bread")
    room.standing = room.standing._replace(models={"help-desk": "added-later"})
    response = room.ask()
    assert response.status_code == 404
    assert "bread" not in response.text
    assert not [asked for asked in engine.asked if asked.adapter == ""]


def test_a_model_by_the_name_of_an_adapter_is_answered_with_it() -> None:
    room, engine = room_of("bread")
    room.standing = room.standing._replace(models={"help-desk": "careful"})
    room.ask()
    assert engine.asked[0].adapter == "careful"


@pytest.mark.parametrize(
    ("kind", "status"), [("busy", 503), ("too long", 400), ("base changed", 502), ("failed", 502), ("invalid", 400)]
)
def test_a_fault_of_the_engine_has_the_status_that_fits(kind: Any, status: int) -> None:
    room, _ = room_of(EngineError(kind, "the inner words."))
    response = room.ask()
    assert response.status_code == status
    assert ("the inner words" in response.text) == (status != 502)


def test_an_engine_that_fails_in_the_middle_ends_the_stream_with_an_error() -> None:
    room, _ = room_of(*["bread "] * 30, EngineError("failed", "gone."))
    assert '"code":"engine_failed"' in room.ask(stream=True).text
    assert room.acts[-1] == ("reply", "allow", "engine_failed")


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]},
        {"response_format": {"type": "json_object"}},
        {
            "messages": [
                {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
                {"role": "user", "content": "hi"},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aa"}}]}
            ]
        },
    ],
)
def test_what_the_engine_cannot_read_is_refused_by_name(more: dict[str, Any]) -> None:
    room, engine = room_of("bread")
    body = {"model": "help-desk", "messages": [{"role": "user", "content": "hi"}], **more}
    response = room.client.post(CHAT, json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "unsupported_parameter")
    assert engine.asked == []
