"""``colonnade serve``: the gateway of a workspace, in front of any server or of the trained checkpoint."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from colonnade.cli.display import err
from colonnade.cli.options import HERE, WorkspaceArgument
from colonnade.guard.gateway.faults import out_of_reach, where_to_look
from colonnade.guard.keys import keys_file, read_keys
from colonnade.guard.serving import check_port, served_address
from colonnade.guard.serving import serve as serve_gateway
from colonnade.guard.telemetry.spans import spans_over_http
from colonnade.pipeline import open_workspace
from colonnade.pipeline.gateway_service import GatewayService, Wish
from colonnade.pipeline.recording import log_settings, open_log
from colonnade.pipeline.service import Behind, last_decision, server_behind, weights_behind
from colonnade.pipeline.workspace import Workspace
from colonnade.records import InputError, Outcome
from colonnade.store import Store


def serve(
    workspace: WorkspaceArgument = HERE,
    upstream: Annotated[
        str,
        typer.Option(
            "--upstream",
            metavar="NAME@URL",
            help="The model of a server, such as llama3@http://127.0.0.1:11434/v1; by default the trained checkpoint.",
        ),
    ] = "",
    host: Annotated[str, typer.Option(help="An address of this machine; without keys a loopback one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8321,
    no_contents: Annotated[
        bool, typer.Option("--no-contents", help="Keep no prompts and answers, only what was decided on them.")
    ] = False,
    traces: Annotated[
        str,
        typer.Option(
            "--traces",
            metavar="URL",
            help="Send spans to an OpenTelemetry collector, such as http://HOST:4318/v1/traces.",
        ),
    ] = "",
    trust_headers: Annotated[
        bool,
        typer.Option(
            "--trust-headers",
            help="Let a request say its own tier and purpose (X-Colonnade-Tier, X-Colonnade-Purpose): for trying out.",
        ),
    ] = False,
) -> None:
    """Answer the OpenAI protocols with a guard on both sides of a model, and every row in the audit log first."""
    opened = open_workspace(workspace)
    keyed = bool(read_keys(keys_file(workspace)))
    check_port(served_address(host, keyed), port)
    if trust_headers and keyed:
        raise InputError("keys name tiers and purposes, so headers cannot.", mend="Leave out '--trust-headers'.")
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    # What an operator is to hear of and need not worry about: that a change was taken up, what a stop waits for.
    logging.getLogger("colonnade").setLevel(logging.INFO)
    behind = server_behind(upstream) if upstream else _checkpoint(opened)
    if upstream and (why := out_of_reach(behind.upstream.where)):
        err.print("[yellow]warning[/]", end=" ")
        err.print(f"nothing answers at {behind.upstream.where} so far: {why}{where_to_look(why)}", markup=False)
    Store(workspace).close()  # makes the workspace's own folder, with what keeps it out of version control
    settings = log_settings(opened)
    log = open_log(opened, settings, contents=not no_contents) if settings is not None else None
    spans = spans_over_http(traces, opened.launch.name) if traces else None
    service = GatewayService(opened, behind, log, Wish(trust_headers=trust_headers, spans=spans))
    if log is None:
        err.print("[yellow]warning[/] guard.yaml says 'log: none': nothing is recorded, and no grant can be used.")
    else:
        made = "made the audit log" if log.made else "audit log"
        err.print(f"{made} {log.folder} (public key {log.public})", markup=False)
    err.print(f"{behind.what} guarded on http://{host}:{port}/v1 (stop with Ctrl-C)", markup=False)
    service.start()
    try:
        serve_gateway(service.application, host, port, service.keyed, service.service)
    finally:
        service.stop()


def _checkpoint(opened: Workspace) -> Behind:
    checkpoint, decision = last_decision(opened)
    if decision.outcome is not Outcome.RELEASE:
        err.print(
            f"[yellow]warning[/] the gate says {decision.outcome} for this checkpoint;"
            " it is served on this machine only, for trying out."
        )
    return weights_behind(opened, checkpoint)
