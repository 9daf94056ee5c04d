from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard.protocol import ENDPOINTS, Delta, Endpoint, UpstreamError
from colonnade.guard.protocol.calls import plain_escapes

from .bodies import CHAT, COMPLETIONS, RESPONSES, cut, event, joined, read_stream, small

ALL = list(ENDPOINTS.values())
NAMES = [endpoint.name for endpoint in ALL]
USAGE = {
    "chat": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "completions": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "responses": {
        "input_tokens": 1,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 3,
    },
}
CHANNELS = {
    "chat": ["reasoning", "content", "refusal", "tool:0", "custom:1", "tool:2", "function"],
    "completions": ["content"],
    "responses": ["reasoning", "summary", "content", "refusal", "tool:0", "custom:1", "tool:2"],
}


def wanted(endpoint: Endpoint, choices: int = 1) -> Any:
    more: dict[str, Any] = {"stream": True}
    if endpoint is not RESPONSES:
        more |= {"stream_options": {"include_usage": True}, "n": choices}
    return small(endpoint, **more)


def released(endpoint: Endpoint, pieces: Iterable[tuple[int, str, str]], ends: dict[int, str], choices: int) -> bytes:
    """A whole stream written from pieces."""
    writer = endpoint.writer(wanted(endpoint, choices), "m", {"action": "allow"})
    said = [writer.open(), *(writer.text(*piece) for piece in pieces)]
    said += [writer.end(choice, finish) for choice, finish in ends.items()]
    return b"".join([*said, writer.close(USAGE[endpoint.name])])


TEXTS = st.text(min_size=1, max_size=8) | st.sampled_from(["\\u0062", "\\", "\r\n", "data: x\n\n", "\u2028", "😀"])


@st.composite
def speeches(draw: st.DrawFn) -> tuple[Endpoint, list[tuple[int, str, str]], int, dict[tuple[int, str], str]]:
    """Pieces that a guard might release, in any order, and what they amount to."""
    endpoint = draw(st.sampled_from(ALL))
    choices = 1 if endpoint is RESPONSES else draw(st.integers(1, 3))
    pieces: list[tuple[int, str, str]] = []
    whole: dict[tuple[int, str], str] = {}
    for choice in range(choices):
        for channel in draw(st.sampled_from([CHANNELS[endpoint.name], ["content"], []])):
            texts = draw(st.lists(TEXTS, min_size=1, max_size=4))
            call = ":" in channel or channel == "function"
            texts = ["ba", "ke\n" + texts[0], *texts[1:]] if call else texts
            pieces += [(choice, channel, text) for text in texts]
            said = "".join(texts)
            whole[choice, channel] = plain_escapes(said) if call and not channel.startswith("custom") else said
    return endpoint, pieces, choices, whole


@settings(max_examples=200, deadline=None)
@given(speeches(), st.sampled_from(["stop", "length", "content_filter", "tool_calls"]), st.lists(st.integers(0, 9999)))
def test_a_reader_reads_what_a_writer_was_given(
    case: tuple[Endpoint, list[tuple[int, str, str]], int, dict[tuple[int, str], str]], finish: str, places: list[int]
) -> None:
    endpoint, pieces, choices, whole = case
    data = released(endpoint, pieces, dict.fromkeys(range(choices), finish), choices)
    deltas, fault, usage = read_stream(endpoint, cut(data, places))
    texts, ends = joined(deltas)
    assert (fault, texts, usage) == ("", whole, USAGE[endpoint.name])
    called = any(":" in channel for _, channel in whole)
    if endpoint is CHAT or finish in ("length", "content_filter"):
        assert set(ends.values()) <= {finish, "stop"}
    assert set(ends) == set(range(choices))
    if called and finish == "tool_calls" and endpoint is not COMPLETIONS:
        assert "tool_calls" in ends.values()
    single, _, _ = read_stream(endpoint, (data[index : index + 1] for index in range(len(data))))
    assert joined(single) == (texts, ends)


SECRET = "SECRET"


def chat_stream(secret: str) -> bytes:
    """A chat whose every key that is no output says the secret."""

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
        hidden = {"id": secret, "model": secret, "system_fingerprint": secret, "object": secret, "x": [secret]}
        logprobs = {"content": [{"token": secret, "logprob": -1, "bytes": [83], "top_logprobs": []}]}
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish, "y": secret}
        return event({**hidden, "choices": [choice], **more})

    call = {"index": 4, "id": secret, "type": "function", "z": secret}
    return b"".join([
        chunk({"role": "assistant", "content": "", "annotations": [{"title": secret}], "audio": {"data": secret}}),
        chunk({"reasoning_content": "hm"}),
        chunk({"content": "fine"}),
        chunk({"tool_calls": [{**call, "function": {"name": "bake", "arguments": "", "w": secret}}]}),
        chunk({"tool_calls": [{"index": 4, "function": {"arguments": "{}"}}]}),
        chunk({}, "tool_calls", usage={**USAGE["chat"], "note": secret}),
        b"data: [DONE]\n\n",
    ])  # fmt: skip


