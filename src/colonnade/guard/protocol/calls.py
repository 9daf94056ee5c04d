"""Calls of tools as one text: the name, a line feed, the arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

NAME = re.compile(r"[!-~]{1,128}")
"""What may be the name of a tool: signs of ASCII without blanks, so that it ends at the line feed."""

_ESCAPE = re.compile(r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^u])", re.DOTALL)
"""A pair of halves, one letter by number, or a short escape."""

_ANY_ESCAPE = re.compile(
    r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u[0-9a-fA-F]{0,3}\Z|[bfnrt]|)"
)
"""An escape wherever a backslash stands, for who does not know which backslashes are escaped themselves."""

_LIVE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
"""An escape that ends before it is whole."""


_UNSEEN = "\0"


def call_text(name: str, arguments: str) -> str:
    """A call as an output has it."""
    return f"{name}\n{arguments}"


def split_call(text: str) -> tuple[str, str]:
    """Name and arguments."""
    name, _, arguments = text.partition("\n")
    return name, arguments


def plain_escapes(text: str) -> str:
    r"""JSON text in which no letter hides behind ``\u0062``; the same JSON.

    Only whole escapes are looked at. Those that JSON needs (quotes, backslashes, control characters)
    and halves of characters stay.
    """
    return _ESCAPE.sub(_plain, text) if "\\" in text else text


def _plain(found: re.Match[str]) -> str:
    kind = found[1]
    if kind == "/":
        return "/"
    if len(kind) == 11:
        return chr(0x10000 + ((int(kind[1:5], 16) - 0xD800) << 10) + int(kind[7:], 16) - 0xDC00)
    if len(kind) != 5:
        return found[0]
    character = chr(int(kind[1:], 16))
    needed = character in '"\\' or ord(character) < 0x20 or 0xD800 <= ord(character) <= 0xDFFF
    return found[0] if needed else character


def _cut(text: str) -> int:
    """Where the last escape begins that is still to be completed; the length where there is none."""
    end = start = 0
    for found in _ESCAPE.finditer(text):
        end = found.end()
        high = len(found[1]) == 5 and found[1][1] in "dD" and found[1][2] in "89abAB"
        start = found.start() if high else end
    live = _LIVE.search(text, end)
    if live is None:
        return start if end == len(text) else len(text)
    return start if live.start() == end else live.start()


class Plainer:
    """``plain_escapes`` over pieces: an escape that is cut is kept until it is whole.

    However a text is cut, the pieces that come out are joined the text that ``plain_escapes`` gives.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, piece: str) -> str:
        """What is certain by now."""
        if not self._rest and "\\" not in piece:
            return piece
        whole = self._rest + piece
        cut = _cut(whole)
        self._rest = whole[cut:]
        return plain_escapes(whole[:cut])

    def finish(self) -> str:
        """What was kept and will never be whole."""
        rest, self._rest = self._rest, ""
        return rest


def readable(channel: str, text: str) -> str:
    r"""A text as it is to be judged, letter for letter as long as the text itself.

    In the arguments of calls ``\n``, ``\t`` and their kin become blanks, so that a pattern finds two
    words with a line between them; of ``\"`` and ``\\`` the first sign becomes one that nobody sees, and
    so do escaped controls. Other channels stay as they are.
    """
    if not channel.startswith(("tool:", "function")) or "\\" not in text:
        return text
    return _ESCAPE.sub(_blank, text)


def _blank(found: re.Match[str]) -> str:
    kind = found[1]
    if len(kind) >= 5:
        code = int(kind[1:5], 16)
        if code in (0x22, 0x5C):
            return 5 * _UNSEEN + chr(code)
        seen = chr(code).isspace() or not (code < 0x20 or 0xD800 <= code <= 0xDFFF)
        return (" " if seen else _UNSEEN).rjust(len(found[0]), _UNSEEN)
    if kind == "b":
        return 2 * _UNSEEN
    return _UNSEEN + (" " if kind in "fnrt" else kind)


def unescaped(text: str) -> str:
    r"""A text as a program reads it that takes it for JSON, letter for letter as long as the text itself.

    Nobody knows whether it is JSON, JSON within JSON, or where in it a string begins. So of every backslash the rest is
    read, what is escaped by number too; an escape that is cut, or half a letter, hides nothing.
    """
    return _ANY_ESCAPE.sub(_seen, text) if "\\" in text else text


def _seen(found: re.Match[str]) -> str:
    kind = found[1]
    if len(kind) >= 5:
        seen = bytes.fromhex(kind[1:5] + kind[5:][-4:]).decode("utf-16-be", "ignore")
    else:
        seen = " " if kind and kind in "fnrt" else ""
    return seen.rjust(len(found[0]), _UNSEEN)


def judged_arguments(arguments: str) -> str:
    """The arguments of an earlier call as the model may read them: the JSON and, where it escapes, its values.

    Of what is no JSON here, though another reader may take it for some, the escapes are read where they stand.
    """
    if "\\" not in arguments:
        return arguments
    try:
        value = json.loads(arguments, object_pairs_hook=list, parse_int=float)
    except (ValueError, RecursionError):
        read = readable("function", plain_escapes(arguments))
        return arguments if read == arguments else f"{arguments}\n{read}"
    # A value may be JSON itself.
    return "\n".join([arguments, *map(unescaped, _strings(value))])


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):  # an object is its pairs, so that a key that stands twice is read twice
            waiting += value[::-1]
