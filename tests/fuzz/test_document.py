"""The document and the gateway, in one process: what fits is answered as described, what does not is refused so."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from colonnade.guard.feedback import FeedbackDesk
from colonnade.guard.gateway import ScriptedUpstream, Service, Standing, UpstreamFault
from colonnade.guard.keys import Keys
from colonnade.guard.protocol import ENDPOINTS
from tests.conformance import ours
from tests.conformance.plans import Plan, saying
from tests.conformance.speaking import CHANNELS, Asked, events, whole
from tests.conformance.wire import DONE, line
from tests.conformance.words import planted
from tests.unit.guard.gateway.behind import Remembering

from .described import COMPONENTS, complaint, fits
from .fitting import fitting, spoiled

EXAMPLES = 80
"""Bodies of each kind at each endpoint."""

INEXPRESSIBLE = ("must name a tool of this request", "as its type says", "completions are too many")
"""Ends of messages about bodies that fit: no schema can say these things."""

FAULTS = (
    UpstreamFault("the model's server is busy.", 429, "rate_limit_exceeded", {"Retry-After": "1"}),
    UpstreamFault("the model's server does not take this.", 400, "upstream_refused"),
    UpstreamFault("the model's server did not answer in time.", 504, "upstream_timeout"),
    b"<html>",
)


def script(path: str, body: Mapping[str, Any], stream: bool) -> Sequence[bytes | Exception]:
    """An answer in one of the channels, with a fault or something to withhold, by a number from the request."""
    endpoint = ENDPOINTS[path].name
    number = zlib.crc32(json.dumps(body, sort_keys=True).encode())
    channels = CHANNELS[endpoint]
    channel, how = channels[number % len(channels)], number // 64 % 8
    plan: Plan = saying(planted().text if how == 1 else "Bread is baked.", channel)
    prompts = body.get("prompt")
    count = (len(prompts) if isinstance(prompts, list) else 1) * (body.get("n") or 1)
    asked = Asked(endpoint, "mock", count, bool((body.get("stream_options") or {}).get("include_usage")))
    said: list[bytes | Exception] = [json.dumps(whole(plan, asked)).encode()]
    if stream:
        said = [line(event) for event in events(plan, asked)] + ([] if endpoint == "responses" else [DONE])
    if how == 2:
        fault = FAULTS[number // 512 % len(FAULTS)]
        said[number // 4096 % len(said) :] = [fault]
    return said


class Nowhere:
    """No answer that anybody could say something of."""

    def find(self, _identifier: str) -> None:
        return None


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    standing = Standing(ours.guard(), Keys(), {ours.MODEL: ours.MODEL}, "You help.")
    recorder = Remembering()
    service = Service(lambda: standing, ScriptedUpstream(script), recorder)
    desk = FeedbackDesk(Nowhere(), recorder, lambda _: None, most=10_000)
    with TestClient(ours.gateway(service, desk), raise_server_exceptions=False) as opened:
        yield opened


PATHS = {**{path: f"{endpoint.name.capitalize()}Request" for path, endpoint in ENDPOINTS.items()}}
PATHS["/v1/feedback"] = "Feedback"


def bodies(name: str) -> st.SearchStrategy[Any]:
    """Bodies that fit, for a model that there is and with a few choices."""

    def named(body: dict[str, Any]) -> dict[str, Any]:
        if "model" in body:
            body["model"] = ours.MODEL
        if body.get("n"):
            body["n"] = body["n"] % 3 + 1
        if body.get("stream_options"):
            body["stream"] = True
        return body

    return fitting(COMPONENTS["schemas"][name]).map(named)


def hold(cases: Callable[[Any], None], drawn: st.SearchStrategy[Any]) -> None:
    """The same examples each time, and no more of them; a failing one is shown as it was found."""
    phases = (Phase.explicit, Phase.generate)
    checks = list(HealthCheck)
    bounds = settings(max_examples=EXAMPLES, deadline=None, database=None, phases=phases, suppress_health_check=checks)
    seed(7)(bounds(given(drawn)(cases)))()


def ask(client: TestClient, path: str, body: Any) -> tuple[int, str]:
    """Status and, of an error, its message; the answer is held against the document."""
    answer = client.post(path, json=body)
    assert complaint(path, "POST", answer.status_code, answer.headers["content-type"], answer.text) == ""
    assert answer.status_code != 500, answer.text
    return answer.status_code, answer.json()["error"]["message"] if answer.status_code >= 400 else ""


@pytest.mark.parametrize(("path", "name"), PATHS.items())
def test_a_body_that_fits_the_document_is_answered_as_it_says(client: TestClient, path: str, name: str) -> None:
    statuses: set[int] = set()

    def holds(body: Any) -> None:
        assert fits(name, body), body
        status, message = ask(client, path, body)
        statuses.add(status)
        refused = status == 400 and not message.startswith("the model's server")
        assert not refused or any(said in message for said in INEXPRESSIBLE), (message, body)

    hold(holds, bodies(name))
    assert statuses >= ({404} if name == "Feedback" else {200, 502})


@pytest.mark.parametrize(("path", "name"), PATHS.items())
def test_a_body_that_does_not_fit_is_refused_as_the_document_says(client: TestClient, path: str, name: str) -> None:
    refused = 0

    def holds(body: Any) -> None:
        nonlocal refused
        fitted = fits(name, body)
        status, message = ask(client, path, body)
        assert fitted or status in (400, 413), (status, body)
        assert fitted or message.endswith("."), message
        refused += not fitted

    hold(holds, spoiled(bodies(name)))
    assert refused > EXAMPLES / 4