def responses_stream(secret: str) -> bytes:
    """A response whose every key that is no output says the secret."""
    message = {"type": "message", "id": secret, "content": [{"type": "output_text", "text": secret}]}
    call = {"type": "function_call", "id": secret, "call_id": secret, "name": "bake", "arguments": secret}
    note = {"type": "url_citation", "title": secret}
    where = {"output_index": 0, "item_id": secret, "content_index": 0}
    listed: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"instructions": secret, "id": secret}},
        {"type": "response.output_item.added", "output_index": 0, "item": message},
        {"type": "response.output_text.delta", **where, "delta": "fine", "logprobs": [{"token": secret}]},
        {"type": "response.output_text.annotation.added", **where, "annotation": note},
        {"type": "response.output_text.done", **where, "text": secret},
        {"type": "response.output_item.done", "output_index": 0, "item": message},
        {"type": "response.web_search_call.completed", "output_index": 1, "item_id": secret},
        {"type": "response.output_item.added", "output_index": 2, "item": {**call, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
        {"type": "response.function_call_arguments.done", "output_index": 2, "arguments": secret},
        {"type": "response.output_item.done", "output_index": 2, "item": call},
        {"type": "response.reasoning_text.delta", "output_index": 3, "content_index": 0, "delta": "hm"},
        {"type": secret, "delta": secret},
        {"type": "response.completed", "response": {
            "status": "completed", "id": secret, "model": secret, "output": [message, call],
            "usage": {**USAGE["responses"], "note": secret},
        }},
    ]  # fmt: skip
    return b"".join(b"event: %b\n%b" % (one["type"].encode(), event(one)) for one in listed)


def completions_stream(secret: str) -> bytes:
    logprobs = {"tokens": [secret], "top_logprobs": [{secret: -1}]}
    first = {"index": 0, "text": "fine", "logprobs": logprobs, "finish_reason": None, "stop_reason": secret}
    return b"".join([
        event({"id": secret, "model": secret, "choices": [first]}),
        event({"id": secret, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]}),
        event({"choices": [], "usage": {**USAGE["completions"], "note": secret}}),
        b"data: [DONE]\n\n",
    ])  # fmt: skip


STREAMS: dict[str, Callable[[str], bytes]] = {
    "chat": chat_stream,
    "completions": completions_stream,
    "responses": responses_stream,
}


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_nothing_but_the_released_texts_is_in_the_bytes(endpoint: Endpoint) -> None:
    deltas, fault, usage = read_stream(endpoint, [STREAMS[endpoint.name](SECRET)])
    texts, ends = joined(deltas)
    call = {(0, "content"): "fine", (0, "reasoning"): "hm", (0, "tool:4" if endpoint is CHAT else "tool:0"): "bake\n{}"}
    assert (fault, usage) == ("", USAGE[endpoint.name])
    assert texts == ({(0, "content"): "fine"} if endpoint is COMPLETIONS else call)
    assert set(ends) == {0}
    data = released(endpoint, [(*key, text) for key, text in texts.items()], ends, 1)
    assert SECRET.encode() not in data
    assert b"fine" in data


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL), st.lists(st.integers(0, 9999)))
def test_any_chunking_of_a_server_gives_the_same_texts(endpoint: Endpoint, places: list[int]) -> None:
    data = STREAMS[endpoint.name]("ü😀").replace(b"\n", b"\r\n")
    whole = read_stream(endpoint, [data])
    parts = read_stream(endpoint, cut(data, places))
    assert joined(parts[0]) == joined(whole[0])
    assert parts[1:] == whole[1:] == ("", USAGE[endpoint.name])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALL), st.data())
def test_damaged_bytes_are_texts_or_an_upstream_error(endpoint: Endpoint, data: st.DataObject) -> None:
    stream = bytearray(STREAMS[endpoint.name](SECRET))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(stream) - 1))
        stream[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=6))
    deltas, fault, _ = read_stream(endpoint, cut(bytes(stream), data.draw(st.lists(st.integers(0, 9999)))))
    joined(deltas)
    assert fault in ("", "upstream_garbage", "upstream_truncated", "upstream_error")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from([
        "response.completed", "response.output_text.delta", "response.output_item.added", "response.output_item.done",
        "response.function_call_arguments.delta", "function_call", "message", "reasoning", "output_text",
    ]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([
        "type", "choices", "delta", "index", "content", "tool_calls", "function", "name", "arguments", "finish_reason",
        "usage", "response", "item", "output_index", "output", "text", "summary", "custom", "input", "reasoning",
        "function_call", "error", "content_index", "status", "refusal", "message", "id",
    ]), inner, max_size=5),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(ALL), st.lists(VALUES, max_size=4))
