"""Regular expressions that a policy may contain: of bounded width, and never slow at one place of a text.

Python's matcher tries one way after the other, and an expression with many ways to read the same text (``(a+)+b``)
takes longer than anybody waits. A guard that runs on whatever people send must know beforehand that none does. So an
expression is read into a small tree, and refused unless no match can be longer than ``LONGEST_MATCH`` and the ways in
which it can read one text from one place stay under ``MOST_WAYS``. Both are bounds from above: some harmless expression
is refused, with a sentence about how to write it, and no harmful one gets through. A text of many places is looked
through slice by slice, so that no call of the matcher takes long.

Source of the problem: Davis, Coghlan, Servant and Lee, The impact of regular expression denial of service, 2018.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

# The parser of the standard library; it has no public name. What it may hand over is listed below and else refused.
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

LONGEST_MATCH = 400
"""Characters; what is longer is held back for too long in a stream, and takes too long to look for."""

MOST_WAYS = 1_000
"""Ways to read one text from one place, at most."""

LONGEST_LOOK = 32
"""Characters that an expression may look ahead or behind."""

DEEPEST = 6
"""Levels of choices and repeats within one another."""

Samples = frozenset[str]
"""Which of the characters that tell the classes of an expression apart are in a class."""

_CATEGORIES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_SPACE: r"\s",
    codes.CATEGORY_NOT_SPACE: r"\S",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
}
_TELLING = "aAzZ09_-.,:;@/\\ \t\n\r\x00\x7f\xa0äßÄ\u0660\u0430\u4e00\u200b\u2028ſK"
"""A letter, a digit, a blank and so on of several scripts: one of every kind that a category may tell apart."""


class ExpressionError(ValueError):
    """An expression that a policy may not contain; the message is a sentence, ``mend`` another one."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


class Characters(NamedTuple):
    """One character of a class, as a piece of an expression.

    Attributes:
        literal: the character, where it is one only.
        edges: characters at which the class begins or ends.
    """

    source: str
    literal: str = ""
    edges: str = ""


class Mark(NamedTuple):
    r"""``\\b`` or ``\\B``, which match no character and look at one on either side."""

    source: str


class Look(NamedTuple):
    """A look ahead or behind, of at most ``width`` characters."""

    source: str
    ahead: bool
    width: int


class Sequence_(NamedTuple):  # noqa: N801  # "Sequence" is taken
    """One piece after the other."""

    items: tuple[Node, ...]


class Choice(NamedTuple):
    """One of several."""

    branches: tuple[Node, ...]


class Repeat(NamedTuple):
    """A piece from ``least`` to ``most`` times."""

    body: Node
    least: int
    most: int
    lazy: bool


Node = Characters | Mark | Look | Sequence_ | Choice | Repeat


class Expression(NamedTuple):
    """An expression that may be used.

    Attributes:
        tree: what it is made of.
        longest: characters of the longest match.
        ahead: how many characters behind a match decide whether it is one.
        behind: how many before it do.
    """

    tree: Node
    longest: int
    ahead: int
    behind: int

    @property
    def source(self) -> str:
        """The expression, written anew; letters match in either case unless it stands in ``(?-i:...)``."""
        return written(self.tree)


