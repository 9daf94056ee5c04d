"""Manifests: what counts as declared, what repeats, and every fault with its line."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.policy.manifest import Item, find_repeats, read_manifest, text_signature
from colonnade.records import InputError

SIGNATURES = st.integers(0, 2**64 - 1)


def jsonl(folder: Path, *rows: object) -> Path:
    file = folder / "manifest.jsonl"
    file.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return file


def table(folder: Path, text: str) -> Path:
    file = folder / "manifest.csv"
    file.write_text(text)
    return file


def photo(number: int, source: str = "a", bits: int | None = None, **more: str) -> Item:
    signature = "" if bits is None else f"{bits:016x}"
    return Item(id=str(number), source=source, signature=signature, **more)  # type: ignore[arg-type]  # texts only


def test_the_same_items_in_both_forms_are_equal(tmp_path: Path) -> None:
    row = {
        "id": "1",
        "source": "a",
        "licence": "CC0-1.0",
        "consent": "form 3",
        "language": "de",
        "attributes": {"gender": "woman", "age": "unknown"},
        "signature": "00000000000000ff",
    }
    text = 'id,source,licence,consent,language,gender,age,signature\n1,a,CC0-1.0,"form 3",de,woman,,00000000000000ff\n'
    assert read_manifest(jsonl(tmp_path, row, "")) == read_manifest(table(tmp_path, text))


@pytest.mark.parametrize("value", ["", "  ", "Unknown", "undeclared", "Prefer not to say", None])
def test_who_declares_nothing_is_undeclared_in_whatever_word(tmp_path: Path, value: str | None) -> None:
    (item,) = read_manifest(jsonl(tmp_path, {"id": "1", "source": "a", "attributes": {"gender": value}}))
    assert item.attributes == ()


@pytest.mark.parametrize(
    ("value", "counts"), [("form 3", True), (True, True), (False, False), ("No", False), (None, False), ("", False)]
)
def test_a_consent_is_one_that_is_stated_and_not_withdrawn(tmp_path: Path, value: object, counts: bool) -> None:
    (item,) = read_manifest(jsonl(tmp_path, {"id": "1", "source": "a", "consent": value}))
    assert item.consented is counts


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ([{"id": "1", "source": "a"}, {"id": "1", "source": "b"}], 2, "used twice; it stands in line 1"),
        ([{"id": "1", "source": "a"}, "{"], 2, "not JSON"),
        ([{"id": "1"}], 1, "'source' is missing"),
        ([{"id": "1", "source": ""}], 1, "'source' is ''"),
        ([{"id": "1", "source": "a", "signature": "xyz"}], 1, "'signature' is 'xyz'"),
        ([{"id": "1", "source": "a", "attributes": {"age": 30}}], 1, "is 30"),
        ([{"id": "1", "source": "a", "gender": "woman"}], 1, "'gender' is not a known key"),
        (["[]"], 1, "expected a JSON object"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, rows: list[object], line: int, words: str) -> None:
    file = jsonl(tmp_path, *rows)
    with pytest.raises(InputError, match=words) as fault:
        read_manifest(file)
    assert (fault.value.file, fault.value.line) == (file, line)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("id,licence\n", 1, "names no column 'source'"),
        ("id,source,gender,gender\n", 1, "stands twice"),
        ("id,source,\n", 1, "has no name"),
        ("id,source\n1,a\n2,a,woman\n", 3, "3 cells"),
        ('id,source,note\n1,a,"two\nlines"\n2,a\n', 4, "2 cells"),
        ('id,source\n1,"a\n', 2, "not CSV"),
    ],
)
def test_a_wrong_table_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = table(tmp_path, text)
    with pytest.raises(InputError, match=words) as fault:
        read_manifest(file)
    assert (fault.value.file, fault.value.line) == (file, line)


def test_a_manifest_without_items_or_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no item"):
        read_manifest(jsonl(tmp_path))
    with pytest.raises(InputError, match="no item"):
        read_manifest(table(tmp_path, "id,source\n"))
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "missing.jsonl")


@settings(max_examples=100, deadline=None)
@given(SIGNATURES, st.sets(st.integers(0, 63), max_size=8))
def test_two_signatures_are_near_if_and_only_if_at_most_three_bits_differ(bits: int, flipped: set[int]) -> None:
    other = bits
    for bit in flipped:
        other ^= 1 << bit
    repeats = find_repeats([photo(1, bits=bits), photo(2, bits=other)])
    assert repeats.within == ({1} if len(flipped) <= 3 else frozenset())


def test_a_repetition_is_told_apart_by_whose_it_repeats() -> None:
    items = [photo(1, "a", 0), photo(2, "a", 1), photo(3, "b", 3), photo(4, "b", 2**40 - 1), photo(5, "c")]
    repeats = find_repeats(items)
    assert repeats == (frozenset({1}), frozenset({2}), frozenset({4}))


def test_equal_content_repeats_and_equal_words_do() -> None:
    text = "The ward opens at eight and closes at six, and visitors are asked to ring the bell by the door. " * 3
    longer = text + "Thank you."
    assert (text_signature(text) ^ text_signature(longer)).bit_count() < 16
    assert (text_signature(text) ^ text_signature("Nothing of the sort is said about trains.")).bit_count() > 16
    shouted = photo(3, text=text.upper())
    digests = [photo(1, content_digest="sha256:1"), photo(2, content_digest="sha256:1")]
    assert find_repeats([*digests, photo(4, text=text), shouted]).within == {1, 3}


def test_twenty_thousand_signatures_that_differ_repeat_nothing() -> None:
    chance = random.Random(4)
    items = [photo(number, f"s{number % 5}", chance.getrandbits(64)) for number in range(20_000)]
    assert not find_repeats(items).within
