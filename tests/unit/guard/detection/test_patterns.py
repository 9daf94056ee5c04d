from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard.detection.patterns import PatternDetector, Patterns, pattern_detectors
from colonnade.guard.detection.reading import clean, run_on, text_run_on
from colonnade.records import InputError, Level, Pattern, PersonalData
from tests.unit.guard.detection.clauses import clause_with, expression, personal, word
from tests.unit.guard.detection.watch import Watch


def patterns(*rows: Pattern) -> Patterns:
    return Patterns([clause_with(*rows)], "reply")


def matched(found: Patterns, text: str) -> list[str]:
    return [text[slice(*match.span)] for match in found.find(text)]


DISGUISES = (
    "the Harbinger plan",
    "the HARBINGER plan",
    "the Ｈａｒｂｉｎｇｅｒ plan",
    "the 𝐇𝐚𝐫𝐛𝐢𝐧𝐠𝐞𝐫 plan",
    "the Har\u200bbin\u00adger plan",
    "the \u202eHarbinger plan",
    "the Наrbіngеr plan",
    "the Hárbïngèr plan",
    "the H4rb1ng3r plan",
    "the H a r b i n g e r plan",
    "the H.a.r.b.i.n.g.e.r plan",
    "the H - a - r - b - i - n - g - e - r plan",
    "the h_a_r_b_i_n_g_e_r plan",
    "the H\na\nr\nb\ni\nn\ng\ne\nr plan",
    "the ha\ufe0frbi\U000e0041nger plan",
)


@pytest.mark.parametrize("text", DISGUISES)
def test_a_fixed_text_is_found_behind_every_disguise_that_is_read_through(text: str) -> None:
    (match,) = {found.span for found in patterns(word("Harbinger")).find(text)}
    assert text[slice(*match)][0] in "HhНＨ𝐇"
    assert text[slice(*match)][-1] in "rRｒ𝐫"
    assert (match[0], len(text) - match[1]) in ((4, 5), (5, 5))


@pytest.mark.parametrize("unseen", "\x00\x08\x1b\x7f\x9f\u2065\ufff3\U000e0080\u034f\u180b")
def test_no_character_that_is_not_seen_parts_a_fixed_text(unseen: str) -> None:
    text = f"the har{unseen}binger plan"
    assert matched(patterns(word("Harbinger")), text) == [text[4:-5]]
    assert matched(patterns(expression(r"\bharbinger\b")), text) == [text[4:-5]]


@pytest.mark.parametrize(
    "text", ["ʜᴀʀʙɪɴɢᴇʀ", "🅷🅰🆁🅱🅸🅽🅶🅴🆁", "🅗🅐🅡🅑🅘🅝🅖🅔🅡", "🇭🇦🇷🇧🇮🇳🇬🇪🇷", "ħarƀinger", "harЬinɡer", "ɦɑɍɓɨɲɠɇɽ", "⒣⒜⒭⒝⒤⒩⒢⒠⒭"]
)
def test_letters_that_only_look_otherwise_are_the_letters(text: str) -> None:
    assert matched(patterns(word("Harbinger")), f"the {text} plan") == [text]


@pytest.mark.parametrize("four", "❹➃➍⓸⑷④⁴₄٤")
def test_a_digit_in_whatever_circle_is_a_digit(four: str) -> None:
    assert patterns(expression("a4402")).find(f"A{four}402")


@pytest.mark.parametrize("dash", "‐‑‒–—―−⁃﹘－")
def test_every_dash_is_a_hyphen(dash: str) -> None:
    text = f"the code{dash}7731 now"
    assert matched(patterns(expression("code-7731")), text) == [text[4:-4]]
    assert matched(patterns(word("code-7731")), text) == [text[4:-4]]


