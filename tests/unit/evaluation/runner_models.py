"""Models that count, break or talk to nobody, for the tests of the runner."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio

from colonnade.models import Conversation, Progress, Reply, Sampling
from colonnade.models.remote import Ask, Attempt
from colonnade.records import Prompt, digest_of
from tests.unit.records.samples import make_prompt

SPEAKER = digest_of("speaker")


def prompts(count: int) -> list[Prompt]:
    """Prompts of growing length."""
    return [make_prompt(f"p{index}", text=f"What about {'very ' * index}door {index}?") for index in range(count)]


def echo(question: str) -> Reply:
    """The reply that most of these models give."""
    return Reply(f"re: {question}", "end")


class CountingModel:
    """Answers in memory, and remembers what it was asked, how and in which thread."""

    name = "counting"

    def __init__(self, answer: Callable[[str], Reply] = echo, breaks_at: int | None = None) -> None:
        self.answer, self.breaks_at = answer, breaks_at
        self.batches: list[list[str]] = []
        self.samplings: list[Sampling] = []
        self.threads: set[int] = set()

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        if len(self.batches) == self.breaks_at:
            raise RuntimeError("out of memory")
        self.batches.append([turns[-1].content for turns in conversations])
        self.samplings.append(sampling)
        self.threads.add(threading.get_ident())
        return [self.answer(question) for question in self.batches[-1]]

    @property
    def asked(self) -> list[str]:
        return [question for batch in self.batches for question in batch]


class NearbyModel:
    """A remote model without a server: each attempt comes from a function of question and try."""

    name = "nearby"

    def __init__(self, respond: Callable[[str, int], Attempt]) -> None:
        self.respond = respond
        self.asked: list[str] = []
        self.open = False

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Ask]:
        self.open = True

        async def ask(turns: Conversation, sampling: Sampling) -> Attempt:
            assert self.open
            question = turns[-1].content
            earlier = self.asked.count(question)
            self.asked.append(question)
            await anyio.sleep(0)
            return self.respond(question, earlier)

        yield ask
        self.open = False
