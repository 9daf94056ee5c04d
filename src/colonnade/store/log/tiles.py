"""The hashes of the tree on disk: one file per eighth level, append-only, derived from the rows.

File ``tiles/0`` has all leaf hashes one behind the other, ``tiles/1`` the root of every 256 of
them, and so on: 32.13 bytes a row. These are the tiles of C2SP's tlog-tiles, laid end to end: tile
N of level L is the 8,192 bytes at ``N * 8192`` of ``tiles/L``. What is between two levels is hashed
when it is asked for. The same rows always give the same bytes at the same place, so writing twice
does no harm, and a tile lost in a crash is made again from the rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from colonnade.records import CorruptionError
from colonnade.store.log.disk import sync_file
from colonnade.store.log.tree import HASH, Nodes, cut, folded

TILES = "tiles"
HEIGHT = 8
WIDTH = 1 << HEIGHT
"""Hashes of a tile."""

Read = Callable[[int, int, int], bytes]
"""``read(level, first, count)``: so many hashes of one level, or fewer where there are no more."""


def nodes_from(read: Read) -> Nodes:
    """Nodes of a tree whose tiles can be read."""

    def node(height: int, index: int) -> bytes:
        level, above = divmod(height, HEIGHT)
        count = 1 << above
        content = read(level, index * count, count)
        if len(content) != count * HASH:
            raise CorruptionError(
                f"the index of hashes ends before leaf {(index + 1) << height}.",
                mend="'colonnade audit checkpoint' makes it again from the rows.",
            )
        return folded(cut(content))

    return node


class Levels:
    """The tiles of a tree in memory, for one who makes them again from the rows."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, and the roots of all tiles that they fill."""
        level, fresh = 0, leaves
        while fresh:
            if level == len(self._levels):
                self._levels.append(bytearray())
            hashes = self._levels[level]
            before = len(hashes) // HASH // WIDTH
            hashes += b"".join(fresh)
            fresh = _roots(bytes(hashes[before * WIDTH * HASH :]))
            level += 1

    def read(self, level: int, first: int, count: int) -> bytes:
        """So many hashes of one level."""
        hashes = self._levels[level] if level < len(self._levels) else b""
        return bytes(hashes[first * HASH : (first + count) * HASH])


class TileFiles:
    """The same in files, for one who appends and for one who proves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / TILES
        self._place = os.fspath(self.folder)
        self.size = 0
        self._partial: list[bytes] = [b""]

    def resume(self, size: int) -> bool:
        """Go on behind the first ``size`` leaves; whether the files have what they need for that."""
        self.folder.mkdir(exist_ok=True)
        partial: list[bytes] = []
        level, count = 0, size
        while level == 0 or count:
            try:
                if (self.folder / str(level)).stat().st_size < count * HASH:
                    return False
            except FileNotFoundError:
                if count:
                    return False
            first = count // WIDTH * WIDTH
            partial.append(self.read(level, first, count - first))
            level, count = level + 1, count // WIDTH
        self.size, self._partial = size, partial
        return True

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Write leaf hashes, and the roots of all tiles that they fill; nothing is forced to disk."""
        level, first, fresh = 0, self.size, leaves
        while fresh:
            if level == len(self._partial):
                self._partial.append(b"")
            content = b"".join(fresh)
            self._write(level, first * HASH, content)
            whole = self._partial[level] + content
            fresh = _roots(whole)
            self._partial[level] = whole[len(fresh) * WIDTH * HASH :]
            level, first = level + 1, first // WIDTH
        self.size += len(leaves)

    def read(self, level: int, first: int, count: int) -> bytes:
        """So many hashes of one level."""
        try:
            with (self.folder / str(level)).open("rb") as stream:
                stream.seek(first * HASH)
                return stream.read(count * HASH)
        except FileNotFoundError:
            return b""

    def trim(self) -> None:
        """Take away hashes behind the last leaf, of rows that were cut off, so that no crash brings them back."""
        for file in self.folder.iterdir():
            size = (self.size >> (HEIGHT * int(file.name))) * HASH
            if file.stat().st_size > size:
                os.truncate(file, size)
                sync_file(file)

    def sync(self) -> None:
        """Force all levels to disk."""
        for file in self.folder.iterdir():
            sync_file(file)

    def _write(self, level: int, offset: int, content: bytes) -> None:
        handle = os.open(f"{self._place}/{level}", os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            while content:
                written = os.pwrite(handle, content, offset)
                content, offset = content[written:], offset + written
        finally:
            os.close(handle)


def _roots(hashes: bytes) -> list[bytes]:
    """The root of every full tile at the beginning of some hashes."""
    size = WIDTH * HASH
    return [folded(cut(hashes[start : start + size])) for start in range(0, len(hashes) - size + 1, size)]
