"""A model behind any OpenAI-compatible server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openai import OpenAI, OpenAIError

from colonnade.models.model import Conversation, Progress, Reply, Sampling

CONCURRENT = 8
"""Requests that are under way at a time."""


class HttpModel:
    """Asks a server, a few conversations at a time; a request that fails is a fault of that item.

    Args:
        url: the server's base URL, ending in ``/v1``.
        model: the model's name there.
        key_variable: the environment variable that holds the key, which is never stored.
        timeout: seconds until a request counts as failed.
    """

    def __init__(self, url: str, model: str, key_variable: str = "COLONNADE_MODEL_KEY", timeout: float = 60.0) -> None:
        self.name, self.model = f"http:{model}", model
        key = os.environ.get(key_variable, "none")
        self.client = OpenAI(base_url=url, api_key=key, timeout=timeout, max_retries=2)

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        """One reply per conversation, in order."""
        replies: list[Reply] = []
        with ThreadPoolExecutor(CONCURRENT) as pool:
            for reply in pool.map(lambda turns: self._ask(turns, sampling), conversations):
                replies.append(reply)
                if progress:
                    progress(len(replies), len(conversations))
        return replies

    def _ask(self, turns: Conversation, sampling: Sampling) -> Reply:
        messages: Any = [{"role": turn.role, "content": turn.content} for turn in turns]
        try:
            answer = self.client.chat.completions.create(
                model=self.model,
                messages=messages,
                max_tokens=sampling.tokens,
                temperature=sampling.temperature,
                seed=sampling.seed,
            )
        except OpenAIError as fault:
            return Reply("", "fault", f"the server failed: {type(fault).__name__}")
        choice = answer.choices[0] if answer.choices else None
        if choice is None or choice.message.content is None:
            return Reply("", "fault", "the server sent no answer")
        return Reply(choice.message.content.strip(), "length" if choice.finish_reason == "length" else "end")
