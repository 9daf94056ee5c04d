"""The finished parts of a step: found again by what they depend on, torn lines and changed files apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import digest_of
from colonnade.store.parts import NOTHING_KEPT, UNFINISHED, Counted, forget_parts, parts_of

KEY, OTHER = digest_of("one"), digest_of("another")
STEP = "posttraining.sample"


def filled(home: Path, key: str = KEY, count: int = 3) -> Path:
    with parts_of(home, STEP, key) as parts:
        for place in range(count):
            parts.once(["batch", place], lambda place=place: {"said": f"answer {place}"})  # type: ignore[misc]
        return parts.file


def test_a_part_is_made_once_and_taken_over_by_the_next_run(tmp_path: Path) -> None:
    filled(tmp_path)
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.resumed
        assert parts.once(["batch", 1], lambda: pytest.fail("this is there")) == {"said": "answer 1"}
        assert parts.once(["batch", 3], lambda: "new") == "new"
        assert parts.counted == Counted(1, 2)
        assert parts.notes == []


def test_what_another_key_left_is_thrown_away(tmp_path: Path) -> None:
    filled(tmp_path)
    with parts_of(tmp_path, STEP, OTHER) as parts:
        assert parts.find(["batch", 1]) is None
        assert not parts.resumed
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert not parts.resumed, "an edit that is taken back does not bring them back"


def test_a_step_that_keeps_nothing_writes_nothing(tmp_path: Path) -> None:
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.find("anything") is None
    assert list(tmp_path.iterdir()) == []
    assert NOTHING_KEPT.once("anything", lambda: 1) == 1
    assert NOTHING_KEPT.counted == Counted(0, 0)


def test_parts_of_a_step_that_is_written_down_are_gone_and_those_of_others_stay(tmp_path: Path) -> None:
    filled(tmp_path)
    with parts_of(tmp_path, "evaluation.base", KEY) as parts:
        parts.keep("a", 1)
    forget_parts(tmp_path, STEP)
    forget_parts(tmp_path, "never.begun")
    assert [path.name for path in (tmp_path / UNFINISHED).iterdir()] == ["evaluation.base"]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_wherever_the_file_is_torn_every_part_that_is_found_is_whole_and_the_rest_is_made_again(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("torn")
    file = filled(home, count=4)
    whole = file.read_bytes()
    end = data.draw(st.integers(0, len(whole)))
    file.write_bytes(whole[:end])
    lines = whole[:end].count(b"\n")
    with parts_of(home, STEP, KEY) as parts:
        found = [parts.find(["batch", place]) for place in range(4)]
        kept = max(0, lines - 1)
        assert found == [{"said": f"answer {place}"} for place in range(kept)] + [None] * (4 - kept)
        torn = lines > 0 and not whole[:end].endswith(b"\n")
        assert [("torn" in note) for note in parts.notes] == [True] * torn
    assert filled(home, count=4).read_bytes() == whole


def test_a_line_that_was_changed_is_made_again_and_said(tmp_path: Path) -> None:
    file = filled(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"answer 1", b"answer 9"))
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert [parts.find(["batch", place]) is None for place in range(3)] == [False, True, False]
        assert "left out as damaged: 1, the first on line 3; what it held is made again" in parts.notes[0]


def test_a_file_that_is_no_journal_is_thrown_away_and_said(tmp_path: Path) -> None:
    file = filled(tmp_path)
    file.write_bytes(b"something else altogether\n" * 9)
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert not parts.resumed
        assert "no journal of parts" in parts.notes[0]
        parts.keep("a", 1)
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.find("a") == 1


@pytest.mark.parametrize("change", ["changed", "gone", "untouched"])
def test_a_part_of_files_is_found_only_where_they_are_as_they_were(tmp_path: Path, change: str) -> None:
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.folder is not None
        file = parts.folder / "deep" / "weights"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"\x00\x01")
        parts.keep("stands", {"step": 4}, [file])
    if change == "gone":
        file.unlink()
    elif change == "changed":
        file.write_bytes(b"\x00\x02")
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.find("stands") == ({"step": 4} if change == "untouched" else None)
        assert len(parts.notes) == (change != "untouched")


def test_of_several_parts_with_one_name_the_last_counts(tmp_path: Path) -> None:
    with parts_of(tmp_path, STEP, KEY) as parts:
        parts.keep("stands", 1)
        parts.keep("stands", 2)
    with parts_of(tmp_path, STEP, KEY) as parts:
        assert parts.find("stands") == 2
