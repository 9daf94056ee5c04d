"""``guard replay`` from the command line: a log with its keys, or a file, under the policies of another place."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from colonnade.cli.guard import guard_application
from colonnade.pipeline import guard_parts
from colonnade.pipeline.replay_labels import Labels
from colonnade.pipeline.replaying import exchanges_of_log
from colonnade.records import ColonnadeError, InputError
from tests.unit.pipeline.guarded_log import ALONE, BREAK_IN, BROKE, SWAP, Home, copied, fill, make_home, small_words

LENIENT = "ceiling: mechanism, when: {tier: staff, purpose: repair}", "ceiling: actionable, when: {}"
NEW = "Where does the porter hang the spare wax seals?"
STRICT = "ceiling: overview\nabove: deflect", "ceiling: mention\nabove: deflect"


@pytest.fixture(autouse=True)
def _words(monkeypatch: pytest.MonkeyPatch) -> None:
    small_words(monkeypatch)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(tmp_path_factory.mktemp("replay"))
    said = [
        ("ana", BREAK_IN, None),
        ("ana", BROKE, "The workshop hands out keys."),
        ("bo", ALONE, None),
        ("bo", SWAP, f"Ask. {ALONE}"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        small_words(patch)
        fill(home, said)
    return home


@pytest.fixture
def home(pattern: Home, tmp_path: Path) -> Home:
    return copied(pattern, tmp_path)


def replay(home: Home, *arguments: object, place: Path | None = None) -> Result:
    options = [str(part) for part in ("replay", place or home.log, "-w", home.workspace, *arguments)]
    done = CliRunner().invoke(guard_application, options)
    if isinstance(done.exception, ColonnadeError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def told(home: Home, *arguments: object, place: Path | None = None) -> Any:
    return json.loads(replay(home, *arguments, "--json", place=place).stdout)


def opened(home: Home) -> tuple[object, ...]:
    return "--keys", home.keys, "--secret", home.secret


def test_unchanged_policies_change_no_answer(home: Home) -> None:
    found = told(home, *opened(home))
    assert (found["replayed"], found["changed"], found["unread"]) == (4, [], {})
    done = replay(home, *opened(home), "--fail-on-change")
    assert done.exit_code == 0
    assert done.stdout.startswith("0 of "), "there is nothing before it that a blank line would part from it"


def test_every_changed_answer_is_listed_with_both_rulings_and_the_clause(home: Home) -> None:
    home.change(*LENIENT)
    (row,) = told(home, *opened(home))["changed"]
    assert (row["id"], row["clause"]) == ("ex-0", "doors.entry")
    assert (row["before"]["action"], row["after"]["action"]) == ("deflect", "allow")
    assert "asked" not in row
    shown = replay(home, *opened(home))
    assert "1 newly let through: doors.entry: Entry to locked rooms" in shown.output
    assert "request deflect (doors.entry at actionable) -> request allow" in shown.output
    assert "1 would go to the model for the first time" in shown.output
    assert BREAK_IN not in shown.output
    assert BREAK_IN in replay(home, *opened(home), "--show").output


def test_a_reply_that_was_withheld_is_replayed_too(home: Home) -> None:
    exchanges = exchanges_of_log(home.log, home.ring, Labels())
    assert [len(row.replies) for row in exchanges] == [0, 1, 0, 1]
    home.change("boundary: prohibited\nseverity: medium\nceiling: mention\nabove: refuse", RESTRICTED)
    changed = {row["id"]: row for row in told(home, *opened(home))["changed"]}
    assert changed["ex-3"]["before"]["side"] == "reply"
    assert changed["ex-3"]["after"]["action"] == "allow"


RESTRICTED = "boundary: restricted\nseverity: medium\nceiling: recipe\nabove: refuse"


def test_both_costs_come_from_what_people_say_of_the_ids(home: Home, tmp_path: Path) -> None:
    labels = tmp_path / "labels.jsonl"
    labels.write_text('{"id": "ex-0", "should": "refuse"}\n{"id": "ex-1", "should": "allow"}\n')
    home.change(*LENIENT)
    costs = told(home, *opened(home), "--labels", labels)["costs"]
    assert costs["refuse"]["newly"] == 1
    assert costs["refuse"]["after"]["estimate"] == 1.0
    assert costs["allow"]["newly"] == 0
    shown = replay(home, *opened(home), "--labels", labels).output
    assert "Of 1 labelled, let through though people say it is not:" in shown
    assert "1 newly let through, 0 no longer" in shown
    labels.write_text('{"id": "ex-9", "should": "refuse"}\n')
    with pytest.raises(InputError, match="nothing in this log"):
        replay(home, *opened(home), "--labels", labels)


def test_what_was_erased_is_counted_and_never_passed_over(home: Home) -> None:
    ring = home.ring
    ring.destroy(ring.keys_of("ana"))
    found = told(home, *opened(home))
    assert (found["replayed"], found["unread"]) == (2, {"erased": 2})
    assert "2 could not be replayed: their contents were erased" in replay(home, *opened(home)).output
    assert told(home)["unread"] == {"erased": 4}


def test_a_changed_answer_fails_a_build_that_asks_for_it(home: Home) -> None:
    home.change(*LENIENT)
    assert replay(home, *opened(home)).exit_code == 0
    assert replay(home, *opened(home), "--fail-on-change").exit_code == 1


def test_tomorrow_may_be_another_folder_or_a_revision(home: Home, tmp_path: Path) -> None:
    shutil.copytree(home.workspace, tmp_path / "tomorrow")
    tomorrow = Home(tmp_path / "tomorrow", home.log, home.keys, home.secret)
    tomorrow.change(*LENIENT)
    assert len(told(home, *opened(home), "--against", tmp_path / "tomorrow")["changed"]) == 1
    commit(home.workspace, "today")
    home.change(*LENIENT)
    commit(home.workspace, "tomorrow")
    assert told(home, *opened(home), "--revision", "HEAD~1")["changed"] == []
    assert len(told(home, *opened(home), "--revision", "HEAD")["changed"]) == 1


def commit(folder: Path, message: str, *more: str) -> None:
    if not (folder / ".git").exists():
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "policies", "launch.yaml", "guard.yaml", *more], cwd=folder, check=True)
    name = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *name, "commit", "-qm", message], cwd=folder, check=True)


def test_a_file_of_requests_is_held_against_the_last_revision(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "prompts.jsonl"
    rows = [{"prompt": BREAK_IN, "should": "refuse"}, {"id": "b", "prompt": BROKE, "should": "allow"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="in no git repository"):
        replay(home, place=file)
    commit(home.workspace, "today")
    home.change(*STRICT)
    found = told(home, place=file)
    assert re.fullmatch(r"HEAD \([0-9a-f]{10}\)", found["from"]), "HEAD is another commit tomorrow"
    commit_name = found["from"][6:-1]
    assert told(home, "--from", commit_name, place=file)["from"] == commit_name
    assert [(row["id"], row["after"]["action"]) for row in found["changed"]] == [("b", "deflect")]
    assert found["costs"]["allow"]["newly"] == 1


def test_each_side_learns_from_the_prompts_that_it_had(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taught: list[bool] = []
    made = guard_parts.detectors_of

    def noting(topics: Any, prompts: Any, *more: Any) -> Any:
        taught.append(NEW in [row.text for row in prompts])
        return made(topics, prompts, *more)

    monkeypatch.setattr(guard_parts, "detectors_of", noting)
    (file := tmp_path / "prompts.jsonl").write_text(json.dumps({"prompt": BROKE}) + "\n")
    commit(home.workspace, "today", "prompts")
    with (home.workspace / "prompts" / "training.jsonl").open("a") as stream:
        stream.write(json.dumps({"id": "new", "clause": "doors.entry", "violating": NEW}) + "\n")
    shutil.copytree(home.workspace, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    sides = {
        (): [True, False],  # the files as they are, then the last commit
        ("--revision", "HEAD"): [False, False],
        ("--against", tmp_path / "copy", "--from", "HEAD"): [True, False],
    }
    for words, learnt in sides.items():
        taught.clear()
        replay(home, *words, place=file)
        assert taught == learnt, words


def test_prompts_that_a_revision_cannot_have_are_named(home: Home, tmp_path: Path) -> None:
    (file := tmp_path / "prompts.jsonl").write_text(json.dumps({"prompt": BROKE}) + "\n")
    commit(home.workspace, "today")
    assert "Taken in its place: today's prompts" in " ".join(replay(home, place=file).stderr.split())
    (home.workspace / ".gitignore").write_text("prompts/training/\nprompts/gate.jsonl\n")
    commit(home.workspace, "with prompts", "prompts", ".gitignore")
    assert "note" not in replay(home, place=file).stderr
    (home.workspace / "prompts" / "training").mkdir()
    (home.workspace / "prompts" / "training" / "own.jsonl").write_text(
        json.dumps({"id": "own", "clause": "doors.entry", "violating": NEW}) + "\n"
    )
    said = " ".join(replay(home, place=file).stderr.split())
    assert "Git ignores prompts/training/own.jsonl, so nothing of it was learnt for HEAD." in said


def test_a_workspace_stands_for_its_own_log_with_its_own_keys(home: Home, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no audit log so far"):
        replay(home, place=home.workspace)
    own = home.workspace / ".colonnade"
    shutil.copytree(home.log, own / "audit-log")
    shutil.copytree(home.keys, own / "audit-keys" / "people")
    shutil.copy(home.secret, own / "audit-keys" / "secret")
    found = told(home, place=home.workspace)
    assert (found["replayed"], found["unread"]) == (4, {})
    assert told(home, place=own / "audit-log") == found


def test_two_replays_say_the_same(home: Home) -> None:
    home.change(*LENIENT)
    assert told(home, *opened(home)) == told(home, *opened(home))


def test_a_place_that_is_neither_file_nor_log_is_named(home: Home, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file, and no audit log"):
        replay(home, place=tmp_path / "nowhere")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"prompt": "x", "shoud": "allow"}\n')
    with pytest.raises(InputError, match="shoud"):
        replay(home, "--from", home.workspace, place=broken)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ('\n{"id": "c", "should": "allow"}', "labels.jsonl, line 2: the label of 'c' is for nothing in this file"),
        ('{"id": "b", "should": "perhaps"}', "labels.jsonl, line 1: 'should' is 'perhaps'"),
        ('{"id": "b", "should": "allow"}\n{"id": "b", "should": "refuse"}', "line 2: 'b' is labelled twice"),
        ("", "labels.jsonl: there is no label in it"),
    ],
)
def test_a_wrong_label_is_named_with_its_file_and_line(home: Home, tmp_path: Path, labels: str, words: str) -> None:
    file, said = tmp_path / "prompts.jsonl", tmp_path / "labels.jsonl"
    file.write_text(json.dumps({"id": "b", "prompt": BROKE}) + "\n")
    said.write_text(labels + "\n")
    with pytest.raises(InputError) as found:
        replay(home, "--from", home.workspace, "--labels", said, place=file)
    assert words in found.value.sentence


def test_a_label_of_a_log_that_is_for_nothing_is_named_with_its_file_and_line(home: Home, tmp_path: Path) -> None:
    said = tmp_path / "labels.jsonl"
    said.write_text('{"id": "nobody", "should": "allow"}\n')
    with pytest.raises(InputError) as found:
        replay(home, *opened(home), "--labels", said)
    assert "labels.jsonl, line 1: the label of 'nobody' is for nothing in this log" in found.value.sentence


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"id": "b", "prompt": "x"}, "line 2: the id 'b' stands twice"),
        ({"prompt": "x", "tier": "wizard"}, "line 2: the guard knows no tier 'wizard'. Choose one of guest, staff"),
        ({"prompt": "x", "purpose": "fun"}, "line 2: the guard knows no purpose 'fun'"),
    ],
)
def test_a_request_that_would_be_refused_on_both_sides_for_a_slip_is_named(
    home: Home, tmp_path: Path, row: dict[str, str], words: str
) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text(f"{json.dumps({'id': 'b', 'prompt': BROKE})}\n{json.dumps(row)}\n")
    with pytest.raises(InputError) as found:
        replay(home, "--from", home.workspace, place=file)
    assert words in found.value.sentence
