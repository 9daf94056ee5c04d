"""Keys that several endpoints share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.requests.parameters import (
    FLAGS,
    LARGEST,
    LEFT_BEHIND,
    MOST_STOP_TOKENS,
    NUMBERS,
    REFUSED,
)
from colonnade.guard.protocol.requests.rules import (
    ASIDE,
    Notes,
    Rule,
    aside,
    flag,
    integer,
    number,
    read_list,
    read_object,
    refused,
    string,
    word,
    wrong,
)

SOUND = "the guard does not read sound"


def _model(_notes: Notes, value: Any, place: str) -> str:
    if not 1 <= len(string(value, place)) <= 256:
        raise wrong(place, "be a name of at most 256 characters", "invalid_value")
    return string(value, place)


SURROUNDINGS: dict[str, Rule] = {"model": _model, "stream": flag, **dict.fromkeys(LEFT_BEHIND, aside)}
"""What is said about a request; what names people or accounts is not passed on."""


def _bias(_notes: Notes, value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > 1024:
        raise wrong(place, "be an object of at most 1024 numbers of tokens")
    for token, weight in value.items():
        if not (token.isascii() and token.isdigit() and len(token) <= 10):
            told = f"have numbers of tokens as its keys, and {json.dumps(token)[:80]} is none"
            raise wrong(place, told, "invalid_value")
        number(-100, 100)(_notes, weight, f"{place}.{token}")
    return value


def _stop_tokens(notes: Notes, value: Any, place: str) -> list[int]:
    read = integer(0, LARGEST)
    return [read(notes, member, where) for member, where in read_list(value, place, most=MOST_STOP_TOKENS)]


SAMPLING: dict[str, Rule] = {
    **{
        name: integer(int(bounds.low), int(bounds.high)) if bounds.whole else number(bounds.low, bounds.high)
        for name, bounds in NUMBERS.items()
    },
    **dict.fromkeys(FLAGS, flag),
    "logit_bias": _bias,
    "stop_token_ids": _stop_tokens,
}
"""How the next word is chosen."""

UNSERVED: dict[str, Rule] = {name: refused(row.because, *row.harmless) for name, row in REFUSED.items()}
"""What is refused at every endpoint."""

effort = word("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""How long a model may reason."""


def stop(notes: Notes, value: Any, place: str) -> Any:
    """Texts that end a reply: one, or a list."""
    if isinstance(value, str):
        notes.say("setting", value, place)
        return value
    found = []
    for member, where in read_list(value, place, most=16, what="be text or a list of texts"):
        found.append(string(member, where))
        notes.say("setting", member, where)
    return found or ASIDE


def stream_options(notes: Notes, value: Any, place: str) -> dict[str, Any]:
    """What a stream brings beside its texts; padding is ours to add, not the server's."""
    return read_object(notes, value, place, {"include_usage": flag, "include_obfuscation": aside})


def asked(
    endpoint: str,
    given: Mapping[str, Any],
    rules: Mapping[str, Rule],
    needed: tuple[str, str],
    choices: Callable[[Mapping[str, Any]], int],
) -> Asked:
    """The request from its body.

    Args:
        endpoint: its name.
        given: the body as it came.
        rules: one per key; the order is the order of the parts.
        needed: the key that holds the words, and what it must be.
        choices: how many replies a checked body asks for.

    Raises:
        ProtocolError: for the first thing that does not fit; without a model, or with options of a stream where none
            is wanted.
    """
    notes = Notes()
    body = read_object(notes, given, "", rules)
    if needed[0] not in body:
        raise wrong(*needed, "missing_key")
    count = choices(body)
    if "model" not in body:
        raise ProtocolError(
            "'model' is missing; name one of those in /v1/models.", parameter="model", code="missing_key"
        )
    stream = bool(body.get("stream"))
    options = body.pop("stream_options", None)
    if options and not stream:
        raise wrong("stream_options", "stand beside a 'stream' that is true", "invalid_value")
    if options:
        body["stream_options"] = options
    usage = bool(options and options.get("include_usage"))
    return Asked(endpoint, body["model"], tuple(notes.parts), notes.pictures, stream, count, usage, body)
