"""Tiles in files give the nodes of the tree, however the leaves came in."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.records import CorruptionError
from colonnade.store.log.tiles import Levels, TileFiles, nodes_from
from colonnade.store.log.tree import folded, leaf_hashes, root

HASHES = leaf_hashes(b"%d" % number for number in range(70_000))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_the_files_hold_the_same_tree_whatever_the_groups(groups: list[int]) -> None:
    with TemporaryDirectory() as folder:
        files, levels, done = TileFiles(Path(folder)), Levels(), 0
        files.resume(0)
        for group in groups:
            files.extend(HASHES[done : done + group])
            levels.extend(HASHES[done : done + group])
            done += group
            again = TileFiles(Path(folder))
            assert again.resume(done)
            files = again
        expected = folded(HASHES[:done])
        assert root(nodes_from(files.read), done) == root(nodes_from(levels.read), done) == expected


def test_the_levels_are_the_tiles_of_a_tree_of_70000_leaves(tmp_path: Path) -> None:
    files = TileFiles(tmp_path)
    files.resume(0)
    files.extend(HASHES)
    assert {file.name: file.stat().st_size for file in files.folder.iterdir()} == {
        "0": 70_000 * 32,
        "1": 273 * 32,
        "2": 32,
    }
    assert files.read(1, 1, 1) == folded(HASHES[256:512])
    assert files.read(2, 0, 1) == folded(HASHES[:65_536])
    assert root(nodes_from(files.read), 69_999) == folded(HASHES[:69_999])


def test_files_that_are_too_short_are_not_gone_on_with(tmp_path: Path) -> None:
    files = TileFiles(tmp_path)
    files.resume(0)
    files.extend(HASHES[:600])
    (files.folder / "1").write_bytes(b"")
    assert not TileFiles(tmp_path).resume(600)
    assert not TileFiles(tmp_path).resume(601)
    assert TileFiles(tmp_path).resume(100)
    with pytest.raises(CorruptionError, match="ends before leaf"):
        root(nodes_from(files.read), 601)


def test_hashes_of_rows_that_were_cut_off_are_taken_away_on_every_level(tmp_path: Path) -> None:
    files = TileFiles(tmp_path)
    files.resume(0)
    files.extend(HASHES)
    files.resume(600)
    files.trim()
    sizes = {file.name: file.stat().st_size for file in (tmp_path / "tiles").iterdir()}
    assert sizes == {"0": 600 * 32, "1": 2 * 32, "2": 0}
    assert root(nodes_from(files.read), 600) == folded(HASHES[:600])