def test_any_json_of_a_server_is_texts_or_an_upstream_error(endpoint: Endpoint, values: list[Any]) -> None:
    deltas, _, _ = read_stream(endpoint, [event(value) for value in values])
    texts, ends = joined(deltas)
    data = released(endpoint, [(*key, text) for key, text in texts.items()], ends, 3)
    assert data.count(b"data: [DONE]") == (endpoint is not RESPONSES)
    for value in values:
        try:
            outputs = endpoint.outputs(value)
        except UpstreamError:
            continue
        assert all(output.text for output in outputs)
        json.dumps(endpoint.whole(wanted(endpoint), value, {}))


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_stream_that_ends_too_early_is_an_error(endpoint: Endpoint) -> None:
    data = STREAMS[endpoint.name]("x")
    events = data.split(b"\n\n")
    for kept in range(2):
        _, fault, _ = read_stream(endpoint, [b"\n\n".join(events[:kept]) + b"\n\n"])
        assert fault == "upstream_truncated"
    assert read_stream(endpoint, [data[: data.index(b"fine") + 2]])[1] == "upstream_truncated"


@pytest.mark.parametrize(
    ("endpoint", "data", "code"),
    [
        (CHAT, {"error": {"message": "secret"}}, "upstream_error"),
        (CHAT, {"choices": [{"index": 0, "finish_reason": "error"}]}, "upstream_error"),
        (CHAT, {"choices": [{"index": -1}]}, "upstream_garbage"),
        (CHAT, {"choices": [{"index": 10**9}]}, "upstream_garbage"),
        (CHAT, {"choices": [{"index": 0, "delta": {"content": 3}}]}, "upstream_garbage"),
        (CHAT, {"choices": {}}, "upstream_garbage"),
        (CHAT, [], "upstream_garbage"),
        (COMPLETIONS, {"choices": [{"text": {}}]}, "upstream_garbage"),
        (RESPONSES, {"type": "error", "message": "secret"}, "upstream_error"),
        (RESPONSES, {"type": "response.failed", "response": {}}, "upstream_error"),
        (RESPONSES, {"type": "response.completed", "response": {"status": "failed"}}, "upstream_error"),
        (RESPONSES, {"type": "response.function_call_arguments.delta", "delta": "x"}, "upstream_garbage"),
        (RESPONSES, {"no": "type"}, "upstream_garbage"),
    ],
)
def test_what_a_server_says_wrongly_is_never_repeated(endpoint: Endpoint, data: Any, code: str) -> None:
    reader = endpoint.reader()
    with pytest.raises(UpstreamError) as caught:
        reader.feed(event(data))
    assert caught.value.code == code
    assert "secret" not in caught.value.message
    assert caught.value.as_protocol_error().status == 502


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def test_words_after_the_end_of_a_choice_are_an_error() -> None:
    reader = CHAT.reader()
    assert reader.feed(chunk({"content": "a"}, "stop")) == [Delta(0, "content", "a"), Delta(0, "", "", "stop")]
    assert reader.feed(chunk({}, "stop")) == []
    with pytest.raises(UpstreamError):
        reader.feed(chunk({"content": "b"}))


def test_a_done_without_a_finish_ends_the_choices() -> None:
    deltas, fault, _ = read_stream(CHAT, [chunk({"content": "a"}), b"data: [DONE]\n\n", b"data: later\n\n"])
    assert (fault, deltas[-1].finish) == ("", "stop")


def test_calls_are_read_as_servers_send_them() -> None:
    def call(index: int | None, name: str | None, arguments: str | None, identity: str | None = None) -> bytes:
        number = {} if index is None else {"index": index}
        return chunk({"tool_calls": [{**number, "id": identity, "function": {"name": name, "arguments": arguments}}]})

    end = chunk({}, "tool_calls")
    for stream in (
        [call(0, "bake", ""), call(0, None, '{"a"'), call(0, None, ":1}"), call(1, "knead", "{}"), end],
        [call(0, "ba", None), call(0, "ke", '{"a":1}'), call(1, "knead", "{}"), end],
        [call(None, "bake", '{"a":1}', "x"), call(None, "knead", "{}", "y"), end],
        [call(0, "bake", '{"\\u0061":1}'), call(1, "knead", "{}"), end],
    ):
        texts, ends = joined(read_stream(CHAT, stream)[0])
        assert texts == {(0, "tool:0"): 'bake\n{"a":1}', (0, "tool:1"): "knead\n{}"}
        assert ends == {0: "tool_calls"}
    silent, _ = joined(read_stream(CHAT, [call(0, "bake", ""), end])[0])
    assert silent == {(0, "tool:0"): "bake\n"}
    assert read_stream(CHAT, [call(0, "two words", "x")])[1] == "upstream_garbage"
    assert read_stream(CHAT, [call(0, None, "x")])[1] == "upstream_garbage"