@lru_cache(maxsize=4096)
def read_expression(source: str) -> Expression:
    """An expression as a tree, if a policy may contain it.

    Raises:
        ExpressionError: where it is no expression, matches nothing, has no bound or reads a text in too many ways.
    """
    try:
        parsed = parser.parse(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as fault:
        what = f"it is no regular expression: {fault}."
        raise ExpressionError(what, "Put a backslash before signs that are meant.") from None
    flags = parsed.state.flags
    if flags & (re.ASCII | re.LOCALE):
        raise ExpressionError("it sets the flag 'a' or 'L'.", "Write the class out, for instance '[0-9]'.")
    try:
        tree = _sequence(parsed, cased=False, everything=bool(flags & re.DOTALL))
        re.compile(written(tree), re.IGNORECASE)
        if _depth(tree) > DEEPEST:
            raise ExpressionError("it is nested too deeply.", "Write it flat.")
        least, most = width(tree)
        if most > LONGEST_MATCH:
            what = f"a match can be {most} characters long, and {LONGEST_MATCH} is the most."
            raise ExpressionError(what, "Give the repeats smaller bounds.")
        if least == 0:
            raise ExpressionError("it matches where nothing stands.", "Ask for at least one character.")
        ways = _Ways(tree).ways
    except RecursionError:
        raise ExpressionError("it is nested too deeply.", "Write it flat.") from None
    if ways > MOST_WAYS:
        what = "it can read one text in too many ways, which would take too long."
        mend = "Begin what is repeated with a sign that stands nowhere else in it, or give the repeats smaller bounds."
        raise ExpressionError(what, mend)
    ahead, behind = (_looks(tree, ahead=True), _looks(tree, ahead=False))
    return Expression(tree, most, ahead, behind)


# --- reading ---------------------------------------------------------------------------------------


def _sequence(parsed: Any, cased: bool, everything: bool) -> Node:
    items = tuple(_node(kind, value, cased, everything) for kind, value in parsed)
    return items[0] if len(items) == 1 else Sequence_(items)


def _node(kind: Any, value: Any, cased: bool, everything: bool) -> Node:
    if kind is codes.LITERAL:
        return Characters(
            _own_case(_sign(value), cased and chr(value).lower() != chr(value).upper()), chr(value), chr(value)
        )
    if kind is codes.NOT_LITERAL:
        return Characters(_own_case(f"[^{_sign(value)}]", cased), edges=chr(value))
    if kind is codes.ANY:
        return Characters(r"[\s\S]" if everything else r"[^\n]")
    if kind is codes.IN:
        edges = [code for kind, inside in value if kind in (codes.LITERAL, codes.RANGE) for code in _codes(inside)]
        return Characters(_own_case(_class(value), cased), edges="".join(map(chr, edges)))
    if kind is codes.BRANCH:
        return Choice(tuple(_sequence(branch, cased, everything) for branch in value[1]))
    if kind is codes.SUBPATTERN:
        _, added, removed, body = value
        if added & ~(re.IGNORECASE | re.DOTALL | re.VERBOSE | re.MULTILINE):
            raise ExpressionError("a group in it sets a flag.", "Only 'i', 's' and 'x' may be set.")
        cased = (cased or bool(removed & re.IGNORECASE)) and not added & re.IGNORECASE
        everything = (everything or bool(added & re.DOTALL)) and not removed & re.DOTALL
        return _sequence(body, cased, everything)
    if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT):
        least, most, body = value
        if most is codes.MAXREPEAT:
            raise ExpressionError("it has no longest match.", "Write a bound, for instance '{1,40}' for '+'.")
        return Repeat(_sequence(body, cased, everything), int(least), int(most), kind is codes.MIN_REPEAT)
    if kind is codes.AT and value in (codes.AT_BOUNDARY, codes.AT_NON_BOUNDARY):
        return Mark(r"\b" if value is codes.AT_BOUNDARY else r"\B")
    if kind in (codes.ASSERT, codes.ASSERT_NOT):
        return _look(kind, value, cased, everything)
    if kind is codes.AT:
        raise ExpressionError("'^' and '$' hold it to a beginning or an end, and a stream has none.", r"Write '\b'.")
    what = "it refers back to a group, or keeps what it has matched ('*+', '(?>...)')."
    raise ExpressionError(what, "Write it without.")


def _look(kind: Any, value: Any, cased: bool, everything: bool) -> Look:
    direction, body = value
    inner = _sequence(body, cased, everything)
    _, most = width(inner)
    if most > LONGEST_LOOK or any(isinstance(node, Look) for node in every_part(inner)):
        what = f"it looks more than {LONGEST_LOOK} characters ahead or behind, or from within such a look."
        raise ExpressionError(what, "Look less far.")
    sign = ("=" if kind is codes.ASSERT else "!") if direction > 0 else ("<=" if kind is codes.ASSERT else "<!")
    # A mark at the end of what it looks at sees one character more.
    return Look(f"(?{sign}{written(inner)})", direction > 0, most + _looks(inner, ahead=direction > 0))


def _codes(value: Any) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


def _own_case(source: str, cased: bool) -> str:
    return f"(?-i:{source})" if cased else source


def _sign(code: int) -> str:
    return re.escape(chr(code))


def _class(items: Sequence[tuple[Any, Any]]) -> str:
    said = []
    for kind, value in items:
        if kind is codes.NEGATE:
            said.append("^")
        elif kind is codes.LITERAL:
            said.append(_in_class(value))
        elif kind is codes.RANGE:
            said.append(f"{_in_class(value[0])}-{_in_class(value[1])}")
        elif kind is codes.CATEGORY and value in _CATEGORIES:
            said.append(_CATEGORIES[value])
        else:
            raise ExpressionError("it holds a class that is not known here.", "Write its characters out.")
    return f"[{''.join(said)}]"


def _in_class(code: int) -> str:
    return chr(code) if chr(code).isalnum() else f"\\U{code:08x}"


# --- what a tree says ------------------------------------------------------------------------------


def written(node: Node) -> str:
    """The expression of a tree."""
    if isinstance(node, (Characters, Mark, Look)):
        return node.source
    if isinstance(node, Sequence_):
        return "".join(written(item) for item in node.items)
    if isinstance(node, Choice):
        return f"(?:{'|'.join(written(branch) for branch in node.branches)})"
    return f"(?:{written(node.body)}){{{node.least},{node.most}}}{'?' if node.lazy else ''}"


