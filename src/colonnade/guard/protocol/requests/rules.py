"""The rules that a body is read by: one per key, and a key without a rule is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from colonnade.guard.protocol.asked import Part
from colonnade.guard.protocol.calls import unescaped
from colonnade.guard.protocol.errors import ProtocolError

DEEPEST = 64
"""Levels of a schema."""


class Notes:
    """What reading collects beside the checked body.

    Attributes:
        parts: texts that reach the model.
        pictures: what is passed on unread.
        tools: names of the tools that the request defines.
    """

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.pictures = 0
        self.tools: set[str] = set()
        self._calls: dict[str, str] = {}

    def say(self, role: str, text: str, place: str) -> None:
        """A text, unless it is empty; what a tool gives back, mostly JSON, with what is escaped in it, too."""
        if text:
            read = unescaped(text) if role in ("tool", "function") else text
            self.parts.append(Part(role, text if read == text else f"{text}\n{read}", place))

    def call(self, identity: str) -> str:
        """A call's own number in the place of the id that the client chose.

        Some templates show ids to the model, so an id would be a text that nobody judges. Nine
        letters and digits are what every server takes.
        """
        return self._calls.setdefault(identity, f"call{len(self._calls) + 1:05d}")


Rule = Callable[[Notes, Any, str], Any]
"""``(notes, value, place)``: the checked value, or ``ASIDE``; a value of null is never handed to a rule."""

ASIDE: Final = object()
"""The key was understood and is not passed on."""


def wrong(place: str, what: str, code: str = "invalid_type") -> ProtocolError:
    """A value out of shape; ``what`` completes "'place' must ..."."""
    return ProtocolError(f"'{place}' must {what}.", parameter=place, code=code)


def unsupported(place: str, because: str) -> ProtocolError:
    """A key that is known and refused; ``because`` is the end of a sentence."""
    return ProtocolError(f"'{place}' is not supported here: {because}.", parameter=place, code="unsupported_parameter")


def type_of(value: Any) -> Any:
    """What an object says that it is; nothing where it is no object or says nothing."""
    return value.get("type") if isinstance(value, dict) else None


def read_object(notes: Notes, value: Any, place: str, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """An object by the rules of its keys, read in the order of the rules.

    Raises:
        ProtocolError: for a key without a rule, by name.
    """
    if not isinstance(value, dict):
        raise wrong(place, "be an object")
    for key in value:
        if key not in rules:
            name = f"{place}.{key}" if place else key
            message = f"{json.dumps(name)[:200]} is not a key that is understood here; leave it out."
            raise ProtocolError(message, parameter=name[:200], code="unknown_parameter")
    checked = {}
    for key in [key for key in rules if key in value]:
        if (given := value[key]) is not None:
            taken = rules[key](notes, given, f"{place}.{key}" if place else key)
            if taken is not ASIDE:
                checked[key] = taken
    return checked


def read_list(value: Any, place: str, *, most: int = 4096, what: str = "be a list") -> Iterator[tuple[Any, str]]:
    """The members of a list with their places; ``what`` is said of anything else."""
    if not isinstance(value, list):
        raise wrong(place, what)
    if len(value) > most:
        raise wrong(place, f"have at most {most} members", "invalid_value")
    for index, member in enumerate(value):
        yield member, f"{place}.[{index}]"


def flag(_notes: Notes, value: Any, place: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong(place, "be true or false")
    return value


def number(low: float, high: float) -> Rule:
    """A number within bounds."""

    def rule(_notes: Notes, value: Any, place: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise wrong(place, "be a number")
        if not low <= value <= high:
            raise wrong(place, f"lie between {low:g} and {high:g}", "invalid_value")
        return value

    return rule


def integer(low: int, high: int) -> Rule:
    """A whole number within bounds; 1.0 is one, for JSON knows one kind of number."""

    def rule(_notes: Notes, value: Any, place: str) -> int:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(place, "be a whole number")
        if not low <= value <= high:
            raise wrong(place, f"lie between {low} and {high}", "invalid_value")
        return value

    return rule


def word(*words: str) -> Rule:
    """One of a closed list; such a word is no text."""

    def rule(_notes: Notes, value: Any, place: str) -> str:
        if not isinstance(value, str) or value not in words:
            raise wrong(place, f"be one of {', '.join(words)}", "invalid_value")
        return value

    return rule


def text(role: str) -> Rule:
    """A text that the model reads."""

    def rule(notes: Notes, value: Any, place: str) -> str:
        checked = string(value, place)
        notes.say(role, checked, place)
        return checked

    return rule


def string(value: Any, place: str) -> str:
    """A string, not noted."""
    if not isinstance(value, str):
        raise wrong(place, "be text")
    return value


def refused(because: str, *harmless: Any) -> Rule:
    """A key that may stand there only with a value that asks for nothing."""

    def rule(_notes: Notes, value: Any, place: str) -> Any:
        if any(value == good and type(value) is type(good) for good in harmless):
            return ASIDE
        raise unsupported(place, because)

    return rule


def aside(_notes: Notes, _value: Any, _place: str) -> Any:
    """A key that means nothing to the model and is not passed on."""
    return ASIDE


def leaves(value: Any, place: str, depth: int = 0) -> Iterator[str]:
    """Every key, string and number of free JSON, in order.

    Raises:
        ProtocolError: where it is nested deeper than ``DEEPEST``.
    """
    if depth > DEEPEST:
        raise wrong(place, f"be nested at most {DEEPEST} deep", "invalid_value")
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from leaves(member, place, depth + 1)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member, place, depth + 1)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield repr(value)
