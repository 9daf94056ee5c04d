"""Requests of /v1/completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.requests.rules import (
    Notes,
    Rule,
    integer,
    read_list,
    text,
    unsupported,
    wrong,
)
from colonnade.guard.protocol.requests.settings import (
    SAMPLING,
    SURROUNDINGS,
    UNSERVED,
    asked,
    stop,
    stream_options,
)

NAME = "completions"

_SOME = "be text or a list of texts"

MOST_CHOICES = 128


def _prompt(notes: Notes, value: Any, place: str) -> Any:
    if isinstance(value, str):
        return text("user")(notes, value, place)
    prompts = []
    for member, where in read_list(value, place, most=MOST_CHOICES, what=_SOME):
        if isinstance(member, int | list) and not isinstance(member, bool):
            raise unsupported(place, "numbers of tokens cannot be judged; send the prompt as text")
        prompts.append(text("user")(notes, member, where))
    if not prompts:
        raise wrong(place, _SOME, "invalid_value")
    return prompts


RULES: dict[str, Rule] = {
    **SURROUNDINGS,
    **SAMPLING,
    **UNSERVED,
    "n": integer(1, MOST_CHOICES),
    "best_of": integer(1, MOST_CHOICES),
    "max_tokens": integer(0, 2**31),
    "stream_options": stream_options,
    "stop": stop,
    "prompt": _prompt,
    "suffix": text("user"),
}
"""Every key of a request; the order is the order of the parts."""


def read(body: Mapping[str, Any]) -> Asked:
    """A request from its body.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    return asked(NAME, body, RULES, ("prompt", _SOME), _choices)


def _choices(checked: Mapping[str, Any]) -> int:
    prompts = 1 if isinstance(checked["prompt"], str) else len(checked["prompt"])
    choices = prompts * int(checked.get("n", 1))
    if choices > MOST_CHOICES:
        message = f"{choices} completions are too many; ask for at most {MOST_CHOICES}."
        raise ProtocolError(message, parameter="n", code="invalid_value")
    return choices


def for_upstream(request: Asked, model: str, system: str) -> dict[str, Any]:
    """The body for the server behind; the operator's words stand before each prompt."""
    prompt = request.body["prompt"]
    if system:
        before = system + "\n\n"
        prompt = before + prompt if isinstance(prompt, str) else [before + one for one in prompt]
    return {**request.body, "model": model, "prompt": prompt}


def system_of(_request: Asked) -> str:
    """Nothing: a prompt has no roles."""
    return ""


def without_system(request: Asked) -> Asked:
    """The request itself."""
    return request


def without_refused(request: Asked, _fixed_answers: frozenset[str]) -> Asked:
    """The request itself: a prompt has no turns."""
    return request
