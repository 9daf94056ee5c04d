"""What is written is read by the official client, and fits its types to the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from colonnade.guard.protocol import ENDPOINTS, Asked, Endpoint, ProtocolError, Replaced, model_entry, model_list

from .bodies import CHAT, CHAT_BODY, COMPLETIONS, RESPONSES, RESPONSES_BODY, read, small
from .test_streams import USAGE

EVENTS: dict[str, TypeAdapter[Any]] = {
    "chat": TypeAdapter(ChatCompletionChunk),
    "completions": TypeAdapter(Completion),
    "responses": TypeAdapter(ResponseStreamEvent),
}


class Pieces(httpx.SyncByteStream):
    """Bytes as a network would bring them."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = data, size

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), self.size):
            yield self.data[start : start + self.size]


def client(data: bytes, content_type: str = "application/json", status: int = 200, size: int = 7) -> openai.OpenAI:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"content-type": content_type}, stream=Pieces(data, size))

    transport = httpx.Client(transport=httpx.MockTransport(answer))
    return openai.OpenAI(api_key="k", base_url="http://gateway/v1", http_client=transport, max_retries=0)


def streaming(data: bytes) -> openai.OpenAI:
    return client(data, "text/event-stream")


def valid(endpoint: Endpoint, data: bytes) -> list[Any]:
    """Every event of a stream, checked strictly against the client's types."""
    events = []
    for block in data.decode().removesuffix("\n\n").split("\n\n"):
        lines = block.split("\n")
        content = lines[-1].removeprefix("data: ")
        if content == "[DONE]":
            continue
        if endpoint is COMPLETIONS:  # OpenAI sends null before the end, against its own type
            content = content.replace('"finish_reason":null', '"finish_reason":"stop"')
        found = EVENTS[endpoint.name].validate_json(content)
        if endpoint is RESPONSES:
            assert lines[0] == f"event: {found.type}"
        events.append(found)
    return events


CHAT_REPLY = {
    "id": "upstream",
    "object": "chat.completion",
    "created": 1,
    "model": "big",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "fine", "reasoning": "hm", "annotations": []},
            "finish_reason": "stop",
            "logprobs": {"content": []},
        },
        {
            "index": 1,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "u", "type": "function", "function": {"name": "bake", "arguments": '{"\\u0061":1}'}},
                    {"id": "v", "type": "custom", "custom": {"name": "knead", "input": "kk"}},
                ],
            },
            "finish_reason": "tool_calls",
        },
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "queue": "x"},
}

COMPLETIONS_REPLY = {
    "choices": [
        {"index": 1, "text": "second", "finish_reason": "length", "logprobs": {"tokens": ["second"]}},
        {"index": 0, "text": "first", "finish_reason": "stop"},
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}

RESPONSES_REPLY = {
    "id": "upstream",
    "status": "completed",
    "output": [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "in short"}],
            "content": [{"type": "reasoning_text", "text": "hm"}],
            "encrypted_content": "x",
        },
        {"type": "message", "content": [{"type": "output_text", "text": "fine", "annotations": [{"title": "x"}]}]},
        {"type": "function_call", "call_id": "u", "name": "bake", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "v", "name": "knead", "input": "kk"},
        {"type": "web_search_call", "query": "x"},
    ],
    "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
}


def asked_for(endpoint: Endpoint) -> Asked:
    bodies = {"chat": CHAT_BODY, "responses": RESPONSES_BODY}
    return read(endpoint, bodies[endpoint.name]) if endpoint.name in bodies else small(endpoint, n=2)


