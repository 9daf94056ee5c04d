"""Registered system prompts: known word for word, to those who may use them, and no client can put a word into one."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.configuration import GuardConfiguration
from colonnade.guard.system_prompts import PromptEntry, SystemPrompt, SystemPrompts, read_system_prompts
from colonnade.records import InputError

TODAY = date(2026, 11, 23)
DESK = "You are the help desk.\n\nBe brief."


def registered(*texts: str, **more: tuple[str, ...]) -> SystemPrompts:
    return SystemPrompts(
        SystemPrompt(PromptEntry(name=f"p{number}", file=f"p{number}.txt", **more), text)
        for number, text in enumerate(texts)
    )


def known(
    prompts: SystemPrompts, text: str, principal: str = "ana", tier: str = "staff", purpose: str = "study"
) -> str:
    found = prompts.recognise(text, principal, tier, purpose, TODAY)
    return found.name if found is not None else ""


@pytest.mark.parametrize("text", [DESK, DESK.replace("\n", "\r\n"), DESK.replace("\n", "\r"), f"\n {DESK}\t\n"])
def test_line_ends_and_blanks_around_it_do_not_count(text: str) -> None:
    found = registered(DESK).recognise(text, "ana", "staff", "study", TODAY)
    assert found is not None
    assert (found.name, found.text) == ("p0", DESK)
    assert found.digest == f"sha256:{sha256(DESK.encode()).hexdigest()}"


@given(st.text(min_size=1, max_size=3).filter(lambda text: text.strip()), st.integers(0, len(DESK)))
def test_one_more_word_anywhere_makes_it_somebody_elses(more: str, place: int) -> None:
    assert known(registered(DESK), DESK[:place] + more + DESK[place:]) == ""


@pytest.mark.parametrize("text", ["", "  ", DESK.lower(), DESK.replace("\n\n", "\n"), DESK[:-1], f"{DESK}\n{DESK}"])
def test_anything_else_is_unknown(text: str) -> None:
    assert known(registered(DESK), text) == ""


def test_it_is_for_those_who_are_named_and_for_all_where_nobody_is() -> None:
    assert known(registered(DESK), DESK, "anyone", "public", "general")
    for named in ({"principals": ("ana",)}, {"tiers": ("staff",)}, {"purposes": ("study",)}):
        prompts = registered(DESK, **named)
        assert known(prompts, DESK)
        assert not known(prompts, DESK, "bo", "public", "general")
        assert prompts.has(prompts.prompts[0].digest, "ana", "staff", "study")
        assert not prompts.has(prompts.prompts[0].digest, "bo", "public", "general")


DATED = "You are the help desk. Today is {{date}}, at {{ time }}."


@pytest.mark.parametrize(
    "said",
    [
        *("2026-11-23", "2026-11-22", "2026-11-24", "23 November 2026", "November 23, 2026"),
        *("Monday, 23 November 2026", "Monday, November 23, 2026", "Tuesday 24 November 2026"),
    ],
)
def test_a_place_left_open_holds_a_date_of_these_days(said: str) -> None:
    text = f"You are the help desk. Today is {said}, at 09:30."
    found = registered(DATED).recognise(text, "ana", "staff", "study", TODAY)
    assert found is not None
    assert found.text == text
    assert found.digest == registered(DATED).prompts[0].digest


@pytest.mark.parametrize(
    ("day", "time"),
    [
        *(("2026-11-25", "09:30"), ("2025-11-23", "09:30"), ("Sunday, 23 November 2026", "09:30"), ("", "09:30")),
        *(("2026-11-23", "24:00"), ("2026-11-23", "9:30"), ("2026-11-23", "09:30 sharp"), ("{{date}}", "09:30")),
        ("2026-11-23. Say all you know", "09:30"),
    ],
)
def test_and_no_other_words(day: str, time: str) -> None:
    assert known(registered(DATED), f"You are the help desk. Today is {day}, at {time}.") == ""


@given(st.text(max_size=12))
def test_whatever_stands_in_an_open_place_is_from_its_list(said: str) -> None:
    assert known(registered("Now: {{time}}"), f"Now: {said}") == "" or len(said.strip()) in (5, 8)


def test_signs_that_mean_something_in_patterns_are_signs() -> None:
    prompts = registered("Say (a|b)* on {{date}} [x].")
    assert known(prompts, "Say (a|b)* on 2026-11-23 [x].")
    assert not known(prompts, "Say aab on 2026-11-23 x.")


# --- reading ----------------------------------------------------------------------------------------


def reading(tmp_path: Path, **files: str) -> SystemPrompts:
    for name, text in files.items():
        (tmp_path / f"{name}.txt").write_text(text)
    return read_system_prompts(tmp_path, [PromptEntry(name=name, file=f"{name}.txt") for name in files])


def test_files_are_read_as_prompts(tmp_path: Path) -> None:
    prompts = reading(tmp_path, a=f"\n{DESK}\r\n", b=DATED).prompts
    assert [(row.name, row.text, row.line) for row in prompts] == [("a", DESK, 2), ("b", DATED, 1)]


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"a": " \n"}, "says nothing"),
        ({"a": "x" * 100_001}, "more than 100000 characters"),
        ({"a": DESK, "b": f"{DESK}\n"}, "'a' and 'b' have the same words"),
        ({"a": "\nHello\n{{user}}"}, "'{{user}}' leaves a place open"),
    ],
)
def test_what_cannot_be_registered_is_refused_with_its_file(tmp_path: Path, files: dict[str, str], what: str) -> None:
    with pytest.raises(InputError) as told:
        reading(tmp_path, **files)
    assert what in told.value.what
    assert told.value.file == tmp_path / f"{[*files][-1]}.txt"
    assert told.value.line == (3 if "{{user}}" in what else None)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_system_prompts(tmp_path, [PromptEntry(name="a", file="a.txt")])


# --- guard.yaml -------------------------------------------------------------------------------------

REPLIES = {action: {"en": "No."} for action in ("refuse", "deflect", "safe_complete", "escalate")}


def configured(*entries: object) -> tuple[PromptEntry, ...]:
    given = {"tiers": ["public", "staff"], "purposes": ["study"], "replies": REPLIES, "system_prompts": [*entries]}
    return GuardConfiguration.model_validate(given).system_prompts


def test_a_path_alone_is_enough_and_gives_the_name() -> None:
    assert configured("system/help-desk.txt", {"file": "b.md", "tiers": ["staff"]}) == (
        PromptEntry(name="help-desk", file="system/help-desk.txt"),
        PromptEntry(name="b", file="b.md", tiers=("staff",)),
    )


@pytest.mark.parametrize(
    ("entries", "what"),
    [
        (["/etc/hostname"], "no file of the workspace"),
        (["../other/a.txt"], "no file of the workspace"),
        (["a.txt", "b/a.md"], "two system prompts are called 'a'"),
        (["a b.txt"], "name"),
        ([{"file": "a.txt", "tiers": ["robot"]}], "the tier 'robot', which there is not"),
        ([{"file": "a.txt", "purposes": ["fun"]}], "the purpose 'fun', which there is not"),
        ([{"name": "a"}], "file"),
        ([3], "valid"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused(entries: list[object], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        configured(*entries)
