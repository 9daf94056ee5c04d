"""The words that bodies are described with, beside the rules that read requests.

What a schema cannot say stays to the rules: that a choice names a tool of the request, that ids of
calls match, how deep a tool's schema may be.
"""

from __future__ import annotations

from typing import Any

from colonnade.guard.protocol.requests.parameters import (
    FLAGS,
    LARGEST,
    LEFT_BEHIND,
    MOST_STOP_TOKENS,
    NUMBERS,
    REFUSED,
)

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
ANYTHING: Schema = {}
NOTHING: Schema = {"type": "null"}
OBJECT: Schema = {"type": "object"}
UNSET: Schema = {"enum": [None, False]}
NAME: Schema = {"type": "string", "pattern": "^[!-~]{1,128}$"}
BASE64: Schema = {"type": "string", "pattern": "^[A-Za-z0-9+/]*={0,2}$"}
MEDIA: Schema = {
    "type": "string",
    "pattern": "^(https?://[^\\s\\x00-\\x1f]+|data:[a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+"
    "(;charset=[uU][tT][fF]-8)?;base64,[A-Za-z0-9+/]*={0,2})$",
}


def word(*words: str) -> Schema:
    """One of a closed list."""
    return {"enum": list(words)}


def number(low: float, high: float) -> Schema:
    """A number within bounds."""
    return {"type": "number", "minimum": low, "maximum": high}


def integer(low: int, high: int) -> Schema:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": low, "maximum": high}


def listed(items: Schema, least: int = 0, most: int = 4096) -> Schema:
    """A list."""
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def either(*schemas: Schema) -> Schema:
    """Any of several shapes."""
    return {"anyOf": list(schemas)}


def keys(needed: dict[str, Schema] | None = None, **others: Schema) -> Schema:
    """An object that has these keys and no others; what is not needed may be null."""
    needed = needed or {}
    found = {**needed, **{key: either(schema, NOTHING) for key, schema in others.items()}}
    return {"type": "object", "properties": found, "required": list(needed), "additionalProperties": False}


def said(needed: dict[str, Schema], **others: Schema) -> Schema:
    """An object that we write: these keys, perhaps those, and in later versions more."""
    return {"type": "object", "properties": {**others, **needed}, "required": list(needed)}


def nullable(schema: Schema, **others: Schema) -> Schema:
    """An object with more keys that may be null."""
    more = {key: either(inner, NOTHING) for key, inner in others.items()}
    return {**schema, "properties": {**schema["properties"], **more}}


DETAIL = word("auto", "low", "high", "original")

STOP = either(TEXT, listed(TEXT, most=16))

EFFORT = word("none", "minimal", "low", "medium", "high", "xhigh", "max")

LEVEL = word("low", "medium", "high")

SURROUNDINGS: dict[str, Schema] = {
    "stream": FLAG,
    **dict.fromkeys(LEFT_BEHIND, ANYTHING),
    **{
        name: integer(int(bounds.low), int(bounds.high)) if bounds.whole else number(bounds.low, bounds.high)
        for name, bounds in NUMBERS.items()
    },
    **dict.fromkeys(FLAGS, FLAG),
    "logit_bias": {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]{1,10}$"},
        "additionalProperties": number(-100, 100),
        "maxProperties": 1024,
    },
    "stop_token_ids": listed(integer(0, LARGEST), most=MOST_STOP_TOKENS),
    **{name: {"enum": [None, *row.harmless]} for name, row in REFUSED.items()},
}

MODEL: Schema = {"type": "string", "minLength": 1, "maxLength": 256}


def texts(kind: str, key: str = "text", **more: Schema) -> Schema:
    """A part that is text."""
    return keys({"type": word(kind), key: TEXT}, **more)


def content(*parts: Schema) -> Schema:
    """A string or a list of parts."""
    return either(TEXT, listed(either(*parts), least=1))


GRAMMAR: dict[str, Schema] = {"definition": TEXT}

FORMATS = either(
    keys(None, type=word("text")),
    keys({"type": word("grammar"), "grammar": keys(GRAMMAR, syntax=word("lark", "regex"))}),
    keys({"type": word("grammar"), **GRAMMAR}, syntax=word("lark", "regex")),
)

FUNCTION: dict[str, Schema] = {"description": TEXT, "parameters": OBJECT, "strict": FLAG}

CUSTOM: dict[str, Schema] = {"description": TEXT, "format": FORMATS}

SCHEMA: dict[str, Schema] = {"description": TEXT, "schema": OBJECT, "strict": FLAG}

CALL = keys({"name": NAME, "arguments": TEXT}, parsed_arguments=ANYTHING)

CUSTOM_CALL = keys({"name": NAME, "input": TEXT}, parsed_arguments=ANYTHING)

CALL_ID: Schema = {"type": "string", "maxLength": 1024}
