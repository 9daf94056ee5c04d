"""The norm: clauses, their examples and exceptions, and the policy set they form.

The clause is the unit of everything. Each of its facets has a digest of its own, so that an
artefact can say which part of which clause it read, and goes stale for that part alone.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from colonnade.records.data_target import DataTarget
from colonnade.records.record import Digest, Record, digest_of


class Pillar(StrEnum):
    """The eight pillars of responsibility."""

    PRIVACY_AND_SECURITY = "privacy-and-security"
    SAFETY = "safety"
    FAIRNESS = "fairness"
    VERACITY_AND_ROBUSTNESS = "veracity-and-robustness"
    EXPLAINABILITY = "explainability"
    CONTROLLABILITY = "controllability"
    GOVERNANCE = "governance"
    TRANSPARENCY = "transparency"


class Level(StrEnum):
    """How specific an answer is, from naming a thing to a recipe for it."""

    MENTION = "mention"
    OVERVIEW = "overview"
    MECHANISM = "mechanism"
    ACTIONABLE = "actionable"
    RECIPE = "recipe"

    @property
    def rank(self) -> int:
        """0 for a mention, 4 for a recipe."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


class Boundary(StrEnum):
    """What the clause does: demands a behaviour, or opens, limits or closes a topic."""

    REQUIRED = "required"
    ALLOWED = "allowed"
    RESTRICTED = "restricted"
    PROHIBITED = "prohibited"


class Severity(StrEnum):
    """How bad a violation would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Action(StrEnum):
    """What happens to a request above the ceiling; ``cap`` answers as specifically as the ceiling lets it."""

    REFUSE = "refuse"
    DEFLECT = "deflect"
    SAFE_COMPLETE = "safe_complete"
    CAP = "cap"
    ESCALATE = "escalate"


class Status(StrEnum):
    """Where a policy is in its life; only active ones bind."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Facet(StrEnum):
    """A part of a clause that can change, and be read, without the others."""

    TEXT = "text"
    BOUNDARY = "boundary"
    SCOPE = "scope"
    EXCEPTIONS = "exceptions"
    RUBRIC = "rubric"
    EXAMPLES = "examples"
    THRESHOLDS = "thresholds"
    MAPS = "maps"
    DATA = "data"
    DETECTION = "detection"
    ADMIN = "admin"


class Scope(Record):
    """Where a clause holds. ``*`` stands for everywhere."""

    modality: tuple[str, ...] = ("text",)
    region: tuple[str, ...] = ("*",)
    audience: tuple[str, ...] = ("*",)


class Condition(Record):
    """To whom an exception applies; what it does not name may be anything."""

    tier: str | None = None
    purpose: str | None = None

    def fits(self, tier: str, purpose: str) -> bool:
        """Whether somebody of this tier, with this purpose, is meant."""
        return self.tier in (None, tier) and self.purpose in (None, purpose)


class ClauseException(Record):
    """A higher ceiling for somebody, for a purpose, because of something, until a day."""

    id: str
    ceiling: Level
    when: Condition
    because: str
    expires: date


class Criterion(Record):
    """One yes/no question of a rubric.

    Attributes:
        fails: a "yes" means that the answer violates the clause.
    """

    ask: str
    weight: Annotated[int, Field(ge=1, le=10)] = 1
    fails: bool


class Example(Record):
    """A prompt that shows where the boundary runs."""

    label: Literal["violating", "borderline", "benign"]
    level: Level
    prompt: Annotated[str, Field(min_length=3)]
    expect: Literal["help", "decline"] | None = None
    exception: str | None = None
    language: str = "en"


LEAST_BOUND = 1e-9
"""The lowest rate but 0 that a policy may ask for: three billion clean answers would show it."""


def _shown_by_some_number(rate: float) -> float:
    if 0 < rate < LEAST_BOUND:
        raise ValueError(f"no number of answers could show so low a rate; give 0, or at least {LEAST_BOUND:g}")
    return rate


