from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from colonnade.guard.access.drifting import Evidence
from colonnade.guard.access.patterns import seen
from colonnade.guard.access.sightings import Sighting, SightingFile, _line, _row
from colonnade.records import Level

from .small_grants import KEY, NOON


def sighting(number: int, at: datetime = NOON, **changes: object) -> Sighting:
    row = Sighting(
        f"row-{number}", seen("key-7", at, f"how does lock {number} act", KEY), "cyber", Level.OVERVIEW, True
    )
    return row._replace(**changes)  # type: ignore[arg-type]


@given(
    st.text(max_size=40),
    st.text(max_size=12),
    st.sampled_from([None, *Level]),
    st.booleans(),
    st.lists(st.floats(0, 1), max_size=2),
)
def test_a_row_is_read_back_as_it_was_written(
    text: str, who: str, level: Level | None, refused: bool, scores: list[float]
) -> None:
    evidence = tuple(Evidence("grant", score, "use") for score in scores)
    row = Sighting("id", seen(who, NOON, text, KEY), "topic" if level else "", level, refused, evidence)
    found = _row(_line(row))
    kept = row.seen if row.closed else row.seen._replace(shingles=frozenset())
    assert found == row._replace(seen=kept)


def test_two_processes_write_one_file_and_each_reads_what_both_wrote(tmp_path: Path) -> None:
    one, two = SightingFile(tmp_path / "s"), SightingFile(tmp_path / "s")
    assert list(one.news()) == []
    one.add([sighting(1)])
    two.add([sighting(2), sighting(3)])
    assert [row.id for row in one.news()] == ["row-1", "row-2", "row-3"]
    assert list(one.news()) == []
    two.add([sighting(4)])
    assert [row.id for row in one.news()] == ["row-4"]
    assert [row.id for row in SightingFile(tmp_path / "s").news()] == [f"row-{n}" for n in (1, 2, 3, 4)]
    assert b"lock" not in (tmp_path / "s").read_bytes(), "no word can be read"
    assert (tmp_path / "s").stat().st_mode & 0o077 == 0


def test_half_a_line_of_a_crash_is_counted_and_costs_no_other_line(tmp_path: Path) -> None:
    file = SightingFile(tmp_path / "s")
    file.add([sighting(1)])
    with (tmp_path / "s").open("ab") as stream:
        stream.write(b'{"id":"row-2","at"')
    assert [row.id for row in file.news()] == ["row-1"]
    file.add([sighting(3)])
    assert [row.id for row in file.news()] == ["row-3"]
    assert file.unreadable == 1


def test_the_file_is_bounded_and_nothing_is_lost_to_whoever_reads_on(tmp_path: Path) -> None:
    reader, writer = SightingFile(tmp_path / "s", most=10), SightingFile(tmp_path / "s", most=10)
    reader.add(sighting(number) for number in range(12))
    read = [row.id for row in reader.news()]
    assert reader.shorten(NOON) == (), "12 of 10 are not yet worth it"
    for number in range(12, 30):
        writer.add([sighting(number)])
        read += [row.id for row in reader.news()]
        writer.add([sighting(number + 100)])
        read += [row.id for row in reader.shorten(NOON)]
    read += [row.id for row in reader.news()]
    assert sorted(read) == sorted(f"row-{n}" for n in (*range(30), *range(112, 130)))
    assert len((tmp_path / "s").read_bytes().splitlines()) <= 14


def test_what_is_older_than_the_window_goes(tmp_path: Path) -> None:
    file = SightingFile(tmp_path / "s")
    file.add([sighting(1, NOON - timedelta(days=40)), sighting(2, NOON)])
    list(file.news())
    SightingFile(tmp_path / "s").add([sighting(3, NOON)])
    assert [row.id for row in file.shorten(NOON - timedelta(days=30))] == ["row-3"], "written meanwhile"
    assert list(file.news()) == []
    assert [row.id for row in SightingFile(tmp_path / "s").news()] == ["row-2", "row-3"]
