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

from colonnade.records import BusyError


@contextmanager
def hold(file: Path) -> Iterator[None]:
    """Hold the workspace until the block ends; the system lets go if the process dies.

    Raises:
        BusyError: with the holder's process, user, machine and start.
    """
    with file.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"another run holds this workspace ({_holder(file)}).",
                file=file.parent.parent,
                mend="Wait for it or stop it, then start again.",
            ) from None
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


def _holder(file: Path) -> str:
    try:
        holder = json.loads(file.read_text())
        return f"process {holder['process']} of {holder['user']} on {holder['machine']}, since {holder['since']}"
    except (OSError, ValueError, KeyError):
        return "it has only just started"
