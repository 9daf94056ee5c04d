"""Beginnings of matches: an expression that matches where a text ends while a match of another one is under way.

For ``ab{1,3}c`` it matches at the end of ``...a``, ``...abb`` and, since a look ahead may still forbid a match, of the
whole ``...abbc`` where the expression ends in one. Marks and looks that hang on characters which have not come yet are
left open; so a beginning may be reported that comes to nothing, and none is ever missed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from colonnade.records.expressions import (
    Characters,
    Choice,
    Expression,
    Look,
    Mark,
    Node,
    Repeat,
    Sequence_,
    every_part,
)


def beginnings(expression: Expression) -> str:
    """The expression that finds beginnings of matches at the end of a text."""
    return _rest((expression.tree,), expression.ahead)


def _rest(items: tuple[Node, ...], ahead: int) -> str:
    """Matches every non-empty beginning of these pieces that reaches the end."""
    if not items:
        return r"\Z"
    first, rest = items[0], items[1:]
    if isinstance(first, Sequence_):
        return _rest((*first.items, *rest), ahead)
    if isinstance(first, (Mark, Look)):
        return _behind_a_look(first, rest, ahead)
    whole, begun = _whole(first), _begun(first, ahead)
    ways = [begun] if begun else []
    ways.append(f"{whole}(?:{_open(ahead)}|{_rest(rest, ahead)})" if rest else f"{whole}{_open(ahead)}")
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"


def _open(ahead: int) -> str:
    """The end of the text, as near as a look ahead can be kept waiting for it."""
    return rf"[\s\S]{{0,{ahead - 1}}}\Z" if ahead > 1 else r"\Z"


def _behind_a_look(look: Mark | Look, rest: tuple[Node, ...], ahead: int) -> str:
    if not rest:
        return _open(ahead)
    # A mark, and a look at one character, are decided once that character is there; what looks further is left open.
    return _rest(rest, ahead) if _looks_far(look) else f"{look.source}(?:{_rest(rest, ahead)})"


def _looks_far(node: Node) -> bool:
    return isinstance(node, Look) and node.ahead and node.width > 1


def _whole(node: Node) -> str:
    """The piece itself, without what looks further ahead than the text may reach."""
    if isinstance(node, Sequence_):
        return "".join(_whole(item) for item in node.items)
    if isinstance(node, Choice):
        return f"(?:{'|'.join(_whole(branch) for branch in node.branches)})"
    if isinstance(node, Repeat):
        return f"(?:{_whole(node.body)}){{{node.least},{node.most}}}{'?' if node.lazy else ''}"
    return "" if _looks_far(node) else node.source


def _begun(node: Node, ahead: int) -> str:
    """Matches a beginning of one piece that is not the whole of it, and reaches the end; empty where there is none."""
    if isinstance(node, Choice):
        branches = [_rest((branch,), ahead) for branch in node.branches if _whole(branch)]
        return f"(?:{'|'.join(branches)})" if branches else ""
    if isinstance(node, Repeat):
        if node.most == 0:
            return ""
        if isinstance(node.body, Characters):
            return rf"{node.body.source}{{1,{node.most}}}\Z"
        return f"(?:{_whole(node.body)}){{0,{node.most - 1}}}{_rest((node.body,), ahead)}"
    return ""


class Begun(NamedTuple):
    """Beginnings that are looked for together.

    Attributes:
        longest: so many characters at the end of a text are enough.
        never: characters that no match of theirs holds; none where there are no such.
    """

    beginnings: re.Pattern[str]
    longest: int
    never: re.Pattern[str] | None


_LONG = 48
LETTERS = "abcdefghijklmnopqrstuvwxyzäßéø\u0430\u4e00"
"""Letters of several scripts: one that a class holds tells that a match may hold letters."""
_BLANK, _LETTER = r"\s", r"[^\W\d_]"


def together(expressions: Sequence[Expression]) -> tuple[Begun, ...]:
    """The beginnings of all expressions, those that end at a blank or at a letter by themselves."""
    groups: dict[tuple[str, bool], list[Expression]] = {}
    for expression in expressions:
        never = ""
        if expression.ahead <= 1:
            never = _BLANK if not holds(expression, " \t\n\r\x0b\x0c\xa0\u2028") else ""
            never = never or (_LETTER if not holds(expression, LETTERS) else "")
        groups.setdefault((never, expression.longest > _LONG), []).append(expression)
    return tuple(
        Begun(
            re.compile("|".join(dict.fromkeys(map(beginnings, rows))), re.IGNORECASE),
            max(row.longest + max(0, row.ahead - 1) for row in rows),
            re.compile(never) if never else None,
        )
        for (never, _), rows in groups.items()
    )


def holds(expression: Expression, signs: str) -> bool:
    """Whether a match can hold any of these characters."""
    sources = {part.source for part in every_part(expression.tree) if isinstance(part, Characters)}
    return any(re.fullmatch(source, sign, re.IGNORECASE) for source in sources for sign in signs)
