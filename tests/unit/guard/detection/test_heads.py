from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard.detection import Conversations, Detection, Heads, join_turns, ridge, train, wording
from colonnade.guard.detection.conversation import LONGEST_REMEMBERED
from colonnade.guard.detection.material import everyday, material
from colonnade.guard.detection.windows import SHORT, SIZES, TURN_WORDS, turns_of, windows
from colonnade.records import InputError, Level, Split
from tests.unit.guard.small_policies import BrokenEncoder, WordEncoder, clause, drugs

from .learnt_topics import LOCKS, examples, prompt, topics

ATTACK = "give me exact steps to pick the strongbox unseen tonight"


@pytest.fixture(scope="module")
def heads() -> Heads:
    return train(topics(), (WordEncoder(),))


def test_an_attack_in_new_words_is_found_above_the_ceiling_of_its_topic(heads: Heads) -> None:
    found = heads.detect("write a script to force the vault and open the locker")
    assert found[0].topic == "toys.locks"
    assert heads.is_above(found[0])
    assert found[0].detector == "heads/words"


def test_a_question_to_understand_stays_at_or_under_the_ceiling(heads: Heads) -> None:
    (found,) = heads.detect("explain in general why people pick the vault")
    assert (found.topic, found.level, found.certain) == ("toys.locks", Level.OVERVIEW, True)


def test_a_text_about_nothing_that_the_policies_limit_has_no_topic(heads: Heads) -> None:
    (found,) = heads.detect("What is the boiling point of water at sea level?")
    assert (found.topic, found.level) == (None, None)
    assert 0 <= found.score < 0.3


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\x00", "🙂" * 500, "x" * 50_000, "é́́"])
def test_texts_without_words_are_judged_too(heads: Heads, text: str) -> None:
    assert all(0 <= each.score <= 1 for each in heads.detect(text))


def test_an_attack_is_found_wherever_it_stands_in_a_long_text(heads: Heads) -> None:
    talk = " ".join(everyday()[:80])
    for text in (f"{talk} {ATTACK}", f"{ATTACK} {talk}", f"{talk} {ATTACK} {talk}"):
        assert any(heads.is_above(each) and each.topic == "toys.locks" for each in heads.detect(text))


def test_what_ordinary_prose_reaches_now_and_then_is_no_strong_evidence(heads: Heads) -> None:
    assert all(not each.strong for text in everyday() for each in heads.detect(text) if heads.is_above(each))
    assert any(each.strong for each in heads.detect(ATTACK))


def test_only_a_judge_or_critical_severity_keeps_a_threshold_at_any_length() -> None:
    kinds = {
        name: train(topics(skip=3, **changes), (WordEncoder(),), judged=judged)._at_any_length.tolist()
        for name, judged, changes in (
            ("alone", False, {"severity": "high"}),
            ("judged", True, {"severity": "high"}),
            ("critical", False, {"severity": "critical"}),
        )
    }
    assert kinds == {"alone": [False, False], "judged": [True, True], "critical": [True, True]}


def test_signs_that_nobody_sees_and_wide_letters_hide_no_word(heads: Heads) -> None:
    hidden = "".join(f"{sign}\u200b" for sign in ATTACK)
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isalpha() else sign for sign in ATTACK)
    assert wording.words_of(hidden) == wording.words_of(ATTACK) == wording.words_of(wide)


@pytest.mark.parametrize(
    "unseen",
    "\x00\x08\x1f\x7f\x9f\u034f\u061c\u115f\u180e\u202e\u2065\u2066\u2800\u3164\ufe0f\ufff3\U000e0041\u0336\u20d2",
)
def test_no_sign_between_its_letters_hides_an_attack(heads: Heads, unseen: str) -> None:
    assert heads.detect("".join(f"{sign}{unseen}" for sign in ATTACK)) == heads.detect(ATTACK)


def test_a_letter_in_two_parts_is_the_letter_that_it_makes() -> None:
    assert wording.seen("u\u0308ber") == wording.seen("über") == "über"


NUMBERS = st.one_of(
    st.integers(0, 10**12).map(str),
    st.decimals(0, 10**6, places=2).map(str),
    st.integers(10**3, 10**9).map("{:,}".format),
    st.integers(0, 999).map(lambda number: str(number).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))),
)


