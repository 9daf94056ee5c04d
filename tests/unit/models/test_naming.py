"""A model by the name that a user gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.models import Sampling, conversation
from colonnade.models.addresses import Address, address_of
from colonnade.models.http import HttpModel
from colonnade.models.naming import named_model
from colonnade.models.pacing import Limits
from colonnade.records import InputError


def _script(folder: Path, *lines: str) -> str:
    file = folder / "script.jsonl"
    file.write_text("".join(f"{line}\n" for line in lines))
    return f"scripted:{file}"


def _answers(name: str, *questions: str) -> list[str]:
    asked = [conversation("", question) for question in questions]
    return [reply.text or reply.fault for reply in named_model(name).model.reply(asked, Sampling())]


def test_a_script_answers_by_its_first_fitting_line(tmp_path: Path) -> None:
    name = _script(tmp_path, '{"pattern": "key", "answer": "At the desk."}', '{"answer": "No."}')
    assert _answers(name, "Where is the KEY?", "Who?") == ["At the desk.", "No."]


def test_a_script_without_an_answer_to_all_else_has_faults(tmp_path: Path) -> None:
    assert _answers(_script(tmp_path, '{"pattern": "key", "answer": "At the desk."}'), "Who?")[0].startswith(
        "the script"
    )


def test_two_scripts_are_two_speakers(tmp_path: Path) -> None:
    one = named_model(_script(tmp_path, '{"answer": "Yes."}')).speaker
    assert one == named_model(_script(tmp_path, '{"answer": "Yes."}')).speaker
    assert one != named_model(_script(tmp_path, '{"answer": "No."}')).speaker


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("", "no answer here"),
        ('{"pattern": "(", "answer": "x"}', "no regular expression"),
        ('{"answr": "x"}', "answer"),
    ],
)
def test_a_script_that_is_wrong_is_refused(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        named_model(_script(tmp_path, line))


def test_an_address_is_told_by_its_sign() -> None:
    assert address_of("small@http://127.0.0.1:9/v1") == ("small", "http://127.0.0.1:9/v1")
    assert address_of("small@home") is None
    assert address_of("@http://127.0.0.1/v1") is None
    named = named_model("small@http://127.0.0.1:9/v1")
    assert named.model.name == "http:small"
    assert named.speaker != named_model("large@http://127.0.0.1:9/v1").speaker


@pytest.mark.parametrize("name", ["", "nowhere", "scripted", "/", "small@home"])
def test_a_name_of_no_form_is_refused_with_the_forms(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="scripted:FILE"):
        named_model(name)


def test_a_served_model_may_have_any_name() -> None:
    assert address_of("org/model:7b@http://127.0.0.1:8000/v1") == Address("org/model:7b", "http://127.0.0.1:8000/v1")
    assert address_of("model@main@https://x.example/v1") == Address("model@main", "https://x.example/v1")
    assert address_of("a folder") is None
    assert address_of("@http://x.example/v1") is None


@pytest.mark.parametrize("address", ["http://ada:geheim@x.example/v1", "http://x.example/v1?key=geheim"])
def test_a_secret_in_an_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(InputError, match="COLONNADE_MODEL_KEY") as told:
        address_of(f"m@{address}")
    assert "geheim" not in told.value.sentence


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:99999/v1", "http://127.0.0.1:abc/v1", "http://[::1", "http://a b/v1", "http://a\n/v1"]
)
def test_what_is_no_address_is_said_before_anything_is_asked(address: str) -> None:
    with pytest.raises(InputError, match="is no address of a server"):
        address_of(f"m@{address}")


def test_a_served_model_keeps_to_the_limits_whoever_asks_it() -> None:
    limits = Limits(concurrent=1, per_minute=7)
    model = named_model("m@http://127.0.0.1:9/v1", limits).model
    assert isinstance(model, HttpModel)
    assert model.limits == limits
