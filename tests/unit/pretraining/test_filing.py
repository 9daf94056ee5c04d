"""The corpus as filed: what is right is read whole, what is wrong is named with file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from colonnade.pretraining.filing import read_files
from colonnade.records import InputError


def _file(workspace: Path, name: str, content: str | bytes) -> Path:
    file = workspace / "corpus" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def _row(**fields: object) -> str:
    return json.dumps({"id": "d1", "text": "Some words.", **fields}) + "\n"


def test_every_ending_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    _file(tmp_path, "c.jsonl", _row(language="en", source="me", licence="CC0-1.0") + "\n" + _row(id="d2"))
    _file(tmp_path, "a/notes.md", "# Title\n\nGrüße.\n")
    _file(tmp_path, "b.TXT", "plain")
    _file(tmp_path, "d.parquet", b"PAR1" + b"\0" * 20 + b"PAR1")
    _file(tmp_path, ".hidden.pdf", "nobody looks here")
    files = read_files(tmp_path)
    assert [file.name for file in files] == ["corpus/a/notes.md", "corpus/b.TXT", "corpus/c.jsonl", "corpus/d.parquet"]
    markdown, text, rows, parquet = files
    assert markdown.rows[0].text == "# Title\n\nGrüße.\n"
    assert markdown.rows[0].id == markdown.rows[0].source == "corpus/a/notes.md"
    assert text.rows[0].licence == "unknown"
    assert [row.id for row in rows.rows] == ["d1", "d2"]
    assert (rows.rows[0].source, rows.rows[0].licence, rows.rows[1].source) == ("me", "CC0-1.0", "unknown")
    assert parquet.rows == ()


@pytest.mark.parametrize(
    ("name", "content", "line", "what"),
    [
        pytest.param("a.jsonl", _row() + _row(), 2, "is used twice", id="an id twice"),
        pytest.param("a.jsonl", _row() + "\n{\n", 3, "JSON", id="no JSON"),
        pytest.param("a.jsonl", "[1, 2]\n", 1, "object", id="no object"),
        pytest.param("a.jsonl", _row(text=7), 1, "text", id="a text that is none"),
        pytest.param("a.jsonl", _row(id=""), 1, "id", id="an empty id"),
        pytest.param("a.jsonl", _row(author="me"), 1, "author", id="a field too many"),
        pytest.param("a.jsonl", '{"id": "d1"}\n', 1, "text", id="a field too few"),
        pytest.param("a.jsonl", _row().encode() + b"\xff\n", 2, "UTF-8", id="no UTF-8 in rows"),
        pytest.param("a.md", b"fine\nnot \xe4 fine\n", 2, "UTF-8", id="no UTF-8 in a text"),
        pytest.param("a.pdf", "words", None, r"'\.pdf' cannot be read", id="an ending that nobody reads"),
        pytest.param("README", "words", None, "cannot be read", id="no ending"),
        pytest.param("a.parquet", b"", None, "not a whole Parquet", id="an empty Parquet file"),
        pytest.param("a.parquet", b"PAR1", None, "not a whole Parquet", id="the start of a Parquet file"),
        pytest.param("a.parquet", b"PAR1PAR1", None, "not a whole Parquet", id="nothing between the marks"),
        pytest.param("a.parquet", b"PAR1" + b"\0" * 20, None, "not a whole Parquet", id="a Parquet file cut off"),
        pytest.param("a.parquet", b"id,text\n" * 4, None, "not a whole Parquet", id="no Parquet file"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, name: str, content: str | bytes, line: int | None, what: str
) -> None:
    file = _file(tmp_path, name, content)
    with pytest.raises(InputError, match=what) as caught:
        read_files(tmp_path)
    assert caught.value.file == file
    assert caught.value.line == line


def test_an_id_used_in_two_files_names_both_places(tmp_path: Path) -> None:
    _file(tmp_path, "a.jsonl", _row(id="other") + _row())
    second = _file(tmp_path, "b.jsonl", _row())
    with pytest.raises(InputError, match=r"corpus/a\.jsonl, line 2") as caught:
        read_files(tmp_path)
    assert (caught.value.file, caught.value.line) == (second, 1)


@pytest.mark.parametrize("made", [True, False])
def test_a_corpus_without_a_file_is_refused(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "corpus" / "empty").mkdir(parents=True)
    with pytest.raises(InputError, match="no corpus file") as caught:
        read_files(tmp_path)
    assert caught.value.file == tmp_path / "corpus"
    assert ".jsonl" in caught.value.mend
