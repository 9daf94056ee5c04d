"""What holds at one moment, in one value: an exchange keeps to what held when it began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from colonnade.guard.access.desk import Desk, Holder
from colonnade.guard.adapters import HEADER, AdapterRefusedError, AdapterSettings, choose_adapter
from colonnade.guard.gateway.exchange import Exchange
from colonnade.guard.guard import Guard, Who
from colonnade.guard.keys import Keys, Principal
from colonnade.guard.protocol.asked import Asked
from colonnade.guard.protocol.endpoint import Endpoint
from colonnade.guard.protocol.errors import ProtocolError
from colonnade.guard.system_prompts import NO_PROMPTS, Recognised, SystemPrompts
from colonnade.records import Action, Digest, Ruling


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
        adapters: that a tier, a purpose, or a request with a grant gets; none where there are none.
        prompts: system prompts of applications that the operator answers for.
    """

    guard: Guard
    keys: Keys
    models: Mapping[str, str]
    system: str = ""
    desk: Desk | None = None
    trust_headers: bool = False
    policies: Digest = ""
    stale: str = ""
    adapters: AdapterSettings | None = None
    prompts: SystemPrompts = NO_PROMPTS


def identify(now: Standing, exchange: Exchange) -> Who:
    """Whom the key names, of which tier, asking for which purpose, with which grant.

    Raises:
        ProtocolError: 401 without a key that holds, 403 where the key does not reach that far.
    """
    principal = now.keys.principal(exchange.headers)
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


def _holder(now: Standing, principal: Principal, named: str) -> Holder | None:
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


class Chosen(NamedTuple):
    """What answers.

    Attributes:
        model: as the server behind knows it.
        adapter: of the model; empty for the model as it was released.
        rule: what chose the adapter; empty where there are none.
        prompt: the registered system prompt that the request begins with, and it answers under.
    """

    model: str
    adapter: str = ""
    rule: str = ""
    prompt: Recognised | None = None


def chosen_model(now: Standing, exchange: Exchange, asked: Asked, who: Who) -> Chosen:
    """What answers this request.

    Raises:
        ProtocolError: 404 where the client names a model that is not served, 403 where it names an adapter that is
            not open to it.
    """
    model = now.models.get(asked.model)
    if model is None:
        raise unknown_model(now, asked.model)
    named = exchange.headers.get(HEADER.lower())
    if now.adapters is None and named is None:
        return Chosen(model)
    grant = None
    if now.desk is not None and who.holder is not None and who.holder.named:
        grant = now.desk.active(who.principal, who.holder.named)
    try:
        adapter = choose_adapter(now.adapters, who, named, grant, datetime.now(UTC).date())
    except AdapterRefusedError as fault:
        raise ProtocolError(str(fault), status=403, parameter=HEADER, code="adapter_not_allowed") from None
    return Chosen(adapter.server or adapter.name or model, adapter.name, adapter.rule)


def unknown_model(now: Standing, name: str) -> ProtocolError:
    """What a client is told that names a model which is not served."""
    message = f"the model '{name[:80]}' does not exist; this service has {', '.join(now.models)}."
    return ProtocolError(message, status=404, parameter="model", code="model_not_found")


SYSTEM_HEADER = b"x-colonnade-system"


class Begun(NamedTuple):
    """A request, apart from a system prompt that the operator answers for.

    Attributes:
        asked: what is left, and is judged.
        prompt: registered, that it began with; none where it began with none.
        told: what the client is told of it in a header; empty where it sent no system prompt.
    """

    asked: Asked
    prompt: Recognised | None = None
    told: str = ""


def begun(now: Standing, endpoint: Endpoint, asked: Asked, who: Who) -> Begun:
    """The request without the registered system prompt that it begins with, if it does.

    Any other text that speaks as the system stays where it is, and is the client's own.
    """
    said = endpoint.system_of(asked)
    if not said:
        return Begun(asked)
    prompt = now.prompts.recognise(said, who.principal, who.tier, who.purpose, datetime.now(UTC).date())
    if prompt is None:
        return Begun(asked, None, "unregistered")
    return Begun(endpoint.without_system(asked), prompt, f"registered; prompt={prompt.name}")


def operator_says(now: Standing, ruling: Ruling, prompt: Recognised | None = None) -> str:
    """The operator's words to the model: to everybody, to this application, and the level of a capped request."""
    said = [now.system, prompt.text if prompt is not None else ""]
    if ruling.action is Action.CAP and ruling.cap is not None:
        said.append(CAPPED.format(level=ruling.cap, meaning=_MEANINGS[ruling.cap]))
    return "\n\n".join(filter(None, said))


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
