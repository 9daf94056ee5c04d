"""An id that another clause had once is found in the history of the repository."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pytest

from colonnade.policy.findings import Finding, Importance
from colonnade.policy.history import history_of_ids
from colonnade.policy.linting import lint
from tests.repositories import git
from tests.workspaces import HONESTY, write_workspace

NEW = HONESTY.replace("Saying what it is", "Jokes about machines")
GONE = HONESTY.replace("honesty.machine", "honesty.program")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The tiny workspace below the root of a repository, with a first commit."""
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    commit(folder, HONESTY)
    return folder


def commit(folder: Path, text: str) -> None:
    (folder / "policies" / "honesty.md").write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "as it stands")


def titles(text: str) -> dict[str, str]:
    return {"honesty.machine": text.partition("honesty.machine — ")[2].partition("\n")[0]}


def test_an_id_that_comes_back_with_another_meaning_is_found(workspace: Path) -> None:
    commit(workspace, GONE)
    commit(workspace, NEW)
    assert history_of_ids(workspace, titles(NEW)).again["honesty.machine"].title == "Saying what it is"
    reused = [row for row in lint(workspace, date(2026, 3, 1)) if row.rule == "reused-id"]
    assert len(reused) == 1
    assert "'honesty.machine' belonged to the clause 'Saying what it is' until commit" in reused[0].sentence
    assert reused[0].line


def test_so_is_one_that_is_not_committed_yet(workspace: Path) -> None:
    commit(workspace, GONE)
    assert set(history_of_ids(workspace, titles(NEW)).again) == {"honesty.machine"}


def test_a_clause_that_comes_back_as_it_was_is_the_old_one(workspace: Path) -> None:
    commit(workspace, GONE)
    commit(workspace, HONESTY)
    assert history_of_ids(workspace, titles(HONESTY)) == ({}, ())


def test_a_new_title_of_a_clause_that_never_went_is_no_reuse(workspace: Path) -> None:
    commit(workspace, NEW)
    assert history_of_ids(workspace, titles(NEW)) == ({}, ())


def test_outside_a_repository_there_is_no_history(tmp_path: Path) -> None:
    assert history_of_ids(write_workspace(tmp_path), titles(NEW)) == ({}, ())


# --- what is no reuse ------------------------------------------------------------------------------


def again(workspace: Path, text: str = NEW) -> set[str]:
    found = history_of_ids(workspace, titles(text))
    assert found.gaps == ()
    return set(found.again)


def test_a_clause_moved_to_another_file_in_one_commit_went_nowhere(workspace: Path) -> None:
    (workspace / "policies" / "machines.md").write_text(NEW)
    commit(workspace, GONE)
    assert again(workspace) == set()


def test_a_file_that_is_renamed_takes_its_ids_along(workspace: Path) -> None:
    git(workspace, "mv", "policies/honesty.md", "policies/truth.md")
    (workspace / "policies" / "truth.md").write_text(NEW)
    git(workspace, "commit", "-qam", "renamed and titled anew")
    assert again(workspace) == set()


def test_line_ends_that_change_are_no_new_titles(workspace: Path) -> None:
    (workspace / "policies" / "honesty.md").write_bytes(HONESTY.replace("\n", "\r\n").encode())
    git(workspace, "commit", "-qam", "on another system")
    commit(workspace, GONE)
    (workspace / "policies" / "honesty.md").write_bytes(HONESTY.replace("\n", "\r\n").encode())
    git(workspace, "commit", "-qam", "back")
    assert again(workspace, HONESTY) == set()


def test_a_clause_without_a_title_comes_back_as_it_was(workspace: Path) -> None:
    bare = HONESTY.replace("## honesty.machine — Saying what it is", "## honesty.machine")
    commit(workspace, bare)
    commit(workspace, GONE)
    assert history_of_ids(workspace, {"honesty.machine": "honesty.machine"}) == ({}, ())


@pytest.mark.parametrize("name", ["policies/notes.txt", "policies/old/notes.rst", "notes.md"])
def test_headings_of_other_files_are_no_clauses(tmp_path: Path, name: str) -> None:
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("## honesty.machine — A remark\n")
    commit(folder, GONE)
    (folder / name).unlink()
    commit(folder, GONE)
    commit(folder, NEW)
    assert again(folder) == set()


