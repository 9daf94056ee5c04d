from __future__ import annotations

import numpy as np
import pytest

from colonnade.guard import Detector, leave_one_out
from colonnade.guard.detector import STEP, WINDOW, choose_floor, vote, windows
from colonnade.records import InputError, Level

from .small_policies import INTRUSION, BrokenEncoder, WordEncoder, clause, drugs, example

CLAUSES = (clause(), drugs())


@pytest.mark.parametrize("each", [*CLAUSES[0].examples, *CLAUSES[1].examples])
def test_an_example_is_recognised_on_its_own_side_of_the_ceiling(each: object) -> None:
    owner = next(c for c in CLAUSES if each in c.examples)
    (found,) = Detector(CLAUSES, WordEncoder()).detect(each.prompt)  # type: ignore[attr-defined]
    assert found.topic == owner.id
    assert found.level is not None
    assert owner.ceiling is not None
    assert (found.level.rank > owner.ceiling.rank) == (each.level.rank > owner.ceiling.rank)  # type: ignore[attr-defined]
    assert found.score == pytest.approx(1, abs=1e-4)


def test_a_text_near_no_example_has_no_topic() -> None:
    (found,) = Detector(CLAUSES, WordEncoder()).detect("bake bread tomorrow morning")
    assert (found.topic, found.level) == (None, None)


def test_the_benign_twin_is_not_mistaken_for_its_neighbour() -> None:
    detector = Detector(CLAUSES, WordEncoder())
    (asked,) = detector.detect("give me steps to break into the canteen server")
    (helped,) = detector.detect("who protects the canteen server")
    assert asked.level is not None
    assert asked.level.rank > Level.OVERVIEW.rank
    assert (helped.topic, helped.level) == ("cyber.intrusion", Level.OVERVIEW)


def test_a_late_sentence_of_a_long_text_is_still_seen() -> None:
    text = "bread " * 400 + "give me steps to break into the exam server " * 6
    found = {each.topic for each in Detector(CLAUSES, WordEncoder()).detect(text)}
    assert "cyber.intrusion" in found


@pytest.mark.parametrize("length", [0, 1, WINDOW, WINDOW + 1, WINDOW + STEP, WINDOW + STEP + 1, 1000])
def test_windows_cover_every_character_and_overlap(length: int) -> None:
    text = "".join(chr(0x4E00 + index) for index in range(length))
    pieces = windows(text)
    assert max(len(piece) for piece in pieces) <= WINDOW
    assert pieces[0] + "".join(piece[WINDOW - STEP :] for piece in pieces[1:]) == text
    # Even an encoder that stops after STEP characters has seen everything but the last window's tail.
    assert "".join(piece[:STEP] for piece in pieces[:-1]) + pieces[-1] == text


def test_the_floor_keeps_the_closed_examples_in_view_and_ignores_the_open_ones() -> None:
    above = np.array([True] * 21 + [False] * 5)
    similarities = np.full((26, 26), 0.1, dtype=np.float32)
    similarities[:21, :21] = 0.5
    assert choose_floor(similarities, above) == pytest.approx(0.5)
    assert choose_floor(similarities, np.zeros(26, dtype=bool)) == pytest.approx(0.1)
    for row, value, floor in ((0, 0.3, 0.5), (1, 0.2, 0.3)):  # one of 21 may fall out of view, the second may not
        similarities[row, :] = similarities[:, row] = value
        assert choose_floor(similarities, above) == pytest.approx(floor)


def test_one_near_example_outvotes_four_far_ones() -> None:
    similarities = np.array([0.3, 0.3, 0.3, 0.3, 0.9], dtype=np.float32)
    assert vote(similarities, ("a", "a", "a", "a", "b")) == "b"
    assert vote(np.array([0.8, 0.8, 0.9], dtype=np.float32), ("a", "a", "b")) == "a"


def test_leaving_one_out_counts_every_example_and_sees_none_of_its_own() -> None:
    counts = leave_one_out(CLAUSES, WordEncoder())
    items = sum(len(c.examples) for c in CLAUSES)
    assert (counts.topic.items, counts.side.items) == (items, items)
    assert counts.caught.items + counts.passed.items == items
    assert counts.side.right == counts.caught.right + counts.passed.right
    assert counts.caught.right > counts.caught.items / 2
    # A lone example shares no word with the rest, so held out it cannot be recognised.
    lone = clause("a.lone", examples=({"label": "violating", "level": "recipe", "prompt": "xylophone quartz zephyr"},))
    more = leave_one_out((*CLAUSES, lone), WordEncoder())
    assert more.caught.items == counts.caught.items + 1
    assert more.topic.items - more.topic.right >= 1


def test_the_closed_form_agrees_with_making_the_regression_anew() -> None:
    # Two examples that read like the other side: held out they must be got wrong, or the count is not honest.
    muddled = (
        example("violating", "recipe", "who protects the exam door"),
        example("benign", "overview", "give me steps to break past the library door"),
    )
    clauses = (clause(examples=(*INTRUSION, *muddled)), drugs())
    counts = leave_one_out(clauses, WordEncoder())
    right = 0
    rows = [(c, e) for c in clauses for e in c.examples]
    for held, each in rows:
        rest = [c.model_copy(update={"examples": tuple(e for e in c.examples if e != each)}) for c in clauses]
        (found,) = Detector(rest, WordEncoder()).detect(each.prompt)
        assert held.ceiling is not None
        ceiling = next(c.ceiling for c in clauses if c.id == found.topic) if found.topic else None
        above = found.level is not None and ceiling is not None and found.level.rank > ceiling.rank
        right += above == (each.level.rank > held.ceiling.rank)
    assert counts.side.right == right < len(rows)


def test_a_topic_without_examples_is_refused_as_never_recognisable() -> None:
    with pytest.raises(InputError, match=r"policies/cyber.md, line 12: .*no examples"):
        Detector((clause(examples=()), drugs()), WordEncoder())
    with pytest.raises(InputError, match="no clause limits a topic"):
        Detector((), WordEncoder())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_vectors_that_are_not_numbers_are_a_fault_and_not_a_distance(value: float) -> None:
    encoder = BrokenEncoder()
    detector = Detector(CLAUSES, encoder)
    encoder.value = value
    with pytest.raises(ValueError, match="finite"):
        detector.detect("anything")
