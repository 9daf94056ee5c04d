"""A policy file read into clauses: front matter, why, then one heading per clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from colonnade.records import (
    Action,
    Admin,
    Boundary,
    Clause,
    Example,
    InputError,
    Level,
    Pillar,
    Record,
    Source,
    Status,
)
from colonnade.records.clause import ClauseException, Criterion, Scope, Severity, Thresholds
from colonnade.records.reading import LocatedYaml, Place, parse_row, parse_yaml, read_text, row_to_record, to_record

_HEADING = re.compile(r"^## +(?P<id>\S+)(?: +[—–-]+ +(?P<title>.+?))? *$")
_FENCE = re.compile(r"^ {0,3}```(?P<info>.*)$")
_CLAUSE_ID = re.compile(r"^[a-z][a-z0-9-]*\.[a-z0-9][a-z0-9.-]*$")


class FrontMatter(Record):
    """What stands between the two ``---`` lines of a policy file."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    pillar: Pillar
    status: Status
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    owners: Annotated[tuple[str, ...], Field(min_length=1)]
    quorum: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    review_by: date | None = None
    sources: tuple[Source, ...] = ()


class ClauseBlock(Record):
    """The fenced ``yaml clause`` block: the structure that routes the prose."""

    boundary: Boundary
    severity: Severity
    ceiling: Level | None = None
    above: Action = Action.REFUSE
    grantable: bool = False
    scope: Scope = Scope()
    exceptions: tuple[ClauseException, ...] = ()
    rubric: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    thresholds: Thresholds = Thresholds()
    maps: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class _Section(NamedTuple):
    """The lines below one clause heading, sorted by what they are."""

    id: str
    title: str
    line: int
    prose: tuple[str, ...]
    structure: tuple[int, str] | None
    examples: tuple[tuple[int, str], ...]


def read_policy(file: Path) -> tuple[Clause, ...]:
    """All clauses of one policy file.

    Raises:
        InputError: with file and line, for broken front matter, an unknown pillar, level or key,
            a clause without its block, or an example that names a missing exception.
    """
    lines = read_text(file).split("\n")
    front, body_start = _front_matter(lines, file)
    clauses = tuple(_clause(section, front, file) for section in _sections(lines, body_start, file))
    if not clauses:
        raise InputError(
            "this policy has no clause.", file=file, line=len(lines), mend="Add a heading '## id.name — Title'."
        )
    return clauses


def _front_matter(lines: list[str], file: Path) -> tuple[FrontMatter, int]:
    if not lines or lines[0].strip() != "---":
        raise InputError("the front matter is missing.", file=file, line=1, mend="Start the file with a '---' line.")
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == "---"), None)
    if end is None:
        raise InputError("the front matter has no end.", file=file, line=1, mend="Close it with a second '---' line.")
    return to_record(FrontMatter, parse_yaml("\n".join(lines[1:end]), file, first_line=2)), end + 1


def _sections(lines: list[str], start: int, file: Path) -> Iterator[_Section]:
    heading: tuple[str, str, int] | None = None
    prose: list[str] = []
    structure: tuple[int, str] | None = None
    examples: list[tuple[int, str]] = []
    number = start
    while number < len(lines):
        line = lines[number]
        if match := _HEADING.match(line):
            if heading:
                yield _Section(*heading, tuple(prose), structure, tuple(examples))
            heading = (match["id"], (match["title"] or match["id"]).strip(), number + 1)
            prose, structure, examples = [], None, []
        elif line.startswith("##") and not line.startswith("###"):
            raise InputError(
                "this heading names no clause.", file=file, line=number + 1, mend="Write '## id.name — Title'."
            )
        elif fence := _FENCE.match(line):
            end = next((at for at in range(number + 1, len(lines)) if lines[at].strip() == "```"), None)
            if end is None:
                raise InputError(
                    "this block has no end.", file=file, line=number + 1, mend="Close it with a line '```'."
                )
            info = fence["info"].split()
            if info and info[0] in ("yaml", "jsonl"):
                _check_block(info, heading is not None, file, number + 1)
            if info == ["yaml", "clause"]:
                if structure:
                    raise InputError(
                        "this clause has two 'yaml clause' blocks.", file=file, line=number + 1, mend="Keep one."
                    )
                structure = (number + 2, "\n".join(lines[number + 1 : end]))
            elif info == ["jsonl", "examples"]:
                examples += [(at + 1, lines[at]) for at in range(number + 1, end) if lines[at].strip()]
            number = end
        elif heading:
            prose.append(line)
        number += 1
    if heading:
        yield _Section(*heading, tuple(prose), structure, tuple(examples))


