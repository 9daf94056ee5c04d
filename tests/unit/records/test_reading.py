"""Files that people write: every fault has a file and a line, and none is a traceback."""

# ruff: noqa: E501  # one case, one line: its tables are read across

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from colonnade.records import Criterion, Example, InputError, Rating, Scope, Source, Thresholds
from colonnade.records.reading import (
    complaint,
    complaints,
    parse_row,
    parse_yaml,
    read_records,
    read_rows,
    read_text,
    read_yaml,
    to_record,
)
from colonnade.records.record import Record

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
        ("a\nb".encode("utf-16"), 1, "UTF-16, not UTF-8"),
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
        (tmp_path / "none.csv", "no such file. Check the path"),
        (tmp_path / "launch.yaml", "no such file. Write it, or start from 'colonnade init DIR'"),
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
        ("a: 1\n\tb: 2\n", 2, "indented with a tab"),
        ("a: 1\nb: 'open\n", 3, "not YAML"),
        ("a: 1\nb: *none\n", 2, "must not begin with '*'"),
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


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a: 1\nrubric:\n\t- {a: 1}\n", 3, "this line is indented with a tab. Use blanks."),
        ("a: 1\nb:\t2\n", 2, "this line has a tab in it. Use blanks."),
        ("a: 1\nb high\nc: 3\n", 2, "after 'b' a colon and a blank must follow. Write them: 'b: high'."),
        ("a: 1\nb:high\nc: 3\n", 2, "after 'b' a colon and a blank must follow. Write them: 'b: high'."),
        ("b high\nc: 3\n", 1, "after 'b' a colon and a blank must follow."),
        ("a: 1\nb:high\n", 2, "after 'b' a colon and a blank must follow."),
        ("a: 1\nb\n  - c: 2\n", 2, "after 'b' a colon and a blank must follow. Write them: 'b:'."),
        ("a: 1\nb:\u00a0high\nc: 3\n", 2, "this line has a no-break space"),
        ("a: 1\nb: A: c\n", 2, "a colon stands in the text behind 'b:'. Put the text in quotes: b: \"A: c\"."),
        ("a: 1\nb: @c\n", 2, "a text must not begin with '@'. Put the text in quotes: b: \"@c\"."),
        ("a: 1\nb: “x: y”\n", 2, 'the quotation marks “ and ” of a word processor. Write " instead.'),
        ("a: 1\nb: „x: y“\n", 2, "the quotation marks „ and “ of a word processor."),
        ("a: 1\nb: »x: y«\n", 2, "the quotation marks » and « of a word processor."),
        ("a: 1\nb: ‘x: y’\n", 2, "the quotation marks ‘ and ’ of a word processor."),
        ('- {a: "Is it?”, b: 1}\n- {a: "Is it?", b: 2}\n', 1, "the quotation mark ” of a word processor."),
        ("a: 1\nb: [x\nc: 2\n", 3, "the bracket that opens in line 2 has no end"),
        ("a: 1\nb: {x: y\nc: 2\n", 3, "the bracket that opens in line 2 has no end"),
        ('a: 1\nb: "x\n', 3, "the quotation mark that opens in line 2 has no end."),
        ('a: 1\nb: "x" y\n', 2, "more text stands behind a closing quotation mark"),
        ("a: 1\n  b: 2\n", 2, "a colon stands where none is expected. Begin the keys of one block in the same column"),
        ("a:\n  b: 1\n c: 2\n", 3, "does not begin in the column of the lines that it belongs to"),
        ("a: 1\nb: [*]\n", 2, 'Put it in quotes, like "*".'),
        ("a: 1\nb: 2026-02-30\n", 2, "Write a day like 2027-12-31"),
    ],
)
def test_what_people_type_by_mistake_is_named_in_their_words(text: str, line: int, sentence: str) -> None:
    fault = yaml_fault(text)
    assert sentence in fault.sentence
    assert fault.line == line


def test_marks_that_belong_to_a_text_are_not_blamed_for_another_fault() -> None:
    for text in (
        'a: "he said “no”"\nb: [\n',
        'a: "x\ty"\nb: [\n',
        'a: don’t\nb: "x" y\n',
        "a: x\u00a0y\nb: [1 2\nc: 3\n",
    ):
        said = yaml_fault(text).sentence
        assert not any(word in said for word in ("word processor", "tab", "no-break")), said


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


