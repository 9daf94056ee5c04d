"""Our own gateway as the guard under test: in a process of its own, in front of the suite's server, with its log.

Started as ``python -m tests.conformance.ours``; it withholds what ``words.py`` names, by the patterns of a clause.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from math import inf
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette

from colonnade.guard import Guard, GuardConfiguration, compile_table
from colonnade.guard.detection import Detection
from colonnade.guard.detection.patterns import PatternDetector, pattern_detectors
from colonnade.guard.feedback import FeedbackDesk, LoggedAnswers
from colonnade.guard.gateway import HttpUpstream, Limits, Service, Standing, application
from colonnade.guard.gateway.side_routes import feedback_route, metrics_route
from colonnade.guard.keys import Keys
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.recording import LogRecorder
from colonnade.guard.serving import serve
from colonnade.guard.telemetry.metrics import Known, Metrics
from colonnade.records import Clause, Feedback
from colonnade.store.log import GroupWriter, TransparencyLog, create_log, verifier_key

from .words import FOREIGN, NUMBER_PATTERN, WORD_PATTERN

TODAY = date(2026, 11, 23)
ORIGIN = "example.org/conformance"
MODEL = "mock"
STALL = 1.5
"""Seconds for which a silent server is waited for; a test should not take longer."""


class FailingDetector(PatternDetector):
    """The patterns, and a fault whenever they are asked."""

    def detect(self, text: str, until: float = inf) -> tuple[Detection, ...]:
        """Fail."""
        raise RuntimeError("the detector is broken on purpose")


def forbidding_clause() -> Clause:
    """A clause that withholds the word and the number."""
    return Clause.model_validate(
        {
            "id": "desk.words",
            "title": "Words that nobody may hear",
            "text": "The model must not say them.",
            "pillar": "safety",
            "boundary": "prohibited",
            "severity": "high",
            "ceiling": "mention",
            "above": "refuse",
            "grantable": False,
            "patterns": [
                {"name": "word", "find": WORD_PATTERN},
                {"name": "number", "find": NUMBER_PATTERN},
                {"name": "foreign", "literal": FOREIGN},
            ],
            "admin": {"policy": "desk", "status": "active", "version": "1.0.0", "owners": ("desk",)},
        }
    )


def configuration() -> GuardConfiguration:
    """Two tiers and two purposes, so that a client has something to claim."""
    said = {"en": "That is not for this desk."}
    replies = dict.fromkeys(("refuse", "deflect", "safe_complete", "escalate"), said)
    names = {"tiers": ["public", "tester"], "purposes": ["general", "authorised-test"]}
    return GuardConfiguration.model_validate({**names, "replies": replies})


def guard(*, failing: bool = False) -> Guard:
    """The guard; with ``failing`` its detectors fail."""
    clauses = (forbidding_clause(),)
    table = compile_table(clauses, configuration(), "eu", TODAY)
    detectors = pattern_detectors(clauses)
    if failing:
        detectors = (FailingDetector(clauses, "request"), FailingDetector(clauses, "reply"))
    return Guard(table, detectors, today=lambda: TODAY, clauses=clauses)


OK = {"status": "ok"}

NOBODY = Known(frozenset(), frozenset(), frozenset(), frozenset())


def gateway(service: Service, desk: FeedbackDesk) -> Starlette:
    """The gateway with every route that it can have."""

    def keys() -> Keys:
        return service.standing().keys

    more = [metrics_route(Metrics(lambda: NOBODY), keys), feedback_route(desk, keys)]
    return application(service, ENDPOINTS, lambda: {"models": list(service.standing().models)} | OK, more=more)


def public_key_file(log: Path) -> Path:
    """Where the public key of a log is written."""
    return log.with_suffix(".key")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream-port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True, help="the folder of a log that does not exist yet")
    parser.add_argument("--failing", action="store_true", help="with detectors that fail")
    options = parser.parse_args(arguments)
    create_log(options.log, ORIGIN)
    key = Ed25519PrivateKey.generate()
    public_key_file(options.log).write_text(str(verifier_key(ORIGIN, key)), encoding="utf-8")
    upstream = HttpUpstream(f"http://127.0.0.1:{options.upstream_port}/v1", limits=Limits(first=STALL, stall=STALL))
    standing = Standing(guard(failing=options.failing), Keys(), {MODEL: MODEL})
    with GroupWriter(TransparencyLog(options.log), key) as writer:
        recorder = LogRecorder(writer)
        service = Service(lambda: standing, upstream, recorder)
        serve(gateway(service, FeedbackDesk(LoggedAnswers(options.log), recorder, _queue)), "127.0.0.1", options.port)
    return 0


def _queue(_entry: Feedback) -> None:
    """Nobody reads it."""


if __name__ == "__main__":
    sys.exit(main())
