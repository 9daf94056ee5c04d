"""Rows are found by what stands in them, newest first, and half a row is no row."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.records import InputError
from colonnade.store.log import Entry, TransparencyLog, create_log
from colonnade.store.log.finding import find_rows, values_of
from colonnade.store.log.segments import body_of, segment_files


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    create_log(folder, "example.com/guard", segment_rows=256)
    opened = TransparencyLog(folder)
    for start in range(0, 600, 100):
        rows = [{"act": "request", "id": f"ex-{number}", "say": '"id":"ex-7"'} for number in range(start, start + 100)]
        opened.append_entries([Entry(body_of(row)) for row in rows])
    opened.append_entries([Entry(body_of({"act": "reply", "id": "ex-7"}))])
    opened.close()
    return folder


def test_all_rows_with_the_value_are_found_the_newest_first(log: Path) -> None:
    assert [(row.number, row.row["act"]) for row in find_rows(log, "id", "ex-7")] == [(600, "reply"), (7, "request")]


def test_what_stands_in_another_value_is_not_taken_for_the_key(log: Path) -> None:
    assert all(row.row["id"] == "ex-7" for row in find_rows(log, "id", "ex-7"))
    assert list(find_rows(log, "id", "nobody")) == []


def test_only_the_newest_files_are_looked_through(log: Path) -> None:
    assert [row.number for row in find_rows(log, "id", "ex-7", files=1)] == [600]


def test_half_a_row_is_no_row(log: Path) -> None:
    with segment_files(log)[-1].open("ab") as stream:
        stream.write(b'{"at":"2026-11-22T00:00:00.000000Z","index":601,"row":{"id":"ex-7"')
    assert len(list(find_rows(log, "id", "ex-7"))) == 2


def test_signs_that_json_escapes_are_found_as_they_stand(tmp_path: Path) -> None:
    create_log(tmp_path / "log", "example.com/guard")
    opened = TransparencyLog(tmp_path / "log")
    opened.append_entries([Entry(body_of({"id": 'ä"\\'}))])
    opened.close()
    assert [row.number for row in find_rows(tmp_path / "log", "id", 'ä"\\')] == [0]


def test_every_value_of_a_key_is_found_once_and_none_that_stands_in_another(log: Path) -> None:
    assert values_of(log, "act") == {"request", "reply"}
    assert values_of(log, "id", files=1) == {f"ex-{number}" for number in range(512, 600)} | {"ex-7"}
    assert values_of(log, "nothing") == set()


def test_where_there_is_no_log_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no audit log"):
        list(find_rows(tmp_path, "id", "x"))
