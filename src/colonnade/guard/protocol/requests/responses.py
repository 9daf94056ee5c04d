"""Requests of /v1/responses, those that keep no state on the server behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.requests.content import (
    DETAIL,
    ELSEWHERE,
    SYSTEM,
    content,
    media,
    nested,
    said_by,
)
from colonnade.guard.protocol.requests.parameters import ON_THE_SERVER, WITHHELD
from colonnade.guard.protocol.requests.rules import (
    ASIDE,
    Notes,
    Rule,
    aside,
    flag,
    integer,
    read_list,
    read_object,
    refused,
    text,
    unsupported,
    word,
    wrong,
)
from colonnade.guard.protocol.requests.settings import (
    SAMPLING,
    SURROUNDINGS,
    UNSERVED,
    asked,
    effort,
)
from colonnade.guard.protocol.requests.tools import (
    SCHEMA,
    answer_format,
    call_id,
    definition,
    earlier_call,
    tool_choice,
    tools,
)

NAME = "responses"

_SOME = "be text or a list of items"

EARLIER = f"{ELSEWHERE}; send what was said before as items of 'input'"

SEALED = "it is sealed, and the guard cannot read it"

SEALED_REASONING = "reasoning.encrypted_content"

_SIDE: dict[str, Rule] = {"id": aside, "status": aside, "phase": aside}


def _said(role: str) -> Rule:
    """The content of a message or of a result."""
    kinds: dict[str, dict[str, Rule]] = {
        "input_text": {"text": text(role)},
        "input_image": {"image_url": media(role), "detail": DETAIL, "file_id": refused(ELSEWHERE)},
        "input_file": {
            "filename": text(role),
            "file_data": media(role),
            "file_url": media(role),
            "file_id": refused(ELSEWHERE),
        },
    }
    if role == "assistant":
        kinds = {
            "output_text": {"text": text(role), "annotations": aside, "logprobs": aside, "parsed": aside},
            "refusal": {"refusal": text(role)},
        }
    return content(role, kinds)


MESSAGES = {role: {"content": _said(role)} for role in ("user", "system", "developer", "assistant")}


def _thoughts(kind: str) -> Rule:
    def rule(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
        rules: dict[str, Rule] = {"type": word(kind), "text": text("assistant")}
        return [nested(rules, "type", "text")(notes, member, where) for member, where in read_list(value, place)]

    return rule


def _message(notes: Notes, item: Mapping[str, Any], place: str) -> dict[str, Any]:
    role = said_by(MESSAGES, item.get("role"), place)
    rules = {"type": word("message"), "role": word(role), **_SIDE, **MESSAGES[role]}
    return {"type": "message", **nested(rules, "content")(notes, item, place)}


def _reasoning(notes: Notes, item: Mapping[str, Any], place: str) -> dict[str, Any]:
    rules: dict[str, Rule] = {
        "type": word("reasoning"),
        **_SIDE,
        "summary": _thoughts("summary_text"),
        "content": _thoughts("reasoning_text"),
        "encrypted_content": refused(SEALED),
    }
    index = place.rpartition("[")[2].rstrip("]")
    return {"id": f"rs_{index}", "summary": [], **read_object(notes, item, place, rules)}


def _called(kind: str, body: str) -> Any:
    def read_item(notes: Notes, item: Mapping[str, Any], place: str) -> dict[str, Any]:
        call = {key: value for key, value in item.items() if key in ("name", body, "parsed_arguments")}
        rest = {key: value for key, value in item.items() if key not in call}
        head = nested({"type": word(kind), **_SIDE, "call_id": call_id}, "call_id")(notes, rest, place)
        return {**head, **earlier_call("assistant", body)(notes, call, place)}

    return read_item


def _result(kind: str) -> Any:
    def read_item(notes: Notes, item: Mapping[str, Any], place: str) -> dict[str, Any]:
        rules: dict[str, Rule] = {"type": word(kind), **_SIDE, "call_id": call_id, "output": _said("tool")}
        return nested(rules, "call_id", "output")(notes, item, place)

    return read_item


ITEMS = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _called("function_call", "arguments"),
    "function_call_output": _result("function_call_output"),
    "custom_tool_call": _called("custom_tool_call", "input"),
    "custom_tool_call_output": _result("custom_tool_call_output"),
}
"""Items of an input by type."""


def _input(notes: Notes, value: Any, place: str) -> Any:
    if isinstance(value, str):
        return text("user")(notes, value, place)
    found = []
    for item, where in read_list(value, place, what=_SOME):
        if not isinstance(item, dict):
            raise wrong(where, "be an object")
        kind = "message" if item.get("type") is None else item["type"]
        if not isinstance(kind, str) or kind not in ITEMS:
            others = "others name what the server behind keeps, and the guard cannot see it"
            raise unsupported(where, f"only items of type {', '.join(ITEMS)} are; {others}")
        found.append(ITEMS[kind](notes, item, where))
    if not found:
        raise wrong(place, _SOME, "invalid_value")
    return found


def _include(_notes: Notes, value: Any, place: str) -> Any:
    """What is wanted beside texts: sealed reasoning is never passed on, and nobody misses it; the rest is refused."""
    for member, where in read_list(value, place, most=64):
        if member != SEALED_REASONING:
            raise unsupported(where, f"it asks for more than texts, and {WITHHELD}")
    return ASIDE


def _stream_options(notes: Notes, value: Any, place: str) -> dict[str, Any]:
    return read_object(notes, value, place, {"include_obfuscation": aside})


_format = answer_format(definition({"type": word("json_schema"), **SCHEMA}, "name", "schema"))

_summary = word("auto", "concise", "detailed")

RULES: dict[str, Rule] = {
    **SURROUNDINGS,
    **SAMPLING,
    **UNSERVED,
    "previous_response_id": refused(EARLIER),
    "conversation": refused(EARLIER),
    "prompt": refused(f"{ELSEWHERE}; send its words in 'instructions' and 'input'"),
    "context_management": refused(ELSEWHERE),
    "background": refused("an answer that is fetched later would not pass the guard", False),
    "include": _include,
    "max_output_tokens": integer(1, 2**31),
    "stream_options": _stream_options,
    "truncation": word("auto", "disabled"),
    "reasoning": nested({"effort": effort, "summary": _summary, "generate_summary": _summary}),
    "max_tool_calls": refused(ON_THE_SERVER),
    "tools": tools(wrapped=False),
    "parallel_tool_calls": flag,
    "tool_choice": tool_choice(wrapped=False),
    "text": nested({"format": _format, "verbosity": word("low", "medium", "high")}),
    "instructions": text("system"),
    "input": _input,
}
"""Every key of a request; the order is the order of the parts."""


def read(body: Mapping[str, Any]) -> Asked:
    """A request from its body.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    return asked(NAME, body, RULES, ("input", _SOME), lambda _: 1)


