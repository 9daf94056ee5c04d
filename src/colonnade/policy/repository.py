"""The git repository around a folder, asked without touching its files, its index or its settings."""

from __future__ import annotations

import codecs
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from colonnade.records import InputError

LINK, SUBMODULE = "120000", "160000"
"""Modes of a tree's entry that is no file of its own."""

_OF_ANOTHER = frozenset(
    {
        *("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE"),
        *("GIT_OBJECT_DIRECTORY", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE"),
        *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
    }
)
"""What a hook of git, or a script around it, sets for its own repository; the workspace's is meant."""

_ASKING = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


class Entry(NamedTuple):
    """One file, link or submodule of a commit.

    Attributes:
        repository: the root of the working tree whose commit it is in.
        mode: as git writes it, such as ``100644``.
        object: the name of its content.
        spec: commit and path, as git takes them.
    """

    repository: Path
    mode: str
    object: str
    spec: str


def run_git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints.

    Args:
        folder: where it is asked.
        arguments: of git; nothing of them is read by a shell.
        given: its standard input.

    Raises:
        InputError: in git's own words, where it is not installed or refuses.
    """
    git = shutil.which("git")
    if git is None:
        raise InputError("git is not installed, so no revision can be read.", mend="Install git, or name a folder.")
    around = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER} | _ASKING
    done = subprocess.run([git, *arguments], cwd=folder, input=given, capture_output=True, check=False, env=around)  # noqa: S603  # no shell; what people give stands behind --end-of-options
    if done.returncode:
        raise _refusal(done.stderr.decode(errors="replace").strip(), folder)
    return done.stdout


_NO_REVISION = "single revision"
"""What git says of a name that stands for no commit, without naming it."""


def _refusal(said: str, folder: Path) -> InputError:
    first = (said.splitlines() or ["it refused without a word"])[0].rstrip(".")
    mend = "Name a revision that this repository has."
    if "dubious ownership" in first:
        mend = f"If you trust it, say so: 'git config --global --add safe.directory {holder_of(folder) or folder}'."
    elif "not a git repository" in first:
        mend = "Keep the workspace in git ('git init', 'git add .', 'git commit'), or name another folder."
    elif _NO_REVISION in first:
        mend = "Commit the policies first ('git add .', 'git commit'), or name a revision that there is."
    return InputError(f"git says: {first}.", file=folder, mend=mend)


def holder_of(folder: Path) -> Path | None:
    """The closest folder upwards with a ``.git``, whether or not git can be asked; nothing where there is none."""
    here = folder.resolve()
    return next((place for place in (here, *here.parents) if os.path.lexists(place / ".git")), None)


def root_of(folder: Path) -> Path:
    """The top of the working tree around a folder.

    Raises:
        InputError: where there is none, or git does not answer.
    """
    said = os.fsdecode(run_git(folder, "rev-parse", "--show-toplevel")).removesuffix("\n")
    return Path(said).resolve()


def commit_of(folder: Path, revision: str) -> str:
    """The full name of the commit that a revision stands for.

    Raises:
        InputError: where there is none.
    """
    try:
        return run_git(folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except InputError as fault:
        if _NO_REVISION not in fault.what:
            raise
        raise InputError(f"git knows no revision '{revision}' here.", file=folder, mend=fault.mend) from None


def list_commit(root: Path, commit: str, paths: Sequence[str] = ()) -> dict[str, Entry]:
    """Everything in a commit by its path, or what lies at or below some paths; nothing is left to attributes.

    What a submodule holds is listed from its own working tree.

    Raises:
        InputError: where a submodule is not checked out, or git does not answer.
    """
    listed = run_git(root, "ls-tree", "-r", "-z", "--full-tree", commit, *(["--", *paths] if paths else []))
    found: dict[str, Entry] = {}
    for row in listed.split(b"\0")[:-1]:
        about, _, name = row.partition(b"\t")
        mode, _, thing = about.decode().split()
        path = os.fsdecode(name)
        if mode == SUBMODULE and paths:
            found.update(_list_submodule(root, path, thing))
        elif mode != SUBMODULE:
            found[path] = Entry(root, mode, thing, f"{commit}:{path}")
    return found


def _list_submodule(root: Path, path: str, commit: str) -> Iterator[tuple[str, Entry]]:
    try:
        # An empty folder would be taken for a part of the repository around it.
        checked_out = root_of(root / path) == (root / path).resolve()
        inner = list_commit(root / path, commit) if checked_out else None
    except (InputError, OSError):
        inner = None
    if inner is None:
        what = f"{path} is a submodule, and its commit {commit[:10]} is not here."
        mend = "Fetch it: 'git submodule update --init' in its repository, or 'git fetch' in the submodule."
        raise InputError(what, file=root, mend=mend)
    for name, entry in inner.items():
        yield f"{path}/{name}", entry


def ignored_below(folder: Path, name: str) -> tuple[str, ...]:
    """The files at or below a path of a folder that git is told to leave out, so that no commit has them.

    Raises:
        InputError: where git does not answer.
    """
    asked = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", name)
    return tuple(map(os.fsdecode, run_git(folder, *asked).split(b"\0")[:-1]))


def read_objects(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The content of each object by its name; one that the repository lacks is left out.

    Raises:
        InputError: where git does not answer.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    said = run_git(root, "cat-file", "--batch", given="".join(f"{name}\n" for name in wanted).encode())
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = said.index(b"\n", at)
        head = said[at:end].split()
        at = end + 1
        if len(head) == 3:
            size = int(head[2])
            found[name] = said[at : at + size]
            at += size + 1
    return found


def is_stand_in(content: bytes) -> bool:
    """Whether git holds something in place of the text: a pointer of Git LFS, ciphertext, or no text at all."""
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.startswith(b"version https://git-lfs.") or (b"\0" in content and not utf_16)
