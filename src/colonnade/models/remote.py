"""What a model on another machine can do that one in memory cannot: answer many questions at once, each on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import anyio

from colonnade.models.model import Conversation, Reply, Sampling

T = TypeVar("T")

Again = Literal["never", "refused", "seldom", "later"]


class Attempt(NamedTuple):
    """What one request came to.

    Attributes:
        reply: the answer, or the fault of this request.
        tokens_in, tokens_out: what the server says it read and wrote; none where it does not say.
        again: whether asking again may help: ``never``; ``refused``, nor with any other question (the
            key, the model's name); ``seldom``, the server answered off the protocol; ``later``, it is
            busy or out of reach.
        after: seconds that the server asks to be left alone.
    """

    reply: Reply
    tokens_in: int | None = None
    tokens_out: int | None = None
    again: Again = "never"
    after: float | None = None


Ask = Callable[[Conversation, Sampling], Awaitable[Attempt]]
"""One request: it returns faults, and raises only where the program is wrong."""


def failed(fault: str, again: Again = "never", after: float | None = None) -> Attempt:
    """An attempt that brought no answer."""
    return Attempt(Reply("", "fault", fault), again=again, after=after)


def sound(reply: Reply) -> Reply:
    """The reply, or a fault where its text holds half a character (a lone surrogate), which nothing can store."""
    if not reply.text.isascii():
        try:
            reply.text.encode()
        except UnicodeEncodeError:
            return Reply("", "fault", "the answer is no valid Unicode")
    return reply


@runtime_checkable
class RemoteModel(Protocol):
    """A model that is asked one conversation at a time, several at once."""

    name: str

    def session(self) -> AbstractAsyncContextManager[Ask]:
        """A connection that lasts as long as its block."""
        ...


def to_its_end(work: Callable[[], Awaitable[T]]) -> T:
    """Run asynchronous work from code that is not, even where a loop runs in this thread already (a notebook)."""
    results: list[T] = []

    async def aside() -> None:
        # Handed over rather than returned: where asyncio lets go of a signal, it prints the finished task with its
        # result and throws that away, which costs more than a thousand answers do.
        results.append(await work())

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        anyio.run(aside)
    else:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(anyio.run, aside).result()
    return results[0]
