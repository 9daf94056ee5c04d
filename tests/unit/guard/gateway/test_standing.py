"""A request that begins with a registered system prompt: the operator speaks, and the client is judged."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from colonnade.guard.gateway import ScriptedUpstream
from colonnade.guard.keys import Keys, StoredKey, hash_of
from colonnade.guard.system_prompts import PromptEntry, SystemPrompt, SystemPrompts
from tests.unit.guard.small_policies import small_guard

from .behind import BAKE, BREAK, CHAT, Room, said

OURS = f"You guard the exam server.\nNever {BREAK}."
"""What nobody else may say: the detectors would hold it."""

REPLY = {
    "object": "response",
    "status": "completed",
    "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": BAKE}]}],
}

PROMPTS = SystemPrompts([SystemPrompt(PromptEntry(name="exams", file="exams.txt"), OURS)])
TURN = {"role": "user", "content": "bake bread"}


def responding() -> ScriptedUpstream:
    return ScriptedUpstream(lambda *_: [json.dumps(REPLY).encode()])


def begun(text: str = OURS, role: str = "system", *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": role, "content": text}, *(more or (TURN,))]


def told(room: Room) -> list[tuple[str, str]]:
    ((_, body),) = room.upstream.asked
    return [(turn["role"], turn["content"]) for turn in body["messages"]]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_registered_prompt_is_the_operators_word_and_is_not_judged(role: str, stream: bool) -> None:
    room = Room(prompts=PROMPTS)
    response = room.ask(begun(f"{OURS}\r\n", role), stream=stream)
    assert said(response) == BAKE
    assert response.headers["x-colonnade-system"] == "registered; prompt=exams"
    assert told(room) == [("system", f"You help.\n\n{OURS}"), ("user", "bake bread")]
    named = {"name": "exams", "digest": PROMPTS.prompts[0].digest}
    assert [row["system_prompt"] for row in room.recorder.rows] == [named, named]
    assert room.recorder.texts[0] == {"user messages.[1].content": "bake bread"}


def test_the_same_words_from_whoever_has_not_registered_them_are_judged_as_before() -> None:
    room = Room()
    response = room.ask(begun())
    assert response.headers["x-colonnade-ruling"].startswith("deflect")
    assert response.headers["x-colonnade-system"] == "unregistered"
    assert room.upstream.asked == []
    assert "system_prompt" not in room.recorder.rows[0]


@pytest.mark.parametrize(
    "messages",
    [
        begun(f"{OURS} And more."),
        [TURN, *begun()],
        begun(OURS, "user"),
        begun(OURS, "system", {"role": "user", "content": OURS}),
        begun(OURS, "system", {"role": "system", "content": OURS}, TURN),
        [{"role": "system", "content": OURS, "name": "house"}, TURN],
        [{"role": "system", "content": OURS}],
    ],
)
def test_beside_it_after_it_and_in_other_roles_every_word_is_judged(messages: list[dict[str, Any]]) -> None:
    room = Room(prompts=PROMPTS)
    assert room.ask(messages).headers["x-colonnade-ruling"].startswith("deflect")
    assert room.upstream.asked == []


def test_what_the_client_says_as_system_besides_is_its_own() -> None:
    room = Room(prompts=PROMPTS, system="")
    room.ask(begun(OURS, "system", {"role": "developer", "content": "be brief"}, TURN))
    assert told(room) == [("system", OURS), ("user", "be brief\n\nbake bread")]


def test_a_request_without_a_system_prompt_is_told_nothing_of_one() -> None:
    room = Room(prompts=PROMPTS)
    assert "x-colonnade-system" not in room.ask().headers
    room.ask(path="/v1/completions", messages=None, prompt="bake bread")
    assert "system_prompt" not in room.recorder.rows[-1]


def test_whoever_may_not_use_it_says_it_as_its_own_words() -> None:
    entry = PromptEntry(name="exams", file="exams.txt", principals=("ana",))
    prompts = SystemPrompts([SystemPrompt(entry, OURS)])
    stored = [
        StoredKey(
            id=name,
            hash=hash_of(f"ck-{name}"),
            principal=name,
            tier="public",
            purposes=("general",),
            added=date(2026, 1, 1),
        )
        for name in ("ana", "bo")
    ]
    for name, wanted in (("ana", "allow"), ("bo", "deflect")):
        room = Room(prompts=prompts, keys=Keys(stored))
        response = room.ask(begun(), headers={"Authorization": f"Bearer ck-{name}"})
        assert response.headers["x-colonnade-ruling"].startswith(wanted)


def test_a_capped_request_is_told_its_level_behind_the_registered_prompt() -> None:
    room = Room(guard=small_guard(above="cap"), prompts=PROMPTS)
    room.ask(begun(OURS, "system", {"role": "user", "content": BREAK}))
    (role, text), *_ = told(room)
    assert role == "system"
    assert text.startswith(f"You help.\n\n{OURS}\n\nAnswer the following at the level")


@pytest.mark.parametrize(
    "body",
    [
        {"instructions": OURS, "input": "bake bread"},
        {"input": [{"role": "developer", "content": OURS}, TURN]},
        {"input": [{"role": "system", "content": [{"type": "input_text", "text": OURS}]}, TURN]},
    ],
)
def test_instructions_and_first_items_of_responses_are_known_as_well(body: dict[str, Any]) -> None:
    room = Room(responding(), prompts=PROMPTS)
    response = room.client.post("/v1/responses", json={"model": "help-desk", **body})
    assert response.json()["output"][0]["content"][0]["text"] == BAKE
    ((_, sent),) = room.upstream.asked
    assert sent["instructions"] == f"You help.\n\n{OURS}"
    assert OURS not in str(sent["input"])
    assert [*room.recorder.texts[0].values()] == ["bake bread"]


@pytest.mark.parametrize(
    "body",
    [
        {"instructions": "Be brief.", "input": [{"role": "developer", "content": OURS}, TURN]},
        {"instructions": OURS, "input": OURS},
        {"input": [{"role": "developer", "content": OURS}]},
        {
            "input": [
                {
                    "role": "system",
                    "content": [
                        {"type": "input_text", "text": OURS},
                        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                    ],
                },
                TURN,
            ]
        },
    ],
)
def test_elsewhere_in_a_response_they_are_judged(body: dict[str, Any]) -> None:
    room = Room(responding(), prompts=PROMPTS)
    response = room.client.post("/v1/responses", json={"model": "help-desk", **body})
    assert response.headers["x-colonnade-ruling"].startswith("deflect")
    assert room.upstream.asked == []


def test_a_client_that_is_turned_away_learns_what_became_of_its_prompt() -> None:
    response = Room(prompts=PROMPTS).client.post(CHAT, json={"model": "other", "messages": begun()})
    assert (response.status_code, response.headers["x-colonnade-system"]) == (404, "registered; prompt=exams")