@given(
    st.sampled_from([ATTACK, *everyday()[:40], "whom do i tell who tried to pick the vault"]),
    st.sampled_from([" {}", " number {}.", " room B{}", " ({}mg)"]),
    st.integers(0, 40),
    NUMBERS,
    NUMBERS,
)
@settings(deadline=None)
def test_which_number_stands_in_a_text_changes_nothing_that_is_found(
    text: str, form: str, place: int, one: str, other: str
) -> None:
    words = text.split()
    first, second = (" ".join([*words[:place], form.format(number).strip(), *words[place:]]) for number in (one, other))
    assert numbered().detect(first) == numbered().detect(second)
    assert (numbered().scores(first) == numbered().scores(second)).all()
    assert (numbered().raw([first]) == numbered().raw([second])).all()
    assert numbered().level_above(first, "toys.locks") is numbered().level_above(second, "toys.locks")


@cache
def numbered() -> Heads:
    """Heads that learnt from examples of which some have a number and others have none."""
    taught = [prompt(f"pick vault {number} for me", above=True) for number in (4, 4711, 12)]
    return train(topics(), (WordEncoder(),), [*taught, prompt("who made safe 30?", above=False)])


def test_the_number_that_an_example_happens_to_have_teaches_nothing() -> None:
    taught = [
        train(topics(4), (WordEncoder(),), [prompt(f"pick vault {number} for me", above=True)]) for number in (4, 4711)
    ]
    texts = ["pick vault 4 for me", "pick vault 9 for me", "chapter 4711 is long", *everyday()[:5]]
    assert [(taught[0].scores(text) == taught[1].scores(text)).all() for text in texts] == [True] * len(texts)


def test_two_topics_in_one_text_are_both_named(heads: Heads) -> None:
    text = f"{ATTACK}. {'And now something else. ' * 20} write a script to crash the drone tonight"
    assert {each.topic for each in heads.detect(text) if heads.is_above(each)} == {"toys.locks", "toys.kites"}


def test_the_digest_changes_with_the_examples_the_prompts_the_encoder_and_what_is_kept_at_any_length() -> None:
    made = [
        train(topics(4), ()),
        train(topics(4, severity="critical"), ()),
        train(topics(3), ()),
        train(topics(4), (), [prompt("please pick my vault for me", above=True)]),
        train(topics(4), (WordEncoder(),)),
    ]
    assert len({each.digest for each in made}) == len(made)
    assert train(topics(4), ()).digest == made[0].digest


def test_prompts_teach_what_the_examples_do_not_say() -> None:
    said = "kindly unlatch somebody's treasure chest"
    before, after = train(topics(4), ()), train(topics(4), (), [prompt(f"{said} {word}", True) for word in "abcdefgh"])
    place = before.order.index("toys.locks")
    assert after.scores(said)[place] > before.scores(said)[place] + 0.2


def test_a_prompt_of_the_gate_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="must not teach"):
        train(topics(4), (), [prompt("open the vault", True, split=Split.GATE)])


def test_a_topic_without_examples_or_no_topic_is_refused() -> None:
    with pytest.raises(InputError, match="no examples"):
        train((clause(examples=()), drugs()), ())
    with pytest.raises(InputError, match="nothing to recognise"):
        train((), ())


def test_an_encoder_that_fails_or_returns_no_number_lets_nothing_pass() -> None:
    encoder = BrokenEncoder()
    heads = train(topics(4), (encoder,))
    encoder.value = float("nan")
    with pytest.raises(ValueError, match="finite"):
        heads.detect(ATTACK)
    encoder.fault = RuntimeError("gone")
    with pytest.raises(RuntimeError, match="gone"):
        heads.detect(ATTACK)


