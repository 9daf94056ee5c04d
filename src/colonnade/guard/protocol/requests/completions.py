"""Requests of /v1/completions."""

from __future__ import annotations

from typing import Any

from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.protocol.parsing import parse
from colonnade.guard.protocol.requests.rules import (
    Notes,
    Rule,
    integer,
    read_list,
    read_object,
    refused,
    text,
    unsupported,
    wrong,
)
from colonnade.guard.protocol.requests.settings import (
    PROBABILITIES,
    SAMPLING,
    SURROUNDINGS,
    asked,
    stop,
    stream_options,
)

NAME = "completions"

MOST_CHOICES = 128


def _prompt(notes: Notes, value: Any, place: str) -> Any:
    if isinstance(value, str):
        return text("user")(notes, value, place)
    prompts = []
    for member, where in read_list(value, place, most=MOST_CHOICES):
        if isinstance(member, int | list) and not isinstance(member, bool):
            raise unsupported(place, "numbers of tokens cannot be judged; send the prompt as text")
        prompts.append(text("user")(notes, member, where))
    if not prompts:
        raise wrong(place, "be text or a list of texts", "invalid_value")
    return prompts


RULES: dict[str, Rule] = {
    **SURROUNDINGS,
    **SAMPLING,
    **PROBABILITIES,
    "n": integer(1, MOST_CHOICES),
    "best_of": integer(1, MOST_CHOICES),
    "max_tokens": integer(0, 2**31),
    "stream_options": stream_options,
    "echo": refused("the operator's words stand before the prompt, and an echo would repeat them", False),
    "stop": stop,
    "prompt": _prompt,
    "suffix": text("user"),
}
"""Every key of a request; the order is the order of the parts."""


def read(content: bytes) -> Asked:
    """A request from its bytes.

    Raises:
        ProtocolError: for the first thing that does not fit.
    """
    body = parse(content)
    notes = Notes()
    checked = read_object(notes, body, "", RULES)
    if "prompt" not in checked:
        raise wrong("prompt", "be text or a list of texts", "missing_key")
    prompts = 1 if isinstance(checked["prompt"], str) else len(checked["prompt"])
    choices = prompts * int(checked.get("n", 1))
    if choices > MOST_CHOICES:
        message = f"{choices} completions are too many; ask for at most {MOST_CHOICES}."
        raise ProtocolError(message, parameter="n", code="invalid_value")
    return asked(NAME, notes, checked, choices)


def for_upstream(request: Asked, model: str, system: str) -> dict[str, Any]:
    """The body for the server behind; the operator's words stand before each prompt."""
    prompt = request.body["prompt"]
    if system:
        before = system + "\n\n"
        prompt = before + prompt if isinstance(prompt, str) else [before + one for one in prompt]
    return {**request.body, "model": model, "prompt": prompt}


def without_refused(request: Asked, _fixed_answers: frozenset[str]) -> Asked:
    """The request itself: a prompt has no turns."""
    return request
