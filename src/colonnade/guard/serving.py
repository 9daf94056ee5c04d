"""The gateway on a port of the loopback interface."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress
from ipaddress import ip_address

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

from colonnade.records import ColonnadeError, InputError

SETTLING = 0.3
"""Seconds between the end of the server and that of the program. The server's own threads may still hold objects of
Python for a moment, and giving one back while the interpreter is being torn down aborts the process."""


def serve(app: Starlette, host: str, port: int) -> None:
    """Serves until it is interrupted (SIGINT or SIGTERM); what is being answered is finished.

    One process and one event loop: the model answers one request at a time anyway, and the
    application, which holds the model, cannot be copied into other processes.

    Args:
        app: from :func:`gateway`.
        host: ``localhost`` or a loopback address. The gateway has neither keys nor TLS, so anything
            else belongs behind a proxy that has them.
        port: 1 to 65535, not in use.

    Raises:
        InputError: where the host is not loopback or the port cannot be had.
        ColonnadeError: where the server ended by itself.
    """
    address = _loopback(host)
    _free(address, port)
    asyncio.run(_serve(app, address, port))


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InputError(
            f"the gateway serves on the loopback interface only, and '{host}' is not on it.",
            mend="Take 127.0.0.1, and put a proxy with keys and TLS in front for others.",
        )
    return host


def _free(address: str, port: int) -> None:
    """Refuses a port in use: the server would share it and get every other request only."""
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


async def _serve(app: Starlette, address: str, port: int) -> None:
    server = Server(app, address=address, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        server.stop()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not every platform lets a loop handle signals; there an interrupt ends it the hard way.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    await server.serve()
    await asyncio.sleep(SETTLING)
    if not stopped:
        raise ColonnadeError("the server ended by itself.", mend="Start it again.")
