"""The model that says what it was told to say."""

from __future__ import annotations

from colonnade.models import Reply, Sampling, ScriptedModel, conversation
from colonnade.records import Message

SCRIPT = ((r"\bkeys?\b", "The reception has it."), ("door", "Ask the porter."))


def _ask(model: ScriptedModel, *questions: str, tokens: int = 48) -> list[Reply]:
    return model.reply([conversation("Be kind.", question) for question in questions], Sampling(tokens=tokens))


def test_the_first_pattern_that_fits_the_question_answers() -> None:
    replies = _ask(ScriptedModel(SCRIPT), "Where is the KEY of the door?", "Which door?", "What?")
    assert [reply.text for reply in replies] == ["The reception has it.", "Ask the porter.", "I can't help with that."]
    assert {reply.stop for reply in replies} == {"end"}


def test_only_the_last_message_is_looked_at() -> None:
    turns = (*conversation("Speak of keys.", "The door?"), Message(role="user", content="And the key?"))
    (reply,) = ScriptedModel(SCRIPT).reply([turns], Sampling())
    assert reply.text == "The reception has it."


def test_an_answer_that_is_too_long_is_cut() -> None:
    assert _ask(ScriptedModel(SCRIPT), "key", tokens=2) == [Reply("The reception", "length")]


def test_a_question_without_an_answer_is_a_fault_and_no_exception() -> None:
    fault, answer = _ask(ScriptedModel(SCRIPT, otherwise=None), "What?", "key")
    assert (fault.stop, fault.text) == ("fault", "")
    assert fault.fault
    assert answer.stop == "end"


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    ScriptedModel().reply([conversation("", "a")] * 3, Sampling(), lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]


def test_a_conversation_has_the_system_message_first() -> None:
    assert [(turn.role, turn.content) for turn in conversation("Be kind.", "Who?")] == [
        ("system", "Be kind."),
        ("user", "Who?"),
    ]
