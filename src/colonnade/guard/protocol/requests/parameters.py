"""The parameters of a request: which are passed on, which are left behind, which are refused and why. A closed table.

Passed on is what chooses among the words that a model might say next: the guard reads whatever comes of it. Refused is
what would bring words to the client or to the model past the guard. docs/gateway.md has the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

LARGEST = 2**31 - 1


class Bounds(NamedTuple):
    """Between which values a number may lie."""

    low: float
    high: float
    whole: bool = False


def _whole(low: int, high: int = LARGEST) -> Bounds:
    return Bounds(low, high, whole=True)


_SHARE = Bounds(0, 1)

_FACTOR = Bounds(0, 10)

NUMBERS: Mapping[str, Bounds] = MappingProxyType(
    {
        "temperature": Bounds(0, 2),
        "top_p": _SHARE,
        "top_k": _whole(-1),
        "min_p": _SHARE,
        "typical_p": _SHARE,
        "presence_penalty": Bounds(-2, 2),
        "frequency_penalty": Bounds(-2, 2),
        "repetition_penalty": _FACTOR,
        "repeat_penalty": _FACTOR,
        "repeat_last_n": _whole(-1),
        "length_penalty": Bounds(-10, 10),
        "min_tokens": _whole(0),
        "seed": _whole(-(2**63) + 1, 2**63 - 1),
        "xtc_probability": _SHARE,
        "xtc_threshold": _SHARE,
        "dry_multiplier": _FACTOR,
        "dry_base": _FACTOR,
        "dry_allowed_length": _whole(0),
        "dry_penalty_last_n": _whole(-1),
        "mirostat": _whole(0, 2),
        "mirostat_tau": Bounds(0, 100),
        "mirostat_eta": _FACTOR,
        "dynatemp_range": _FACTOR,
        "dynatemp_exponent": _FACTOR,
    }
)
"""Passed on: OpenAI's, and those of vLLM, SGLang, llama.cpp and Ollama; a server that lacks one passes it over."""

FLAGS = (
    "ignore_eos",
    "use_beam_search",
    "early_stopping",
    "include_stop_str_in_output",
    "spaces_between_special_tokens",
    "include_reasoning",
    "separate_reasoning",
)
"""Passed on: true or false. Reasoning is read wherever a server puts it."""

TEMPLATE_FLAGS = ("enable_thinking", "thinking")
"""Passed on in ``chat_template_kwargs`` of a chat: whether a model reasons first. Other keys could be words."""

MOST_STOP_TOKENS = 64
"""Numbers of tokens in ``stop_token_ids``, which is passed on."""

LEFT_BEHIND = (
    "user",
    "safety_identifier",
    "metadata",
    "service_tier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "cache_prompt",
    "cache_salt",
    "priority",
    "request_id",
    "keep_alive",
)
"""Taken and not passed on: what names people and accounts, or asks for a place in the queue."""

WITHHELD = "it would repeat words that the guard withholds"

ON_THE_SERVER = "it runs on the server behind, where the guard cannot see what it does"
"""Why searches, interpreters and the like are refused."""

KEPT = "the server behind would keep the answer, and whoever fetches it there passes no guard; send false"

_NUMBERED = "numbers of tokens are words that the guard cannot read; leave it out"

_SHAPED = (
    "describe the answer in 'response_format' of a chat or in 'text.format' of a response, where the guard reads it"
)

_LENGTH = "say 'max_tokens', of a response 'max_output_tokens'"


class Refused(NamedTuple):
    """Why a parameter is refused, and what to do; the end of a sentence.

    Attributes:
        harmless: values that ask for nothing, and are taken.
    """

    because: str
    harmless: tuple[Any, ...] = ()


REFUSED: Mapping[str, Refused] = MappingProxyType(
    {
        "store": Refused(KEPT, (False,)),
        "logprobs": Refused(WITHHELD, (False,)),
        "top_logprobs": Refused(WITHHELD, (0,)),
        "prompt_logprobs": Refused(WITHHELD),
        "echo": Refused("the operator's words stand before the prompt, and an echo would repeat them", (False,)),
        "return_token_ids": Refused(_NUMBERED, (False,)),
        "return_tokens_as_token_ids": Refused(_NUMBERED, (False,)),
        "return_hidden_states": Refused("hidden states are words that the guard cannot read; leave it out", (False,)),
        "skip_special_tokens": Refused("signs of control would stand among the words of a reply; send true", (True,)),
        "continue_final_message": Refused(
            "a reply that goes on from words of yours would be judged without its beginning; ask for it in a message",
            (False,),
        ),
        "add_generation_prompt": Refused("without it the model would go on in the client's name; send true", (True,)),
        "chat_template": Refused("it would change what the model reads behind the guard; set it on the server"),
        "documents": Refused("put them into a message, where they are judged"),
        "truncate_prompt_tokens": Refused("it would cut off the operator's words; send a shorter request"),
        "guided_json": Refused(_SHAPED),
        "guided_regex": Refused(_SHAPED),
        "guided_choice": Refused(_SHAPED),
        "guided_grammar": Refused(_SHAPED),
        "structured_outputs": Refused(_SHAPED),
        "grammar": Refused(_SHAPED),
        "json_schema": Refused(_SHAPED),
        "regex": Refused(_SHAPED),
        "ebnf": Refused(_SHAPED),
        "logits_processors": Refused(ON_THE_SERVER),
        "custom_logit_processor": Refused(ON_THE_SERVER),
        "lora_path": Refused("name an adapter in the header 'X-Colonnade-Adapter'"),
        "n_predict": Refused(_LENGTH),
        "num_predict": Refused(_LENGTH),
        "max_new_tokens": Refused(_LENGTH),
        "options": Refused("send what stands in it as keys of the request"),
    }
)
"""Refused, at every endpoint; what only one of them has is refused there."""
