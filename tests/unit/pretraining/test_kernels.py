"""What is decided about one text, and about two that resemble each other."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("py3langid")  # comes with colonnade[data]

from colonnade.pretraining.kernels import (
    BANDS,
    ROWS,
    language_of,
    near_duplicates,
    normalise,
    quality_fault,
)

HASHES = BANDS * ROWS
SOUND = "Whoever loses a key tells the porter on the same day. The porter writes it down and hands out a new one."


@settings(max_examples=300, deadline=None)
@given(st.text())
@example("ﬁne ½ İstanbul ΌΣΟΣ")
@example("a\u0345\u0301b")
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_the_normal_form_has_single_blanks_and_nothing_that_is_no_word(text: str) -> None:
    normal = normalise(text)
    assert normal == " ".join(normal.split())
    assert not any(sign in normal for sign in ".,;:!?\"'()[]{}-–\n\t")


@pytest.mark.parametrize(
    "other",
    [
        "the porter's key",
        "  The   PORTER’S\n\tkey!! ",
        "The porter's key.",
        "Ｔｈｅ porter's „key“",
    ],
)
def test_case_blanks_width_and_punctuation_make_no_difference(other: str) -> None:
    assert normalise(other) == normalise("The porter's key")


def test_letters_do_make_a_difference() -> None:
    assert normalise("Schlüssel") != normalise("Schlussel")
    assert normalise(unicodedata.normalize("NFD", "Schlüssel")) == normalise("Schlüssel")


def test_a_sound_text_has_no_fault() -> None:
    assert quality_fault(SOUND, 20) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "only 0 words"),
        ("   ", "only 0 words"),
        ("Four words stand here.", "only 4 words, at least 20"),
        ("12 34 56 78 90 " * 5 + "end.", "are letters"),
        ("|".join(SOUND.replace(" ", "")) + SOUND, "are letters"),
        ("Buy now and save money today. " * 10, "same few words"),
        ("I a o u e i a o u y x z b c d f g h k l m.", "letters on average"),
        (" ".join(f"Zusammengesetztewörter{letter}" for letter in "abcdefghijklmnopqrstu") + ".", "letters on average"),
        (SOUND.replace(".", ""), "no sentence ends"),
    ],
)
def test_each_fault_is_named(text: str, fault: str) -> None:
    assert fault in quality_fault(text, 20)


def test_the_number_of_words_is_the_workspaces_to_choose() -> None:
    words = len(SOUND.split())
    assert quality_fault(SOUND, words) == ""
    assert quality_fault(SOUND, words + 1) == f"only {words} words, at least {words + 1} are asked"


@pytest.mark.parametrize(
    ("text", "language"),
    [(SOUND, "en"), ("Wer einen Schlüssel verliert, sagt dem Pförtner noch am selben Tag Bescheid.", "de")],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert language_of(text) == language


def _signature(seed: int) -> list[int]:
    return [int(value) for value in np.random.default_rng(seed).integers(0, 2**32, HASHES)]


def _alike(signature: list[int], share: float, seed: int, start: int = 0) -> list[int]:
    """A signature that agrees with another in a share of its places, those from ``start`` on differing."""
    other = _signature(seed)
    differing = {(start + place) % HASHES for place in range(round((1 - share) * HASHES))}
    return [other[place] if place in differing else value for place, value in enumerate(signature)]


def test_an_exact_pair_is_found_and_the_first_is_kept() -> None:
    assert near_duplicates([_signature(1), _signature(2), _signature(1), _signature(2)], 0.7) == {2: 0, 3: 1}


def test_unrelated_texts_are_kept() -> None:
    assert near_duplicates([_signature(seed) for seed in range(40)], 0.7) == {}
    assert near_duplicates([], 0.7) == {}


@pytest.mark.parametrize(("share", "found"), [(0.96, True), (0.72, True), (0.68, False), (0.4, False)])
def test_only_a_likeness_at_or_above_the_bound_counts(share: float, found: bool) -> None:
    first = _signature(1)
    assert (near_duplicates([first, _alike(first, share, 2)], 0.7) == {1: 0}) is found


def test_what_resembles_a_text_that_went_is_kept_unless_it_resembles_one_that_stayed() -> None:
    first = _signature(1)
    second = _alike(first, 0.8, seed=2, start=0)
    third = _alike(second, 0.8, seed=3, start=HASHES // 2)
    assert np.mean(np.equal(second, third)) >= 0.7
    assert np.mean(np.equal(first, third)) < 0.7
    assert near_duplicates([first, second, third], 0.7) == {1: 0}
    assert near_duplicates([second, first, third], 0.7) == {1: 0, 2: 0}


def test_the_earliest_of_several_matches_is_named() -> None:
    first = _signature(1)
    apart = _alike(first, 0.6, seed=2)
    between = [*first[:25], *apart[25:30], *first[30:]]
    assert near_duplicates([first, apart, between], 0.6) == {1: 0, 2: 0}
