"""What is summed quickly is what a plain reading of every window by itself gives."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from colonnade.guard.detection import Heads, summing, train, wording
from colonnade.guard.detection.heads import TOPIC_SHARE, closed
from colonnade.guard.detection.material import everyday, material
from colonnade.guard.detection.windows import LONGEST_WORD, SHORT, SIZES, cut, windows

from .learnt_topics import topics

Array = NDArray[np.float64]


class SumEncoder:
    """Every word, cut at blanks, has a random direction and length of its own, fixed by its spelling."""

    name = "static/sums"

    def of_word(self, word: str) -> NDArray[np.float32]:
        if word == "—":
            return np.zeros(16, dtype=np.float32)
        return np.random.default_rng(zlib.crc32(word.encode(errors="replace"))).normal(size=16).astype(np.float32)

    def encode(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        vectors = np.zeros((len(texts), 16), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                vectors[row] += self.of_word(word)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


@cache
def heads() -> Heads:
    return train(topics(3), (SumEncoder(),))


def plain_windows(text: str) -> tuple[str, ...]:
    """As it reads in the documentation of ``windows``, with no word found twice."""
    text = wording.seen(text)
    chunks = [match.span() for match in re.finditer(rf"\S{{1,{LONGEST_WORD}}}", text)]
    if len(chunks) <= SHORT:
        return (text,)
    spans = [
        (start, min(start + size, len(chunks)))
        for size, step in SIZES
        for start in range(0, max(len(chunks) - size, 0) + step, step)
    ]
    pieces = [text[chunks[start][0] : chunks[end - 1][1]] for start, end in spans if start < end]
    sentences = [part.strip() for part in re.split(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+", text)]
    longest = SIZES[0][0]
    own = [part for part in sentences if 0 < len(part.split()) <= longest and len(part) <= longest * LONGEST_WORD]
    return tuple(dict.fromkeys((*pieces, *own)))


def plain_raw(model: Heads, piece: str) -> Array:
    """One window by itself, word by word, in double precision."""
    weights = model._weights
    found = weights.intercepts.astype(np.float64)
    words = wording.words_of(piece)
    places = [place for word in words for place in wording.places_of_word(word)]
    places += [zlib.crc32(f"{one} {two}".encode(errors="replace")) % wording.PLACES for one, two in pairwise(words)]
    length = math.sqrt(sum(float(weights.rarity[place]) ** 2 for place in places))
    for place in places:
        found = found + weights.words[place] / max(length, 1e-9)
    for encoder, part in zip(model._encoders, weights.embeddings, strict=True):
        found = found + encoder.encode([piece])[0].astype(np.float64) @ part
    return np.asarray(found)


def plain_scores(model: Heads, text: str) -> Array:
    pieces = plain_windows(wording.numbers_alike(text))
    raw = np.array([plain_raw(model, piece) for piece in pieces]).clip(0, 1)
    return np.asarray((raw[:, :-2] ** TOPIC_SHARE * raw[:, -2:-1] ** (1 - TOPIC_SHARE)).max(axis=0))


def name(number: int) -> str:
    """A word of its own for every number: all numbers are read as the same one."""
    return "word" + str(number).translate(str.maketrans("0123456789", "abcdefghij"))


WORDS = st.one_of(
    st.sampled_from(["vault", "pick", "the", "—", "don't", "end.", "end?!", "ende。weiter", "…", "Σας", "a\u200bb"]),
    st.text(min_size=1, max_size=6),
    st.integers(95, 240).map(lambda length: "long" * (length // 4)),
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(WORDS, max_size=90).map(" ".join),
    st.lists(
        st.tuples(WORDS, st.sampled_from([" ", "  ", "\n", "\t", " \n ", "\u00a0", "\u2028", ""])), max_size=90
    ).map(lambda pairs: "".join(f"{word}{blank}" for word, blank in pairs)),
)


@given(TEXTS)
def test_the_pieces_are_those_of_a_plain_reading_and_each_has_its_words(text: str) -> None:
    parts = cut(text)
    assert parts.pieces == windows(text) == plain_windows(text)
    assert [parts.words[start:end] for start, end in parts.spans] == [piece.split() for piece in parts.pieces]


@given(TEXTS)
@settings(deadline=None)
def test_what_the_heads_say_of_every_window_is_what_a_plain_sum_says(text: str) -> None:
    text = wording.numbers_alike(text)
    expected = np.array([plain_raw(heads(), piece) for piece in plain_windows(text)])
    assert np.allclose(heads()._said(cut(text)), expected, atol=1e-5)
    assert np.allclose(heads().raw(windows(text)), expected, atol=1e-5)


def score_of_halves(model: Heads, text: str) -> None:
    """Scores are steep at 0, so they are compared where rounding is not stretched."""
    assert np.allclose(model.scores(text), plain_scores(model, text), atol=2e-3)


@pytest.mark.parametrize("count", [1, 20, 80, 300])
def test_a_long_text_of_many_windows_has_the_same_scores(count: int) -> None:
    text = " ".join(everyday()[start % 80] for start in range(count))
    score_of_halves(heads(), text)


LEARNT = " ".join(row.text for row in material(topics(6))).split()
SAID = st.one_of(TEXTS, st.lists(st.sampled_from(LEARNT), max_size=90).map(" ".join))


@given(SAID)
@settings(deadline=None, max_examples=200)
def test_what_is_found_is_what_the_scores_of_all_windows_by_themselves_say(text: str) -> None:
    model = heads()
    pieces = windows(wording.numbers_alike(text))
    raw = np.concatenate([model.raw([piece]) for piece in pieces])
    best, about = closed(raw).max(axis=0), raw[:, :-2]
    needed = model._needed(len(pieces))
    assume(np.abs(best - needed).min() > 1e-4)
    assume(abs(about.max() - model._floor) > 1e-4)
    found = model.detect(text)
    assert np.allclose(model.scores(text), best, atol=2e-3)
    if (best >= needed).any():
        assert {each.topic for each in found} == {model.order[topic] for topic in (best >= needed).nonzero()[0]}
        assert all(model.is_above(each) for each in found)
        expected = [best[model.order.index(each.topic)] for each in found]
    elif about.max() < model._floor:
        assert [(each.topic, each.level) for each in found] == [(None, None)]
        expected = [best.max()]
    else:
        piece, topic = divmod(int(about.argmax()), about.shape[1])
        assert [each.topic for each in found] == [model.order[topic]]
        assert not model.is_above(found[0])
        expected = [min(1.0, about[piece, topic])]
    assert [each.score for each in found] == pytest.approx(expected, abs=2e-3)


def test_a_word_that_keeps_coming_is_read_once_however_many_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "KEPT", 40)
    read = list[str]()

    class Watched(SumEncoder):
        def of_word(self, word: str) -> NDArray[np.float32]:
            read.append(word)
            return super().of_word(word)

    model = train(topics(6), (Watched(),))
    read.clear()
    for number in range(200):
        model.detect(f"vault {name(number)}")
    assert read.count("vault") == 1
    assert read.count("worda") == 1
    model.detect("worda")
    assert read.count("worda") == 2


def test_a_word_without_end_is_not_remembered() -> None:
    model = train(topics(6), (SumEncoder(),))
    for number in range(3):
        model.detect(f"open {name(number)}{'x' * 2 * LONGEST_WORD}")
    assert max(map(len, model._sums._recent)) <= LONGEST_WORD


def test_when_too_many_words_are_known_they_are_forgotten_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "KEPT", 40)
    model = train(topics(6), (SumEncoder(),))
    before = model.scores("pick the vault unseen tonight")
    for number in range(30):
        model.detect(" ".join(name(number * 3 + place) for place in range(4 + number)))
    assert len(model._sums._recent) + len(model._sums._older) <= 40
    assert (model.scores("pick the vault unseen tonight") == before).all()
    # A single text with more words than are kept is read all the same.
    score_of_halves(model, " ".join(name(1000 + number) for number in range(200)))


def test_threads_that_make_each_other_forget_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "KEPT", 24)
    model = train(topics(6), (SumEncoder(),))
    texts = [f"pick the vault x{name(number)} and {name(number % 7)} then {name(number)}" for number in range(200)]
    alone = [model.detect(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(model.detect, texts)) == alone


def test_a_vector_that_is_no_number_lets_nothing_pass() -> None:
    class Broken(SumEncoder):
        def of_word(self, word: str) -> NDArray[np.float32]:
            return np.full(16, np.nan if word == "rotten" else 1.0, dtype=np.float32)

    model = train(topics(6), (Broken(),))
    for text in ("a rotten word", "word " * 60 + "rotten"):
        with pytest.raises(ValueError, match="number for every head"):
            model.detect(text)