def test_every_text_of_a_whole_reply_is_an_output() -> None:
    assert [tuple(output) for output in CHAT.outputs(CHAT_REPLY)] == [
        (0, "reasoning", "hm"),
        (0, "content", "fine"),
        (1, "tool:0", 'bake\n{"a":1}'),
        (1, "custom:1", "knead\nkk"),
    ]
    assert [tuple(output) for output in COMPLETIONS.outputs(COMPLETIONS_REPLY)] == [
        (0, "content", "first"),
        (1, "content", "second"),
    ]
    assert [tuple(output) for output in RESPONSES.outputs(RESPONSES_REPLY)] == [
        (0, "reasoning", "hm"),
        (0, "summary", "in short"),
        (0, "content", "fine"),
        (0, "tool:0", "bake\n{}"),
        (0, "custom:1", "knead\nkk"),
    ]


def test_a_whole_chat_fits_the_client() -> None:
    whole = CHAT.whole(asked_for(CHAT), CHAT_REPLY, {})
    ChatCompletion.model_validate(whole)
    reply = client(json.dumps(whole).encode()).chat.completions.create(model="m", messages=[])
    assert (reply.model, reply.choices[0].message.content, reply.choices[0].finish_reason) == ("m", "fine", "stop")
    assert reply.choices[0].message.model_extra == {"reasoning_content": "hm"}
    first, second = reply.choices[1].message.tool_calls or []
    assert first.type == "function"
    assert (first.function.name, json.loads(first.function.arguments)) == ("bake", {"a": 1})
    assert second.type == "custom"
    assert (second.custom.name, second.custom.input) == ("knead", "kk")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 3
    assert not {"upstream", "big", "queue"} & set(json.dumps(whole).replace('"', " ").split())


@pytest.mark.parametrize("number", [4_402_991_700_000_000, 10**8 + 1])
def test_a_number_that_counts_no_tokens_gets_nowhere(number: int) -> None:
    counts = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    beside = CHAT.whole(
        asked_for(CHAT), CHAT_REPLY | {"usage": counts | {"prompt_tokens_details": {"cached_tokens": number}}}, {}
    )
    assert beside["usage"] == counts
    for name in counts:
        whole = CHAT.whole(asked_for(CHAT), CHAT_REPLY | {"usage": counts | {name: number}}, {})
        assert str(number) not in json.dumps(whole)


def test_a_whole_completion_fits_the_client() -> None:
    whole = COMPLETIONS.whole(asked_for(COMPLETIONS), COMPLETIONS_REPLY, {})
    Completion.model_validate(whole)
    reply = client(json.dumps(whole).encode()).completions.create(model="m", prompt="hi")
    assert [(one.text, one.finish_reason, one.logprobs) for one in reply.choices] == [
        ("first", "stop", None),
        ("second", "length", None),
    ]


def test_a_whole_response_fits_the_client() -> None:
    whole = RESPONSES.whole(asked_for(RESPONSES), RESPONSES_REPLY, {})
    Response.model_validate(whole)
    reply = client(json.dumps(whole).encode()).responses.create(model="m", input="hi")
    assert (reply.output_text, reply.status, reply.usage and reply.usage.total_tokens) == ("fine", "completed", 3)
    assert [item.type for item in reply.output] == [
        *("reasoning", "reasoning", "message", "function_call", "custom_tool_call"),
    ]


@pytest.mark.parametrize(
    ("endpoint", "upstream"),
    [(CHAT, CHAT_REPLY), (COMPLETIONS, COMPLETIONS_REPLY), (RESPONSES, RESPONSES_REPLY)],
)
def test_a_forbidden_output_takes_its_whole_choice_along(endpoint: Endpoint, upstream: dict[str, Any]) -> None:
    outputs = endpoint.outputs(upstream)
    for key in {output[:2] for output in outputs}:
        kept = endpoint.outputs(endpoint.whole(asked_for(endpoint), upstream, {key: Replaced("No.")}))
        others = [output for output in outputs if output.choice != key[0]]
        assert sorted(kept) == sorted([*others, type(outputs[0])(key[0], "content", "No.")])
        alone = endpoint.whole(asked_for(endpoint), upstream, {key: Replaced("", alone=True)})
        left = [(output.choice, output.text) for output in outputs if output[:2] != key]
        if left:
            assert [(output.choice, output.text) for output in endpoint.outputs(alone)] == left


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=[*ENDPOINTS])
def test_a_fixed_answer_fits_the_client(endpoint: Endpoint) -> None:
    asked = asked_for(endpoint)
    whole = endpoint.refusal(asked, "m", "No.", {"action": "refuse"})
    kinds: dict[str, Any] = {"chat": ChatCompletion, "completions": Completion, "responses": Response}
    kinds[endpoint.name].model_validate(whole)
    assert whole["colonnade"] == {"action": "refuse"}
    assert [output.text for output in endpoint.outputs(whole)] == ["No."] * asked.choices
    valid(endpoint, endpoint.refused_stream(asked, "m", "No.", {"action": "refuse"}))


