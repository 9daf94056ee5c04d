"""A workspace served: guard, keys, grants and log, kept to what stands on disk while answers go on.

What is served at one moment is one frozen value. A change on disk makes a new one in a thread of its
own and puts it in the place of the old in one step; an exchange keeps to the one that it began with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.routing import Route

from colonnade.guard import Guard
from colonnade.guard.access.watching import Watch
from colonnade.guard.feedback import FeedbackDesk, LoggedAnswers
from colonnade.guard.gateway import Service, Standing, application
from colonnade.guard.gateway.side_routes import feedback_route, metrics_route
from colonnade.guard.keys import Keys, keys_file, read_keys
from colonnade.guard.observing import Observer
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.recording import GrantUses, LogState, Recorder, Unrecorded
from colonnade.guard.system_prompts import SystemPrompts
from colonnade.guard.telemetry.metrics import Metrics, NamesOf
from colonnade.guard.telemetry.spans import Spans
from colonnade.pipeline.access_service import AccessService
from colonnade.pipeline.feedback import enter
from colonnade.pipeline.guard_parts import loaded_encoder
from colonnade.pipeline.recording import Opened, log_settings
from colonnade.pipeline.service import Behind, adapter_settings, build_guard
from colonnade.pipeline.system_prompts import PromptFiles, read_by, system_prompts_of
from colonnade.pipeline.workspace import READ, Rereader, Workspace
from colonnade.records import ColonnadeError

_READ = (*READ, "prompts")

OF_GRANTS = {
    "waiting": "Requests that the monitor of grants has not looked at yet.",
    "dropped": "Requests that it has not watched.",
    "faults": "Times that it failed.",
    "unread": "Uses for a purpose that nobody can tell.",
}
"""What the page of metrics says of the monitor of grants."""

_TAKEN_UP = "the policies were taken up as they stand now"

logger = logging.getLogger(__name__)


class Wish(NamedTuple):
    """What is asked of the service besides the workspace.

    Attributes:
        trust_headers: let a request say its own tier; for trying out.
        observers: told of each row.
        build: makes the guard; with a probe where ``guard.yaml`` says nothing of one, or without.
        spans: written of each request; none where nobody collects them.
    """

    trust_headers: bool = False
    observers: Sequence[Observer] = ()
    build: Callable[[Workspace, bool], Guard] = lambda workspace, probed: build_guard(workspace, probed=probed)
    spans: Spans | None = None


class GatewayService:
    """Everything that runs while a workspace is served.

    Args:
        workspace: as it was opened.
        behind: what answers.
        log: where rows go; none for nowhere, and then no grant can be used.
        wish: what else is asked.

    Raises:
        InputError: where the policies, the keys or the grants cannot be served as they stand.
    """

    def __init__(self, workspace: Workspace, behind: Behind, log: Opened | None, wish: Wish = Wish()) -> None:  # noqa: B008  a frozen value
        self._folder, self._behind, self._log, self._wish = workspace.folder, behind, log, wish
        recorder: Recorder = log.recorder if log is not None else Unrecorded()
        record = GrantUses(log.recorder.writer) if log is not None else None
        self._rereader = Rereader(workspace.folder)
        self.access = AccessService(workspace, record, lambda: loaded_encoder("static"), self._rereader)
        wish = wish._replace(observers=(*wish.observers, self.access))
        self._logged = log_settings(workspace)
        stored = read_keys(keys_file(self._folder))
        self._told: frozenset[str] = frozenset()
        self.keyed = bool(stored)
        # Policies and keys are taken up by threads of their own, and neither may put back what the other has replaced.
        self._replacing = Lock()
        self.standing = self._stand(workspace, Keys(stored, required=self.keyed))
        self.metrics = Metrics(NamesOf(lambda: self.standing.guard))
        observers = (self.metrics, *wish.observers, *([wish.spans] if wish.spans is not None else []))
        traced = 1.0 if wish.spans is not None else None
        self.service = Service(lambda: self.standing, behind.upstream, recorder, observers, traced=traced)
        self._watch_numbers()
        self.application: Starlette = application(
            self.service, ENDPOINTS, self.health, behind.upstream.close, self._side_routes()
        )
        places, files = [self._folder / name for name in _READ], PromptFiles(self._folder)
        self._watches = (
            Watch(places, self._take_up, self._keep, moment=lambda: (_today(), files.marks()), seen=True),
            # Apart from the policies: learning detectors takes a second, and a revoked key must not wait for it.
            Watch([keys_file(self._folder)], self._take_keys, self._lock_out, seen=True),
        )

    def start(self) -> None:
        """Take up the grants, and look after every file from here on."""
        self.access.start()
        for watch in self._watches:
            watch.start()

    def stop(self) -> None:
        """End the threads, and the log with a signed checkpoint."""
        with ExitStack() as ending:  # from the last to the first, each whether the others failed or not
            if self._log is not None:
                ending.callback(self._log.recorder.close)
            if self._wish.spans is not None:
                ending.callback(self._wish.spans.close)
            ending.callback(self.access.stop)
            ending.callback(self.service.teller.close)  # before the monitor of grants ends, which is told by it
            for watch in self._watches:
                ending.callback(watch.stop)

    def health(self) -> dict[str, Any]:
        """What is served, by what, and whether it is what stands on disk."""
        now = self.standing
        state = self._log.recorder.state() if self._log is not None else None
        watched, failing = self.access.state(), self.service.faults.last
        detectors = [
            {"name": name, "version": version, "digest": digest} for name, version, digest in now.guard.detectors
        ]
        return {
            "status": "stale" if now.stale else "ok",
            "models": list(now.models),
            "guard": now.guard.digest,
            "detectors": detectors,
            "policies": {"digest": now.policies, "current": not now.stale, "fault": now.stale},
            "system_prompts": [{"name": row.name, "digest": row.digest} for row in now.prompts.prompts],
            "keys": now.keys.required,
            "log": None if state is None else state._asdict(),
            "under_way": self.service.under_way,
            "upstream": None if failing is None else failing.shown(),
            "observers": {"dropped": self.service.teller.dropped, "failed": self.service.teller.failed},
            "access": None if watched is None else watched._asdict(),
        }

    def _side_routes(self) -> list[Route]:
        """What reaches no model: metrics, and feedback where there is a log to find answers in."""
        routes = [metrics_route(self.metrics, lambda: self.standing.keys)]
        if self._log is not None:
            recorder, answers = self._log.recorder, LoggedAnswers(self._log.folder)
            desk = FeedbackDesk(answers, recorder, partial(enter, self._folder), kept=recorder.keeps_texts)
            routes.append(feedback_route(desk, lambda: self.standing.keys))
        return routes

    def _watch_numbers(self) -> None:
        """What is read when the page of metrics is."""
        watch, service = self.metrics.watch, self.service
        watch("under_way", "Requests that are being answered.", lambda: service.under_way)
        watch("observations_dropped", "Requests that observers were not told of.", lambda: service.teller.dropped)
        watch("observers_failed", "Times that an observer failed.", lambda: service.teller.failed)
        watch("policies_stale", "1 while what is on disk cannot be served.", lambda: float(bool(self.standing.stale)))
        if self._log is not None:
            state = self._log.recorder.state
            watch("log_rows", "Rows of the audit log.", lambda: state().rows)
            watch("log_unsigned_rows", "Rows behind the newest checkpoint.", lambda: _unsigned(state()))
        for name, what in OF_GRANTS.items():
            watch(f"access_{name}", what, partial(self._of_the_monitor, name))

    def _of_the_monitor(self, name: str) -> float:
        """0 while there is no monitor; ``guard.yaml`` may begin to say something of access at any moment."""
        state = self.access.state()
        return float(getattr(state, name)) if state is not None else 0.0

    def _stand(self, workspace: Workspace, keys: Keys) -> Standing:
        guard = self._wish.build(workspace, self._behind.probed)
        prompts = system_prompts_of(workspace, guard.table)
        self._tell_of(guard, prompts)
        return Standing(
            guard=guard,
            keys=keys,
            models=self._behind.models,
            system=workspace.launch.model.system,
            desk=self.access.desk if self._log is not None else None,
            trust_headers=self._wish.trust_headers,
            policies=workspace.policies.digest,
            adapters=adapter_settings(workspace),
            prompts=prompts,
        )

    def _tell_of(self, guard: Guard, prompts: SystemPrompts) -> None:
        """Say of registered prompts, which nobody judges with a request, what they are read as; each thing once."""
        found = {row.sentence for row in read_by(guard, prompts) if row.ruling.action != "allow"}
        for sentence in sorted(found - self._told):
            logger.warning("%s The operator answers for it.", sentence)
        self._told = frozenset(found)

    def _take_up(self) -> None:
        workspace = self._rereader.workspace()
        fresh = self._stand(workspace, self.standing.keys)
        digest = fresh.guard.digest  # found here, not by the first who asks for it while everybody else waits
        stale = self._not_taken_up(workspace)
        with self._replacing:
            was = self.standing.stale
            # Keys may have changed while the detectors learnt.
            self.standing = fresh._replace(keys=self.standing.keys, stale=stale)
        if stale and stale != was:
            logger.error("%s", stale)
        logger.info("%s, guard %s", _TAKEN_UP, digest)

    def _not_taken_up(self, workspace: Workspace) -> str:
        """What of the files a running service cannot take up; empty for nothing."""
        if log_settings(workspace) == self._logged:
            return ""
        return "guard.yaml has other words on 'log' than when the service began: start it again to have them in force."

    def _keep(self, fault: Exception) -> None:
        """What cannot be read leaves the last good guard in force, and everybody is told that it is not the newest."""
        why = fault.sentence if isinstance(fault, ColonnadeError) else type(fault).__name__
        if why != self.standing.stale:
            logger.error("the policies on disk cannot be served, the last good ones stay in force: %s", why)
        with self._replacing:
            self.standing = self.standing._replace(stale=why)

    def _take_keys(self) -> None:
        stored = read_keys(keys_file(self._folder))
        required = self.standing.keys.required or bool(stored)
        self._put_keys(Keys(stored, required=required))

    def _lock_out(self, fault: Exception) -> None:
        """Keys that cannot be read open nothing."""
        logger.error("the keys cannot be read, and nobody gets in: %s", fault)
        self._put_keys(Keys((), required=True))

    def _put_keys(self, keys: Keys) -> None:
        with self._replacing:
            self.standing = self.standing._replace(keys=keys)


def _unsigned(state: LogState) -> int:
    return state.rows - (state.checkpoint or 0)


def _today() -> date:
    return datetime.now(UTC).date()
