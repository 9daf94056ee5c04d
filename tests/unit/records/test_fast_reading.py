"""The parser in C and the one in Python agree, and the one in C is never led beyond its stack."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import InputError, reading
from colonnade.records.reading import LocatedYaml, parse_yaml

FILE = Path("some.yaml")
SLOW = pytest.mark.skipif(reading._FastLoader is None, reason="PyYAML has no C parser here")
BLOCK = """\
boundary: restricted
ceiling:
scope: {modality: [text, code], region: ["*"]}
exceptions:
  - {id: desk, ceiling: mechanism, when: {tier: staff},
     because: "a request, no. 7", expires: 2027-06-30}
rubric:
  - ask: >
      Does it
      help?
    weight: 3
maps: {air: [], owasp: [a, b]}
"""


def _outcome(text: str, fast: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[object, ...]:
    with monkeypatch.context() as patch:
        if not fast:
            patch.setattr(reading, "_FastLoader", None)
        try:
            located: LocatedYaml = parse_yaml(text, FILE, first_line=7)
        except InputError as fault:
            return fault.sentence, fault.line
        return repr(located.value), located.lines


@SLOW
@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(BLOCK) - 1), st.sampled_from(list("\"'{}[]:-#`&*!|>%@ \n\t0,?")))
def test_what_both_parsers_accept_has_one_value_and_what_the_fast_one_refuses_has_the_words_of_the_other(
    place: int, sign: str
) -> None:
    text = BLOCK[:place] + sign + BLOCK[place + 1 :]
    with pytest.MonkeyPatch.context() as patch:
        fast, slow = _outcome(text, True, patch), _outcome(text, False, patch)
    # The fast one takes a little more, such as an unquoted question in braces.
    refused_by_one = isinstance(slow[1], int) and isinstance(fast[1], dict)
    assert fast == slow or refused_by_one


@SLOW
@pytest.mark.parametrize("text", [BLOCK, "a: !\n", "! b", "a:\n\nb:\n", "a: 'x!'\n", "b: ! {c: 1}\n", "a:\tb\n"])
def test_both_parsers_agree_where_they_are_known_to_part(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _outcome(text, True, monkeypatch) == _outcome(text, False, monkeypatch)


@pytest.mark.parametrize("sign", ["[", "[\n", "{a: ", "- ", "? "])
def test_what_would_overflow_the_stack_of_a_parser_in_c_is_a_sentence(sign: str) -> None:
    with pytest.raises(InputError, match=r"nested too deeply|not YAML"):
        parse_yaml("a:\n " + sign * 100_000, FILE)
