"""Which adapter answers a request: a decision of policy, made before the model is asked.

Rules in ``guard.yaml`` give a tier or a purpose an adapter. A request may also name one: it gets it
where a rule of its own tier and purpose names it too, or a grant that holds. Otherwise the request
is refused, and it is not said whether there is such an adapter.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, Protocol

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from colonnade.records import Digest, Grant, Record

HEADER = "X-Colonnade-Adapter"
"""A request names an adapter here."""

# Letters, digits, '-' and '_': the name is part of the names of modules of a model.
AdapterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class AdapterSource(Record):
    """Where an adapter is found: one of the first three is given.

    Attributes:
        folder: a path below the workspace, with an adapter that PEFT has saved.
        checkpoint: ``chosen`` is the checkpoint that the last run has chosen.
        server: what the server behind the gateway calls it; it is sent as the name of the model.
        expected: ``digest`` in the file: of the folder's files; without it a folder is not loaded.
    """

    folder: Annotated[str, Field(min_length=1)] | None = None
    checkpoint: Literal["chosen"] | None = None
    server: Annotated[str, Field(min_length=1)] | None = None
    # A record has a digest of its own, so the field needs another name than its key.
    expected: Digest | None = Field(
        default=None, validation_alias=AliasChoices("digest", "expected"), pattern=r"^sha256:[0-9a-f]{64}$"
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> AdapterSource:
        given = [name for name in ("folder", "checkpoint", "server") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("an adapter needs one of 'folder', 'checkpoint' and 'server'; keep one of them")
        if self.expected is not None and self.folder is None:
            raise ValueError(f"a digest can only be checked of a 'folder', not of a '{given[0]}'; leave it out")
        return self


class AdapterRule(Record):
    """Who is answered with an adapter; a tier or purpose that is not named is any.

    Attributes:
        adapter: its name.
    """

    adapter: AdapterName
    tier: str | None = None
    purpose: str | None = None

    def holds_for(self, tier: str, purpose: str) -> bool:
        """Whether it is about this request."""
        return self.tier in (None, tier) and self.purpose in (None, purpose)


def _pairs(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


class AdapterSettings(Record):
    """The adapters that there are, and who is answered with which.

    Attributes:
        named: where each is found, by the name that rules, grants and requests call it.
        rules: the first that holds decides; where none does, the model answers as it was released.
    """

    named: Annotated[tuple[tuple[AdapterName, AdapterSource], ...], BeforeValidator(_pairs)]
    rules: tuple[AdapterRule, ...] = ()

    @model_validator(mode="after")
    def _names_what_there_is(self) -> AdapterSettings:
        names = [name for name, _ in self.named]
        for place, rule in enumerate(self.rules):
            if rule.adapter not in names:
                raise ValueError(f"the rule {place + 1} names the adapter '{rule.adapter}', which is not under 'named'")
        return self

    def source(self, name: str) -> AdapterSource | None:
        """Where the adapter with this name is found."""
        return dict(self.named).get(name)


class Asking(Protocol):
    """Who asks, and what for."""

    @property
    def principal(self) -> str:
        """By the API key."""
        ...

    @property
    def tier(self) -> str:
        """One of the table's."""
        ...

    @property
    def purpose(self) -> str:
        """One of the table's."""
        ...


class Adapter(NamedTuple):
    """What a request is answered with.

    Attributes:
        name: "" is the model as it was released.
        server: what a server calls it, sent as the name of the model; "" for local weights.
        rule: what decided, for the ruling's row: ``adapters/default``, ``adapters/rule-2`` or
            ``grant/ID``.
        reason: the same as a sentence.
    """

    name: str
    server: str
    rule: str
    reason: str


class AdapterRefusedError(Exception):
    """A request named an adapter that it may not have; the message says so and how to get it."""


DEFAULT = "adapters/default"


def choose_adapter(
    settings: AdapterSettings | None, who: Asking, named: str | None, grant: Grant | None, today: date
) -> Adapter:
    """The adapter of a request.

    Args:
        settings: of ``guard.yaml``; none where it has no section ``adapters``.
        who: asks.
        named: what the request names in its header, if anything.
        grant: an active one that the request names; it is looked at only where no rule suffices.
        today: a grant holds from its first day to its last.

    Raises:
        AdapterRefusedError: where the request names an adapter that neither a rule nor the grant opens.
    """
    settings = settings or AdapterSettings(named=())
    case = f"tier '{who.tier}' and purpose '{who.purpose}'"
    for place, rule in enumerate(settings.rules):
        if rule.holds_for(who.tier, who.purpose) and named in (None, rule.adapter):
            reason = f"the rule {place + 1} gives {case} the adapter '{rule.adapter}'."
            return _adapter(settings, rule.adapter, f"adapters/rule-{place + 1}", reason)
    if named is None:
        return Adapter("", "", DEFAULT, f"no rule gives {case} an adapter, so the model answers as it was released.")
    if settings.source(named) is not None and grant is not None and _opens(grant, who, named, today):
        return _adapter(settings, named, f"grant/{grant.id}", f"the grant '{grant.id}' names the adapter '{named}'.")
    raise AdapterRefusedError(
        f"the adapter that {HEADER} names is not open to {case}; leave the header out, or name a grant that opens it."
    )


def _adapter(settings: AdapterSettings, name: str, rule: str, reason: str) -> Adapter:
    source = settings.source(name)
    return Adapter(name, (source.server if source else None) or "", rule, reason)


def _opens(grant: Grant, who: Asking, name: str, today: date) -> bool:
    """Whether the grant is this principal's, for this purpose, today, and names the adapter."""
    theirs = grant.subject == who.principal and who.purpose in grant.purposes
    return theirs and grant.starts <= today <= grant.until and name in grant.adapters
