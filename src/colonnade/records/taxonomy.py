"""Public lists of risks, how they map on each other, and where a launch stands with each risk."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from colonnade.records.clause import Pillar, Severity
from colonnade.records.record import Pairs, Record


def _one_line(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
        raise ValueError("this is not plain text")
    return " ".join(value.split())


Line = Annotated[str, BeforeValidator(_one_line)]
"""Text on one line: runs of blanks and line ends are one blank each."""

Entity = Annotated[Line, Field(pattern=r"^[^\s:]+:\S+$")]
"""A CURIE, ``prefix:local``, or an IRI."""

Named = Annotated[Line, Field(min_length=1)]


def _texts(value: object) -> object:
    """Pairs of a name and one line of text; what is empty says nothing and is left away."""
    rows = value.items() if isinstance(value, dict) else value
    if not isinstance(rows, tuple | list | type({}.items())):
        return value
    lines = [(_one_line(name), _one_line(text)) for name, text in rows]
    if any(not name for name, _ in lines):
        raise ValueError("a name is empty")
    return tuple(sorted((name, text) for name, text in lines if text != ""))


Texts = Annotated[Pairs, BeforeValidator(_texts)]
RiskId = Annotated[str, Field(pattern=r"^\S+$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


def _check_other(kind: type[Record], other: Pairs) -> None:
    """Refuse what ``other`` holds and a field of its own already says."""
    for position, (name, _) in enumerate(other):
        if name in kind.model_fields or (position and other[position - 1][0] == name):
            raise ValueError(f"'{name}' stands twice")


class Risk(Record):
    """One entry of a taxonomy.

    Attributes:
        group: whether it is a heading over other entries rather than a risk of its own.
        parents: ids of the groups that it belongs to, in the same taxonomy.
    """

    id: RiskId
    name: Line
    description: Line = ""
    group: bool = False
    parents: tuple[str, ...] = ()
    url: Line = ""


class Taxonomy(Record):
    """A public list of risks, as it was imported.

    Attributes:
        source: where its authors published it.
        licence: as stated by whoever handed the data on; empty where nobody did.
        read_from: the name of the imported file, with its digest in ``read_digest``.
    """

    id: FileName
    name: Line
    description: Line = ""
    source: Line = ""
    licence: Line = ""
    version: Line = ""
    created: Line = ""
    modified: Line = ""
    read_from: Line = ""
    read_digest: str = ""
    risks: tuple[Risk, ...]


class Mapping(Record):
    """One row of an SSSOM table: how a subject relates to an object, and why somebody thinks so.

    Attributes:
        predicate_modifier: ``Not`` says that the relation does *not* hold.
        other: columns that Colonnade does not use, kept as they stand.
    """

    subject_id: Entity
    subject_label: Line = ""
    predicate_id: Entity
    predicate_modifier: Literal["", "Not"] = ""
    object_id: Entity
    object_label: Line = ""
    mapping_justification: Entity
    author_id: Line = ""
    author_label: Line = ""
    mapping_tool: Line = ""
    mapping_date: date | None = None
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    comment: Line = ""
    other: Texts = ()

    @model_validator(mode="after")
    def _no_column_twice(self) -> Self:
        _check_other(type(self), self.other)
        return self

    @property
    def subject(self) -> str:
        """The subject's id without its prefix."""
        return self.subject_id.partition(":")[2]

    @property
    def object(self) -> str:
        """The object's id without its prefix."""
        return self.object_id.partition(":")[2]

    @property
    def relation(self) -> str:
        """The predicate without its prefix, for instance ``exactMatch``."""
        return self.predicate_id.partition(":")[2]


class MappingSet(Record):
    """An SSSOM table with the metadata in its header.

    Attributes:
        curie_map: prefixes and what they stand for.
        other: metadata that Colonnade does not use; several values are joined with ``|``.
    """

    mapping_set_id: Named
    license: Named
    mapping_set_description: Line = ""
    mapping_set_version: Line = ""
    mapping_date: date | None = None
    mapping_tool: Line = ""
    curie_map: Texts = ()
    other: Texts = ()
    mappings: tuple[Mapping, ...] = ()

    @model_validator(mode="after")
    def _no_key_twice(self) -> Self:
        _check_other(type(self), self.other)
        return self


class RiskState(StrEnum):
    """Where a launch stands with a risk.

    ``open``: a harm of the launch that answers it is neither covered nor accepted. ``accepted``:
    somebody signed for it. ``covered``: an active clause answers all of it. ``partly``: only
    something narrower is answered. ``unjudged``: nobody has said anything yet.
    """

    OPEN = "open"
    UNJUDGED = "unjudged"
    PARTLY = "partly"
    ACCEPTED = "accepted"
    COVERED = "covered"


class ConsideredRisk(Record):
    """A risk that a launch has to think about.

    Attributes:
        rules: ids of the intake rules that name it; empty where only a harm or a clause does.
        pillar: none where the taxonomy is not in the table of pillars.
    """

    risk: str
    name: str
    taxonomy: str
    pillar: Pillar | None
    rules: tuple[str, ...] = ()


class RiskStanding(ConsideredRisk):
    """A considered risk and how the launch answers it.

    Attributes:
        covered_by: active clauses that answer all of it; ``partly_by`` those that answer a part.
        harms: harms of the launch that answer it or a part of it.
        likelihood, severity, judged_by: of the gravest of these harms that somebody judged.
        through: for everything that is not named outright, the step that leads there.
    """

    state: RiskState
    covered_by: tuple[str, ...] = ()
    partly_by: tuple[str, ...] = ()
    harms: tuple[str, ...] = ()
    likelihood: Literal["low", "medium", "high"] | None = None
    severity: Severity | None = None
    judged_by: str = ""
    accepted_by: str = ""
    accepted_until: date | None = None
    through: tuple[str, ...] = ()
