from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from colonnade.guard.detection import learning, ridge, train, wording

from .learnt_topics import topics

TEXTS = ("open the vault", "open the vault, open it", "where is the kite", "", "the the the")


class Counting:
    """An encoder of one dimension per letter, which remembers what it was asked."""

    name = "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[text.count(letter) + 1.0 for letter in "aeiou"] for text in texts], dtype=np.float32)

    def of_word(self, word: str) -> NDArray[np.float32]:
        return np.array([float(word.count(letter)) for letter in "aeiou"], dtype=np.float32)


def test_only_texts_that_were_not_there_the_last_time_are_read() -> None:
    encoder, plain = Counting(), Counting()
    first = learning.vectors(encoder, ["one", "two", "one"], encoder.encode)
    assert encoder.asked == ["one", "two"]
    assert np.array_equal(first, plain.encode(["one", "two", "one"]))
    second = learning.vectors(encoder, ["two", "three"], encoder.encode)
    assert encoder.asked == ["one", "two", "three"]
    assert np.array_equal(second, plain.encode(["two", "three"]))
    learning.vectors(encoder, ["one"], encoder.encode)
    assert encoder.asked[-1] == "one", "what was not there the last time is forgotten"


def test_a_reading_that_fails_leaves_what_was_known() -> None:
    encoder = Counting()
    learning.vectors(encoder, ["one"], encoder.encode)

    def broken(texts: Sequence[str]) -> NDArray[np.float32]:
        raise ValueError("gone")

    with pytest.raises(ValueError, match="gone"):
        learning.vectors(encoder, ["one", "two"], broken)
    learning.vectors(encoder, ["one", "two"], encoder.encode)
    assert encoder.asked == ["one", "two"]


def test_the_same_texts_give_the_same_digest_whatever_was_learnt_before() -> None:
    encoder = Counting()
    first = train(topics(4), (encoder,)).digest
    assert train(topics(3), (encoder,)).digest != first
    assert train(topics(4), (encoder,)).digest == first == train(topics(4), (Counting(),)).digest


def test_the_same_texts_give_the_same_digest_on_any_number_of_cores() -> None:
    found = set()
    for cores in (1, 2, 4):
        with threadpool_limits(cores):
            found.add(train(topics(), ()).digest)
    assert len(found) == 1


def test_words_are_weighed_by_how_rare_they_are_and_how_often_they_come() -> None:
    counted = learning.counted(TEXTS)
    rarity = wording.rarity(counted)
    having = np.zeros(wording.PLACES)
    dense = np.zeros((len(TEXTS), wording.PLACES))
    for row, text in enumerate(TEXTS):
        found = wording.places(text)
        having[np.unique(found)] += 1
        np.add.at(dense[row], found, rarity[found])
        dense[row] /= max(np.sqrt(rarity[found] @ rarity[found]), 1e-9)
    assert np.allclose(rarity, np.log((1 + len(TEXTS)) / (1 + having)) + 1)
    assert np.allclose(wording.matrix(counted, rarity).toarray(), dense, atol=1e-6)


def test_each_with_each_is_what_a_whole_product_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "_ROWS_AT_ONCE", 2)
    counted = learning.counted(TEXTS)
    words = wording.matrix(counted, wording.rarity(counted))
    assert np.allclose(wording.products(words), (words @ words.T).toarray(), atol=1e-6)


def test_clusters_of_any_size_are_held_out_whole() -> None:
    generator = np.random.default_rng(1)
    vectors, targets = generator.normal(size=(11, 4)), generator.normal(size=(11, 3))
    clusters = np.array([*"abacabcdeff"])
    found = ridge.fit(vectors @ vectors.T, targets, list(clusters))
    inverse = np.linalg.inv(vectors @ vectors.T + ridge.INTERCEPT + ridge.PENALTY * np.eye(11))
    assert np.allclose(found.duals, inverse @ targets)
    for name in set(clusters):
        held = clusters == name
        duals = ridge.fit((vectors @ vectors.T)[np.ix_(~held, ~held)], targets[~held], ["0"] * int((~held).sum())).duals
        assert np.allclose(found.held_out[held], (vectors[held] @ vectors[~held].T + ridge.INTERCEPT) @ duals)


def test_what_is_no_kernel_is_refused() -> None:
    with pytest.raises(np.linalg.LinAlgError, match="not positive definite"):
        ridge.fit(-np.eye(3), np.zeros((3, 1)), ["a", "b", "c"])
