"""Answers written down as they come, so that a run that was interrupted asks only for what is missing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from colonnade.models import Reply, Sampling
from colonnade.records import BusyError, ColonnadeError, Digest, InputError, canonical_json

HEADER = b'{"journal":"answers","version":1}\n'
"""The first line, without which no file is taken for a journal and none is written to."""
SYNC_SECONDS = 1.0
"""How long the system may hold lines back from the disk while more are coming: what a power cut can cost."""

_BEFORE, _BETWEEN, _AFTER = b'{"check":"', b'","entry":', b"}\n"
_CHECK = 16
_BLOCK = 1 << 16
_START = len(_BEFORE) + _CHECK + len(_BETWEEN)


class Entry(NamedTuple):
    """One line.

    Attributes:
        key: what was asked, of whom and how; see :func:`keys`.
        prompt: the id of the prompt, for whoever reads along.
        tokens_in, tokens_out: as the server counted them; none where it did not.
    """

    key: str
    prompt: str
    reply: Reply
    tokens_in: int | None = None
    tokens_out: int | None = None


def keys(texts: Sequence[str], system: str, sampling: Sampling, speaker: Digest) -> list[str]:
    """For each text the sha256 of all that an answer depends on.

    How many prompts a model is handed at a time is left out: after a run that was too large for the
    memory, the next one may take smaller batches and keep what there is.
    """
    drawn = {"tokens": sampling.tokens, "temperature": sampling.temperature, "seed": sampling.seed}
    # JSON ends where its outermost brace closes, so that no text can pass for a part of it.
    base = hashlib.sha256(canonical_json({"system": system, "sampling": drawn, "speaker": speaker}))
    found = []
    for text in texts:
        one = base.copy()
        one.update(text.encode())
        found.append(one.hexdigest())
    return found


class Journal:
    """An append-only file of entries, held by one run at a time.

    Each line carries the beginning of the sha256 of its entry: a line that was torn by a crash, or
    changed since, is left out and said in ``notes``, and its prompt is asked again. Several models
    and samplings may share a file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.notes: list[str] = []
        self._descriptor = -1
        self._synced = 0.0

    def __enter__(self) -> Journal:
        """Open the file, and cut a torn last line off.

        Raises:
            InputError: where the file is something else.
            BusyError: where another run holds it.
            ColonnadeError: where it cannot be opened or written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._hold()
            self._mend()
        except BlockingIOError:
            self._close()
            raise BusyError(
                "another run is writing this journal.", file=self.file, mend="Wait for it, or name another file."
            ) from None
        except OSError as fault:
            self._close()
            raise self._failure(fault) from None
        except InputError:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See to it that all lines are on the disk."""
        try:
            os.fsync(self._descriptor)
        except OSError as unsaved:
            if fault is None:  # else the first reason is the one that counts
                raise self._failure(unsaved) from None
        finally:
            self._close()

    def read(self, wanted: Container[str], faults: bool = False) -> dict[str, Entry]:
        """The entries with these keys; of several with one key the last. Faults only where they are asked for."""
        found: dict[str, Entry] = {}
        damaged: list[int] = []
        with os.fdopen(os.dup(self._descriptor), "rb") as stream:
            stream.seek(len(HEADER))
            for number, line in enumerate(stream, start=2):
                entry = _entry(line)
                if entry is None:
                    damaged.append(number)
                elif entry.key in wanted and (faults or entry.reply.stop != "fault"):
                    found[entry.key] = entry
        if damaged:
            self.notes.append(
                f"{self.file}: left out as damaged: {len(damaged)}, the first on line {damaged[0]}; "
                "what they answered is asked again."
            )
        return found

    def add(self, entries: Sequence[Entry]) -> None:
        """Append entries in one write.

        Raises:
            ColonnadeError: where they cannot be written, for instance on a full disk.
        """
        rest = memoryview(b"".join(_lines(entries)))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._descriptor)
                self._synced = time.monotonic()
        except OSError as fault:
            raise self._failure(fault) from None

    def _hold(self) -> None:
        """Open and lock the file that stands under this name; one that was removed in between would keep nothing."""
        while True:
            self._descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _stands(self.file, self._descriptor):
                return
            self._close()

    def _mend(self) -> None:
        """Write the first line of a new file, or cut what a crash left of the last one."""
        size = os.fstat(self._descriptor).st_size
        start = os.pread(self._descriptor, len(HEADER), 0)
        if size < len(HEADER) and HEADER.startswith(start):
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, HEADER)
            return
        if start != HEADER:
            raise InputError("this is no journal of answers.", file=self.file, mend="Name another file.")
        end = self._last_newline(size) + 1
        if end < size:
            os.ftruncate(self._descriptor, end)
            self.notes.append(f"{self.file}: the last line was torn and is left out; what it answered is asked again.")

    def _last_newline(self, size: int) -> int:
        end = size
        while True:  # the first line ends in one
            start = max(0, end - _BLOCK)
            place = os.pread(self._descriptor, end - start, start).rfind(b"\n")
            if place >= 0:
                return start + place
            end = start

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _failure(self, fault: OSError) -> ColonnadeError:
        return ColonnadeError(
            f"the journal cannot be written: {fault.strerror or fault}.",
            file=self.file,
            mend="Mend that, then start the same command again; what was finished is kept.",
        )


def forget(file: Path) -> None:
    """Remove a journal whose answers lie elsewhere by now; one that another run holds stays, and is its to remove."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _stands(file, descriptor):
            file.unlink()
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def _stands(file: Path, descriptor: int) -> bool:
    """Whether the open file is the one that has this name now."""
    try:
        return os.path.samestat(file.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _lines(entries: Sequence[Entry]) -> Iterator[bytes]:
    for entry in entries:
        content = canonical_json(
            {
                "key": entry.key,
                "prompt": entry.prompt,
                "text": entry.reply.text,
                "stop": entry.reply.stop,
                "fault": entry.reply.fault,
                "tokens": [entry.tokens_in, entry.tokens_out],
            }
        )
        yield b"".join((_BEFORE, _check(content), _BETWEEN, content, _AFTER))


def _entry(line: bytes) -> Entry | None:
    content = line[_START : -len(_AFTER)]
    if line != b"".join((_BEFORE, _check(content), _BETWEEN, content, _AFTER)):
        return None
    row = json.loads(content)
    return Entry(row["key"], row["prompt"], Reply(row["text"], row["stop"], row["fault"]), *row["tokens"])


def _check(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest()[:_CHECK].encode()
