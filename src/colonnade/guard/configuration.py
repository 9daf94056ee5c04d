"""Who may ask, for which purposes, and what is said instead of an answer: ``guard.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from colonnade.guard.adapters import AdapterSettings
from colonnade.guard.system_prompts import PromptEntries
from colonnade.models.addresses import Address, address_of
from colonnade.records import Action, InputError, Record
from colonnade.records.reading import read_yaml

Replies = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Action, then pairs of language and text; the first language is the one to fall back on."""

# Names travel in request headers and in sentences such as "tier=staff, purpose=study".
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice; keep it once")
    return names


Names = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(_distinct)]


def _pairs(value: Any) -> Any:
    """The mapping action -> language -> text as pairs, in the order of :class:`Action`."""
    if not isinstance(value, dict):
        return value
    actions = [str(action) for action in Action]
    for action in value:
        if action not in actions:
            raise ValueError(f"'{action}' is not an action; choose from {', '.join(actions)}")
    if Action.CAP not in value and Action.DEFLECT in value:
        # Where an answer cannot be capped, turning towards what may be said is the nearest thing to it.
        value = {**value, Action.CAP.value: value[Action.DEFLECT]}
    for action in actions:
        if action not in value:
            raise ValueError(f"the action '{action}' has no reply; add one, for instance 'en: ...'")
        _check_texts(action, value[action])
    return tuple((action, tuple(value[action].items())) for action in actions)


def _check_texts(action: str, texts: Any) -> None:
    if not isinstance(texts, dict) or not texts:
        raise ValueError(f"'{action}' needs 'language: text' lines, at least one")
    for language, text in texts.items():
        if not isinstance(language, str):
            raise ValueError(f"under '{action}' the language {language!r} is not text; put it in quotes")
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"'{action}' has no text in the language '{language}'; write one")


class Purpose(Record):
    """What somebody asks for, and what asking for it looks like.

    Attributes:
        id: its name in requests, grants and exceptions.
        about: a sentence for people.
        examples: requests that are for this purpose.
        beside: requests that come close to it and are not.
    """

    id: Name
    about: str = ""
    examples: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    beside: tuple[Annotated[str, Field(min_length=1)], ...] = ()


def _named(value: Any) -> Any:
    """A plain name stands for a purpose of which nothing more is said."""
    return {"id": value} if isinstance(value, str) else value


def _each_once(purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
    _distinct(tuple(purpose.id for purpose in purposes))
    return purposes


class AccessSettings(Record):
    """Who decides about grants, and how their use is watched.

    Attributes:
        approvers: roles of ``people.yaml``; two people of these have to sign a grant.
        reviewers: roles whose people look at uses, and whose verdict suspends a grant.
        log: where uses are written, a path below the workspace; without it no grant can be used.
        review_share: the share of uses that a person looks at; at ``recipe`` it is all of them.
        appeals: whom a holder turns to whose access was stopped, as they read it: an address, an office.
    """

    approvers: Names
    reviewers: Names
    log: str = ""
    review_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    appeals: str = ""


class LogSettings(Record):
    """Where the running service writes its rows.

    Attributes:
        folder: of the log, below the workspace or anywhere else.
        origin: the log's name in its checkpoints; by default ``NAME/guard`` with the launch's name.
        key: the private key of its checkpoints, outside the log; beside it lie the keys of people's contents.
        retain_days: for which prompts and answers are kept; the EU AI Act asks for six months of logs.
        contents: whether prompts and answers are kept, sealed, or not at all.
    """

    folder: Annotated[str, Field(min_length=1)] = ".colonnade/audit-log"
    origin: str = ""
    key: Annotated[str, Field(min_length=1)] = ".colonnade/audit-keys/log.pem"
    retain_days: Annotated[int, Field(ge=1, le=36_500)] = 190
    contents: Literal["sealed", "none"] = "sealed"


def _address(name: str) -> str:
    try:
        known = address_of(name)
    except InputError as fault:
        raise ValueError(f"{fault.what.rstrip('.')}; {fault.mend}") from None
    if known is None:
        raise ValueError("it names no model on a server; write 'NAME@http://ADDRESS/v1'")
    return name


class JudgeSettings(Record):
    """Who decides inside the uncertain band; without a judge the clause's action stands.

    Attributes:
        model: ``NAME@http://ADDRESS/v1``, any OpenAI-compatible server.
        seconds: until a verdict counts as not given.
        parallel: requests at once.
        key_variable: the environment variable that holds the key; the key itself stands in no file.
    """

    model: Annotated[str, AfterValidator(_address)]
    seconds: Annotated[float, Field(gt=0, le=120)] = 5.0
    parallel: Annotated[int, Field(ge=1, le=256)] = 8
    key_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] = "COLONNADE_JUDGE_KEY"

    @property
    def address(self) -> Address:
        """The model's name and its server."""
        known = address_of(self.model)
        if known is None:  # pragma: no cover  # the field was checked when it was read
            raise ValueError(self.model)
        return known


