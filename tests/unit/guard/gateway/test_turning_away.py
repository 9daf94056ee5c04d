"""A request that ends at the door is told to observers once, by a closed list of codes and by nothing that it said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from threading import Event
from typing import Any

import pytest

from colonnade.guard.gateway import ScriptedUpstream
from colonnade.guard.gateway.telling import WAITING, Teller
from colonnade.guard.gateway.upstreams import UpstreamFault
from colonnade.guard.keys import Keys
from colonnade.guard.observing import Finished, TurnedAway
from colonnade.guard.protocol.errors import CODES, STATUSES
from colonnade.records import ColonnadeError
from tests.unit.guard.finished_rows import AT, finished

from .behind import CHAT, Room


class Door:
    """Remembers both kinds of rows."""

    def __init__(self) -> None:
        self.finished_rows: list[Finished] = []
        self.rows: list[TurnedAway] = []

    def finished(self, row: Finished) -> None:
        self.finished_rows.append(row)

    def turned_away(self, row: TurnedAway) -> None:
        self.rows.append(row)


def told(room: Room, door: Door) -> list[tuple[str, int, str]]:
    room.service.teller.close()
    assert all(row.code in CODES | {"client_hung_up"} and row.status in STATUSES | {0} for row in door.rows)
    return [(row.endpoint, row.status, row.code) for row in door.rows]


def test_whatever_ends_before_a_ruling_is_told_with_endpoint_status_and_code() -> None:
    door = Door()
    room = Room(observers=[door])
    room.client.post(CHAT, content=b"{")
    room.client.post("/v1/responses", json={"model": "help-desk", "input": "x", "words of mine": 1})
    room.client.post("/v1/completions", json={"model": "no such model", "prompt": "x"})
    room.ask("x" * 400_001)
    room.client.post("/v1/embeddings", json={})
    room.client.get(CHAT)
    room.client.request("BREW", "/v1/models")
    assert told(room, door) == [
        ("chat", 400, "invalid_json"),
        ("responses", 400, "unknown_parameter"),
        ("completions", 404, "model_not_found"),
        ("chat", 413, "request_too_large"),
        ("", 404, "unknown_url"),
        ("chat", 405, "unknown_url"),
        ("models", 405, "unknown_url"),
    ]
    assert not door.finished_rows
    assert all(row.milliseconds > 0 for row in door.rows if row.id)


def test_without_a_key_every_route_that_asks_for_one_is_told_of() -> None:
    door = Door()
    room = Room(keys=Keys((), required=True), observers=[door])
    refused = room.ask()
    assert refused.status_code == 401
    assert room.client.get("/v1/models", headers={"authorization": "Bearer ck-x"}).status_code == 401
    assert told(room, door) == [("chat", 401, "missing_api_key"), ("models", 401, "invalid_api_key")]
    assert [row.id for row in door.rows] == [refused.headers["x-colonnade-id"], ""]


@pytest.mark.parametrize(("most", "closing", "code"), [(0, False, "overloaded"), (9, True, "stopping")])
def test_a_service_that_is_busy_or_stopping_tells_of_it(most: int, closing: bool, code: str) -> None:
    door = Door()
    room = Room(observers=[door], most=most)
    room.service.closing = closing
    response = room.ask()
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert told(room, door) == [("chat", 503, code)]


def test_a_request_whose_row_cannot_be_written_is_told_of_and_one_that_reached_the_model_only_as_finished() -> None:
    door = Door()
    fault = UpstreamFault("it is busy.", 429, "rate_limit_exceeded")
    room = Room(ScriptedUpstream(lambda path, body, stream: [fault]), observers=[door])
    assert room.ask().status_code == 429
    room.recorder.fault = lambda row: ColonnadeError("full.")
    assert [room.ask().status_code for _ in range(2)] == [503, 503]
    assert told(room, door) == [("chat", 503, "log_unavailable")]
    assert [(row.outcome, row.status) for row in door.finished_rows] == [("fault", 429), ("fault", 503)]


def test_a_fault_of_ours_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret words")

    door = Door()
    room = Room(observers=[door])
    monkeypatch.setattr("colonnade.guard.gateway.onion.chosen_model", broken)
    assert room.ask().status_code == 500
    assert told(room, door) == [("chat", 500, "internal_error")]


def test_the_words_of_a_fault_of_ours_get_into_no_log(caplog: pytest.LogCaptureFixture) -> None:
    room, words = Room(), " ".join(("what", "ana", "said"))

    def failing() -> Any:
        raise RuntimeError(words)

    room.service.standing = failing
    with caplog.at_level(logging.ERROR):
        assert room.ask().status_code == 500
    assert "RuntimeError" in caplog.text
    assert "in failing" in caplog.text
    assert words not in caplog.text


def test_a_body_that_breaks_off_is_told_of_whether_anybody_is_still_there_or_not() -> None:
    door = Door()
    room = Room(observers=[door])
    scope = {"type": "http", "method": "POST", "path": CHAT, "headers": []}
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(room.application(scope, receive, send))
    assert told(room, door) == [("chat", 400, "incomplete_body")]
    assert sent[0]["status"] == 400


def test_an_observer_that_knows_only_of_finished_requests_is_left_alone_and_one_that_fails_is_counted() -> None:
    class Broken:
        def __init__(self) -> None:
            self.rows: list[Finished] = []

        def finished(self, row: Finished) -> None:
            self.rows.append(row)
            raise RuntimeError

    broken = Broken()
    room = Room(observers=[broken])
    room.client.post("/v1/embeddings", json={})
    room.ask()
    room.service.teller.close()
    assert (len(broken.rows), room.service.teller.failed) == (1, 1)


def test_a_flood_at_the_door_takes_no_room_from_requests_that_were_answered() -> None:
    class Slow(Door):
        def turned_away(self, row: TurnedAway) -> None:
            entered.set()
            free.wait(10)
            super().turned_away(row)

    entered, free, door = Event(), Event(), Slow()
    teller = Teller([door])
    row = TurnedAway("", AT, "chat", "POST", 401, "missing_api_key", 0.1)
    teller.turned_away(row)
    assert entered.wait(10)
    _flood(teller, [row] * WAITING)
    assert teller.dropped == WAITING - WAITING // 2
    teller.tell(finished())
    free.set()
    teller.close()
    assert (len(door.finished_rows), len(door.rows)) == (1, WAITING // 2 + 1)


def _flood(teller: Teller, rows: Sequence[TurnedAway]) -> None:
    for row in rows:
        teller.turned_away(row)
