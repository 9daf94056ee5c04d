"""Group commit: many askers, one write, one sync, and only then the answer to each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from colonnade.records import ColonnadeError
from colonnade.store.log.appending import Entry, TransparencyLog
from colonnade.store.log.segments import body_of
from colonnade.store.log.tails import SecondHand
from colonnade.store.log.unfinished import GROUP

Told = Callable[[int, Exception | None], None]
"""``told(first, fault)``: the index of the first row of a batch, or why none of it was written."""


class _Batch(NamedTuple):
    entries: Sequence[Entry]
    told: Told


class GroupWriter:
    """A thread that writes whatever has come in while it wrote the last group.

    Args:
        log: the log; others may write it too.
        key: the log's private key, where checkpoints are to be signed on the way and at the end.
        seconds: between two checkpoints.
        most: rows of a group; a batch that was handed in at once is not divided.
    """

    def __init__(
        self, log: TransparencyLog, key: Ed25519PrivateKey | None = None, seconds: float = 60.0, most: int = GROUP
    ) -> None:
        self.log, self.key, self.seconds, self.most = log, key, seconds, most
        self.fault: ColonnadeError | None = None
        self._waiting: SimpleQueue[_Batch | None] = SimpleQueue()
        self._closed, self._door = False, threading.Lock()
        self._signed, self._unsigned = monotonic(), False
        self._hand = SecondHand()
        self._thread = threading.Thread(target=self._work, name="audit-log", daemon=True)
        self._thread.start()

    def submit(self, row: Mapping[str, Any], sealed: tuple[bytes, ...] = ()) -> Future[int]:
        """Hand in a row; the future gives its index once it is on disk, or the fault that kept it off.

        A row whose asker gave up waiting is written all the same.

        Raises:
            InputError: where the row is none; the others are not touched by that.
            ColonnadeError: where the writer is closed.
        """
        return self.submit_entry(Entry(body_of(row), sealed))

    def submit_entry(self, entry: Entry) -> Future[int]:
        """The same for a row whose bytes are ready; they have to be canonical JSON.

        Raises:
            ColonnadeError: where the writer is closed.
        """
        acknowledged: Future[int] = Future()

        def told(index: int, fault: Exception | None) -> None:
            if acknowledged.set_running_or_notify_cancel():
                if fault is None:
                    acknowledged.set_result(index)
                else:
                    acknowledged.set_exception(fault)

        self.submit_batch((entry,), told)
        return acknowledged

    def submit_batch(self, entries: Sequence[Entry], told: Told) -> None:
        """The same for several at once, which get indices that follow each other.

        Args:
            entries: not to be changed any more.
            told: called in the writer's thread; must be quick and raise nothing.

        Raises:
            ColonnadeError: where the writer is closed.
        """
        with self._door:
            if self._closed:
                raise ColonnadeError("the audit log is closed; nothing more can be written.", mend="Start again.")
            self._waiting.put(_Batch(entries, told))

    def close(self) -> None:
        """Write what is waiting, sign a last checkpoint, and end the thread."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def __enter__(self) -> GroupWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        self.log.second_hand = self._hand
        open_ = True
        while open_:
            waiting = self._come_in()
            open_ = None not in waiting
            group: list[_Batch] = []
            rows = 0
            for batch in filter(None, waiting):
                if group and rows + len(batch.entries) > self.most:
                    self._commit(group)
                    group, rows = [], 0
                group.append(batch)
                rows += len(batch.entries)
            if group:
                self._commit(group)
            self._unsigned |= self.key is not None and bool(group)
            if self.key is not None and (not open_ or monotonic() - self._signed >= self.seconds):
                self._sign(self.key)
        self._leave()

    def _come_in(self) -> list[_Batch | None]:
        """All that has come in, once something has; nothing where a checkpoint is due before that."""
        try:
            waiting = [self._waiting.get(timeout=self.seconds if self._unsigned else None)]
        except Empty:
            return []
        # Nobody else takes anything out, so what is counted is there.
        waiting += [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        return waiting

    def _commit(self, group: Sequence[_Batch]) -> None:
        fault: Exception | None = None
        index = 0
        try:
            index = self.log.append_entries([entry for batch in group for entry in batch.entries]).start
        except Exception as raised:  # Whatever it is, those who wait must learn of it: no answer without a row.
            fault = raised
        except BaseException as panic:  # as a library in Rust raises it, which must not end this thread either
            fault = ColonnadeError(f"the audit log could not be written: {type(panic).__name__}.")
        for batch in group:
            # Whoever cannot be told keeps neither the others from it nor this thread from its work.
            with suppress(BaseException):
                batch.told(index, fault)
            index += len(batch.entries)

    def _leave(self) -> None:
        self.log.second_hand = None
        try:
            with self.log.turn:  # Whoever else writes by this log may be in the middle of a group that needs the hand.
                self._hand.close()
                self.log.settle()
        except (ColonnadeError, OSError):
            return  # Hashes follow from the rows: whoever opens the log next makes them again.

    def _sign(self, key: Ed25519PrivateKey) -> None:
        self._signed = monotonic()
        try:
            self.log.sign_checkpoint(key)
            self.fault, self._unsigned = None, False
        except BaseException as fault:  # Whatever it is, this thread goes on: rows that nobody writes are waited for.
            what = f"no checkpoint: {fault if isinstance(fault, OSError) else type(fault).__name__}."
            self.fault = fault if isinstance(fault, ColonnadeError) else ColonnadeError(what)
