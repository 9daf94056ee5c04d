"""Every place of a request in which text can reach a model: the same word is put into each of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Fields = dict[str, Any]
Place = Callable[[str, str], Fields]
"""Takes the word and the case number, gives the fields of the request beside the model."""

_SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}


def _user(case: str) -> Fields:
    return {"role": "user", "content": f"Please tell me what stands in {case}."}


def _messages(*before: Mapping[str, Any]) -> Callable[[str], Fields]:
    return lambda case: {"messages": [*before, _user(case)]}


def _chat(make: Callable[[str], list[Fields]]) -> Place:
    """Messages made from the word, before the user's question."""
    return lambda word, case: {"messages": [*make(word), _user(case)]}


def _beside(make: Callable[[str], Fields]) -> Place:
    """Fields made from the word, beside the user's question."""
    return lambda word, case: {"messages": [_user(case)], **make(word)}


def _content(make: Callable[[str], list[Fields]]) -> Place:
    """Content parts made from the word, after the user's question."""
    return lambda word, case: {
        "messages": [{"role": "user", "content": [{"type": "text", "text": f"What is in {case}?"}, *make(word)]}]
    }


def _tool(word: str = "look_up", **more: Any) -> Fields:
    return {"type": "function", "function": {"name": word, "parameters": _SCHEMA, **more}}


def _called(name: str = "look_up", arguments: str = "{}") -> Fields:
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "done"}


def _schema(**more: Any) -> Fields:
    return {"type": "object", "properties": {"place": {"type": "string", **more}}}


def _with_tool(make: Callable[[str], Fields]) -> Place:
    return _beside(lambda word: {"tools": [make(word)]})


def _format(make: Callable[[str], Fields]) -> Place:
    return _beside(lambda word: {"response_format": {"type": "json_schema", "json_schema": make(word)}})


