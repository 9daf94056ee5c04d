"""What local weights make of every key of a request: they honour it, it has no effect on them, or they refuse it.

A closed table beside that of what the gateway knows at all. A key that stands in none of its parts is refused, so a new
one is never ignored in silence. docs/gateway.md has the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from colonnade.guard.gateway.upstreams import UpstreamFault
from colonnade.guard.protocol.requests.parameters import TEMPLATE_FLAGS
from colonnade.models.engine import Generation, Leaning

LENGTHS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
"""The smallest of those that stand there is the length of an answer."""

PENALTIES = ("repetition_penalty", "repeat_penalty")
"""One and the same penalty, by the name that vLLM and the one that llama.cpp and Ollama have for it."""

ASKED = frozenset(
    {"model", "messages", "prompt", "input", "instructions", "stream", "stream_options", "store"},
)
"""What is asked, and in which shape it is answered. Of ``store`` only ``false`` comes so far, and nothing is kept."""

HONOURED = frozenset(
    {
        *LENGTHS,
        *("n", "stop", "temperature", "top_p", "top_k", "min_p", "seed"),
        *("frequency_penalty", "presence_penalty", *PENALTIES, "repeat_last_n", "logit_bias"),
        *("min_tokens", "ignore_eos", "stop_token_ids"),
    }
)
"""How an answer is drawn, and they draw it so."""

_NO_REASONING = "they do not reason apart from their answer"

WITHOUT_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("length_penalty", "early_stopping"), "shapes a search with beams, which is refused"),
        "xtc_threshold": "shapes what 'xtc_probability' asks for, which is refused",
        **dict.fromkeys(
            ("dry_base", "dry_allowed_length", "dry_penalty_last_n"),
            "shapes what 'dry_multiplier' asks for, which is refused",
        ),
        **dict.fromkeys(("mirostat_tau", "mirostat_eta"), "shapes what 'mirostat' asks for, which is refused"),
        "dynatemp_exponent": "shapes what 'dynatemp_range' asks for, which is refused",
        "parallel_tool_calls": "shapes calls of tools, which are refused",
        "spaces_between_special_tokens": "special tokens stand in no answer",
        **dict.fromkeys(("include_reasoning", "separate_reasoning"), f"{_NO_REASONING}, so there is none to be shown"),
        "prediction": "makes an answer faster where it can, and never another",
    }
)
"""Taken, and nothing would come of it: with why, after the name of the key."""


class Unserved(NamedTuple):
    """Why a key is refused, and what to do; the end of a sentence.

    Attributes:
        harmless: values that ask for nothing, and are taken.
    """

    because: str
    harmless: tuple[Any, ...] = ()


_PLAIN = "they write plain text; leave it out"

_NO_TOOLS = "they know no tools; leave it out"

_OTHER_DRAWS = "they draw with 'temperature', 'top_k', 'top_p' and 'min_p'; leave it out"

_NOT_THINKING = ({}, *({flag: False} for flag in TEMPLATE_FLAGS), dict.fromkeys(TEMPLATE_FLAGS, False))

UNSERVED: Mapping[str, Unserved] = MappingProxyType(
    {
        "typical_p": Unserved(_OTHER_DRAWS, (1,)),
        "xtc_probability": Unserved(_OTHER_DRAWS, (0,)),
        "mirostat": Unserved(_OTHER_DRAWS, (0,)),
        "dynatemp_range": Unserved(_OTHER_DRAWS, (0,)),
        "dry_multiplier": Unserved("say 'frequency_penalty' or 'repetition_penalty'", (0,)),
        "use_beam_search": Unserved("they draw each answer by itself; leave it out", (False,)),
        "best_of": Unserved("they show every answer that they draw; say 'n'", (1,)),
        "include_stop_str_in_output": Unserved("they leave what ended an answer out of it; send false", (False,)),
        "chat_template_kwargs": Unserved(f"{_NO_REASONING}; send false", _NOT_THINKING),
        "reasoning_effort": Unserved(f"{_NO_REASONING}; leave it out", ("none",)),
        "reasoning": Unserved(f"{_NO_REASONING}; leave it out", ({}, {"effort": "none"})),
        "verbosity": Unserved("say in a message how long an answer may be", ("medium",)),
        "text": Unserved(
            _PLAIN,
            tuple(
                {**form, **length}
                for form in ({}, {"format": {"type": "text"}})
                for length in ({}, {"verbosity": "medium"})
            ),
        ),
        "response_format": Unserved(_PLAIN, ({"type": "text"},)),
        "tools": Unserved(_NO_TOOLS, ([],)),
        "functions": Unserved(_NO_TOOLS, ([],)),
        "tool_choice": Unserved(_NO_TOOLS, ("none", "auto")),
        "function_call": Unserved(_NO_TOOLS, ("none", "auto")),
        "truncation": Unserved("they cut nothing off; send 'disabled' and a shorter request", ("disabled",)),
        "suffix": Unserved("they only go on from a prompt; leave it out", ("",)),
    }
)
"""Refused by name, save with what asks for nothing."""

NEWEST = 64
"""Tokens that ``repeat_penalty`` looks back on where no ``repeat_last_n`` is said, as in llama.cpp and Ollama."""


def unserved(key: str, because: str, code: str = "unsupported_parameter") -> UpstreamFault:
    """A key that local weights do not serve as it stands; ``because`` is the end of a sentence."""
    return UpstreamFault(f"'{key}' is not served from local weights: {because}.", 400, code, parameter=key)


def check(body: Mapping[str, Any]) -> None:
    """Every key of a checked body is one that local weights honour, or one that means nothing to them.

    Raises:
        UpstreamFault: for the first one that is refused.
    """
    for key, value in body.items():
        if key in ASKED or key in HONOURED or key in WITHOUT_EFFECT or value is None:
            continue
        row = UNSERVED.get(key, Unserved("they do not know it; leave it out"))
        if value not in row.harmless:
            raise unserved(key, row.because)


def with_settings(plain: Generation, body: Mapping[str, Any], most: int) -> Generation:
    """The same as a checked body wants it drawn.

    Args:
        plain: what to answer, and with which adapter.
        body: of the request.
        most: tokens of an answer.

    Raises:
        UpstreamFault: where one setting contradicts another, or is none for local weights.
    """
    given = {key: value for key, value in body.items() if value is not None}
    lengths = [key for key in LENGTHS if key in given]
    for key in lengths:
        if given[key] < 1:
            raise unserved(key, "an answer has at least one token", "invalid_value")
    stop = given.get("stop", ())
    return plain._replace(
        tokens=min([most, *(given[key] for key in lengths)]),
        temperature=given.get("temperature", 0.0),
        top_p=max(given.get("top_p", 1.0), 1e-6),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=given.get("seed"),
        choices=given.get("n", 1),
        top_k=given.get("top_k", 0),
        min_p=given.get("min_p", 0.0),
        leaning=_leaning(given),
        min_tokens=given.get("min_tokens", 0),
        ignore_end=given.get("ignore_eos", False),
        stop_tokens=tuple(given.get("stop_token_ids", ())),
    )


def _leaning(given: Mapping[str, Any]) -> Leaning:
    named = [key for key in PENALTIES if key in given]
    if len({given[key] for key in named}) > 1:
        raise unserved("repeat_penalty", "it is another name of 'repetition_penalty'; say one of them", "invalid_value")
    if named and given[named[0]] <= 0:
        raise unserved(named[0], "it divides, so it must be above 0", "invalid_value")
    bias = {int(token): weight for token, weight in given.get("logit_bias", {}).items()}
    if len(bias) < len(given.get("logit_bias", {})):
        raise unserved("logit_bias", "it names a token twice", "invalid_value")
    return Leaning(
        frequency=given.get("frequency_penalty", 0.0),
        presence=given.get("presence_penalty", 0.0),
        repetition=given[named[0]] if named else 1.0,
        window=given.get("repeat_last_n", NEWEST if named == ["repeat_penalty"] else -1),
        bias=tuple(bias.items()),
    )
