"""The rows of a running service, in the transparency log before anything goes out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, Protocol

import orjson
from pydantic import ValidationError

from colonnade.records import ColonnadeError, CorruptionError, GrantUse
from colonnade.store.log import Entry, GroupWriter, KeyRing, seal_contents
from colonnade.store.log.keyring import SubjectKey
from colonnade.store.log.segments import segment_files

RETAIN = 190
"""Days for which contents are kept if nobody says more: a little over the six months that the EU AI Act asks."""

_TOGETHER = 32
"""Rows that are handed over before the loop's turn is over."""
_MOST_LOOKED = 10_000
_USE = b'"row":{"act":"use",'


class Recorder(Protocol):
    """Where rows are written."""

    def begin(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> Awaitable[None]:
        """Begin to write a row, behind all for which this was called before; it is on disk once it was awaited.

        Args:
            row: what happened; no words of anybody.
            subject: whose words they are.
            texts: the words, by name; sealed, or left out, as the service is configured.

        Raises:
            ColonnadeError: where it cannot be written. Nothing goes out then.
        """
        ...


class Unrecorded:
    """No log: rows go nowhere, and whoever configured it so was told."""

    async def begin(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        """Forget the row."""

    write = begin


class LogState(NamedTuple):
    """What may be said of the log to whoever asks after the service's health."""

    rows: int
    checkpoint: int | None
    fault: str


class _Asked(NamedTuple):
    row: Mapping[str, Any]
    subject: str
    texts: Mapping[str, str]
    written: asyncio.Future[None]


class LogRecorder:
    """Rows in a transparency log, their texts sealed beside them.

    Args:
        writer: of the log.
        ring: the keys of the people whose texts are kept; without it no texts are kept.
        retain: days for which they are.
        today: the day.
    """

    def __init__(
        self,
        writer: GroupWriter,
        ring: KeyRing | None = None,
        retain: int = RETAIN,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.writer, self._ring, self._retain, self._today = writer, ring, retain, today
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: list[_Asked] = []

    async def write(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        """Write a row and wait for the disk."""
        await self.begin(row, subject, texts)

    def begin(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> asyncio.Future[None]:
        """Begin to write a row, without holding up anybody; its future is done when it is on disk.

        What is asked for in one turn of the loop goes to the log's thread together, at its end: while the
        loop is busy each of its turns has rows of several answers, and they share the syncs and the calls
        from thread to thread, each of which can cost more than the rest of the row. They are sealed
        together, too: right behind each other that takes half the time.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._hand_over()  # what a loop that has ended left behind
            self._loop = loop
        written: asyncio.Future[None] = loop.create_future()
        self._asked.append(_Asked(row, subject, texts, written))
        if len(self._asked) == 1:
            loop.call_soon(self._hand_over)
        elif len(self._asked) >= _TOGETHER:
            self._hand_over()
        return written

    def _hand_over(self) -> None:
        asked, self._asked = self._asked, []
        if not asked or self._loop is None:
            return
        entries, waiting = [], []
        for row, subject, texts, written in asked:
            try:
                entries.append(self._entry(row, subject, texts))
                waiting.append(written)
            # A panic of a library in Rust is no ``Exception``, and who waits for a row must learn of that, too.
            except BaseException as fault:  # This row alone is not written, and whoever asked learns why.
                _tell_loop(self._loop, (written,), 0, fault)
        if not entries:
            return
        try:
            self.writer.submit_batch(entries, partial(_tell_loop, self._loop, waiting))
        except Exception as fault:  # Whatever it is, whoever waits for these rows must learn of it.
            _tell_loop(self._loop, waiting, 0, fault)

    def _entry(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> Entry:
        if self._ring is None or not texts:
            return Entry(row_bytes(row))
        until = self._today() + timedelta(days=self._retain)
        contents = seal_contents(self._ring, subject, until, texts)
        return Entry(row_bytes({**row, "contents": contents.references}), contents.lines)

    @property
    def keeps_texts(self) -> bool:
        """Whether words are kept at all."""
        return self._ring is not None

    def state(self) -> LogState:
        """How the log stands."""
        fault = self.writer.fault
        note = self.writer.log.checkpoint()
        signed = int(note.text.splitlines()[1]) if note is not None else None
        return LogState(self.writer.log.size, signed, fault.sentence if fault is not None else "")

    def close(self) -> None:
        """Write what is waiting, and sign a last checkpoint; from the loop's own thread, or once the loop has ended."""
        self._hand_over()  # a loop may end before its turn does
        self.writer.close()


def row_bytes(row: Mapping[str, Any]) -> bytes:
    """A row in canonical JSON, five times as fast as by the standard library.

    The two agree on texts, whole numbers and numbers with few digits after the point, which is what
    rows are made of; a test holds them against each other.
    """
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS)


class QuickRing(KeyRing):
    """A ring that looks once a second whether a key is still there.

    What is sealed in that second under a key that was just destroyed can be read by nobody, which
    is what whoever destroyed it wanted.
    """

    def __init__(self, folder: Path, secret: bytes, log: Path) -> None:
        super().__init__(folder, secret, log)
        self._looked: dict[tuple[str, date], tuple[float, SubjectKey]] = {}

    def key_for(self, subject: str, retain_until: date) -> SubjectKey:
        """The key for what is kept of a subject until a day."""
        case, now = (subject, retain_until), monotonic()
        known = self._looked.get(case)
        if known is not None and now - known[0] < 1.0:
            return known[1]
        if len(self._looked) >= _MOST_LOOKED:
            self._looked.clear()
        key = super().key_for(subject, retain_until)
        self._looked[case] = (now, key)
        return key


class GrantUses:
    """Uses of grants, in the same log as everything else (a ``UseLog``)."""

    def __init__(self, writer: GroupWriter, patience: float = 10.0) -> None:
        self._writer, self._patience = writer, patience

    def append(self, use: GrantUse) -> None:
        """Write a use and wait for the disk."""
        row = {"act": "use", **use.model_dump(mode="json")}
        self._writer.submit(row).result(self._patience)


def recorded_uses(folder: Path) -> tuple[GrantUse, ...]:
    """Every use of a grant in a log, oldest first; none where there is no log.

    Raises:
        CorruptionError: where a row of a use is none.
    """
    uses = []
    for file in segment_files(folder):
        content, found = file.read_bytes(), -1
        while (found := content.find(_USE, found + 1)) >= 0:
            start, end = content.rfind(b"\n", 0, found) + 1, content.find(b"\n", found)
            if end < 0:
                break
            line = json.loads(content[start:end])
            # Words of people are sealed and rows are ours, but a row may quote the mark all the same.
            if line["row"].get("act") == "use":
                row = {name: value for name, value in line["row"].items() if name != "act"}
                uses.append(_use(row, file, line["index"]))
            found = end
    return tuple(uses)


def _use(row: Mapping[str, Any], file: Path, index: int) -> GrantUse:
    try:
        return GrantUse.model_validate_json(json.dumps(row))
    except ValidationError:
        mend = "Put the log back from a backup."
        raise CorruptionError(f"row {index} is not a use of a grant.", file=file, mend=mend) from None


def _tell_loop(
    loop: asyncio.AbstractEventLoop, waiting: Sequence[asyncio.Future[None]], _: int, fault: BaseException | None
) -> None:
    try:
        loop.call_soon_threadsafe(_tell, waiting, fault)
    except RuntimeError:
        return  # The loop is closed, and nobody waits any more.


def _tell(waiting: Sequence[asyncio.Future[None]], fault: BaseException | None) -> None:
    if fault is not None and not isinstance(fault, ColonnadeError):
        fault = ColonnadeError(f"the audit log could not be written: {type(fault).__name__}.")
    for here in waiting:
        if here.done():
            continue  # Whoever asked hung up; the row is written all the same.
        if fault is None:
            here.set_result(None)
        else:
            here.set_exception(fault)
