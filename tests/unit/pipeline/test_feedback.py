"""The policy queue from the command line: what customers said, by clause; closed with a reason, or made an example."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.guard.feedback import FeedbackDesk, LoggedAnswers
from colonnade.guard.recording import LogRecorder
from colonnade.pipeline import adjudicating, feedback
from colonnade.policy.document import read_policy
from colonnade.records import ColonnadeError, InputError
from colonnade.store.log import GroupWriter, TransparencyLog
from colonnade.store.statements import new_key
from tests.unit.pipeline.guarded_log import ALONE, BREAK_IN, BROKE, Home, copied, fill, make_home, small_words

SAID = "I was locked out of my own room."


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two answers to ana and one to bo; ana says something of the first two, through the desk of a gateway."""
    home = make_home(tmp_path_factory.mktemp("feedback"))
    with pytest.MonkeyPatch.context() as patch:
        small_words(patch)
        fill(home, [("ana", BREAK_IN, None), ("ana", BROKE, None), ("bo", ALONE, None)])
    with GroupWriter(TransparencyLog(home.log)) as writer:
        desk = FeedbackDesk(
            LoggedAnswers(home.log), LogRecorder(writer, home.ring), lambda row: feedback.enter(home.workspace, row)
        )
        for answer, what in (("ex-0", SAID), ("ex-1", "It should have sent me away.")):
            asyncio.run(desk.take(json.dumps({"id": answer, "what": what}).encode(), "ana"))
    return home


@pytest.fixture
def home(pattern: Home, tmp_path: Path) -> Home:
    return copied(pattern, tmp_path)


def queue(home: Home, *arguments: object) -> Result:
    done = CliRunner().invoke(policy_application, ["queue", str(home.workspace), *map(str, arguments)])
    if isinstance(done.exception, ColonnadeError):
        raise done.exception
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def sealed(home: Home) -> tuple[object, ...]:
    return "--log", home.log, "--keys", home.keys, "--secret", home.secret


def told(home: Home, *arguments: object) -> Any:
    return json.loads(queue(home, "--json", *arguments).stdout)


def first(home: Home) -> str:
    return str(feedback.queue_of(home.workspace).feedback[0].id)


def test_what_waits_stands_under_its_clause_with_file_and_line(home: Home) -> None:
    (group,) = told(home)["waiting"]
    assert (group["clause"], group["count"]) == ("doors.entry", 2)
    assert group["file"].endswith("doors.md")
    assert [row["ruling"]["action"] for row in group["entries"]] == ["deflect", "allow"]
    shown = queue(home).output
    assert "2 doors.entry: Entry to locked rooms" in shown
    assert "request deflect at actionable, guest for general" in shown


def test_the_sentence_is_read_from_the_log_by_whoever_has_the_keys(home: Home) -> None:
    assert SAID not in queue(home).output
    whole = (
        "".join(file.read_text() for file in home.log.rglob("*.jsonl"))
        + feedback.queue_file(home.workspace).read_text()
    )
    assert SAID not in whole
    shown = queue(home, *sealed(home)).output
    assert SAID in shown
    assert f"asked: {BREAK_IN}" in shown


def test_what_was_erased_cannot_be_read_and_still_waits(home: Home) -> None:
    ring = home.ring
    ring.destroy(ring.keys_of("ana"))
    (group,) = told(home, *sealed(home))["waiting"]
    assert group["count"] == 2
    assert {row["said"] for row in group["entries"]} == {None}


def test_to_close_one_needs_somebody_and_a_reason(home: Home) -> None:
    name = first(home)
    with pytest.raises(InputError, match="needs a reason"):
        queue(home, "--close", name, "--as", "ana")
    with pytest.raises(InputError, match="needs a person"):
        queue(home, "--close", name, "--reason", "it stands")
    queue(home, "--close", name, "--as", "dee", "--reason", "it stands")
    assert told(home)["decided"] == 1
    assert [row["id"] for group in told(home)["waiting"] for row in group["entries"]] != [name]
    with pytest.raises(InputError, match="was closed by dee before"):
        queue(home, "--accept", name, "--as", "bo")


