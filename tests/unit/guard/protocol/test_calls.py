from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.protocol.calls import Plainer, judged_arguments, plain_escapes, readable, unescaped

ESCAPED = st.lists(
    st.sampled_from([
        "\\u0062", "\\u000a", "\\u0022", "\\u005C", "\\ud83d", "\\ude00", "\\uD83D\\uDE00", "\\n", "\\/", "\\\\", '\\"',
        "a", "ü", "u0061", "\\u00", "\\",
    ])
).map("".join)  # fmt: skip


@given(ESCAPED, st.lists(st.integers(0, 60)))
def test_pieces_are_made_plain_like_the_whole(text: str, places: list[int]) -> None:
    plainer = Plainer()
    cuts = sorted({0, len(text), *(place for place in places if place < len(text))})
    said = "".join(plainer.feed(text[start:end]) for start, end in pairwise(cuts))
    assert said + plainer.finish() == plain_escapes(text)


@given(st.text(), st.booleans())
def test_plain_json_means_the_same_and_shows_every_letter(text: str, ascii_only: bool) -> None:
    escaped = json.dumps(text, ensure_ascii=ascii_only)
    assert json.loads(plain_escapes(escaped)) == text
    hidden = '"' + "".join(f"\\u{ord(letter):04x}" for letter in "bomb") + '"'
    assert plain_escapes(hidden) == '"bomb"'


@given(ESCAPED)
def test_a_readable_text_is_as_long_as_the_text(text: str) -> None:
    assert len(readable("tool:0", text)) == len(text)
    assert readable("content", text) == text


def test_words_on_two_lines_of_an_argument_are_two_words() -> None:
    assert readable("tool:1", 'say\n{"a":"break\\ninto \\"it\\""}') == 'say\n{"a":"break\0 into \0"it\0""}'


def test_escaped_words_of_an_earlier_call_are_judged_as_they_are_read() -> None:
    assert judged_arguments('{"a":["\\u0062read",{"b":"c"}]}').endswith("\na\nbread\nb\nc")
    assert judged_arguments('{"a":"b"}') == '{"a":"b"}'
    assert judged_arguments('{"\\') == '{"\\'


def test_json_within_the_arguments_of_an_earlier_call_is_read_too() -> None:
    inner = json.dumps({"a": "хлеб"})
    assert "хлеб" in judged_arguments(json.dumps({"body": inner})).replace("\0", "")


@given(st.text(alphabet='\\u0dc8bnaфz😀"'))
def test_an_unescaped_text_is_as_long_as_the_text(text: str) -> None:
    assert len(unescaped(text)) == len(text)


@given(st.text(), st.integers(1, 3))
def test_a_text_in_json_in_json_is_read_as_the_text(text: str, depth: int) -> None:
    packed = text = "".join(letter for letter in text if letter.isalnum())
    for _ in range(depth):
        packed = json.dumps(packed)
    assert unescaped(packed).replace("\0", "").replace(chr(34), "") == text


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a":"\\u0062read","a":"rice"}',
        '{"number":' + "1" * 5000 + ',"a":"\\u0062read"}',
        '{"a":"\\u0062read",}',
        '{"tab":"\t","a":"\\u0062read"}',
        '\ufeff{"a":"\\u0062read"}',
        "[" * 5000 + '"\\u0062read"' + "]" * 5000,
    ],
)
def test_an_escaped_word_is_judged_in_whatever_another_reader_may_take_for_json(arguments: str) -> None:
    assert "bread" in judged_arguments(arguments)