def for_upstream(request: Asked, model: str, system: str) -> dict[str, Any]:
    """The body for the server behind, the operator's words as its instructions; nothing is to be stored."""
    body = {**request.body, "model": model, "store": False}
    if not system:
        return body
    items = body["input"]
    if isinstance(items, str):
        items = [{"type": "message", "role": "user", "content": items}]
    items = [{**item, "role": "user"} if item.get("role") in SYSTEM else item for item in items]
    if body.get("instructions"):
        items = [{"type": "message", "role": "user", "content": body["instructions"]}, *items]
    return {**body, "instructions": system, "input": items}


def system_of(request: Asked) -> str:
    """The instructions, or the first item, where it speaks as the system and others follow; empty else."""
    if "instructions" in request.body:
        return str(request.body["instructions"])
    items = request.body["input"]
    if isinstance(items, str) or len(items) < 2:
        return ""
    first = items[0]
    # Beside words there may be pictures, which are passed on unread.
    speaks = first.get("role") in SYSTEM and isinstance(first["content"], str)
    return str(first["content"]) if speaks else ""


def without_system(request: Asked) -> Asked:
    """The request without its instructions, or without its first item."""
    if "instructions" in request.body:
        parts = tuple(part for part in request.parts if part.place != "instructions")
        return request._replace(parts=parts, body={k: v for k, v in request.body.items() if k != "instructions"})
    parts = tuple(part for part in request.parts if not part.place.startswith("input.[0]."))
    return request._replace(parts=parts, body={**request.body, "input": request.body["input"][1:]})


def without_refused(request: Asked, fixed_answers: frozenset[str]) -> Asked:
    """The request without the turns that the guard has answered itself, as for chats.

    Raises:
        ProtocolError: where nothing is left.
    """
    items = request.body["input"]
    if isinstance(items, str):
        return request
    kept: list[dict[str, Any]] = []
    for item in items:
        if item.get("role") == "assistant" and item.get("content") in fixed_answers:
            while kept and kept[-1].get("role", "user") == "user":
                asks = "role" in kept.pop()
                if asks and (not kept or kept[-1].get("role") != "user"):
                    break
        else:
            kept.append(item)
    return request if len(kept) == len(items) else read({**request.body, "input": kept})
