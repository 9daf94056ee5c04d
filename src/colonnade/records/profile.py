"""A product's view of the library of policies: which clauses, and what is stricter or looser there."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from colonnade.records.clause import Action, Facet, Level, PolicySet, Severity, Thresholds
from colonnade.records.record import Digest, Record, digest_of


def _one_line(value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) else value


Sentence = Annotated[str, BeforeValidator(_one_line), Field(min_length=3)]


class Setting(Record):
    """New values for some of a clause's fields; what is not named stays as it is."""

    ceiling: Level | None = None
    above: Action | None = None
    severity: Severity | None = None
    thresholds: Thresholds | None = None
    grantable: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if all(value in (None, Thresholds()) for _, value in self):
            raise ValueError("it names nothing; give 'ceiling', 'above', 'severity', 'thresholds' or 'grantable'")
        return self


class ProfileChange(Record):
    """One rule of a profile: clauses by pattern, the direction, the values, and why.

    Attributes:
        clause: a clause id, or a pattern such as ``safety.*``.
        by: who decided so.
    """

    clause: Annotated[str, Field(min_length=1)]
    tighten: Setting | None = None
    loosen: Setting | None = None
    because: Sentence
    by: str = ""

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.tighten is None) == (self.loosen is None):
            raise ValueError("it must say either 'tighten' or 'loosen'")
        return self

    @property
    def direction(self) -> Literal["tighten", "loosen"]:
        """Which way the values may move."""
        return "loosen" if self.tighten is None else "tighten"

    @property
    def setting(self) -> Setting:
        """The new values."""
        setting = self.tighten or self.loosen
        assert setting is not None  # the validator saw to it
        return setting


class Profile(Record):
    """One file below ``profiles/``.

    Attributes:
        imports: patterns of clause ids, such as ``safety.*`` or ``cyber.malware``.
        region: where the product is offered; ``*`` for everywhere.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    imports: Annotated[tuple[str, ...], Field(min_length=1)]
    region: str = "*"
    changes: tuple[ProfileChange, ...] = ()


class Origin(Record):
    """Where one value of a resolved clause came from.

    Attributes:
        before: what the library says; none where the value is the library's.
        because, by: the profile's reason, and who decided; empty where the value is the library's.
        file, line: the clause's, or those of the profile's rule.
    """

    clause: str
    field: str
    value: str
    before: str | None = None
    because: str = ""
    by: str = ""
    file: str = Field(default="", exclude=True)
    line: int = Field(default=0, exclude=True)


class QuorumNeed(Record):
    """A loosening that the working groups of the clause's policy must approve.

    Attributes:
        policy: whose quorum it is.
        quorum: role, and how many of it.
        authors: people who wrote the policy and may not approve.
        what: field, value before and value after.
    """

    clause: str
    policy: str
    quorum: tuple[tuple[str, int], ...]
    authors: tuple[str, ...] = ()
    what: str
    because: str


class ResolvedProfile(Record):
    """The policy set that a product has, frozen, with the origin of every value.

    Attributes:
        left_out: clauses that the patterns name and that do not hold in the region.
        needs_quorum: loosenings that have to be approved, bound to ``digest``.
        approved: true only where nothing has to be approved; signatures are somebody else's to count.
    """

    profile: Profile
    policies: PolicySet
    origins: tuple[Origin, ...]
    left_out: tuple[str, ...] = ()
    needs_quorum: tuple[QuorumNeed, ...] = ()
    approved: bool = False

    @model_validator(mode="after")
    def _not_by_itself(self) -> Self:
        if self.approved and self.needs_quorum:
            raise ValueError("it loosens what a quorum must approve first, and cannot call itself approved")
        return self

    @property
    def subject(self) -> str:
        """What a statement about it names."""
        return f"profile:{self.profile.id}"

    @property
    def digest(self) -> Digest:
        """What an approval is bound to: every facet that binds, and what has to be approved, with its reasons.

        Owners, versions and review dates are said about a policy, not by it; titles of profiles likewise.
        """
        facets = {
            clause.id: {facet.value: clause.facet(facet) for facet in clause.facets if facet is not Facet.ADMIN}
            | {"status": clause.admin.status.value}
            for clause in self.policies.clauses
        }
        needs = [need.model_dump(mode="json") for need in self.needs_quorum]
        return digest_of(
            {"profile": self.profile.id, "region": self.profile.region, "clauses": facets, "needs_quorum": needs}
        )

    @property
    def quorum(self) -> tuple[tuple[str, int], ...]:
        """How many of each role must approve: for each, the most that any policy concerned asks for."""
        most: dict[str, int] = {}
        for need in self.needs_quorum:
            for role, number in need.quorum:
                most[role] = max(number, most.get(role, 0))
        return tuple(sorted(most.items()))

    @property
    def authors(self) -> tuple[str, ...]:
        """People who wrote one of the policies concerned, and may not approve."""
        return tuple(sorted({author for need in self.needs_quorum for author in need.authors}))
