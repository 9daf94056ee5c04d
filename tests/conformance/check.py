"""What a check is, what can come of it, and what it has at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Literal, NamedTuple

from .client import Answer, Guarded, ask
from .upstream import ENDPOINTS, Upstream

Verdict = Literal["leak", "broken", "passed", "not served"]
"""``leak``: what is forbidden got through. ``broken``: an answer is not what the protocol says, or innocent text
was altered. ``not served``: the guard has no such feature, which is neither a pass nor a failure."""


class Outcome(NamedTuple):
    """What came of a check, and what was seen."""

    verdict: Verdict
    detail: str = ""


PASSED = Outcome("passed")


class Context:
    """What every check has: the guard under test and the server behind it.

    Attributes:
        allowed: characters of a forbidden span that may reach the client.
        failing: the same guard with a detector that fails, where there is one.
        gone: a guard whose server does not exist, where there is one.
    """

    def __init__(self, guard: Guarded, upstream: Upstream, allowed: int = 0, failing: Guarded | None = None) -> None:
        self.guard, self.upstream, self.allowed, self.failing = guard, upstream, allowed, failing
        self._once: dict[Hashable, asyncio.Task[Any]] = {}

    async def once(self, key: Hashable, make: Callable[[], Awaitable[Any]]) -> Any:
        """The result of something that several checks need, worked out by the first of them."""
        if key not in self._once:
            self._once[key] = asyncio.ensure_future(make())
        return await self._once[key]

    async def ask(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        guard: Guarded | None = None,
    ) -> Answer:
        """Posts a body to an endpoint of the guard."""
        return await ask(guard or self.guard, body, ENDPOINTS[endpoint].removeprefix("/v1"), headers)

    def body(self, endpoint: str, text: str, **more: Any) -> dict[str, Any]:
        """An ordinary request with this text."""
        field = {"chat": "messages", "completions": "prompt", "responses": "input"}[endpoint]
        said: Any = [{"role": "user", "content": text}] if endpoint == "chat" else text
        return {"model": self.guard.model, field: said, **more}


class Check(NamedTuple):
    """One thing that must hold.

    Attributes:
        sentence: says what, in one sentence.
        group: of which part of the suite.
        cell: where in the grid: endpoint, channel, chunking and the like.
        alone: must not run beside others, since it watches all that reaches the server.
    """

    sentence: str
    group: str
    cell: Mapping[str, str]
    run: Callable[[Context], Awaitable[Outcome]]
    alone: bool = False


def unserved(answer: Answer) -> bool:
    """Whether an answer says that the guard has no such feature."""
    return answer.status in (404, 405, 415, 501) or answer.status in (400, 422)
