from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from starlette.applications import Starlette

from colonnade.guard.serving import serve, served_address, spare_the_collector
from colonnade.records import InputError

SERVICE = """
import sys
from colonnade.guard.serving import serve
from tests.unit.guard.gateway.behind import BAKE, Room, says
room = Room(says(BAKE))
serve(room.application, "127.0.0.1", int(sys.argv[1]), busy=room.service)
"""

ENDLESS = """
import asyncio, json, logging, sys
from colonnade.guard.gateway import ScriptedUpstream
from colonnade.guard.serving import serve
from tests.unit.guard.gateway.behind import BAKE, Room, streamed
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
room = Room(ScriptedUpstream(lambda path, body, stream: [*streamed("bread " * 90)[:90], asyncio.Event().wait]))
serve(room.application, "127.0.0.1", int(sys.argv[1]), busy=room.service)
print(json.dumps([row.get("ended") for row in room.recorder.rows]))
"""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1"])
def test_a_host_that_is_not_loopback_is_refused_without_keys_and_taken_with_them(host: str) -> None:
    with pytest.raises(InputError, match="loopback"):
        serve(Starlette(), host, 8000)
    assert served_address(host, keyed=True) == host


@pytest.mark.parametrize("host", ["example.org", "", "127.0.0.1.example.org"])
def test_a_host_that_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(InputError, match="no address"):
        serve(Starlette(), host, 8000, keyed=True)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="not a port"):
        serve(Starlette(), "127.0.0.1", port)


def test_a_port_in_use_is_refused_rather_than_shared() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot be had"):
        serve(Starlette(), "localhost", taken.getsockname()[1])


def test_the_collector_looks_at_what_comes_after_the_start_and_still_finds_a_cycle() -> None:
    before = gc.get_threshold()
    try:
        spare_the_collector()
        assert gc.get_freeze_count() > 10_000, "what was made so far is not looked at again"
        assert gc.isenabled()
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        assert gc.collect() >= 1
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_service_answers_over_http_and_stops_when_it_is_told(number: signal.Signals) -> None:
    service, request = _started(SERVICE)
    try:
        with _answer(request) as response:
            assert response.headers["X-Colonnade-Ruling"] == "allow; rule=no topic"
            assert response.read().endswith(b"data: [DONE]\n\n")
        service.send_signal(number)
        output, _ = service.communicate(timeout=30)
        assert (service.returncode, output) == (0, b"")
    finally:
        service.kill()
        service.communicate()


def test_whoever_stops_is_told_what_is_waited_for_and_a_second_stop_ends_it_with_its_row_and_its_last_event() -> None:
    service, request = _started(ENDLESS)
    try:
        with _answer(request) as response:
            assert response.readline().startswith(b"data: ")
            service.send_signal(signal.SIGINT)
            assert service.stdout is not None
            told = service.stdout.readline()
            assert told == b"INFO stopping: 1 answer is under way, at most 120 s; Ctrl-C again ends it now\n"
            service.send_signal(signal.SIGINT)
            rest = response.read()
        assert b'"code":"stopping"' in rest
        assert rest.endswith(b"data: [DONE]\n\n")
        output, _ = service.communicate(timeout=30)
        assert (service.returncode, json.loads(output)) == (0, [None, "stopped"])
    finally:
        service.kill()
        service.communicate()


def _started(program: str) -> tuple[subprocess.Popen[bytes], urllib.request.Request]:
    """A service in a process of its own, and what to ask it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = str(Path(__file__).parents[3])
    service = subprocess.Popen(
        [sys.executable, "-c", program, str(port)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    body = {"model": "help-desk", "messages": [{"role": "user", "content": "bake bread"}], "stream": True}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    return service, request


def _answer(request: urllib.request.Request):  # type: ignore[no-untyped-def]
    """The response, as soon as the service is up; within a minute."""
    for _ in range(300):
        try:
            return urllib.request.urlopen(request, timeout=30)
        except urllib.error.URLError as fault:
            if isinstance(fault, urllib.error.HTTPError):
                raise
            time.sleep(0.2)
    raise AssertionError("the service never came up")
