"""Prometheus metrics of a running guard: counts and times, never who asked or what.

Every label has few values that are known beforehand: clauses and tiers of the table, names of
detectors that are at work. What is not among them counts as ``other``, so that nobody who sends
requests can make the page grow. The registry is this object's own.

Names and units follow https://prometheus.io/docs/practices/naming/ (seconds, ``_total``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from colonnade.guard.guard import Guard
from colonnade.guard.observing import Finished, TurnedAway
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.protocol.endpoints import ROUTES
from colonnade.guard.protocol.errors import CODES, STATUSES
from colonnade.records import Ruling

OTHER = "other"
"""The label of what is not known beforehand."""

NONE = "none"
"""The label of a ruling on a text without a topic, of a request without a grant, a route or a status."""

FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
"""Upper ends of the buckets for what the guard does, in seconds."""

SLOW = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Upper ends of the buckets for what the upstream does, in seconds."""

_RULES = ("no topic", "default deny", "detector failed", "exception lapsed", "grant refused", "grant")
"""Rules that are no clause."""

_ROUTES, _STATUSES, _CODES = frozenset(ROUTES), frozenset(map(str, STATUSES)), CODES | {"client_hung_up"}


class Known(NamedTuple):
    """The values that labels may have.

    Attributes:
        clauses: ids of the table's topics and of the clauses above them.
        detectors: names of detectors and of the judge.
    """

    clauses: frozenset[str]
    tiers: frozenset[str]
    endpoints: frozenset[str]
    detectors: frozenset[str]


class NamesOf:
    """The values that labels may have with the guard that rules now.

    Args:
        guard: the one that rules now; looked through once.
    """

    def __init__(self, guard: Callable[[], Guard]) -> None:
        self._guard = guard
        self._known: tuple[Guard, Known] | None = None

    def __call__(self) -> Known:
        """The names; made anew only where another guard rules."""
        guard = self._guard()
        if self._known is None or self._known[0] is not guard:
            judge = [guard.judge.name] if guard.judge is not None else []
            names = Known(
                clauses=frozenset(cell.topic for cell in guard.table.cells),
                tiers=frozenset(guard.table.tiers),
                endpoints=frozenset(endpoint.name for endpoint in ENDPOINTS.values()),
                detectors=frozenset([name for name, _, _ in guard.detectors] + judge),
            )
            self._known = guard, names
        return self._known[1]


class Metrics:
    """Counts what is told; see docs/living-with-the-guard.md for the list.

    Args:
        known: the values that labels may have now; asked for at every request, since a policy may change meanwhile.
    """

    def __init__(self, known: Callable[[], Known]) -> None:
        self._known = known
        self._children: dict[tuple[Any, ...], Any] = {}
        self.registry = registry = CollectorRegistry(auto_describe=False)

        def counter(name: str, what: str, labels: Iterable[str] = ()) -> Counter:
            return Counter(f"colonnade_{name}", what, tuple(labels), registry=registry)

        def seconds(name: str, what: str, buckets: tuple[float, ...], labels: Iterable[str] = ()) -> Histogram:
            return Histogram(f"colonnade_{name}_seconds", what, tuple(labels), registry=registry, buckets=buckets)

        requests = ("endpoint", "outcome", "action", "tier", "stream")
        ruled = ("side", "clause", "action")
        self._requests = counter("requests", "Requests, by what became of them.", requests)
        self._statuses = counter("responses", "Responses by status of HTTP.", ("status",))
        self._away = counter(
            "requests_turned_away", "Requests that ended before a ruling.", ("endpoint", "status", "code")
        )
        self._rulings = counter("rulings", "Rulings by side, clause that decided, and action.", ruled)
        self._detectors = counter("detector_runs", "Detectors that were asked, by outcome.", ("detector", "outcome"))
        self._grants = counter("grant_uses", "Rulings that a grant let through.", ("clause", "level"))
        self._tokens = counter("tokens", "Tokens, as the upstream counts them.", ("direction",))
        self._guard = seconds("guard", "Time that the guard took to rule.", FAST, ("side",))
        self._log = seconds("log", "Time until a row was on disk.", FAST)
        self._detector = seconds("detector", "Time that a detector took.", FAST, ("detector",))
        self._first = seconds("upstream_first_piece", "From asking the upstream to its first piece.", SLOW)
        self._whole = seconds("upstream", "From asking the upstream to its last piece.", SLOW)
        self._held = seconds("held_back", "The longest that a piece of a reply waited for its ruling.", FAST)
        self._all = seconds("request", "From the first byte in to the last byte out.", SLOW, ("endpoint",))

    def finished(self, row: Finished) -> None:
        """Count one request with its answers."""
        known, took, of = self._known(), row.milliseconds, self._of
        endpoint, tier = _among(row.endpoint, known.endpoints), _among(row.tier, known.tiers)
        deciding = next((ruling for ruling in row.replies if ruling.action != "allow"), row.request)
        stream = "true" if row.stream else "false"
        of(self._requests, endpoint, row.outcome, deciding.action, tier, stream).inc()
        of(self._statuses, str(row.status)).inc()
        for ruling in (row.request, *row.replies):
            self._ruled(ruling, known)
        for direction, count in zip(("in", "out"), row.tokens or (), strict=False):
            of(self._tokens, direction).inc(count)
        for histogram, milliseconds in (
            (of(self._guard, "request"), took.guard_request),
            (of(self._guard, "reply"), took.guard_reply),
            (self._log, took.log),
            (self._first, took.upstream_first),
            (self._whole, took.upstream_all),
            (self._held, took.held_back),
            (of(self._all, endpoint), took.all),
        ):
            if milliseconds is not None:
                histogram.observe(milliseconds / 1000)

    def turned_away(self, row: TurnedAway) -> None:
        """Count one request on which nothing was ruled."""
        status = _among(str(row.status), _STATUSES) if row.status else NONE
        endpoint = _among(row.endpoint, _ROUTES) if row.endpoint else NONE
        self._of(self._away, endpoint, status, _among(row.code, _CODES)).inc()
        if row.status:
            self._of(self._statuses, status).inc()

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """A gauge that is read when the page is: the rows that wait for the log, what observers dropped.

        Args:
            name: without the prefix ``colonnade_``.
            what: one sentence.
            value: asked for each time.
        """
        Gauge(f"colonnade_{name}", what, registry=self.registry).set_function(value)

    def page(self) -> tuple[bytes, str]:
        """Everything as a page for Prometheus, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def _ruled(self, ruling: Ruling, known: Known) -> None:
        of = self._of
        of(self._rulings, ruling.side, _clause(ruling, known), ruling.action).inc()
        if ruling.grant:
            of(self._grants, _among(ruling.topic or NONE, known.clauses), ruling.level or NONE).inc()
        for run in ruling.detectors:
            name = _among(run.name, known.detectors)
            of(self._detectors, name, run.outcome).inc()
            of(self._detector, name).observe(run.milliseconds / 1000)

    def _of(self, metric: Any, *labels: str) -> Any:
        """The part of a metric with these labels, found once: finding it takes most of the time of counting."""
        key = (metric, *labels)
        found = self._children.get(key)
        if found is None:
            found = self._children[key] = metric.labels(*labels)
        return found


def _clause(ruling: Ruling, known: Known) -> str:
    """The clause that decided; for a rule that is no clause, the rule."""
    name = ruling.rule.partition("/")[0]
    return name if name in _RULES else _among(name, known.clauses)


def _among(name: str, known: frozenset[str]) -> str:
    return name if name in known else OTHER
