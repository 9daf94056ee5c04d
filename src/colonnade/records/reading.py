"""Files that people write, read into records; every complaint names the file and the line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from colonnade.records.errors import InputError
from colonnade.records.record import Record
from colonnade.records.typing_slips import slip_in_json, slip_in_yaml
from colonnade.records.wording import Forms, Place, place_of, record_words, worth_saying, yaml_words

R = TypeVar("R", bound=Record)

_WRITTEN = (".yaml", ".yml")

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

_NO_FORMS: Mapping[str, str] = MappingProxyType({})

MOST_PARTS = 100_000
"""Parts that a YAML file may have once its aliases are unfolded; a few lines can unfold into billions."""


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
        InputError: where it is missing, cannot be read, is not UTF-8 or holds a NUL byte (with the
            line of the first bad byte).
    """
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        # A workspace is configured in YAML; any other file is data, which nobody can start from an empty workspace.
        mend = "Write it, or start from 'colonnade init DIR'." if file.suffix in _WRITTEN else "Check the path."
        raise InputError("there is no such file.", file=file, mend=mend) from None
    except IsADirectoryError:
        raise InputError("this is a folder, not a file.", file=file, mend="Put a file in its place.") from None
    except OSError as fault:
        what = f"this cannot be read: {fault.strerror or fault}."
        raise InputError(what, file=file, mend="Mend the link or its permissions.") from None
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as fault:
        if content.startswith(_UTF16_MARKS):
            what = "this is UTF-16, not UTF-8."
            raise InputError(what, file=file, line=1, mend="Save the file as UTF-8.") from None
        line = content.count(b"\n", 0, fault.start) + 1
        raise InputError(
            f"byte {content[fault.start]:#04x} is not UTF-8.", file=file, line=line, mend="Save the file as UTF-8."
        ) from None
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        what = "this holds a NUL byte, so it is not a text file."
        raise InputError(what, file=file, line=line, mend="Save it as plain UTF-8 text.")
    return text


class _Values(yaml.constructor.SafeConstructor):
    """Safe, and what looks like a value and is none, such as 30 February, is named with its line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As in the base class, with every fault of a value as a fault with a place."""
        if node.tag == "tag:yaml.org,2002:str" and isinstance(node, yaml.ScalarNode):
            return node.value  # nine of ten values, and nothing can be wrong with them
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError, LookupError, AttributeError) as fault:
            problem = f"'{node.value}' is not what it looks like ({fault})"
            raise yaml.constructor.ConstructorError(problem=problem, problem_mark=node.start_mark) from None


class _Loader(_Values, yaml.SafeLoader):
    """The parser in Python: the same words for a fault on every machine."""


if yaml.__with_libyaml__:

    class _FastLoader(_Values, yaml.CSafeLoader):
        """The parser in C: five times as fast, with words of its own for a fault."""

else:  # pragma: no cover  # a PyYAML built without its C extension
    _FastLoader = None  # type: ignore[assignment, misc]

_BARE_TAG = re.compile(r"(?<![^\s,\[{:-])!(?![^\s,\]}])")

_DEEPEST = 200
"""Levels from which on only the Python parser is used: the one in C would leave its stack."""


def parse_yaml(text: str, file: Path, first_line: int = 1) -> LocatedYaml:
    """YAML with the line of every part; ``first_line`` is where ``text`` starts in the file.

    What the fast parser refuses is read again by the one in Python, whose verdict and words count.
    It accepts a little more (``{ask: Is it so?}`` without quotes), and gives the same values.

    Raises:
        InputError: where it is not YAML, a key stands twice in one mapping, or it is nested too
            deeply or unfolds into too much.
    """
    try:
        if _FastLoader is not None and not _parts(text) and not _is_deep(text):
            return _located(_FastLoader, text, file, first_line)
    except (yaml.YAMLError, InputError, RecursionError, UnicodeError):
        pass  # said below, in the words of the parser in Python
    try:
        return _located(_Loader, text, file, first_line)
    except yaml.MarkedYAMLError as fault:
        raise _no_yaml(fault, text, file, first_line) from None
    except yaml.reader.ReaderError as fault:
        line = first_line + text.count("\n", 0, fault.position)
        what = f"this is not YAML: the character {fault.character:#04x} may not stand here."
        raise InputError(what, file=file, line=line, mend="Remove it.") from None
    except RecursionError:
        raise InputError("this is nested too deeply.", file=file, line=first_line, mend="Write it flat.") from None


