"""The facts of the surface are what their plain expressions count."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.detection.levels import FACTS, surface

DOING = re.compile(
    r"^(?:write|give|make|show|tell|help|take|change|build|draft|compose|schreib|gib|mach|zeig|hilf|bau)\b"
    r"|\b(?:steps?|exactly|instructions?|script|code|template|anleitung|schritte?|genau)\b",
    re.IGNORECASE,
)
UNDERSTANDING = re.compile(
    r"\b(?:what|why|which|who|whom|where|difference|explain|describe|general|report"
    r"|was|warum|welche[rns]?|wer|wo|unterschied|erkläre?|beschreibe?)\b",
    re.IGNORECASE,
)
UNIT = re.compile(r"\d\s?(?:%|°|mg|g|kg|ml|l|mm|cm|m|km|min|h|s|v|a|w|kb|mb|gb)\b", re.IGNORECASE)
NAME = re.compile(r"(?<=[^.!?:] )[A-Z]\w+")
CODE = re.compile(r"[{}();=<>]|`|^\s{4}\S", re.MULTILINE)
STEP = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s", re.MULTILINE)

WORDS = (
    "write Write gib step STEPS exactly code what Wer erkläre ERKLÄR welcher welche",
    "ſteps \u212aode write_ a1 Bob",
)
SIGNS = "London 12 5kg 3. - * • {x} ` ? . : ! … ümlaut"
PIECES = st.one_of(st.sampled_from(" ".join((*WORDS, SIGNS)).split()), st.text(max_size=3))
BLANKS = st.sampled_from([" ", " ", "  ", "\n", "\n    ", "\t", "", "\u2003", "\x1c"])


def plain_surface(text: str) -> tuple[float, ...]:
    return (
        min(len(text.split()), 60) / 20,
        min(len(re.findall(r"\d", text)), 10) / 5 + bool(UNIT.search(text)),
        len(DOING.findall(text[:400])),
        len(UNDERSTANDING.findall(text[:400])),
        float(text.rstrip().endswith("?")),
        min(len(NAME.findall(text)), 4) / 2,
        float(bool(CODE.search(text))),
        min(len(STEP.findall(text)), 4) / 2,
    )


@given(st.lists(st.tuples(PIECES, BLANKS), max_size=120).map(lambda parts: "".join(map("".join, parts))), st.booleans())
def test_the_facts_are_those_of_a_plain_reading(text: str, ascii_only: bool) -> None:
    if ascii_only:
        text = text.encode("ascii", "ignore").decode()
    assert surface(text) == plain_surface(text)
    assert len(surface(text)) == FACTS
