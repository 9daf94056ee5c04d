"""What fails behind the gateway is told to the operator: its kind and address, once a minute, and nobody's words."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import pytest

from colonnade.guard.gateway import HttpUpstream, Limits, ScriptedUpstream, UpstreamFault
from colonnade.guard.gateway.faults import PAUSE, UpstreamFaults, address_without_secrets, kind_of, out_of_reach

from .behind import BAKE, CHAT, Room, streamed, whole
from .test_upstreams import SHORT, Connection, begins, dies, never, says, server

KEY = "sk-secret"


def kinds(answer: Connection, limits: Limits = SHORT) -> str:
    """The kind of the fault that a server's answer comes to."""

    async def work() -> str:
        async with server(answer) as address:
            upstream = HttpUpstream(address, KEY, limits)
            try:
                reply = await upstream.send(CHAT, {"model": "m"}, False)
                while await reply.piece():
                    pass
            except UpstreamFault as fault:
                return fault.kind
            finally:
                await upstream.close()
        raise AssertionError("it answered")

    return asyncio.run(work())


@pytest.mark.parametrize("status", ["401 No", "404 Where", "500 Oh", "429 Slow", "400 Long", "504 Late"])
def test_a_status_is_named_and_the_body_that_may_quote_the_prompt_is_not(status: str) -> None:
    assert kinds(says(b"your prompt was: SECRET", status)) == f"status {status[:3]}"


def test_what_is_late_says_for_how_long_it_was_waited_and_what_breaks_off_that_it_did() -> None:
    async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert [kinds(way) for way in (never, begins, dies, gone)] == [
        "no answer within 0.5 s",
        "no more of its answer within 0.5 s",
        "it broke off its answer",
        "it closed the connection without an answer",
    ]


def test_an_address_that_refuses_is_told_before_anybody_asks_and_by_the_same_words_after() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        assert out_of_reach(address) == ""
    assert out_of_reach(address) == "connection refused"

    async def work() -> None:
        await HttpUpstream(address, limits=SHORT).send(CHAT, {}, False)

    with pytest.raises(UpstreamFault) as caught:
        asyncio.run(work())
    assert caught.value.kind == "connection refused"


def test_the_cause_of_a_missing_connection_is_named() -> None:
    assert kind_of(socket.gaierror(-2, "Name or service not known")) == "its name is not known here"
    assert kind_of(OSError(113, "x")) == "no route to host"
    assert kind_of(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x")).startswith("no TLS with it")


def test_an_address_is_told_without_a_password_and_a_query() -> None:
    found = address_without_secrets("https://ana:pw@model.example:8443/v1?key=sk-1#x")
    assert found == "https://model.example:8443/v1"
    assert HttpUpstream("http://ana:pw@127.0.0.1:9/v1").where == "http://127.0.0.1:9/v1"


def test_a_kind_of_fault_is_told_once_a_minute_with_how_many_there_were(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    faults = UpstreamFaults(lambda: now[0])
    for _ in range(5):
        faults.note("status 401", "http://a/v1")
    faults.note("status 500", "http://a/v1")
    faults.note("status 401", "http://b/v1")
    assert [record.getMessage() for record in caplog.records] == [
        "the model at http://a/v1 failed: status 401; it wants another key than COLONNADE_MODEL_KEY has",
        "the model at http://a/v1 failed: status 500; its own log says why",
        "the model at http://b/v1 failed: status 401; it wants another key than COLONNADE_MODEL_KEY has",
    ]
    faults.over()  # a model that answers now and then does not fill the log either
    now[0] = PAUSE - 1
    faults.note("status 401", "http://a/v1")
    assert len(caplog.records) == 3
    now[0] = PAUSE
    faults.note("status 401", "http://a/v1")
    assert "(5 more since the last line on it)" in caplog.records[-1].getMessage()


def script(*turns: Sequence[Any]) -> ScriptedUpstream:
    coming = list(turns)
    return ScriptedUpstream(lambda path, body, stream: coming.pop(0))


@pytest.mark.parametrize(
    ("turn", "stream", "told"),
    [
        ([UpstreamFault("gone.", 502, "upstream_error", kind="status 401")], False, "status 401"),
        ([UpstreamFault("gone.", 502, "upstream_error", kind="status 401")], True, "status 401"),
        ([b"<html>SECRET</html>"], False, "answered out of shape: the body is no JSON"),
        ([*streamed("bread " * 40)[:20]], True, "the model's server"),
        ([*streamed("bread " * 40)[:20], UpstreamFault("x.", 502, "x", kind="it broke off its answer")], True, "broke"),
    ],
)
def test_a_fault_is_in_the_log_and_in_health_until_the_model_answers(
    turn: list[Any], stream: bool, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = streamed(BAKE) if stream else whole(BAKE)
    room = Room(script(turn, turn, answer))
    for count in (1, 2):
        room.ask("bake PRIVATE bread", stream=stream)
        assert room.service.faults.last is not None
        assert (told in room.service.faults.last.fault, room.service.faults.last.times) == (True, count)
    (line,) = caplog.records
    assert (line.levelno, told in line.getMessage()) == (logging.WARNING, True)
    assert "SECRET" not in line.getMessage()
    assert "PRIVATE" not in line.getMessage()
    room.ask(stream=stream)
    assert room.service.faults.last is None


def test_what_is_the_requests_fault_or_the_disks_is_not_told_as_the_models(caplog: pytest.LogCaptureFixture) -> None:
    room = Room(script([UpstreamFault("'x' is not served.", 400, "unsupported_parameter")], whole(BAKE)))
    assert room.ask().status_code == 400
    room.recorder.fault = lambda row: OSError("full") if row["act"] == "reply" else None
    assert room.ask().status_code == 503
    assert room.service.faults.last is None
    assert not [record for record in caplog.records if "the model at" in record.getMessage()]