def _no_yaml(fault: yaml.MarkedYAMLError, text: str, file: Path, first_line: int) -> InputError:
    slip = slip_in_yaml(text, fault)
    if slip is not None:
        return InputError(slip.what, file=file, line=first_line + slip.line, mend=slip.mend)
    mark = fault.problem_mark or fault.context_mark
    line = first_line + (mark.line if mark else 0)
    what, mend = yaml_words(fault, first_line)
    return InputError(f"this is not YAML: {what}.", file=file, line=line, mend=mend)


def _located(kind: type[_Loader] | type[_FastLoader], text: str, file: Path, first_line: int) -> LocatedYaml:
    lines: dict[Place, int] = {}
    loader = kind(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return LocatedYaml(None, lines, file)
        # The places first: constructing folds merge keys (<<) into their mappings.
        _walk(node, (), lines, file, first_line)
        return LocatedYaml(loader.construct_document(node), lines, file)
    finally:
        loader.dispose()


def _parts(text: str) -> bool:
    """Whether the text holds what the two parsers read differently: tabs, or a tag without a name."""
    return "\t" in text or ("!" in text and _BARE_TAG.search(text) is not None)


def _is_deep(text: str) -> bool:
    """Whether the text nests deeper than a parser in C can follow.

    Every level needs an opening bracket, or a column of its own to start at; most texts have too
    few of both for more. In the others the levels are counted, which recurses nowhere.

    Raises:
        YAMLError: where the text is not YAML.
    """
    lines = text.split("\n")
    if text.count("[") + text.count("{") + max(map(len, lines)) < _DEEPEST:
        return False
    depth = 0
    for event in yaml.parse(text, Loader=_FastLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int], file: Path, first_line: int) -> None:
    lines[place] = first_line + node.start_mark.line
    if len(lines) > MOST_PARTS:
        what = f"this unfolds into more than {MOST_PARTS} parts."
        raise InputError(what, file=file, line=lines[place], mend="Write it without aliases (*name).")
    if isinstance(node, yaml.ScalarNode) and not _is_text(node.value):
        what = "half of a surrogate pair (\\ud800 to \\udfff) stands for no character."
        raise InputError(what, file=file, line=lines[place], mend="Write the character itself.")
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = key_node.value
            if not (isinstance(key, str) and _is_text(key)):
                line = first_line + key_node.start_mark.line
                raise InputError("this key is not plain text.", file=file, line=line, mend="Write 'name: value'.")
            if key in seen:
                raise InputError(
                    f"the key '{key}' stands twice.",
                    file=file,
                    line=first_line + key_node.start_mark.line,
                    mend="Keep one of the two.",
                )
            seen.add(key)
            _walk(value_node, (*place, key), lines, file, first_line)
            if value_node.start_mark.index == value_node.end_mark.index:
                # Nothing stands there; the parsers place it before or behind the line end.
                lines[*place, key] = first_line + key_node.end_mark.line
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*place, index), lines, file, first_line)


def to_record(kind: type[R], located: LocatedYaml) -> R:
    """The YAML value as a record.

    Raises:
        InputError: for the first thing that does not fit, at its line.
    """
    if not isinstance(located.value, dict):
        line, mend = located.line(()), "Start from 'colonnade init DIR'."
        if isinstance(located.value, str):
            mend = "Write a key, a colon, a blank and the value, like 'title: Loans'."
        raise InputError("expected 'key: value' lines here.", file=located.file, line=line, mend=mend)
    try:
        return kind.model_validate(located.value)
    except ValidationError as fault:
        raise complaint(fault, located.file, located.line) from None


