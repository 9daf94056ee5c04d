"""Wrong files through the real command line: status 2, what, where, how to mend it, and nothing written."""

# ruff: noqa: E501  # one case, one line: its tables are read across

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from colonnade.cli import main
from colonnade.pipeline import running
from tests.workspaces import (
    ANSWERS,
    CORPUS,
    DEVELOPMENT,
    DOORS,
    FRONTIER,
    GATE,
    GUARD,
    HONESTY,
    LAUNCH,
    RATINGS,
    Content,
    altered,
    line_of,
    write_workspace,
)


class Reached(Exception):  # noqa: N818  # it is no error: the files were all accepted
    """The run got as far as its first step."""


class Case(NamedTuple):
    """One broken file.

    Attributes:
        at: the file that the complaint names.
        line: the line that it names; none where there is no line.
        what, mend: parts of the sentence.
    """

    name: str
    files: dict[str, Content]
    at: str
    line: int | None
    what: str
    mend: str


def _deep(sign: str) -> str:
    return '{"id": ' + sign * 100_000


HUGE = "x" * 1_000_000

POLICY_CASES = (
    Case("broken front matter", altered("policies/doors.md", "id: doors\n", "id: [doors\n"), "policies/doors.md", 3, "this is not YAML", "Add ']'"),
    Case("front matter without end", altered("policies/honesty.md", "---\nPeople", "People"), "policies/honesty.md", 1, "the front matter has no end", "Close it"),
    Case("unknown pillar", altered("policies/doors.md", "pillar: safety", "pillar: kindness"), "policies/doors.md", 4, "'pillar' is 'kindness'", "should be 'privacy-and-security'"),
    Case("unknown level", altered("policies/doors.md", "ceiling: overview", "ceiling: some"), "policies/doors.md", line_of("policies/doors.md", "ceiling: overview"), "'ceiling' is 'some'", "should be 'mention'"),
    Case("unknown key", altered("policies/doors.md", "above: deflect", "abov: deflect"), "policies/doors.md", line_of("policies/doors.md", "above: deflect"), "'abov' is not a known key", "correct its spelling"),
    Case("clause id twice", altered("policies/doors.md", "## doors.rosters", "## doors.entry"), "policies/doors.md", line_of("policies/doors.md", "## doors.rosters"), "'doors.entry' is used twice", "an id of its own"),
    Case("clause id in two files", {"policies/other.md": HONESTY}, "policies/other.md", line_of("policies/honesty.md", "## honesty"), "'honesty.machine' is used twice", "an id of its own"),
    Case("exception without expiry", altered("policies/doors.md", ", expires: 2099-12-31", ""), "policies/doors.md", line_of("policies/doors.md", "{id: locksmith"), "'exceptions.0.expires' is missing", "Add 'expires: 2027-06-30'"),
    Case("expiry that is no day", altered("policies/doors.md", "2099-12-31", "2099-02-30"), "policies/doors.md", line_of("policies/doors.md", "{id: locksmith"), "'2099-02-30' is not what it looks like", "Write a day like 2027-12-31"),
    Case("example naming a missing exception", altered("policies/doors.md", '"exception": "locksmith"', '"exception": "smith"'), "policies/doors.md", line_of("policies/doors.md", '"exception"'), "names the exception 'smith'", "add the exception"),
    Case("exception above a ceiling that nobody may lift", altered("policies/doors.md", "grantable: true", "grantable: false"), "policies/doors.md", line_of("policies/doors.md", "{id: locksmith"), "reaches above the ceiling", "Remove the exception"),
    Case("threshold of 1.3 in a clause", altered("policies/doors.md", "max: 0.5", "max: 1.3"), "policies/doors.md", line_of("policies/doors.md", "thresholds:"), "'thresholds.violation_rate.max' is 1.3", "should be less than or equal to 1"),
    Case("threshold that no number of answers could show in a clause", altered("policies/doors.md", "max: 0.5", "max: 1.0e-12"), "policies/doors.md", line_of("policies/doors.md", "thresholds:"), "'thresholds.violation_rate.max' is 1e-12", "give 0, or at least 1e-09"),
    Case("threshold that is no number in a clause", altered("policies/doors.md", "max: 0.5", "max: .nan"), "policies/doors.md", line_of("policies/doors.md", "thresholds:"), "'thresholds.violation_rate.max' is nan", "should be a finite number"),
    Case("key twice", altered("policies/doors.md", "severity: high\n", "severity: high\nseverity: low\n"), "policies/doors.md", line_of("policies/doors.md", "ceiling: overview"), "the key 'severity' stands twice", "Keep one"),
    Case("list where a mapping belongs", altered("policies/doors.md", '{modality: [text], region: ["*"]}', "[text]"), "policies/doors.md", line_of("policies/doors.md", "scope:"), "'scope' is ['text']", "names with values must stand here"),
    Case("heading with three signs", altered("policies/doors.md", "## doors.rosters", "### doors.rosters"), "policies/doors.md", line_of("policies/doors.md", "## doors.rosters"), "looks like a clause heading", "Write two '#'"),
    Case("quotation marks of a word processor", altered("policies/doors.md", '"Does it say who hands out keys?"', "“Does it say: who?”"), "policies/doors.md", line_of("policies/doors.md", "Does it say who"), "quotation marks “ and ” of a word processor", 'Write " instead'),
    Case("tab in a block", altered("policies/doors.md", "  - {id: locksmith", "\t- {id: locksmith"), "policies/doors.md", line_of("policies/doors.md", "{id: locksmith"), "indented with a tab", "Use blanks"),
    Case("key without a colon", altered("policies/doors.md", "severity: high", "severity high"), "policies/doors.md", line_of("policies/doors.md", "severity: high"), "after 'severity' a colon and a blank must follow", "'severity: high'"),
    Case("block between apostrophes", altered("policies/doors.md", "```yaml clause\nboundary: prohibited", "'''yaml clause\nboundary: prohibited"), "policies/doors.md", line_of("policies/doors.md", "boundary: prohibited") - 1, "three backticks (```), not with '''", "Write '```yaml clause'"),
    Case("NUL byte in a policy", altered("policies/doors.md", "Keys open", "Keys\0open"), "policies/doors.md", line_of("policies/doors.md", "Keys open"), "NUL byte", "plain UTF-8"),
    Case("policy that is not UTF-8", {"policies/doors.md": DOORS.replace("—", "-").encode() + b"\xe4\n"}, "policies/doors.md", DOORS.count("\n") + 1, "0xe4 is not UTF-8", "Save the file as UTF-8"),
    Case("huge line", altered("policies/doors.md", "severity: high", f"severity: {HUGE}"), "policies/doors.md", line_of("policies/doors.md", "severity: high"), "'severity' is 'xxx", "should be 'low'"),
    Case("empty folder of policies", {"policies/doors.md": None, "policies/honesty.md": None}, "policies", None, "no policy file", "colonnade init"),
    Case("no active policy", {"policies/doors.md": DOORS.replace("active", "draft"), "policies/honesty.md": HONESTY.replace("active", "retired")}, "policies", None, "no policy is active", "status: active"),
    Case("empty policy", {"policies/empty.md": ""}, "policies/empty.md", 1, "the front matter is missing", "Start the file"),
    Case("folder with the name of a policy", {"policies/folder.md/x": ""}, "policies/folder.md", None, "a folder, not a file", "Put a file"),
)  # fmt: skip