@pytest.mark.parametrize("fence", ["```", "````", "```  markdown", "  ```  text"])
def test_a_heading_inside_a_block_is_no_clause(tmp_path: Path, fence: str) -> None:
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    shown = f"\n{fence}\n## honesty.machine — An example\n{fence.split()[0]}\n"
    commit(folder, GONE + shown)
    commit(folder, GONE)
    commit(folder, NEW)
    assert again(folder) == set()


def test_a_remark_in_the_front_matter_is_no_clause(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    commit(folder, GONE.replace("---\n", "---\n## honesty.machine — later\n", 1))
    commit(folder, GONE)
    commit(folder, NEW)
    assert again(folder) == set()


def test_what_went_on_one_branch_only_went_nowhere(workspace: Path) -> None:
    git(workspace, "checkout", "-q", "-b", "side")
    commit(workspace, GONE)
    git(workspace, "checkout", "-q", "-")
    commit(workspace, NEW)
    git(workspace, "merge", "-q", "-s", "ours", "--no-edit", "side")
    assert again(workspace) == set()


def test_a_branch_that_brings_an_id_back_as_another_clause_is_seen_after_the_merge(workspace: Path) -> None:
    git(workspace, "checkout", "-q", "-b", "side")
    commit(workspace, GONE)
    commit(workspace, NEW)
    git(workspace, "checkout", "-q", "-")
    (workspace / "remark.txt").write_text("meanwhile\n")
    git(workspace, "add", "-A")
    git(workspace, "commit", "-qm", "meanwhile")
    git(workspace, "merge", "-q", "--no-edit", "side")
    assert again(workspace) == {"honesty.machine"}


def test_an_id_that_lived_on_a_branch_alone_is_remembered(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    folder = write_workspace(tmp_path / "product")
    commit(folder, GONE)
    git(folder, "checkout", "-q", "-b", "side")
    commit(folder, HONESTY)
    commit(folder, GONE)
    git(folder, "checkout", "-q", "-")
    commit(folder, GONE)
    git(folder, "merge", "-q", "--no-ff", "--no-edit", "side")
    commit(folder, NEW)
    assert again(folder) == {"honesty.machine"}


def test_a_merge_under_way_counts_both_sides(workspace: Path) -> None:
    git(workspace, "checkout", "-q", "-b", "side")
    commit(workspace, NEW)
    git(workspace, "checkout", "-q", "-")
    commit(workspace, GONE)
    git(workspace, "merge", "-q", "-s", "ours", "--no-commit", "side")
    assert again(workspace) == set()
    git(workspace, "merge", "--abort")
    assert again(workspace) == {"honesty.machine"}


def test_the_old_title_ends_the_matter(workspace: Path) -> None:
    commit(workspace, GONE)
    commit(workspace, NEW)
    commit(workspace, HONESTY)
    assert again(workspace, HONESTY) == set()


def test_a_second_clause_that_goes_and_comes_back_is_still_the_second(workspace: Path) -> None:
    for text in (GONE, NEW, GONE, NEW):
        commit(workspace, text)
    assert history_of_ids(workspace, titles(NEW)).again["honesty.machine"].title == "Saying what it is"


# --- where the history is ---------------------------------------------------------------------------


@pytest.mark.parametrize("attribute", ["-diff", "binary", "diff=words", "export-ignore", "eol=crlf", "ident"])
def test_git_attributes_hide_nothing(workspace: Path, attribute: str) -> None:
    (workspace / ".gitattributes").write_text(f"*.md {attribute}\n")
    git(workspace, "config", "diff.words.textconv", "true")
    commit(workspace, GONE)
    assert again(workspace) == {"honesty.machine"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("log.follow", "true"), ("log.showRoot", "false"), ("log.showSignature", "true"), ("diff.renames", "copies")],
)
def test_settings_of_git_hide_nothing(workspace: Path, name: str, value: str) -> None:
    git(workspace, "config", name, value)
    commit(workspace, GONE)
    assert again(workspace) == {"honesty.machine"}


def test_variables_of_a_hook_lead_nowhere_else(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(workspace, GONE)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert again(workspace) == {"honesty.machine"}


def test_a_folder_that_was_renamed_keeps_its_history(workspace: Path) -> None:
    commit(workspace, GONE)
    for old, new in (("product", "assistant"), ("assistant", "products [1]/assistant")):
        (workspace.parent / new).parent.mkdir(exist_ok=True)
        git(workspace.parent, "mv", old, new)
        git(workspace.parent, "commit", "-qm", "another name")
    assert again(workspace.parent / "products [1]" / "assistant") == {"honesty.machine"}


def test_a_file_from_another_workspace_brings_its_own_history_only(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    other, folder = write_workspace(tmp_path / "other"), write_workspace(tmp_path / "product")
    (folder / "policies" / "honesty.md").unlink()
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "two")
    git(tmp_path, "mv", "other/policies/honesty.md", "product/policies/honesty.md")
    git(tmp_path, "commit", "-qm", "moved")
    (other / "policies" / "doors.md").unlink()
    commit(folder, NEW)
    assert again(folder) == set()
    commit(folder, GONE)
    assert again(folder, HONESTY) == {"honesty.machine"}


def test_a_submodule_has_its_own_history(workspace: Path, tmp_path: Path) -> None:
    commit(workspace, GONE)
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path), "library")
    git(outer, "commit", "-qm", "a submodule")
    assert again(outer / "library" / "product") == {"honesty.machine"}


