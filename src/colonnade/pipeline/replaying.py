"""A log, or a file of requests, replayed under the policies of another place or revision."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from colonnade.guard import Guard, GuardConfiguration, Who, read_guard_configuration
from colonnade.guard.access import GrantIndex
from colonnade.guard.access.past import PastHolder
from colonnade.guard.remembering import Memories, RememberingJudge, remembering
from colonnade.guard.replaying import (
    Began,
    Exchange,
    Outcome,
    Replayed,
    Said,
    Should,
    Unread,
    deciding,
    outcome_under,
    replay,
)
from colonnade.guard.system_prompts import NO_PROMPTS, SystemPrompts, read_system_prompts
from colonnade.guard.table import Lookup
from colonnade.pipeline.access import access_settings
from colonnade.pipeline.access_book import Standings, read_book
from colonnade.pipeline.comparison import Side, named_place, side_of
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.guard_parts import guard_parts
from colonnade.pipeline.replay_labels import Labels
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Grant, GrantState, InputError, Record, Ruling
from colonnade.records.reading import read_rows, row_to_record
from colonnade.store.log import KeyRing
from colonnade.store.log.contents import OpenedRow, open_rows
from colonnade.store.log.segments import SETTINGS

PATIENCE = 3600.0
"""Seconds for a slow detector: a replay may be slow, but a busy machine must not change what it finds."""


class Turn(Record):
    """One turn of a conversation before the prompt."""

    role: str
    content: str


class ReplayRow(Record):
    """One line of a file of requests.

    Attributes:
        prompt: what was asked last.
        answers: what was answered, if it is known.
        conversation: the turns before the prompt.
        principal, tier, purpose: who asked and what for; by default nobody in particular, and the first of guard.yaml.
        should: what people say should come of it.
        cluster: rows of one cluster are not independent, paraphrases for instance.
    """

    id: str = ""
    prompt: Annotated[str, Field(min_length=1)]
    answers: tuple[str, ...] = ()
    conversation: tuple[Turn, ...] = ()
    principal: str = ""
    tier: str = ""
    purpose: str = ""
    should: Literal["allow", "refuse"] | None = None
    cluster: str = ""


class Policies(NamedTuple):
    """A guard for replaying.

    Attributes:
        name: what it is called in the result.
        grants: those that were active at a moment, as an index over its table.
        unread: what could not be read, and what stands in its place.
        prompts: system prompts that are registered.
        words: of every prompt that is known anywhere, by its digest.
    """

    name: str
    guard: Guard
    grants: Callable[[datetime], GrantIndex]
    unread: tuple[str, ...] = ()
    prompts: SystemPrompts = NO_PROMPTS
    words: Mapping[str, str] = MappingProxyType({})

    async def outcome(self, exchange: Exchange) -> Outcome | None:
        """What comes of an exchange under these policies, with the grants as they stood.

        Nothing where it began with a system prompt that is not registered here, and whose words nobody has.
        """
        who = self._who(exchange)
        judged = self._judged(exchange, who)
        return None if judged is None else await outcome_under(self.guard, exchange._replace(request=judged), who)

    def _judged(self, exchange: Exchange, who: Who) -> tuple[str, ...] | None:
        """The texts of a request that are judged here: without the system prompt that it began with, or with it."""
        texts, began, asker = exchange.request or (), exchange.began, (who.principal, who.tier, who.purpose)
        if began is None:
            return texts
        if began.digest:
            words = self.words.get(began.digest)
            return texts if self.prompts.has(began.digest, *asker) else None if words is None else (words, *texts)
        day = (exchange.at or datetime.now(UTC)).date()
        ours = len(texts) > 1 and self.prompts.recognise(texts[began.place], *asker, day) is not None
        return texts[: began.place] + texts[began.place + 1 :] if ours else texts

    def _who(self, exchange: Exchange) -> Who:
        at, holder = exchange.at or datetime.now(UTC), None
        if exchange.principal:
            holder = PastHolder(self.grants(at), exchange.principal, at.date(), exchange.grant)
        tier = exchange.tier or self.guard.table.tiers[0]
        return Who(exchange.principal, tier, exchange.purpose or self.guard.table.purposes[0], holder)


def is_log(place: Path) -> bool:
    """Whether a folder is an audit log."""
    return (place / SETTINGS).is_file()


# --- what is replayed -------------------------------------------------------------------------------


def exchanges_of_file(file: Path, configuration: GuardConfiguration | None = None) -> tuple[Exchange, ...]:
    """The requests of a JSONL file.

    Args:
        file: a request a line.
        configuration: whose tiers and purposes the requests may name; any, if not said.

    Raises:
        InputError: at the first line that is wrong, or whose id stands there twice.
    """
    found: dict[str, Exchange] = {}
    for line, row in read_rows(file):
        request = row_to_record(ReplayRow, row, file, line)
        if configuration is not None:
            _check_names(request, configuration, file, line)
        exchange = _from_file(request, line)
        if exchange.id in found:
            what = f"the id '{exchange.id}' stands twice."
            raise InputError(what, file=file, line=line, mend="Give each request its own, or none.")
        found[exchange.id] = exchange
    return tuple(found.values())


def _check_names(row: ReplayRow, configuration: GuardConfiguration, file: Path, line: int) -> None:
    """What the guard does not know it refuses on both sides, and nothing would seem to change."""
    for kind, name, known in (
        ("tier", row.tier, configuration.tiers),
        ("purpose", row.purpose, configuration.purposes),
    ):
        if name and name not in known:
            what = f"the guard knows no {kind} '{name}'."
            raise InputError(what, file=file, line=line, mend=f"Choose one of {', '.join(known)}, or leave it out.")


def exchanges_of_log(folder: Path, ring: KeyRing | None, labels: Labels) -> tuple[Exchange, ...]:
    """The exchanges of a log, in the order in which they came in.

    Args:
        folder: of the log.
        ring: keys of what was said; what they do not open comes without texts, and is counted by whoever replays.
        labels: what people say of them, by id.

    Raises:
        InputError: where there is no log, or a label is for nothing that stands in it.
        CorruptionError: where a text does not fit its commitment.
    """
    found: dict[str, Exchange] = {}
    for opened in open_rows(folder, ring):
        row = opened.line["row"]
        name, act = str(row.get("id", "")), row.get("act")
        if act == "request" and name:
            found[name] = _from_request(opened, name, labels.said.get(name))
        elif act == "reply" and name in found:
            found[name] = _with_reply(found[name], opened)
    labels.check(found, "log")
    return tuple(found.values())


def _from_file(row: ReplayRow, line: int) -> Exchange:
    texts = (*(turn.content for turn in row.conversation), row.prompt)
    return Exchange(
        id=row.id or f"line {line}",
        principal=row.principal,
        tier=row.tier,
        purpose=row.purpose,
        request=texts,
        replies=tuple(Said(text, choice=choice) for choice, text in enumerate(row.answers)),
        should=row.should,
        cluster=row.cluster or row.principal,
    )


def _from_request(opened: OpenedRow, name: str, should: Should | None) -> Exchange:
    row, texts = opened.line["row"], sorted(opened.texts.items(), key=_place)
    readable = bool(texts) and all(text is not None for _, text in texts)
    said = tuple(text for _, text in texts if text is not None)
    ruling = _ruling(row.get("ruling"))
    return Exchange(
        id=name,
        principal=str(row.get("principal", "")),
        tier=str(row.get("tier", "")),
        purpose=str(row.get("purpose", "")),
        request=said if readable else None,
        at=datetime.fromisoformat(opened.line["at"]),
        ruled=(ruling,) if ruling is not None else (),
        grant=ruling.grant if ruling is not None else "",
        should=should,
        cluster=str(row.get("principal", "")),
        erased=bool(texts) and not readable,
        began=_began(row, [place for place, _ in texts]),
    )


_LEADING = re.compile(r"(?:system|developer) (?:instructions|(?:messages|input)\.\[0\]\.content)")


def _began(row: Mapping[str, Any], places: Sequence[str]) -> Began | None:
    """The system prompt that a request began with, from its row or from the places of its texts."""
    registered = row.get("system_prompt")
    if registered:
        return Began(digest=str(registered["digest"]))
    leading = [place for place in places if _LEADING.fullmatch(place)]
    if not leading or any(place.endswith("messages.[0].name") for place in places):
        return None
    # What stands before the input hides what the input begins with.
    return Began(place=places.index(max(leading, key=lambda place: place.endswith("instructions"))))


def _with_reply(exchange: Exchange, opened: OpenedRow) -> Exchange:
    ruling = _ruling(opened.line["row"].get("ruling"))
    replies = tuple(_said(place, text) for place, text in sorted(opened.texts.items(), key=_place))
    ruled = (*exchange.ruled, ruling) if ruling is not None else exchange.ruled
    return exchange._replace(replies=(*exchange.replies, *replies), ruled=ruled)


def _said(place: str, text: str | None) -> Said:
    """An output of the log, whose place is its choice and its channel."""
    choice, _, channel = place.partition(" ")
    return Said(text, channel, int(choice)) if choice.isdigit() else Said(text)


def _ruling(content: object) -> Ruling | None:
    """A ruling as the log has it; nothing where it is one of a version that wrote others."""
    try:
        return Ruling.model_validate(content)
    except ValidationError:
        return None


def _place(row: tuple[str, str | None]) -> list[int | str]:
    """Places in the order of what they count: ``messages[10]`` comes after ``messages[2]``."""
    where = row[0].partition(" ")[2] or row[0]
    parts = re.split(r"(\d+)", where)
    return [f"{int(part):012d}" if part.isdigit() else part for part in parts]


# --- by what it is replayed -------------------------------------------------------------------------


class Replaying:
    """Guards over policies of several places; what their detectors have in common is asked once.

    Args:
        workspace: whose launch, people and grants count.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._teaching = teaching_prompts(workspace)
        self._memories: Memories = {}
        self._configuration = read_guard_configuration(workspace.folder / "guard.yaml")
        self._prompts_now = read_system_prompts(workspace.folder, self._configuration.system_prompts)

    def now(self) -> Policies:
        """The policies as the files say now."""
        side = Side(self._workspace, self._configuration, (), self._prompts_now, self._teaching)
        return self._policies("the files as they are", side)

    def at(self, name: str) -> Policies:
        """The policies of another folder, or of a revision, and what the detectors learn from there.

        Raises:
            InputError: where there is neither.
        """
        side = side_of(self._workspace, name, self._configuration, learning=True)
        return self._policies(named_place(self._workspace.folder, name), side)

    def _policies(self, name: str, side: Side) -> Policies:
        parts = guard_parts(side.workspace, side.configuration, _today(), side.teaching)
        judge = RememberingJudge(parts.judge) if parts.judge is not None else None
        guard = parts.guard(remembering(parts.detectors, self._memories), judge, lambda _: PATIENCE)
        words = {row.digest: row.text for row in (*side.prompts.prompts, *self._prompts_now.prompts)}
        return Policies(name, guard, _grants_by_moment(side.workspace, guard), side.unread, side.prompts, words)


