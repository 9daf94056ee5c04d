"""Definitions of tools and schemas, earlier calls, and the choice between tools."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from colonnade.guard.protocol.calls import NAME, call_text, judged_arguments
from colonnade.guard.protocol.requests.content import nested
from colonnade.guard.protocol.requests.rules import (
    Notes,
    Rule,
    aside,
    flag,
    leaves,
    read_list,
    read_object,
    string,
    type_of,
    unsupported,
    word,
    wrong,
)


def tool_name(_notes: Notes, value: Any, place: str) -> str:
    """The name of a tool, noted by whoever reads the whole."""
    if NAME.fullmatch(string(value, place)) is None:
        raise wrong(place, "be a name of at most 128 signs of ASCII without blanks", "invalid_value")
    return str(value)


def _kept(_notes: Notes, value: Any, place: str) -> str:
    return string(value, place)


def free(_notes: Notes, value: Any, place: str) -> dict[str, Any]:
    """Free JSON, noted by whoever reads the whole."""
    if not isinstance(value, dict):
        raise wrong(place, "be an object")
    return value


def _grammar(notes: Notes, value: Any, place: str) -> dict[str, Any]:
    flat: dict[str, Rule] = {"definition": _kept, "syntax": word("lark", "regex")}
    kind: dict[str, Rule] = {"type": word("text", "grammar")}
    if type_of(value) != "grammar":
        return read_object(notes, value, place, kind)
    if "definition" in value:
        return nested(kind | flat, "definition")(notes, value, place)
    return nested(kind | {"grammar": nested(flat, "definition")}, "grammar")(notes, value, place)


FUNCTION: dict[str, Rule] = {"name": tool_name, "description": _kept, "parameters": free, "strict": flag}

CUSTOM: dict[str, Rule] = {"name": tool_name, "description": _kept, "format": _grammar}

SCHEMA: dict[str, Rule] = {"name": tool_name, "description": _kept, "schema": free, "strict": flag}


def definition(rules: Mapping[str, Rule], *needed: str) -> Callable[[Notes, Any, str], dict[str, Any]]:
    """Something named with a description and a schema: one text of all its words."""

    def rule(notes: Notes, value: Any, place: str) -> dict[str, Any]:
        checked = nested(rules, *needed)(notes, value, place)
        notes.say("definition", "\n".join(_words(checked, place)), place)
        return checked

    return rule


def answer_format(schema: Rule) -> Rule:
    """The shape of an answer: text, any JSON, or a schema.

    Args:
        schema: reads it where it is one.
    """
    plain = nested({"type": word("text", "json_object", "json_schema")}, "type")
    return lambda notes, value, place: (schema if type_of(value) == "json_schema" else plain)(notes, value, place)


def _words(checked: Mapping[str, Any], place: str) -> list[str]:
    return [word_ for key, value in checked.items() if key != "type" for word_ in leaves(value, f"{place}.{key}")]


def functions(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
    """The old list of functions."""
    read = definition(FUNCTION, "name")
    found = [read(notes, member, where) for member, where in read_list(value, place, most=1024)]
    notes.tools.update(function["name"] for function in found)
    return found


def tools(wrapped: bool) -> Rule:
    """A list of tools that the client runs itself.

    Args:
        wrapped: the definition stands below a key of the name of the type, as in chats.
    """
    kinds = {"function": FUNCTION, "custom": CUSTOM}

    def rule(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
        found = []
        for member, where in read_list(value, place, most=1024):
            kind = type_of(member)
            if not isinstance(kind, str):
                raise wrong(where, "be an object with a 'type'")
            if kind not in kinds:
                others = "others run on the server behind, where the guard cannot see what they do"
                raise unsupported(where, f"only tools of type function and custom are; {others}")
            if wrapped:
                rules: dict[str, Rule] = {"type": word(kind), kind: definition(kinds[kind], "name")}
                tool = nested(rules, kind)(notes, member, where)
            else:
                tool = definition({"type": word(kind), **kinds[kind]}, "name")(notes, member, where)
            notes.tools.add(tool[kind]["name"] if wrapped else tool["name"])
            found.append(tool)
        return found

    return rule


def known_tool(notes: Notes, value: Any, place: str) -> str:
    """The name of a tool of this request, so that it is no new text."""
    if not isinstance(value, str) or value not in notes.tools:
        raise wrong(place, "name a tool of this request", "invalid_value")
    return value


def tool_choice(wrapped: bool) -> Rule:
    """Which tool is to be called."""
    plain = word("none", "auto", "required")

    def one(notes: Notes, value: Any, place: str) -> dict[str, Any]:
        kind = type_of(value)
        if kind not in ("function", "custom"):
            raise wrong(place, "name a tool of type function or custom", "invalid_value")
        named: dict[str, Rule] = {"name": known_tool}
        rules = {"type": word(kind), **({kind: nested(named, "name")} if wrapped else named)}
        return nested(rules, kind if wrapped else "name")(notes, value, place)

    def some(notes: Notes, value: Any, place: str) -> list[dict[str, Any]]:
        return [one(notes, member, where) for member, where in read_list(value, place, most=1024)]

    def rule(notes: Notes, value: Any, place: str) -> Any:
        if isinstance(value, str):
            return plain(notes, value, place)
        if type_of(value) != "allowed_tools":
            return one(notes, value, place)
        allowed: dict[str, Rule] = {"mode": word("auto", "required"), "tools": some}
        rules = {"type": word("allowed_tools"), **({"allowed_tools": nested(allowed, "tools")} if wrapped else allowed)}
        return nested(rules, "allowed_tools" if wrapped else "tools")(notes, value, place)

    return rule


def function_choice(notes: Notes, value: Any, place: str) -> Any:
    """Which of the old functions is to be called."""
    if isinstance(value, str):
        return word("none", "auto")(notes, value, place)
    return nested({"name": known_tool}, "name")(notes, value, place)


def earlier_call(role: str, body: str) -> Rule:
    """A call that was made before: name and arguments as one text.

    Args:
        role: who called.
        body: ``arguments`` or ``input``.
    """

    def rule(notes: Notes, value: Any, place: str) -> dict[str, Any]:
        # Clients that read a schema send back what they read beside what it was read from, which is judged.
        rules: dict[str, Rule] = {"name": tool_name, body: _kept, "parsed_arguments": aside}
        checked = nested(rules, "name", body)(notes, value, place)
        words = judged_arguments(checked[body]) if body == "arguments" else checked[body]
        notes.say(role, call_text(checked["name"], words), place)
        return checked

    return rule


def call_id(notes: Notes, value: Any, place: str) -> str:
    """The id of a call, numbered anew."""
    if len(string(value, place)) > 1024:
        raise wrong(place, "have at most 1024 characters", "invalid_value")
    return notes.call(value)
