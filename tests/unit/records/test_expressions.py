"""Expressions of bounded width that no text makes slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.guard.detection.partial import beginnings
from colonnade.records.expressions import ExpressionError, read_expression

REFUSED = (
    ("a+", "no longest match"),
    ("a*b", "no longest match"),
    ("a{3,}", "no longest match"),
    ("a{0,9}", "matches where nothing stands"),
    ("a{401}", "401 characters long"),
    (r"\bab$", "a beginning or an end"),
    ("^ab", "a beginning or an end"),
    (r"(a)\1", "refers back"),
    ("(?>ab)", "refers back"),
    ("a?+b", "refers back"),
    ("(", "no regular expression"),
    ("(?a)ab", "flag"),
    ("(?=a{33})a", "more than 32"),
    ("(a{1,9}){1,9}b", "too many ways"),
    ("(a|a){9}(a|a){9}b", "too many ways"),
    ("(a?){9}b", "too many ways"),
    ("a{0,40}a{0,40}a{0,40}b", "too many ways"),
    ("(?:(?:(?:(?:(?:(?:(?:ab?){1,2}c?){1,2}d?){1,2}e?){1,2}f?){1,2}g?){1,2}h?){1,2}", "nested too deeply"),
)


@pytest.mark.parametrize(("source", "words"), REFUSED, ids=[source[:20] for source, _ in REFUSED])
def test_what_has_no_bound_or_could_be_slow_is_refused_with_how_to_mend_it(source: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words) as caught:
        read_expression(source)
    assert caught.value.mend.endswith(".")


@pytest.mark.parametrize(
    ("source", "longest", "ahead", "behind"),
    [
        ("abc", 3, 0, 0),
        (r"\bproject\s{1,3}x\b", 11, 1, 1),
        (r"(?<!\d)[0-9]{3}(?:-[0-9]{2}){2}(?!\d\d)", 9, 2, 1),
        ("(?:ab|c){2}", 4, 0, 0),
        ("(?-i:AB)c", 3, 0, 0),
    ],
)
def test_how_far_an_expression_reaches_is_known(source: str, longest: int, ahead: int, behind: int) -> None:
    read = read_expression(source)
    assert (read.longest, read.ahead, read.behind) == (longest, ahead, behind)


PIECES = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", r"\d", r"\b", "c", " ", "(?=a)", "(?<!b)", "(?!ab)", "ß", "(?-i:A)"]
)
SOURCES = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda rows: f"(?:{'|'.join(rows)})"),
        st.tuples(inner, st.sampled_from(["?", "{1,3}", "{2}", "{0,2}?", "{1,12}"])).map(
            lambda row: f"(?:{row[0]}){row[1]}"
        ),
    ),
    max_leaves=8,
)
TEXTS = st.text(st.sampled_from("aabbc1 AßB\n"), max_size=14)


@settings(max_examples=800, deadline=None)
@given(SOURCES, TEXTS)
def test_an_expression_written_anew_matches_what_it_matched(source: str, text: str) -> None:
    try:
        read = read_expression(source)
    except ExpressionError:
        return
    first = [match.span() for match in re.finditer(source, text, re.IGNORECASE)]
    assert [match.span() for match in re.finditer(read.source, text, re.IGNORECASE)] == first
    assert all(end - start <= read.longest for start, end in first)


@settings(max_examples=800, deadline=None)
@given(SOURCES, TEXTS, st.integers(0, 14))
def test_no_match_begins_before_the_first_beginning_at_the_end_of_what_has_come(
    source: str, text: str, cut: int
) -> None:
    try:
        read = read_expression(source)
    except ExpressionError:
        return
    come = text[:cut]
    begun = re.compile(beginnings(read), re.IGNORECASE).search(come)
    until = len(come) if begun is None else begun.start()
    for start in range(until):
        match = re.compile(source, re.IGNORECASE).match(text, start)
        # What was whole, and needed nothing behind it, was there to be found.
        assert match is None or match.end() + read.ahead <= len(come)


@settings(max_examples=60, deadline=None)
@given(SOURCES, st.sampled_from(["a", "ab", "ba", "1", "aB ", "abc"]))
def test_no_expression_that_is_let_through_is_slow(source: str, unit: str) -> None:
    try:
        read = read_expression(source)
    except ExpressionError:
        return
    text = unit * 400 + "~"
    began = time.process_time()
    re.compile(read.source, re.IGNORECASE).search(text)
    re.compile(beginnings(read), re.IGNORECASE).search(text)
    assert time.process_time() - began < 2.0
