"""A server behind that says what it was told to: for tests, examples and dry runs; it can also fail in every way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from colonnade.guard.gateway.upstreams import UpstreamFault

Script = Callable[[str, Mapping[str, Any], bool], Sequence[bytes | Exception | Callable[[], Awaitable[None]]]]
"""Path, body and whether a stream is wanted to the pieces of the answer; an exception among them is raised in its
place, and a function is awaited there."""


class ScriptedUpstream:
    """Answers from a script, and remembers what it was asked.

    Args:
        script: what is said.
    """

    def __init__(self, script: Script) -> None:
        self._script, self.where = script, "a script"
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.closed = 0

    async def send(
        self, path: str, body: Mapping[str, Any], stream: bool, headers: Mapping[str, str] = MappingProxyType({})
    ) -> _ScriptedReply:
        """The next answer of the script."""
        self.asked.append((path, body))
        steps = list(self._script(path, body, stream))
        if steps and isinstance(steps[0], UpstreamFault):
            raise steps[0]
        return _ScriptedReply(self, steps)

    async def close(self) -> None:
        """There is nothing to end."""


class _ScriptedReply:
    def __init__(
        self, upstream: ScriptedUpstream, steps: Sequence[bytes | Exception | Callable[[], Awaitable[None]]]
    ) -> None:
        self._upstream, self._steps = upstream, iter(steps)

    async def piece(self) -> bytes:
        for step in self._steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, bytes):
                return step
            await step()
        return b""

    def close(self) -> None:
        self._upstream.closed += 1
