"""Every other door: what a guard does not know it refuses, and its server never hears of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .check import PASSED, Check, Context, Outcome
from .client import request, send
from .plans import saying
from .reading import leak
from .words import WORD, innocent

ROUTES = (
    "POST /v1/embeddings",
    "POST /v1/moderations",
    "POST /v1/audio/speech",
    "POST /v1/audio/transcriptions",
    "POST /v1/audio/translations",
    "POST /v1/images/generations",
    "POST /v1/images/edits",
    "GET /v1/files",
    "POST /v1/files",
    "GET /v1/files/file-1/content",
    "POST /v1/uploads",
    "POST /v1/batches",
    "GET /v1/batches",
    "POST /v1/fine_tuning/jobs",
    "POST /v1/assistants",
    "POST /v1/threads",
    "POST /v1/threads/runs",
    "POST /v1/vector_stores",
    "POST /v1/messages",
    "POST /v1/complete",
    "POST /v1/edits",
    "POST /v1/engines/mock/completions",
    "POST /v1/rerank",
    "POST /v1/score",
    "POST /v1/conversations",
    "POST /v1/realtime/sessions",
    "GET /v1/realtime",
    "POST /v1/videos",
    "POST /v1/evals",
    "GET /v1/chat/completions",
    "GET /v1/chat/completions/chatcmpl-1",
    "GET /v1/chat/completions/chatcmpl-1/messages",
    "POST /v1/chat/completions/chatcmpl-1",
    "DELETE /v1/chat/completions/chatcmpl-1",
    "GET /v1/responses/resp_1",
    "GET /v1/responses/resp_1/input_items",
    "POST /v1/responses/resp_1/cancel",
    "POST /v1/responses/compact",
    "POST /v1/responses/input_tokens",
    "DELETE /v1/models/mock",
    "POST /v1/models",
    "PUT /v1/chat/completions",
    "PATCH /v1/chat/completions",
    "DELETE /v1/chat/completions",
    "OPTIONS /v1/chat/completions",
    "HEAD /v1/chat/completions",
    "TRACE /v1/chat/completions",
    "CONNECT /v1/chat/completions",
    "BREW /v1/chat/completions",
    "POST /openai/deployments/mock/chat/completions",
    "POST /openai/v1/chat/completions",
    "POST /anthropic/v1/messages",
    "POST /api/generate",
    "POST /api/chat",
    "POST /generate",
    "POST /generate_stream",
    "POST /completion",
    "POST /infill",
    "POST /tokenize",
    "POST /detokenize",
    "POST /pooling",
    "POST /classify",
    "POST /invocations",
    "POST /rerank",
    "POST /v1",
    "POST /",
    "GET /",
    "POST /v1/",
    "POST /v1/chat",
    "POST /v1/unknown",
    "GET /metrics-of-the-server",
    "GET /proxy",
    "POST /pass-through/v1/chat/completions",
    "POST /v1/proxy/chat/completions",
    "GET /v1/models/../files",
    "GET /..%2f..%2ffiles",
)


def checks() -> Iterator[Check]:
    """One check per route."""
    for route in ROUTES:
        yield _route(*route.split(" ", 1))


def _route(method: str, path: str) -> Check:
    async def run(context: Context) -> Outcome:
        where = path.replace("/v1", context.guard.base, 1) if path.startswith("/v1") else path
        before = len(context.upstream.arrivals)
        case = context.upstream.plan(saying(innocent()))
        told = f"Is {WORD} in {case}?"
        body = {
            "model": context.guard.model,
            "messages": [{"role": "user", "content": told}],
            "prompt": told,
            "input": told,
            "text": told,
            "query": told,
            "documents": [told],
            "inputs": told,
        }
        content = (
            None if method in ("GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "CONNECT") else json.dumps(body).encode()
        )
        answer = await send(context.guard, request(context.guard, where, content, method))
        arrived = context.upstream.arrivals[before:]
        context.upstream.forget(case)
        if any(arrival.contains(WORD) for arrival in arrived):
            return Outcome("leak", "the server was sent it")
        if found := leak(answer):
            return Outcome("leak", f"{found!r} came out")
        if arrived:
            return Outcome("leak", f"the server was asked for {arrived[0].method} {arrived[0].path}")
        if (answer.status >= 500 and answer.status != 501) or not answer.status:
            return Outcome("broken", answer.fault or f"status {answer.status}")
        if 200 <= answer.status < 300 and path.startswith("/v1") and method not in ("OPTIONS", "HEAD"):
            return Outcome("broken", f"status {answer.status} for what is not served")
        return PASSED

    sentence = f"{method} {path} is refused, and the server never hears of it."
    return Check(sentence, "routes", {"route": f"{method} {path}"}, run, alone=True)
