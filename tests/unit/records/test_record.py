"""Records are values, and their digests say so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from colonnade.records import Message, Prompt, canonical_json, digest_bytes, digest_of

from .samples import make_clause, make_prompt

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reversed_keys(item) for item in value]
    return value


@settings(max_examples=50)
@given(JSON_VALUES)
def test_a_digest_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    assert digest_of(reversed_keys(value)) == digest_of(value)


@settings(max_examples=50)
@given(JSON_VALUES)
def test_the_canonical_form_says_all_that_the_value_says(value: Any) -> None:
    form = canonical_json(value)
    assert json.loads(form) == value
    assert b"\n" not in form
    assert canonical_json(json.loads(form)) == form


@settings(max_examples=50)
@given(JSON_VALUES, JSON_VALUES)
def test_different_values_have_different_digests(first: Any, second: Any) -> None:
    same_form = canonical_json(first) == canonical_json(second)
    assert (digest_of(first) == digest_of(second)) is same_form


def test_the_form_and_the_digest_are_the_documented_ones() -> None:
    assert canonical_json({"b": [1, None], "a": "ä"}) == '{"a":"ä","b":[1,null]}'.encode()
    assert digest_bytes(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_of({}) == digest_bytes(b"{}")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_has_no_canonical_form(number: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json({"rate": number})


@settings(max_examples=50)
@given(st.text(min_size=3))
def test_a_copy_with_another_field_never_keeps_the_old_digest(text: str) -> None:
    prompt = make_prompt("p1")
    before = prompt.digest
    copy = prompt.model_copy(update={"text": text})
    assert (copy.digest == before) is (text == prompt.text)
    assert copy.digest == Prompt.model_validate(copy.model_dump()).digest


def test_equal_content_is_an_equal_record() -> None:
    assert make_clause() == make_clause()
    assert make_clause().digest == make_clause().digest
    assert len({make_prompt("p1"), make_prompt("p1"), make_prompt("p2")}) == 2


def test_a_record_cannot_be_changed_and_takes_no_unknown_field() -> None:
    message = Message(role="user", content="hello")
    with pytest.raises(ValidationError, match="frozen"):
        message.content = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Message.model_validate({"role": "user", "content": "hello", "mood": "good"})


def test_a_record_survives_its_json() -> None:
    clause = make_clause()
    assert type(clause).model_validate_json(clause.model_dump_json()).digest == clause.digest
