"""A policy set as it stood in a git revision."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from colonnade.policy.workspace import read_policies
from colonnade.records import InputError, PolicySet

_REMOVED = re.compile(r"^-## +(\S+)(?: +[—–-]+ +(.+?))? *$", re.MULTILINE)
_ADDED = re.compile(r"^\+## +(\S+)(?: +[—–-]+ +(.+?))? *$", re.MULTILINE)


def read_revision(workspace: Path, revision: str) -> PolicySet:
    """The policies of a workspace as they stood in a git revision; the working tree is not touched.

    Args:
        workspace: a folder in a git working tree.
        revision: anything that ``git rev-parse`` takes: a commit, a branch, ``HEAD~2``.

    Raises:
        InputError: where this is no git working tree, there is no such revision, or it has no
            policies here.
    """
    root = Path(_git(workspace, "rev-parse", "--show-toplevel").decode().strip())
    commit = _git(workspace, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    below = (workspace.resolve() / "policies").relative_to(root.resolve()).as_posix()
    archive = _git(root, "archive", "--format=tar", commit, "--", below)
    with tempfile.TemporaryDirectory(prefix="colonnade-revision-") as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
        found = read_policies((Path(folder) / below).parent)
        clauses = (
            clause.model_copy(update={"file": f"{revision}:{Path(clause.file).relative_to(folder).as_posix()}"})
            for clause in found.clauses
        )
        return PolicySet(clauses=tuple(clauses))


def is_revision(workspace: Path, name: str) -> bool:
    """Whether git knows a commit by this name here."""
    try:
        _git(workspace, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except InputError:
        return False
    return True


class GivenUp(NamedTuple):
    """Where a clause id ended that another clause has now.

    Attributes:
        commit: the short name of the commit that removed the clause.
        title: what that clause was called.
    """

    commit: str
    title: str


def ids_taken_up_again(workspace: Path, titles: Mapping[str, str]) -> dict[str, GivenUp]:
    """Clause ids that were removed in the history and stand for something else now.

    A clause that comes back under its old title is the old clause. Outside a git working tree
    there is no history, and nothing is found.

    Args:
        workspace: whose ``policies/`` are looked at, in every commit that the present one rests on.
        titles: the title of each clause as the files stand.
    """
    try:
        log = _git(
            workspace, "log", "--reverse", "--topo-order", "--no-renames", "--no-color", "--no-ext-diff", "-p", "-U0",
            "--format=%x00%h", "--", "policies",
        ).decode(errors="replace")  # fmt: skip
    except InputError:
        return {}
    gone: dict[str, GivenUp] = {}
    again: dict[str, GivenUp] = {}
    for commit in (*log.split("\0")[1:], None):
        name = commit.partition("\n")[0].strip() if commit else ""
        removed = dict(_REMOVED.findall(commit)) if commit else {}
        added = dict(_ADDED.findall(commit)) if commit else dict(titles)
        for identifier, title in added.items():
            before = gone.pop(identifier, None)
            if before is not None and before.title != title:
                again[identifier] = before
        for identifier in removed.keys() - added.keys():
            gone[identifier] = GivenUp(name, removed[identifier])
            again.pop(identifier, None)
    return {identifier: found for identifier, found in again.items() if identifier in titles}


def _git(folder: Path, *arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise InputError("git is not installed, so no revision can be read.", mend="Install git, or name a folder.")
    done = subprocess.run([git, *arguments], cwd=folder, capture_output=True, check=False)  # noqa: S603  # no shell; the revision stands behind --end-of-options
    if done.returncode:
        said = (done.stderr.decode(errors="replace").strip().splitlines() or ["git refused"])[0]
        raise InputError(f"git says: {said}.", file=folder, mend="Name a revision that this repository has.")
    return done.stdout
