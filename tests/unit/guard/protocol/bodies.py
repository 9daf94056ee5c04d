"""Requests and upstream replies that use every feature, and ways to cut bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from colonnade.guard.protocol import ENDPOINTS, Asked, Endpoint, UpstreamError

CHAT = ENDPOINTS["/v1/chat/completions"]
COMPLETIONS = ENDPOINTS["/v1/completions"]
RESPONSES = ENDPOINTS["/v1/responses"]

PICTURE = "data:image/png;base64,iVBORw0KGgo="

SCHEMA = {"type": "object", "properties": {"loaf": {"type": "string", "description": "which loaf", "enum": ["rye", 3]}}}

CHAT_BODY: dict[str, Any] = {
    "model": "m",
    "n": 2,
    "stream": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.5,
    "logit_bias": {"50256": -100},
    "user": "u-1",
    "metadata": {"a": "b"},
    "store": False,
    "logprobs": False,
    "reasoning_effort": "low",
    "stop": ["END", "\n"],
    "functions": [{"name": "old_function", "description": "older than tools", "parameters": SCHEMA}],
    "tools": [
        {"type": "function", "function": {"name": "bake", "description": "bakes bread", "parameters": SCHEMA}},
        {
            "type": "custom",
            "custom": {
                "name": "knead",
                "format": {"type": "grammar", "grammar": {"syntax": "regex", "definition": "k+"}},
            },
        },
    ],
    "tool_choice": {"type": "function", "function": {"name": "bake"}},
    "parallel_tool_calls": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}},
    "prediction": {"type": "content", "content": "what is foreseen"},
    "messages": [
        {"role": "system", "content": "be brief", "name": "house"},
        {"role": "developer", "content": [{"type": "text", "text": "use"}, {"type": "text", "text": "words"}]},
        {
            "role": "user",
            "name": "ann",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/secret-plan.png"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "notes.txt", "file_data": "data:text/plain;base64,aGlkZGVu"}},
                {"type": "text", "text": "and say"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "thinking it over",
            "tool_calls": [
                {
                    "id": "call_xyz",
                    "type": "function",
                    "function": {"name": "bake", "arguments": '{"loaf":"\\u0072ye"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_xyz", "content": "baked"},
        {"role": "assistant", "refusal": "I will not", "function_call": {"name": "old_function", "arguments": "{}"}},
        {"role": "function", "name": "old_function", "content": "result of old"},
        {"role": "user", "content": "go on"},
    ],
}

COMPLETIONS_BODY: dict[str, Any] = {
    "model": "m",
    "prompt": ["first prompt", "second prompt"],
    "suffix": "the ending",
    "n": 2,
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": "END",
    "echo": False,
    "max_tokens": 5,
}

RESPONSES_BODY: dict[str, Any] = {
    "model": "m",
    "stream": True,
    "store": False,
    "include": [],
    "background": False,
    "instructions": "be brief",
    "reasoning": {"effort": "low", "summary": "auto"},
    "max_output_tokens": 50,
    "tools": [
        {"type": "function", "name": "bake", "description": "bakes bread", "parameters": SCHEMA, "strict": True},
        {"type": "custom", "name": "knead", "format": {"type": "grammar", "syntax": "regex", "definition": "k+"}},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "auto",
        "tools": [{"type": "function", "name": "bake"}],
    },
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}, "verbosity": "low"},
    "input": [
        {"role": "developer", "content": "use words"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": PICTURE, "detail": "low"},
                {"type": "input_file", "filename": "plan.pdf", "file_data": "data:application/pdf;base64,AAAA"},
            ],
        },
        {"type": "reasoning", "id": "rs_9", "summary": [{"type": "summary_text", "text": "thinking it over"}]},
        {"type": "function_call", "call_id": "call_q", "name": "bake", "arguments": '{"loaf":"rye"}', "id": "fc_1"},
        {"type": "function_call_output", "call_id": "call_q", "output": "baked"},
        {"type": "custom_tool_call", "call_id": "call_r", "name": "knead", "input": "kk"},
        {"type": "custom_tool_call_output", "call_id": "call_r", "output": [{"type": "input_text", "text": "kneaded"}]},
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "here it is", "annotations": [], "logprobs": []}],
        },
        {"role": "user", "content": "go on"},
    ],
}

BODIES = ((CHAT, CHAT_BODY), (COMPLETIONS, COMPLETIONS_BODY), (RESPONSES, RESPONSES_BODY))


def read(endpoint: Endpoint, body: Any) -> Asked:
    return endpoint.read(json.dumps(body).encode())


def small(endpoint: Endpoint, **more: Any) -> Asked:
    """The least request of an endpoint."""
    words = {
        "chat": {"messages": [{"role": "user", "content": "hi"}]},
        "completions": {"prompt": "hi"},
        "responses": {"input": "hi"},
    }
    return read(endpoint, {"model": "m", **words[endpoint.name], **more})


def event(data: Any) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def joined(deltas: Iterable[Any]) -> tuple[dict[tuple[int, str], str], dict[int, str]]:
    """What deltas amount to, however they were cut: texts by choice and channel, ends by choice."""
    texts: dict[tuple[int, str], str] = {}
    ends: dict[int, str] = {}
    for delta in deltas:
        assert delta.choice not in ends, "a choice went on after its end"
        if delta.finish is not None:
            assert (delta.channel, delta.text) == ("", "")
            ends[delta.choice] = delta.finish
        else:
            assert delta.text
            key = (delta.choice, delta.channel)
            texts[key] = texts.get(key, "") + delta.text
    return texts, ends


def read_stream(endpoint: Endpoint, pieces: Iterable[bytes]) -> tuple[list[Any], str, Any]:
    """All deltas of a stream, the code of the error that ended it, and the tokens counted."""
    reader = endpoint.reader()
    deltas: list[Any] = []
    try:
        for piece in pieces:
            deltas += reader.feed(piece)
        deltas += reader.finish()
    except UpstreamError as fault:
        return deltas, fault.code, reader.usage
    return deltas, "", reader.usage


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """The bytes cut at some places."""
    before = 0
    for place in sorted({place % (len(data) + 1) for place in places}):
        yield data[before:place]
        before = place
    yield data[before:]