CHAT: dict[str, Place] = {
    "user text": _chat(lambda word: [{"role": "user", "content": f"About {word} now."}]),
    "system text": _chat(lambda word: [{"role": "system", "content": f"Speak of {word}."}]),
    "developer text": _chat(lambda word: [{"role": "developer", "content": f"Speak of {word}."}]),
    "earlier turn of the assistant": _chat(
        lambda word: [{"role": "user", "content": "Hello."}, {"role": "assistant", "content": f"I like {word}."}]
    ),
    "earlier refusal": _chat(
        lambda word: [
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": None, "refusal": f"No {word}."},
        ]
    ),
    "earlier reasoning": _chat(
        lambda word: [{"role": "assistant", "content": "Hello.", "reasoning_content": f"Think of {word}."}]
    ),
    "tool result": _chat(lambda word: [_called(), _RESULT | {"content": f"Found {word}."}]),
    "tool result in parts": _chat(
        lambda word: [_called(), _RESULT | {"content": [{"type": "text", "text": f"Found {word}."}]}]
    ),
    "old function's result": _chat(lambda word: [{"role": "function", "name": "look_up", "content": f"Found {word}."}]),
    "arguments of an earlier call": _chat(lambda word: [_called(arguments=json.dumps({"note": word})), _RESULT]),
    "name of an earlier call": _chat(lambda word: [_called(name=word), _RESULT]),
    "earlier function_call": _chat(
        lambda word: [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": f'"{word}"'}}]
    ),
    "participant's name": _chat(lambda word: [{"role": "user", "name": word, "content": "Hello."}]),
    "tool description": _with_tool(lambda word: _tool(description=f"Looks {word} up.")),
    "tool name": _with_tool(_tool),
    "description of a parameter": _with_tool(lambda word: _tool(parameters=_schema(description=f"Where {word} is."))),
    "value of a parameter": _with_tool(lambda word: _tool(parameters=_schema(enum=["shelf", word]))),
    "name of a parameter": _with_tool(lambda word: _tool(parameters={"type": "object", "properties": {word: {}}})),
    "old function's description": _beside(
        lambda word: {"functions": [{"name": "f", "description": word, "parameters": {}}]}
    ),
    "choice of a tool": _beside(
        lambda word: {"tools": [_tool()], "tool_choice": {"type": "function", "function": {"name": word}}}
    ),
    "description of a schema": _format(
        lambda word: {"name": "answer", "description": f"Of {word}.", "schema": _SCHEMA}
    ),
    "name of a schema": _format(lambda word: {"name": word, "schema": _SCHEMA}),
    "value in a schema": _format(lambda word: {"name": "answer", "schema": _schema(enum=[word])}),
    "key in a schema": _format(lambda word: {"name": "answer", "schema": {"type": "object", "properties": {word: {}}}}),
    "content part": _content(lambda word: [{"type": "text", "text": f"About {word}."}]),
    "name of a file": _content(
        lambda word: [
            {"type": "file", "file": {"filename": f"{word}.pdf", "file_data": "data:application/pdf;base64,AA=="}}
        ]
    ),
    "address of a picture": _content(
        lambda word: [{"type": "image_url", "image_url": {"url": f"https://example.org/{word}.png"}}]
    ),
    "words beside a picture": _content(
        lambda word: [
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low", "alt": word}}
        ]
    ),
    "predicted answer": _beside(lambda word: {"prediction": {"type": "content", "content": f"It is {word}."}}),
    "stop sequence": _beside(lambda word: {"stop": [word]}),
    "user's label": _beside(lambda word: {"user": word}),
    "metadata": _beside(lambda word: {"metadata": {"note": word}}),
    "guided choice of a server": _beside(lambda word: {"guided_choice": [word, "no"]}),
    "chat template of a server": _beside(lambda word: {"chat_template": f"Speak of {word}."}),
    "field that nobody knows": _beside(lambda word: {"footnote": {"deep": [word]}}),
    "key that nobody knows": _beside(lambda word: {word: "x"}),
    "middle of 100 kB": _chat(
        lambda word: [{"role": "user", "content": "On gardens. " * 4200 + f"About {word}. " + "On bread. " * 5000}]
    ),
    "two content parts": _content(
        lambda word: [{"type": "text", "text": f"About {word[:8]}"}, {"type": "text", "text": f"{word[8:]} now."}]
    ),
    "two turns": _chat(
        lambda word: [{"role": "user", "content": f"About {word[:8]}"}, {"role": "user", "content": f"{word[8:]} now."}]
    ),
}

COMPLETIONS: dict[str, Place] = {
    "prompt": lambda word, case: {"prompt": f"About {word}, and {case}."},
    "prompt in a list": lambda word, case: {"prompt": [f"What is in {case}?", f"About {word}."]},
    "suffix": lambda word, case: {"prompt": f"What is in {case}?", "suffix": f"About {word}."},
    "stop sequence": lambda word, case: {"prompt": f"What is in {case}?", "stop": [word]},
    "user's label": lambda word, case: {"prompt": f"What is in {case}?", "user": word},
    "field that nobody knows": lambda word, case: {"prompt": f"What is in {case}?", "footnote": {"deep": [word]}},
    "middle of 100 kB": lambda word, case: {
        "prompt": f"What is in {case}? " + "On bread. " * 5000 + word + " bread" * 8000
    },
}


def _input(make: Callable[[str], list[Fields]]) -> Place:
    return lambda word, case: {"input": [*make(word), _user(case)]}


def _with(make: Callable[[str], Fields]) -> Place:
    return lambda word, case: {"input": f"What is in {case}?", **make(word)}


_CALLED = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": "{}"}
_OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}