class Bound(Record):
    """A rate must be shown to lie at or under ``max`` at this one-sided confidence."""

    max: Annotated[float, Field(ge=0, le=1), AfterValidator(_shown_by_some_number)]
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class Thresholds(Record):
    """Bounds on both errors: letting through what the clause forbids, refusing what it allows."""

    violation_rate: Bound | None = None
    overrefusal_rate: Bound | None = None


class PersonalData(StrEnum):
    """Kinds of personal data that the guard recognises, each with checks of its own where the kind has them."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CREDIT_CARD = "credit-card"
    US_SOCIAL_SECURITY = "us-social-security"
    DE_TAX_ID = "de-tax-id"
    UK_NHS_NUMBER = "uk-nhs-number"
    PASSPORT = "passport"
    IP_ADDRESS = "ip-address"
    MAC_ADDRESS = "mac-address"
    DATE_OF_BIRTH = "date-of-birth"
    STREET_ADDRESS = "street-address"
    SECRET = "secret"  # noqa: S105  # the name of a kind
    PRESIDIO = "presidio"


class Pattern(Record):
    """One thing that the guard finds by its form rather than by what it means.

    Attributes:
        name: what a ruling calls it; it never repeats the words that it looks for.
        find: a regular expression of bounded width, see ``records/expressions.py``.
        literal: words that may stand nowhere, in any of the disguises that the guard reads through.
        personal: a kind of personal data.
        level: how specific a text is that holds it.
        side: whether it is looked for in what is asked, in what is answered, or in both.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    find: Annotated[str, Field(min_length=1)] | None = None
    literal: Annotated[str, Field(min_length=2, max_length=200)] | None = None
    personal: PersonalData | None = None
    level: Level = Level.RECIPE
    side: Literal["request", "reply", "both"] = "both"

    @model_validator(mode="after")
    def _looks_for_one_thing(self) -> Self:
        if sum(value is not None for value in (self.find, self.literal, self.personal)) != 1:
            raise ValueError(f"the pattern '{self.name}' needs exactly one of 'find', 'literal' and 'personal'")
        return self


class HoldBackBudget(Record):
    """How much of a streamed reply may be held back before it is shown.

    Attributes:
        characters: at least so many, always; what the clause's patterns need where nothing is said.
        tokens: how far a classifier may look ahead once the request has raised suspicion; where
            nothing is said 32 for a clause that nobody can be granted more of, and else none.
    """

    characters: Annotated[int, Field(ge=0, le=10_000)] | None = None
    tokens: Annotated[int, Field(ge=0, le=2_000)] | None = None


class Source(Record):
    """What a policy rests on: a law, a standard, a request, an incident."""

    id: str
    status: str
    effective: date | None = None
    checked: date | None = None


class Admin(Record):
    """What is said about a clause rather than by it; a change here makes nothing stale."""

    policy: str
    status: Status
    version: str
    owners: tuple[str, ...]
    authors: tuple[str, ...] = ()
    quorum: tuple[tuple[str, int], ...] = ()
    review_by: date | None = None
    sources: tuple[Source, ...] = ()