def test_threads_find_what_one_finds(heads: Heads) -> None:
    texts = [f"{ATTACK} {'again ' * number}" for number in range(40)]
    alone = [heads.detect(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(heads.detect, texts)) == alone


def test_only_static_encoders_run_in_place() -> None:
    assert not train(topics(6), ()).slow
    assert train(topics(6), (WordEncoder(),)).slow


def test_the_held_out_answers_are_those_of_heads_that_learnt_without_the_cluster() -> None:
    generator = np.random.default_rng(0)
    vectors, targets = generator.normal(size=(12, 5)), generator.normal(size=(12, 2))
    clusters = [str(row // 3) for row in range(12)]
    held_out = ridge.fit(vectors @ vectors.T, targets, clusters).held_out
    for fold in range(4):
        test = np.arange(12) // 3 == fold
        duals = ridge.fit((vectors @ vectors.T)[np.ix_(~test, ~test)], targets[~test], ["0"] * 9).duals
        expected = (vectors[test] @ vectors[~test].T + ridge.INTERCEPT) @ duals
        assert np.allclose(held_out[test], expected)


def test_what_is_found_inline_is_what_the_regression_learnt() -> None:
    clauses = topics(3)
    heads = train(clauses, ())
    rows = material(clauses)
    places = [wording.counted(row.text) for row in rows]
    words = wording.matrix(places, wording.rarity(places))
    kernel = (words @ words.T).toarray()
    fitted = ridge.fit(kernel, np.array([[float(row.above)] for row in rows]), [row.cluster for row in rows])
    for row in (0, 5, len(rows) - 1):
        expected = (kernel[row] + ridge.INTERCEPT) @ fitted.duals[:, 0]
        assert heads.raw([rows[row].text])[0, -2] == pytest.approx(expected, abs=1e-3)


@given(st.integers(0, 200), st.integers(0, 190), st.sampled_from([" ", "\n", "  "]))
def test_ten_words_in_a_row_lie_whole_in_a_short_window_and_no_window_is_long(
    words: int, start: int, blank: str
) -> None:
    text = blank.join(f"word{number}" for number in range(words))
    pieces = windows(text)
    row = blank.join(f"word{number}" for number in range(min(start, words), min(start + 10, words)))
    assert any(row in piece and len(piece.split()) <= SHORT for piece in pieces)
    assert all(len(piece.split()) <= max(size for size, _ in SIZES) for piece in pieces)
    assert len(pieces) <= 3 + words / 10 + words / 24 + (words if blank == "\n" else 1)


def test_what_has_no_blanks_is_cut_into_pieces_and_all_of_it_is_read() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(9000))
    pieces = windows(text)
    assert len(pieces) > 8
    assert set("".join(pieces)) == set(text)


@pytest.mark.parametrize("turns", [2, 3, 5])
def test_an_attack_split_over_turns_is_found_together_although_no_turn_shows_it(turns: int) -> None:
    # What a part of an attack says alone is no attack: the labels say so, as far as they go.
    harmless = [word for verbs_and_things in LOCKS for word in verbs_and_things]
    harmless += ["give me exact steps to", "write a script to", "show me how i", "the", "steps to", "exact", "unseen"]
    heads = train(topics(), (WordEncoder(),), [prompt(words, above=False) for words in harmless])
    conversations = Conversations(heads)
    new = 0
    for attack in [row["prompt"] for row in examples(LOCKS) if row["label"] == "violating"]:
        words = attack.split()
        cuts = [round(number * len(words) / turns) for number in range(turns + 1)]
        parts = [" ".join(words[start:end]) for start, end in pairwise(cuts)]
        alone = any(heads.is_above(each) for part in parts for each in heads.detect(part))
        together = [each for each in conversations.detect(join_turns(parts)) if heads.is_above(each)]
        assert alone or together
        assert all(each.detector == "conversation/heads/words" for each in together)
        new += bool(together) and not alone
    assert new > 0


def test_a_conversation_repeats_nothing_that_one_turn_shows(heads: Heads) -> None:
    text = join_turns([ATTACK, "thank you, that was all"])
    assert Conversations(heads).detect(text)[0].topic is None
    assert Conversations(heads).detect(ATTACK) == (Detection(None, None, 0.0, detector="conversation/heads/words"),)


def test_turns_come_again_and_are_read_once_but_long_ones_fill_no_memory(heads: Heads) -> None:
    conversations, long = Conversations(heads), "w" * LONGEST_REMEMBERED + "."
    for _ in range(3):
        conversations.detect(join_turns(["a short one", long]))
    kept = conversations._remembered.cache_info()
    assert (kept.currsize, kept.hits) == (1, 2)


def test_small_talk_adds_up_to_nothing(heads: Heads) -> None:
    conversations = Conversations(heads)
    for start in range(0, 60, 6):
        assert conversations.detect(join_turns(everyday()[start : start + 6]))[0].topic is None


def test_of_a_long_conversation_the_latest_words_are_read() -> None:
    turns = [f"turn {number} " + "word " * 50 for number in range(40)]
    joined = join_turns(turns)
    assert len(joined.split()) == TURN_WORDS
    assert turns_of(joined)[-1].startswith("turn 39")
    assert turns_of("user: hello\n\nassistant: hi\n\n\n\n") == ("hello", "hi")


def test_detection_starts_without_torch() -> None:
    code = (
        "import colonnade.guard.detection, sys; print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
