"""What a user is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.records import BusyError, ColonnadeError, CorruptionError, InputError, MissingPackageError


def test_the_sentence_says_where_what_and_how_to_mend_it() -> None:
    fault = InputError("the key 'a' stands twice.", file=Path("launch.yaml"), line=3, mend="Keep one of the two.")
    assert str(fault) == fault.sentence == "launch.yaml, line 3: the key 'a' stands twice. Keep one of the two."


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (InputError("it is wrong."), "it is wrong."),
        (InputError("it is wrong.", line=3), "it is wrong."),
        (InputError("it is wrong.", file="a.md"), "a.md: it is wrong."),
        (InputError("it is wrong.", mend="Mend it."), "it is wrong. Mend it."),
    ],
)
def test_what_is_not_known_is_left_out(fault: InputError, sentence: str) -> None:
    assert fault.sentence == sentence


def test_a_wrong_input_ends_with_two_and_the_machinery_with_one() -> None:
    assert InputError("").exit_status == 2
    assert {kind("").exit_status for kind in (ColonnadeError, CorruptionError, BusyError, MissingPackageError)} == {1}
