"""Requests of /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.requests.content import (
    ASSISTANT_PARTS,
    SYSTEM,
    SYSTEM_PARTS,
    USER_PARTS,
    beginning,
    content,
    nested,
    said_by,
)
from colonnade.guard.protocol.requests.parameters import ON_THE_SERVER, TEMPLATE_FLAGS
from colonnade.guard.protocol.requests.rules import (
    Notes,
    Rule,
    aside,
    flag,
    integer,
    read_list,
    read_object,
    refused,
    text,
    word,
    wrong,
)
from colonnade.guard.protocol.requests.settings import (
    SAMPLING,
    SOUND,
    SURROUNDINGS,
    UNSERVED,
    asked,
    effort,
    stop,
    stream_options,
)
from colonnade.guard.protocol.requests.tools import (
    SCHEMA,
    answer_format,
    call_id,
    definition,
    earlier_call,
    function_choice,
    functions,
    tool_choice,
    tools,
)

NAME = "chat"


def _tool_calls(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
    found = []
    for member, where in read_list(value, place, most=1024):
        kind = ("function" if member.get("type") is None else member["type"]) if isinstance(member, dict) else None
        if not isinstance(kind, str) or kind not in ("function", "custom"):
            raise wrong(where, "be a call of type function or custom")
        body = earlier_call("assistant", "arguments" if kind == "function" else "input")
        rules: dict[str, Rule] = {"id": call_id, "type": word(kind), kind: body, "index": aside}
        found.append({"type": kind, **nested(rules, "id", kind)(notes, member, where)})
    return found


def _name(role: str) -> Rule:
    return text(role)


ROLES: dict[str, dict[str, Rule]] = {
    "system": {"name": _name("system"), "content": content("system", SYSTEM_PARTS)},
    "developer": {"name": _name("developer"), "content": content("developer", SYSTEM_PARTS)},
    "user": {"name": _name("user"), "content": content("user", USER_PARTS)},
    "assistant": {
        "name": _name("assistant"),
        "reasoning_content": text("assistant"),
        "reasoning": text("assistant"),
        "content": content("assistant", ASSISTANT_PARTS),
        "refusal": text("assistant"),
        "tool_calls": _tool_calls,
        "function_call": earlier_call("assistant", "arguments"),
        "annotations": aside,
        "parsed": aside,
        "audio": refused(SOUND),
    },
    "tool": {"name": _name("tool"), "tool_call_id": call_id, "content": content("tool", SYSTEM_PARTS)},
    "function": {"name": _name("function"), "content": content("function", SYSTEM_PARTS)},
}
"""The keys of a message by its role, in the order in which the model reads them."""

_SOME = "be a list with at least one message"

_OF_ROLE: dict[str, dict[str, Rule]] = {role: {"role": word(role), **rules} for role, rules in ROLES.items()}

_SPEAKS = ("content", "refusal", "tool_calls", "function_call")


def _messages(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
    found = []
    for member, where in read_list(value, place, what=_SOME):
        if not isinstance(member, dict):
            raise wrong(where, "be an object")
        role = said_by(ROLES, member.get("role"), where)
        message = read_object(notes, member, where, _OF_ROLE[role])
        if not any(key in message for key in (_SPEAKS if role == "assistant" else ("content",))):
            raise wrong(f"{where}.content", "be text or a list of parts")
        if role == "tool" and "tool_call_id" not in message:
            raise wrong(where, "have 'tool_call_id'", "missing_key")
        if role == "function" and "name" not in message:
            raise wrong(where, "have 'name'", "missing_key")
        found.append(message)
    if not found:
        raise wrong(place, _SOME, "invalid_value")
    return found


RULES: dict[str, Rule] = {
    **SURROUNDINGS,
    **SAMPLING,
    **UNSERVED,
    "n": integer(1, 128),
    "max_tokens": integer(1, 2**31),
    "max_completion_tokens": integer(1, 2**31),
    "stream_options": stream_options,
    "reasoning_effort": effort,
    "verbosity": word("low", "medium", "high"),
    "modalities": refused(SOUND, ["text"]),
    "audio": refused(SOUND),
    "web_search_options": refused(ON_THE_SERVER),
    "functions": functions,
    "tools": tools(wrapped=True),
    "parallel_tool_calls": flag,
    "chat_template_kwargs": nested(dict.fromkeys(TEMPLATE_FLAGS, flag)),
    "function_call": function_choice,
    "tool_choice": tool_choice(wrapped=True),
    "response_format": answer_format(
        nested({"type": word("json_schema"), "json_schema": definition(SCHEMA, "name")}, "json_schema")
    ),
    "stop": stop,
    "prediction": nested({"type": word("content"), "content": content("setting", SYSTEM_PARTS)}, "type", "content"),
    "messages": _messages,
}
"""Every key of a request; the order is the order of the parts."""


def read(body: Mapping[str, Any]) -> Asked:
    """A request from its body.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    return asked(NAME, body, RULES, ("messages", _SOME), lambda checked: int(checked.get("n", 1)))


def for_upstream(request: Asked, model: str, system: str) -> dict[str, Any]:
    """The body for the server behind, the operator's words first."""
    messages = request.body["messages"]
    if system:
        messages = [{"role": "system", "content": system}, *_without_system(messages)]
    return {**request.body, "model": model, "messages": messages}


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the client said as system or developer begins its first turn as a user."""
    said = [message["content"] for message in messages if message["role"] in SYSTEM]
    turns = [message for message in messages if message["role"] not in SYSTEM]
    if not said:
        return turns
    instructions = "\n\n".join(said)
    first = next((index for index, turn in enumerate(turns) if turn["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": instructions}, *turns]
    turns[first] = {**turns[first], "content": beginning(instructions, turns[first]["content"], "text")}
    return turns


def system_of(request: Asked) -> str:
    """The first message, where it speaks as the system and others follow; empty else."""
    first, *others = request.body["messages"]
    speaks = first["role"] in SYSTEM and first.keys() == {"role", "content"}
    return str(first["content"]) if speaks and others else ""


def without_system(request: Asked) -> Asked:
    """The request without its first message."""
    parts = tuple(part for part in request.parts if not part.place.startswith("messages.[0]."))
    return request._replace(parts=parts, body={**request.body, "messages": request.body["messages"][1:]})


def without_refused(request: Asked, fixed_answers: frozenset[str]) -> Asked:
    """The request without the turns that the guard has answered itself.

    Clients send the whole conversation each time. A question that was refused would else be refused
    again with every later one; dropped with its answer, it reaches neither guard nor model.

    Raises:
        ProtocolError: where nothing is left.
    """
    kept: list[dict[str, Any]] = []
    for message in request.body["messages"]:
        if message["role"] == "assistant" and message.get("content") in fixed_answers:
            while kept and _belongs(kept[-1]):
                asks = kept.pop()["role"] == "user"
                if asks and (not kept or kept[-1]["role"] != "user"):
                    break
        else:
            kept.append(message)
    if len(kept) == len(request.body["messages"]):
        return request
    return read({**request.body, "messages": kept})


def _belongs(message: Mapping[str, Any]) -> bool:
    """Part of an exchange that ended in a refusal: the question, or calls and results on the way."""
    return message["role"] in ("user", "tool", "function") or "tool_calls" in message or "function_call" in message
