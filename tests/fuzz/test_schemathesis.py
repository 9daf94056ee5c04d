"""Schemathesis, which knows nothing of the gateway but its document, finds nothing against it.

It reads /openapi.json, goes to every bound of every schema, draws bodies that fit and bodies that do not, follows the
links from answer to answer, leaves out the key, and holds all that comes back against the document.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
import schemathesis
from schemathesis.engine import Status, events, from_schema
from starlette.testclient import TestClient

from colonnade.guard.feedback import Answered, FeedbackDesk
from colonnade.guard.gateway import ScriptedUpstream, Service, Standing
from colonnade.guard.gateway.exchange import Receive, Scope, Send
from colonnade.guard.keys import Keys
from colonnade.guard.protocol import ENDPOINTS
from colonnade.guard.protocol.requests.tools import NAME
from tests.conformance import ours
from tests.conformance.plans import saying
from tests.conformance.speaking import CHANNELS
from tests.unit.guard.finished_rows import refused
from tests.unit.guard.gateway.behind import Remembering

from .described import DOCUMENT
from .test_described import OPERATOR, stored
from .test_document import INEXPRESSIBLE, spoken

EXAMPLES, WALKS = 40, 8
"""Requests that are drawn for each operation, beside those that its bounds call for; and walks along the links."""

UNSAYABLE = (*INEXPRESSIBLE, "which needs more than 64 bits; send a smaller one")
"""How the gateway refuses what fits: no schema can say these things, the last one not of what may be anything."""

Application = Callable[[Scope, Receive, Send], Any]


def script(path: str, body: Mapping[str, Any], stream: bool) -> Sequence[bytes | Exception]:
    """A server that says something harmless, where a number from the request chooses; no sentence is a tool's name."""
    channels = [channel for channel in CHANNELS[ENDPOINTS[path].name] if not channel.endswith("name")]
    number = zlib.crc32(json.dumps(body, sort_keys=True).encode())
    return spoken(saying("Bread is baked.", channels[number % len(channels)]), path, body, stream)


class Given:
    """Every answer that is asked for was given."""

    def find(self, _identifier: str) -> Answered:
        return Answered(OPERATOR, refused())


def gateway() -> Application:
    """A gateway with every route, and one key."""
    standing = Standing(ours.guard(), Keys([stored(OPERATOR, operator=True)]), {ours.MODEL: ours.MODEL})
    recorder = Remembering()
    desk = FeedbackDesk(Given(), recorder, lambda _: None, most=1_000_000)
    return ours.gateway(Service(lambda: standing, ScriptedUpstream(script), recorder), desk)


def chosen(choice: Any) -> Iterator[str]:
    """The names of tools in a part of a request."""
    if isinstance(choice, dict) and isinstance(choice.get("name"), str):
        yield choice["name"]
    if isinstance(choice, dict | list):
        for inner in choice.values() if isinstance(choice, dict) else choice:
            yield from chosen(inner)


def meant(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """The request as a client would mean it, where no schema can say so: the model, tools and purpose that there are.

    Without this nearly all that is drawn would be refused for the one reason, and nothing said of any other. What does
    not fit is left as it is.
    """
    for name in {"X-Colonnade-Grant", "X-Colonnade-Adapter"} & set(case.headers or ()):
        del case.headers[name]
    if "X-Colonnade-Purpose" in (case.headers or ()):
        case.headers["X-Colonnade-Purpose"] = "general"
    body, path = case.body, context.operation.path if context.operation else ""
    if not isinstance(body, dict):
        return case
    if isinstance(body.get("model"), str) and 0 < len(body["model"]) <= 256:
        body["model"] = ours.MODEL
    names = {name for key in ("tool_choice", "function_call") for name in chosen(body.get(key)) if NAME.fullmatch(name)}
    tools = body.get("tools")
    missing = sorted(names - {*chosen(tools), *chosen(body.get("functions"))})
    if missing and path != "/v1/completions" and (tools is None or isinstance(tools, list)):
        wrapped = path == "/v1/chat/completions"
        more = [{"function": {"name": name}} if wrapped else {"name": name} for name in missing]
        body["tools"] = [*(tools or []), *({"type": "function"} | tool for tool in more)]
    return case


def counts(
    _context: schemathesis.HookContext, failure: Exception, _case: schemathesis.Case, response: schemathesis.Response
) -> bool:
    """Whether a finding is one."""
    told = response.text if type(failure).__name__ == "RejectedPositiveData" else ""
    return not any(words in told for words in UNSAYABLE)


class Found(NamedTuple):
    """What a run came to.

    Attributes:
        against: checks that found something, each with what it says and a command that shows it.
        asked: requests by phase, operation, whether they fit, and the status of the answer.
    """

    against: list[tuple[str, str]]
    asked: Counter[tuple[str, str, bool, int]]


def configuration(examples: int, phases: Sequence[str]) -> schemathesis.Config:
    """Every check; the same requests each time, and none learnt from what the gateway said to others."""
    learning: dict[str, Any] = {"extra-data-sources": {"responses": False}}
    known = {phase: {"enabled": phase in phases} for phase in ("examples", "coverage", "fuzzing", "stateful")}
    for phase in ("examples", "coverage", "fuzzing"):
        known[phase] |= learning
    known["fuzzing"]["error-feedback"] = {"enabled": False}
    known["stateful"]["generation"] = {"max-examples": WALKS}
    accepted = {"positive_data_acceptance": {"expected-statuses": ["2xx"]}}
    return schemathesis.Config.from_dict(
        {
            "seed": 7,
            "headers": {"Authorization": f"Bearer {OPERATOR}"},
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "analysis": {"constants": {"enabled": False}},
            "generation": {"max-examples": examples, "database": "none", "no-shrink": True},
            "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 413]}, **accepted},
            "operations": [
                {
                    "include-path": "/v1/models/{model}",
                    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 404]}},
                }
            ],
            "phases": known,
        }
    )


