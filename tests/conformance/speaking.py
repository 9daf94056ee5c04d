"""A plan as the OpenAI protocols say it: the events of a stream, or one whole body, at three endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from .plans import CHAT_USAGE, RESPONSES_USAGE, Choice, Part, Plan, pieces

Body = dict[str, Any]

CREATED = 1_790_000_000
CALL = "call_1"
ARGUMENTS_BESIDE = '{"place": "shelf"}'
"""What a tool is called with where its name is the channel."""

CHANNELS = {
    "chat": (
        "content",
        "reasoning_content",
        "reasoning",
        "refusal",
        "tool name",
        "tool arguments",
        "function_call name",
        "function_call arguments",
        "logprobs",
        "annotation",
        "audio transcript",
        "unknown field",
        "envelope",
    ),
    "completions": ("content", "logprobs", "unknown field", "envelope"),
    "responses": (
        "content",
        "reasoning summary",
        "reasoning text",
        "refusal",
        "tool name",
        "tool arguments",
        "custom tool input",
        "annotation",
        "closing events",
        "unknown event",
        "envelope",
    ),
}
"""Where text can stand in an answer. What a guard does not pass on at all is not served, which is no leak."""

FORCED = {"tool name", "tool arguments", "function_call name", "function_call arguments"}


class Event(NamedTuple):
    """One event of a stream; the name is that of its ``event:`` line."""

    name: str
    data: Body


class Asked(NamedTuple):
    """What of a request the server goes by."""

    endpoint: str
    model: str
    count: int
    usage: bool


def events(plan: Plan, asked: Asked) -> Iterator[Event]:
    """The stream, without ``[DONE]``."""
    return {"chat": _chat_events, "completions": _completion_events, "responses": _responses_events}[asked.endpoint](
        plan, asked
    )


def whole(plan: Plan, asked: Asked) -> Body:
    """The answer in one body."""
    bodies: dict[str, Callable[[Plan, Asked], Body]] = {
        "chat": _chat_body,
        "completions": _completion_body,
        "responses": _responses_body,
    }
    return bodies[asked.endpoint](plan, asked)


def _envelope(plan: Plan, asked: Asked, kind: str, prefix: str) -> Body:
    marked = next((part.text for part in plan.choice(0) if part.channel == "envelope"), "")
    body = {"id": f"{prefix}-1", "object": kind, "created": CREATED, "model": asked.model}
    return body | ({"id": marked, "system_fingerprint": marked, "service_tier": marked} if marked else {})


def _deltas(choice: Choice, chunking: str) -> Iterator[Body]:
    """What each event of one choice of a chat says, under ``choices``."""
    yield {"delta": {"role": "assistant", "content": ""}}
    for part in choice:
        if part.channel == "tool name":
            yield {"delta": {"tool_calls": [{"index": 0, "id": CALL, "type": "function", "function": {"name": ""}}]}}
        if part.channel == "tool arguments":
            opening = {"index": 0, "id": CALL, "type": "function", "function": {"name": "look_up", "arguments": ""}}
            yield {"delta": {"tool_calls": [opening]}}
        if part.channel == "function_call arguments":
            yield {"delta": {"function_call": {"name": "look_up", "arguments": ""}}}
        for piece in pieces(part.text, chunking) if part.channel != "annotation" else [part.text]:
            yield from _delta(part.channel, piece)
        if part.channel == "tool name":
            yield {"delta": {"tool_calls": [{"index": 0, "function": {"arguments": ARGUMENTS_BESIDE}}]}}
        if part.channel == "function_call name":
            yield {"delta": {"function_call": {"arguments": ARGUMENTS_BESIDE}}}
    yield {"delta": {}, "finish_reason": _finish(choice)}


def _delta(channel: str, piece: str) -> Iterator[Body]:
    if channel in ("content", "reasoning_content", "reasoning", "refusal"):
        yield {"delta": {channel: piece}}
    elif channel.startswith("tool "):
        yield {"delta": {"tool_calls": [{"index": 0, "function": {channel.removeprefix("tool "): piece}}]}}
    elif channel.startswith("function_call "):
        yield {"delta": {"function_call": {channel.removeprefix("function_call "): piece}}}
    elif channel == "logprobs":
        yield {"delta": {"content": "la "}, "logprobs": {"content": [_logprob(piece)], "refusal": None}}
    elif channel == "annotation":
        yield {"delta": {"content": "See there. ", "annotations": [_chat_citation(piece)]}}
    elif channel == "audio transcript":
        yield {"delta": {"audio": {"id": "audio_1", "transcript": piece}}}
    elif channel == "unknown field":
        yield {"delta": {"content": "la ", "footnote": piece}, "footnote": piece}
    else:
        yield {"delta": {"content": "la "}}


def _logprob(piece: str) -> Body:
    other = {"token": piece, "logprob": -0.5, "bytes": list(piece.encode())}
    return {"token": piece, "logprob": -0.25, "bytes": list(piece.encode()), "top_logprobs": [other]}


def _chat_citation(text: str) -> Body:
    return {"type": "url_citation", "url_citation": {"url": "https://example.org/", "title": text, **_SPAN}}


_SPAN = {"start_index": 0, "end_index": 3}


def _finish(choice: Choice) -> str:
    channels = {part.channel for part in choice}
    if channels & {"tool name", "tool arguments"}:
        return "tool_calls"
    return "function_call" if channels & {"function_call name", "function_call arguments"} else "stop"


def _chat_events(plan: Plan, asked: Asked) -> Iterator[Event]:
    envelope = _envelope(plan, asked, "chat.completion.chunk", "chatcmpl")
    streams = [list(_deltas(plan.choice(index), plan.chunking)) for index in range(asked.count)]
    for row in zip_longest(*streams):
        for index, said in enumerate(row):
            if said is not None:
                yield Event("", envelope | {"choices": [{"index": index, "finish_reason": None, **said}]})
    if asked.usage and plan.usage:
        yield Event("", envelope | {"choices": [], "usage": CHAT_USAGE})


def _chat_body(plan: Plan, asked: Asked) -> Body:
    choices = []
    for index in range(asked.count):
        said, message = plan.choice(index), {"role": "assistant", "content": None}
        entry: Body = {"index": index, "message": message, "finish_reason": _finish(said)}
        for part in said:
            _say(entry, message, part)
        choices.append(entry)
    return _envelope(plan, asked, "chat.completion", "chatcmpl") | {"choices": choices, "usage": CHAT_USAGE}


def _say(entry: Body, message: Body, part: Part) -> None:
    channel, text = part
    if channel in ("content", "reasoning_content", "reasoning", "refusal"):
        message[channel] = text
    elif channel.startswith("tool "):
        function = {"name": "look_up", "arguments": ARGUMENTS_BESIDE, channel.removeprefix("tool "): text}
        message["tool_calls"] = [{"id": CALL, "type": "function", "function": function}]
    elif channel.startswith("function_call "):
        function = {"name": "look_up", "arguments": ARGUMENTS_BESIDE, channel.removeprefix("function_call "): text}
        message["function_call"] = function
    else:
        message["content"] = "la la"
        if channel == "logprobs":
            entry["logprobs"] = {"content": [_logprob(piece) for piece in pieces(text, "token")], "refusal": None}
        elif channel == "annotation":
            message["annotations"] = [_chat_citation(text)]
        elif channel == "audio transcript":
            message["audio"] = {"id": "audio_1", "transcript": text, "data": "", "expires_at": CREATED}
        elif channel == "unknown field":
            message["footnote"] = entry["footnote"] = text


def _completion_events(plan: Plan, asked: Asked) -> Iterator[Event]:
    envelope = _envelope(plan, asked, "text_completion", "cmpl")
    streams = []
    for index in range(asked.count):
        said = [
            _completion(part.channel, piece)
            for part in plan.choice(index)
            for piece in pieces(part.text, plan.chunking)
        ]
        streams.append([*said, {"text": "", "finish_reason": "stop"}])
    for row in zip_longest(*streams):
        for index, entry in enumerate(row):
            if entry is not None:
                choice = {"index": index, "logprobs": None, "finish_reason": None, **entry}
                yield Event("", envelope | {"choices": [choice]})
    if asked.usage and plan.usage:
        yield Event("", envelope | {"choices": [], "usage": CHAT_USAGE})


def _completion(channel: str, piece: str) -> Body:
    if channel == "content":
        return {"text": piece}
    if channel == "logprobs":
        kept = {"tokens": [piece], "token_logprobs": [-0.2], "top_logprobs": [{piece: -0.2}], "text_offset": [0]}
        return {"text": "la ", "logprobs": kept}
    return {"text": "la ", **({"footnote": piece} if channel == "unknown field" else {})}


def _completion_body(plan: Plan, asked: Asked) -> Body:
    choices = []
    for index in range(asked.count):
        entry: Body = {"index": index, "text": "", "logprobs": None, "finish_reason": "stop"}
        for part in plan.choice(index):
            entry |= _completion(part.channel, part.text)
        choices.append(entry)
    return _envelope(plan, asked, "text_completion", "cmpl") | {"choices": choices, "usage": CHAT_USAGE}


# The kinds of output items: type of the item, and of a streamed part its field, its delta's name and its end's name.
_MESSAGE = ("message", "response.output_text", "text")
_KINDS = {
    "content": _MESSAGE,
    "annotation": _MESSAGE,
    "closing events": _MESSAGE,
    "unknown event": _MESSAGE,
    "envelope": _MESSAGE,
    "refusal": ("message", "response.refusal", "refusal"),
    "reasoning summary": ("reasoning", "response.reasoning_summary_text", "text"),
    "reasoning text": ("reasoning", "response.reasoning_text", "text"),
    "tool name": ("function_call", "response.function_call_arguments", "arguments"),
    "tool arguments": ("function_call", "response.function_call_arguments", "arguments"),
    "custom tool input": ("custom_tool_call", "response.custom_tool_call_input", "input"),
}


def _response(plan: Plan, asked: Asked, output: list[Body], status: str) -> Body:
    marked = next((part.text for part in plan.choice(0) if part.channel == "envelope"), "")
    body = {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "model": asked.model,
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": RESPONSES_USAGE if status == "completed" else None,
    }
    return body | ({"instructions": marked, "metadata": {"note": marked}, "user": marked} if marked else {})


def _content(part: Part) -> Body:
    """The content part, or for a reasoning item the piece of its summary."""
    if part.channel == "refusal":
        return {"type": "refusal", "refusal": part.text}
    if part.channel == "reasoning summary":
        return {"type": "summary_text", "text": part.text}
    if part.channel == "reasoning text":
        return {"type": "reasoning_text", "text": part.text}
    citation = {"type": "url_citation", "url": "https://example.org/", "title": part.text, **_SPAN}
    cited = [citation] if part.channel == "annotation" else []
    text = part.text if part.channel in ("content", "closing events") else "la la"
    return {"type": "output_text", "text": text, "annotations": cited, "logprobs": []}


def _item(index: int, part: Part, status: str) -> Body:
    kind = _KINDS[part.channel][0]
    base: Body = {"id": f"item_{index}", "type": kind, "status": status}
    content = [_content(part)] if status == "completed" else []
    if kind == "message":
        return base | {"role": "assistant", "content": content}
    if kind == "reasoning":
        summary = part.channel == "reasoning summary"
        return base | {"summary": content if summary else [], "content": [] if summary else content}
    named = part.text if part.channel == "tool name" else "look_up"
    said = part.text if part.channel in ("tool arguments", "custom tool input") else ARGUMENTS_BESIDE
    field = "input" if kind == "custom_tool_call" else "arguments"
    return base | {"call_id": CALL, "name": named, field: said if status == "completed" else ""}


def _responses_body(plan: Plan, asked: Asked) -> Body:
    output = [_item(index, part, "completed") for index, part in enumerate(plan.choice(0))]
    return _response(plan, asked, output, "completed")


def _responses_events(plan: Plan, asked: Asked) -> Iterator[Event]:
    for number, (kind, fields) in enumerate(_responses_steps(plan, asked)):
        yield Event(kind, {"type": kind, "sequence_number": number, **fields})


def _responses_steps(plan: Plan, asked: Asked) -> Iterator[tuple[str, Body]]:
    yield "response.created", {"response": _response(plan, asked, [], "in_progress")}
    yield "response.in_progress", {"response": _response(plan, asked, [], "in_progress")}
    output = []
    for index, part in enumerate(plan.choice(0)):
        opening = _item(index, part, "in_progress")
        yield "response.output_item.added", {"output_index": index, "item": opening}
        yield from _said(index, part, plan.chunking)
        output.append(_item(index, part, "completed"))
        yield "response.output_item.done", {"output_index": index, "item": output[-1]}
    yield "response.completed", {"response": _response(plan, asked, output, "completed")}


def _said(index: int, part: Part, chunking: str) -> Iterator[tuple[str, Body]]:
    item, kind, field = _KINDS[part.channel]
    at: Body = {"item_id": f"item_{index}", "output_index": index}
    content = _content(part)
    spoken = content.get("text", content.get("refusal", ""))
    if item in ("function_call", "custom_tool_call"):
        spoken = ARGUMENTS_BESIDE if part.channel == "tool name" else part.text
    elif part.channel == "reasoning summary":
        at["summary_index"] = 0
        yield "response.reasoning_summary_part.added", {**at, "part": content | {"text": ""}}
    else:
        at["content_index"] = 0
        empty = {"refusal": ""} if part.channel == "refusal" else {"text": ""}
        yield (
            "response.content_part.added",
            {
                **at,
                "part": content
                | empty
                | ({"annotations": []} if item == "message" and part.channel != "refusal" else {}),
            },
        )
    logs = {"logprobs": []} if kind == "response.output_text" else {}
    for piece in pieces("la la" if part.channel == "closing events" else spoken, chunking):
        yield f"{kind}.delta", {**at, "delta": piece, **logs}
    for piece in pieces(part.text, chunking) if part.channel == "unknown event" else ():
        yield "response.footnote.delta", {**at, "delta": piece}
    if part.channel == "annotation":
        citation = {"annotation_index": 0, "annotation": content["annotations"][0]}
        yield "response.output_text.annotation.added", {**at, **citation}
    name = (
        {"name": part.text} if part.channel == "tool name" else {"name": "look_up"} if item == "function_call" else {}
    )
    yield f"{kind}.done", {**at, field: spoken, **logs, **name}
    if part.channel == "reasoning summary":
        yield "response.reasoning_summary_part.done", {**at, "part": content}
    elif item in ("message", "reasoning"):
        yield "response.content_part.done", {**at, "part": content}
