"""A workspace served in one process, in front of a model that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

from starlette.testclient import TestClient

from colonnade.guard.gateway import ScriptedUpstream
from colonnade.pipeline import open_workspace
from colonnade.pipeline.gateway_service import GatewayService, Wish
from colonnade.pipeline.recording import log_settings, open_log
from colonnade.pipeline.service import Behind
from colonnade.store import Store
from tests.unit.guard.gateway.behind import CHAT, streamed, whole

Script = Callable[[str, Mapping[str, Any], bool], Sequence[Any]]


def answers(text: str) -> Script:
    """A model that always says the same."""
    return lambda _path, _body, stream: streamed(text) if stream else whole(text)


class Served(NamedTuple):
    """A service that runs, and a client of it."""

    folder: Path
    service: GatewayService
    client: TestClient
    upstream: ScriptedUpstream

    def ask(self, text: str, headers: Mapping[str, str] | None = None, **more: Any) -> Any:
        messages = [{"role": "user", "content": text}]
        return self.client.post(CHAT, json={"model": "m", "messages": messages, **more}, headers=headers)

    def action(self, text: str) -> str:
        """What the guard does with a request."""
        return str(self.ask(text).headers["x-colonnade-ruling"].partition(";")[0])

    def health(self) -> Any:
        return self.client.get("/health").json()

    def edit(self, before: str, after: str, name: str = "doors.md") -> None:
        file = self.folder / "policies" / name
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after, 1))


@contextmanager
def serving(folder: Path, script: Script, **wish: Any) -> Iterator[Served]:
    opened = open_workspace(folder)
    Store(folder).close()
    settings = log_settings(opened)
    log = open_log(opened, settings) if settings is not None else None
    upstream = ScriptedUpstream(script)
    service = GatewayService(opened, Behind(upstream, {"m": "m"}, "a script"), log, Wish(**wish))
    service.start()
    try:
        with TestClient(service.application, base_url="http://localhost") as client:
            yield Served(folder, service, client, upstream)
    finally:
        service.stop()


def until(true: Callable[[], bool], seconds: float = 10.0) -> float:
    """How long it took until it was true."""
    started = monotonic()
    while not true():
        assert monotonic() - started < seconds, "it never was"
        sleep(0.01)
    return monotonic() - started
