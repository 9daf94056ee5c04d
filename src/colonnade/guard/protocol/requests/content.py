"""The content of a message: texts, joined as one, and what is no text, counted."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Mapping
from typing import Any

from colonnade.guard.protocol.requests.rules import (
    Notes,
    Rule,
    read_list,
    read_object,
    refused,
    string,
    text,
    type_of,
    word,
    wrong,
)

ELSEWHERE = "it names something that the server behind keeps, and the guard cannot see it"
"""Why ids of files, earlier responses and the like are refused."""

_DATA = re.compile(r"data:([a-zA-Z0-9.+-]+/[a-zA-Z0-9.+-]+)(?:;charset=[uU][tT][fF]-8)?;base64,([A-Za-z0-9+/]*={0,2})")

_TEXTUAL = re.compile(r"text/.*|.*[/+](json|xml|yaml|x-yaml|javascript|csv|markdown|html)", re.IGNORECASE)


_SUBSTANCE = ("image_url", "input_audio", "file", "file_data", "file_url")
"""Keys that make a part more than its own description."""


def content(role: str, kinds: Mapping[str, Mapping[str, Rule]]) -> Rule:
    """A string or a list of parts.

    Texts that stand next to each other are joined with a line feed, also in what is passed on, so
    that what is judged is what the model reads. A list of texts alone becomes a string.

    Args:
        role: whose texts these are.
        kinds: the types of part that are understood, each with the rules of its other keys. A type
            that has a rule ``text`` or ``refusal`` is text.
    """

    def rule(notes: Notes, value: Any, place: str) -> Any:
        if isinstance(value, str):
            notes.say(role, value, place)
            return value
        if not isinstance(value, list) or not value:
            raise wrong(place, "be text or a list of parts")
        texts: list[str] = []
        parts: list[Any] = []
        for member, where in read_list(value, place):
            kind = type_of(member)
            if not isinstance(kind, str) or kind not in kinds:
                raise wrong(where, f"be a part of type {', '.join(kinds)}")
            words = next((key for key in ("text", "refusal") if key in kinds[kind]), None)
            if words is None:
                checked = read_object(notes, member, where, {"type": word(kind), **kinds[kind]})
                substance = [key for key in kinds[kind] if key in _SUBSTANCE]
                if not any(key in checked for key in substance):
                    raise wrong(where, f"have {' or '.join(map(repr, substance))}", "missing_key")
                parts.append(checked)
                continue
            read_object(Notes(), member, where, {"type": word(kind), **kinds[kind]})
            said = string(member.get(words), f"{where}.{words}")
            texts.append(said)
            if parts and words in parts[-1]:
                parts[-1][words] += "\n" + said
            else:
                parts.append({"type": kind, words: said})
        notes.say(role, "\n".join(texts), place)
        return "\n".join(texts) if len(texts) == len(value) else parts

    return rule


def media(role: str) -> Rule:
    """A picture, a file or a sound: base64 that is counted, or an address that is counted and judged as a text.

    Files that are text are read as text, too, and where their own type says so they must be.
    """

    def rule(notes: Notes, value: Any, place: str) -> str:
        address = string(value, place)
        notes.pictures += 1
        if re.match(r"https?://[^\s\x00-\x1f]+\Z", address):
            notes.say(role, address, place)
            return address
        if (found := _DATA.fullmatch(address)) is None:
            raise wrong(place, "be an http address or base64 data with its type", "invalid_value")
        if _TEXTUAL.fullmatch(found[1]):
            notes.say(role, _decoded(found[2], place), place)
        else:
            notes.say(role, _text_in(found[2]), place)
        return address

    return rule


def _decoded(data: str, place: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise wrong(place, "be base64 of text in UTF-8, as its type says", "invalid_value") from None


_FIRST = 4096
"""Signs of base64 by which nearly all files that are no text are known."""


def _text_in(data: str) -> str:
    """What the base64 of a file says that is text in UTF-8; nothing where it is none."""
    bare = data.rstrip("=")  # a server behind may do without them
    try:
        codecs.getincrementaldecoder("utf-8")().decode(_unpacked(bare[:_FIRST]))
        return _unpacked(bare).decode("utf-8").strip("\0")
    except UnicodeDecodeError:
        return ""


def _unpacked(bare: str) -> bytes:
    whole = bare[:-1] if len(bare) % 4 == 1 else bare
    return base64.b64decode(whole + "=" * (-len(whole) % 4))


def sound(notes: Notes, value: Any, place: str) -> str:
    """The bare base64 of a sound."""
    if re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", string(value, place)) is None:
        raise wrong(place, "be base64", "invalid_value")
    notes.pictures += 1
    return string(value, place)


def nested(rules: Mapping[str, Rule], *needed: str) -> Callable[[Notes, Any, str], dict[str, Any]]:
    """An object within an object; every key of ``needed`` must be there."""

    def rule(notes: Notes, value: Any, place: str) -> dict[str, Any]:
        checked = read_object(notes, value, place, rules)
        for key in needed:
            if key not in checked:
                raise wrong(place, f"have '{key}'", "missing_key") if place else wrong(key, "be there", "missing_key")
        return checked

    return rule


def said_by(rules: Mapping[str, Any], role: Any, place: str) -> str:
    """The role of a message, one of those that have rules.

    Raises:
        ProtocolError: for any other.
    """
    if not isinstance(role, str) or role not in rules:
        raise wrong(f"{place}.role", f"be one of {', '.join(rules)}", "invalid_value")
    return role


SYSTEM = ("system", "developer")
"""The roles in which a client speaks to the model as whoever runs it."""

DETAIL = word("auto", "low", "high", "original")

SYSTEM_PARTS: dict[str, dict[str, Rule]] = {"text": {"text": text("")}}

ASSISTANT_PARTS: dict[str, dict[str, Rule]] = {"text": {"text": text("")}, "refusal": {"refusal": text("")}}

USER_PARTS: dict[str, dict[str, Rule]] = {
    "text": {"text": text("")},
    "image_url": {"image_url": nested({"url": media("user"), "detail": DETAIL}, "url")},
    "input_audio": {"input_audio": nested({"data": sound, "format": word("wav", "mp3")}, "data")},
    "file": {
        "file": nested(
            {"filename": text("user"), "file_data": media("user"), "file_id": refused(ELSEWHERE)}, "file_data"
        )
    },
}


def beginning(instructions: str, content_: Any, kind: str) -> Any:
    """A content that begins with words that stood elsewhere."""
    if isinstance(content_, str):
        return f"{instructions}\n\n{content_}"
    first = content_[0]
    if first["type"] == kind:
        return [{**first, "text": f"{instructions}\n\n{first['text']}"}, *content_[1:]]
    return [{"type": kind, "text": instructions}, *content_]
