"""Files that people write: every fault has a file and a line, and none is a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import InputError, Rating, Thresholds
from colonnade.records.reading import (
    parse_row,
    parse_yaml,
    read_records,
    read_rows,
    read_text,
    read_yaml,
    to_record,
)

FILE = Path("some.yaml")
ROW = '{"answer": "a1", "rater": "ada", "rubric": "adherence", "score": 5, "date": "2026-01-02"}'


def yaml_fault(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, FILE)
    return caught.value


# --- text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_and_the_kind_of_line_end_say_nothing(tmp_path: Path, mark: bytes, end: bytes) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(mark + "für".encode() + end + b"b" + end)
    assert read_text(file) == "für\nb\n"


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"one\ntwo \xff\n", 2, "0xff is not UTF-8"),
        ("a\nb".encode("utf-16"), 1, "0xff is not UTF-8"),
        ("a\nb".encode("utf-16-le"), 1, "NUL byte"),
        (b"one\n\ntwo\x00", 3, "NUL byte"),
    ],
)
def test_bytes_that_are_no_text_are_named_with_their_line(
    tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_text(file)
    assert (caught.value.file, caught.value.line) == (file, line)
    assert caught.value.mend


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, words in (
        (tmp_path / "none", "no such file"),
        (tmp_path / "file" / "below", "no such file"),
        (tmp_path, "a folder, not a file"),
        (tmp_path / "loop", "cannot be read"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            read_text(path)
        assert caught.value.file == path
        assert caught.value.mend


# --- YAML --------------------------------------------------------------------------------------


def test_every_part_of_a_mapping_knows_its_line() -> None:
    located = parse_yaml("a: 1\nb:\n  - c: 2\n  - d: 3\n", FILE, first_line=10)
    assert located.value == {"a": 1, "b": [{"c": 2}, {"d": 3}]}
    assert located.line(("a",)) == 10
    assert located.line(("b", 1, "d")) == 13
    assert located.line(("b", 1, "missing", "deeper")) == 13, "the closest part around it"
    assert located.line(("nowhere",)) == 10


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands twice"),
        ("a:\n  b: 1\n  b: 2\n", 3, "the key 'b' stands twice"),
        ("a: 1\nb: [1, 2\n", 3, "not YAML"),
        ("a: 1\n\tb: 2\n", 2, "not YAML"),
        ("a: 1\nb: 'open\n", 3, "not YAML"),
        ("a: 1\nb: *none\n", 2, "undefined alias"),
        ("a: 1\nb: 2026-02-30\n", 2, "'2026-02-30' is not what it looks like"),
        ("a: 1\nb: 2026-13-45\n", 2, "is not what it looks like"),
        ("a: 1\nb: 0x_\n", 2, "is not what it looks like"),
        ("a: 1\nb: !!bool perhaps\n", 2, "is not what it looks like"),
        ("a: 1\nb: !!timestamp soon\n", 2, "is not what it looks like"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, "could not determine a constructor"),
        ("a: 1\n? [b, c]\n: 2\n", 2, "this key is not plain text"),
        ("a: 1\n? {b: c}\n: 2\n", 2, "this key is not plain text"),
        ("a: 1\nb: \x07\n", 2, "the character 0x07 may not stand here"),
        ('a: 1\nb: "\\ud800"\n', 2, "half of a surrogate pair"),
        ('a: 1\n"\\ud800": 2\n', 2, "this key is not plain text"),
        ("a: 1\n---\nb: 2\n", 2, "not YAML"),
        ("a: " + "9" * 5000, 1, "is not what it looks like"),
    ],
)
def test_what_is_no_yaml_is_named_with_its_line(text: str, line: int, words: str) -> None:
    fault = yaml_fault(text)
    assert words in fault.what
    assert (fault.file, fault.line) == (FILE, line)
    assert fault.mend


def test_a_few_lines_that_unfold_into_billions_are_refused_at_once() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    assert "unfolds into more than" in yaml_fault("\n".join(levels)).what


@pytest.mark.parametrize("text", ["a: " + "[" * 5000, "&a [*a]", "a: &a {b: *a}"])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    assert "nested too deeply" in yaml_fault(text).what or "not YAML" in yaml_fault(text).what


def test_an_alias_of_a_few_parts_is_read() -> None:
    assert parse_yaml("a: &one {x: 1}\nb: *one\n", FILE).value == {"a": {"x": 1}, "b": {"x": 1}}


@settings(max_examples=50)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#,? \n\t0.~%@`", max_size=40))
def test_no_text_whatever_makes_yaml_fall_over(text: str) -> None:
    line: int | None = 1
    try:
        parse_yaml(text, FILE)
    except InputError as fault:
        line = fault.line
    assert line is not None
    assert 1 <= line <= text.count("\n") + 2


# --- records -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("violation_rate:\n  max: 1.3\n", 2, "'violation_rate.max' is 1.3: input should be less than or equal to 1."),
        ("violation_rate:\n  max: .nan\n", 2, "'violation_rate.max' is nan: input should be a finite number."),
        ("violation_rate:\n  max: .inf\n", 2, "'violation_rate.max' is inf"),
        ("violation_rate: {}\n", 1, "'violation_rate.max' is missing. Add it."),
        ("\nviolation_rat: {}\n", 2, "'violation_rat' is not a known key. Remove it or correct its spelling."),
        ("violation_rate: [1]\n", 1, "'violation_rate' is [1]: "),
        ("1: 2\n", 1, "'1' is 1: keys should be strings."),
        ("- a\n", 1, "expected 'key: value' lines here."),
        ("", 1, "expected 'key: value' lines here."),
        ("just words\n", 1, "expected 'key: value' lines here."),
    ],
)
def test_a_value_that_does_not_fit_is_shown_with_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        to_record(Thresholds, parse_yaml(text, FILE))
    assert sentence in caught.value.sentence
    assert caught.value.line == line


def test_a_long_value_is_shown_in_part() -> None:
    with pytest.raises(InputError) as caught:
        to_record(Thresholds, parse_yaml(f"violation_rate: {'x' * 1_000_000}", FILE))
    assert len(caught.value.sentence) < 300


def test_a_sound_file_becomes_a_record(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("violation_rate: {max: 0.1}\n")
    assert read_yaml(Thresholds, file).violation_rate is not None


# --- JSONL -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("plain text", "not JSON: Expecting value at column 1"),
        ('{"a": 1', "not JSON"),
        ('{"a": "b\tc"}', "not JSON: Invalid control character"),
        ("[1, 2]", "expected a JSON object"),
        ("null", "expected a JSON object"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice"),
        ('{"a": "\\uD800"}', "half of a surrogate pair"),
        ('{"\\udfff": 1}', "half of a surrogate pair"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "-Infinity is not a number"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON: Exceeds the limit"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_named_with_its_line(row: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_row(row, FILE, 7)
    assert words in caught.value.what
    assert (caught.value.file, caught.value.line) == (FILE, 7)
    assert caught.value.mend


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_a_value_too_deep_to_be_shown_is_still_named(tmp_path: Path, depth: int) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(ROW.replace('"ada"', "[" * depth + "]" * depth))
    with pytest.raises(InputError) as caught:
        read_records(Rating, file)
    assert caught.value.line == 1


def test_lines_count_from_one_and_empty_ones_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"\n{ROW}\n   \n{ROW.replace('a1', 'a2')}")
    assert [line for line, _ in read_rows(file)] == [2, 4]
    assert [row.answer for row in read_records(Rating, file)] == ["a1", "a2"]


def test_a_text_with_line_separators_inside_stays_one_row(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"text": "one\u2028two\x85three"}\n{"text": "four"}\n', encoding="utf-8")
    assert [line for line, _ in read_rows(file)] == [1, 2]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"score": 5', '"score": 6', "'score' is 6: input should be less than or equal to 5."),
        ('"score": 5', '"score": "many"', "'score' is 'many'"),
        ('"adherence"', '"beauty"', "'rubric' is 'beauty': input should be 'helpfulness' or 'adherence'."),
        ('"answer": "a1", ', "", "'answer' is missing. Add it."),
    ],
)
def test_a_row_that_does_not_fit_is_named_with_its_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f"{ROW}\n{ROW.replace(old, new)}\n")
    with pytest.raises(InputError) as caught:
        read_records(Rating, file)
    assert words in caught.value.sentence
    assert (caught.value.file, caught.value.line) == (file, 2)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=4))
def test_every_json_object_is_read_as_it_stands(row: dict[str, object]) -> None:
    assert parse_row(json.dumps(row), FILE, 1) == row
