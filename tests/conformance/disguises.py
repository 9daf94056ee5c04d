"""The forbidden span as people, or programs that read JSON, still read it: disguises, and what is behind them.

How the suite reads is its own affair and shares nothing with a guard: the other letters are looked up in the tables
from which the disguises were made.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache, partial

from .words import FOREIGN, WORD, traces

Disguise = Callable[[str], str]
"""Takes the span and gives what stands for it."""

_SMALL_CAPITALS = dict(zip("zygorp", "ᴢʏɢᴏʀᴘ", strict=True))
_STROKES = dict(zip("zygorp", "ƶɏǥøɍᵽ", strict=True))
_HOOKS = dict(zip("zygrp", "ȥƴɠɽƥ", strict=True))
_CYRILLIC = dict(zip("yxop", "ухор", strict=True))
_GREEK = dict(zip("xop", "χορ", strict=True))
_BOXES = {chr(97 + place): chr(0x1F170 + place) for place in range(26)}
_DISCS = {chr(97 + place): chr(0x1F150 + place) for place in range(26)}
_FLAGS = {chr(97 + place): chr(0x1F1E6 + place) for place in range(26)}
_BRACKETS = {chr(97 + place): chr(0x249C + place) for place in range(26)}
_DISC_DIGITS = dict(zip("731", "❼❸❶", strict=True))
_TABLES = (
    *(_SMALL_CAPITALS, _STROKES, _HOOKS, _CYRILLIC, _GREEK, _BOXES, _DISCS, _FLAGS, _BRACKETS),
    _DISC_DIGITS,
)
_ALIKE = {ord(other): letter for table in _TABLES for letter, other in table.items()}
_HYPHENS = dict.fromkeys(map(ord, "‐‑–—−"), "-")


def _instead(table: dict[str, str], span: str) -> str:
    return "".join(table.get(letter, letter) for letter in span)


def _moved(first: int, span: str) -> str:
    return "".join(chr(first + ord(letter) - 97) if letter.isalpha() else letter for letter in span)


def _inside(what: str, span: str) -> str:
    return what.join(span)


def _once(what: str, span: str) -> str:
    """Behind the hyphen, where the pattern allows a blank."""
    return span[:8] + what + span[8:]


def _numbered(span: str, backslash: str = "\\") -> str:
    return "".join(f"{backslash}u{ord(letter):04x}" for letter in span)


def _in_halves(span: str) -> str:
    units = _moved(0x1D41A, span).encode("utf-16-be")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}" for at in range(0, len(units), 2))


PLAIN: dict[str, Disguise] = {
    "zero-width characters": partial(_inside, "\u200b"),
    "hundreds of zero-width characters": partial(_once, "\u200b" * 800),
    "hundreds of blanks": partial(_once, " " * 800),
    "joiners of graphemes": partial(_inside, "\u034f"),
    "variation selectors": partial(_inside, "\ufe0f\U000e0101"),
    "tags": partial(_inside, "\U000e0041"),
    "marks of direction": partial(_inside, "\u202e\u2066"),
    "controls": partial(_inside, "\x01\x7f\x9f"),
    "soft hyphens and accents": partial(_inside, "\u00ad\u0301"),
    "fillers": partial(_inside, "\u3164"),
    "small capitals": partial(_instead, _SMALL_CAPITALS),
    "letters in boxes": partial(_instead, _BOXES),
    "letters on discs": partial(_instead, _DISCS),
    "letters of flags": partial(_instead, _FLAGS),
    "letters in brackets": partial(_instead, _BRACKETS),
    "letters with strokes": partial(_instead, _STROKES),
    "letters with hooks": partial(_instead, _HOOKS),
    "Cyrillic letters": partial(_instead, _CYRILLIC),
    "Greek letters": partial(_instead, _GREEK),
    "mathematical letters": partial(_moved, 0x1D41A),
    "circled letters": partial(_moved, 0x24D0),
    "full-width letters": lambda span: "".join(chr(ord(letter) + 0xFEE0) for letter in span),
    "digits on discs": partial(_instead, _DISC_DIGITS),
    "digits of another script": lambda span: "".join(chr(ord(x) + 0x630) if x.isdigit() else x for x in span),
    "another hyphen": lambda span: span.replace("-", "‑"),
    "a dash": lambda span: span.replace("-", "–"),
    "capitals": str.upper,
    "another script": lambda span: FOREIGN if span == WORD else span,
    "capitals of another script": lambda span: FOREIGN.upper() if span == WORD else span,
}
"""What is read through by people, wherever it stands."""

ESCAPED: dict[str, Disguise] = {
    "letters by number": _numbered,
    "letters by number in JSON in JSON": partial(_numbered, backslash="\\\\"),
    "mathematical letters by number": _in_halves,
    "an escaped nothing": lambda span: f"{span[:3]}\\u0000{span[3:9]}\\b{span[9:]}",
    "escaped zero-width characters": partial(_inside, "\\u200b"),
    "an escaped line feed": partial(_once, "\\n"),
    "a backslash": lambda span: f"\\{span}",
    "hundreds of backslashes": lambda span: "\\" * 701 + span,
    "escaped quotes": lambda span: f'\\"{span}\\"',
}
"""What is read through by programs that take the text for JSON, or for as good as JSON."""

BEYOND: dict[str, Disguise] = {"letters further apart": partial(_inside, " / "), "reversed": lambda span: span[::-1]}
"""What people may still read and nobody is held to: the limit of the suite."""

_ESCAPE = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|([bfnrt]))")
_KINDS = {"b": "", "f": " ", "n": " ", "r": " ", "t": " "}


def _unescaped(text: str) -> str:
    units = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _KINDS[found[2]], text)
    whole = units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "ignore")
    return whole.replace("\\", "")


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    """Without what nobody sees, in small letters of ASCII where it looks like them, blanks as one."""
    alike = unicodedata.normalize("NFKD", text.translate(_ALIKE)).translate(_ALIKE).translate(_HYPHENS)
    seen = (sign for sign in alike if sign.isspace() or unicodedata.category(sign) not in ("Mn", "Me", "Cf", "Cc"))
    digits = (str(unicodedata.decimal(sign, sign)) for sign in seen if sign != "\u1160")
    return re.sub(r"\s+", " ", "".join(digits).lower())


def readings(text: str) -> tuple[str, ...]:
    """What people and programs may take a text for."""
    if "\\" not in text:
        return (_bare(text),)
    return _bare(text), _bare(_unescaped(text)), _bare(text.replace("\\", ""))


def behind(text: str) -> str:
    """A telltale piece of the forbidden span, or of the foreign word, that is read in a text; empty where none is."""
    for reading in readings(text):
        together = reading.replace("- ", "-")
        if found := traces(together) or (FOREIGN_READ if FOREIGN_READ in together else ""):
            return found
    return ""


FOREIGN_READ = _bare(FOREIGN)