def test_a_response_without_deltas_is_read_from_its_items_or_its_end() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "fine"}]}
    call = {"type": "function_call", "name": "bake", "arguments": "{}"}
    end = {"type": "response.completed", "response": {"status": "completed", "output": [message, call]}}
    done = {"type": "response.output_item.done"}
    items = [{**done, "output_index": 0, "item": message}, {**done, "output_index": 1, "item": call}]
    for stream in ([*items, end], [end]):
        texts, ends = joined(read_stream(RESPONSES, map(event, stream))[0])
        assert texts == {(0, "content"): "fine", (0, "tool:0"): "bake\n{}"}
        assert ends == {0: "tool_calls"}


def test_two_messages_of_a_response_are_two_paragraphs_streamed_or_not() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "fine"}]}
    whole = RESPONSES.outputs({"status": "completed", "output": [message, message]})
    delta = {"type": "response.output_text.delta", "delta": "fine", "content_index": 0}
    end = {"type": "response.completed", "response": {"status": "completed"}}
    stream = [{**delta, "output_index": 0}, {**delta, "output_index": 1}, end]
    texts, _ = joined(read_stream(RESPONSES, map(event, stream))[0])
    assert texts == {(0, "content"): "fine\n\nfine"} == {output[:2]: output.text for output in whole}


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_replaced_choice_says_what_was_released_and_the_fixed_answer(endpoint: Endpoint) -> None:
    writer = endpoint.writer(wanted(endpoint), "m", None)
    data = writer.open() + writer.text(0, "content", "so far") + writer.replace(0, "No.")
    assert writer.text(0, "content", SECRET) == writer.end(0, "stop") == writer.replace(0, "again") == b""
    data += writer.close(None)
    assert writer.close(None) == writer.fault("x", "y") == writer.text(0, "content", SECRET) == b""
    texts, ends = joined(read_stream(endpoint, [data])[0])
    assert (texts, ends) == ({(0, "content"): "so far\n\nNo."}, {0: "content_filter"})


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_name_that_was_never_released_whole_is_not_sent(endpoint: Endpoint) -> None:
    writer = endpoint.writer(wanted(endpoint), "m", None)
    data = writer.open() + writer.text(0, "tool:0", SECRET) + writer.end(0, "tool_calls") + writer.close(None)
    assert SECRET.encode() not in data
    assert joined(read_stream(endpoint, [data])[0]) == ({}, {0: "stop"})


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_fault_ends_the_stream(endpoint: Endpoint) -> None:
    writer = endpoint.writer(wanted(endpoint), "m", None)
    data = writer.open() + writer.text(0, "content", "so far") + writer.fault("it failed.", "upstream_truncated")
    assert writer.close(None) == writer.text(0, "content", "x") == writer.fault("x", "y") == b""
    assert read_stream(endpoint, [data])[1] == "upstream_error"
    assert b"upstream_truncated" in data


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_fixed_answer_can_be_a_whole_stream(endpoint: Endpoint) -> None:
    asked = wanted(endpoint, 2)
    texts, ends = joined(read_stream(endpoint, [endpoint.refused_stream(asked, "m", "No.", {"action": "refuse"})])[0])
    assert texts == {(choice, "content"): "No." for choice in range(asked.choices)}
    assert ends == dict.fromkeys(range(asked.choices), "content_filter")


NOTHING_READ = {
    name: {key: dict.fromkeys(count, 0) if isinstance(count, dict) else 0 for key, count in counts.items()}
    for name, counts in USAGE.items()
}


@pytest.mark.parametrize("endpoint", ALL, ids=NAMES)
def test_a_refusal_counts_no_token_where_a_client_counts_them(endpoint: Endpoint) -> None:
    options = {} if endpoint.name == "responses" else {"stream_options": {"include_usage": True}}
    asked = small(endpoint, stream=True, **options)
    assert endpoint.refusal(asked, "m", "No.", None)["usage"] == NOTHING_READ[endpoint.name]
    stream = endpoint.refused_stream(asked, "m", "No.", None)
    assert read_stream(endpoint, [stream])[2] == NOTHING_READ[endpoint.name]
    uncounted = endpoint.refused_stream(small(endpoint, stream=True), "m", "No.", None)
    assert (b'"usage"' in uncounted) == (endpoint.name == "responses")


def test_several_pieces_of_one_channel_are_one_delta() -> None:
    data = b"".join(chunk({"content": letter}) for letter in "bread")
    assert CHAT.reader().feed(data) == [Delta(0, "content", "bread")]
