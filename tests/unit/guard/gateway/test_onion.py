from __future__ import annotations

import pytest

from .behind import BAKE, BREAK, Room, finish, said, says


@pytest.mark.parametrize("stream", [False, True])
def test_an_allowed_request_is_answered_and_both_rows_are_written(stream: bool) -> None:
    room = Room()
    response = room.ask(stream=stream)
    assert (response.status_code, said(response), finish(response)) == (200, BAKE, "stop")
    assert response.headers["x-colonnade-ruling"] == "allow; rule=no topic"
    assert room.acts == [("request", "allow", None), ("reply", "allow", "answered")]
    assert {row["id"] for row in room.recorder.rows} == {response.headers["x-colonnade-id"]}
    ((path, body),) = room.upstream.asked
    assert (path, body["model"]) == ("/v1/chat/completions", "m")
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        ("system", "You help."),
        ("user", "bake bread"),
    ]


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
    assert finish(response) == "content_filter"
    assert BREAK[-1] not in said(response).removesuffix("Not in detail.")[len(BREAK) - 1 :]
    assert room.acts == [("request", "allow", None), ("reply", "deflect", "withheld")]