def test_a_streamed_chat_fits_the_client() -> None:
    asked = asked_for(CHAT)
    writer = CHAT.writer(asked, "m", {"action": "allow"})
    pieces = [
        (0, "reasoning", "hm"),
        (0, "content", "fi"),
        (1, "tool:3", "ba"),
        (1, "tool:3", 'ke\n{"a'),
        (0, "content", "ne"),
    ]
    pieces += [(1, "tool:3", '":1}'), (1, "function", "old\n{}"), (1, "refusal", "no")]
    data = writer.open() + b"".join(writer.text(*piece) for piece in pieces)
    data += writer.end(1, "tool_calls") + writer.end(0, "stop") + writer.close(USAGE["chat"])
    assert len({chunk.id for chunk in valid(CHAT, data)}) == 1
    chunks = list(streaming(data).chat.completions.create(model="m", messages=[], stream=True))
    said = "".join(one.delta.content or "" for chunk in chunks for one in chunk.choices if one.index == 0)
    calls = [call for chunk in chunks for one in chunk.choices for call in one.delta.tool_calls or []]
    ends = {one.index: one.finish_reason for chunk in chunks for one in chunk.choices if one.finish_reason}
    assert (said, ends, chunks[0].model_extra) == (
        "fine",
        {1: "tool_calls", 0: "stop"},
        {"colonnade": {"action": "allow"}},
    )
    assert {call.index for call in calls} == {0}
    assert [call.function.name for call in calls if call.function and call.function.name] == ["bake"]
    assert "".join(call.function.arguments or "" for call in calls if call.function) == '{"a":1}'
    assert chunks[-1].usage is not None
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 3)


