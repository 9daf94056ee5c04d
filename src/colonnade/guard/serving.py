"""The gateway on a port: one process, one loop; what is under way is finished before it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from contextlib import suppress
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Protocol

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from colonnade.records import ColonnadeError, InputError

SETTLING = 0.3
"""Seconds between the end of the server and that of the program. The server's own threads may still hold objects of
Python for a moment, and giving one back while the interpreter is being torn down aborts the process."""

FINISHING = 120.0
"""Seconds that answers under way are given to come to their end."""

ENDING = 5.0
"""Seconds for the last event and the row of an answer that is not waited for."""

BACKLOG = 4096
"""Connections that may wait to be taken up."""


logger = logging.getLogger(__name__)


class Busy(Protocol):
    """What can be asked to take nothing new, and how much it still has to do."""

    closing: bool

    @property
    def under_way(self) -> int:
        """How many requests are being answered."""
        ...

    def end_now(self) -> None:
        """End what is under way: with its row, and an end that its client understands."""
        ...


def serve(app: Starlette, host: str, port: int, keyed: bool = False, busy: Busy | None = None) -> None:
    """Serves until it is interrupted (SIGINT or SIGTERM); what is being answered is finished, or ended by a second one.

    One process and one event loop: caps and counts hold for all that this service does, and one
    core carries more than most models can answer. Several processes on several ports can share a
    log and a workspace.

    Args:
        app: the gateway.
        host: ``localhost`` or a loopback address; any other one only where there are keys.
        port: 1 to 65535, not in use.
        keyed: whether every request has to bring a key.
        busy: is told to take nothing new when the service is to end, and waited for.

    Raises:
        InputError: where the host may not be served on or the port cannot be had.
        ColonnadeError: where the server ended by itself.
    """
    address = served_address(host, keyed)
    check_port(address, port)
    spare_the_collector()
    if find_spec("uvloop") is not None:
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, address, port, busy))
    else:
        asyncio.run(_serve(app, address, port, busy))


def spare_the_collector() -> None:
    """Have the garbage collector look at what requests leave behind, and seldom.

    All that was made until here is needed to the end, and an answer leaves next to no cycles behind; as
    it stands, the collector takes a tenth of the time of every answer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def served_address(host: str, keyed: bool) -> str:
    """The address behind a host that may be served on.

    Raises:
        InputError: where it is not loopback, and there are no keys.
    """
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ip_address(host)
    except ValueError:
        mend = "Take 127.0.0.1, or with keys the address of an interface of this machine."
        raise InputError(f"'{host}' is no address.", mend=mend) from None
    if not address.is_loopback and not keyed:
        raise InputError(
            f"without keys the gateway serves on the loopback interface only, and '{host}' is not on it.",
            mend="Add a key with 'colonnade keys add', or take 127.0.0.1.",
        )
    return host


def check_port(address: str, port: int) -> None:
    """A port in use is refused: the server would share it and get every other request only.

    Raises:
        InputError: where it is no port, or cannot be had.
    """
    if not 1 <= port <= 65535:
        raise InputError(f"{port} is not a port.", mend="Choose one from 1 to 65535, for instance 8000.")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server does it: connections that have just ended do not make a port busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as fault:
            what = f"port {port} on {address} cannot be had: {fault.strerror or fault}."
            raise InputError(what, mend="Choose another port.") from None


async def _serve(app: Starlette, address: str, port: int, busy: Busy | None) -> None:
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        backlog=BACKLOG,
        backpressure=BACKLOG,
    )
    stopped = False
    ending, hurry = list[asyncio.Task[None]](), asyncio.Event()

    async def end() -> None:
        if busy is not None:
            await _finished(busy, hurry)
        server.stop()

    def stop() -> None:
        nonlocal stopped
        stopped = True
        if ending:
            hurry.set()
        else:
            ending.append(asyncio.ensure_future(end()))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not every platform lets a loop handle signals; there an interrupt ends it the hard way.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    await server.serve()
    await asyncio.sleep(SETTLING)
    if not stopped:
        raise ColonnadeError("the server ended by itself.", mend="Start it again.")


async def _finished(busy: Busy, hurry: asyncio.Event) -> None:
    """Wait for what is under way; end it where that takes too long, or somebody is in a hurry."""
    loop, busy.closing = asyncio.get_running_loop(), True
    if busy.under_way:
        answers = "1 answer is" if busy.under_way == 1 else f"{busy.under_way} answers are"
        it = "it" if busy.under_way == 1 else "them"
        logger.info("stopping: %s under way, at most %d s; Ctrl-C again ends %s now", answers, FINISHING, it)
    until = loop.time() + FINISHING
    while busy.under_way and loop.time() < until and not hurry.is_set():
        await asyncio.sleep(0.05)
    if busy.under_way:
        busy.end_now()
    until = loop.time() + ENDING
    while busy.under_way and loop.time() < until:
        await asyncio.sleep(0.05)
