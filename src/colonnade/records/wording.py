"""The complaints of the parsers of YAML and of records, in words of people who do not program."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from colonnade.records.typing_slips import slip_in_name, slip_in_value

Place = tuple[str | int, ...]

Forms = Mapping[str, str]
"""How a key is written, by its dotted name without the numbers of rows: ``exceptions.expires`` and the form."""


# --- YAML ------------------------------------------------------------------------------------------

_QUOTES = "Mend the indentation, quotes or brackets there."
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (
        r"mapping values are not allowed here",
        "a colon stands where none is expected",
        "Begin the keys of one block in the same column, and put a text with a colon in quotes.",
    ),
    (
        r"expected <block end>, but found '<scalar>'",
        "more text stands behind a closing quotation mark",
        "Put the whole text in one pair of quotes; in the lines above, close every quotation mark.",
    ),
    (
        r"expected <block end>, but found '[\]}]'",
        "a bracket closes that was not opened",
        "Write the key, a colon, a blank and then the bracket, or remove the bracket.",
    ),
    (
        r"expected <block end>",
        "this line does not begin in the column of the lines that it belongs to",
        "Begin the keys of one block in the same column.",
    ),
    (
        r"expected ',' or '([\]}])'",
        "the bracket that opens in line {opened} has no end, or a comma is missing in it",
        "Add '{0}' or the comma; a text with a colon, a comma or a quotation mark stands in quotes.",
    ),
    (
        r"found unexpected end of stream",
        "the quotation mark that opens in line {opened} has no end",
        "Close it with the same mark.",
    ),
    (r"expected the node content, but found '<stream end>'", "a bracket has no end", "Close it."),
    (
        r"expected alphabetic or numeric character",
        "a text must not begin with '*' or '&'",
        'Put it in quotes, like "*".',
    ),
    (r"found unknown escape character '(.)'", "'\\{0}' means nothing in double quotes", "Write '\\\\{0}'."),
    (r"found character '(.)' that cannot start any token", "a text must not begin with '{0}'", "Put it in quotes."),
    (
        r"could not find expected ':'",
        "this line is no 'key: value'",
        "Write a key, a colon, a blank and the value.",
    ),
    (
        r"(sequence|block sequence) entries are not allowed here",
        "a row '- ...' stands behind its key",
        "Write each row in a line of its own below the key.",
    ),
    (
        r"is not what it looks like",
        "",
        "Write a day like 2027-12-31; put what is meant as a text in quotes.",
    ),
)


def yaml_words(fault: yaml.MarkedYAMLError, first_line: int) -> tuple[str, str]:
    """What is wrong with a YAML text, and how to mend it."""
    problem = str(fault.problem or fault.context)
    opened = first_line + fault.context_mark.line if fault.context_mark else first_line
    for pattern, what, mend in _PROBLEMS:
        found = re.search(pattern, problem)
        if found:
            return (what.format(*found.groups(), opened=opened) or problem), mend.format(*found.groups())
    return problem, _QUOTES


# --- records ---------------------------------------------------------------------------------------


def shown(value: Any) -> str:
    """The beginning of a value; what is nested too deeply to be shown is only named."""
    if value is None or isinstance(value, bool):
        return "empty" if value is None else str(value).lower()
    try:
        said = repr(value)
    except RecursionError:
        return f"a deeply nested {type(value).__name__}"
    return said if len(said) <= 60 else said[:57] + "..."


def worth_saying(errors: Sequence[Any]) -> Iterator[Any]:
    """The errors of a validation without those that follow from others.

    A key that is there with a slip in it comes first and is not missing, too; a list is not short
    because its rows are wrong.
    """
    slips = {place_of(error): slip for error in errors if (slip := _slip(error)) is not None}
    meant = {(*place[:-1], slip[0]) for place, slip in slips.items()}
    around = {place_of(error)[:end] for error in errors for end in range(len(place_of(error)))}
    yield from (error for error in errors if place_of(error) in slips)
    for error in errors:
        place, kind = place_of(error), error["type"]
        follows = (kind == "missing" and place in meant) or (kind == "too_short" and place in around)
        if place not in slips and not follows:
            yield error


def record_words(error: Any, forms: Forms) -> tuple[str, str]:
    """What does not fit in a record, and how to mend it."""
    place, value = place_of(error), error["input"]
    name = ".".join(map(str, place)) or "the record"
    form = forms.get(".".join(part for part in place if isinstance(part, str)), "")
    if error["type"] == "extra_forbidden":
        return _unknown(error, name)
    if error["type"] == "missing":
        return f"'{name}' is missing.", f"Add {form}." if form else "Add it."
    is_ = shown(value)
    slip = slip_in_value(value)
    if slip is not None:
        return f"'{name}' is {is_}: {slip[0]}", slip[1]
    what, mend, may_be_shown = _kind(error, place, value)
    message = error["msg"].removeprefix("Value error, ")
    return f"'{name}' is {is_}: {what or message[0].lower() + message[1:]}.", (
        f"Write {form}." if form and may_be_shown else mend
    )


def _unknown(error: Any, name: str) -> tuple[str, str]:
    what, slip = f"'{name}' is not a known key", _slip(error)
    if slip is not None:
        return f"{what}: {slip[1].removeprefix('this is not YAML: ')}", slip[2]
    if error["input"] is None and re.search(r"\s|\W$", name):
        mend = "Put the text in quotes if this, behind a comma, is a part of it; otherwise correct the spelling."
        return f"{what}.", mend
    return f"{what}.", "Remove it or correct its spelling."


_LISTS = ("tuple_type", "list_type", "set_type", "frozen_set_type")
_MAPPINGS = ("dict_type", "model_type", "model_attributes_type", "mapping_type")
_NUMBERS = ("int_type", "int_parsing", "float_type", "float_parsing")
_BOOLEANS = ("bool_type", "bool_parsing")


def _kind(error: Any, place: Place, value: Any) -> tuple[str, str, bool]:
    """Our words for what pydantic says, where we have some, a mend, and whether a known form is a better one."""
    kind = error["type"]
    if kind in _LISTS:
        return _no_list(place, value)
    if kind in _MAPPINGS:
        what = "names with values must stand here"
        return what, "Write it like {name: value}, or each 'name: value' in a line of its own.", True
    if kind.startswith(("date_", "datetime_")):
        return "this is no day", "Write the day like 2027-12-31.", False
    if kind == "string_type":
        return _no_text(place, value)
    if kind == "string_pattern_mismatch":
        pattern = error.get("ctx", {}).get("pattern", "")
        return "this has not the form that is asked for", f"Write it so that it fits the pattern {pattern}.", True
    if kind == "too_short":
        least = error["ctx"]["min_length"]
        return f"at least {least} item{'s' * (least != 1)} must stand here", "Add what is missing.", True
    if kind in ("enum", "literal_error"):
        return "", "Write one of these.", False
    if kind in _BOOLEANS:
        return "true or false must stand here", "Write true or false.", True
    if kind in _NUMBERS:
        return "a number must stand here", "Write a number without quotes.", True
    if kind == "int_from_float":
        return "a whole number must stand here", "Write a whole number.", True
    return "", "", False


def _no_list(place: Place, value: Any) -> tuple[str, str, bool]:
    what = "a list must stand here"
    if place and isinstance(place[-1], str) and isinstance(value, str) and 0 < len(value) <= 40 and '"' not in value:
        row = value if re.fullmatch(r"\w[\w ./@-]*", value) else f'"{value}"'
        return what, f"Write '{place[-1]}: [{row}]'.", False
    if isinstance(value, bool):
        return what, 'Write it in square brackets; NO, yes, on and off stand in quotes there, like ["NO"].', False
    return what, "Begin each of its rows with '- ', or write [one, two].", True


def _no_text(place: Place, value: Any) -> tuple[str, str, bool]:
    if isinstance(value, bool):
        what = "YAML takes NO, no, yes, on and off for true or false, and a text must stand here"
        return what, 'Put the word in quotes, like "NO".', False
    mend = "Write a text, in quotes where it has a colon or a comma."
    if value is not None and not isinstance(value, dict | list):
        mend = f'Put it in quotes: "{value}".'
    return "a text must stand here", mend, bool(place) and isinstance(place[-1], str)


def place_of(error: Any) -> Place:
    """Keys and numbers of rows that lead to what an error of a validation is about."""
    return tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-")))


def _slip(error: Any) -> tuple[str, str, str] | None:
    """The slip in a key that is not known: what it was meant to be, what is wrong, and the mend."""
    place = place_of(error)
    if error["type"] != "extra_forbidden" or not place or not isinstance(place[-1], str):
        return None
    return slip_in_name(place[-1])
