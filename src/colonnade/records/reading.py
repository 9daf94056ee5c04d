"""Files that people write, read into records; every complaint names the file and the line."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from colonnade.records.errors import InputError
from colonnade.records.record import Record

R = TypeVar("R", bound=Record)
Place = tuple[str | int, ...]


class LocatedYaml:
    """A YAML value together with the line on which each of its parts stands."""

    def __init__(self, value: Any, lines: dict[Place, int], file: Path) -> None:
        self.value, self.lines, self.file = value, lines, file

    def line(self, place: Place) -> int:
        """The line of a part, or of the closest part around it that is known."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_text(file: Path) -> str:
    """The file as text.

    Raises:
        InputError: where it is missing or not UTF-8 (with the line of the first bad byte).
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise InputError("there is no such file.", file=file, mend="Write it, or start from 'colonnade init DIR'.") from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a file.", file=file) from None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise InputError(
            f"byte {content[fault.start]:#04x} is not UTF-8.", file=file, line=line, mend="Save the file as UTF-8."
        ) from None


def parse_yaml(text: str, file: Path, first_line: int = 1) -> LocatedYaml:
    """YAML with the line of every part; ``first_line`` is where ``text`` starts in the file.

    Raises:
        InputError: where it is not YAML, or a key stands twice in one mapping.
    """
    lines: dict[Place, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _walk(node, (), lines, file, first_line)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        line = first_line + (mark.line if mark else 0)
        raise InputError(
            f"this is not YAML: {fault.problem or fault.context}.", file=file, line=line, mend="Mend the indentation, quotes or brackets there."
        ) from None
    except (yaml.YAMLError, ValueError) as fault:
        raise InputError(f"this is not YAML: {fault}.", file=file, line=first_line) from None
    return LocatedYaml(value, lines, file)


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], file: Path, first_line: int) -> None:
    lines[place] = first_line + node.start_mark.line
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key_node, value_node in node.value:
            key = key_node.value
            if key in seen:
                raise InputError(
                    f"the key '{key}' stands twice.", file=file, line=first_line + key_node.start_mark.line, mend="Keep one of the two."
                )
            seen.add(key)
            _walk(value_node, (*place, key), lines, file, first_line)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines, file, first_line)


def to_record(kind: type[R], located: LocatedYaml) -> R:
    """The YAML value as a record.

    Raises:
        InputError: for the first thing that does not fit, at its line.
    """
    if not isinstance(located.value, dict):
        raise InputError("expected 'key: value' lines here.", file=located.file, line=located.line(()))
    try:
        return kind.model_validate(located.value)
    except ValidationError as fault:
        raise complaint(fault, located.file, located.line) from None


def complaint(fault: ValidationError, file: Path, line_of: Callable[[Place], int]) -> InputError:
    """The first error of a validation as a sentence with its place."""
    error = fault.errors()[0]
    place = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-")))
    name = ".".join(str(part) for part in place) or "the record"
    if error["type"] == "extra_forbidden":
        what, mend = f"'{name}' is not a known key.", "Remove it or correct its spelling."
    elif error["type"] == "missing":
        what, mend = f"'{name}' is missing.", "Add it."
    else:
        shown = repr(error["input"])
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        what = f"'{name}' is {shown}: {error['msg'][0].lower()}{error['msg'][1:]}."
        mend = ""
    return InputError(what, file=file, line=line_of(place), mend=mend)


def read_yaml(kind: type[R], file: Path) -> R:
    """A whole YAML file as one record."""
    return to_record(kind, parse_yaml(read_text(file), file))


def read_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of every line of a JSONL file; empty lines are passed over.

    Raises:
        InputError: at the first line that is not a JSON object.
    """
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if line.strip():
            yield number, parse_row(line, file, number)


def parse_row(line: str, file: Path, number: int) -> dict[str, Any]:
    """One JSONL line as an object."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as fault:
        raise InputError(f"this is not JSON: {fault.msg} at column {fault.colno}.", file=file, line=number, mend="One JSON object per line.") from None
    except RecursionError:
        raise InputError("this is nested too deeply.", file=file, line=number) from None
    if not isinstance(row, dict):
        raise InputError("expected a JSON object, {...}.", file=file, line=number)
    return row


def row_to_record(kind: type[R], row: dict[str, Any], file: Path, line: int) -> R:
    """One object of a JSONL file as a record."""
    try:
        return kind.model_validate(row)
    except ValidationError as fault:
        raise complaint(fault, file, lambda _place: line) from None


def read_records(kind: type[R], file: Path) -> tuple[R, ...]:
    """Every line of a JSONL file as a record."""
    return tuple(row_to_record(kind, row, file, line) for line, row in read_rows(file))