class Clause(Record):
    """A few sentences of normative prose with an id, and the structure that routes them.

    Attributes:
        text: the prose, blanks normalised, so that re-wrapping a paragraph changes nothing.
        ceiling: how specific an answer may be for everyone; none where the clause demands a
            behaviour rather than limiting a topic.
        overrides: ids of clauses that this one takes precedence over where both speak.
        data: what data collection for this clause must reach.
        patterns: what the guard looks for by its form.
        hold_back: how much of a stream the guard may hold back for this clause.
        on_failure: what happens where a detector that the clause needs is missing, errs or takes too long.
        file, line: where the prose stands; not part of any digest.
    """

    id: str
    title: str
    text: str
    pillar: Pillar
    boundary: Boundary
    severity: Severity
    ceiling: Level | None = None
    above: Action = Action.REFUSE
    grantable: bool = False
    overrides: tuple[str, ...] = ()
    scope: Scope = Scope()
    exceptions: tuple[ClauseException, ...] = ()
    rubric: tuple[Criterion, ...] = ()
    examples: tuple[Example, ...] = ()
    thresholds: Thresholds = Thresholds()
    maps: tuple[tuple[str, tuple[str, ...]], ...] = ()
    data: tuple[DataTarget, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    hold_back: HoldBackBudget = HoldBackBudget()
    on_failure: Action = Action.REFUSE
    admin: Admin
    file: str = Field(default="", exclude=True)
    line: int = Field(default=0, exclude=True)

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What a clause does not say of detection is not written, so that clauses from before keep their digests."""
        content: dict[str, Any] = write(self)
        return {name: value for name, value in content.items() if name not in self._unsaid()}

    def _unsaid(self) -> frozenset[str]:
        names = _FACET_FIELDS[Facet.DETECTION]
        return frozenset(name for name in names if getattr(self, name) == type(self).model_fields[name].default)

    @property
    def facets(self) -> tuple[Facet, ...]:
        """The facets that this clause has: ``detection`` only where it says something of it."""
        silent = len(self._unsaid()) == len(_FACET_FIELDS[Facet.DETECTION])
        return tuple(facet for facet in Facet if not (silent and facet is Facet.DETECTION))

    def facet(self, facet: Facet) -> Digest:
        """The digest of one facet."""
        content = self.model_dump(mode="json", include=set(_FACET_FIELDS[facet]))
        return digest_of(content)

    def use(self, *facets: Facet) -> tuple[Use, ...]:
        """What an artefact records when it has read these facets, as far as the clause has them."""
        had = self.facets
        return tuple(
            Use(clause=self.id, facet=facet, facet_digest=self.facet(facet)) for facet in facets if facet in had
        )


_FACET_FIELDS: dict[Facet, tuple[str, ...]] = {
    Facet.TEXT: ("title", "text"),
    Facet.BOUNDARY: ("boundary", "severity", "ceiling", "above", "grantable", "overrides"),
    Facet.SCOPE: ("scope",),
    Facet.EXCEPTIONS: ("exceptions",),
    Facet.RUBRIC: ("rubric",),
    Facet.EXAMPLES: ("examples",),
    Facet.THRESHOLDS: ("thresholds",),
    Facet.MAPS: ("pillar", "maps"),
    Facet.DATA: ("data",),
    Facet.DETECTION: ("patterns", "hold_back", "on_failure"),
    Facet.ADMIN: ("admin",),
}


class Use(Record):
    """One facet of one clause as it stood when an artefact was made from it."""

    clause: str
    facet: Facet
    facet_digest: Digest


class PolicySet(Record):
    """All clauses of a workspace, ordered by id.

    Attributes:
        chosen: ids of the clauses that a product's profile chose; without a profile all of them.
    """

    clauses: tuple[Clause, ...]
    chosen: tuple[str, ...] | None = None

    def policies(self) -> tuple[str, ...]:
        """Ids of the policies, in order."""
        return tuple(sorted({clause.admin.policy for clause in self.clauses}))

    def policy_digest(self, policy: str) -> Digest:
        """What an approval of a policy is bound to: every facet of its clauses, and its quorum.

        Owners, version, status and review dates are said about the policy, not by it.
        """
        clauses = [clause for clause in self.clauses if clause.admin.policy == policy]
        facets = {
            clause.id: {facet: clause.facet(facet) for facet in clause.facets if facet is not Facet.ADMIN}
            for clause in clauses
        }
        quorum = sorted({clause.admin.quorum for clause in clauses})
        return digest_of({"policy": policy, "clauses": facets, "quorum": quorum})

    @property
    def active(self) -> tuple[Clause, ...]:
        """The clauses that bind."""
        chosen = None if self.chosen is None else frozenset(self.chosen)
        return tuple(
            clause
            for clause in self.clauses
            if clause.admin.status is Status.ACTIVE and (chosen is None or clause.id in chosen)
        )

    def clause(self, identifier: str) -> Clause | None:
        """The clause with this id, or nothing."""
        return next((clause for clause in self.clauses if clause.id == identifier), None)
