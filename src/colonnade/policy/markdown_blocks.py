"""A Markdown document cut into headings, prose, and what is no prose; every line belongs to one block."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.records import InputError

PROSE = "prose"

_HEADING = re.compile(r"^ {0,3}(?P<marks>#{1,6})[ \t]+(?P<title>.*?)[ \t]*$")
_UNDERLINE = re.compile(r"^ {0,3}(?P<mark>=|-)(?P=mark)+[ \t]*$")
_BRACES = re.compile(r"[ \t]*\{(?P<inside>[^{}]*)\}[ \t]*$")
_TOKEN = re.compile(r'[^\s="]+="[^"]*"|\S+')
_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_NOTE = re.compile(r"^ {0,3}(?:!!!|\?\?\?\+?)[ \t]*\S")
_CONTAINER = re.compile(r"^ {0,3}:{3,}[ \t]*\S")
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]]+\]:")
_TABLE_RULE = re.compile(r"^[ \t]*(?=.*\|)\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_BLOCK_TAGS = (
    "address|article|aside|blockquote|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]"
    "|header|hr|iframe|li|main|nav|ol|p|pre|script|section|style|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_HTML = re.compile(rf"^ {{0,3}}(?:</?(?:{_BLOCK_TAGS})(?:[\s/>]|$)|</?[A-Za-z][^<>]*>[ \t]*$|<[?!])", re.IGNORECASE)
_STARTS = re.compile(r"^[ \t]*(?:[-*+>|]|\d+[.)])")


class Heading(NamedTuple):
    """A heading, and what it declares between braces.

    Attributes:
        ids: what is written as ``{#id}``; none where there is no such thing.
        attributes: name and value of the rest; a class is called ``class``, a bare word ``attribute``.
    """

    level: int
    title: str
    ids: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]


class Block(NamedTuple):
    """Some lines of the document.

    Attributes:
        kind: ``prose``, or what it is that is none; empty for a heading.
        line: where it begins.
        lines: as they stand there.
    """

    kind: str
    line: int
    lines: tuple[str, ...]
    heading: Heading | None = None


def split_blocks(text: str, file: Path) -> tuple[Block, ...]:
    """Every line of a document, in order, in blocks.

    Raises:
        InputError: for a fenced block without an end, since nothing after it could be told apart.
    """
    lines = text.split("\n")
    blocks: list[Block] = []
    prose: list[str] = []
    number = 0
    while number < len(lines):
        kind, end, heading = _block_at(lines, number, file)
        if kind == PROSE:
            prose += lines[number:end]
        else:
            if prose:
                blocks.append(Block(PROSE, number - len(prose) + 1, tuple(prose)))
                prose = []
            blocks.append(Block(kind, number + 1, tuple(lines[number:end]), heading))
        number = end
    if prose:
        blocks.append(Block(PROSE, number - len(prose) + 1, tuple(prose)))
    return tuple(blocks)


def _block_at(lines: Sequence[str], at: int, file: Path) -> tuple[str, int, Heading | None]:
    """What begins at a line, and the line after its end."""
    if at == 0 and lines[0].rstrip() == "---":
        end = next((number for number in range(1, len(lines)) if lines[number].rstrip() == "---"), None)
        if end:
            return "front matter", end + 1, None
    if fence := _FENCE.match(lines[at]):
        return *_fenced(lines, at, fence, file), None
    if match := _HEADING.match(lines[at]):
        return "", at + 1, _heading(len(match["marks"]), match["title"])
    if _underlined(lines, at):
        return "", at + 2, _heading(1 if lines[at + 1].strip()[0] == "=" else 2, lines[at].strip())
    for kind, ends in _OTHERS:
        if end := ends(lines, at):
            return kind, end, None
    return PROSE, at + 1, None


def _heading(level: int, text: str) -> Heading:
    title = re.sub(r"(^|[ \t]+)#+$", "", text)
    braces = _BRACES.search(title)
    tokens = _TOKEN.findall(braces["inside"]) if braces else []
    ids = tuple(token[1:] for token in tokens if token[0] == "#" and token[1:])
    if not braces or not ids:
        return Heading(level, title.strip(), (), ())
    attributes = []
    for token in tokens:
        name, equals, value = token.partition("=")
        if token[0] == ".":
            attributes.append(("class", token[1:]))
        elif equals and name:
            attributes.append((name, value.strip('"')))
        elif token[0] != "#":
            attributes.append(("attribute", token))
    return Heading(level, title[: braces.start()].strip(), ids, tuple(attributes))


def _underlined(lines: Sequence[str], at: int) -> bool:
    """Whether a single line of prose stands over a rule, which makes it a heading."""
    if at + 1 >= len(lines) or not lines[at].strip() or not _UNDERLINE.match(lines[at + 1]):
        return False
    alone = at == 0 or not lines[at - 1].strip()
    return alone and not _STARTS.match(lines[at]) and not any(ends(lines, at) for _, ends in _OTHERS)


def _fenced(lines: Sequence[str], at: int, fence: re.Match[str], file: Path) -> tuple[str, int]:
    marks, info = fence["marks"], fence["info"].strip()
    kind = f"{_plain(info)} block" if _plain(info) else "block"
    if marks[0] == "`" and "`" in info:
        return "block", at + 1
    for number in range(at + 1, len(lines)):
        closing = lines[number].strip()
        if len(closing) >= len(marks) and not closing.strip(marks[0]):
            return kind, number + 1
    if len(fence["indent"].expandtabs(4)) > 3:
        return PROSE, at + 1
    what, mend = "this block has no end.", f"Close it with a line '{marks}'."
    raise InputError(what, file=file, line=at + 1, mend=mend)


def _plain(info: str) -> str:
    return " ".join(re.findall(r"\w+", info)[:1])


def _note(lines: Sequence[str], at: int) -> int:
    """The end of a note (``!!! kind``): everything below it that is indented or empty."""
    return _indented(lines, at + 1) if _NOTE.match(lines[at]) else 0


def _indented(lines: Sequence[str], at: int) -> int:
    end = number = at
    while number < len(lines) and (not lines[number].strip() or lines[number].startswith(("    ", "\t"))):
        number += 1
        if lines[number - 1].strip():
            end = number
    return end


def _container(lines: Sequence[str], at: int) -> int:
    if not _CONTAINER.match(lines[at]):
        return 0
    closing = (number for number in range(at + 1, len(lines)) if re.fullmatch(r" {0,3}:{3,}[ \t]*", lines[number]))
    end = next(closing, None)
    return 0 if end is None or any(_has_id(line) for line in lines[at:end]) else end + 1


def _has_id(line: str) -> bool:
    match = _HEADING.match(line)
    return bool(match and _heading(1, match["title"]).ids)


def _footnote(lines: Sequence[str], at: int) -> int:
    return _indented(lines, _paragraph(lines, at)) if _FOOTNOTE.match(lines[at]) else 0


def _table(lines: Sequence[str], at: int) -> int:
    rule = at + 1 < len(lines) and "|" in lines[at] and _TABLE_RULE.match(lines[at + 1])
    return _paragraph(lines, at) if rule else 0


def _html(lines: Sequence[str], at: int) -> int:
    if not _HTML.match(lines[at]):
        return 0
    if lines[at].lstrip().startswith("<!--"):
        end = next((number for number in range(at, len(lines)) if "-->" in lines[number]), None)
        return _paragraph(lines, at) if end is None else end + 1
    return _paragraph(lines, at)


def _paragraph(lines: Sequence[str], at: int) -> int:
    """The line after the last one that belongs together: an empty line, a heading or a fence ends it."""
    number = at + 1
    while number < len(lines) and lines[number].strip():
        if _HEADING.match(lines[number]) or _FENCE.match(lines[number]):
            break
        number += 1
    return number


_OTHERS: tuple[tuple[str, Callable[[Sequence[str], int], int]], ...] = (
    ("note", _note),
    ("note", _container),
    ("footnote", _footnote),
    ("table", _table),
    ("HTML", _html),
)


def paragraphs(blocks: Sequence[Block]) -> Iterator[tuple[str, ...]]:
    """Every paragraph: lines without an empty one between them, and each block that is no prose whole."""
    for block in blocks:
        if block.heading is None and block.kind != PROSE:
            yield block.lines
        elif block.heading is None:
            part: list[str] = []
            for line in (*block.lines, ""):
                if line.strip():
                    part.append(line)
                elif part:
                    yield tuple(part)
                    part = []
