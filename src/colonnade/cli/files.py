"""Where a command writes a file that somebody named: every place that cannot be written to is a sentence."""

from __future__ import annotations

import os
from pathlib import Path

from colonnade.records import InputError


def check_writable(file: Path) -> None:
    """Refuse, before any work is done, a name under which no file can be written.

    Raises:
        InputError: where it is a folder, or the folder that it is to lie in is none.
    """
    if file.is_dir():
        raise InputError("this is a folder, not a file.", file=file, mend="Name a file in it.")
    if not file.parent.is_dir():
        state = "is a file" if file.parent.exists() else "does not exist"
        what = f"this cannot be written: the folder {file.parent} {state}."
        raise InputError(what, file=file, mend="Choose a file in a folder that exists.")


def check_labels(file: Path | None) -> None:
    """Refuse, before any work is done, a file of people's labels that is not there; none is named where none is needed.

    Raises:
        InputError: saying where such a file comes from.
    """
    if file is not None and not file.exists():
        mend = "Draw answers to label with 'colonnade judge sample WORKSPACE --out FILE', and name that file."
        raise InputError("there is no such file.", file=file, mend=mend)


def check_place(folder: Path, inside: str = "") -> None:
    """Refuse, before any work is done, a folder that could not be made or written into.

    Args:
        folder: as somebody named it.
        inside: the part of it into which the files go.

    Raises:
        InputError: naming what is in the way.
    """
    wanted = (folder / inside).absolute()
    there = next(part for part in (wanted, *wanted.parents) if part.exists() or part.is_symlink())
    if not there.is_dir():
        what = "this is a file, not a folder." if there == folder.absolute() else f"{there} is a file, not a folder."
        raise InputError(what, file=folder, mend="Choose another folder; nothing was written.")
    if not os.access(there, os.W_OK):
        what = f"nothing can be written into {there}: it may only be read."
        raise InputError(what, file=folder, mend="Choose another folder, or have its permissions changed.")


def write_file(file: Path, content: str | bytes) -> None:
    """Write a file that an option names; what was there under this name is replaced.

    Raises:
        InputError: as :func:`check_writable`, or where the system refuses.
    """
    check_writable(file)
    try:
        file.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as fault:
        what = f"this cannot be written: {fault.strerror or fault}."
        raise InputError(what, file=file, mend="Choose a file that may be written, on a disk with room.") from None
