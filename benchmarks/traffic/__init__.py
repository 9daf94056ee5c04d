"""A server and clients that are much faster than any gateway between them, and know every byte that must arrive.

Both are written in C (``upstream.c``, ``driver.c``) and compiled when they are needed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any, NamedTuple

# The tests are no package of the installation; what starts and ends a service is written there once.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.running import free_port, running  # after the path is known

CHAT = "/v1/chat/completions"
PIECES = 20
_HERE = Path(__file__).parent


class Compiled(NamedTuple):
    """The two programs."""

    upstream: Path
    driver: Path


class Target(NamedTuple):
    """Something that answers chats.

    Attributes:
        key: a bearer token, or ``-`` for none.
    """

    name: str
    port: int
    model: str = "mock"
    key: str = "-"
    path: str = CHAT


def compiled(folder: Path) -> Compiled:
    """Compiles both programs into a folder.

    Raises:
        RuntimeError: where there is no C compiler.
    """
    compiler = which("cc") or which("gcc") or which("clang")
    if compiler is None:
        raise RuntimeError("a C compiler is needed for the server and the clients; install one, for instance gcc")
    for name in Compiled._fields:
        subprocess.run([compiler, "-O2", "-o", folder / name, _HERE / f"{name}.c"], check=True)  # noqa: S603  # ours
    return Compiled(folder / "upstream", folder / "driver")


@contextmanager
def upstream(programs: Compiled, cores: Sequence[int]) -> Iterator[int]:
    """Starts the server; yields its port."""
    port = free_port()
    with running([str(programs.upstream), str(port)], f"http://127.0.0.1:{port}/v1/models", 10, cores=cores):
        yield port


def stats(port: int) -> dict[str, Any]:
    """What the server was asked, answered and saw broken off."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stats", timeout=10) as response:  # ours
        return dict(json.load(response))


class Load(NamedTuple):
    """What is asked of a target.

    Attributes:
        seconds, count: either ends it.
        first: number of the first story; each request asks for another one.
        text: added to each request; see ``upstream.c`` for what the server understands.
        ids: a file for the ids of all answers.
        hang_up: let go after so many bytes of an answer.
        timeout: seconds for one answer.
    """

    clients: int = 1
    seconds: float = 0.0
    count: int = 0
    streaming: bool = True
    first: int = 1
    text: str = ""
    ids: Path | None = None
    hang_up: int = 0
    timeout: float = 60.0


def drive(programs: Compiled, target: Target, load: Load, cores: Sequence[int] = ()) -> dict[str, Any]:
    """Loads a target and says what came of it: counts, seconds, percentiles in milliseconds."""
    process = driving(programs, target, load, cores)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the driver ended with {process.returncode}")
    return dict(json.loads(output))


def driving(programs: Compiled, target: Target, load: Load, cores: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """The same, under way; its output is one JSON object."""
    command = [
        programs.driver,
        target.port,
        target.path,
        target.model,
        load.clients,
        load.seconds,
        load.count,
        int(load.streaming),
        load.first,
        load.text,
        target.key,
        load.ids or "-",
        load.hang_up,
        load.timeout,
    ]
    pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores and which("taskset") else []
    return subprocess.Popen([*pinned, *map(str, command)], stdout=subprocess.PIPE)  # noqa: S603  # ours
