"""What holds at one moment, in one value: an exchange keeps to what held when it began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from colonnade.guard.access.desk import Desk
from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.guard import Guard, Who
from colonnade.guard.keys import Keys, Principal
from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.records import Action, Digest, Ruling


class Choosing(Protocol):
    """Which model, or adapter of a model, answers."""

    def __call__(self, asked: Asked, who: Who) -> str:
        """The name under which the server behind knows it.

        Raises:
            ProtocolError: where there is none for this request.
        """
        ...


class Standing(NamedTuple):
    """What the gateway keeps to; replaced as a whole.

    Attributes:
        guard: rules.
        keys: whom a key names; without keys everybody is ``anyone``.
        models: what clients may name, and what the server behind calls it.
        system: what the operator says to the model before everything else.
        desk: of grants; none where there are none.
        trust_headers: let a request say its own tier; for trying out.
        policies: of the files that this was made from.
        stale: why what is on disk is not what is served; empty where it is.
        choose: which model answers; by default the one that the client names.
    """

    guard: Guard
    keys: Keys
    models: Mapping[str, str]
    system: str = ""
    desk: Desk | None = None
    trust_headers: bool = False
    policies: Digest = ""
    stale: str = ""
    choose: Choosing | None = None


def identify(now: Standing, exchange: Exchange) -> Who:
    """Whom the key names, of which tier, asking for which purpose, with which grant.

    Raises:
        ProtocolError: 401 without a key that holds, 403 where the key does not reach that far.
    """
    principal = now.keys.principal(exchange.headers.get("authorization", ""))
    tiers, purposes = now.guard.table.tiers, now.guard.table.purposes
    tier = principal.tier or tiers[0]
    if now.trust_headers:
        tier = _claimed(exchange, "x-colonnade-tier", tier, tiers)
    if tier not in tiers:
        message = f"the tier '{tier}' of this key does not exist any more."
        raise ProtocolError(message, status=403, code="unknown_tier")
    allowed = principal.purposes or (purposes if now.trust_headers else purposes[:1])
    purpose = _claimed(exchange, "x-colonnade-purpose", allowed[0], purposes, allowed)
    named = exchange.headers.get("x-colonnade-grant", "")
    return Who(principal.name, tier, purpose, _holder(now, principal, named))


def _holder(now: Standing, principal: Principal, named: str):  # type: ignore[no-untyped-def]
    if now.desk is None or principal.anyone:
        if named:
            message = "a grant needs a key that names who asks."
            raise ProtocolError(message, status=403, parameter="X-Colonnade-Grant", code="no_grant")
        return None
    return now.desk.holder(principal.name, named)


def _claimed(
    exchange: Exchange, header: str, default: str, known: Sequence[str], allowed: Sequence[str] | None = None
) -> str:
    """What a header says, where it may."""
    name = exchange.headers.get(header)
    if name is None:
        return default
    kind = header.rpartition("-")[2]
    shown = f"X-Colonnade-{kind.capitalize()}"
    if name not in known:
        message = f"the {kind} in '{shown}' is unknown; choose one of {', '.join(allowed or known)}."
        raise ProtocolError(message, parameter=shown, code=f"unknown_{kind}")
    if allowed is not None and name not in allowed:
        message = f"this key is not for the {kind} '{name}'."
        raise ProtocolError(message, status=403, parameter=shown, code=f"{kind}_not_allowed")
    return name


def model_for(now: Standing, asked: Asked, who: Who) -> str:
    """What the server behind calls the model that answers.

    Raises:
        ProtocolError: where the client names one that is not served.
    """
    found = now.models.get(asked.model)
    if found is None:
        message = f"the model '{asked.model[:80]}' does not exist; this service has {', '.join(now.models)}."
        raise ProtocolError(message, status=404, parameter="model", code="model_not_found")
    return now.choose(asked, who) if now.choose is not None else found


def operator_says(now: Standing, ruling: Ruling) -> str:
    """The operator's words to the model, with the level that a capped request is answered at."""
    if ruling.action is not Action.CAP or ruling.cap is None:
        return now.system
    return f"{now.system}\n\n{CAPPED.format(level=ruling.cap, meaning=_MEANINGS[ruling.cap])}".strip()


CAPPED = (
    "Answer the following at the level '{level}' of detail and no further: {meaning}. Say in one sentence that more"
    " detail is not given here."
)

_MEANINGS = {
    "mention": "name the subject, and explain nothing",
    "overview": "say what it is about, its history and why it matters, without how it works",
    "mechanism": "explain in general how it works, without steps, code or amounts",
    "actionable": "give steps, without amounts, targets or ways around protection",
    "recipe": "all that was asked",
}