def test_policies_may_be_a_submodule_themselves(tmp_path: Path) -> None:
    library, outer = tmp_path / "library", tmp_path / "outer"
    for folder in (library, outer):
        folder.mkdir()
        git(folder, "init", "-q")
    for text in (HONESTY, GONE):
        (library / "honesty.md").write_text(text)
        git(library, "add", "-A")
        git(library, "commit", "-qm", "as it stands")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "policies")
    git(outer, "commit", "-qm", "a submodule")
    assert again(outer) == {"honesty.machine"}


def test_a_clause_that_moved_into_a_submodule_lives_on_there(workspace: Path) -> None:
    git(workspace, "rm", "-rqf", "policies/honesty.md")
    git(workspace, "commit", "-qm", "moves out")
    inner = workspace / "policies" / "shared"
    inner.mkdir()
    git(inner, "init", "-q")
    for text in (HONESTY, NEW):
        (inner / "honesty.md").write_text(text)
        git(inner, "add", "-A")
        git(inner, "commit", "-qm", "as it stands")
    assert again(workspace) == set()


def test_linked_files_are_followed(workspace: Path) -> None:
    shared = workspace.parent / "shared"
    shared.mkdir()
    (workspace / "policies" / "honesty.md").unlink()
    (workspace / "policies" / "honesty.md").symlink_to("../../shared/truth.md")
    for text in (HONESTY, GONE):
        (shared / "truth.md").write_text(text)
        git(workspace.parent, "add", "-A")
        git(workspace.parent, "commit", "-qm", "as it stands")
    assert again(workspace) == {"honesty.machine"}


def test_another_working_tree_and_a_detached_head_have_the_same_history(workspace: Path, tmp_path: Path) -> None:
    commit(workspace, GONE)
    git(workspace, "worktree", "add", "-q", "--detach", str(tmp_path / "elsewhere"))
    assert again(tmp_path / "elsewhere" / "product") == {"honesty.machine"}
    git(workspace, "checkout", "-q", "--detach", "HEAD~1")
    assert again(workspace) == set()


def test_policies_that_moved_up_to_the_root_keep_their_history(workspace: Path) -> None:
    commit(workspace, GONE)
    git(workspace.parent, "mv", "product/policies", "policies")
    git(workspace.parent, "commit", "-qm", "moved up")
    assert again(workspace.parent) == {"honesty.machine"}


def test_a_library_merged_into_a_folder_brings_its_history(tmp_path: Path) -> None:
    library, outer = write_workspace(tmp_path / "library"), tmp_path / "outer"
    git(library, "init", "-q")
    commit(library, HONESTY)
    commit(library, GONE)
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "commit", "-qm", "empty", "--allow-empty")
    git(outer, "fetch", "-q", str(library))
    git(outer, "merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", "FETCH_HEAD")
    git(outer, "read-tree", "--prefix=vendor/library/", "-u", "FETCH_HEAD")
    git(outer, "commit", "-qm", "a subtree")
    assert again(outer / "vendor" / "library") == {"honesty.machine"}