@pytest.mark.parametrize(
    ("kind", "text", "line", "sentence"),
    [
        (Thresholds, "violation_rate:\n  “max”: 0.1\n", 2, "'violation_rate.“max”' is not a known key: this line has the"),
        (Thresholds, "violation_rate: {max:0.1}\n", 1, "after 'max' a colon and a blank must follow. Write them: 'max: 0.1'."),
        (Thresholds, "violation_rate: {max 0.1}\n", 1, "after 'max' a colon and a blank must follow. Write them: 'max: 0.1'."),
        (Thresholds, "violation_rate: {max\u00a0: 0.1}\n", 1, "this line has a no-break space"),
        (Thresholds, "violation_rate: {max: lots}\n", 1, "a number must stand here."),
        (Thresholds, "violation_rate: 0.1\n", 1, "names with values must stand here."),
        (Scope, "region: EU\n", 1, "a list must stand here. Write 'region: [EU]'."),
        (Scope, 'region: "*"\n', 1, "Write 'region: [\"*\"]'."),
        (Scope, "region: NO\n", 1, "'region' is false: a list must stand here."),
        (Scope, "region:\n", 1, "'region' is empty: a list must stand here."),
        (Scope, "region: [NO]\n", 1, "YAML takes NO, no, yes, on and off for true or false"),
        (Scope, "region: [7]\n", 1, 'a text must stand here. Put it in quotes: "7".'),
        (Criterion, "ask: Is it?\nfails: maybe\n", 2, "true or false must stand here."),
        (Criterion, "{ask: Is it so, or is it not?, fails: true}\n", 1, "Put the text in quotes if this, behind a comma,"),
        (Source, "id: a\nstatus: in_force\neffective: 31.12.2027\n", 3, "this is no day. Write the day like 2027-12-31."),
        (Source, "id: a\nstatus: in_force\neffective: 2027\n", 3, "this is no day."),
        (Example, "label: “benign”\nlevel: mention\nprompt: How?\n", 1, "of a word processor. Write \" instead."),
        (Example, "label: bad\nlevel: mention\nprompt: How?\n", 1, "Write one of these."),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_named_in_plain_words(
    kind: type[Record], text: str, line: int, sentence: str
) -> None:
    with pytest.raises(InputError) as caught:
        to_record(kind, parse_yaml(text, FILE))
    assert sentence in caught.value.sentence
    assert caught.value.line == line


def test_a_form_that_is_known_is_shown_for_a_key_that_is_missing_or_wrong() -> None:
    forms = {"violation_rate.max": "'max: 0.10', a share"}
    for text, mend in (("{}", "Add 'max: 0.10', a share."), ("{max: lots}", "Write 'max: 0.10', a share.")):
        with pytest.raises(ValidationError) as fault:
            Thresholds.model_validate(parse_yaml(f"violation_rate: {text}", FILE).value)
        assert complaint(fault.value, FILE, lambda _place: 1, forms).mend == mend


def test_a_key_with_a_slip_in_it_is_not_missing_too() -> None:
    with pytest.raises(ValidationError) as fault:
        Criterion.model_validate({"“ask”": "Is it?", "fails": "so"})
    said = [error.what for error in complaints(fault.value, FILE, lambda _place: 1)]
    assert [row.partition(" is ")[0] for row in said] == ["'“ask”'", "'fails'"]


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


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{“a”: 1}", 'the quotation marks “ and ” of a word processor. Write " instead.'),
        ('{"a": "b”}', "the quotation mark ” of a word processor."),
        ('{"a": „b“}', "the quotation marks „ and “ of a word processor."),
        ('{"a":\u00a01}', "this line has a no-break space"),
        ("{'a': 1}", "names or texts in single quotes"),
        ('{"a": 1,}', "this row has a comma before its '}'. Remove the comma."),
    ],
)
def test_what_a_word_processor_makes_of_a_row_is_named(row: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_row(row, FILE, 7)
    assert sentence in caught.value.sentence
    assert caught.value.line == 7


def test_marks_in_the_text_of_a_row_are_not_blamed() -> None:
    with pytest.raises(InputError) as caught:
        parse_row('{"a": "he said “no”" "b": 1}', FILE, 7)
    assert "word processor" not in caught.value.sentence
    assert parse_row('{"a": "he said “no”"}', FILE, 7) == {"a": "he said “no”"}


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
