"""The policies of another folder, or of a git revision, laid out so that they are read like any others."""

from __future__ import annotations

import os
import posixpath
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from colonnade.policy.profiles import read_profile
from colonnade.policy.repository import (
    LINK,
    commit_of,
    is_stand_in,
    list_commit,
    read_objects,
    root_of,
    run_git,
)
from colonnade.policy.workspace import read_launch, read_policies
from colonnade.records import InputError, PolicySet, Profile

_READ = (".md", ".yaml")
_PARTS = {"policies": _READ, "profiles": _READ, "launch.yaml": (), "guard.yaml": ()}
"""What is read of a revision; of a folder, the files with these endings."""

_MOST_LINKS = 40


class Library(NamedTuple):
    """Policies from somewhere else, and the profile that the launch had there.

    Attributes:
        profile: none where the launch there names none, or there is no launch.
    """

    policies: PolicySet
    profile: Profile | None = None


class Elsewhere(NamedTuple):
    """A folder with other policies, and perhaps with a launch, profiles and a guard.

    Attributes:
        revision: the git revision that was laid out there; empty where people keep the folder.
    """

    folder: Path
    revision: str = ""

    def policies(self) -> PolicySet:
        """The policies; each clause says where it stands in the revision.

        Raises:
            InputError: where they cannot be read.
        """
        with self.naming():
            found = read_policies(self.folder)
        clauses = (clause.model_copy(update={"file": self._place(clause.file)}) for clause in found.clauses)
        return found.model_copy(update={"clauses": tuple(clauses)})

    def profile(self) -> Profile | None:
        """The profile that the launch there names, if there is a launch and it names one.

        Raises:
            InputError: where the launch or the profile cannot be read.
        """
        with self.naming():
            name = read_launch(self.folder).profile if (self.folder / "launch.yaml").exists() else None
            return read_profile(self.folder, name).profile if name else None

    def library(self) -> Library:
        """Both.

        Raises:
            InputError: where either cannot be read.
        """
        return Library(self.policies(), self.profile())

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Inside, a complaint names the revision and the path in it, not the folder it was laid out in.

        Raises:
            InputError: the complaint of the block, in those words.
        """
        try:
            yield
        except InputError as error:
            if not self.revision:
                raise
            file = self._place(str(error.file)) if error.file is not None else None
            mend = "Name a revision in which that is right."
            raise InputError(self._in_words(error.what), file=file, line=error.line, mend=mend) from None

    def _place(self, file: str) -> str:
        path = Path(file)
        if not self.revision or not path.is_relative_to(self.folder):
            return file
        inside = path.relative_to(self.folder).as_posix()
        return f"{'the workspace' if inside == '.' else inside} at {self.revision}"

    def _in_words(self, what: str) -> str:
        """A sentence that may name files of the folder."""
        inside = sorted((str(path) for path in self.folder.rglob("*")), key=len, reverse=True)
        for path in (*inside, str(self.folder)):
            what = re.sub(rf"{re.escape(path)}(?![/\w])", lambda _, path=path: self._place(path), what)  # type: ignore[misc]
        return what.replace(f"{self.folder}/", "")


@contextmanager
def laid_out(
    workspace: Path, revision: str, also: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> Iterator[Elsewhere]:
    """Policies, profiles, launch and guard of a workspace as they stood in a git revision.

    They are read from the commit itself: the working tree is not touched, attributes leave nothing
    out, and a link leads to where it led in that revision.

    Args:
        workspace: a folder in a git working tree.
        revision: anything that ``git rev-parse`` takes: a commit, a branch, ``HEAD~2``.
        also: more folders of the workspace, each with the endings of what is read there.

    Raises:
        InputError: where this is no git working tree, there is no such revision, or it has no
            policies here.
    """
    root = root_of(workspace)
    commit = commit_of(workspace, revision)
    here = workspace.resolve().relative_to(root)
    parts = {**_PARTS, **also}
    wanted = {(here / name).as_posix(): name for name in parts}
    with tempfile.TemporaryDirectory(prefix="colonnade-revision-") as folder:
        elsewhere = Elsewhere(Path(folder), revision)
        _lay_out(_Tree(root, commit, revision, wanted), elsewhere.folder, parts)
        if not (elsewhere.folder / "policies").is_dir():
            raise InputError(f"{revision} has no policies here.", file=workspace, mend="Name a later revision.")
        yield elsewhere


def read_revision(workspace: Path, revision: str) -> Library:
    """The policies of a workspace as they stood in a git revision, with the profile that its launch had.

    Raises:
        InputError: as :func:`laid_out`, and where they cannot be read; it names the revision.
    """
    with laid_out(workspace, revision) as elsewhere:
        return elsewhere.library()


def is_revision(workspace: Path, name: str) -> bool:
    """Whether git knows a commit by this name here."""
    try:
        commit_of(workspace, name)
    except InputError:
        return False
    return True


# --- laying out -------------------------------------------------------------------------------------


class _Tree:
    """What a commit holds, with links followed inside it."""

    def __init__(self, root: Path, commit: str, revision: str, wanted: Mapping[str, str]) -> None:
        self.root, self.revision, self.wanted = root, revision, wanted
        self.entries = list_commit(root, commit, tuple(wanted))
        if any(entry.mode == LINK for entry in self.entries.values()):
            self.entries = list_commit(root, commit) | self.entries
        self.links = self.contents({path for path, entry in self.entries.items() if entry.mode == LINK})

    def contents(self, paths: Collection[str]) -> dict[str, bytes]:
        """What the files and links hold; for a stand-in git is asked to undo the filter that made it.

        Raises:
            InputError: where one of them is not in this clone.
        """
        read: dict[str, bytes] = {}
        for repository in {self.entries[path].repository for path in paths}:
            read |= read_objects(
                repository, (self.entries[path].object for path in paths if self.entries[path].repository == repository)
            )
        found = {}
        for path in paths:
            entry = self.entries[path]
            if entry.object not in read:
                raise InputError(
                    "this clone does not have this file.", file=self.place(path), mend="Fetch it: 'git fetch'."
                )
            found[path] = read[entry.object]
            if entry.mode != LINK and is_stand_in(found[path]):
                found[path] = run_git(entry.repository, "cat-file", "--filters", entry.spec)
        return found

    def below(self, path: str) -> list[str]:
        """The paths of everything below a folder; none where it is a file or not there."""
        return [name for name in self.entries if path == "." or name.startswith(f"{path}/")]

    def follow(self, path: str) -> str:
        """Where a path leads, past every link on the way.

        Raises:
            InputError: where it leads out of the commit, nowhere or in a circle.
        """
        at, target, hops = path, "", 0
        while link := next((name for name in (*_folders(at), at) if name in self.links), ""):
            target = os.fsdecode(self.links[link])
            at = posixpath.normpath(posixpath.join(posixpath.dirname(link), target) + at[len(link) :])
            hops += 1
            if hops > _MOST_LINKS:
                break
        if hops > _MOST_LINKS or (hops and at not in self.entries and not self.below(at)):
            what = f"this link leads to '{target}', which {self.revision} does not have."
            mend = "Commit files in its place, and name a revision that has them."
            raise InputError(what, file=self.place(path), mend=mend)
        return at

    def place(self, path: str) -> str:
        """The path as it lies in the workspace, and the revision."""
        part = next((part for part in (*_folders(path), path) if part in self.wanted), "")
        shown = self.wanted[part] + path[len(part) :] if part else path
        return f"{shown} at {self.revision}"


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _lay_out(tree: _Tree, folder: Path, parts: Mapping[str, tuple[str, ...]]) -> None:
    """Write what is read of a workspace; of what lies in a linked folder below, as on a disk, nothing."""
    sources: dict[str, str] = {}
    for path, name in tree.wanted.items():
        at = tree.follow(path)
        if at in tree.entries:
            sources[name] = at
            continue
        for child in tree.below(at):
            (folder / name).mkdir(exist_ok=True)
            if child.endswith(parts[name]) and (end := tree.follow(child)) in tree.entries:
                sources[posixpath.join(name, posixpath.relpath(child, at))] = end
    contents = tree.contents(set(sources.values()))
    for name, source in sources.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents[source])
