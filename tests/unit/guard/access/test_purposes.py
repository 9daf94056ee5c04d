from __future__ import annotations

import random

import numpy as np
import pytest

from colonnade.guard.access.purposes import FEWEST, PurposeReader
from colonnade.guard.configuration import Purpose
from tests.unit.guard.small_policies import BrokenEncoder, WordEncoder

from .purpose_texts import off_purpose, on_purpose, purposes


def scores(reader: PurposeReader, texts: list[str], purpose: str = "authorised-test") -> list[float | None]:
    return reader.beside([(purpose, text) for text in texts])


def test_a_use_on_purpose_scores_near_nothing_and_one_beside_it_high() -> None:
    reader, chance = PurposeReader(purposes(), WordEncoder()), random.Random(2)
    honest = scores(reader, [on_purpose(chance) for _ in range(200)])
    other = scores(reader, [off_purpose(chance) for _ in range(200)])
    assert np.mean([row for row in honest if row is not None]) < 0.05
    assert np.mean([row for row in other if row is not None]) > 0.6
    assert all(row is not None and 0 <= row <= 1 for row in honest + other)


def test_a_purpose_that_cannot_be_told_from_what_is_beside_it_gets_no_score_and_a_sentence() -> None:
    chance = random.Random(3)
    same = tuple(dict.fromkeys(on_purpose(chance) for _ in range(90)))
    reader = PurposeReader([Purpose(id="mixed", examples=same[:20], beside=same[20:35])], WordEncoder())
    assert scores(reader, [same[0]], "mixed") == [None]
    assert "'mixed' cannot be told" in reader.silent["mixed"]


def test_too_few_examples_and_a_plain_name_are_said_and_not_guessed() -> None:
    reader = PurposeReader(purposes(own=FEWEST - 1), WordEncoder())
    assert scores(reader, ["how do i watch a stranger"]) == [None]
    assert f"has {FEWEST - 1} examples and 10 beside it" in reader.silent["authorised-test"]
    assert "has 0 examples" in reader.silent["general"]
    assert scores(reader, ["x"], "never heard of") == [None]


def test_the_examples_of_another_purpose_lie_beside_this_one() -> None:
    one, two = purposes()[1], random.Random(4)
    other = Purpose(id="watching", examples=tuple(dict.fromkeys(off_purpose(two) for _ in range(60)))[:20])
    reader = PurposeReader([one.model_copy(update={"beside": ()}), other], WordEncoder())
    assert reader.silent == {}
    (score,) = scores(reader, [on_purpose(two)], "watching")
    assert score is not None
    assert score > 0.4


def test_an_encoder_that_returns_nonsense_is_no_good_conduct() -> None:
    encoder = BrokenEncoder()
    reader = PurposeReader(purposes(), encoder)
    encoder.value = float("nan")
    with pytest.raises(ValueError, match="finite vector"):
        scores(reader, ["x"])
