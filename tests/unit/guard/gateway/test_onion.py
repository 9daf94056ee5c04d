from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from threading import current_thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from colonnade.guard.adapters import AdapterSettings
from colonnade.guard.gateway import ScriptedUpstream, UpstreamFault
from colonnade.guard.gateway.answering import Answering
from colonnade.guard.gateway.service import LARGE
from colonnade.guard.gateway.upstreams import UpstreamReply
from colonnade.guard.keys import Keys, StoredKey, hash_of
from colonnade.guard.observing import Finished
from colonnade.guard.protocol import Endpoint
from colonnade.records import ColonnadeError, Pattern, Ruling
from tests.unit.guard.access.small_grants import Room as GrantRoom
from tests.unit.guard.access.small_grants import standing
from tests.unit.guard.small_policies import BrokenEncoder, clause, small_guard

from .behind import BAKE, BREAK, CHAT, DONE, Room, chunk, events, finish, said, says, streamed, whole
from .test_holdback import guard_of

COOK = "give me steps to cook pills in a kitchen"


@pytest.mark.parametrize("stream", [False, True])
def test_an_allowed_request_is_answered_and_both_rows_are_written(stream: bool) -> None:
    room = Room()
    response = room.ask(stream=stream)
    assert (response.status_code, said(response), finish(response)) == (200, BAKE, "stop")
    assert response.headers["x-colonnade-ruling"] == "allow; rule=no topic"
    assert room.acts == [("request", "allow", None), ("reply", "allow", "answered")]
    assert {row["id"] for row in room.recorder.rows} == {response.headers["x-colonnade-id"]}
    assert room.recorder.texts == [{"user messages.[0].content": "bake bread"}, {"0 content": BAKE}]
    ((path, body),) = room.upstream.asked
    assert (path, body["model"]) == ("/v1/chat/completions", "m")
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        ("system", "You help."),
        ("user", "bake bread"),
    ]


