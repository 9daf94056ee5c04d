"""The document and the routes: each has the other, and every error that it names can be had and is as it says."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from colonnade.guard.feedback import Answered, FeedbackDesk
from colonnade.guard.gateway import ScriptedUpstream, Service, Standing, UpstreamFault, exchange, side_routes
from colonnade.guard.keys import Keys, StoredKey, hash_of
from colonnade.guard.protocol import ENDPOINTS
from colonnade.records import ColonnadeError
from tests.conformance import ours
from tests.conformance.plans import saying
from tests.conformance.speaking import Asked, whole
from tests.unit.guard.finished_rows import refused
from tests.unit.guard.gateway.behind import Remembering

from .described import DOCUMENT, complaint

CUSTOMER, OPERATOR = "ck-customer", "ck-operator"


def stored(key: str, operator: bool) -> StoredKey:
    """A key for the first purpose."""
    return StoredKey(
        id=key,
        hash=hash_of(key),
        principal=key,
        tier="public",
        purposes=("general",),
        added=date(2026, 1, 1),
        operator=operator,
    )


class Room:
    """A gateway with every route, at which everything can be made to go wrong."""

    def __init__(self, fault: Exception | None = None, stands: bool = True, most: int = 9, keyed: bool = True) -> None:
        self.fault, self.stands = fault, stands
        keys = Keys([stored(CUSTOMER, operator=False), stored(OPERATOR, operator=True)] if keyed else [])
        self._standing = Standing(ours.guard(), keys, {ours.MODEL: ours.MODEL})
        recorder = Remembering()
        recorder.fault = lambda row: fault if row["act"] == "feedback" else None

        def script(path: str, _body: Any, _stream: bool) -> list[bytes | Exception]:
            said = whole(saying("hi"), Asked(ENDPOINTS[path].name, ours.MODEL, 1, usage=False))
            return [fault or json.dumps(said).encode()]

        desk = FeedbackDesk(self, recorder, lambda _: None, most=most)
        self.application = ours.gateway(Service(self.standing, ScriptedUpstream(script), recorder), desk)

    def standing(self) -> Standing:
        if not self.stands:
            raise RuntimeError("nothing stands")
        return self._standing

    def find(self, identifier: str) -> Answered | None:
        return Answered(CUSTOMER, refused()) if identifier == "ex-1" else None


def routes() -> set[tuple[str, str]]:
    """Paths and methods of the application; that whoever reads a route may ask for its head alone is HTTP's."""
    found = [route for route in Room().application.routes if isinstance(route, Route)]
    return {
        (route.path.replace(":path", ""), method.lower())
        for route in found
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_the_document_has_every_route_and_no_other() -> None:
    assert all(isinstance(route, Route) for route in Room().application.routes)
    assert routes() == {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods}


ASKED: dict[str, Any] = {
    "/v1/chat/completions": {"model": ours.MODEL, "messages": [{"role": "user", "content": "hi"}]},
    "/v1/completions": {"model": ours.MODEL, "prompt": "hi"},
    "/v1/responses": {"model": ours.MODEL, "input": "hi"},
    "/v1/feedback": {"id": "ex-1", "what": "why not?"},
}


def busy(status: int) -> dict[str, Any]:
    return {"fault": UpstreamFault("the model's server is not well.", status, "x")}


ASKING: dict[int, dict[str, Any]] = {
    400: {"body": {"more": 1}},
    401: {"key": "ck-unknown"},
    403: {"headers": {"X-Colonnade-Purpose": "authorised-test"}},
    404: {"body": {"model": "other"}},
    405: {"method": "PATCH"},
    408: {"slow": True},
    413: {"body": {"user": "x" * 30_000}},
    429: busy(429),
    500: {"fault": RuntimeError("broken on purpose")},
    502: busy(502),
    503: busy(503),
    504: busy(504),
}

ELSEWHERE: dict[str, Any] = {"keyed": False, "host": "example.org"}

FEEDBACK: dict[int, dict[str, Any]] = {
    **{status: ASKING[status] for status in (400, 401, 405, 408, 500)},
    403: ELSEWHERE,
    404: {"body": {"id": "ex-2"}},
    413: {"body": {"what": "x" * 30_000}},
    429: {"most": 0},
    503: {"fault": ColonnadeError("the disk is full.")},
}

READING: dict[int, dict[str, Any]] = {
    401: {"key": ""},
    403: ELSEWHERE,
    405: {"method": "PUT"},
    500: {"stands": False},
}

PROVOKED: dict[str, dict[int, dict[str, Any]]] = {
    **dict.fromkeys(("/v1/chat/completions", "/v1/completions", "/v1/responses"), ASKING),
    "/v1/feedback": FEEDBACK,
    "/v1/models": READING,
    "/v1/models/{model}": {**READING, 404: {"model": "other"}},
    "/metrics": {**READING, 403: {"key": CUSTOMER}},
    "/health": {405: READING[405], 500: READING[500]},
    "/openapi.json": {405: READING[405], 500: READING[500]},
}


def test_every_error_of_the_document_is_provoked_here() -> None:
    for path, statuses in PROVOKED.items():
        (described,) = DOCUMENT["paths"][path].values()
        assert {int(status) for status in described["responses"]} - {200, 201} == set(statuses), path


def answer(path: str, **how: Any) -> tuple[int, str, str]:
    """Status, content type and content of an answer at a route, where something is otherwise."""
    room = Room(**{name: how[name] for name in ("fault", "stands", "most", "keyed") if name in how})
    (method,) = DOCUMENT["paths"][path]
    headers = {"Authorization": f"Bearer {how.get('key', CUSTOMER)}", **how.get("headers", {})}
    place = path.replace("{model}", how.get("model", ours.MODEL))
    content = json.dumps({**ASKED[path], **how.get("body", {})}).encode() if path in ASKED else b""
    if how.get("slow"):
        return asyncio.run(half_a_body(room, path, headers, content))
    address = f"http://{how.get('host', 'localhost')}"
    client = TestClient(room.application, raise_server_exceptions=False, base_url=address)
    found = client.request(how.get("method", method), place, content=content, headers=headers)
    return found.status_code, found.headers["content-type"], found.text


async def half_a_body(room: Room, path: str, headers: dict[str, str], content: bytes) -> tuple[int, str, str]:
    """A request that begins and goes no further."""
    begun = [{"type": "http.request", "body": content[:5], "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not begun:
            await asyncio.sleep(60)
        return begun.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": named, "query_string": b""}
    await room.application(scope, receive, send)
    kind = dict(sent[0]["headers"])[b"content-type"].decode()
    return sent[0]["status"], kind, b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize(
    ("path", "status", "how"),
    [(path, status, how) for path, statuses in PROVOKED.items() for status, how in statuses.items()],
)
def test_an_error_is_as_the_document_says(
    path: str, status: int, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "MAX_BODY", 20_000)
    for room in (exchange, side_routes):
        monkeypatch.setattr(room, "PATIENCE", 0.02)
    found, kind, content = answer(path, **how)
    (method,) = DOCUMENT["paths"][path]
    assert (found, complaint(path, method, found, kind, content)) == (status, "")
    assert "broken on purpose" not in content


@pytest.mark.parametrize("path", PROVOKED)
def test_an_answer_is_as_the_document_says(path: str) -> None:
    status, kind, content = answer(path, key=OPERATOR)
    (method,) = DOCUMENT["paths"][path]
    assert complaint(path, method, status, kind, content) == ""
    assert status < 300


@pytest.mark.parametrize("path", PROVOKED)
def test_a_route_asks_for_a_key_where_the_document_says_so(path: str) -> None:
    (described,) = DOCUMENT["paths"][path].values()
    needed = described.get("security", DOCUMENT["security"]) != []
    assert (answer(path, key="")[0] == 401) == needed


@pytest.mark.parametrize("keyed", [True, False])
def test_the_document_that_is_served_says_whether_this_service_asks_for_a_key(keyed: bool) -> None:
    client = TestClient(Room(keyed=keyed).application, base_url="http://localhost")
    needed = client.get("/v1/models").status_code == 401
    assert (client.get("/openapi.json").json()["security"] == [{"key": []}]) == needed == keyed
