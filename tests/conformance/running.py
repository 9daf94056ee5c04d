"""A guard in a process of its own, for as long as a test or a benchmark needs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str],
    url: str,
    seconds: float = 60.0,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    log: Path | None = None,
    cores: Sequence[int] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a service and waits until a URL of it answers; ends it by its own process group.

    Args:
        command: of the service.
        url: asked until it is answered, whatever the status.
        seconds: to wait for that.
        environment: added to that of this process; an empty value takes a variable away.
        folder: to start it in.
        log: a file for what it prints.
        cores: it is pinned to them.

    Raises:
        RuntimeError: where it ends by itself or does not answer in time.
    """
    output: Any = log.open("wb") if log else subprocess.DEVNULL
    pin: Any = (lambda: os.sched_setaffinity(0, cores)) if cores else None
    variables = {name: value for name, value in {**os.environ, **(environment or {})}.items() if value}
    process = subprocess.Popen(
        command,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=variables,
        cwd=folder,
        start_new_session=True,
        preexec_fn=pin,
    )
    try:
        try:
            _wait(process, url, seconds)
        except RuntimeError as fault:
            last = log.read_text(errors="replace")[-2000:] if log else ""
            raise RuntimeError(f"{fault}; the last that it said:\n{last}") from None
        yield process
    finally:
        _end(process)
        if log:
            output.close()


def _wait(process: subprocess.Popen[bytes], url: str, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"'{process.args}' ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"'{process.args}' did not answer within {seconds:g} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
