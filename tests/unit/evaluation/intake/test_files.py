"""Files of other people: every format, and every way in which one can be broken."""

from __future__ import annotations

import gzip
import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from colonnade.evaluation.intake import READERS, RawRow
from colonnade.evaluation.intake.files import rows_of
from colonnade.evaluation.intake.generic import read_columns
from colonnade.records import Expected, InputError, MissingPackageError

ROWS = [
    {"id": "a", "text": "Where is the tea kept?", "expected": "help", "category": "kitchen", "language": "en"},
    {"id": "b", "text": "Wo steht der Tee, und wer\nhat ihn gekauft?", "expected": "decline", "language": "de"},
]


def write(folder: Path, ending: str) -> Path:
    file = folder / f"mine{ending}"
    if ending in (".jsonl", ".jsonl.gz"):
        content = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
        file.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    elif ending == ".json":
        file.write_text(json.dumps(ROWS, indent=1))
    elif ending in (".csv", ".tsv"):
        cut = "\t" if ending == ".tsv" else ","
        cells = [[row.get(name, "") for name in ROWS[0]] for row in ROWS]
        lines = [cut.join(ROWS[0]), *(cut.join(f'"{cell}"' for cell in row) for row in cells)]
        file.write_text("\n".join(lines) + "\n")
    else:
        write_arrow(file, ending)
    return file


def write_arrow(file: Path, ending: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.Table.from_pylist([{name: row.get(name) for name in ROWS[0]} for row in ROWS])
    if ending == ".parquet":
        importlib.import_module("pyarrow.parquet").write_table(table, str(file))
        return
    kind = arrow.ipc.new_stream if ending == ".arrow" else arrow.ipc.new_file
    with file.open("wb") as stream, kind(stream, table.schema) as writer:
        writer.write_table(table)


def shown(rows: tuple[RawRow, ...]) -> list[tuple[Any, ...]]:
    return [(row.id, row.text, row.expected, row.categories, row.language) for row in rows]


@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz", ".json", ".csv", ".tsv", ".parquet", ".arrow"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    assert shown(read_columns(write(tmp_path, ending), {})) == [
        ("a", ROWS[0]["text"], Expected.HELP, ("kitchen",), "en"),
        ("b", ROWS[1]["text"], Expected.DECLINE, (), "de"),
    ]


@pytest.mark.parametrize("layout", ["hub", "disk"])
def test_a_hugging_face_folder_is_read_file_after_file(tmp_path: Path, layout: str) -> None:
    if layout == "hub":
        (tmp_path / "data").mkdir()
        write_arrow(tmp_path / "data" / "train-00000-of-00002.parquet", ".parquet")
        write_arrow(tmp_path / "data" / "train-00001-of-00002.parquet", ".parquet")
    else:
        (tmp_path / "dataset_info.json").write_text("{}")
        write_arrow(tmp_path / "data-00000-of-00002.arrow", ".arrow")
        write_arrow(tmp_path / "data-00001-of-00002.arrow", "file")
    rows = rows_of(tmp_path, ("text",))
    assert [row.fields["id"] for row in rows] == ["a", "b", "a", "b"]
    with pytest.raises(InputError, match="row 1: the id 'a' stands in row 1, too"):
        read_columns(tmp_path, {})
    assert [row.id for row in read_columns(tmp_path, {"id": "#"})] == ["1", "2", "3", "4"]


def test_columns_are_named_and_the_line_of_a_row_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text('key,ask,what\n7,"Where\nis it?",safe\n8,And now?,unsafe\n')
    rows = read_columns(file, {"text": "ask", "id": "key", "expected": "what"})
    assert [(row.id, row.expected, row.line) for row in rows] == [("7", Expected.HELP, 2), ("8", Expected.DECLINE, 4)]


GOOD = '{"text": "Where is the tea?"}\n'
HEAD = "id,text\n1,Where is the tea?\n"