def test_the_length_of_names_of_commits_is_no_matter(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    folder = write_workspace(tmp_path / "product")
    commit(folder, HONESTY)
    commit(folder, GONE)
    assert again(folder) == {"honesty.machine"}


def test_before_the_first_commit_there_is_no_history(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert again(write_workspace(tmp_path / "product")) == set()


def test_policies_that_were_never_committed_have_no_history(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-qm", "empty", "--allow-empty")
    assert again(write_workspace(tmp_path / "product")) == set()


# --- what could not be looked at --------------------------------------------------------------------


def unchecked(workspace: Path) -> Finding:
    (found,) = (row for row in lint(workspace, date(2026, 3, 1)) if row.rule == "unchecked-history")
    return found


def test_a_shallow_clone_is_said_and_what_is_there_is_checked(workspace: Path, tmp_path: Path) -> None:
    commit(workspace, GONE)
    for depth, known in ((1, False), (2, True)):
        clone = tmp_path / f"clone-{depth}"
        git(tmp_path, "clone", "-q", "--depth", str(depth), tmp_path.as_uri(), str(clone))
        assert bool(history_of_ids(clone / "product", titles(NEW)).again) == known
        assert "last commits only" in unchecked(clone / "product").sentence
        assert "fetch --unshallow" in unchecked(clone / "product").mend


def test_a_missing_git_is_said_in_a_repository_only(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = write_workspace(Path(tempfile.mkdtemp(dir=workspace.parent.parent)))
    monkeypatch.setenv("PATH", "")
    assert unchecked(workspace).importance is Importance.WARNING
    assert "git is not installed" in unchecked(workspace).sentence
    assert history_of_ids(outside, titles(NEW)) == ({}, ())


def test_a_repository_of_somebody_else_is_said_with_the_way_out(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert "dubious ownership" in unchecked(workspace).sentence
    assert f"safe.directory {workspace.parent}'" in unchecked(workspace).mend


def test_a_broken_repository_is_said(workspace: Path) -> None:
    (workspace.parent / ".git" / "HEAD").write_text("nonsense\n")
    assert "git says" in unchecked(workspace).sentence


def test_what_a_part_of_a_clone_cannot_fetch_is_said(workspace: Path, tmp_path: Path) -> None:
    commit(workspace, GONE)
    git(workspace, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", tmp_path.as_uri(), str(tmp_path / "clone"))
    git(tmp_path / "clone", "remote", "set-url", "origin", "file:///nowhere")
    assert "not checked in the whole history: git says" in unchecked(tmp_path / "clone" / "product").sentence


def test_a_working_tree_whose_repository_is_gone_is_said(workspace: Path, tmp_path: Path) -> None:
    git(workspace, "worktree", "add", "-q", str(tmp_path / "elsewhere"))
    shutil.rmtree(workspace.parent / ".git" / "worktrees")
    assert "not a git repository" in unchecked(tmp_path / "elsewhere" / "product").sentence


def test_a_lost_object_is_said(workspace: Path) -> None:
    commit(workspace, GONE)
    name = subprocess.run(
        ["git", "rev-parse", "HEAD~1:product/policies/honesty.md"], cwd=workspace, capture_output=True, check=True
    ).stdout.decode()
    lost = workspace.parent / ".git" / "objects" / name[:2] / name[2:].strip()
    lost.unlink()
    assert "1 older version of policy files cannot be read" in unchecked(workspace).sentence


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n", b"\0GITCRYPT\0\x12\x99"])
def test_versions_that_git_holds_elsewhere_are_counted_and_guessed_by_nobody(workspace: Path, content: bytes) -> None:
    (workspace / "policies" / "honesty.md").write_bytes(content)
    git(workspace, "commit", "-qam", "stored elsewhere")
    commit(workspace, NEW)
    found = unchecked(workspace)
    assert found.importance is Importance.NOTE
    assert "retired.txt" in found.mend
    assert history_of_ids(workspace, titles(NEW)).again == {}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_versions_in_another_encoding_are_read(workspace: Path, encoding: str) -> None:
    (workspace / "policies" / "honesty.md").write_bytes(HONESTY.encode(encoding))
    git(workspace, "commit", "-qam", "another encoding")
    commit(workspace, GONE)
    assert again(workspace, HONESTY) == set()
    assert again(workspace) == {"honesty.machine"}


def test_a_link_out_of_the_repository_is_said(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "honesty.md"
    outside.write_text(HONESTY)
    (workspace / "policies" / "honesty.md").unlink()
    (workspace / "policies" / "honesty.md").symlink_to(outside)
    assert f"{outside} is linked" in unchecked(workspace).sentence
