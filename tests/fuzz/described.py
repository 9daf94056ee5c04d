"""What the gateway's own document says of an answer, held against the answer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema

from colonnade.guard.protocol.openapi import document

DOCUMENT = document("1.0", keyed=True)

COMPONENTS: dict[str, Any] = DOCUMENT["components"]


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not name: what we write is described to the last key."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema and "additionalProperties" not in schema:
        inner["additionalProperties"] = False
    return inner


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    """Of a schema of the document."""
    return jsonschema.Draft202012Validator(closed(COMPONENTS["schemas"][name]))


def fits(name: str, value: Any) -> bool:
    """Whether a value is what the document says."""
    return bool(validator(name).is_valid(value))


def _name(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def complaint(path: str, method: str, status: int, kind: str, content: str) -> str:
    """What the document has against an answer; empty where it is as described.

    Args:
        path, method: of the route.
        status, kind, content: of the answer; its kind is the ``Content-Type``.
    """
    described = DOCUMENT["paths"][path][method.lower()]["responses"].get(str(status))
    if described is None:
        return f"the status {status} is not described: {content[:300]}"
    if "$ref" in described:
        described = COMPONENTS["responses"][_name(described)]
    kind = kind.partition(";")[0]
    if kind not in described["content"]:
        return f"the content type '{kind}' is not described"
    media = described["content"][kind]
    if "itemSchema" in media:
        data = media["itemSchema"]["properties"]["data"]
        held = data["anyOf"][1] if "anyOf" in data else data
        return _events_complaint(path, _name(held["contentSchema"]), content)
    schema = media["schema"]
    if "$ref" not in schema:
        return ""
    return _misfit(_name(schema), json.loads(content))


def _events_complaint(path: str, name: str, content: str) -> str:
    if not content.endswith("\n\n"):
        return f"the stream ends inside of an event: {content[-100:]}"
    data = data_of(content)
    if path != "/v1/responses" and data.pop() != "[DONE]":
        return "the stream has no end"
    return next((found for event in data if (found := _misfit(name, json.loads(event)))), "")


def data_of(content: str) -> list[str]:
    """What the events of a stream hold."""
    lines = [event.split("\n") for event in content.removesuffix("\n\n").split("\n\n")]
    return ["\n".join(row.removeprefix("data: ") for row in event if row.startswith("data: ")) for event in lines]


def _misfit(name: str, value: Any) -> str:
    if fits(name, value):
        return ""
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(value))
    assert error is not None
    return f"no {name}: {error.message[:300]} at {error.json_path} in {json.dumps(value)[:600]}"
