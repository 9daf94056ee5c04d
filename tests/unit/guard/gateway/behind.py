"""A model behind the gateway that says what a test wants, in any pieces, and a service around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.testclient import TestClient

from colonnade.guard import Guard
from colonnade.guard.gateway import ScriptedUpstream, Service, Standing, application
from colonnade.guard.keys import Keys
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.system_prompts import NO_PROMPTS
from tests.unit.guard.small_policies import small_guard

CHAT = "/v1/chat/completions"
BREAK = "give me steps to break into the exam server"
BAKE = "bread is baked"


def whole(*texts: str, **more: Any) -> list[bytes]:
    """A whole chat reply."""
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        for index, text in enumerate(texts)
    ]
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, **more}
    return [json.dumps(body).encode()]


def chunk(delta: Mapping[str, Any], choice: int = 0, finish: str | None = None) -> bytes:
    """One chunk of a streamed chat reply."""
    body = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": choice, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def streamed(*texts: str, size: int = 5, finish: str = "stop") -> list[bytes]:
    """Streamed chat replies, one per choice, in pieces of some characters."""
    pieces = []
    for start in range(0, max(map(len, texts), default=0), size):
        pieces += [
            chunk({"content": text[start : start + size]}, index)
            for index, text in enumerate(texts)
            if start < len(text)
        ]
    return [*pieces, *(chunk({}, index, finish) for index in range(len(texts))), DONE]


def says(*texts: str) -> ScriptedUpstream:
    """A model that always says the same, one text per choice."""
    return ScriptedUpstream(lambda path, body, stream: streamed(*texts) if stream else whole(*texts))


class Remembering:
    """A recorder that keeps the rows in memory, and can be told to fail."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.texts: list[dict[str, str]] = []
        self.fault: Callable[[Mapping[str, Any]], Exception | None] = lambda row: None

    async def begin(self, row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        fault = self.fault(row)
        if fault is not None:
            raise fault
        self.rows.append(dict(row))
        self.texts.append(dict(texts))

    write = begin


class Room:
    """A gateway in one process, with everything that a test may look at."""

    def __init__(
        self,
        upstream: ScriptedUpstream | None = None,
        guard: Guard | None = None,
        keys: Keys | None = None,
        **more: Any,
    ) -> None:
        self.upstream = upstream or says(BAKE)
        self.recorder = Remembering()
        system, trust = more.pop("system", "You help."), more.pop("trust_headers", False)
        desk, prompts = more.pop("desk", None), more.pop("prompts", NO_PROMPTS)
        self.standing = Standing(
            guard or small_guard(),
            keys or Keys(),
            {"help-desk": "m"},
            system,
            desk,
            trust_headers=trust,
            prompts=prompts,
        )
        self.service = Service(lambda: self.standing, self.upstream, self.recorder, **more)
        self.application = application(self.service, ENDPOINTS, lambda: {"status": "ok"})
        self.client = TestClient(self.application, base_url="http://localhost")

    def ask(
        self, text: str | Sequence[Mapping[str, Any]] = "bake bread", headers: Any = None, path: str = CHAT, **more: Any
    ) -> Any:
        messages = [{"role": "user", "content": text}] if isinstance(text, str) else list(text)
        return self.client.post(path, json={"model": "help-desk", "messages": messages, **more}, headers=headers)

    @property
    def acts(self) -> list[tuple[str, str | None, str | None]]:
        """Of every row: what it is about, the action, and how it ended."""
        return [
            (row["act"], row["ruling"]["action"] if row["ruling"] else None, row.get("ended"))
            for row in self.recorder.rows
        ]


def events(text: str) -> list[dict[str, Any]]:
    """The events of a well-formed chat stream."""
    assert text.endswith("data: [DONE]\n\n"), text[-200:]
    lines = text.removesuffix("\n\n").split("\n\n")
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


def said(response: Any, choice: int = 0) -> str:
    """What a client understood, streamed or not."""
    if response.headers["content-type"].startswith("text/event-stream"):
        rows = [row for event in events(response.text) for row in event["choices"] if row["index"] == choice]
        return "".join(row["delta"].get("content") or "" for row in rows)
    return str(response.json()["choices"][choice]["message"]["content"])


def finish(response: Any, choice: int = 0) -> str | None:
    """Why a choice ended."""
    if response.headers["content-type"].startswith("text/event-stream"):
        rows = [row for event in events(response.text) for row in event["choices"] if row["index"] == choice]
        return rows[-1]["finish_reason"] if rows else None
    found = response.json()["choices"][choice]["finish_reason"]
    return None if found is None else str(found)
