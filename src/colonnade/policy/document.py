"""A policy file read into clauses: front matter, why, then one heading per clause."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from colonnade.policy.pattern_checks import pattern_faults
from colonnade.policy.sections import CLAUSE_ID, MARKS, Report, Section, read_sections
from colonnade.policy.written_forms import CLAUSE_FORMS, EXAMPLE_FORMS, FRONT_FORMS
from colonnade.records import (
    Action,
    Admin,
    Boundary,
    Clause,
    Example,
    HoldBackBudget,
    InputError,
    Level,
    Pattern,
    Pillar,
    Record,
    Source,
    Status,
)
from colonnade.records.clause import ClauseException, Criterion, Scope, Severity, Thresholds
from colonnade.records.data_target import DataTarget
from colonnade.records.reading import (
    LocatedYaml,
    complaints,
    parse_row,
    parse_yaml,
    read_text,
    row_to_record,
    to_record,
    without_value,
)
from colonnade.records.wording import Place, place_of

R = TypeVar("R", bound=Record)

_ADD_A_BLOCK = "Add one below the prose; 'colonnade policy example' prints a whole clause to copy."


class FrontMatter(Record):
    """What stands between the two ``---`` lines of a policy file."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    pillar: Pillar
    status: Status
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    owners: Annotated[tuple[str, ...], Field(min_length=1)]
    authors: tuple[str, ...] = ()
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
    overrides: tuple[str, ...] = ()
    scope: Scope = Scope()
    exceptions: tuple[ClauseException, ...] = ()
    rubric: Annotated[tuple[Criterion, ...], Field(min_length=1)]
    thresholds: Thresholds = Thresholds()
    maps: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    data: tuple[DataTarget, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    hold_back: HoldBackBudget = HoldBackBudget()
    on_failure: Action = Action.REFUSE


class Fault(NamedTuple):
    """Something in a policy file that cannot stand, and the rule that it breaks."""

    rule: str
    error: InputError


class Draft(NamedTuple):
    """A clause as far as it can be read.

    Attributes:
        clause: with a placeholder for whatever is missing or wrong.
        unread: keys of the front matter and of the clause block that hold a placeholder, ``id``
            where the heading has none, and ``examples`` where one of them could not be read.
        block: the clause block with the lines of its parts, if there is one that is YAML.
        example_lines: where each of the clause's examples stands.
    """

    clause: Clause
    unread: frozenset[str]
    block: LocatedYaml | None
    example_lines: tuple[int, ...]

    def line(self, *place: str | int) -> int:
        """The line of a part of the block, or of the heading where that is not known."""
        return self.clause.line if self.block is None else self.block.line(place)


class Survey(NamedTuple):
    """A policy file with all that is wrong in it."""

    drafts: tuple[Draft, ...]
    faults: tuple[Fault, ...]


def read_policy(file: Path) -> tuple[Clause, ...]:
    """All clauses of one policy file.

    Raises:
        InputError: with file and line, for broken front matter, an unknown pillar, level or key,
            a clause without its block, or an example that names a missing exception.
    """
    return tuple(draft.clause for draft in _read(file, _stop))


def survey_policy(file: Path) -> Survey:
    """All clauses of one policy file as far as they can be read, with every fault on the way.

    Where ``read_policy`` raises there is at least one fault, and where there is none they agree.
    """
    faults: list[Fault] = []
    try:
        drafts = _read(file, lambda rule, error: faults.append(Fault(rule, error)))
    except InputError as error:
        return Survey((), (Fault("unreadable", error),))
    return Survey(drafts, tuple(faults))


def headings(text: str) -> Iterator[tuple[str, str]]:
    """Id and title of each clause in the text of a policy file, whatever else is wrong in it."""
    lines = text.split("\n")
    _, start = _front_lines(lines)
    # Only these can open or close anything; a history has thousands of versions, so the rest is not looked at.
    telling = [line for line in lines[start:] if line.lstrip()[:1] in MARKS]
    for section in read_sections(telling, 0, Path(), _pass_over):
        if section.id:
            yield section.id, section.title


def _stop(_rule: str, error: InputError) -> None:
    raise error


def _pass_over(_rule: str, _error: InputError) -> None:
    """Faults of what is only looked through are for whoever reads it."""


def _read(file: Path, report: Report) -> tuple[Draft, ...]:
    lines = read_text(file).split("\n")
    front, unread, body_start = _front_matter(lines, file, report)
    sections = read_sections(lines, body_start, file, report)
    drafts = tuple(_draft(section, front, unread, file, report) for section in sections)
    if not drafts:
        what, mend = "this policy has no clause.", "Add a heading '## id.name — Title'."
        report("structure", InputError(what, file=file, line=len(lines), mend=mend))
    return drafts


_NO_FRONT: dict[str, Any] = {
    "id": "unread",
    "title": "",
    "pillar": Pillar.SAFETY,
    "status": Status.ACTIVE,
    "version": "0.0.0",
    "owners": ("nobody",),
}
_NO_BLOCK: dict[str, Any] = {
    "boundary": Boundary.RESTRICTED,
    "severity": Severity.LOW,
    "rubric": (Criterion(ask="?", fails=True),),
}
"""What stands for a value that could not be read; no rule looks at it."""


def _front_lines(lines: list[str]) -> tuple[int, int]:
    """The line that closes the front matter, 0 where none does, and the first one behind it, counted from 0."""
    if not lines or lines[0].strip() != "---":
        return 0, 0
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == "---"), 0)
    return end, end + 1


