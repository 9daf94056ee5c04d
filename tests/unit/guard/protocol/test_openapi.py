from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from colonnade.guard.protocol import Endpoint, ProtocolError, model_list
from colonnade.guard.protocol.openapi import document

from .bodies import BODIES, CHAT, COMPLETIONS, RESPONSES, read, small
from .test_clients import CHAT_REPLY, COMPLETIONS_REPLY, RESPONSES_REPLY, asked_for
from .test_requests import NAMES, REFUSED, REFUSED_NAMES, changed

DOCUMENT = document("1.0", keyed=True)

SCHEMAS = DOCUMENT["components"]["schemas"]


def fits(name: str, value: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(value))


def request_fits(endpoint: Endpoint, body: Any) -> bool:
    return fits(f"{endpoint.name.capitalize()}Request", body)


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    references = json.dumps(DOCUMENT).split('"#/components/')[1:]
    assert references
    for reference in references:
        kind, name = reference.split('"')[0].split("/")
        assert name in DOCUMENT["components"][kind]


@pytest.mark.parametrize(("endpoint", "body"), BODIES, ids=NAMES)
def test_a_request_with_everything_fits_the_document(endpoint: Endpoint, body: dict[str, Any]) -> None:
    assert request_fits(endpoint, body)
    assert request_fits(endpoint, dict(small(endpoint).body))


INEXPRESSIBLE = {"tool_choice.function.name", "messages.[0].content.[0].file.file_data"}
"""That a tool is known, and that a file is the text that it says it is."""


@pytest.mark.parametrize(("endpoint", "changes", "parameter"), REFUSED, ids=REFUSED_NAMES)
def test_what_is_refused_does_not_fit_the_document(endpoint: Endpoint, changes: dict[str, Any], parameter: str) -> None:
    body = {
        "model": "m",
        **{"chat": {"messages": [{"role": "user", "content": "hi"}]}, "completions": {"prompt": "hi"}}.get(
            endpoint.name, {"input": "hi"}
        ),
        **changes,
    }
    assert request_fits(endpoint, body) == (parameter in INEXPRESSIBLE)


@settings(max_examples=200, deadline=None)
@given(changed())
def test_what_is_read_fits_the_document(case: tuple[Endpoint, Any]) -> None:
    endpoint, body = case
    try:
        read(endpoint, body)
    except ProtocolError:
        return
    assert request_fits(endpoint, body)


def test_the_replies_fit_the_document() -> None:
    for endpoint, upstream in ((CHAT, CHAT_REPLY), (COMPLETIONS, COMPLETIONS_REPLY), (RESPONSES, RESPONSES_REPLY)):
        asked = asked_for(endpoint)
        assert fits(endpoint.name.capitalize(), endpoint.whole(asked, upstream, {}))
        assert fits(endpoint.name.capitalize(), endpoint.refusal(asked, "m", "No.", None))
        assert not fits(endpoint.name.capitalize(), {**upstream, "model": 3})
    assert fits("Models", model_list(["a"]))
    assert fits("Error", ProtocolError("x").body())