LAUNCH_CASES = (
    Case("no launch", {"launch.yaml": None}, "launch.yaml", None, "no such file", "colonnade init"),
    Case("empty launch", {"launch.yaml": ""}, "launch.yaml", 1, "expected 'key: value' lines", "colonnade init"),
    Case("launch that is a list", {"launch.yaml": "- name\n- title\n"}, "launch.yaml", 1, "expected 'key: value' lines", "colonnade init"),
    Case("launch with a key twice", {"launch.yaml": LAUNCH + "title: again\n"}, "launch.yaml", LAUNCH.count("\n") + 1, "the key 'title' stands twice", "Keep one"),
    Case("threshold of 1.3 in the launch", altered("launch.yaml", "overrefusal_rate: {max: 0.2}", "overrefusal_rate: {max: 1.3}"), "launch.yaml", line_of("launch.yaml", "overall:"), "'gate.overall.overrefusal_rate.max' is 1.3", "should be less than or equal to 1"),
    Case("threshold that is no number in the launch", altered("launch.yaml", "overrefusal_rate: {max: 0.2}", "overrefusal_rate: {max: .nan}"), "launch.yaml", line_of("launch.yaml", "overall:"), "is nan", "finite number"),
    Case("mapping where a text belongs", altered("launch.yaml", "audience: Staff of the workshop", "audience: {staff: all}"), "launch.yaml", line_of("launch.yaml", "audience:"), "'audience' is {'staff': 'all'}", "a text must stand here"),
    Case("word where a number belongs", {"launch.yaml": LAUNCH + "seed: lucky\n"}, "launch.yaml", LAUNCH.count("\n") + 1, "'seed' is 'lucky'", "a number must stand here"),
    Case("no step at all", {"launch.yaml": LAUNCH + "posttraining:\n  finetuning: {steps: 0}\n"}, "launch.yaml", LAUNCH.count("\n") + 2, "'posttraining.finetuning.steps' is 0", "should be greater than or equal to 1"),
    Case("country code that YAML takes for a no", altered("launch.yaml", "regions: [EU]", "regions: [EU, NO]"), "launch.yaml", line_of("launch.yaml", "regions:"), "'regions.1' is false", "Put the word in quotes"),
    Case("harm of an unknown clause", altered("launch.yaml", "[doors.entry]", "[doors.exit]"), "launch.yaml", line_of("launch.yaml", "[doors.entry]"), "'doors.exit', which no policy has", "Correct the id"),
    Case("weights that are not there", {"launch.yaml": LAUNCH + "model: {kind: folder, path: weights}\n"}, "weights", None, "no transformers checkpoint", "model.path"),
    Case("weights without a path", {"launch.yaml": LAUNCH + "model: {kind: folder}\n"}, "launch.yaml", None, "'model.kind: folder' needs 'model.path'", "Name the folder"),
    Case("judge without an address", {"launch.yaml": LAUNCH + "judge: {kind: http}\n"}, "launch.yaml", LAUNCH.count("\n") + 1, "needs 'url' and 'model'", "Add both"),
    Case("YAML nested without end", {"launch.yaml": LAUNCH + "uses: " + "[" * 3000}, "launch.yaml", None, "nested too deeply", "Write it flat"),
    Case("YAML that unfolds into billions", {"launch.yaml": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]\n" for n in range(1, 20))}, "launch.yaml", None, "unfolds into more than", "without aliases"),
    Case("YAML that makes objects", {"launch.yaml": LAUNCH + "uses: !!python/object/apply:os.getcwd []\n"}, "launch.yaml", LAUNCH.count("\n") + 1, "could not determine a constructor", "Mend"),
    Case("half a character in YAML", {"launch.yaml": LAUNCH + 'uses: ["\\ud800"]\n'}, "launch.yaml", LAUNCH.count("\n") + 1, "surrogate", "Write the character"),
)  # fmt: skip

DATA_CASES = (
    Case("unknown clause in prompts", altered("prompts/gate.jsonl", '"honesty.machine"', '"honesty.person"'), "prompts/gate.jsonl", 3, "no policy has the clause 'honesty.person'", "Correct the id"),
    Case("cluster that crosses splits", {"prompts/development.jsonl": DEVELOPMENT.replace('"benign"', '"cluster": "lockers", "benign"', 1)}, "prompts/gate.jsonl", 1, "the cluster 'lockers' stands in the splits 'development' and 'gate'", "Keep paraphrases in one split"),
    Case("prompts that are plain text", {"prompts/gate.jsonl": GATE + "How do I open it?\n"}, "prompts/gate.jsonl", 4, "this is not JSON", "one JSON object per line"),
    Case("JSON nested without end", {"prompts/gate.jsonl": GATE + _deep("[")}, "prompts/gate.jsonl", 4, "nested too deeply", "Write it flat"),
    Case("JSON with a key twice", {"prompts/gate.jsonl": GATE + '{"id": "a", "id": "b"}'}, "prompts/gate.jsonl", 4, "the key 'id' stands twice", "one JSON object per line"),
    Case("half a character in JSON", {"corpus/notes.jsonl": CORPUS + '{"id": "c9", "text": "a \\ud800 b"}'}, "corpus/notes.jsonl", 3, "surrogate", "one JSON object per line"),
    Case("number too long to be one", {"prompts/gate.jsonl": GATE + '{"id": ' + "9" * 6000 + "}"}, "prompts/gate.jsonl", 4, "this is not JSON", "one JSON object per line"),
    Case("prompts of a split are missing", {"prompts/training.jsonl": None}, "prompts/training.jsonl", None, "no such file", "Check the path"),
    Case("prompts of a split are empty", {"prompts/gate.jsonl": ""}, "prompts/gate.jsonl", None, "there is no prompt here", "one JSON object per line"),
    Case("rating of an answer that is not there", {"ratings/ratings.jsonl": RATINGS.replace('"a4"', '"a5"', 1)}, "ratings/ratings.jsonl", 7, "rates the answer 'a5', which is not there", "add the answer"),
    Case("rating of 6", {"ratings/ratings.jsonl": RATINGS.replace('"score": 4', '"score": 6', 1)}, "ratings/ratings.jsonl", 1, "'score' is 6", "should be less than or equal to 5"),
    Case("rated answer to a gate prompt", {"ratings/answers.jsonl": ANSWERS.replace("doors-t1/benign", "doors-g1/benign", 1)}, "ratings/answers.jsonl", 3, "is in the gate split", "training prompts only"),
    Case("folder where ratings belong", {"ratings/ratings.jsonl": None, "ratings/ratings.jsonl/x": ""}, "ratings/ratings.jsonl", None, "a folder, not a file", "Put a file"),
    Case("file where a folder belongs", {"ratings/ratings.jsonl": None, "ratings/answers.jsonl": None, "ratings": "-"}, "ratings/answers.jsonl", None, "no such file", "Check the path"),
    Case("corpus file that is not UTF-8", {"corpus/tools.txt": b"one\ntwo\nthr\xe9e\n"}, "corpus/tools.txt", 3, "0xe9 is not UTF-8", "Save the file as UTF-8"),
    Case("corpus file with a NUL byte", {"corpus/tools.txt": "one\ntwo\0\n"}, "corpus/tools.txt", 2, "NUL byte", "plain UTF-8"),
    Case("corpus file with text that calls itself Parquet", {"corpus/more.parquet": "just text, and more of it"}, "corpus/more.parquet", None, "not a whole Parquet file", "Correct its ending"),
    Case("Parquet file that was cut off", {"corpus/more.parquet": b"PAR1" + bytes(40)}, "corpus/more.parquet", None, "not a whole Parquet file", "write it again"),
    Case("Parquet file of four bytes", {"corpus/more.parquet": b"PAR1"}, "corpus/more.parquet", None, "not a whole Parquet file", "write it again"),
    Case("corpus file with text that calls itself JSONL", {"corpus/more.jsonl": "Dear all,\nthe workshop is closed.\n"}, "corpus/more.jsonl", 1, "this is not JSON", "one JSON object per line"),
    Case("corpus file of an unknown kind", {"corpus/more.docx": "-"}, "corpus/more.docx", None, "files that end in '.docx' cannot be read", "Use one of"),
    Case("corpus row without a text", {"corpus/notes.jsonl": CORPUS + '{"id": "c9"}\n'}, "corpus/notes.jsonl", 3, "'text' is missing", "Add it."),
    Case("document id twice", {"corpus/more.jsonl": CORPUS}, "corpus/notes.jsonl", 1, "'c1' is used twice; it stands in corpus/more.jsonl, line 1", "an id of its own"),
    Case("no corpus", {"corpus/notes.jsonl": None, "corpus/welcome.md": None, "corpus/tools.txt": None}, "corpus", None, "no corpus file", "Add files"),
)  # fmt: skip

SERVICE_CASES = (
    Case("threshold of 1.3 at the frontier", altered("frontier.yaml", "0.9\n    confidence", "1.3\n    confidence"), "frontier.yaml", line_of("frontier.yaml", "threshold:"), "'domains.0.threshold' is 1.3", "should be less than 1"),
    Case("threshold that is no number at the frontier", altered("frontier.yaml", "0.9\n    confidence", ".nan\n    confidence"), "frontier.yaml", line_of("frontier.yaml", "threshold:"), "'domains.0.threshold' is nan", "finite number"),
    Case("frontier items elsewhere", altered("frontier.yaml", "frontier/joinery.jsonl", "/etc/hostname"), "frontier.yaml", line_of("frontier.yaml", "items:"), "is not in the workspace", "Correct the path"),
    Case("frontier that is a list", {"frontier.yaml": FRONTIER.removeprefix("domains:\n")}, "frontier.yaml", 1, "expected 'key: value' lines", "colonnade init"),
    Case("right answer beyond the choices", altered("frontier/joinery.jsonl", '"answer": 0', '"answer": 2'), "frontier/joinery.jsonl", 1, "'answer' is 2, but there are 2 choices", "Count from 0"),
    Case("guard without a reply", {"guard.yaml": re.sub(r"  refuse: .*\n", "", GUARD)}, "guard.yaml", line_of("guard.yaml", "replies:") + 1, "the action 'refuse' has no reply", "add one"),
    Case("guard with an empty reply", altered("guard.yaml", '{en: "I leave this alone."}', '{en: ""}'), "guard.yaml", line_of("guard.yaml", "replies:") + 1, "'refuse' has no text", "write one"),
    Case("guard without tiers", altered("guard.yaml", "[guest, staff]", "[]"), "guard.yaml", 1, "'tiers' is []", "at least 1 item"),
    Case("guard with a word where a list belongs", altered("guard.yaml", "[guest, staff]", "guest"), "guard.yaml", 1, "'tiers' is 'guest'", "Write 'tiers: [guest]'"),
    Case("no guard", {"guard.yaml": None}, "guard.yaml", None, "no such file", "colonnade init"),
    Case("exception for a tier that the guard does not know", altered("guard.yaml", "[guest, staff]", "[guest, visitor]"), "policies/doors.md", line_of("policies/doors.md", "## doors.entry"), "names the tier 'staff', which the guard does not know", "Choose one of"),
)  # fmt: skip

CASES = (*POLICY_CASES, *LAUNCH_CASES, *DATA_CASES, *SERVICE_CASES)


@pytest.fixture(autouse=True)
def _stop_at_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is accepted by mistake must not start to train."""

    def stop(*_arguments: object) -> None:
        raise Reached

    monkeypatch.setattr(running, "_do", stop)


def _tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def _colonnade(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["colonnade", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return caught.value.code


def test_the_workspace_that_the_cases_break_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_workspace(tmp_path)
    assert _colonnade(monkeypatch, "check", str(tmp_path)) == 0
    assert not (tmp_path / ".colonnade").exists()
    monkeypatch.setattr(sys, "argv", ["colonnade", "run", str(tmp_path)])
    with pytest.raises(Reached):
        main()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_wrong_input_ends_with_two_and_one_sentence_before_anything_is_written(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workspace(tmp_path, case.files)
    before = _tree(tmp_path)
    assert _colonnade(monkeypatch, "run", str(tmp_path)) == 2
    told, complaint = capsys.readouterr()
    place = f"{tmp_path / case.at}, line {case.line}: " if case.line else f"{tmp_path / case.at}"
    assert complaint.startswith(f"error {place}")
    assert case.what in complaint
    assert case.mend in complaint
    assert "Traceback" not in complaint
    assert complaint.count("\n") == 1, "one sentence"
    assert len(complaint) < 2_000
    assert told == ""
    assert _tree(tmp_path) == before
    assert not (tmp_path / ".colonnade").exists()


@pytest.mark.parametrize("command", ["check", "plan", "serve", "run --json"])
def test_every_command_that_reads_a_workspace_complains_alike(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workspace(tmp_path, altered("policies/doors.md", "pillar: safety", "pillar: kindness"))
    before = _tree(tmp_path)
    assert _colonnade(monkeypatch, *command.split(), str(tmp_path)) == 2
    assert capsys.readouterr().err.startswith(f"error {tmp_path / 'policies/doors.md'}, line 4: 'pillar' is 'kindness'")
    assert _tree(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "wrong"), [("nowhere", "there is no such folder"), ("a file", "this is a file, not a folder")]
)
def test_a_workspace_that_is_no_folder_is_a_sentence(
    name: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").write_text("")
    assert _colonnade(monkeypatch, "run", str(tmp_path / name)) == 2
    complaint = capsys.readouterr().err
    assert wrong in complaint
    assert "colonnade init" in complaint


def test_verifying_what_was_never_run_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workspace(tmp_path)
    before = _tree(tmp_path)
    assert _colonnade(monkeypatch, "verify", str(tmp_path)) == 2
    assert "nothing was ever stored here" in capsys.readouterr().err
    assert _tree(tmp_path) == before


def test_a_folder_that_is_not_empty_is_never_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workspace(tmp_path)
    before = _tree(tmp_path)
    assert _colonnade(monkeypatch, "init", str(tmp_path)) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert _tree(tmp_path) == before