async def logged(exchange: Exchange) -> Outcome | None:
    """What came of an exchange at the time, as the log says."""
    return Outcome(deciding(exchange.ruled)) if exchange.ruled else None


async def replay_all(
    exchanges: Sequence[Exchange], before: Policies | None, after: Policies
) -> AsyncIterator[Replayed | Unread]:
    """Replay exchanges.

    Args:
        exchanges: in order.
        before: the policies before; none to take what the log says of the time.
        after: the policies after.
    """
    then = before.outcome if before is not None else logged
    async for row in replay(exchanges, then, after.outcome, Lookup(after.guard.table)):
        yield row


def _grants_by_moment(workspace: Workspace, guard: Guard) -> Callable[[datetime], GrantIndex]:
    settings = access_settings(workspace)
    book = read_book(workspace.folder, workspace.people) if settings is not None else None
    standings, known = Standings(workspace.policies, workspace.launch.name), dict[tuple[date, int], GrantIndex]()

    def on(moment: datetime) -> GrantIndex:
        events = tuple(event for event in book.events if event.at <= moment) if book is not None else ()
        case = (moment.date(), len(events))  # between two events of one day nothing changes
        if case not in known:
            grants: Iterable[Grant] = ()
            if book is not None:
                stood = standings.of(book._replace(events=events), workspace.people, settings, moment)
                grants = [row.grant for row in stood if row.state is GrantState.ACTIVE]
            known[case] = GrantIndex(grants, guard.table)
        return known[case]

    return on


def _today() -> date:
    return datetime.now(UTC).date()