def _front_matter(lines: list[str], file: Path, report: Report) -> tuple[FrontMatter, frozenset[str], int]:
    end, body_start = _front_lines(lines)
    if end:
        located = _parse("front-matter", "\n".join(lines[1:end]), file, 2, report)
        return *_record(FrontMatter, _NO_FRONT, located, "front-matter", report), body_start
    what, mend = "the front matter is missing.", "Start the file with a '---' line."
    if body_start:
        what, mend = "the front matter has no end.", "Close it with a second '---' line."
    report("front-matter", InputError(what, file=file, line=1, mend=mend))
    return FrontMatter(**_NO_FRONT), frozenset(FrontMatter.model_fields), body_start


def front_matter_of(file: Path) -> LocatedYaml | None:
    """The front matter with the lines of its parts; nothing where there is no such file, or none in it."""
    if not file.is_file():
        return None
    lines = read_text(file).split("\n")
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == "---"), None)
    if end is None or lines[0].strip() != "---":
        return None
    located = parse_yaml("\n".join(lines[1:end]), file, first_line=2)
    return located if isinstance(located.value, dict) else None


def _parse(rule: str, text: str, file: Path, first_line: int, report: Report) -> LocatedYaml | None:
    try:
        return parse_yaml(text, file, first_line=first_line)
    except InputError as error:
        report(rule, error)
        return None


def _record(
    kind: type[R], placeholders: dict[str, Any], located: LocatedYaml | None, rule: str, report: Report
) -> tuple[R, frozenset[str]]:
    """The record, with placeholders for what is missing or wrong and the names of those keys."""
    known = frozenset(kind.model_fields)
    forms = FRONT_FORMS if rule == "front-matter" else CLAUSE_FORMS
    if located is None:
        return kind.model_validate(placeholders), known
    if not isinstance(located.value, dict):
        try:
            to_record(kind, located)
        except InputError as error:
            report(rule, error)
        return kind.model_validate(placeholders), known
    empty = without_value(located)
    try:
        record = kind.model_validate(located.value)
        wrong = set()
    except ValidationError as fault:
        for said in complaints(fault, located.file, located.line, forms):
            report(rule, said)
        record = None
        named = [place_of(error) for error in fault.errors()]
        wrong = {str(place[0]) for place in named if place}
        empty = {place: said for place, said in empty.items() if place not in named}
    for place, said in empty.items():
        report(rule, said)
        wrong.add(str(place[0]))
    if record is not None:
        return record, known & wrong
    sound = {name: value for name, value in located.value.items() if name in known and name not in wrong}
    return kind.model_validate(placeholders | sound), known & wrong


