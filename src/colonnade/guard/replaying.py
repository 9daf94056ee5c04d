"""Yesterday's requests and answers under tomorrow's policy: what would be answered otherwise, why, and at what cost.

An exchange is a request with its answers. What came of it is the first ruling that did not allow,
the request's before those of its answers. An answer that was never made, because the request was
refused, cannot be replayed: where tomorrow's policy would let the request through, that is said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from colonnade.guard.gateway.holdback import HeldReply
from colonnade.guard.guard import Guard, Who
from colonnade.guard.protocol import Delta
from colonnade.guard.table import Lookup
from colonnade.records import Action, Level, Ruling
from colonnade.statistics import Difference, Estimate, clustered_interval, clustered_paired_difference

Should = Literal["allow", "refuse"]
"""What people say should have come of an exchange."""

Cause = Literal["table", "detectors", "both", "grants"]
"""What a change comes from: what the policies say, what the detectors find, both together, or who has a grant."""


class Said(NamedTuple):
    """One output of an answer.

    Attributes:
        text: none where it cannot be read.
        channel: as the protocol calls it; arguments of tools are read in another way than content.
        choice: of several answers to one request.
    """

    text: str | None
    channel: str = "content"
    choice: int = 0


class Began(NamedTuple):
    """The system prompt that a request began with.

    Attributes:
        digest: of the registered prompt that it was, and that is not among the texts; empty where nobody had
            registered it, and it was judged like the others.
        place: of such a one among the texts.
    """

    digest: str = ""
    place: int = 0


class Exchange(NamedTuple):
    """A request with its answers, as a log or a file has it.

    Attributes:
        id: its name where it comes from.
        at: when it came in; none where nobody knows.
        request: the texts of the request, each judged by itself; none where they cannot be read.
        replies: every output of every answer.
        ruled: the ruling on the request at the time, and those on the answers; none where nothing was ruled.
        grant: the grant that let it through, if one did.
        should: what people say should have come of it, where they did.
        cluster: exchanges of one cluster are not independent: one person's, for instance.
        erased: whether the request was kept once, and its key is gone or was not given.
        began: the system prompt that it began with; none where it began with none.
    """

    id: str
    principal: str
    tier: str
    purpose: str
    request: tuple[str, ...] | None
    replies: tuple[Said, ...] = ()
    at: datetime | None = None
    ruled: tuple[Ruling, ...] = ()
    grant: str = ""
    should: Should | None = None
    cluster: str = ""
    erased: bool = False
    began: Began | None = None


class Outcome(NamedTuple):
    """What comes of an exchange.

    Attributes:
        ruling: the one that decides.
        whole: whether every answer that there was could be ruled on.
    """

    ruling: Ruling
    whole: bool = True

    @property
    def allowed(self) -> bool:
        """Whether the answer goes out as it is, or as far as the cap lets it."""
        return self.ruling.action in ("allow", Action.CAP)


class Replayed(NamedTuple):
    """An exchange before and after."""

    exchange: Exchange
    before: Outcome
    after: Outcome
    cause: Cause | None

    @property
    def changed(self) -> bool:
        """Whether the client would be answered otherwise."""
        return self.cause is not None

    @property
    def clause(self) -> str:
        """The clause that did it: the one that closes, or, where nothing is closed any more, the one that did."""
        decides = self.before if self.after.ruling.action == "allow" else self.after
        return decides.ruling.rule.partition("/")[0]


class Unread(NamedTuple):
    """An exchange that cannot be replayed, and why."""

    exchange: Exchange
    why: Literal["erased", "not kept", "no ruling", "system prompt"]


class Cost(NamedTuple):
    """One kind of error among exchanges that people labelled.

    Attributes:
        labelled: how many there are of that label.
        before, after: the rate of errors, with intervals.
        difference: after less before, on the same exchanges.
        newly, no_longer: how many err only after, and only before.
    """

    labelled: int
    before: Estimate
    after: Estimate
    difference: Difference
    newly: int
    no_longer: int


async def outcome_under(guard: Guard, exchange: Exchange, who: Who) -> Outcome:
    """What comes of an exchange under a guard, by the way that a gateway takes with an answer that came whole.

    Args:
        guard: rules.
        exchange: its request must be readable.
        who: asks, with the grants as they stood.
    """
    texts = exchange.request or ()
    turns = texts if len(texts) > 1 else ()
    first = await guard.rule("request", texts, who, None, turns)
    if first.action not in ("allow", Action.CAP):
        return Outcome(first)
    held = HeldReply(guard, who, first, guard.suspicion(first), turns)
    held.take([Delta(row.choice, row.channel, row.text) for row in exchange.replies if row.text is not None])
    await held.finish()
    rulings = [first, *(row.ruling for row in held.judged if row.ruling is not None)]
    return Outcome(deciding(rulings), all(row.text is not None for row in exchange.replies))


def deciding(rulings: Sequence[Ruling]) -> Ruling:
    """The ruling that decides what the client gets: the first that allows nothing, then one that caps."""
    closed = (ruling for ruling in rulings if ruling.action not in ("allow", Action.CAP))
    capped = (ruling for ruling in rulings if ruling.action is Action.CAP)
    return next(closed, None) or next(capped, None) or rulings[0]


async def replay(
    exchanges: Iterable[Exchange],
    before: Callable[[Exchange], Awaitable[Outcome | None]],
    after: Callable[[Exchange], Awaitable[Outcome | None]],
    table: Lookup,
) -> AsyncIterator[Replayed | Unread]:
    """Rule on every exchange again; what cannot be read is told, never left out.

    Args:
        exchanges: in the order in which the results come.
        before: what came, or would have come, of one; nothing where nobody knows.
        after: what would come of it; nothing where it began with a system prompt whose words nobody has any more.
        table: the one that ``after`` rules by, to tell what a change comes from.
    """
    for exchange in exchanges:
        if exchange.request is None:
            yield Unread(exchange, "erased" if exchange.erased else "not kept")
            continue
        then = await before(exchange)
        if then is None:
            yield Unread(exchange, "system prompt" if exchange.ruled else "no ruling")
            continue
        now = await after(exchange)
        if now is None:
            yield Unread(exchange, "system prompt")
            continue
        yield Replayed(exchange, then, now, cause_of(then.ruling, now.ruling, table))


def cause_of(before: Ruling, after: Ruling, table: Lookup) -> Cause | None:
    """What makes the client be answered otherwise; nothing where it is not.

    The old finding (topic and level) is looked up in the new table. Where that gives the new answer,
    the table did it; where it gives the old answer, the detectors did; otherwise both had a part in it. Where the
    same finding is opened by a grant on one side only, and the table says the same, the grants did.
    """
    if _answer(before) == _answer(after):
        return None
    said = _looked_up(before, table)
    if before.side == after.side and (before.topic, before.level) == (after.topic, after.level):
        by_grant = bool(before.grant) != bool(after.grant)
        return "grants" if by_grant and said == (after if before.grant else before).action else "table"
    if said == before.action:
        return "detectors"
    return "table" if said == after.action else "both"


def cost(replayed: Iterable[Replayed], should: Should, confidence: float = 0.95) -> Cost | None:
    """How often what people labelled so comes out otherwise, before and after; nothing where nobody labelled any.

    Exchanges of one cluster are taken as dependent. Labels that are wrong, and exchanges that were
    chosen for labelling because of what came of them, are not corrected for.

    Args:
        replayed: all of them.
        should: ``allow`` for the cost of refusing what is right, ``refuse`` for that of letting through what is not.
        confidence: of every interval.
    """
    rows = [row for row in replayed if row.exchange.should == should]
    if not rows:
        return None
    wrong = should == "refuse"  # to be allowed is the error
    before, after = [row.before.allowed == wrong for row in rows], [row.after.allowed == wrong for row in rows]
    clusters = [row.exchange.cluster or row.exchange.id for row in rows]
    return Cost(
        labelled=len(rows),
        before=_rate(before, clusters, confidence),
        after=_rate(after, clusters, confidence),
        difference=clustered_paired_difference(before, after, clusters, confidence),
        newly=sum(now and not then for then, now in zip(before, after, strict=True)),
        no_longer=sum(then and not now for then, now in zip(before, after, strict=True)),
    )


def _rate(errors: Sequence[bool], clusters: Sequence[str], confidence: float) -> Estimate:
    events: dict[str, int] = {}
    trials: dict[str, int] = {}
    for error, cluster in zip(errors, clusters, strict=True):
        events[cluster] = events.get(cluster, 0) + error
        trials[cluster] = trials.get(cluster, 0) + 1
    interval = clustered_interval(list(events.values()), list(trials.values()), confidence)
    return Estimate(sum(errors) / len(errors), *interval)


def _answer(ruling: Ruling) -> tuple[str, Level | None]:
    """What tells one answer to a client from another."""
    return ruling.action, ruling.cap


def _looked_up(ruling: Ruling, table: Lookup) -> str:
    """What the table says to what was found at the time; a ruling without a finding stands as it is."""
    if ruling.topic is None:
        return ruling.action
    if ruling.topic not in table.topics:
        return "allow"  # nobody limits it any more
    return table.cell(ruling.topic, ruling.level or Level.RECIPE, ruling.tier, ruling.purpose).action
