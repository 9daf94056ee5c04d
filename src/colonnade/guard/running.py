"""The detectors at work: fast ones in place, slow ones in a thread with a time limit, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from math import inf
from time import perf_counter
from typing import Literal, NamedTuple, TypeVar, cast

from colonnade.guard.detection import Detection, Detector
from colonnade.guard.detection.patterns import PatternDetector
from colonnade.guard.detection.slices import Late
from colonnade.records import DetectorRun, Digest, MissingPackageError

Side = Literal["request", "reply"]
Outcome = Literal["ran", "failed", "timed out", "missing"]

LIMIT = 5.0
"""Seconds for a slow detector; one that takes longer has not judged, and nothing passes unjudged."""

HEAVY = 4_000
"""Characters; reading more takes so long that even a fast detector would hold up everybody else's answers."""

WHOLE = -1
"""The number of the conversation among the texts."""

_THREADS = 4
_NO_ANSWER = "no answer in time"
_T = TypeVar("_T")


_ENDINGS = (KeyboardInterrupt, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What ends the work itself. Whatever else a detector raises is a fault of the detector, a panic of a library in Rust
too, which is no ``Exception``: an unjudged text must not pass, and nobody is left without an answer."""


class Found(NamedTuple):
    """A detection, and which of the texts it was made in; ``WHOLE`` for the conversation."""

    text: int
    detection: Detection


class Silence(NamedTuple):
    """A detector that gave no answer.

    Attributes:
        topics: what it would have recognised.
        fault: the kind of what went wrong; never its words, which may quote the text.
    """

    name: str
    outcome: Outcome
    topics: frozenset[str]
    fault: str


class Findings(NamedTuple):
    """What all detectors made of some texts."""

    found: tuple[Found, ...]
    runs: tuple[DetectorRun, ...]
    silent: tuple[Silence, ...]

    @property
    def are_empty(self) -> bool:
        """Whether no text is near any topic."""
        return not [row for row in self.found if row.detection.topic is not None]

    @property
    def highest(self) -> float | None:
        """The highest score of all; none where nothing was found."""
        return max([row.detection.score for row in self.found], default=None)


class _Seat(NamedTuple):
    """A detector with what it says of itself, asked once: a digest may cost more than a detection.

    Attributes:
        named: name, version and digest.
    """

    detector: Detector
    name: str
    named: tuple[str, str, Digest]
    topics: frozenset[str]
    slow: bool
    reads: frozenset[str]
    limit: float


class _Answer(NamedTuple):
    found: tuple[Found, ...]
    outcome: Outcome
    fault: str
    seconds: float


class Detectors:
    """Several detectors as one.

    Args:
        detectors: in the order in which rulings list them.
        limit: seconds for one, by its name.
    """

    def __init__(self, detectors: Sequence[Detector], limit: Callable[[str], float] = lambda _: LIMIT) -> None:
        self._seats = tuple(
            _Seat(row, row.name, (row.name, row.version, row.digest), row.topics, row.slow, row.reads, limit(row.name))
            for row in detectors
        )
        self._pool: ThreadPoolExecutor | None = None
        self._patterns = tuple(
            (seat, seat.detector)
            for seat in self._seats
            if isinstance(seat.detector, PatternDetector) and "reply" in seat.reads
        )
        self.has_patterns = bool(self._patterns)
        forms = {seat.name for seat, _ in self._patterns}
        self._by_meaning = tuple(seat for seat in self._seats if seat.name not in forms)
        # Who reads a side, with patterns and without them, where there is no conversation and nobody needs a thread.
        sides: tuple[Side, ...] = ("request", "reply")
        readers = {
            (side, by_form): tuple(seat for seat in seats if side in seat.reads)
            for side in sides
            for by_form, seats in ((True, self._seats), (False, self._by_meaning))
        }
        self._at_once = {key: seats for key, seats in readers.items() if not any(seat.slow for seat in seats)}
        self._read_conversations = any(
            "conversation" in seat.reads or isinstance(seat.detector, PatternDetector) for seat in self._seats
        )
        self.topics = frozenset[str]().union(*(seat.topics for seat in self._seats))

    @property
    def described(self) -> tuple[tuple[str, str, Digest], ...]:
        """Name, version and digest of each."""
        return tuple(seat.named for seat in self._seats)

    def joined(self, conversation: Sequence[str]) -> str:
        """The conversation as :meth:`find` reads it; empty where no detector does."""
        return "\n\n".join(conversation) if self._read_conversations else ""

    def close(self) -> None:
        """Let the threads go; one that hangs is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def find(self, side: Side, texts: Sequence[str], conversation: str = "", by_form: bool = True) -> Findings:
        """What every detector that reads this side finds.

        Args:
            side: of the exchange.
            texts: each judged by itself.
            conversation: all of it in one text, for detectors that read conversations and for patterns, which may
                stand across two turns; empty for none.
            by_form: patterns too; they are left out where ``find_patterns`` has looked.
        """
        pieces = list(enumerate(texts))
        long = sum(map(len, texts)) > HEAVY or len(conversation) > HEAVY
        if pieces and not long and not conversation and (side, by_form) in self._at_once:
            return _findings([(seat, _in_place(seat, pieces)) for seat in self._at_once[side, by_form]])
        asked = []
        for seat in self._seats if by_form else self._by_meaning:
            work = pieces if side in seat.reads else []
            if conversation and "conversation" in seat.reads:
                work = [*work, (WHOLE, conversation)]
            elif conversation and work and isinstance(seat.detector, PatternDetector):
                work = [(WHOLE, conversation)]
            if work:
                # Those in threads begin before the others, and run beside them.
                waiting = asyncio.ensure_future(self._in_a_thread(seat, work)) if seat.slow or long else None
                asked.append((seat, work, waiting))
        return _findings(
            [(seat, _in_place(seat, work) if waiting is None else await waiting) for seat, work, waiting in asked]
        )

    async def find_patterns(self, text: str, start: int, complete: bool) -> Findings:
        """What patterns alone find in the text of a reply, from a character on, whether it is complete or goes on."""
        answers = []
        for seat, detector in self._patterns:
            until = inf if len(text) <= HEAVY else perf_counter() + seat.limit
            looking = partial(_by_form, seat, detector, text, start, complete, until)
            answers.append((seat, looking() if until == inf else await self._aside(looking, seat.limit)))
        return _findings(answers)

    async def under_way(self, text: str, start: int) -> int:
        """From which character on something that a pattern finds may have begun; ``start`` where one cannot say."""
        first = len(text)
        for seat, detector in self._patterns:
            looking = partial(_begun, detector, text, start)
            found = looking() if len(text) <= HEAVY else await self._aside(looking, seat.limit, start)
            first = min(first, found)
        return first

    async def _in_a_thread(self, seat: _Seat, work: Sequence[tuple[int, str]]) -> _Answer:
        until = perf_counter() + seat.limit
        return await self._aside(partial(_in_place, seat, _in_time(work, until), until), seat.limit)

    async def _aside(self, work: Callable[[], _T], limit: float, otherwise: _T | None = None) -> _T:
        """Work that would hold up everybody else, in a thread and with a time limit."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="colonnade-detector")
        started = perf_counter()
        try:
            async with asyncio.timeout(limit):
                return await asyncio.wrap_future(self._pool.submit(work))
        except TimeoutError:
            outcome, fault = "timed out", _NO_ANSWER
        except RuntimeError as refused:  # the machine has no thread left
            outcome, fault = "failed", type(refused).__name__
        silent = _Answer((), cast(Outcome, outcome), fault, perf_counter() - started)
        return otherwise if otherwise is not None else cast(_T, silent)


def _in_time(work: Iterable[tuple[int, str]], until: float) -> Iterator[tuple[int, str]]:
    """One text after the other until nobody waits for the answer any more.

    A request may be of thousands of texts. Whoever is told that they were not judged in time is told so once; the
    thread is then for the next request.
    """
    for each in work:
        if perf_counter() > until:
            raise Late
        yield each


def _in_place(seat: _Seat, work: Iterable[tuple[int, str]], until: float = inf) -> _Answer:
    started, detector = perf_counter(), seat.detector
    detect: Callable[[str], Iterable[Detection]] = detector.detect
    if until < inf and isinstance(detector, PatternDetector):
        detect = partial(detector.detect, until=until)
    try:
        found = tuple([Found(number, row) for number, text in work for row in detect(text)])
    except Late:
        return _Answer((), "timed out", _NO_ANSWER, perf_counter() - started)
    except MissingPackageError:
        return _Answer((), "missing", "a package that it needs is missing", perf_counter() - started)
    except _ENDINGS:
        raise
    except BaseException as fault:
        return _Answer((), "failed", type(fault).__name__, perf_counter() - started)
    return _Answer(found, "ran", "", perf_counter() - started)


def _by_form(seat: _Seat, detector: PatternDetector, text: str, start: int, complete: bool, until: float) -> _Answer:
    started = perf_counter()
    try:
        rows = detector.patterns.find(text, start, complete, until=until)
    except Late:
        return _Answer((), "timed out", _NO_ANSWER, perf_counter() - started)
    except _ENDINGS:
        raise
    except BaseException as fault:
        return _Answer((), "failed", type(fault).__name__, perf_counter() - started)
    found = tuple(
        [Found(0, Detection(row.topic, row.level, 1.0, True, f"{seat.name}/{row.name}", row.span)) for row in rows]
    )
    return _Answer(found, "ran", "", perf_counter() - started)


def _begun(detector: PatternDetector, text: str, start: int) -> int:
    try:
        return detector.patterns.pending(text, start)
    except _ENDINGS:
        raise
    except BaseException:  # what cannot be told apart from a match stays behind
        return start


def _findings(answers: Iterable[tuple[_Seat, _Answer]]) -> Findings:
    found, runs, silent = list[Found](), list[DetectorRun](), list[Silence]()
    for seat, answer in answers:
        found += answer.found
        runs.append(_run_of(seat.named, answer.outcome, round(answer.seconds * 1000, 3)))
        if answer.outcome != "ran":
            silent.append(Silence(seat.name, answer.outcome, seat.topics, answer.fault))
    return Findings(tuple(found), tuple(runs), tuple(silent))


@lru_cache(maxsize=1024)
def _run_of(named: tuple[str, str, Digest], outcome: Outcome, milliseconds: float) -> DetectorRun:
    """Remembered, since most take some hundredths of a millisecond, and a record is the same record whoever has it."""
    name, version, digest = named
    return DetectorRun(name=name, version=version, digest=digest, outcome=outcome, milliseconds=milliseconds)
