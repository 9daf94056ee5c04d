"""Who may say what about a policy, and what they signed."""

from __future__ import annotations

import base64
import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, field_validator

from colonnade.records.record import Digest, Record


class Act(StrEnum):
    """What a person signs.

    ``approve`` and ``refuse`` answer for one role of a policy's quorum; ``withdraw`` takes the
    person's earlier answer back; ``delegate`` lets another person answer for the role; ``attest``
    says that two wordings of a facet mean the same; ``accept`` takes a risk that no clause covers;
    ``revoke`` ends a grant for good.
    """

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    DELEGATE = "delegate"
    ATTEST = "attest"
    ACCEPT = "accept"
    REVOKE = "revoke"


class Person(Record):
    """Somebody who may sign.

    Attributes:
        roles: working groups that the person speaks for, as quorums name them.
        key: the public Ed25519 key, 32 bytes in base64 (RFC 8032).
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]*$")]
    roles: Annotated[tuple[str, ...], Field(min_length=1)]
    key: str

    @field_validator("key")
    @classmethod
    def _spelt_in_one_way(cls, key: str) -> str:
        # The last letter has bits to spare: one key in two spellings would count as two people's.
        if not re.fullmatch(r"[A-Za-z0-9+/]{43}=", key) or base64.b64encode(base64.b64decode(key)).decode() != key:
            raise ValueError("this is no public key; write the line that 'colonnade policy key FILE' prints")
        return key


class People(Record):
    """``people.yaml``: everybody whose signature counts."""

    people: tuple[Person, ...]

    def person(self, identifier: str) -> Person | None:
        """The person with this id, or nothing."""
        return next((person for person in self.people if person.id == identifier), None)


class Statement(Record):
    """One thing that one person said about one content.

    Attributes:
        subject: what it is about: a policy's id, ``clause.facet`` for an attestation, a harm's id
            for an acceptance, ``grant:ID`` for a grant, ``grant:ID/use:NUMBER`` for one use of it.
        content: digest of what the person saw; anything else is not what was signed.
        replaces: for an attestation the digest of the older wording.
        role: the working group that the person speaks for.
        to: for a delegation, who may answer now.
        expires: the last day on which it counts.
    """

    act: Act
    subject: str
    content: Digest
    replaces: Digest | None = None
    person: str
    role: str
    to: str | None = None
    reason: str = ""
    at: AwareDatetime
    expires: date | None = None


class SignedStatement(Record):
    """A statement with its Ed25519 signature over the canonical JSON, in base64."""

    statement: Statement
    key: str
    signature: str


class RoleReview(Record):
    """How far one working group of a quorum has come.

    Attributes:
        approved_by: people whose approval counts today.
        refused_by: people who refuse this content, with their reasons.
    """

    role: str
    needed: int
    approved_by: tuple[str, ...]
    refused_by: tuple[tuple[str, str], ...] = ()

    @property
    def missing(self) -> int:
        """How many approvals are still asked for."""
        return max(0, self.needed - len(self.approved_by))


class PolicyReview(Record):
    """What the working groups say of one policy as it stands.

    Attributes:
        content: the digest that the approvals are bound to.
        state: ``unasked`` where the policy names no quorum, or nobody is there to answer.
        until: the first day on which one of the approvals ends, if any does.
    """

    policy: str
    content: Digest
    state: Literal["approved", "waiting", "refused", "unasked"]
    roles: tuple[RoleReview, ...]
    until: date | None = None
    note: str = ""
