"""Bodies drawn from a JSON Schema of the gateway's document, and the same bodies spoiled in one place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]

LONGEST = 3
"""Members of a list, and keys that need not be there."""

WORDS = st.sampled_from(["look_up", "bake", "hi", "", "zyxgorp-7731", "{}", "data: [DONE]", "\u2028", "🐈‍⬛"])

ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(-1e9, 1e9) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)

KNOWN: dict[str, list[str]] = {
    "^[!-~]{1,128}$": ["look_up", "bake"],
    "^(https?": ["https://example.org/a.png", "data:image/png;base64,iVBORw0KGgo=", "data:text/csv;base64,YSxi"],
}
"""By the beginning of a pattern: what makes a likelier body than whatever fits."""


def fitting(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that fit a schema; of a schema with more than one word about an object, what the object needs."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        return _object(schema)
    if "anyOf" in schema:
        return st.one_of([fitting(one) for one in schema["anyOf"]])
    kind = schema.get("type")
    if kind is None:
        return ANY
    if kind == "array":
        most = min(schema.get("maxItems", LONGEST), max(LONGEST, schema.get("minItems", 0)))
        return st.lists(fitting(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)
    if kind == "object":
        return _map(schema)
    if kind == "string":
        return _text(schema)
    return {
        "integer": st.integers(schema.get("minimum"), schema.get("maximum")),
        "number": st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }[kind]


def _object(schema: Schema) -> st.SearchStrategy[Any]:
    inner = {key: fitting(value) for key, value in schema["properties"].items()}
    needed = schema.get("required", [])
    others = sorted(inner.keys() - set(needed))

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        more = draw(st.lists(st.sampled_from(others), unique=True, max_size=LONGEST)) if others else []
        return {key: draw(inner[key]) for key in [*needed, *more]}

    return drawn()


def _map(schema: Schema) -> st.SearchStrategy[Any]:
    names = _text({"pattern": schema["propertyNames"]["pattern"]}) if "propertyNames" in schema else WORDS
    return st.dictionaries(names, fitting(schema.get("additionalProperties", {})), max_size=LONGEST)


def _text(schema: Schema) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 8)
    pattern = schema.get("pattern")
    if pattern is None:
        return (WORDS | st.text(max_size=8)).filter(lambda text: least <= len(text) <= most)
    anchored = pattern.startswith("^")
    found = st.from_regex(pattern.removeprefix("^").removesuffix("$"), fullmatch=anchored)
    likely = next((words for beginning, words in KNOWN.items() if pattern.startswith(beginning)), None)
    return found if likely is None else st.sampled_from(likely) | found


@st.composite
def spoiled(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> Any:
    """A body with something exchanged, added or taken away at one place; now and then it fits nevertheless."""
    body = json.loads(json.dumps(draw(bodies)))
    where: Any = body
    while draw(st.booleans()):
        deeper = [inner for inner in (where.values() if isinstance(where, dict) else where) if inner]
        deeper = [inner for inner in deeper if isinstance(inner, dict | list)]
        if not deeper:
            break
        where = draw(st.sampled_from(deeper))
    if isinstance(where, list):
        where[draw(st.integers(0, len(where) - 1))] = draw(ANY)
        return body
    key = draw(st.sampled_from(sorted(where)) | WORDS) if where else draw(WORDS)
    if key in where and draw(st.booleans()):
        del where[key]
    else:
        where[key] = draw(ANY)
    return body