@pytest.mark.parametrize("blank", "\v\f\x1c\x85\u2028")
def test_every_blank_parts_letters_that_stand_apart(blank: str) -> None:
    text = f"a {blank.join('harbinger')} z"
    assert matched(patterns(word("harbinger")), text) == [text[2:-2]]


def test_a_hyphen_of_a_fixed_text_whose_letters_stand_apart_is_one_between_letters() -> None:
    found = patterns(word("re-sign"))
    for text in ("r e - s i g n", "r e s i g n", "r.e.s.i.g.n"):
        assert matched(found, f"to {text} now") == [text]
    assert not found.find("to resign now, or a b resign")


@pytest.mark.parametrize("literal", ["Новости", "новости", "ΝΗΣΟΣ", "νησοσ", "γωνια"])
def test_capitals_of_other_scripts_are_the_same_letters(literal: str) -> None:
    for text in (literal.lower(), literal.upper(), literal.title()):
        assert matched(patterns(word(literal)), f"- {text} -") == [text]


@pytest.mark.parametrize("text", DISGUISES[:8])
def test_an_expression_is_found_in_the_clean_reading_too(text: str) -> None:
    assert patterns(expression(r"\bharbinger\b")).find(text)


def test_an_expression_is_found_with_its_letters_spaced_out() -> None:
    assert patterns(expression(r"\bproject\s{1,3}harbinger\b")).find("p r o j e c t  h a r b i n g e r now")


@pytest.mark.parametrize("text", ["har binger", "a number 8055", "hbringer", "", "harbin", "4 12 8155"])
def test_what_only_resembles_the_text_is_not_found(text: str) -> None:
    assert not patterns(word("harbinger"), Pattern(name="boss", literal="boss")).find(text)


def test_a_number_is_no_word_and_a_word_with_digits_is() -> None:
    found = patterns(word("boss"))
    assert matched(found, "call 8055 and b0ss") == ["b0ss"]
    assert matched(patterns(word("B2")), "bz B2 bs") == ["B2"]


def test_case_counts_where_the_expression_says_so() -> None:
    found = patterns(expression(r"(?<!\w)(?-i:[A-Z]{2})[0-9]{4}(?!\w)"))
    assert matched(found, "ab1234 AB1234") == ["AB1234"]


def test_accents_of_the_expression_are_found_as_written_and_without() -> None:
    found = patterns(expression("müllkippe"))
    assert [matched(found, text) for text in ("die Müllkippe", "die Mullkippe", "die mullkipe")] == [
        ["Müllkippe"],
        ["Mullkippe"],
        [],
    ]


def test_spans_lead_back_to_the_original_through_letters_that_become_two() -> None:
    text = "ﬁﬁ ß harbinger ß"
    assert matched(patterns(word("harbinger")), text) == ["harbinger"]


def test_patterns_of_one_side_are_not_looked_for_on_the_other() -> None:
    clause = clause_with(word("harbinger", side="request"))
    assert Patterns([clause], "request").find("harbinger")
    assert not Patterns([clause], "reply").find("harbinger")
    assert [detector.name for detector in pattern_detectors([clause])] == ["patterns/request"]


def test_a_detection_names_topic_level_pattern_and_span() -> None:
    detector = PatternDetector([clause_with(word("harbinger", level=Level.ACTIONABLE))], "reply")
    (found,) = detector.detect("a harbinger")
    assert (found.topic, found.level, found.score, found.certain) == ("works.secret", Level.ACTIONABLE, 1.0, True)
    assert (found.detector, found.span) == ("patterns/reply/word", (2, 11))
    assert detector.digest != PatternDetector([clause_with(word("harbingers"))], "reply").digest
    assert not detector.slow
    assert detector.reads == {"reply"}
    assert detector.topics == {"works.secret"}


def test_an_expression_that_cannot_be_used_is_refused_with_the_place_of_its_clause() -> None:
    with pytest.raises(InputError, match=r"works.md, line 7: the pattern 'expression' of 'works.secret' .* bound"):
        Patterns([clause_with(expression("a+"), file="works.md", line=7)], "reply")


