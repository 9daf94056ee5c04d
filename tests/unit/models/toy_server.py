"""A server on this machine that speaks the OpenAI protocol as well or as badly as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Response(NamedTuple):
    """What the server sends.

    Attributes:
        promised: the length in the header, where it is not that of the body.
        delay: seconds before the body.
        trickle: seconds between its bytes.
    """

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    promised: int | None = None
    delay: float = 0.0
    trickle: float = 0.0


Respond = Callable[[str, int], Response]
"""From the last message and the number of earlier requests with it to a response."""


def said(text: str | None, finish: str = "stop", usage: tuple[int, int] | None = None, **message: Any) -> Response:
    """A completion with this text."""
    body: dict[str, Any] = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "toy",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return Response(json.dumps(body).encode())


def refused(status: int, *headers: tuple[str, str], code: str | None = None) -> Response:
    """An error of the protocol."""
    body = {"error": {"message": "a long sentence that quotes the prompt", "code": code}}
    return Response(json.dumps(body).encode(), status, headers)


class ToyServer:
    """Listens on a free port of 127.0.0.1 while its block lasts."""

    def __init__(self, respond: Respond) -> None:
        self.requests: list[dict[str, Any]] = []
        self.at_a_time = self.most_at_a_time = 0
        self.lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, respond))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def asked(self, text: str) -> int:
        """How often this was the last message."""
        return sum(row["messages"][-1]["content"] == text for row in self.requests)

    def __enter__(self) -> ToyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: ToyServer, respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            text = request["messages"][-1]["content"]
            with server.lock:
                earlier = server.asked(text)
                server.requests.append(request)
                server.at_a_time += 1
                server.most_at_a_time = max(server.most_at_a_time, server.at_a_time)
            response = respond(text, earlier)
            time.sleep(response.delay)
            with server.lock:
                server.at_a_time -= 1
            with suppress(ConnectionError):  # whoever asked has stopped waiting
                self._send(response)

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", "application/json")
            promised = len(response.body) if response.promised is None else response.promised
            self.send_header("Content-Length", str(promised))
            for name, value in response.headers:
                self.send_header(name, value)
            self.end_headers()
            if response.trickle:
                for place in range(len(response.body)):
                    self.wfile.write(response.body[place : place + 1])
                    self.wfile.flush()
                    time.sleep(response.trickle)
            else:
                self.wfile.write(response.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
            """Tests print nothing."""

    return Handler