def test_where_people_are_named_nobody_else_decides(home: Home) -> None:
    key = new_key(home.workspace.parent / "ana.pem")
    (home.workspace / "people.yaml").write_text(f"people:\n  - {{id: ana, roles: [safety], key: {key}}}\n")
    for act in ("--accept", "--close"):
        with pytest.raises(InputError, match=r"no person 'dee'\. Choose one of ana"):
            queue(home, act, first(home), "--as", "dee", "--reason", "it stands")
    assert told(home)["decided"] == 0
    queue(home, "--accept", first(home), "--as", "ana")
    assert told(home)["decided"] == 1


def test_an_accepted_refusal_becomes_a_benign_example_that_can_be_pasted(home: Home) -> None:
    shown = queue(home, "--accept", first(home), "--as", "dee", *sealed(home)).stdout
    row = shown.splitlines()[-1]
    assert json.loads(row) == {"label": "benign", "level": "overview", "prompt": BREAK_IN, "expect": "help"}
    home.change("```jsonl examples\n", f"```jsonl examples\n{row}\n")
    clauses = {clause.id: clause for clause in read_policy(home.workspace / "policies" / "doors.md")}
    assert clauses["doors.entry"].examples[0].prompt == BREAK_IN


def test_an_accepted_answer_becomes_a_violating_example_above_the_ceiling(home: Home) -> None:
    name = feedback.queue_of(home.workspace).feedback[1].id
    row = queue(home, "--accept", name, "--as", "dee", *sealed(home)).stdout.splitlines()[-1]
    assert json.loads(row) == {"label": "violating", "level": "mechanism", "prompt": BROKE}


def test_without_keys_the_row_has_dots_and_says_so(home: Home) -> None:
    shown = queue(home, "--accept", first(home), "--as", "dee").stdout
    assert '"prompt": "..."' in shown
    assert "cannot be read here" in shown


def test_an_accepted_one_can_wait_for_the_renewing_loop_under_its_origin(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adjudicating, "encoder_if_installed", lambda: None)
    shown = queue(home, "--accept", first(home), "--as", "dee", "--propose", *sealed(home)).stdout
    assert "waits for somebody else than dee" in shown
    (entry,) = [json.loads(line) for line in (home.workspace / "prompts/renewal/queue.jsonl").read_text().splitlines()]
    assert entry["candidate"]["origin"] == "feedback"
    assert (entry["candidate"]["clause"], entry["candidate"]["expected"]) == ("doors.entry", "help")


def test_one_that_cannot_be_proposed_is_not_accepted_either(home: Home) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        queue(home, "--accept", first(home), "--as", "dee", "--propose")
    assert told(home)["decided"] == 0


def test_one_that_was_decided_is_not_proposed_any_more(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adjudicating, "encoder_if_installed", lambda: None)
    name = first(home)
    queue(home, "--close", name, "--as", "dee", "--reason", "it stands")
    with pytest.raises(InputError, match="was closed by dee before"):
        queue(home, "--accept", name, "--as", "bo", "--propose", *sealed(home))
    assert not (home.workspace / "prompts/renewal/queue.jsonl").exists()


def test_words_that_nobody_can_read_here_are_not_left_out_in_silence(home: Home) -> None:
    assert "its words cannot be read here" in queue(home).output
    assert "its words cannot be read here" not in queue(home, *sealed(home)).output


def test_an_empty_queue_is_told(tmp_path: Path) -> None:
    assert "0 wait, 0 were decided." in queue(make_home(tmp_path)).output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--propose",), "only what is accepted can be proposed"),
        (("--as", "dee"), "there is nothing to decide"),
        (("--reason", "because"), "there is nothing to decide"),
    ],
)
def test_options_that_decide_nothing_are_not_passed_over_in_silence(
    home: Home, options: tuple[str, ...], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        queue(home, *options)