def without_value(located: LocatedYaml) -> dict[Place, InputError]:
    """A complaint for each key behind which nothing stands, by its place.

    Where a value may be missing, an empty one is taken for none: no threshold, or an exception for
    everybody. Whoever wrote the key meant something.
    """
    found: dict[Place, InputError] = {}
    pending: list[tuple[Place, Any]] = [((), located.value)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, dict):
            pending += [((*place, key), part) for key, part in value.items()]
        elif isinstance(value, list):
            pending += [((*place, index), part) for index, part in enumerate(value)]
        elif value is None and place and isinstance(place[-1], str):
            mend = "Write one behind the colon, or remove the key."
            found[place] = InputError(
                f"'{place[-1]}' has no value.", file=located.file, line=located.line(place), mend=mend
            )
    return dict(sorted(found.items(), key=lambda row: row[1].line or 0))


def complaint(
    fault: ValidationError, file: Path, line_of: Callable[[Place], int], forms: Forms = _NO_FORMS
) -> InputError:
    """The first error of a validation as a sentence with its place."""
    return complaints(fault, file, line_of, forms)[0]


def complaints(
    fault: ValidationError, file: Path, line_of: Callable[[Place], int], forms: Forms = _NO_FORMS
) -> tuple[InputError, ...]:
    """Every error of a validation as a sentence with its place.

    Args:
        fault: what the validation said.
        file: where it stands.
        line_of: the line of a part.
        forms: how keys are written, for those that are missing or wrong.
    """
    said = []
    for error in worth_saying(fault.errors()):
        what, mend = record_words(error, forms)
        said.append(InputError(what, file=file, line=line_of(place_of(error)), mend=mend))
    return tuple(said)


def to_whole_record(kind: type[R], located: LocatedYaml) -> R:
    """The YAML value as a record, every key with a value.

    Raises:
        InputError: for the first thing that does not fit, or has no value.
    """
    record = to_record(kind, located)
    for error in without_value(located).values():
        raise error
    return record


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
    """One JSONL line as an object.

    Raises:
        InputError: where it is not a JSON object, or a key stands twice in it.
    """
    mend = "Write one JSON object per line."
    try:
        row = _ROWS.decode(line)
        if "\\ud" in line.lower() and not _is_text(row):
            raise ValueError("half of a surrogate pair (\\ud800 to \\udfff) stands for no character")
    except json.JSONDecodeError as fault:
        slip = slip_in_json(line, fault)
        if slip is not None:
            raise InputError(slip.what, file=file, line=number, mend=slip.mend) from None
        what = f"this is not JSON: {fault.msg} at column {fault.colno}."
        raise InputError(what, file=file, line=number, mend=mend) from None
    except ValueError as fault:
        raise InputError(f"this is not JSON: {fault}.", file=file, line=number, mend=mend) from None
    except RecursionError:
        raise InputError("this is nested too deeply.", file=file, line=number, mend="Write it flat.") from None
    if not isinstance(row, dict):
        raise InputError("expected a JSON object, {...}.", file=file, line=number, mend=mend)
    return row


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key '{next(name for name in names if names.count(name) > 1)}' stands twice")
    return row


def _is_text(value: Any) -> bool:
    """Whether a value can be written as UTF-8, which no digest can do without."""
    try:
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


_ROWS = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_number)


def row_to_record(kind: type[R], row: dict[str, Any], file: Path, line: int, forms: Forms = _NO_FORMS) -> R:
    """One object of a JSONL file as a record."""
    try:
        return kind.model_validate(row)
    except ValidationError as fault:
        raise complaint(fault, file, lambda _place: line, forms) from None


def read_records(kind: type[R], file: Path) -> tuple[R, ...]:
    """Every line of a JSONL file as a record."""
    return tuple(row_to_record(kind, row, file, line) for line, row in read_rows(file))