def test_a_text_without_visible_characters_is_refused() -> None:
    with pytest.raises(InputError, match="no visible character"):
        patterns(word("\u200b\u200b"))


# --- streams ---------------------------------------------------------------------------------------

ROWS = (
    Pattern(name="one", literal="abca"),
    Pattern(name="two", literal="a bß"),
    Pattern(name="three", find=r"\bc{1,3}(?:a|bb){0,2}\b"),
    Pattern(name="four", find=r"(?<!b)1[0-9]{2,3}(?!2|ab)"),
    Pattern(name="five", find=r"a(?=b c)[abc ]{1,4}b"),
    Pattern(name="six", find=r"ä.{0,2}c"),
    Pattern(name="seven", find=r"(?:b(?!\s?1)[ab]){1,2}c"),
)
SIGNS = st.sampled_from([*"abc12 .-ßäB\n", "\u200b", "\u0301", "ﬁ", "а", " ", "b", "a"])
TEXTS = st.text(SIGNS, max_size=24)


@settings(max_examples=600, deadline=None)
@given(TEXTS, st.lists(st.sampled_from(ROWS), min_size=1, max_size=3, unique_by=lambda row: row.name))
def test_nothing_released_is_ever_part_of_a_later_match(text: str, rows: list[Pattern]) -> None:
    found = patterns(*rows)
    whole = found.find(text)
    for cut in range(len(text) + 1):
        if found.find(text[:cut], complete=False):
            break
        until = found.pending(text[:cut])
        assert all(match.span[0] >= until for match in whole), (cut, until, whole)


