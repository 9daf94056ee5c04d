"""The same bytes through the real ``openai`` client: what it does not take, no customer's program takes."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import openai

from .client import Answer


class _Replay:
    """A client whose next response is set by hand."""

    def __init__(self) -> None:
        http: Any = sys.modules[openai.DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]
        self._answer: Answer | None = None

        def respond(_request: Any) -> Any:
            assert self._answer is not None
            kind = self._answer.headers.get("content-type", "")
            return http.Response(self._answer.status, headers={"content-type": kind}, content=self._answer.body)

        transport = openai.DefaultHttpxClient(transport=http.MockTransport(respond))
        self._client = openai.OpenAI(base_url="http://guard/v1", api_key="none", max_retries=0, http_client=transport)

    def complaint(self, endpoint: str, streaming: bool, answer: Answer) -> str:
        """What the client says against an answer; empty where it takes it."""
        self._answer = answer
        create: Any = {
            "chat": lambda **more: self._client.chat.completions.create(messages=[], model="m", **more),
            "completions": lambda **more: self._client.completions.create(prompt="", model="m", **more),
            "responses": lambda **more: self._client.responses.create(input="", model="m", **more),
        }[endpoint]
        try:
            found = create(stream=True) if streaming else create()
            if streaming:
                for event in found:
                    event.model_dump(warnings=False)
            else:
                found.model_dump(warnings=False)
        except Exception as fault:  # whatever it raises, it raises at a customer
            return f"the openai client raises {type(fault).__name__}: {str(fault)[:120]}"
        return ""


@cache
def _replay() -> _Replay:
    return _Replay()


def complaint(endpoint: str, streaming: bool, answer: Answer) -> str:
    """What the real client says against an answer; empty where it takes it."""
    return _replay().complaint(endpoint, streaming, answer)
