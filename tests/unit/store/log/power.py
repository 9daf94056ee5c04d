"""A disk whose power goes: what was forced to it stays, and of all else any page may be there or not.

The real files are what the page cache has. Beside them it is remembered what each file held when it
was last forced to disk, and which names stood in each folder when that was. When the power goes,
every page that differs is chosen anew: as it was, or as it is; and the end of a file lies anywhere
between its old and its new one. What was never written reads as zeros.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any

import pytest

from colonnade.store.log.tree import HASH

PAGE = 512
"""Smaller than that of a real disk, so that a group of a few rows has many."""


class Killed(BaseException):
    """The process is gone: nothing that it would have done next is done."""


class OneAfterTheOther:
    """Stands in for the second thread of a service: both syncs are asked for at once, and either may come first."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def is_there(self) -> bool:
        return True

    def both(self, mine: Callable[[], None], yours: Callable[[], None]) -> None:
        for sync in self.random.sample((mine, yours), 2):
            sync()


class Disk:
    """What is forced to disk below a folder, while a block runs; writers die where they are told to.

    Args:
        folder: of the log.
        random: chooses what is lost.
    """

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder, self.random = folder, random
        self.until = self.until_sync = -1
        self._synced: dict[int, bytes] = {}
        self._named: dict[Path, int] = {}
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Disk:
        write, pwrite = os.write, os.pwrite
        self._patch.setattr(os, "write", lambda handle, content: self._half(write, handle, content))
        self._patch.setattr(os, "pwrite", lambda handle, content, at: self._half(pwrite, handle, content, at))
        self._patch.setattr(os, "fdatasync", self._sync)
        self._patch.setattr(os, "fsync", self._sync)
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._patch.undo()

    def sync_everything(self) -> None:
        """What stands in the folder now is on disk."""
        for file in self._files():
            self._synced[file.stat().st_ino] = file.read_bytes()
            self._named[file] = file.stat().st_ino

    def lose(self, share: float | None = None, files: str = "") -> None:
        """The power goes: the files are as a machine that starts again could find them.

        Args:
            share: of the pages that are as they are now; chosen for each file if not said.
            files: the folder of those that lose something; all if not said.
        """
        for file in sorted({*self._named, *self._files()}):
            if files and file.parent.name != files:
                continue
            number = file.stat().st_ino if file.exists() else None
            before = self._named.get(file)
            if number is None or (before != number and self.random.random() < 0.5):
                if before is None:
                    file.unlink()
                else:
                    file.write_bytes(self._synced.get(before, b""))
            else:
                file.write_bytes(self._mixed(self._synced.get(number, b""), file.read_bytes(), share))

        self._synced, self._named = {}, {}
        self.sync_everything()

    def _mixed(self, old: bytes, new: bytes, share: float | None) -> bytes:
        if len(new) < len(old) or old == new:
            return self.random.choice((old, new))
        size = self.random.choice((len(old), len(new), self.random.randint(len(old), len(new))))
        share = self.random.choice((0.0, 0.1, 0.5, 0.9, 1.0)) if share is None else share
        padded = old.ljust(len(new), b"\x00")
        pages = [
            (new if self.random.random() < share else padded)[start : start + PAGE]
            for start in range(0, len(new), PAGE)
        ]
        return b"".join(pages)[:size]

    def _half(self, real: Callable[..., int], handle: int, content: Any, *more: int) -> int:
        if self._is_time():
            size = self.random.randint(0, len(content))
            # A kill ends a write between two pages; hashes, which alone are written at an offset, never lie on two.
            real(handle, bytes(content)[: size - size % HASH if more else size], *more)
            raise Killed
        return real(handle, content, *more)

    def _sync(self, handle: int) -> None:
        place = Path(f"/proc/self/fd/{handle}").readlink()
        if not place.is_relative_to(self.folder):
            return
        self.until_sync -= 1
        if self._is_time() or self.until_sync == 0:
            raise Killed
        if place.is_dir():
            for file in place.iterdir():
                if file.is_file():
                    self._named[file] = file.stat().st_ino
            for file in [file for file in self._named if file.parent == place and not file.exists()]:
                del self._named[file]
        else:
            self._synced[os.fstat(handle).st_ino] = Path(f"/proc/self/fd/{handle}").read_bytes()

    def _is_time(self) -> bool:
        self.until -= 1
        return self.until == 0

    def _files(self) -> list[Path]:
        return [file for file in self.folder.rglob("*") if file.is_file()]