def width(node: Node) -> tuple[int, int]:
    """Characters of the shortest and of the longest match."""
    if isinstance(node, Characters):
        return 1, 1
    if isinstance(node, Sequence_):
        widths = [width(item) for item in node.items]
        return sum(least for least, _ in widths), sum(most for _, most in widths)
    if isinstance(node, Choice):
        widths = [width(branch) for branch in node.branches]
        return min(least for least, _ in widths), max(most for _, most in widths)
    if isinstance(node, Repeat):
        least, most = width(node.body)
        return least * node.least, most * node.most
    return 0, 0


def every_part(node: Node) -> Iterator[Node]:
    """The tree and everything in it."""
    yield node
    if isinstance(node, Sequence_):
        for item in node.items:
            yield from every_part(item)
    elif isinstance(node, Choice):
        for branch in node.branches:
            yield from every_part(branch)
    elif isinstance(node, Repeat):
        yield from every_part(node.body)


def _depth(node: Node) -> int:
    if isinstance(node, Sequence_):
        return max(map(_depth, node.items), default=0)
    if isinstance(node, Choice):
        return 1 + max(map(_depth, node.branches))
    return 1 + _depth(node.body) if isinstance(node, Repeat) else 0


def _looks(node: Node, ahead: bool) -> int:
    """How far it looks in one direction; a mark looks at one character on either side."""
    far = 0
    for part in every_part(node):
        if isinstance(part, Mark):
            far = max(far, 1)
        elif isinstance(part, Look) and part.ahead == ahead:
            far = max(far, part.width)
    return far


class _Ways:
    """Counts from above in how many ways one text can be read from one place."""

    def __init__(self, tree: Node) -> None:
        characters = [part for part in every_part(tree) if isinstance(part, Characters)]
        classes = {part.source for part in characters}
        signs = set(_TELLING)
        for sign in "".join(part.edges for part in characters):
            # The neighbours tell where a range ends.
            signs |= {sign, chr(max(0, ord(sign) - 1)), chr(min(0x10FFFF, ord(sign) + 1))}
        signs |= {sign.swapcase() for sign in signs if len(sign.swapcase()) == 1}
        self._classes = {
            source: frozenset(sign for sign in signs if re.fullmatch(source, sign, re.IGNORECASE)) for source in classes
        }
        # Behind the last piece nothing can fail, so nothing is tried a second time.
        self.ways = self._count(tree, frozenset())

    def _first(self, node: Node) -> tuple[Samples, bool]:
        """What it may begin with, and whether it may be empty."""
        if isinstance(node, Characters):
            return self._classes[node.source], False
        if isinstance(node, (Mark, Look)):
            # It reads nothing. Where it fails, what stands before is tried with other ends, of which there are no
            # more than a match is long: that adds to the work and does not multiply it.
            return frozenset(), True
        if isinstance(node, Sequence_):
            return self._first_of(node.items)
        if isinstance(node, Choice):
            firsts = [self._first(branch) for branch in node.branches]
            return frozenset().union(*(first for first, _ in firsts)), any(empty for _, empty in firsts)
        first, empty = self._first(node.body)
        return first if node.most else frozenset(), empty or node.least == 0

    def _first_of(self, items: Sequence[Node]) -> tuple[Samples, bool]:
        found: Samples = frozenset()
        for item in items:
            first, empty = self._first(item)
            found |= first
            if not empty:
                return found, False
        return found, True

    def _count(self, node: Node, follows: Samples) -> int:
        if isinstance(node, Sequence_):
            ways = 1
            for place, item in enumerate(node.items):
                next_, empty = self._first_of(node.items[place + 1 :])
                ways *= self._count(item, next_ | (follows if empty else frozenset()))
                if ways > MOST_WAYS:
                    return MOST_WAYS + 1
            return ways
        if isinstance(node, Choice):
            counts = [self._count(branch, follows) for branch in node.branches]
            firsts = [self._first(branch) for branch in node.branches]
            sizes = sum(len(first) for first, _ in firsts)
            apart = sizes == len(frozenset().union(*(first for first, _ in firsts)))
            return max(counts) if apart and not any(empty for _, empty in firsts) else sum(counts)
        if isinstance(node, Repeat):
            return self._count_repeat(node, follows)
        return 1

    def _count_repeat(self, node: Repeat, follows: Samples) -> int:
        first, empty = self._first(node.body)
        again = first if node.most > 1 else frozenset()
        inner = self._count(node.body, again | follows)
        if empty and node.most > 1:
            return MOST_WAYS + 1
        # Where what follows cannot be another turn, there is one place only to stop.
        stops = node.most - node.least + 1 if first & follows else 1
        if inner > 1 and node.most > 16:
            return MOST_WAYS + 1
        return min(MOST_WAYS + 1, stops * int(inner ** max(1, node.most)))
