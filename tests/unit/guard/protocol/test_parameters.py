"""The closed table of parameters: within its bounds each is passed on as it came, and what is refused says why."""

from __future__ import annotations

from typing import Any

import pytest

from colonnade.guard.protocol import ENDPOINTS, Endpoint, ProtocolError
from colonnade.guard.protocol.requests import chat, completions, responses
from colonnade.guard.protocol.requests.parameters import FLAGS, LEFT_BEHIND, NUMBERS, REFUSED, TEMPLATE_FLAGS

from .bodies import CHAT, RESPONSES, small

ALL = list(ENDPOINTS.values())
NAMES = [endpoint.name for endpoint in ALL]

OF_ONE = {
    "chat": {
        *("n", "max_tokens", "max_completion_tokens", "reasoning_effort", "verbosity", "modalities", "audio", "stop"),
        *("web_search_options", "functions", "tools", "parallel_tool_calls", "function_call", "tool_choice"),
        *("response_format", "prediction", "chat_template_kwargs", "messages"),
    },
    "completions": {"n", "best_of", "max_tokens", "stop", "prompt", "suffix"},
    "responses": {
        *("previous_response_id", "conversation", "prompt", "context_management", "background", "include"),
        *("max_output_tokens", "truncation", "reasoning", "max_tool_calls", "tools", "parallel_tool_calls"),
        *("tool_choice", "text", "instructions", "input"),
    },
}


@pytest.mark.parametrize("module", [chat, completions, responses])
def test_an_endpoint_has_the_table_and_what_is_its_own_and_nothing_else(module: Any) -> None:
    shared = {*NUMBERS, *FLAGS, *LEFT_BEHIND, *REFUSED, "logit_bias", "stop_token_ids"}
    assert set(module.RULES) == shared | {"model", "stream", "stream_options"} | OF_ONE[module.NAME]
    assert len(shared) == len(NUMBERS) + len(FLAGS) + len(LEFT_BEHIND) + len(REFUSED) + 2


def sent(endpoint: Endpoint, **more: Any) -> dict[str, Any]:
    return endpoint.for_upstream(small(endpoint, **more), "m", "")


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_numbers_within_their_bounds_are_passed_on(endpoint: Endpoint) -> None:
    for name, bounds in NUMBERS.items():
        for value in (bounds.low, bounds.high):
            assert sent(endpoint, **{name: int(value) if bounds.whole else value})[name] == value
    given = {**dict.fromkeys(FLAGS, True), "stop_token_ids": [2, 128_009], "logit_bias": {"7": -100}}
    assert sent(endpoint, **given).items() >= given.items()


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
@pytest.mark.parametrize("name", NUMBERS)
def test_and_nothing_else_is(endpoint: Endpoint, name: str) -> None:
    low, high, whole = NUMBERS[name]
    others: list[Any] = [
        "1",
        True,
        [1],
        {},
        *([0.5] if whole else []),
        *([] if name == "seed" else [low - 1, high + 1]),
    ]
    for value in others:
        with pytest.raises(ProtocolError, match=name):
            small(endpoint, **{name: value})


@pytest.mark.parametrize(
    "given",
    [
        *({name: 1} for name in FLAGS),
        {"stop_token_ids": 2},
        {"stop_token_ids": ["</s>"]},
        {"stop_token_ids": [-1]},
        {"stop_token_ids": [1] * 65},
    ],
)
def test_a_flag_is_true_or_false_and_a_token_has_a_number(given: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=next(iter(given))):
        small(CHAT, **given)


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_what_is_left_behind_reaches_no_server(endpoint: Endpoint) -> None:
    asked = sent(endpoint, **dict.fromkeys(LEFT_BEHIND, "ana"))
    assert not asked.keys() & set(LEFT_BEHIND)
    assert "ana" not in str(asked)


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why_and_its_harmless_values_ask_for_nothing(endpoint: Endpoint, name: str) -> None:
    because, harmless = REFUSED[name]
    for value in ("x", 3, ["x"], {"x": 1}, *({True, False} - {row for row in harmless if isinstance(row, bool)})):
        with pytest.raises(ProtocolError) as told:
            small(endpoint, **{name: value})
        assert (told.value.code, told.value.parameter) == ("unsupported_parameter", name)
        assert because in told.value.message
    for value in (None, *harmless):
        asked = sent(endpoint, **{name: value})
        assert asked.get(name) == (False if (endpoint.name, name) == ("responses", "store") else None)


def test_a_template_is_told_whether_to_reason_and_no_words() -> None:
    flags = dict.fromkeys(TEMPLATE_FLAGS, False)
    assert sent(CHAT, chat_template_kwargs=flags)["chat_template_kwargs"] == flags
    for given in ({"enable_thinking": "no"}, {"system": "x"}):
        with pytest.raises(ProtocolError, match="chat_template_kwargs"):
            small(CHAT, chat_template_kwargs=given)


def test_sealed_reasoning_may_be_asked_for_and_is_not_passed_on() -> None:
    assert "include" not in sent(RESPONSES, include=["reasoning.encrypted_content"])
    with pytest.raises(ProtocolError, match="more than texts"):
        small(RESPONSES, include=["reasoning.encrypted_content", "message.output_text.logprobs"])


def test_what_a_client_read_from_an_answer_may_come_back_beside_it_and_stays_behind() -> None:
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "bake", "arguments": "{}", "parsed_arguments": {"x": 1}},
    }
    turns = [{"role": "assistant", "content": "{}", "parsed": {"x": 1}, "tool_calls": [call]}]
    chat_body = sent(CHAT, messages=[*turns, {"role": "user", "content": "hi"}])
    said = {"type": "output_text", "text": "{}", "parsed": {"x": 1}}
    called = {"type": "function_call", "call_id": "c", "name": "bake", "arguments": "{}", "parsed_arguments": {"x": 1}}
    items = [{"role": "assistant", "content": [said]}, called, {"role": "user", "content": "hi"}]
    for body in (chat_body, sent(RESPONSES, input=items)):
        assert "parsed" not in str(body)
        assert "bake" in str(body)
