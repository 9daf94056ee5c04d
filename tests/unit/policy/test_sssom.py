"""SSSOM tables: read, written, and read again."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.policy.sssom import parse_sssom, read_sssom, sssom_text
from colonnade.records import InputError, Mapping, MappingSet

TABLE = """\
# curie_map:
#   one: https://one.example/
#   two: https://two.example/
# license: https://creativecommons.org/licenses/by/4.0/
# mapping_date: '2026-01-02'
# mapping_set_id: https://one.example/to-two
# creator_label:
#   - Ada
#   - Lin
subject_id\tsubject_label\tpredicate_id\tobject_id\tmapping_justification\tconfidence\tmapping_date\tcomment\tscore
one:fire\tFire\tskos:exactMatch\ttwo:burning\tsemapv:ManualMappingCuration\t0.9\t2026-01-01\tSays "so"\t22
one:flood\t"Water, ""high"" tide"\tskos:narrowMatch\ttwo:tide\tsemapv:LexicalMatching
"""

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
names = words.map(lambda text: " ".join(text.split())).filter(bool)
local = st.from_regex(r"\A[!-~À-ſ]{1,12}\Z")
entities = st.builds("{}:{}".format, st.from_regex(r"\A[#a-zA-Z_.-]{1,6}\Z"), local)
mappings = st.builds(
    Mapping,
    subject_id=entities,
    subject_label=words,
    predicate_id=entities,
    predicate_modifier=st.sampled_from(["", "Not"]),
    object_id=entities,
    object_label=words,
    mapping_justification=entities,
    author_id=words,
    author_label=words,
    mapping_tool=words,
    mapping_date=st.none() | st.dates(),
    confidence=st.none() | st.floats(0, 1),
    comment=words,
    other=st.dictionaries(names.filter(lambda name: name not in Mapping.model_fields), words, max_size=3),
)
tables = st.builds(
    MappingSet,
    mapping_set_id=names,
    license=names,
    mapping_set_description=words,
    mapping_set_version=words,
    mapping_date=st.none() | st.dates(),
    mapping_tool=words,
    curie_map=st.dictionaries(names, words, max_size=3),
    other=st.dictionaries(
        (names | st.just("creator_id")).filter(lambda name: name not in MappingSet.model_fields), words, max_size=3
    ),
    mappings=st.lists(mappings, max_size=4).map(tuple),
)


def test_a_table_is_read_with_its_metadata_quotes_and_short_rows(tmp_path: Path) -> None:
    file = tmp_path / "one.sssom.tsv"
    file.write_text(TABLE, encoding="utf-8")
    table = read_sssom(file)
    assert table.mapping_set_id == "https://one.example/to-two"
    assert table.mapping_date == date(2026, 1, 2)
    assert dict(table.curie_map) == {"one": "https://one.example/", "two": "https://two.example/"}
    assert table.other == (("creator_label", "Ada|Lin"),)
    first, second = table.mappings
    assert (first.subject, first.relation, first.object, first.confidence) == ("fire", "exactMatch", "burning", 0.9)
    assert first.mapping_date == date(2026, 1, 1)
    assert first.other == (("score", "22"),)
    assert second.subject_label == 'Water, "high" tide'
    assert second.mapping_date is None


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain, windows = tmp_path / "a.tsv", tmp_path / "b.tsv"
    plain.write_bytes(TABLE.encode())
    windows.write_bytes(TABLE.replace("\n", "\r\n").encode())
    assert read_sssom(plain) == read_sssom(windows)


@given(tables)
def test_what_is_written_reads_back_as_the_same_table_and_is_written_alike_again(table: MappingSet) -> None:
    text = sssom_text(table)
    again, faults = parse_sssom(text, Path("table.tsv"))
    assert faults == ()
    assert again == table
    assert sssom_text(again) == text


def test_a_table_without_a_name_or_a_licence_says_so_in_the_words_of_sssom() -> None:
    table, _ = parse_sssom(TABLE[TABLE.index("subject_id") :], Path("x/pairs.sssom.tsv"))
    assert table.mapping_set_id == "urn:mapping-set:pairs"
    assert table.license == "https://w3id.org/sssom/license/unspecified"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("one:fire\t", "fire\t", 11, "'subject_id' is 'fire'"),
        ("skos:narrowMatch", "noMatch", 12, "'predicate_id' is 'noMatch'"),
        ("two:tide", "", 12, "'object_id' is missing"),
        ("2026-01-01", "2026-02-30", 11, "'mapping_date' is '2026-02-30'"),
        ("0.9\t", "1.9\t", 11, "'confidence' is '1.9'"),
        ("\t22", "\t22\textra", 11, "more cells than"),
        ('"Water', '"Water"s', 12, "not a tab-separated table"),
        ("predicate_id\t", "predicate\t", 10, "the column 'predicate_id' is missing"),
        ("\tscore", "\tcomment", 10, "the column 'comment' stands twice"),
        ("# mapping_date: '2026-01-02'", "# mapping_date: soon", 5, "'mapping_date' is 'soon'"),
        ("#   - Ada", "#   - {name: Ada}", 8, "the metadata 'creator_label' is not a text"),
        ("# license:", "# license", 4, "this is not YAML"),
        (TABLE[TABLE.index("subject_id") :], "", 10, "this table has no header row"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    assert old in TABLE
    file = tmp_path / "one.sssom.tsv"
    file.write_text(TABLE.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_sssom(file)
    assert (caught.value.file, caught.value.line) == (file, line)
    assert what in caught.value.what
    assert caught.value.mend


def test_a_lenient_reading_keeps_the_good_rows_and_lists_the_others() -> None:
    table, faults = parse_sssom(TABLE.replace("skos:narrowMatch", "noMatch"), Path("one.tsv"))
    assert [row.subject for row in table.mappings] == ["fire"]
    assert [fault.line for fault in faults] == [12]


def test_a_column_cannot_be_stated_twice() -> None:
    with pytest.raises(ValueError, match="'comment' stands twice"):
        Mapping(
            subject_id="a:b",
            predicate_id="a:c",
            object_id="a:d",
            mapping_justification="a:e",
            other=(("comment", "hidden"),),
        )