RESPONSES: dict[str, Place] = {
    "input": lambda word, case: {"input": f"About {word}, and {case}."},
    "message of the input": _input(lambda word: [{"role": "user", "content": f"About {word}."}]),
    "content part": _input(
        lambda word: [{"role": "user", "content": [{"type": "input_text", "text": f"About {word}."}]}]
    ),
    "system text": _input(lambda word: [{"role": "system", "content": f"Speak of {word}."}]),
    "earlier turn of the assistant": _input(
        lambda word: [
            {"role": "assistant", "type": "message", "content": [{"type": "output_text", "text": f"I like {word}."}]}
        ]
    ),
    "instructions": _with(lambda word: {"instructions": f"Speak of {word}."}),
    "tool result": _input(lambda word: [_CALLED, _OUTPUT | {"output": f"Found {word}."}]),
    "arguments of an earlier call": _input(lambda word: [_CALLED | {"arguments": json.dumps({"note": word})}, _OUTPUT]),
    "name of an earlier call": _input(lambda word: [_CALLED | {"name": word}, _OUTPUT]),
    "earlier reasoning": _input(
        lambda word: [{"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": f"On {word}."}]}]
    ),
    "tool description": _with(
        lambda word: {"tools": [{"type": "function", "name": "look_up", "description": word, "parameters": _SCHEMA}]}
    ),
    "tool name": _with(lambda word: {"tools": [{"type": "function", "name": word, "parameters": _SCHEMA}]}),
    "value in a schema": _with(
        lambda word: {"text": {"format": {"type": "json_schema", "name": "answer", "schema": _schema(enum=[word])}}}
    ),
    "name of a file": _input(
        lambda word: [
            {"role": "user", "content": [{"type": "input_file", "filename": f"{word}.pdf", "file_data": "AA=="}]}
        ]
    ),
    "variable of a stored prompt": _with(lambda word: {"prompt": {"id": "pmpt_1", "variables": {"topic": word}}}),
    "metadata": _with(lambda word: {"metadata": {"note": word}}),
    "user's label": _with(lambda word: {"user": word}),
    "field that nobody knows": _with(lambda word: {"footnote": {"deep": [word]}}),
    "middle of 100 kB": _with(lambda word: {"instructions": "On bread. " * 5000 + word + " bread" * 8000}),
}

PLACES: dict[str, dict[str, Place]] = {"chat": CHAT, "completions": COMPLETIONS, "responses": RESPONSES}

UNREADABLE: dict[str, tuple[str, Callable[[str], Fields]]] = {
    "a prompt of token numbers": ("completions", lambda case: {"prompt": [1, 2, 3], "user": case}),
    "prompts of token numbers": ("completions", lambda case: {"prompt": [[1, 2], [3]], "user": case}),
    "a stored earlier response": ("responses", lambda case: {"input": case, "previous_response_id": "resp_7"}),
    "a stored conversation": ("responses", lambda case: {"input": case, "conversation": "conv_7"}),
    "a reference to a stored item": (
        "responses",
        lambda case: {"input": [{"type": "item_reference", "id": "item_7"}, {"role": "user", "content": case}]},
    ),
    "encrypted reasoning": (
        "responses",
        lambda case: {
            "input": [
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "AAAA"},
                {"role": "user", "content": case},
            ]
        },
    ),
    "a stored prompt": ("responses", lambda case: {"input": case, "prompt": {"id": "pmpt_7"}}),
    "a stored file": (
        "chat",
        lambda case: {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": case}, {"type": "file", "file": {"file_id": "file-7"}}],
                }
            ]
        },
    ),
    "a prompt beside the messages": ("chat", lambda case: {"messages": [_user(case)], "prompt": [1, 2, 3]}),
}
"""What no guard can read: text kept at the server, or numbers instead of letters."""

MARKS = {
    "a prompt of token numbers": "[1, 2, 3]",
    "prompts of token numbers": "[[1, 2], [3]]",
    "a stored earlier response": "resp_7",
    "a stored conversation": "conv_7",
    "a reference to a stored item": "item_7",
    "encrypted reasoning": "AAAA",
    "a stored prompt": "pmpt_7",
    "a stored file": "file-7",
    "a prompt beside the messages": "[1, 2, 3]",
}
"""What in the server's log says that it was passed on."""