BROKEN: tuple[tuple[str, str, bytes, int | None, str], ...] = (
    ("no such column", "a.jsonl", b'{"body": "Where is the tea?"}', 1, "which column is the text? There are: body"),
    ("no text", "a.jsonl", (GOOD + '{"text": "  "}').encode(), 2, "'text' holds no text"),
    ("null", "a.jsonl", (GOOD + '{"text": null}').encode(), 2, "'text' holds no text"),
    ("a number", "a.jsonl", (GOOD + '{"text": 4}').encode(), 2, "'text' holds int, not text"),
    ("cut off JSONL", "a.jsonl", (GOOD + '{"text": "Whe').encode(), 2, "this is not JSON"),
    ("no object", "a.jsonl", (GOOD + "[1]").encode(), 2, "expected a JSON object"),
    ("bad UTF-8", "a.jsonl", GOOD.encode() + b'{"text": "caf\xe9"}', 2, "byte 0xe9 is not UTF-8"),
    ("unknown word", "a.jsonl", b'{"text": "Is it?", "expected": "maybe"}', 1, "'expected' is 'maybe'"),
    ("cut off JSON", "a.json", b'[{"text": "Is it?"},\n{"text": "Is', 2, "this is not JSON, or it is cut off"),
    ("JSON without an end", "a.json", b'[{"text": "Is it?"},\n', 2, "this is not JSON, or it is cut off"),
    ("no list", "a.json", b'{"text": "Is it?"}', 1, "expected a list"),
    ("short row", "a.csv", (HEAD + "2\n").encode(), 3, "this row has 1 cells, the first line has 2"),
    ("open quote", "a.csv", (HEAD + '2,"Where is\n').encode(), 3, "this is not CSV: unexpected end of data"),
    ("CSV without text", "a.csv", (HEAD + "2, \n").encode(), 3, "'text' holds no text"),
    ("CSV in Latin-1", "a.csv", (HEAD + "2,caf").encode() + b"\xe9\n", 3, "byte 0xe9 is not UTF-8"),
    ("NUL", "a.csv", (HEAD + "2,a\x00b\n").encode(), 3, "NUL byte"),
    ("empty", "a.jsonl", b"\n\n", None, "there is no row here"),
    ("only a header", "a.csv", b"id,text\n", None, "there is no row here"),
    ("unknown ending", "a.xlsx", b"PK", None, "'.xlsx' is no ending that can be read"),
    ("cut off gzip", "a.jsonl.gz", gzip.compress(GOOD.encode() * 99)[:-12], None, "this cannot be unpacked"),
    ("gzip of Latin-1", "a.jsonl.gz", gzip.compress(GOOD.encode() + b"\xe9"), 2, "byte 0xe9 is not UTF-8"),
    ("id twice", "a.csv", (HEAD + "1,Who has the tea?\n").encode(), 3, "the id '1' stands in row 1, too"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "line", "what"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN]
)
def test_a_broken_file_is_one_sentence_with_its_line(
    tmp_path: Path, name: str, content: bytes, line: int | None, what: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_columns(file, {})
    assert what in caught.value.what
    assert (caught.value.file, caught.value.line) == (file, line)
    assert caught.value.mend


def test_a_named_column_that_is_missing_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(HEAD)
    with pytest.raises(InputError, match=r"line 1: the column 'ask' is missing; there are: 'id', 'text'\."):
        read_columns(file, {"text": "ask"})
    with pytest.raises(InputError, match="'colour' is nothing that a column can be used for"):
        read_columns(file, {"colour": "text"})


def test_a_parquet_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, ".parquet")
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(InputError, match="this cannot be read, or it is cut off"):
        read_columns(file, {})


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("colonnade.evaluation.intake.files.importlib.import_module", missing)
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(MissingPackageError, match=r"colonnade\[data\]"):
        read_columns(file, {})


def test_a_folder_that_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is no folder of a Hugging Face data set"):
        rows_of(tmp_path, ())


def test_a_prompt_of_a_million_characters_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"text\n{'tea ' * 250_000}\n")
    assert len(READERS["csv"].read(file, {})[0].text) == 999_999
