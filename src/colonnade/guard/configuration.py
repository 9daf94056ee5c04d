"""Who may ask, for which purposes, and what is said instead of an answer: ``guard.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from colonnade.records import Action, Record
from colonnade.records.reading import read_yaml

Replies = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Action, then pairs of language and text; the first language is the one to fall back on."""

# Names travel in request headers and in sentences such as "tier=staff, purpose=study".
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice; keep it once")
    return names


Names = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_distinct)]


def _pairs(value: Any) -> Any:
    """The mapping action -> language -> text as pairs, in the order of :class:`Action`."""
    if not isinstance(value, dict):
        return value
    actions = [str(action) for action in Action]
    for action in value:
        if action not in actions:
            raise ValueError(f"'{action}' is not an action; choose from {', '.join(actions)}")
    for action in actions:
        if action not in value:
            raise ValueError(f"the action '{action}' has no reply; add one, for instance 'en: ...'")
        _check_texts(action, value[action])
    return tuple((action, tuple(value[action].items())) for action in actions)


def _check_texts(action: str, texts: Any) -> None:
    if not isinstance(texts, dict) or not texts:
        raise ValueError(f"'{action}' needs 'language: text' lines, at least one")
    for language, text in texts.items():
        if not isinstance(language, str):
            raise ValueError(f"under '{action}' the language {language!r} is not text; put it in quotes")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"'{action}' has no text in the language '{language}'; write one")


class GuardConfiguration(Record):
    """What the guard is told besides the policies.

    Attributes:
        tiers: who may ask; the first is the default.
        purposes: what for; the first is the default.
        replies: for every action the text per language, said instead of an answer.
    """

    tiers: Names
    purposes: Names
    replies: Annotated[Replies, BeforeValidator(_pairs)]


def read_guard_configuration(file: Path) -> GuardConfiguration:
    """The guard's configuration from its YAML file.

    Raises:
        InputError: at the first thing that does not fit, with the file and the line.
    """
    return read_yaml(GuardConfiguration, file)
