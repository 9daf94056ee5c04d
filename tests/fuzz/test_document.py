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
from colonnade.guard.gateway.scripted import Script
from colonnade.guard.keys import Keys
from colonnade.guard.protocol import ENDPOINTS
from tests.conformance import ours
from tests.conformance.plans import Plan, saying
from tests.conformance.speaking import CHANNELS, Asked, events, whole
from tests.conformance.wire import DONE, line
from tests.conformance.words import planted
from tests.unit.guard.gateway.behind import Remembering

from .described import COMPONENTS, complaint, data_of, fits
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
    number = zlib.crc32(json.dumps(body, sort_keys=True).encode())
    channels = CHANNELS[ENDPOINTS[path].name]
    how = number // 64 % 8
    plan: Plan = saying(planted().text if how == 1 else "Bread is baked.", channels[number % len(channels)])
    said = spoken(plan, path, body, stream)
    if how == 2:
        said[number // 4096 % len(said) :] = [FAULTS[number // 512 % len(FAULTS)]]
    return said


def spoken(plan: Plan, path: str, body: Mapping[str, Any], stream: bool) -> list[bytes | Exception]:
    """A plan as this request wants it."""
    endpoint, prompts = ENDPOINTS[path].name, body.get("prompt")
    count = (len(prompts) if isinstance(prompts, list) else 1) * (body.get("n") or 1)
    asked = Asked(endpoint, ours.MODEL, count, bool((body.get("stream_options") or {}).get("include_usage")))
    if not stream:
        return [json.dumps(whole(plan, asked)).encode()]
    return [line(event) for event in events(plan, asked)] + ([] if endpoint == "responses" else [DONE])


class Nowhere:
    """No answer that anybody could say something of."""

    def find(self, _identifier: str) -> None:
        return None


def gateway(script: Script) -> TestClient:
    """A client of a gateway in this process, in front of a server that says what the script says."""
    standing = Standing(ours.guard(), Keys(), {ours.MODEL: ours.MODEL}, "You help.")
    recorder = Remembering()
    service = Service(lambda: standing, ScriptedUpstream(script), recorder)
    desk = FeedbackDesk(Nowhere(), recorder, lambda _: None, most=10_000)
    return TestClient(ours.gateway(service, desk), raise_server_exceptions=False, base_url="http://localhost")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with gateway(script) as opened:
        yield opened


PATHS = {**{path: f"{endpoint.name.capitalize()}Request" for path, endpoint in ENDPOINTS.items()}}
PATHS["/v1/feedback"] = "Feedback"


def bodies(name: str) -> st.SearchStrategy[Any]:
    """Bodies that fit, for a model that there is and with a few choices, half of them for streams."""

    def named(body: dict[str, Any], stream: bool) -> dict[str, Any]:
        if "model" in body:
            body["model"] = ours.MODEL
            body["stream"] = stream
        if body.get("n"):
            body["n"] = body["n"] % 3 + 1
        if body.get("stream_options"):
            body["stream"] = True
        return body

    return st.builds(named, fitting(COMPONENTS["schemas"][name]), st.booleans())


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
    assert statuses >= ({404} if name == "Feedback" else {200})


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


SMALL: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "prompt": "hi", "input": "hi"}


def streamed(path: str, plan: Plan, fault: bool) -> list[dict[str, Any]]:
    """The events of a stream, each of them as described."""

    def script(_path: str, body: Mapping[str, Any], stream: bool) -> list[bytes | Exception]:
        said = spoken(plan, path, body, stream)
        return [*said[: len(said) // 2], FAULTS[2]] if fault else said

    words = {"chat": "messages", "completions": "prompt", "responses": "input"}[ENDPOINTS[path].name]
    more = {} if words == "input" else {"stream_options": {"include_usage": True}}
    body = {"model": ours.MODEL, words: SMALL[words], "stream": True, **more}
    answer = gateway(script).post(path, json=body)
    assert complaint(path, "POST", answer.status_code, answer.headers["content-type"], answer.text) == ""
    begun = answer.status_code == 200  # a sentence where the name of a tool should be is no stream
    return [json.loads(data) for data in data_of(answer.text) if data != "[DONE]"] if begun else []


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_event_that_the_document_has_comes_and_no_other(path: str) -> None:
    text = "Bread is baked by the baker, early in the morning, and sold by noon. " * 4
    seen: list[dict[str, Any]] = []
    for channel in CHANNELS[ENDPOINTS[path].name]:
        for said, fault in ((text, False), (planted().text, False), (text, True)):
            seen += streamed(path, saying(said, channel), fault)
    if path == "/v1/responses":
        kinds = {one["properties"]["type"]["enum"][0] for one in COMPONENTS["schemas"]["ResponsesEvent"]["anyOf"]}
        assert {event["type"] for event in seen} == kinds
        return
    assert [event for event in seen if "error" in event]
    assert [event for event in seen if "usage" in event]
    finishes = {choice["finish_reason"] for event in seen for choice in event.get("choices", [])}
    assert finishes >= {None, "stop", "content_filter"}
