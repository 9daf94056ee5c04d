"""A tiny server that speaks just enough of the OpenAI protocol to judge, or to fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str], Any]
"""From what the judge is asked to what it says: a text, raw bytes, or a number as a status."""


def as_answers(*answers: object) -> str:
    """The one format that a judge may answer in."""
    return json.dumps({"answers": list(answers)})


class JudgeServer:
    """Listens on a free port of 127.0.0.1 while its block lasts.

    Args:
        answer: called with the user's message of every request.
        delay: seconds to wait before answering.
    """

    def __init__(self, answer: Answer, delay: float = 0.0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, answer, delay))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> JudgeServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(server: JudgeServer, answer: Answer, delay: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server calls
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.requests.append(request)
            server.keys.append(self.headers["Authorization"])
            time.sleep(delay)
            said = answer(request["messages"][-1]["content"])
            status = said if isinstance(said, int) else 200
            content = said if isinstance(said, bytes) else json.dumps(_completion(said)).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except ConnectionError:
                pass  # whoever asked has stopped waiting

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's own name
            """Tests print nothing."""

    return Handler


def _completion(said: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": said if isinstance(said, str) else ""}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "toy",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