def _draft(section: Section, front: FrontMatter, unread: frozenset[str], file: Path, report: Report) -> Draft:
    identifier = section.id or f"{front.id}.line-{section.line}"
    text = " ".join(" ".join(section.prose).split())
    located = None
    for rule, what, mend in _gaps(section, front, text):
        report(rule, InputError(what, file=file, line=section.line, mend=mend))
    if section.structure is not None:
        located = _parse("clause-block", section.structure[1], file, section.structure[0], report)
    block, wrong = _record(ClauseBlock, _NO_BLOCK, located, "clause-block", report)
    if located is not None and not wrong & {"boundary", "ceiling", "exceptions", "grantable"}:
        wrong |= _check_boundary(identifier, block, located, report)
    if located is not None and not wrong & {"ceiling", "patterns", "hold_back"}:
        faults = tuple(pattern_faults(block.patterns, block.hold_back, block.ceiling))
        for said in faults:
            what = f"clause {identifier} {said.what}"
            report("pattern", InputError(what, file=located.file, line=located.line(said.place), mend=said.mend))
        wrong |= {"patterns"} if faults else set()
    names = None if "exceptions" in wrong else {exception.id for exception in block.exceptions}
    rows = [
        (row, number)
        for number, line in section.examples
        if (row := _example(line, number, names, identifier, file, report)) is not None
    ]
    wrong |= {"examples"} if len(rows) < len(section.examples) else set()
    wrong |= set() if section.id else {"id"}
    fields = {name: getattr(block, name) for name in ClauseBlock.model_fields}
    fields["maps"] = tuple(sorted(block.maps.items()))
    admin = Admin(
        policy=front.id,
        status=front.status,
        version=front.version,
        owners=front.owners,
        authors=front.authors,
        quorum=tuple(sorted(front.quorum.items())),
        review_by=front.review_by,
        sources=front.sources,
    )
    clause = Clause(
        id=identifier,
        title=section.title,
        text=text,
        pillar=front.pillar,
        admin=admin,
        examples=tuple(row for row, _ in rows),
        file=str(file),
        line=section.line,
        **fields,
    )
    return Draft(clause, unread | wrong, located, tuple(number for _, number in rows))


def _gaps(section: Section, front: FrontMatter, text: str) -> Iterator[tuple[str, str, str]]:
    """Rule, sentence and mend for a wrong id, missing prose and a missing block."""
    if section.id and not CLAUSE_ID.match(section.id):
        mend = f"Write it like '{front.id}.name', in small letters."
        yield "clause-id", f"'{section.id}' is not a clause id.", mend
    name = f"clause {section.id}" if section.id else "this clause"
    if not text:
        yield "structure", f"{name} has no prose.", "Say below the heading what holds, and why."
    if section.structure is None:
        yield "structure", f"{name} has no 'yaml clause' block.", _ADD_A_BLOCK


def _check_boundary(identifier: str, block: ClauseBlock, located: LocatedYaml, report: Report) -> set[str]:
    """Report what contradicts itself in a block; returns the keys that cannot be believed then."""

    def fail(what: str, place: Place, mend: str, rule: str = "clause-block") -> None:
        said = InputError(f"clause {identifier} {what}", file=located.file, line=located.line(place), mend=mend)
        report(rule, said)

    wrong = set()
    if block.boundary is Boundary.REQUIRED and block.ceiling is not None:
        fail(
            "is 'required' and has a ceiling.",
            ("ceiling",),
            "Remove the ceiling: a demanded behaviour limits no topic.",
        )
        wrong.add("ceiling")
    if block.boundary in (Boundary.RESTRICTED, Boundary.PROHIBITED) and block.ceiling is None:
        fail(
            f"is '{block.boundary}' and has no ceiling.",
            ("boundary",),
            "Say how specific an answer may be, for instance 'ceiling: overview'.",
        )
        wrong.add("ceiling")
    seen: set[str] = set()
    for index, exception in enumerate(block.exceptions):
        if exception.id in seen:
            fail(f"has two exceptions called '{exception.id}'.", ("exceptions", index), "Give each its own id.")
        seen.add(exception.id)
        lifted = block.ceiling is not None and exception.ceiling.rank > block.ceiling.rank
        if lifted and (block.boundary is Boundary.PROHIBITED or not block.grantable):
            word = "prohibited" if block.boundary is Boundary.PROHIBITED else "not grantable"
            fail(
                f"is {word}, and its exception '{exception.id}' reaches above the ceiling.",
                ("exceptions", index),
                "Remove the exception, or decide that the clause is restricted and grantable.",
                "ungrantable-exception",
            )
    return wrong


def _example(
    line: str, number: int, names: set[str] | None, identifier: str, file: Path, report: Report
) -> Example | None:
    """One row; ``names`` are the clause's exceptions, if they could be read."""
    try:
        example = row_to_record(Example, parse_row(line, file, number), file, number, EXAMPLE_FORMS)
    except InputError as error:
        report("example", error)
        return None
    if example.exception and names is not None and example.exception not in names:
        what = f"this example names the exception '{example.exception}', which clause {identifier} does not have."
        mend = "Correct the name, or add the exception to the clause."
        report("example", InputError(what, file=file, line=number, mend=mend))
    if example.label == "borderline" and example.expect is None:
        what, mend = "a borderline example must say what to expect.", 'Add "expect": "help" or "decline".'
        report("example", InputError(what, file=file, line=number, mend=mend))
    return example
