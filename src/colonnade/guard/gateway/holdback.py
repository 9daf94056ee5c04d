"""What of a reply may go out by now: judged window by window, held back by a budget, whole or in pieces.

Of every channel of every choice the text is kept until it was judged. Patterns look at all of it
before any of it goes, and what could still become a match stays behind. Classifiers judge a window
every ``STEP`` characters as it passes. Where the request raised suspicion they judge more often, and
a window's worth of what they judged stays behind until they have seen what follows it.
The last characters of a reply wait for the judgement on its end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import NamedTuple

from colonnade.guard.detection.patterns import CONTEXT
from colonnade.guard.detection.reading import clean, joined
from colonnade.guard.guard import Guard, HoldBack, Who
from colonnade.guard.protocol import Delta, UpstreamError, readable, unescaped
from colonnade.records import DetectorRun, Ruling

STEP = 120
"""Characters between two windows of the classifiers."""

OVERLAP = 120
"""Characters of the window before that the next one begins with."""

LONGEST_WORD = 20
"""Characters; a window ends behind a blank where there is one so near, and not within a word."""

BEHIND = 2 * CONTEXT
"""Characters before what is held that are kept: what must stand before a match, more where some are invisible."""

PER_TOKEN = 4
"""Characters of a token, as English has them."""

LARGEST = 4_000_000
"""Characters of all that a reply says."""


class Released(NamedTuple):
    """A piece that may go out."""

    choice: int
    channel: str
    text: str


class Ended(NamedTuple):
    """A choice came to its end and was judged to its end."""

    choice: int
    finish: str


class Withheld(NamedTuple):
    """The rest of a choice does not go out."""

    choice: int
    channel: str
    ruling: Ruling


Event = Released | Ended | Withheld


class Judged(NamedTuple):
    """What became of one channel.

    Attributes:
        ruling: the strictest of all its windows; none where it said nothing.
        windows: how often it was judged.
        said, sent: characters that the model wrote, and that went out.
        text: all that the model wrote.
    """

    choice: int
    channel: str
    ruling: Ruling | None
    windows: int
    said: int
    sent: int
    text: str


class _Channel:
    """The text of one channel. ``tail`` is its end, from ``base`` on; positions count from its beginning."""

    def __init__(self, choice: int, name: str) -> None:
        self.choice, self.name = choice, name
        self.parts: list[str] = []
        self.tail, self.base = "", 0
        self.length = self.judged = self.sent = self.windows = 0
        self.ruling: Ruling | None = None
        self.runs: dict[str, DetectorRun] = {}
        self.arrivals: deque[tuple[int, float]] = deque()

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.tail += text
        self.length += len(text)
        self.arrivals.append((self.length, perf_counter()))

    def waited(self) -> float:
        """Seconds that the oldest piece waited of those that have gone out just now."""
        oldest = 0.0
        while self.arrivals and self.arrivals[0][0] <= self.sent:
            since = self.arrivals.popleft()[1]
            oldest = oldest or perf_counter() - since
        return oldest

    def take(self, ruling: Ruling) -> None:
        """Keep the strictest ruling, and what became of every detector over all of them."""
        for run in ruling.detectors:
            known = self.runs.get(run.name)
            if known is not None:
                worst = known if known.outcome != "ran" else run
                run = worst.model_copy(update={"milliseconds": round(known.milliseconds + run.milliseconds, 3)})
            self.runs[run.name] = run
        if self.ruling is None or _weight(ruling) >= _weight(self.ruling):
            self.ruling = ruling

    def ruled(self) -> Ruling | None:
        """The ruling that stands for the whole channel."""
        if self.ruling is None or len(self.runs) == len(self.ruling.detectors):
            return self.ruling
        return self.ruling.model_copy(update={"detectors": tuple(self.runs.values())})

    def readings(self) -> tuple[str, ...]:
        """The end of the text as it stands, which is what is sent, and as programs read it, which is as long.

        A call's arguments need be no JSON, so that a backslash in them may hide nothing that it stands before. And any
        text may be JSON, that of an answer where a schema was asked for, or a value within the arguments.
        """
        if "\\" not in self.tail:
            return (self.tail,)
        return tuple(dict.fromkeys((self.tail, readable(self.name, self.tail), unescaped(self.tail))))

    def due(self, step: int, all_of_it: bool = False) -> list[str]:
        """The windows that nobody has judged yet, each with what stands before it.

        Where they begin and end is a matter of the text alone: however it was cut on the way, the same
        windows are judged, and the same is found in them.
        """
        windows = []
        while self.length - self.judged >= step:
            end = self.judged + step
            blank = self.tail.rfind(" ", end - self.base - LONGEST_WORD, end - self.base)
            windows.append(self._window(self.base + blank + 1 if blank >= 0 else end))
        if all_of_it and self.judged < self.length:
            windows.append(self._window(self.length))
        return windows

    def _window(self, end: int) -> str:
        start = max(self.judged - OVERLAP, 0) - self.base
        if start > 0:
            blank = self.tail.find(" ", start, start + LONGEST_WORD)
            start = blank + 1 if blank >= 0 else start
        self.judged = end
        return readable(self.name, self.tail[max(start, 0) : end - self.base])

    def forget(self, position: int) -> None:
        """Nothing before this position is asked for any more, unless what is kept has too little that can be seen."""
        if position - self.base > 4 * STEP:
            kept = clean(unescaped(self.tail[position - self.base : self.sent - self.base]))
            if len((joined(kept) or kept).text) >= CONTEXT:
                self.tail, self.base = self.tail[position - self.base :], position


class HeldReply:
    """A reply under judgement.

    Args:
        guard: rules.
        who: asked.
        request: the ruling on the request.
        held: what stays behind.
        conversation: the turns of the request, for detectors that read conversations.

    Attributes:
        waited: the longest that a piece waited before it went out, in seconds.
    """

    def __init__(
        self, guard: Guard, who: Who, request: Ruling, held: HoldBack, conversation: Sequence[str] = ()
    ) -> None:
        self._guard, self._who, self._request, self._held = guard, who, request, held
        self._conversation = conversation
        self._channels: dict[tuple[int, str], _Channel] = {}
        self._finishes: dict[int, str] = {}
        self.waited = 0.0
        self.withheld: dict[int, Withheld] = {}
        self._size = 0
        window = held.tokens * PER_TOKEN
        self._window, self._step = window, max(24, min(window // 2, STEP)) if window else STEP

    @property
    def judged(self) -> tuple[Judged, ...]:
        """What became of every channel so far."""
        return tuple(
            Judged(row.choice, row.name, row.ruled(), row.windows, row.length, row.sent, "".join(row.parts))
            for row in self._channels.values()
        )

    async def feed(self, deltas: Iterable[Delta]) -> list[Event]:
        """Take in what the model said, and give out what may go.

        Raises:
            UpstreamError: where the model says more than a reply may hold.
        """
        events: list[Event] = []
        for channel in self.take(deltas):
            if channel.choice not in self.withheld:
                await self._pass(channel, events)
        return events

    def take(self, deltas: Iterable[Delta]) -> Iterable[_Channel]:
        """Take in what the model said without a look at it; for a whole reply, which ``finish`` judges at once.

        Raises:
            UpstreamError: where the model says more than a reply may hold.
        """
        touched: dict[tuple[int, str], _Channel] = {}
        for choice, name, text, finish in deltas:
            if finish is not None:
                self._finishes.setdefault(choice, finish)
            if not text or choice in self.withheld:
                continue
            key = (choice, name)
            channel = self._channels.get(key)
            if channel is None:
                channel = self._channels[key] = _Channel(choice, name)
            channel.add(text)
            touched[key] = channel
            self._size += len(text)
        if self._size > LARGEST:
            raise UpstreamError("the model's answer is too large.", "upstream_too_large")
        return touched.values()

    async def finish(self) -> list[Event]:
        """Judge the end of every channel, and give out the rest of what may go, choice by choice."""
        events: list[Event] = []
        for channel in self._channels.values():
            if channel.choice not in self.withheld:
                await self._by_form(channel, events, complete=True)
            if channel.choice not in self.withheld and (channel.judged < channel.length or self._conversation):
                turns = (*self._conversation, "".join(channel.parts)) if self._conversation else ()
                await self._by_meaning(channel, channel.due(self._step, all_of_it=True), events, turns)
        for channel in self._channels.values():
            if channel.choice not in self.withheld:
                self._release(channel, channel.length, events)
        for choice, finish in self._finishes.items():
            if choice not in self.withheld:
                events.append(Ended(choice, finish))
        return events

    async def _pass(self, channel: _Channel, events: list[Event]) -> None:
        """Judge what is due, and release what may go."""
        await self._by_form(channel, events, complete=False)
        if channel.choice not in self.withheld and channel.length - channel.judged >= self._step:
            await self._by_meaning(channel, channel.due(self._step), events)
        if channel.choice in self.withheld:
            return
        # The last character always waits: no reply is out before it was judged to its end.
        until = channel.length - max(self._held.characters, 1)
        if self._window:
            until = min(until, channel.judged - self._window)
        if until > channel.sent and self._guard.has_patterns:
            for text in channel.readings():
                first = await self._guard.under_way(text, channel.sent - channel.base)
                until = min(until, first + channel.base)
        self._release(channel, until, events)

    async def _by_form(self, channel: _Channel, events: list[Event], complete: bool) -> None:
        """Let patterns see what has not gone out."""
        start = channel.sent - channel.base
        for text in channel.readings() if self._guard.has_patterns else ():
            ruling = await self._guard.rule_patterns(text, start, complete, self._who, self._request)
            if ruling is not None:
                self._note(channel, ruling, events)
            if channel.choice in self.withheld:
                return

    async def _by_meaning(
        self, channel: _Channel, windows: Sequence[str], events: list[Event], conversation: Sequence[str] = ()
    ) -> None:
        """Let all other detectors see what none has seen yet."""
        ruling = await self._guard.rule_window(windows, self._who, self._request, conversation)
        channel.windows += len(windows)
        self._note(channel, ruling, events)

    def _note(self, channel: _Channel, ruling: Ruling, events: list[Event]) -> None:
        channel.take(ruling)
        if ruling.action != "allow":
            event = Withheld(channel.choice, channel.name, ruling)
            self.withheld[channel.choice] = event
            events.append(event)

    def _release(self, channel: _Channel, until: int, events: list[Event]) -> None:
        if until > channel.sent:
            start = channel.sent - channel.base
            events.append(Released(channel.choice, channel.name, channel.tail[start : until - channel.base]))
            channel.sent = until
            self.waited = max(self.waited, channel.waited())
        channel.forget(min(channel.judged - OVERLAP, channel.sent - BEHIND))


def strictest(rulings: Iterable[Ruling]) -> Ruling | None:
    """The ruling that stands for several."""
    return max(rulings, key=_weight, default=None)


def _weight(ruling: Ruling) -> tuple[bool, bool, bool, float]:
    """Not allowed before allowed; then one in which a detector did not run, so that it is never hidden."""
    broken = any(run.outcome != "ran" for run in ruling.detectors)
    return ruling.action != "allow", broken, ruling.topic is not None, ruling.similarity or 0.0