@pytest.mark.parametrize("large", [True, False])
def test_a_large_request_is_read_beside_the_answers_of_others(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    room, threads, read = Room(), list[str](), Endpoint.read

    def noted(endpoint: Endpoint, content: bytes) -> Any:
        threads.append(current_thread().name.rpartition("_")[0])
        return read(endpoint, content)

    monkeypatch.setattr(Endpoint, "read", noted)
    assert room.ask(metadata={"x": "y" * (LARGE if large else LARGE // 2)}).status_code == 200
    assert [name == "colonnade-reading" for name in threads] == [large]


@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_request_never_reaches_the_model(stream: bool) -> None:
    room = Room()
    response = room.ask(BREAK, stream=stream)
    assert (response.status_code, said(response), finish(response)) == (200, "Not in detail.", "content_filter")
    assert response.headers["x-colonnade-ruling"] == "deflect; rule=cyber.intrusion"
    assert room.upstream.asked == []
    assert room.acts == [("request", "deflect", "refused")]


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_above_the_ceiling_is_withheld_to_the_last_word(stream: bool) -> None:
    room = Room(says(BREAK))
    response = room.ask(stream=stream)
    assert said(response).endswith("Not in detail.")
    assert BREAK not in said(response)
    assert finish(response) == "content_filter"
    assert room.acts == [("request", "allow", None), ("reply", "deflect", "withheld")]
    assert room.recorder.texts[1] == {"0 content": BREAK}


@pytest.mark.parametrize("stream", [False, True])
def test_every_choice_is_judged_for_itself(stream: bool) -> None:
    room = Room(says(BAKE, BREAK, BAKE))
    response = room.ask(stream=stream, n=3)
    assert [finish(response, choice) for choice in range(3)] == ["stop", "content_filter", "stop"]
    assert [said(response, choice) for choice in (0, 2)] == [BAKE, BAKE]
    assert BREAK not in response.text
    (row,) = [row for row in room.recorder.rows if row["act"] == "reply"]
    assert [output["action"] for output in row["outputs"]] == ["allow", "deflect", "allow"]


def test_a_choice_that_nobody_asked_for_ends_no_other_when_it_is_withheld() -> None:
    forbidden = clause(patterns=(Pattern(name="codename", literal="zyxgorp-7731"),), exceptions=())
    unasked = [chunk({"content": "the zyxgorp-7731 is"}, choice) for choice in (7, 8)]
    room = Room(ScriptedUpstream(lambda path, body, stream: [*unasked, *streamed(BAKE)]), guard_of(forbidden))
    response = room.ask(stream=True)
    assert (said(response), finish(response), "zyxgorp" in response.text) == (BAKE, "stop", False)


def test_a_failing_detector_refuses_names_itself_and_the_model_is_not_asked() -> None:
    encoder = BrokenEncoder()
    room = Room(guard=small_guard(encoder))
    encoder.fault = RuntimeError("gone")
    response = room.ask()
    assert (said(response), room.upstream.asked) == ("No.", [])
    assert response.headers["x-colonnade-ruling"] == "refuse; rule=detector failed"
    assert response.json()["colonnade"]["applied"] == []
    (row,) = room.recorder.rows
    assert [run["outcome"] for run in row["ruling"]["detectors"]] == ["failed"]


@pytest.mark.parametrize("stream", [False, True])
def test_without_the_row_of_the_request_nothing_goes_out(stream: bool) -> None:
    room = Room(says("bread " * 100))
    room.recorder.fault = lambda row: ColonnadeError("the disk is full.") if row["act"] == "request" else None
    response = room.ask(stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "log_unavailable")
    assert "bread" not in response.text


@pytest.mark.parametrize("stream", [False, True])
def test_while_the_log_fails_no_model_is_asked_and_once_it_is_mended_all_is_well(stream: bool) -> None:
    room = Room()
    room.recorder.fault = lambda row: ColonnadeError("the disk is full.")
    for _ in range(3):
        response = room.ask(stream=stream)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "log_unavailable")
    assert len(room.upstream.asked) == 1, "the first was asked before the disk said no; nobody after it"
    room.recorder.fault = lambda row: None
    assert [room.ask(stream=stream).status_code for _ in range(2)] == [200, 200]


def test_a_request_that_only_a_grant_allows_or_that_is_refused_is_on_disk_before_anything_else() -> None:
    room = Room()
    order: list[str] = []
    waiting, asking = room.recorder.begin, room.upstream.send

    async def begin(row: Mapping[str, Any], subject: str, texts: Mapping[str, str]) -> None:
        await asyncio.sleep(0.01)
        order.append(row["act"])
        await waiting(row, subject, texts)

    async def send(*arguments: Any) -> UpstreamReply:
        order.append("asked")
        return await asking(*arguments)

    room.recorder.begin, room.upstream.send = begin, send  # type: ignore[method-assign]  # to see who is first
    room.ask()
    assert order == ["asked", "request", "reply"]
    order.clear()
    plain = room.service.standing().guard.rule

    async def granted(*arguments: Any, **more: Any) -> Ruling:
        return (await plain(*arguments, **more)).model_copy(update={"grant": "exam"})

    room.service.standing().guard.rule = granted  # type: ignore[method-assign]
    room.ask()
    assert order == ["request", "asked", "reply"]


def test_a_reply_that_cannot_be_recorded_does_not_go_out() -> None:
    room = Room()
    room.recorder.fault = lambda row: ColonnadeError("the disk is full.") if row["act"] == "reply" else None
    response = room.ask()
    assert response.status_code == 503
    assert BAKE not in response.text


def test_a_stream_whose_row_cannot_be_written_ends_with_an_error_and_without_its_end() -> None:
    room = Room(says("bread " * 100))
    room.recorder.fault = lambda row: ColonnadeError("the disk is full.") if row["act"] == "reply" else None
    response = room.ask(stream=True)
    assert response.text.endswith(DONE.decode())
    *_, last = events(response.text.replace('data: {"error"', 'data: {"choices":[],"error"'))
    assert last["error"]["code"] == "log_unavailable"
    assert 'finish_reason":"stop' not in response.text


@pytest.mark.parametrize("choices", [1, 3])
def test_a_choice_that_is_withheld_does_not_end_before_its_row_either(choices: int) -> None:
    forbidden = clause(patterns=(Pattern(name="codename", literal="zyxgorp-7731"),), exceptions=())
    room = Room(says("fine until zyxgorp-7731 is said", *["bread " * 20] * (choices - 1)), guard_of(forbidden))
    room.recorder.fault = lambda row: ColonnadeError("the disk is full.") if row["act"] == "reply" else None
    response = room.ask(stream=True, n=choices)
    assert "fine" in response.text
    assert "log_unavailable" in response.text
    assert [said for said in ("content_filter", "Not in detail.") if said in response.text] == []


def test_large_requests_have_room_for_so_many_bytes_and_take_none_from_small_ones() -> None:
    taken: list[int] = []

    async def another() -> None:
        """While the model works at the first one, others ask."""
        if not taken:
            taken.append(room.service.bytes_under_way)
            taken.extend(room.ask(metadata={"x": "y" * size}).status_code for size in (LARGE, 0))

    room = Room(ScriptedUpstream(lambda path, body, stream: [another, *whole(BAKE)]), most_bytes=2 * LARGE)
    assert room.ask(metadata={"x": "y" * LARGE}).status_code == 200
    assert LARGE < taken[0] < 2 * LARGE
    assert taken[1:] == [503, 200]
    assert room.service.bytes_under_way == 0
    assert room.ask(metadata={"x": "y" * LARGE}).status_code == 200


GARBAGE = ([b"data: {not json}\n\n"], [b"<html>busy</html>"], [b"\xff\xfe\x00"], [b""])


@pytest.mark.parametrize("pieces", GARBAGE)
@pytest.mark.parametrize("stream", [False, True])
def test_garbage_from_the_server_is_a_502_in_words_of_ours(pieces: list[bytes], stream: bool) -> None:
    room = Room(ScriptedUpstream(lambda path, body, wanted: pieces))
    response = room.ask(stream=stream)
    assert response.status_code == 502
    assert "html" not in response.text
    assert room.acts[-1] == ("reply", None, response.json()["error"]["code"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "code"), [(504, "upstream_timeout"), (429, "rate_limit_exceeded"), (502, "x")])
def test_a_server_that_does_not_answer_is_told_by_its_status_and_recorded(stream: bool, status: int, code: str) -> None:
    fault = UpstreamFault("the model's server is not well.", status, code, {"Retry-After": "7"})
    room = Room(ScriptedUpstream(lambda path, body, wanted: [fault]))
    response = room.ask(stream=stream)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers["retry-after"] == "7"
    assert room.acts == [("request", "allow", None), ("reply", None, code)]


@pytest.mark.parametrize("fault", [UpstreamFault("gone.", 502, "upstream_truncated"), None])
def test_a_server_that_dies_in_the_middle_ends_the_stream_with_an_error_event(fault: Exception | None) -> None:
    pieces = [*streamed("bread " * 40)[:20], *([fault] if fault else [])]
    room = Room(ScriptedUpstream(lambda path, body, stream: pieces))
    response = room.ask(stream=True)
    assert response.status_code == 200
    assert response.text.endswith(DONE.decode())
    assert '"code":"upstream_truncated"' in response.text
    assert room.acts[-1] == ("reply", None, "upstream_truncated")
    assert room.upstream.closed == 1


def test_a_client_that_hangs_up_ends_the_model_and_the_row_says_so() -> None:
    stuck = asyncio.Event()
    room = Room(ScriptedUpstream(lambda path, body, stream: [*streamed("bread " * 40)[:20], stuck.wait]))

    async def hang_up() -> list[Any]:
        body = json.dumps({"model": "help-desk", "messages": [{"role": "user", "content": "hi"}], "stream": True})
        coming = [{"type": "http.request", "body": body.encode(), "more_body": False}]
        sent: list[Any] = []
        some = asyncio.Event()

        async def receive() -> Any:
            if coming:
                return coming.pop()
            await some.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                some.set()

        scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "query_string": b""}
        await asyncio.wait_for(room.application(scope, receive, send), 10)
        return sent

    sent = asyncio.run(hang_up())
    assert sent[0]["status"] == 200
    assert room.acts == [("request", "allow", None), ("reply", None, "client hung up")]
    assert room.upstream.closed == 1
    assert room.service.under_way == 0
    assert room.recorder.rows[1]["outputs"][0]["sent"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_service_that_waits_no_longer_ends_what_has_not_begun_with_503_and_its_row(stream: bool) -> None:
    asked = asyncio.Event()

    async def stuck() -> None:
        asked.set()
        await asyncio.Event().wait()

    room = Room(ScriptedUpstream(lambda path, body, wanted: [stuck]))

    async def stop() -> list[Any]:
        body = json.dumps({"model": "help-desk", "messages": [{"role": "user", "content": "hi"}], "stream": stream})
        coming = [{"type": "http.request", "body": body.encode(), "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return coming.pop() if coming else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "query_string": b""}
        answering = asyncio.ensure_future(room.application(scope, receive, send))
        await asyncio.wait_for(asked.wait(), 10)
        room.service.end_now()
        room.service.end_now()  # a second time changes nothing
        await asyncio.wait_for(answering, 10)
        return sent

    sent = asyncio.run(stop())
    assert sent[0]["status"] == 503
    assert json.loads(sent[1]["body"])["error"]["code"] == "stopping"
    assert room.acts == [("request", "allow", None), ("reply", None, "stopped")]
    assert (room.upstream.closed, room.service.under_way, room.service.exchanges) == (1, 0, set())


def test_too_many_at_once_are_told_to_come_again() -> None:
    response = Room(most=0).ask()
    assert (response.status_code, response.json()["error"]["code"]) == (503, "overloaded")
    assert response.headers["retry-after"] == "1"


def test_a_service_that_is_stopping_takes_nothing_new() -> None:
    room = Room()
    room.service.closing = True
    assert (room.ask().status_code, room.recorder.rows) == (503, [])


def test_a_client_that_does_not_read_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.guard.gateway.exchange.PATIENCE", 0.05)
    room = Room(says("bread " * 100))

    async def stuck() -> None:
        body = json.dumps({"model": "help-desk", "messages": [{"role": "user", "content": "hi"}], "stream": True})
        coming = [{"type": "http.request", "body": body.encode(), "more_body": False}]

        async def receive() -> Any:
            return coming.pop() if coming else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        scope = {"type": "http", "method": "POST", "path": CHAT, "headers": [], "query_string": b""}
        await asyncio.wait_for(room.application(scope, receive, send), 10)

    asyncio.run(stuck())
    assert room.acts[-1] == ("reply", None, "client hung up")


def test_a_request_above_the_ceiling_is_capped_where_its_clause_says_so_and_the_reply_is_held_to_the_level() -> None:
    room = Room(guard=small_guard(above="cap"))
    response = room.ask(BREAK)
    assert (said(response), response.headers["x-colonnade-ruling"]) == (BAKE, "cap; rule=cyber.intrusion")
    ((_, body),) = room.upstream.asked
    assert "'overview'" in body["messages"][0]["content"]
    told = Room(says(BREAK), guard=small_guard(above="cap"))
    assert said(told.ask(BREAK)) == "Not in detail."
    assert told.acts[-1] == ("reply", "cap", "withheld")


def keyed(**changes: Any) -> StoredKey:
    fields = {
        "id": "lab",
        "hash": hash_of("ck-good"),
        "principal": "key-7",
        "tier": "public",
        "purposes": ("authorised-test",),
        "added": date(2026, 1, 1),
    }
    return StoredKey.model_validate({**fields, **changes})


def with_key(key: str = "ck-good", **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in more.items()}}


def test_a_key_names_who_asks_and_no_row_holds_it() -> None:
    room = Room(keys=Keys([keyed()]))
    assert room.ask(headers=with_key()).status_code == 200
    row = room.recorder.rows[0]
    assert (row["principal"], row["tier"], row["purpose"]) == ("key-7", "public", "authorised-test")
    assert "ck-good" not in json.dumps(room.recorder.rows)
    assert "authorization" not in json.dumps([body for _, body in room.upstream.asked]).lower()


@pytest.mark.parametrize(
    "headers", [{}, with_key("ck-bad"), {"Authorization": "Basic ck-good"}, {"Authorization": "Bearer"}]
)
def test_without_a_known_key_nobody_gets_in(headers: dict[str, str]) -> None:
    room = Room(keys=Keys([keyed()]))
    assert room.ask(headers=headers).status_code == 401
    assert room.client.get("/v1/models", headers=headers).status_code == 401
    assert (room.upstream.asked, room.recorder.rows) == ([], [])


@pytest.mark.parametrize(
    "host", ["rebound.example", "rebound.example:8000", "localhost.example", "10.0.0.7", "[fe80::1]"]
)
def test_without_keys_a_name_that_was_made_to_point_here_is_not_answered_to(host: str) -> None:
    room = Room()
    answer = room.ask(headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_origin")
    assert room.client.get("/v1/models", headers={"Host": host}).status_code == 403
    assert (room.upstream.asked, room.recorder.rows) == ([], [])
    assert Room(keys=Keys([keyed()])).ask(headers={**with_key("ck-good"), "Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "127.8.8.8", "[::1]:8000", "a.localhost"]
)
def test_this_machines_own_names_are_answered_to_without_keys(host: str) -> None:
    assert Room().ask(headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("sent", [0, 1])
def test_a_fault_of_ours_in_the_middle_of_a_stream_is_its_last_event_and_its_row_says_so(
    sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(says("bread " * 100))
    plain, times = Answering._send, [0]

    async def breaks(self: Answering, given: Any) -> None:
        times[0] += 1
        if times[0] > sent:
            raise RuntimeError("a bug, with bread in its words")
        await plain(self, given)

    monkeypatch.setattr(Answering, "_send", breaks)
    room.client = TestClient(room.application, raise_server_exceptions=False, base_url="http://localhost")
    answer = room.ask(stream=True)
    assert [(act, how) for act, _, how in room.acts] == [("request", None), ("reply", "internal_error")]
    assert '"code":"internal_error"' in answer.text
    assert "a bug" not in answer.text
    assert answer.status_code == (200 if sent else 500)
    assert room.service.under_way == 0


def test_a_page_in_a_browser_cannot_ask_in_a_way_that_browsers_do_not_ask_about() -> None:
    room, page = Room(), {"Origin": "https://elsewhere.example", "Content-Type": "text/plain"}
    answer = room.ask(headers=page)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_origin")
    assert (room.upstream.asked, room.recorder.rows) == ([], [])
    assert room.client.options(CHAT, headers=page).status_code == 405
    assert room.ask(headers={"Content-Type": "text/plain"}).status_code == 200


@pytest.mark.parametrize("changes", [{"until": "2026-01-02"}, {"revoked": "2026-01-02"}])
def test_a_key_that_has_ended_opens_nothing(changes: dict[str, str]) -> None:
    assert Room(keys=Keys([keyed(**changes)])).ask(headers=with_key()).status_code == 401


def test_where_the_file_of_keys_is_lost_nobody_gets_in() -> None:
    assert Room(keys=Keys((), required=True)).ask().status_code == 401


def test_a_key_is_for_its_purposes_only() -> None:
    room = Room(keys=Keys([keyed()]))
    assert room.ask(headers=with_key(X_Colonnade_Purpose="general")).status_code == 403
    assert room.ask(headers=with_key(X_Colonnade_Purpose="fun")).status_code == 400
    assert room.ask(headers=with_key(X_Colonnade_Tier="tester")).status_code == 200
    assert room.recorder.rows[0]["tier"] == "public"


def test_a_grant_opens_what_is_closed_and_every_use_is_written_first() -> None:
    grants = GrantRoom(standing(highest="recipe"))
    room = Room(keys=Keys([keyed()]), desk=grants.desk)
    response = room.ask(BREAK, headers=with_key(X_Colonnade_Grant="pentest"))
    assert (said(response), response.headers["x-colonnade-ruling"]) == (BAKE, "allow; rule=grant/pentest")
    assert room.recorder.rows[0]["ruling"]["grant"] == "pentest"
    assert len(grants.log.uses) == 1
    assert said(room.ask(BREAK, headers=with_key(X_Colonnade_Grant="other"))) == "Not in detail."
    assert said(room.ask(COOK, headers=with_key())) == "No."


def test_nobody_without_a_key_has_a_grant() -> None:
    room = Room(desk=GrantRoom(standing(highest="recipe")).desk)
    assert room.ask(headers={"X-Colonnade-Grant": "pentest"}).status_code == 403


def test_a_tier_gets_the_adapter_that_a_rule_gives_it_and_no_request_names_another() -> None:
    room = Room(keys=Keys([keyed()]))
    adapters = AdapterSettings.model_validate(
        {"named": {"remote": {"server": "org/lora"}}, "rules": [{"adapter": "remote", "purpose": "authorised-test"}]}
    )
    room.standing = room.standing._replace(adapters=adapters)
    assert room.ask(headers=with_key()).status_code == 200
    assert room.upstream.asked[-1][1]["model"] == "org/lora"
    assert (room.recorder.rows[0]["adapter"], room.recorder.rows[0]["adapter_rule"]) == ("remote", "adapters/rule-1")
    assert room.ask(headers=with_key(X_Colonnade_Adapter="secret")).status_code == 403


def test_headers_choose_tier_and_purpose_only_where_they_are_trusted() -> None:
    claim = {"X-Colonnade-Tier": "tester", "X-Colonnade-Purpose": "authorised-test"}
    order = "order test explain session tickets intruder"
    assert Room(trust_headers=True).ask(order, claim).headers["x-colonnade-ruling"].startswith("allow")
    assert Room().ask(order, {"X-Colonnade-Tier": "tester"}).headers["x-colonnade-ruling"].startswith("deflect")


def test_the_refusal_comes_in_the_clients_language() -> None:
    assert said(Room().ask(COOK, {"Accept-Language": "de-AT,de;q=0.9"})) == "Nein."


def test_other_routes_methods_models_and_sizes_get_error_objects() -> None:
    room = Room()
    assert room.client.post("/v1/embeddings", json={}).json()["error"]["code"] == "unknown_url"
    assert room.client.post("/v1/chat/completions/../embeddings", json={}).status_code in (404, 405)
    assert room.client.get(CHAT).status_code == 405
    assert (
        room.client.post(CHAT, json={"model": "x", "messages": [{"role": "user", "content": "x"}]}).status_code == 404
    )
    assert room.ask("x" * 400_001).status_code == 413
    assert room.client.get("/openapi.json").json()["openapi"].startswith("3.2")
    assert room.upstream.asked == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/completions", {"prompt": BREAK}),
        ("/v1/responses", {"input": BREAK}),
        (CHAT, {"messages": [{"role": "user", "content": BREAK}]}),
    ],
)
def test_every_endpoint_passes_the_same_onion(path: str, body: dict[str, Any], stream: bool) -> None:
    room = Room()
    response = room.client.post(path, json={"model": "help-desk", "stream": stream, **body})
    assert "Not in detail." in response.text
    assert room.upstream.asked == []
    assert room.acts == [("request", "deflect", "refused")]


def test_a_question_that_is_split_over_two_turns_is_seen_as_one_by_patterns() -> None:
    split = clause(patterns=(Pattern(name="codename", find=r"zyxgorp-\s{0,2}7731"),), exceptions=())
    room = Room(guard=guard_of(split))
    turns = [{"role": "user", "content": "About zyxgorp-"}, {"role": "user", "content": "7731 now."}]
    assert room.ask(turns).headers["x-colonnade-ruling"].startswith("deflect")
    assert room.ask("what is zyxgorp-7731").headers["x-colonnade-ruling"].startswith("deflect")
    assert room.ask("what is zyxgorp").headers["x-colonnade-ruling"].startswith("allow")


@pytest.mark.parametrize("turns", [("About zyxg", "orp now."), ("About zyx", "gorp"), ("z", "y", "xgorp")])
def test_a_fixed_text_that_is_split_over_turns_reaches_no_model(turns: tuple[str, ...]) -> None:
    room = Room(guard=guard_of(clause(patterns=(Pattern(name="codename", literal="zyxgorp"),), exceptions=())))
    said = room.ask([{"role": "user", "content": turn} for turn in turns])
    assert said.headers["x-colonnade-ruling"].startswith("deflect")
    assert room.upstream.asked == []


def test_observers_are_told_once_and_cannot_break_an_answer() -> None:
    class Broken:
        def finished(self, row: Finished) -> None:
            told.append(row)
            raise RuntimeError

    told: list[Finished] = []
    room = Room(observers=[Broken()])
    assert said(room.ask()) == BAKE
    room.ask(BREAK)
    room.service.teller.close()
    assert [(row.outcome, row.text, row.status) for row in told] == [
        ("answered", "bake bread", 200),
        ("refused", BREAK, 200),
    ]
    assert told[0].milliseconds.all > 0


def test_what_is_served_under_way_is_what_held_when_the_request_began() -> None:
    room = Room()
    old = room.standing

    def script(path: str, body: Any, stream: bool) -> list[bytes]:
        room.standing = old._replace(guard=small_guard(above="refuse"), stale="the file is broken.")
        return whole(BREAK)

    room.upstream._script = script  # type: ignore[assignment]
    assert said(room.ask()) == "Not in detail."
    assert said(room.ask(BREAK)) == "No."
    assert [row.get("stale", "") for row in room.recorder.rows] == ["", "", "the file is broken."]


def test_an_empty_reply_is_still_a_reply() -> None:
    assert said(Room(ScriptedUpstream(lambda *_: [chunk({}, 0, "stop"), DONE])).ask(stream=True)) == ""
    assert said(Room(says("")).ask()) == ""