def _check_block(info: list[str], below_heading: bool, file: Path, line: int) -> None:
    """A block that would be passed over in silence would take a clause or its examples with it."""
    if info not in (["yaml", "clause"], ["jsonl", "examples"]):
        what, mend = f"this block is called '{' '.join(info)}'.", "Call it 'yaml clause' or 'jsonl examples'."
        raise InputError(what, file=file, line=line, mend=mend)
    if not below_heading:
        what, mend = "this block stands below no clause.", "Put the heading '## id.name — Title' above it."
        raise InputError(what, file=file, line=line, mend=mend)


def _clause(section: _Section, front: FrontMatter, file: Path) -> Clause:
    text = " ".join(" ".join(section.prose).split())
    if not _CLAUSE_ID.match(section.id):
        raise InputError(
            f"'{section.id}' is not a clause id.",
            file=file,
            line=section.line,
            mend=f"Write it like '{front.id}.name', in small letters.",
        )
    if not text:
        raise InputError(
            f"clause {section.id} has no prose.",
            file=file,
            line=section.line,
            mend="Say below the heading what holds, and why.",
        )
    if section.structure is None:
        raise InputError(
            f"clause {section.id} has no 'yaml clause' block.",
            file=file,
            line=section.line,
            mend="Add one below the prose.",
        )
    located = parse_yaml(section.structure[1], file, first_line=section.structure[0])
    block = to_record(ClauseBlock, located)
    _check_boundary(section, block, located)
    examples = tuple(_example(line, number, block, section, file) for number, line in section.examples)
    fields = {name: getattr(block, name) for name in ClauseBlock.model_fields}
    fields["maps"] = tuple(sorted(block.maps.items()))
    admin = Admin(
        policy=front.id,
        status=front.status,
        version=front.version,
        owners=front.owners,
        quorum=tuple(sorted(front.quorum.items())),
        review_by=front.review_by,
        sources=front.sources,
    )
    return Clause(
        id=section.id,
        title=section.title,
        text=text,
        pillar=front.pillar,
        admin=admin,
        examples=examples,
        file=str(file),
        line=section.line,
        **fields,
    )


def _check_boundary(section: _Section, block: ClauseBlock, located: LocatedYaml) -> None:
    def fail(what: str, place: Place, mend: str) -> InputError:
        return InputError(f"clause {section.id} {what}", file=located.file, line=located.line(place), mend=mend)

    if block.boundary is Boundary.REQUIRED and block.ceiling is not None:
        raise fail(
            "is 'required' and has a ceiling.",
            ("ceiling",),
            "Remove the ceiling: a demanded behaviour limits no topic.",
        )
    if block.boundary in (Boundary.RESTRICTED, Boundary.PROHIBITED) and block.ceiling is None:
        raise fail(
            f"is '{block.boundary}' and has no ceiling.",
            ("boundary",),
            "Say how specific an answer may be, for instance 'ceiling: overview'.",
        )
    seen: set[str] = set()
    for index, exception in enumerate(block.exceptions):
        if exception.id in seen:
            raise fail(f"has two exceptions called '{exception.id}'.", ("exceptions", index), "Give each its own id.")
        seen.add(exception.id)
        lifted = block.ceiling is not None and exception.ceiling.rank > block.ceiling.rank
        if lifted and (block.boundary is Boundary.PROHIBITED or not block.grantable):
            word = "prohibited" if block.boundary is Boundary.PROHIBITED else "not grantable"
            raise fail(
                f"is {word}, and its exception '{exception.id}' reaches above the ceiling.",
                ("exceptions", index),
                "Remove the exception, or decide that the clause is restricted and grantable.",
            )


def _example(line: str, number: int, block: ClauseBlock, section: _Section, file: Path) -> Example:
    example = row_to_record(Example, parse_row(line, file, number), file, number)
    if example.exception and example.exception not in {exception.id for exception in block.exceptions}:
        raise InputError(
            f"this example names the exception '{example.exception}', which clause {section.id} does not have.",
            file=file,
            line=number,
            mend="Correct the name, or add the exception to the clause.",
        )
    if example.label == "borderline" and example.expect is None:
        raise InputError(
            "a borderline example must say what to expect.",
            file=file,
            line=number,
            mend='Add "expect": "help" or "decline".',
        )
    return example
