from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard.protocol import ENDPOINTS, Asked, Endpoint, ProtocolError
from colonnade.guard.protocol.requests import chat as chat_requests
from colonnade.guard.protocol.requests import completions as completion_requests
from colonnade.guard.protocol.requests import responses as response_requests

from .bodies import BODIES, CHAT, CHAT_BODY, COMPLETIONS, PICTURE, RESPONSES, RESPONSES_BODY, read, small

NAMES = [endpoint.name for endpoint, _ in BODIES]

CLOSED = {
    *("function", "custom", "allowed_tools", "auto", "low", "json_schema", "message", "regex", "grammar"),
    *("user", "system", "developer", "assistant", "tool", "text", "image_url", "input_audio", "file", "wav", "content"),
    *("input_text", "input_image", "input_file", "reasoning", "summary_text", "function_call", "rs_2"),
    *("function_call_output", "custom_tool_call", "custom_tool_call_output", "call00001", "call00002"),
}
"""Words from closed lists, and ids that are our own."""


def strings(value: Any, free: bool = False) -> list[str]:
    """Every string in a body, and the keys of free JSON."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for member in value for text in strings(member, free)]
    if isinstance(value, dict):
        found = []
        for key, member in value.items():
            inner = free or key in ("parameters", "schema")
            found += [*([key] if free else []), *strings(member, inner)]
        return found
    return []


def unnoted(asked: Asked) -> list[str]:
    """Strings of the body that stand in no part."""
    noted = "\n\n".join(part.text for part in asked.parts)
    body = {key: value for key, value in asked.body.items() if key != "model"}
    return [
        text
        for text in strings(body)
        if text not in CLOSED and not text.startswith("data:") and text != "AAAA" and text not in noted
    ]


@pytest.mark.parametrize(("endpoint", "body"), BODIES, ids=NAMES)
def test_every_text_that_reaches_the_model_is_a_part(endpoint: Endpoint, body: dict[str, Any]) -> None:
    asked = read(endpoint, body)
    assert unnoted(asked) == []
    assert unnoted(asked._replace(parts=asked.parts[1:])) != []


@pytest.mark.parametrize(("endpoint", "body"), BODIES, ids=NAMES)
def test_what_is_passed_on_reads_as_the_same_request(endpoint: Endpoint, body: dict[str, Any]) -> None:
    asked = read(endpoint, body)
    again = read(endpoint, asked.body)
    assert again._replace(parts=()) == asked._replace(parts=())
    assert [part[:2] for part in again.parts] == [part[:2] for part in asked.parts]


def test_a_chat_is_read_in_the_order_of_the_model() -> None:
    asked = read(CHAT, CHAT_BODY)
    assert (asked.choices, asked.stream, asked.usage, asked.pictures) == (2, True, True, 4)
    spoken = [(part.role, part.text) for part in asked.parts if part.place.startswith("messages")]
    assert spoken == [
        ("system", "house"),
        ("system", "be brief"),
        ("developer", "use\nwords"),
        ("user", "ann"),
        ("user", "https://example.org/secret-plan.png"),
        ("user", "notes.txt"),
        ("user", "hidden"),
        ("user", "look\nand say"),
        ("assistant", "thinking it over"),
        ("assistant", 'bake\n{"loaf":"\\u0072ye"}\nloaf\nrye'),
        ("tool", "baked"),
        ("assistant", "I will not"),
        ("assistant", "old_function\n{}"),
        ("function", "old_function"),
        ("function", "result of old"),
        ("user", "go on"),
    ]
    definitions = [part.text for part in asked.parts if part.role == "definition"]
    assert "bake\nbakes bread\ntype\nobject\nproperties\nloaf\ntype\nstring\ndescription\nwhich loaf\nenum\nrye\n3" in (
        definitions
    )
    assert [part.text for part in asked.parts if part.role == "setting"] == ["END", "\n", "what is foreseen"]


def test_a_response_is_read_in_the_order_of_the_model() -> None:
    asked = read(RESPONSES, RESPONSES_BODY)
    assert (asked.choices, asked.stream, asked.usage, asked.pictures) == (1, True, False, 2)
    assert [(part.role, part.text) for part in asked.parts if part.role != "definition"] == [
        ("system", "be brief"),
        ("developer", "use words"),
        ("user", "plan.pdf"),
        ("user", "look"),
        ("assistant", "thinking it over"),
        ("assistant", 'bake\n{"loaf":"rye"}'),
        ("tool", "baked"),
        ("assistant", "knead\nkk"),
        ("tool", "kneaded"),
        ("assistant", "here it is"),
        ("user", "go on"),
    ]


def test_prompts_times_n_are_the_choices_of_a_completion() -> None:
    assert read(COMPLETIONS, BODIES[1][1]).choices == 4
    with pytest.raises(ProtocolError, match="too many"):
        small(COMPLETIONS, prompt=["a"] * 100, n=2)


REFUSED: list[tuple[Endpoint, dict[str, Any], str]] = [
    *((CHAT, change, next(iter(change))) for change in (
        {"logprobs": True}, {"top_logprobs": 3}, {"store": True}, {"audio": {"voice": "x"}}, {"modalities": ["audio"]},
        {"web_search_options": {}}, {"chat_template": "x"}, {"guided_regex": "x"}, {"Messages": []}, {"n": 0},
        {"n": 129}, {"n": True}, {"n": 1.5}, {"stream": "yes"}, {"temperature": 3}, {"temperature": "1"},
        {"max_tokens": 0}, {"seed": "x"}, {"model": 3}, {"model": ""}, {"stop": 3}, {"messages": []},
        {"messages": "hi"}, {"tool_choice": "bake"}, {"response_format": "json"}, {"functions": {}}, {"echo": True},
        {"stream_options": {"include_usage": True}}, {"logit_bias": {"word": 1}}, {"previous_response_id": "r"},
    )),
    (CHAT, {"tools": [{"type": "web_search"}]}, "tools.[0]"),
    (CHAT, {"tools": [{"type": "function", "function": {"name": "two words"}}]}, "tools.[0].function.name"),
    (CHAT, {"tools": [{"type": "function", "function": {}}]}, "tools.[0].function"),
    *((CHAT, {"tools": [{"type": "custom", "custom": {"name": "x", "format": {"type": "grammar", **grammar}}}]},
       "tools.[0].custom.format") for grammar in ({}, {"grammar": None}, {"definition": None, "syntax": "regex"})),
    (CHAT, {"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice.function.name"),
    *((CHAT, {"messages": [message]}, f"messages.[0]{place}") for message, place in (
        ("hi", ""),
        ({"role": "wizard", "content": "x"}, ".role"),
        ({"role": ["user"], "content": "x"}, ".role"),
        ({"role": "user"}, ".content"),
        ({"role": "user", "content": 3}, ".content"),
        ({"role": "user", "content": []}, ".content"),
        ({"role": "user", "content": "x", "tool_calls": []}, ".tool_calls"),
        ({"role": "user", "content": "x", "secret": "y"}, ".secret"),
        ({"role": "assistant", "content": None}, ".content"),
        ({"role": "assistant", "audio": {"id": "x"}}, ".audio"),
        ({"role": "tool", "content": "x"}, ""),
        ({"role": "user", "content": [{"type": "video_url"}]}, ".content.[0]"),
        ({"role": "user", "content": [{"type": "text", "text": "x", "more": "y"}]}, ".content.[0].more"),
        ({"role": "user", "content": [{"type": "image_url"}]}, ".content.[0]"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "file:///etc"}}]},
         ".content.[0].image_url.url"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:text/plain,words"}}]},
         ".content.[0].image_url.url"),
        ({"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}, ".content.[0].file.file_id"),
        ({"role": "user", "content": [{"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}}]},
         ".content.[0].file.file_data"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]},
         ".tool_calls.[0].function"),
    )),
    *((COMPLETIONS, change, next(iter(change))) for change in (
        {"prompt": [1, 2]}, {"prompt": [[1], [2]]}, {"prompt": []}, {"prompt": 3}, {"echo": True}, {"logprobs": 0},
        {"suffix": 3}, {"messages": []}, {"prompt_embeds": "x"},
    )),
    *((RESPONSES, change, next(iter(change))) for change in (
        {"previous_response_id": "r"}, {"conversation": "c"}, {"prompt": {"id": "p"}}, {"background": True},
        {"store": True}, {"context_management": []}, {"n": 2},
        {"input": []}, {"input": 3}, {"max_tool_calls": 1}, {"messages": []},
    )),
    (RESPONSES, {"include": ["message.output_text.logprobs"]}, "include.[0]"),
    *((RESPONSES, {"tools": [{"type": kind}]}, "tools.[0]") for kind in (
        "web_search", "file_search", "code_interpreter", "mcp", "image_generation", "local_shell", "computer",
    )),
    *((RESPONSES, {"input": [item]}, f"input.[0]{place}") for item, place in (
        ({"type": "item_reference", "id": "x"}, ""),
        ({"type": "computer_call_output"}, ""),
        ({"role": "user", "content": [{"type": "input_image", "file_id": "x"}]}, ".content.[0].file_id"),
        ({"role": "user", "content": [{"type": "text", "text": "x"}]}, ".content.[0]"),
        ({"type": "reasoning", "encrypted_content": "x"}, ".encrypted_content"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, ""),
        ({"type": "function_call_output", "call_id": "x"}, ""),
    )),
]  # fmt: skip


REFUSED_NAMES = [f"{endpoint.name}-{parameter}" for endpoint, _, parameter in REFUSED]


@pytest.mark.parametrize(("endpoint", "changes", "parameter"), REFUSED, ids=REFUSED_NAMES)
def test_what_is_not_understood_is_refused_by_name(endpoint: Endpoint, changes: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        small(endpoint, **changes)
    assert (caught.value.status, caught.value.parameter) == (400, parameter)
    assert parameter in caught.value.message
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=NAMES)
def test_a_null_is_as_good_as_nothing(endpoint: Endpoint) -> None:
    rules = {"chat": chat_requests.RULES, "completions": completion_requests.RULES}
    known = rules.get(endpoint.name, response_requests.RULES)
    bare = small(endpoint)
    assert small(endpoint, **{key: None for key in known if key not in {*bare.body, "model"}}) == bare


def test_only_the_operator_speaks_as_the_system() -> None:
    asked = read(CHAT, CHAT_BODY)
    messages = CHAT.for_upstream(asked, "upstream", "HOUSE RULES")["messages"]
    assert [message["role"] for message in messages if message["role"] in ("system", "developer")] == ["system"]
    assert messages[0]["content"] == "HOUSE RULES"
    assert messages[1]["content"][0]["text"] == "be brief\n\nuse\nwords\n\nlook"
    plain = CHAT.for_upstream(asked, "upstream", "")
    assert (plain["model"], plain["messages"]) == ("upstream", asked.body["messages"])
    lonely = small(CHAT, messages=[{"role": "system", "content": "x"}])
    assert CHAT.for_upstream(lonely, "u", "S")["messages"][1:] == [{"role": "user", "content": "x"}]


def test_a_picture_first_still_lets_the_instructions_begin() -> None:
    picture = {"type": "image_url", "image_url": {"url": PICTURE}}
    asked = small(CHAT, messages=[{"role": "system", "content": "x"}, {"role": "user", "content": [picture]}])
    message = CHAT.for_upstream(asked, "u", "S")["messages"][1]
    assert message["content"] == [{"type": "text", "text": "x"}, picture]


def test_the_operators_words_come_first_in_prompts_and_responses() -> None:
    assert COMPLETIONS.for_upstream(small(COMPLETIONS), "u", "S")["prompt"] == "S\n\nhi"
    assert COMPLETIONS.for_upstream(small(COMPLETIONS, prompt=["a", "b"]), "u", "S")["prompt"] == ["S\n\na", "S\n\nb"]
    body = RESPONSES.for_upstream(read(RESPONSES, RESPONSES_BODY), "u", "S")
    assert (body["instructions"], body["store"], body["model"]) == ("S", False, "u")
    assert body["input"][0] == {"type": "message", "role": "user", "content": "be brief"}
    assert {item.get("role") for item in body["input"]} == {"user", "assistant", None}
    assert RESPONSES.for_upstream(small(RESPONSES), "u", "S")["input"][0]["content"] == "hi"
    assert RESPONSES.for_upstream(small(RESPONSES), "u", "")["input"] == "hi"


FIXED = frozenset({"Not in detail."})


def test_a_turn_that_was_refused_goes_with_its_calls_and_its_answer() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "forbidden"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "found"},
        {"role": "assistant", "content": "Not in detail."},
        {"role": "user", "content": "last"},
    ]
    asked = CHAT.without_refused(small(CHAT, messages=history), FIXED)
    assert [part.text for part in asked.parts] == ["first", "yes", "last"]
    assert asked.body["messages"] == [history[0], history[1], history[6]]
    items = [
        {"role": "user", "content": "first"},
        {"type": "function_call", "call_id": "x", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "x", "output": "found"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Not in detail."}]},
        {"role": "user", "content": "last"},
    ]
    assert [part.text for part in RESPONSES.without_refused(small(RESPONSES, input=items), FIXED).parts] == ["last"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=NAMES)
def test_a_history_without_refusals_stays(endpoint: Endpoint) -> None:
    asked = small(endpoint)
    assert endpoint.without_refused(asked, FIXED) is asked


def test_nothing_but_a_refused_turn_is_no_request() -> None:
    history = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Not in detail."}]
    with pytest.raises(ProtocolError):
        CHAT.without_refused(small(CHAT, messages=history), FIXED)
    with pytest.raises(ProtocolError):
        RESPONSES.without_refused(small(RESPONSES, input=history), FIXED)


KEYS = sorted({
    *chat_requests.RULES, *completion_requests.RULES, *response_requests.RULES,
    *("role", "content", "type", "text", "name", "arguments", "function", "image_url", "url", "id", "call_id"),
})  # fmt: skip
WORDS = st.sampled_from([*CLOSED, "input_text", PICTURE, "https://x", "", "\ud800", "\x00"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def changed(draw: st.DrawFn) -> tuple[Endpoint, Any]:
    """A good body with something exchanged somewhere."""
    endpoint, body = draw(st.sampled_from(BODIES))
    body = json.loads(json.dumps(body))
    where: Any = body
    for _ in range(draw(st.integers(0, 5))):
        inner = [member for member in (where.values() if isinstance(where, dict) else where) if member]
        inner = [member for member in inner if isinstance(member, dict | list)]
        if not inner:
            break
        where = draw(st.sampled_from(inner))
    if isinstance(where, dict):
        where[draw(st.sampled_from([*KEYS, *where]))] = draw(JSON)
    else:
        where[draw(st.integers(0, len(where) - 1))] = draw(JSON)
    return endpoint, body


@settings(max_examples=300, deadline=None)
@given(changed())
def test_any_json_is_a_request_with_all_its_texts_or_a_protocol_error(case: tuple[Endpoint, Any]) -> None:
    endpoint, body = case
    try:
        asked = read(endpoint, body)
    except ProtocolError as error:
        json.dumps(error.body()).encode()
        return
    json.dumps(endpoint.for_upstream(asked, "u", "S"), ensure_ascii=False, allow_nan=False).encode()
    assert [text for text in unnoted(asked) if not text.startswith("rs_")] == []


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(ENDPOINTS.values())),
    st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
)
def test_any_bytes_are_a_request_or_a_protocol_error(endpoint: Endpoint, content: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        endpoint.read(content)


def test_a_whole_number_may_have_a_point() -> None:
    asked = small(CHAT, n=2.0)
    assert (asked.choices, repr(asked.body["n"])) == (2, "2")


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_file_that_is_text_is_read_whatever_it_says_of_its_type(cut: int) -> None:
    said = "how to bake bread " * 400 + "." * cut
    packed = base64.b64encode(said.encode()).decode().rstrip("=")
    part = {"type": "file", "file": {"file_data": f"data:application/octet-stream;base64,{packed}"}}
    asked = small(CHAT, messages=[{"role": "user", "content": [part]}])
    assert [row.text for row in asked.parts] == [said]
    assert asked.pictures == 1


@pytest.mark.parametrize("way", ["function", "tool", "item"])
def test_what_a_tool_gives_back_as_json_is_judged_with_its_letters(way: str) -> None:
    said = json.dumps({"found": "хлеб"})
    if way == "function":  # as tools were called before there were tools
        asked = small(CHAT, messages=[{"role": "function", "name": "look", "content": said}])
    elif way == "tool":
        call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}
        turns = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": said}]
        asked = small(CHAT, messages=[{"role": "user", "content": "hi"}, *turns])
    else:
        called = {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"}
        given_back = {"type": "function_call_output", "call_id": "c", "output": said}
        asked = small(RESPONSES, input=[{"role": "user", "content": "hi"}, called, given_back])
    assert "хлеб" in "".join(row.text for row in asked.parts).replace("\0", "")
    assert said in json.dumps(asked.body, ensure_ascii=False).replace('\\"', '"').replace("\\\\", "\\")
