"""Prompts and replies become transcripts, faults included."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from colonnade.models import Conversation, Progress, Reply, Sampling, ScriptedModel
from colonnade.models.transcribing import transcribe
from colonnade.records import Prompt, digest_of
from tests.unit.records.samples import make_prompt

SPEAKER = digest_of("speaker")
PROMPTS = [make_prompt(name, text=f"About the {name}?") for name in ("key", "door", "window")]


def test_every_prompt_has_one_transcript_in_order() -> None:
    model = ScriptedModel([("key", "At the desk."), ("door", "one two three four")])
    rows = transcribe(model, PROMPTS, "Be kind.", Sampling(tokens=3), SPEAKER)
    assert [row.prompt for row in rows] == ["key", "door", "window"]
    assert [row.reply for row in rows] == ["At the desk.", "one two three", "I can't help"]
    assert [row.stop for row in rows] == ["end", "length", "length"]
    assert {row.speaker for row in rows} == {SPEAKER}
    assert [turn.role for turn in rows[0].messages] == ["system", "user", "assistant"]
    assert rows[0].messages[0].content == "Be kind."


def test_a_fault_of_one_prompt_is_written_down_beside_the_others() -> None:
    rows = transcribe(ScriptedModel([("key", "At the desk.")], None), PROMPTS, "", Sampling(), SPEAKER)
    assert [row.stop for row in rows] == ["end", "fault", "fault"]
    assert rows[1].reply == ""
    assert rows[1].fault
    assert [turn.role for turn in rows[1].messages] == ["system", "user"]


class _Echo:
    """Goes on from what the assistant has said, and tells what that was."""

    name = "echo"

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        return [Reply(f"after '{turns[-1].content}' of the {turns[-1].role}", "end") for turns in conversations]


def test_an_answer_with_an_opening_is_the_opening_and_how_it_goes_on() -> None:
    def opening(prompt: Prompt) -> str:
        return "Of course." if prompt.id == "key" else ""

    rows = transcribe(_Echo(), PROMPTS[:2], "Be kind.", Sampling(), SPEAKER, opening=opening)
    assert rows[0].reply == "Of course. after 'Of course.' of the assistant"
    assert rows[1].reply == "after 'About the door?' of the user"
    assert [turn.role for turn in rows[0].messages] == ["system", "user", "assistant"]


class _Short:
    """A model that loses a reply, which must never shift the others onto the wrong prompts."""

    name = "short"

    def reply(
        self, conversations: Sequence[Conversation], sampling: Sampling, progress: Progress | None = None
    ) -> list[Reply]:
        return [Reply("Something.", "end")] * (len(conversations) - 1)


def test_a_model_that_loses_a_reply_stops_everything() -> None:
    with pytest.raises(ValueError, match="zip"):
        transcribe(_Short(), PROMPTS, "", Sampling(), SPEAKER)


def test_no_prompt_gives_no_transcript() -> None:
    assert transcribe(ScriptedModel(), [], "", Sampling(), SPEAKER) == ()
