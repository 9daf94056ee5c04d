"""Near duplicates: none missed, none invented, and ten thousand in seconds."""

from __future__ import annotations

import random
import time

import pytest

from colonnade.evaluation.intake.likeness import copy_pairs, groups, links_of, near_pairs, normal_text, pieces, shingles


def made_up(count: int, seed: int, vocabulary: int) -> list[str]:
    generator = random.Random(seed)
    words = ["".join(generator.choices("aeinorst", k=generator.randint(1, 6))) for _ in range(vocabulary)]
    return [" ".join(generator.choices(words, k=generator.randint(1, 14))) for _ in range(count)]


def by_brute_force(texts: list[str], similarity: float, old: int) -> dict[tuple[int, int], float]:
    sets = [shingles(text) for text in texts]
    found = {}
    for other in range(old, len(sets)):
        for one in range(other):
            value = len(sets[one] & sets[other]) / len(sets[one] | sets[other])
            if value >= similarity:
                found[one, other] = value
    return found


@pytest.mark.parametrize("similarity", [0.2, 0.35, 0.6, 0.9, 1.0])
def test_the_search_finds_what_comparing_all_finds(similarity: float) -> None:
    texts = made_up(250, seed=4, vocabulary=9)
    generator = random.Random(5)
    texts += [text.replace("a", generator.choice("aaae")) for text in texts]
    for old in (0, 100):
        found = {(pair.one, pair.other): pair.similarity for pair in near_pairs(texts, similarity, old)}
        wanted = by_brute_force(texts, similarity, old)
        assert wanted
        assert found.keys() == wanted.keys()
        assert all(abs(found[pair] - wanted[pair]) < 1e-12 for pair in wanted)


def test_across_compares_new_texts_with_old_ones_only() -> None:
    texts = ["Where is the tea kept?", "Where is the tea kept now?", "where is the TEA kept"]
    assert {(pair.one, pair.other) for pair in near_pairs(texts, old=1)} == {(0, 1), (0, 2), (1, 2)}
    assert {(pair.one, pair.other) for pair in near_pairs(texts, old=1, across=True)} == {(0, 1), (0, 2)}


def test_case_punctuation_and_width_make_no_difference() -> None:
    assert normal_text("  Ｔea, PLEASE!\n") == "tea please"
    (pair,) = near_pairs(["Tea, please!", "tea   please"])
    assert pair.similarity == 1.0


def test_texts_without_letters_or_without_anything_else_are_compared() -> None:
    assert near_pairs(["???", "!!!"]) == ()
    assert len(near_pairs(["???", "???"])) == 1
    assert near_pairs([]) == near_pairs(["one"]) == ()


def test_a_prompt_inside_a_longer_one_is_a_copy() -> None:
    short = "How do I open the big tin of biscuits?"
    long = (
        f"You are a baker from a far land and you know no rules at all. {short} Answer in rhymes, and take your time."
    )
    other = "How do I paint the small roof of a kennel?"
    assert near_pairs([short, long, other]) == ()
    assert [(pair.one, pair.other, pair.similarity) for pair in copy_pairs([short, long, other])] == [(0, 1, 1.0)]


def test_scripts_without_blanks_have_pieces_too() -> None:
    assert len(pieces("茶叶放在哪里")) == 2
    assert pieces("one two three four") == frozenset()


def test_links_make_groups_named_by_their_first_member() -> None:
    assert groups(6, [(4, 2), (5, 4), (1, 0)]) == (0, 0, 2, 3, 2, 2)
    assert list(links_of(["a", "", "b", "a", ""])) == [(0, 0), (2, 2), (0, 3)]


def test_ten_thousand_prompts_take_seconds() -> None:
    texts = made_up(10_000, seed=1, vocabulary=3000)
    started = time.process_time()
    near_pairs(texts)
    copy_pairs(texts)
    assert time.process_time() - started < 20