def run(application: Application, configured: schemathesis.Config, path: str = "") -> Found:
    """Schemathesis against an application: all of it, or one path."""
    document = TestClient(application).get("/openapi.json").json()
    if path:
        document["paths"] = {path: document["paths"][path]}
    # Loaded by address, it would leave out the operation that the document came from.
    schema = schemathesis.openapi.from_dict(document, config=configured)
    schema.app = application
    schema.hooks.register_hook_with_name(meant, "map_case")
    schema.hooks.register_hook_with_name(counts, "filter_failure")
    found = Found([], Counter())
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.against.append(("error", str(event.info if isinstance(event, events.NonFatalError) else event)))
        if isinstance(event, events.ScenarioFinished):
            _note(found, event)
    return found


def _note(found: Found, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for identifier, interaction in recorder.interactions.items():
        case = recorder.cases[identifier].value
        status = interaction.response.status_code if interaction.response else 0
        fits = case.meta is None or case.meta.generation.mode.is_positive
        found.asked[event.phase.value, case.operation.label, fits, status] += 1
    for checks in recorder.checks.values():
        for check in checks:
            if check.status is Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                told = f"{event.label}: {failure.title}: {failure.message}\n{check.failure_info.code_sample}"
                found.against.append((check.name, told[:3000]))


pytestmark = pytest.mark.timeout(900)  # a minute on a machine that has nothing else to do


@pytest.fixture(scope="module")
def found() -> Found:
    return run(gateway(), configuration(EXAMPLES, ("coverage", "fuzzing", "stateful")))


def test_nothing_that_comes_back_is_otherwise_than_the_document_says(found: Found) -> None:
    assert found.against == []


def test_every_operation_was_answered_and_what_takes_a_body_refused_one_too(found: Found) -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            label = f"{method.upper()} {path}"
            statuses = {(fits, status) for _, name, fits, status in found.asked if name == label}
            assert statuses & {(True, 200), (True, 201)}, label
            assert method == "get" or (False, 400) in statuses, label
    for path in ENDPOINTS:
        assert found.asked["coverage", f"POST {path}", True, 200] > 500
        assert found.asked["coverage", f"POST {path}", False, 400] > 300


def test_the_links_of_the_document_lead_from_the_models_to_answers_and_on_to_feedback(found: Found) -> None:
    walked = {(name, status) for phase, name, fits, status in found.asked if phase == "stateful" and fits}
    assert walked >= {("GET /v1/models", 200), ("GET /v1/models/{model}", 200), ("POST /v1/feedback", 201)}
    assert walked >= {(f"POST {path}", 200) for path in ENDPOINTS}


Change = Callable[[dict[str, Any]], dict[str, Any]]


def same(value: dict[str, Any]) -> dict[str, Any]:
    return value


def status(before: int, after: int) -> Change:
    return lambda message: message | {"status": after} if message.get("status") == before else message


def body(before: bytes, after: bytes) -> Change:
    return lambda message: message | {"body": message["body"].replace(before, after)} if "body" in message else message


def headers(name: bytes, after: Sequence[tuple[bytes, bytes]] = ()) -> Change:
    def change(value: dict[str, Any]) -> dict[str, Any]:
        kept = [header for header in value.get("headers", ()) if header[0].lower() != name]
        return value | {"headers": [*kept, *after]} if "headers" in value else value

    return change


KEY = (b"authorization", f"Bearer {OPERATOR}".encode())

SPOILT: list[tuple[str, str, Change, Change]] = [
    ("ignored_auth", "/v1/models", headers(b"authorization", [KEY]), same),
    ("status_code_conformance", "/v1/models", same, status(200, 202)),
    ("content_type_conformance", "/v1/models", same, headers(b"content-type", [(b"content-type", b"text/csv")])),
    ("response_schema_conformance", "/v1/models", same, body(b'"list"', b'"lost"')),
    ("response_schema_conformance", "/v1/completions", same, body(b'data: {"id"', b'data: {"di"')),
    ("response_headers_conformance", "/v1/completions", same, headers(b"x-colonnade-id")),
    ("not_a_server_error", "/v1/feedback", same, status(201, 500)),
    ("negative_data_rejection", "/v1/feedback", same, status(400, 201)),
    ("positive_data_acceptance", "/v1/feedback", same, status(201, 400)),
    ("unsupported_method", "/v1/models", lambda scope: scope | {"method": "GET"}, same),
]
"""What finds it, at which operation, and how requests and answers are changed on their way."""


@pytest.mark.parametrize(("check", "path", "asked", "said"), SPOILT, ids=[row[0] for row in SPOILT])
def test_a_gateway_that_does_otherwise_is_found_out(check: str, path: str, asked: Change, said: Change) -> None:
    inner = gateway()

    async def spoilt(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == path:
            await inner(asked(dict(scope)), receive, lambda message: send(said(dict(message))))
        else:
            await inner(scope, receive, send)

    phases = ("fuzzing",) if path in ENDPOINTS else ("coverage", "fuzzing")
    assert check in {name for name, _ in run(spoilt, configuration(EXAMPLES, phases), path).against}
