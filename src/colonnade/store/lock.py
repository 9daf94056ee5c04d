"""One run at a time in one workspace; the second learns who holds it."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from colonnade.records import BusyError

_PAUSE = 0.05
_SHORT_PAUSE = 0.001
"""Seconds between two looks at a lock that somebody else has: for a run, and for a line of a file."""


@contextmanager
def hold(file: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the workspace until the block ends; the system lets go if the process dies.

    Args:
        file: the lock.
        patience: seconds to wait for somebody else who holds it.

    Raises:
        BusyError: with the holder's process, user, machine and start.
    """
    with file.open("a+") as stream:
        if not _locked(stream, patience):
            raise BusyError(
                f"another run holds this workspace ({_holder(file)}).",
                file=file.parent.parent,
                mend="Wait for it or stop it, then start again.",
            )
        stream.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        stream.write(
            json.dumps(
                {"process": os.getpid(), "user": getpass.getuser(), "machine": socket.gethostname(), "since": since}
            )
        )
        stream.flush()
        try:
            yield
        finally:
            stream.truncate(0)


@contextmanager
def take_turns(folder: Path, patience: float) -> Iterator[None]:
    """Keep others out who take turns at this folder, for as long as the block lasts; no file is written.

    Raises:
        BusyError: where somebody else's turn lasts longer than ``patience`` seconds.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        if not _locked(handle, patience):
            what = f"another command has been opening this workspace for more than {patience:.0f} seconds."
            raise BusyError(what, file=folder.parent, mend="Wait for it or stop it, then start again.")
        yield
    finally:
        os.close(handle)


@contextmanager
def alone(file: Path, patience: float) -> Iterator[None]:
    """Keep other processes and threads out who go alone at this file, for as long as the block lasts.

    The file is made where it is missing, and nothing is written into it.

    Raises:
        BusyError: where somebody else takes longer than ``patience`` seconds.
    """
    handle = os.open(file, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        if not _locked(handle, patience, _SHORT_PAUSE):
            raise BusyError(f"somebody has been at this file for more than {patience:.0f} seconds.", file=file)
        yield
    finally:
        os.close(handle)


def _locked(stream: IO[str] | int, patience: float, pause: float = _PAUSE) -> bool:
    until = monotonic() + patience
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() >= until:
                return False
            sleep(pause)
        else:
            return True


def _holder(file: Path) -> str:
    try:
        holder = json.loads(file.read_text())
        return f"process {holder['process']} of {holder['user']} on {holder['machine']}, since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "it has only just started"
