"""No key of a request is ignored in silence by local weights: it is honoured, refused by name, or said to mean nothing.

What the tables say is held against what an engine behind the gateway is asked; a new key without a value here fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pytest

from colonnade.guard.gateway import local_parameters as local
from colonnade.guard.gateway.engines import EngineUpstream
from colonnade.guard.protocol.requests import chat, completions, parameters, responses
from colonnade.models.engine import Generation
from colonnade.models.scripted_engine import ScriptedEngine
from tests.contract.test_gateway_pages import GATEWAY, table
from tests.unit.guard.gateway.behind import Room

TOOL = {"type": "function", "function": {"name": "bake", "parameters": {"type": "object"}}}

ASKS_FOR_SOMETHING: dict[str, Any] = {
    **dict.fromkeys(parameters.LEFT_BEHIND, "ana"),
    **dict.fromkeys(parameters.REFUSED, "x"),
    **dict.fromkeys(parameters.FLAGS, True),
    **{"temperature": 0.7, "top_p": 0.5, "top_k": 3, "min_p": 0.3, "typical_p": 0.5, "seed": 8},
    **{"presence_penalty": 0.5, "frequency_penalty": 0.5, "repetition_penalty": 1.5, "repeat_penalty": 1.5},
    **{"repeat_last_n": 7, "length_penalty": 2, "min_tokens": 2, "xtc_probability": 0.5, "xtc_threshold": 0.2},
    **{"dry_multiplier": 1, "dry_base": 2, "dry_allowed_length": 3, "dry_penalty_last_n": 5},
    **{"mirostat": 2, "mirostat_tau": 3, "mirostat_eta": 0.2, "dynatemp_range": 0.3, "dynatemp_exponent": 2},
    **{"logit_bias": {"7": -100}, "stop_token_ids": [7], "n": 2, "stop": ["x"], "best_of": 2, "suffix": "bread"},
    **{"max_tokens": 3, "max_completion_tokens": 3, "max_output_tokens": 3, "stream": True},
    **{"reasoning_effort": "high", "reasoning": {"effort": "high"}, "verbosity": "high", "text": {"verbosity": "low"}},
    **{"chat_template_kwargs": {"enable_thinking": True}, "prediction": {"type": "content", "content": "bread"}},
    **{"modalities": ["audio"], "audio": {}, "web_search_options": {}, "max_tool_calls": 3, "background": True},
    **{"functions": [TOOL["function"]], "tools": [TOOL], "parallel_tool_calls": False},
    **{"function_call": {"name": "bake"}, "tool_choice": "required", "response_format": {"type": "json_object"}},
    **{"previous_response_id": "x", "conversation": "x", "context_management": [], "include": ["x"]},
    **{"truncation": "auto", "instructions": "Be short."},
}
"""Of every key a value that asks for something."""

OF_RESPONSES: dict[str, Any] = {"tools": [{"type": "function", "name": "bake"}], "prompt": {"id": "x"}}
"""What has another shape there."""

PATHS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "chat": (chat, "/v1/chat/completions", {"messages": [{"role": "user", "content": "bake bread"}]}),
    "completions": (completions, "/v1/completions", {"prompt": "bake bread"}),
    "responses": (responses, "/v1/responses", {"input": "bake bread"}),
}

SHAPE = {"model", "stream", "stream_options"}
"""What says nothing of how an answer is drawn; tests/unit/guard/gateway/test_engines.py has it."""


def cases() -> list[tuple[str, str]]:
    return [
        (name, key) for name, (module, _, plain) in PATHS.items() for key in module.RULES if key not in {*plain, *SHAPE}
    ]


def answered(name: str, given: dict[str, Any]) -> tuple[Any, Generation | None]:
    _, path, plain = PATHS[name]
    engine = ScriptedEngine({"": ["bread"]})
    room = Room()
    room.service.upstream = EngineUpstream(engine)
    room.standing = room.standing._replace(models={"help-desk": ""})
    response = room.client.post(path, json={"model": "help-desk", **plain, **given})
    return response, engine.asked[0] if engine.asked else None


@pytest.mark.parametrize(("name", "key"), cases())
def test_every_key_is_honoured_or_refused_by_name_or_said_to_mean_nothing(name: str, key: str) -> None:
    value = (ASKS_FOR_SOMETHING | (OF_RESPONSES if name == "responses" else {}))[key]
    response, asked = answered(name, {key: value})
    if asked is None:
        error = response.json()["error"]
        assert response.status_code == 400
        assert error["param"].split(".")[0] == key
        assert f"'{error['param']}'" in error["message"]
        assert key not in local.HONOURED | local.WITHOUT_EFFECT.keys()
        assert (key in local.UNSERVED) or "local weights" not in error["message"]
        return
    assert response.status_code == 200
    _, plain = answered(name, {})
    if key in parameters.LEFT_BEHIND or key in local.WITHOUT_EFFECT:
        assert asked == plain
    else:
        assert key in local.HONOURED | local.ASKED
        assert asked != plain


def test_a_key_stands_in_one_table_and_is_one_that_the_gateway_knows() -> None:
    tables = [local.ASKED, local.HONOURED, local.WITHOUT_EFFECT.keys(), local.UNSERVED.keys()]
    listed = [key for one in tables for key in one]
    assert len(listed) == len(set(listed))
    assert set(listed) <= {key for module, _, _ in PATHS.values() for key in module.RULES}


@pytest.mark.parametrize("key", local.UNSERVED)
def test_what_asks_for_nothing_is_taken(key: str) -> None:
    for name, (module, _, _) in PATHS.items():
        if key in module.RULES:
            for value in local.UNSERVED[key].harmless:
                response, asked = answered(name, {key: value})
                assert asked == answered(name, {})[1], (value, response.text)


@pytest.mark.parametrize(
    ("first", "keys"),
    [
        ("honoured by local weights", local.HONOURED),
        ("no effect on local weights", local.WITHOUT_EFFECT),
        ("refused by local weights", local.UNSERVED),
    ],
)
def test_the_page_has_the_same_tables(first: str, keys: Iterable[str]) -> None:
    listed = [name for row in table(GATEWAY, first) for name in re.findall(r"`([a-z_]+)`", row[0])]
    assert sorted(listed) == sorted(keys)
