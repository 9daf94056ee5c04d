"""A model behind any OpenAI-compatible server."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anyio
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, OpenAIError

from colonnade.models.model import Conversation, Progress, Reply, Sampling
from colonnade.models.pacing import Limits, Pace, each
from colonnade.models.remote import Again, Ask, Attempt, failed, sound, to_its_end
from colonnade.records import Digest, digest_of

BUSY = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which asking again may help."""
REFUSED = frozenset({401, 403, 404})
"""Statuses that speak of the key or of the model's name, rather than of the question."""


class HttpModel:
    """Asks a server, a few conversations at a time; a request that fails is a fault of that item.

    Args:
        url: the server's base URL, ending in ``/v1``.
        model: the model's name there.
        key_variable: the environment variable that holds the key, which is never stored.
        timeout: seconds until a request counts as failed, to the last byte of its answer.
        limits: what :meth:`reply` may ask of the server; a runner brings its own.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key_variable: str = "COLONNADE_MODEL_KEY",
        timeout: float = 60.0,
        limits: Limits | None = None,
    ) -> None:
        self.name, self.model, self.url = f"http:{model}", model, url
        self.key = os.environ.get(key_variable) or "none"
        self.timeout, self.limits = timeout, (limits or Limits()).checked()

    @property
    def speaker(self) -> Digest:
        """Who answers, as far as one can know from outside: the server and the model's name there."""
        return digest_of({"server": self.url, "model": self.model})

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Ask]:
        """A pool of connections; what it yields makes one request and never repeats it."""
        async with AsyncOpenAI(base_url=self.url, api_key=self.key, timeout=self.timeout, max_retries=0) as client:

            async def ask(turns: Conversation, sampling: Sampling) -> Attempt:
                return await self._ask(client, turns, sampling)

            yield ask

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        """One reply per conversation, in order; what a busy server turns away is asked again in time."""
        replies: dict[int, Reply] = {}
        pace = Pace(self.limits, sampling.seed)

        async def ask_all() -> None:
            async with self.session() as ask:

                async def one(index: int) -> None:
                    attempt = await pace.ask(lambda: ask(conversations[index], sampling))
                    replies[index] = attempt.reply
                    if progress:
                        progress(len(replies), len(conversations))

                await each(range(len(conversations)), one, min(self.limits.concurrent, len(conversations)))

        to_its_end(ask_all)
        return [replies[index] for index in range(len(conversations))]

    async def _ask(self, client: AsyncOpenAI, turns: Conversation, sampling: Sampling) -> Attempt:
        messages: Any = [{"role": turn.role, "content": turn.content} for turn in turns]
        try:
            # The client's own timeout is per read: a server that sends a byte now and then would never end.
            with anyio.fail_after(self.timeout):
                response = await client.chat.completions.with_raw_response.create(
                    model=self.model,
                    messages=messages,
                    max_tokens=sampling.tokens,
                    temperature=sampling.temperature,
                    seed=sampling.seed,
                )
            return completion(response.content)
        except (TimeoutError, APITimeoutError):
            return failed(f"the server did not answer within {self.timeout:g} s", "later")
        except APIStatusError as fault:
            return failed(_status(fault), _again(fault.status_code), retry_after(fault.response.headers))
        except APIConnectionError:
            return failed("the connection to the server failed", "later")
        except OpenAIError as fault:
            return failed(f"the request failed: {type(fault).__name__}", "seldom")


def completion(content: bytes) -> Attempt:
    """What the body of an answer says. Whatever is off the protocol is named, and nothing is made of it."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return failed("the server sent half a JSON, or none", "seldom")
    usage = _mapping(_mapping(body).get("usage"))
    used = (_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
    choices = _mapping(body).get("choices")
    choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
    reason = choice.get("finish_reason")
    message = _mapping(choice.get("message"))
    # A model that declines through the field made for it has answered.
    text = next((message[field] for field in ("content", "refusal") if isinstance(message.get(field), str)), None)
    if reason == "content_filter":
        return failed("the server filtered the answer")._replace(tokens_in=used[0], tokens_out=used[1])
    if text is None:
        fault = "the server sent no choice" if not choice else "the server sent a choice without a text"
        return failed(fault, "seldom")._replace(tokens_in=used[0], tokens_out=used[1])
    return Attempt(sound(Reply(text.strip(), "length" if reason == "length" else "end")), *used)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that a server asks to be left alone, from ``retry-after-ms`` or ``retry-after`` (RFC 9110, 10.2.3).

    None where it does not say, or says what is neither a number nor a date.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
            except (ValueError, TypeError):  # no date, or one without a zone
                continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _again(status: int) -> Again:
    if status in BUSY or status >= 500:
        return "later"
    return "refused" if status in REFUSED else "never"


def _status(fault: APIStatusError) -> str:
    """The status with the server's own short code, if it is one: never its prose, which may quote the prompt."""
    code = str(fault.code or "")
    return f"HTTP {fault.status_code}" + (f" ({code})" if re.fullmatch(r"[A-Za-z][\w.-]{1,60}", code, re.A) else "")


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