class DetectorLimit(Record):
    """How long one detector may take for one text.

    Attributes:
        name: the detector's, as rulings call it; the part before a slash speaks for all that begin with it.
        milliseconds: after so long it counts as timed out.
    """

    name: str
    milliseconds: Annotated[int, Field(ge=1, le=60_000)]


def _limits(value: Any) -> Any:
    """The mapping name -> {milliseconds} as rows."""
    if not isinstance(value, dict):
        return value
    rows = []
    for name, settings in value.items():
        if not isinstance(settings, dict):
            raise ValueError(f"'{name}' needs '{{milliseconds: 500}}'")
        rows.append({"name": str(name), **settings})
    return tuple(rows)


DEFAULT_LIMIT = 2_000
"""Milliseconds for a detector of which nothing is said."""

PROBE_LIMIT = 5_000
"""The same for a probe: a busy machine takes ten times as long for it as an idle one."""


class GuardConfiguration(Record):
    """What the guard is told besides the policies.

    Attributes:
        tiers: who may ask; the first is the default.
        described: what for, ``purposes`` in the file; the first is the default.
        replies: for every action the text per language, said instead of an answer; without one for
            ``cap`` the text for ``deflect`` is said where an answer cannot be capped.
        access: about grants; without it there are none.
        log: where rows are written; ``none`` for nowhere. Where nothing is said, ``serve`` keeps one in
            the workspace, and grants need ``access.log`` or this.
        adapters: which there are, and who is answered with which.
        judge: who decides what detectors are not certain of.
        probe: whether a probe on the weights of ``launch.yaml`` looks again at requests that the fast detectors
            suspect; where nothing is said, it does so where these weights are served.
        detectors: how long they may take.
        system_prompts: of applications, that the operator answers for.
    """

    tiers: Names
    described: Annotated[tuple[Annotated[Purpose, BeforeValidator(_named)], ...], AfterValidator(_each_once)] = Field(
        alias="purposes", min_length=1
    )
    replies: Annotated[Replies, BeforeValidator(_pairs)]
    access: AccessSettings | None = None
    log: LogSettings | Literal["none"] | None = None
    adapters: AdapterSettings | None = None
    judge: JudgeSettings | None = None
    probe: bool | None = None
    detectors: Annotated[tuple[DetectorLimit, ...], BeforeValidator(_limits)] = ()
    system_prompts: PromptEntries = ()

    @model_validator(mode="after")
    def _adapters_are_for_known_cases(self) -> GuardConfiguration:
        for place, rule in enumerate(self.adapters.rules if self.adapters else ()):
            for kind, name, known in (("tier", rule.tier, self.tiers), ("purpose", rule.purpose, self.purposes)):
                if name is not None and name not in known:
                    raise ValueError(f"rule {place + 1} of 'adapters' names the {kind} '{name}', which there is not")
        return self

    @model_validator(mode="after")
    def _prompts_are_for_known_cases(self) -> GuardConfiguration:
        for entry in self.system_prompts:
            for kind, names, known in (
                ("tier", entry.tiers, self.tiers),
                ("purpose", entry.purposes, self.purposes),
            ):
                unknown = next((name for name in names if name not in known), None)
                if unknown is not None:
                    raise ValueError(
                        f"'{entry.name}' of 'system_prompts' names the {kind} '{unknown}', which there is not"
                    )
        return self

    def milliseconds_for(self, detector: str) -> int:
        """How long a detector may take: what is said of its name, or of the part before the slash."""
        said = {"probe": PROBE_LIMIT} | {limit.name: limit.milliseconds for limit in self.detectors}
        return said.get(detector, said.get(detector.partition("/")[0], DEFAULT_LIMIT))

    @property
    def purposes(self) -> tuple[str, ...]:
        """The names of what for; the first is the default."""
        return tuple(purpose.id for purpose in self.described)


def read_guard_configuration(file: Path) -> GuardConfiguration:
    """The guard's configuration from its YAML file.

    Raises:
        InputError: at the first thing that does not fit, with the file and the line.
    """
    return read_yaml(GuardConfiguration, file)
