"""What word processors and unfamiliar hands leave in a file, found where its parser gave up.

A slip is named only where mending it lets the parser get further, so that quotation marks or
tabs that belong to a text are never blamed for another fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

_DOUBLE = "“”„‟«»″"
_SINGLE = "‘’‚‛‹›′"
_STRAIGHT = str.maketrans(dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_SINGLE, "'"))
_ONLY_DOUBLE = str.maketrans(dict.fromkeys(_DOUBLE + _SINGLE, '"'))
_NO_BREAK = re.compile("[\u00a0\u2007\u202f]")
_CURLY = re.compile(f"[{_DOUBLE}{_SINGLE}]")
_NO_COLON = re.compile(r"^(?P<lead>\s*(?:- +)?)(?P<key>[A-Za-z_][\w-]*)(?P<gap>:(?=[^\s:])| +|$)(?P<value>.*)$")
_COLON_IN_TEXT = re.compile(r"^(?P<lead>\s*(?:- +)?(?P<key>[A-Za-z_][\w-]*): +)(?P<value>[^\s\"'\[{|>].*)$")
_MOST = 100_000
"""Characters of a text in which slips are looked for; each look is another parse."""


class Slip(NamedTuple):
    """One slip.

    Attributes:
        line: counted from 0 within the text.
        what, mend: the sentences of a complaint.
    """

    line: int
    what: str
    mend: str


def slip_in_yaml(text: str, fault: yaml.MarkedYAMLError) -> Slip | None:
    """The slip that made YAML unreadable, or nothing where it is another kind of fault."""
    if len(text) > _MOST or fault.problem_mark is None:
        return None
    lines = text.split("\n")
    last = min(fault.problem_mark.line + 1, len(lines) - 1)
    first = max(min(fault.problem_mark.line - 1, fault.context_mark.line if fault.context_mark else last), 0)
    rest = _unread(text)
    for repair in (_tab, _curly, _no_break, _colon, _text):
        # Long flow mappings span a few lines; what is further away than this is no slip of one key.
        for number in range(max(first, last - 20), last + 1):
            for mended, what, mend in repair(lines[number]):
                if _unread("\n".join((*lines[:number], mended, *lines[number + 1 :]))) < rest:
                    return Slip(number, what, mend)
    return None


def slip_in_json(row: str, fault: json.JSONDecodeError) -> Slip | None:
    """The slip that made a row of JSON unreadable, or nothing."""
    sign = row[fault.pos : fault.pos + 1]
    if _CURLY.search(row) and (_CURLY.match(sign) or _is_json(row.translate(_ONLY_DOUBLE))):
        return Slip(0, *_of_quotes(row, '"'))
    if _NO_BREAK.match(sign):
        return Slip(0, *_of_no_break())
    if sign == "'":
        return Slip(0, "this row has names or texts in single quotes.", "Write \" instead of ' around them.")
    if sign in ("}", "]") and row[: fault.pos].rstrip().endswith(","):
        return Slip(0, f"this row has a comma before its '{sign}'.", "Remove the comma.")
    return None


def slip_in_name(name: str) -> tuple[str, str, str] | None:
    """What the key was meant to be, what is wrong with it and how to mend it, if it is a slip."""
    if _CURLY.search(name):
        return _CURLY.sub("", name).strip(), *_of_quotes(name, '"')
    if _NO_BREAK.search(name):
        plain = _NO_BREAK.sub(" ", name)
        return re.split(r"[:\s]", plain.strip())[0], *_of_no_break()
    # Two words are a key and its value; more of them are rather a text that a comma cut in two.
    glued = re.match(r"^([A-Za-z_]\w*)(?::|\s+)([\w\"'\[{][^\s?]*)$", name)
    if glued:
        return glued[1], *_of_colon(glued[1], glued[2])
    return None


def slip_in_value(value: Any) -> tuple[str, str] | None:
    """What is wrong with a text that was not accepted, if it is a slip at one of its ends."""
    if isinstance(value, str) and value:
        if _CURLY.match(value[0]) or _CURLY.match(value[-1]):
            return _of_quotes(value[0] + value[-1], '"')
        if _NO_BREAK.match(value[0]) or _NO_BREAK.match(value[-1]):
            return _of_no_break()
    return None


# --- one slip each: the line as it would be without it, and the sentences ---------------------------


_Repairs = Iterator[tuple[str, str, str]]


def _tab(line: str) -> _Repairs:
    if "\t" in line:
        indented = "\t" in line[: len(line) - len(line.lstrip())]
        what = "this line is indented with a tab." if indented else "this line has a tab in it."
        yield line.replace("\t", "  "), what, "Use blanks."


def _curly(line: str) -> _Repairs:
    if _CURLY.search(line):
        yield line.translate(_STRAIGHT), *_of_quotes(line, '"')


def _no_break(line: str) -> _Repairs:
    if _NO_BREAK.search(line):
        yield _NO_BREAK.sub(" ", line), *_of_no_break()


def _colon(line: str) -> _Repairs:
    found = _NO_COLON.match(line)
    if found:
        value = found["value"].strip()
        yield f"{found['lead']}{found['key']}: {value}".rstrip(), *_of_colon(found["key"], value)


def _text(line: str) -> _Repairs:
    found = _COLON_IN_TEXT.match(line)
    if found:
        value = found["value"].rstrip()
        quoted = json.dumps(value, ensure_ascii=False)
        shown = quoted if len(quoted) <= 60 else '"..."'
        if re.search(r":(\s|$)", value):
            yield (
                found["lead"] + quoted,
                f"this is not YAML: a colon stands in the text behind '{found['key']}:'.",
                f"Put the text in quotes: {found['key']}: {shown}.",
            )
        elif value[0] in "@`%&*!?-":
            yield (
                found["lead"] + quoted,
                f"this is not YAML: a text must not begin with '{value[0]}'.",
                f"Put the text in quotes: {found['key']}: {shown}.",
            )


def _of_quotes(text: str, straight: str) -> tuple[str, str]:
    marks = list(dict.fromkeys(_CURLY.findall(text)))
    named = " and ".join((", ".join(marks[:-1]), marks[-1])) if len(marks) > 1 else marks[0]
    plural = "s" * (len(marks) > 1)
    return f"this line has the quotation mark{plural} {named} of a word processor.", f"Write {straight} instead."


def _of_no_break() -> tuple[str, str]:
    return "this line has a no-break space, which looks like a blank and is none.", "Write a blank instead."


def _of_colon(key: str, value: str) -> tuple[str, str]:
    shown = f": '{key}: {value}'" if 0 < len(value) <= 40 else f": '{key}: ...'" if value else f": '{key}:'"
    return f"this is not YAML: after '{key}' a colon and a blank must follow.", f"Write them{shown}."


# --- how far a parser gets ---------------------------------------------------------------------------


def _unread(text: str) -> int:
    """How many characters are left where the parser gives up; -1 where it reads everything."""
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        # An opened quote or bracket reads to the end and fails there; where it opened is what counts.
        if mark is not None and mark.index >= len(text.rstrip()) and fault.context_mark is not None:
            mark = fault.context_mark
        return len(text) - (mark.index if mark else 0)
    except (yaml.YAMLError, RecursionError, ValueError):
        return len(text)
    return -1


def _is_json(row: str) -> bool:
    try:
        json.loads(row)
    except (ValueError, RecursionError):
        return False
    return True
