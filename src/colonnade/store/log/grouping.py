"""Group commit: many askers, one write, one sync, and only then the answer to each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from time import monotonic
from types import TracebackType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from colonnade.records import ColonnadeError
from colonnade.store.log.appending import Entry, TransparencyLog
from colonnade.store.log.segments import body_of

MOST = 1024
"""Rows of a group at most."""

_Waiting = tuple[Entry, "Future[int]"]


class GroupWriter:
    """A thread that writes whatever has come in while it wrote the last group.

    Args:
        log: the log; others may write it too.
        key: the log's private key, where checkpoints are to be signed on the way and at the end.
        seconds: between two checkpoints.
        most: rows of a group.
    """

    def __init__(
        self, log: TransparencyLog, key: Ed25519PrivateKey | None = None, seconds: float = 60.0, most: int = MOST
    ) -> None:
        self.log, self.key, self.seconds, self.most = log, key, seconds, most
        self.fault: ColonnadeError | None = None
        self._waiting: list[_Waiting] = []
        self._closed = False
        self._door = threading.Condition()
        self._signed, self._unsigned = monotonic(), False
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
        with self._door:
            if self._closed:
                raise ColonnadeError("the audit log is closed; nothing more can be written.", mend="Start again.")
            self._waiting.append((entry, acknowledged))
            if len(self._waiting) == 1:
                self._door.notify()
        return acknowledged

    def close(self) -> None:
        """Write what is waiting, sign a last checkpoint, and end the thread."""
        with self._door:
            self._closed = True
            self._door.notify()
        self._thread.join()

    def __enter__(self) -> GroupWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        open_ = True
        while open_:
            with self._door:
                self._door.wait_for(lambda: self._waiting or self._closed, self.seconds if self._unsigned else None)
                waiting, self._waiting = self._waiting, []
                open_ = not self._closed
            for start in range(0, len(waiting), self.most):
                self._commit(waiting[start : start + self.most])
            self._unsigned |= self.key is not None and bool(waiting)
            if self.key is not None and (not open_ or monotonic() - self._signed >= self.seconds):
                self._sign(self.key)

    def _commit(self, group: list[_Waiting]) -> None:
        fault: Exception | None = None
        indices = range(0)
        try:
            indices = self.log.append_entries([entry for entry, _ in group])
        except Exception as raised:  # Whatever it is, those who wait must learn of it: no answer without a row.
            fault = raised
        for place, (_, acknowledged) in enumerate(group):
            if acknowledged.set_running_or_notify_cancel():
                if fault is None:
                    acknowledged.set_result(indices[place])
                else:
                    acknowledged.set_exception(fault)

    def _sign(self, key: Ed25519PrivateKey) -> None:
        self._signed = monotonic()
        try:
            self.log.sign_checkpoint(key)
            self.fault, self._unsigned = None, False
        except (ColonnadeError, OSError) as fault:
            self.fault = fault if isinstance(fault, ColonnadeError) else ColonnadeError(f"no checkpoint: {fault}.")