PIECES = st.lists(st.integers(1, 40), min_size=1, max_size=60)
KINDS = [personal(kind) for kind in PersonalData if kind is not PersonalData.PRESIDIO]
SNIPPETS = st.sampled_from(
    [
        "my card is 4111 1111 1111 1111 ",
        "write to r.t@lib.example.org, ",
        "call me at 030 901820 ",
        "+49 30 901820",
        "DE89 3704 0044 0532 0130 00 ",
        "born 3 March 1987 ",
        "10.1.2.3 ",
        "I live at 12 Linden Street ",
        "order 4111 1111 1111 1112 ",
        "version 1.2.3.4 of it ",
        "123-45-6788 ",
        "\u200b",
        "harbinger",
        "h a r b i n g e r",
        "har",
        "the plan is quite long and says nothing at all, really nothing. ",
        "7",
        " ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SNIPPETS, max_size=12), PIECES)
def test_a_watched_stream_shows_all_before_the_first_match_and_nothing_of_it(
    parts: list[str], sizes: list[int]
) -> None:
    text = "".join(parts)
    found = patterns(word("harbinger"), *KINDS)
    watch, shown, place, turn = Watch(found), "", 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        shown += watch.feed(text[place : place + size]).release
        place, turn = place + size, turn + 1
    shown += watch.finish().release
    first = min((match.span[0] for match in found.find(text)), default=len(text))
    assert text.startswith(shown)
    assert len(shown) <= first
    if not watch.found:
        assert shown == text
        assert first == len(text)


def test_a_stream_that_holds_nothing_goes_out_word_by_word() -> None:
    watch = Watch(patterns(word("harbinger"), expression(r"\bcode [0-9]{4}\b")))
    lags = []
    for sign in "A long and harmless answer, half of it about harbours and codes. " * 20:
        watch.feed(sign)
        lags.append(watch.held)
    assert max(lags) <= 6
    assert sum(lags) / len(lags) < 1.0


def test_what_the_clause_says_is_held_back_whatever_comes() -> None:
    watch = Watch(patterns(word("harbinger")), characters=20)
    assert watch.feed("x" * 50).release == "x" * 30
    assert watch.finish().release == "x" * 20


def test_never_more_is_held_back_than_the_longest_match_where_nothing_is_disguised() -> None:
    found = patterns(*ROWS[:1], *ROWS[2:5])
    text = "abc 11 cab aab cbb 1 " * 3
    # A letter that stands alone may yet be joined to the one before it: a gap and a letter more.
    assert all(cut - found.pending(text[:cut]) <= found.longest + 4 for cut in range(len(text)))


# --- time ------------------------------------------------------------------------------------------

HOSTILE = (
    "a" * 20_000,
    "1" * 20_000,
    "a1" * 10_000,
    "@." * 10_000,
    "1 " * 10_000,
    "a.b@" * 5_000,
    "+1 (" * 5_000,
    ":" * 20_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:4])
def test_no_text_takes_long(text: str) -> None:
    found = patterns(word("harbinger"), *KINDS, *ROWS[2:])
    began = time.process_time()
    found.find(text, complete=False)
    found.pending(text)
    assert time.process_time() - began < 5.0


SPLIT = (
    "the Harb\n\ninger plan",
    "Harbinge\n\nr",
    "the H\n\nARBINGER",
    "the Har\n\nbin\n\ngers",
    "the H4rb \n\n ing3r plan",
    "the Hаrb\n\nіngеr plan",
    "the Ｈａｒb\n\ninger plan",
    "the Har\u200b\n\n\u00adbinger plan",
    "the Harb\n\n\n\ninger plan",
)


@pytest.mark.parametrize("text", SPLIT)
def test_a_fixed_text_that_is_split_over_turns_of_a_request_is_found(text: str) -> None:
    (detector, reply) = pattern_detectors([clause_with(word("Harbinger"))])
    (found,) = detector.detect(text)
    assert found.span is not None
    assert text[slice(*found.span)].replace("\n", "").replace("\r", "").replace(" ", "")[0] in "HhＨ"
    assert text[found.span[1] - 1] in "rR"
    assert reply.detect(text) == (), "a stream could not have been held back for it"


@given(st.text(alphabet="ab \n\r\t\u00e9\u2028", max_size=30))
def test_turns_run_on_read_the_same_with_and_without_the_way_back(text: str) -> None:
    reading = clean(text)
    assert run_on(reading).text == text_run_on(reading.text)


def test_a_split_at_a_blank_or_a_sign_of_the_fixed_text_is_found_as_well() -> None:
    for literal, turns in (
        ("project nightjar", ("about project", "nightjar now")),
        ("project nightjar", ("about proj", "ect nightjar now")),
        ("zyxgorp-7731", ("about zyxgorp-", "7731 now")),
        ("zyxgorp-7731", ("about zyxgorp", "-7731 now")),
    ):
        (detector, _) = pattern_detectors([clause_with(word(literal))])
        assert detector.detect("\n\n".join(turns)), (literal, turns)


def test_the_middles_of_two_words_in_two_turns_are_no_fixed_text_nor_are_two_lines_of_one() -> None:
    (detector, _) = pattern_detectors([clause_with(word("sex"))])
    assert not detector.detect("many thanks\n\nexample two")
    assert detector.detect("his s\n\nex")
    (harbinger, _) = pattern_detectors([clause_with(word("Harbinger"))])
    assert not harbinger.detect("the Harb\ninger plan")
    assert not harbinger.detect("the Harb\n\nx\n\ninger plan")
    assert len(harbinger.detect("Harbinger\n\nthe Harbinger")) == 2, "and none is found twice"


@given(st.from_regex(r"[abcXYZ]{2,5}(?:[ -][abcXYZ]{2,5}){0,2}", fullmatch=True), st.data())
def test_wherever_a_fixed_text_is_cut_into_two_turns_it_is_found(literal: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(literal) - 1))
    text = f"say: {literal[:cut]}\n\n{literal[cut:]} please"
    (detector, _) = pattern_detectors([clause_with(word(literal))])
    assert detector.detect(text), text
