"""The wrapper of openai-guardrails as a server, so that it can be asked like the others; run by its own interpreter.

Usage: python openai_guardrails.py PORT UPSTREAM-PORT PATTERN-OR-WORD ...

The wrapper is a client's library. This serves what a program sees that goes over the chunks of
``client.chat.completions.create(stream=True)``: each chunk is written as soon as the wrapper yields it, and what it
raises becomes an error event. Settings: its own keyword check ("Keyword Filter") on the output, all else by default.
"""

from __future__ import annotations

import asyncio
import json
import sys

from guardrails import GuardrailsAsyncOpenAI

OPENED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)


async def answered(client: GuardrailsAsyncOpenAI, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one request and closes."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, path, _ = head.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))
    }
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    if method != "POST" or path != "/v1/chat/completions":
        send_json(writer, 404, {"error": {"message": "there is no such route", "type": "invalid_request_error"}})
        return
    asked = json.loads(body)
    try:
        if not asked.get("stream"):
            reply = await client.chat.completions.create(**asked)
            send_json(writer, 200, reply.llm_response.model_dump(mode="json", exclude_unset=True))
            return
        stream = await client.chat.completions.create(**asked)
        writer.write(OPENED)
        async for piece in stream:
            send_event(writer, piece.llm_response.model_dump_json(exclude_unset=True))
            await writer.drain()
        send_event(writer, "[DONE]")
    except Exception as fault:  # whatever it raises, it raises at a customer's program
        error = {"error": {"message": type(fault).__name__, "type": "guardrails"}}
        if not asked.get("stream"):
            send_json(writer, 400, error)
            return
        send_event(writer, json.dumps(error))
    writer.write(b"0\r\n\r\n")


def send_event(writer: asyncio.StreamWriter, text: str) -> None:
    """One event in a chunk of its own."""
    content = f"data: {text}\n\n".encode()
    writer.write(b"%x\r\n%s\r\n" % (len(content), content))


def send_json(writer: asyncio.StreamWriter, status: int, body: object) -> None:
    """A whole response."""
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + content)


async def main(port: int, upstream: int, words: list[str]) -> None:
    """Serves until it is ended."""
    checks = [{"name": "Keyword Filter", "config": {"keywords": words}}]
    client = GuardrailsAsyncOpenAI(
        config={"version": 1, "output": {"version": 1, "guardrails": checks}},
        base_url=f"http://127.0.0.1:{upstream}/v1",
        api_key="none",
        max_retries=0,
    )

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answered(client, reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