def test_the_clients_own_gathering_of_a_chat_works() -> None:
    writer = CHAT.writer(small(CHAT, stream=True), "m", None)
    data = writer.open() + writer.text(0, "content", "fi") + writer.text(0, "content", "ne")
    data += writer.text(0, "tool:0", "bake\n{}") + writer.end(0, "tool_calls") + writer.close(None)
    with streaming(data).chat.completions.stream(model="m", messages=[]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "fine"
    assert [call.function.name for call in final.choices[0].message.tool_calls or []] == ["bake"]


def test_a_streamed_completion_fits_the_client() -> None:
    writer = COMPLETIONS.writer(small(COMPLETIONS, n=2, stream=True), "m", None)
    data = writer.open() + writer.text(1, "content", "b") + writer.text(0, "content", "a") + writer.close(None)
    valid(COMPLETIONS, data)
    chunks = list(streaming(data).completions.create(model="m", prompt="hi", stream=True))
    assert "".join(one.text for chunk in chunks for one in chunk.choices if one.index == 1) == "b"
    assert [one.finish_reason for chunk in chunks for one in chunk.choices if one.finish_reason] == ["stop", "stop"]


def spoken_response(finish: str) -> bytes:
    writer = RESPONSES.writer(asked_for(RESPONSES), "m", {"action": "allow"})
    pieces = [
        *((0, "reasoning", "hm"), (0, "summary", "in short"), (0, "content", "fi"), (0, "tool:0", "ba")),
        *((0, "tool:0", "ke\n{"), (0, "custom:1", "knead\nkk"), (0, "content", "ne"), (0, "tool:0", "}")),
        (0, "refusal", "no"),
    ]
    data = writer.open() + b"".join(writer.text(*piece) for piece in pieces)
    return data + writer.end(0, finish) + writer.close(USAGE["responses"])


def test_a_streamed_response_fits_the_client() -> None:
    data = spoken_response("tool_calls")
    events = valid(RESPONSES, data)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    with streaming(data).responses.stream(model="m", input="hi") as stream:
        final = stream.get_final_response()
    assert (final.output_text, final.usage and final.usage.total_tokens) == ("fine", 3)
    gathered = {item.id: item.model_dump() for item in final.output}
    done = {event.item.id: event.item.model_dump() for event in events if event.type == "response.output_item.done"}
    assert gathered.keys() == done.keys()
    assert [item.type for item in final.output] == [
        *("reasoning", "reasoning", "message", "function_call", "custom_tool_call", "message"),
    ]
    for kind, key, whole in (
        ("response.output_text", "text", "fine"),
        ("response.function_call_arguments", "arguments", "{}"),
        ("response.custom_tool_call_input", "input", "kk"),
        ("response.reasoning_text", "text", "hm"),
        ("response.reasoning_summary_text", "text", "in short"),
        ("response.refusal", "refusal", "no"),
    ):
        assert "".join(event.delta for event in events if event.type == f"{kind}.delta") == whole
        assert [getattr(event, key) for event in events if event.type == f"{kind}.done"] == [whole]


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_a_response_that_was_cut_says_why(finish: str, reason: str) -> None:
    last = valid(RESPONSES, spoken_response(finish))[-1]
    assert (last.type, last.response.incomplete_details.reason) == ("response.incomplete", reason)


def test_a_fault_in_a_stream_is_an_error_of_the_client() -> None:
    for endpoint in (CHAT, COMPLETIONS):
        writer = endpoint.writer(small(endpoint, stream=True), "m", None)
        data = writer.open() + writer.text(0, "content", "so far") + writer.fault("it broke.", "upstream_truncated")
        service = streaming(data)
        stream: Any = (
            service.chat.completions.create(model="m", messages=[], stream=True)
            if endpoint is CHAT
            else service.completions.create(model="m", prompt="hi", stream=True)
        )
        with pytest.raises(openai.APIError, match=r"it broke\."):
            list(stream)


def test_a_fault_in_a_response_is_an_event_and_its_end() -> None:
    writer = RESPONSES.writer(small(RESPONSES, stream=True), "m", None)
    data = writer.open() + writer.text(0, "content", "so far") + writer.fault("it broke.", "upstream_truncated")
    *_, error, last = valid(RESPONSES, data)
    assert (error.type, error.code, error.message) == ("error", "upstream_truncated", "it broke.")
    assert (last.type, last.response.status, last.response.error.message) == ("response.failed", "failed", "it broke.")
    assert [event.type for event in streaming(data).responses.create(model="m", input="hi", stream=True)][-1] == (
        "response.failed"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (502, openai.InternalServerError),
    ],
)
def test_an_error_is_the_clients_error_of_that_status(status: int, kind: type[openai.APIStatusError]) -> None:
    body = ProtocolError("what is wrong.", status=status, parameter="p", code="c").body()
    with pytest.raises(kind, match=r"what is wrong\.") as caught:
        client(json.dumps(body).encode(), status=status).models.list()
    assert (caught.value.code, caught.value.param) == ("c", "p")


def test_the_list_of_models_fits_the_client() -> None:
    assert [model.id for model in client(json.dumps(model_list(["a", "b"])).encode()).models.list()] == ["a", "b"]
    assert client(json.dumps(model_entry("a")).encode()).models.retrieve("a").id == "a"
