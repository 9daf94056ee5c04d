"""A server's answers and the ways in which it fails to give one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from colonnade.models import Conversation, Reply, Sampling, adapter, conversation
from colonnade.models.http import HttpModel, completion, retry_after
from colonnade.models.pacing import Limits
from tests.unit.models.toy_server import Response, ToyServer, refused, said

QUICK = Limits(patience=1.0)


def asked(*texts: str) -> list[Conversation]:
    return [conversation("Be kind.", text) for text in texts]


def replies(server: ToyServer, *texts: str, limits: Limits = QUICK, timeout: float = 5.0) -> list[Reply]:
    return HttpModel(server.url, "toy", timeout=timeout, limits=limits).reply(asked(*texts), Sampling(seed=7))


def test_every_conversation_has_its_reply_in_order_and_the_request_says_how() -> None:
    seen: list[tuple[int, int]] = []
    with ToyServer(lambda text, _: said(f" re: {text}\n", finish_of(text))) as server:
        model = adapter("http")(server.url, "toy")
        found = model.reply(
            asked("one", "two", "long"), Sampling(9, 0.5, 3), lambda done, total: seen.append((done, total))
        )
    assert found == [Reply("re: one", "end"), Reply("re: two", "end"), Reply("re: long", "length")]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    request = server.requests[0]
    assert [request[name] for name in ("model", "max_tokens", "temperature", "seed")] == ["toy", 9, 0.5, 3]
    assert request["messages"][0] == {"role": "system", "content": "Be kind."}


def finish_of(text: str) -> str:
    return "length" if text == "long" else "stop"


def test_one_fault_never_touches_its_neighbours() -> None:
    bad = {
        "half": Response(b'{"choices": [{"mess'),
        "none": Response(b'{"choices": []}'),
        "empty": Response(b'{"choices": [{}]}'),
        "null": said(None),
        "list": said(["x"]),  # type: ignore[arg-type]
        "array": Response(b"[1, 2]"),
        "deep": Response(b"[" * 200_000),
        "html": Response(b"<html>Bad gateway</html>"),
        "filtered": said("", finish="content_filter"),
        "surrogate": Response(said("x").body.replace(b'"x"', b'"\\ud800"')),
        "too long": refused(400, code="context_length_exceeded"),
    }
    texts = [word for name in bad for word in (f"fine {name}", name)]
    with ToyServer(lambda text, _: bad[text] if text in bad else said(text)) as server:
        found = dict(zip(texts, replies(server, *texts, limits=Limits(hopeless=99)), strict=True))
    assert [found[f"fine {name}"].text for name in bad] == [f"fine {name}" for name in bad]
    faults = {name: found[name].fault for name in bad}
    assert faults == {
        "half": "the server sent half a JSON, or none",
        "none": "the server sent no choice",
        "empty": "the server sent no choice",
        "null": "the server sent a choice without a text",
        "list": "the server sent a choice without a text",
        "array": "the server sent no choice",
        "deep": "the server sent half a JSON, or none",
        "html": "the server sent half a JSON, or none",
        "filtered": "the server filtered the answer",
        "surrogate": "the answer is no valid Unicode",
        "too long": "HTTP 400 (context_length_exceeded)",
    }


def test_an_answer_that_is_cut_on_its_way_is_a_fault() -> None:
    with ToyServer(lambda *_: Response(said("x").body[:40], promised=4000)) as server:
        (found,) = replies(server, "one", limits=Limits(patience=0.1))
    assert found.fault == "the connection to the server failed, given up for want of patience (0.1 s)"


@pytest.mark.parametrize("length", [0, 1_000_000])
def test_an_answer_of_any_length_is_an_answer(length: int) -> None:
    with ToyServer(lambda *_: said("x" * length)) as server:
        assert replies(server, "Go on.") == [Reply("x" * length, "end")]


def test_a_model_that_declines_in_the_field_made_for_it_has_answered() -> None:
    with ToyServer(lambda *_: said(None, refusal="I can't help with that.")) as server:
        assert replies(server, "Go on.") == [Reply("I can't help with that.", "end")]


def test_a_server_that_recovers_has_lost_nothing() -> None:
    with ToyServer(lambda text, earlier: refused(429) if earlier < 2 else said(text)) as server:
        found = replies(server, "one", "two", limits=Limits(patience=30.0))
    assert [reply.text for reply in found] == ["one", "two"]
    assert server.asked("one") == 3


@pytest.mark.parametrize("slow", [{"delay": 2.0}, {"trickle": 0.05}])
def test_a_server_that_is_too_slow_even_by_a_byte_now_and_then_is_a_fault(slow: dict[str, float]) -> None:
    with ToyServer(lambda text, _: said(text)._replace(**slow)) as server:  # type: ignore[arg-type]
        (found,) = replies(server, "one", timeout=0.3, limits=Limits(patience=0.1))
    assert found.fault == "the server did not answer within 0.3 s, given up for want of patience (0.1 s)"


def test_a_server_that_is_not_there_is_a_fault() -> None:
    with ToyServer(lambda text, _: said(text)) as server:
        pass
    (found,) = replies(server, "one", limits=Limits(patience=0.1))
    assert found.fault.startswith("the connection to the server failed")


def test_the_words_of_an_error_are_not_repeated_for_they_may_quote_the_prompt() -> None:
    with ToyServer(lambda *_: refused(422, code="a sentence with blanks")) as server:
        assert [reply.fault for reply in replies(server, "one")] == ["HTTP 422"]


def test_no_conversation_gives_no_reply() -> None:
    assert HttpModel("http://127.0.0.1:9/v1", "toy").reply([], Sampling()) == []


def test_no_more_requests_are_under_way_than_allowed() -> None:
    with ToyServer(lambda text, _: said(text)._replace(delay=0.02)) as server:
        replies(server, *(str(number) for number in range(12)), limits=Limits(concurrent=3))
    assert server.most_at_a_time == 3


def test_tokens_are_counted_only_where_the_server_counts_them() -> None:
    assert completion(said("x", usage=(12, 3)).body)[1:3] == (12, 3)
    assert completion(said("x").body)[1:3] == (None, None)
    odd = json.loads(said("x", usage=(12, 3)).body)
    odd["usage"] = {"prompt_tokens": True, "completion_tokens": -1}
    assert completion(json.dumps(odd).encode())[1:3] == (None, None)


def test_the_time_to_be_left_alone_is_read_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "retry-after": "7"}) == 1.5
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": later}) == pytest.approx(90, abs=3)
    assert retry_after({"retry-after": format_datetime(datetime.now(UTC) - timedelta(days=1))}) == 0
    for nothing in ({}, {"retry-after": "soon"}, {"retry-after": "nan"}, {"retry-after": "inf"}):
        assert retry_after(nothing) is None


def test_the_speaker_names_the_server_and_the_model_and_not_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    first = HttpModel("http://127.0.0.1:9/v1", "toy").speaker
    monkeypatch.setenv("COLONNADE_MODEL_KEY", "other")
    assert HttpModel("http://127.0.0.1:9/v1", "toy").speaker == first
    assert HttpModel("http://127.0.0.1:9/v1", "toy2").speaker != first
