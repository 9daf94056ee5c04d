"""``policy review``: who is asked, in which role, since when and about which content; and nothing is written."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from colonnade.cli.policy import policy_application
from colonnade.pipeline import check_workspace, open_workspace
from colonnade.policy import read_policies
from colonnade.records import InputError
from colonnade.store.statements import new_key
from tests.workspaces import DOORS, LAUNCH, write_workspace

WRITTEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def workspace(tmp_path: Path, keys: Path) -> Path:
    roles = {"ana": "safety, legal", "bo": "safety", "cy": "legal", "dee": "press"}
    rows = "".join(
        f"  - {{id: {name}, roles: [{said}], key: {new_key(keys / name)}}}\n" for name, said in roles.items()
    )
    files = {
        "people.yaml": f"people:\n{rows}",
        "policies/doors.md": DOORS.replace("quorum: {safety: 1}", "authors: [bo]\nquorum: {legal: 1, safety: 1}"),
        "launch.yaml": LAUNCH.replace("[doors.entry]", "[]"),
    }
    folder = write_workspace(tmp_path / "w", files)
    os.utime(folder / "policies" / "doors.md", (WRITTEN.timestamp(), WRITTEN.timestamp()))
    return folder


def run(*arguments: object) -> str:
    done = CliRunner().invoke(policy_application, [str(part) for part in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def sign(workspace: Path, keys: Path, act: str, subject: str, person: str, *more: str) -> str:
    return run(act, subject, workspace, "--as", person, "--key", keys / person, *more)


def reviewed(workspace: Path) -> dict[str, Any]:
    return {row["policy"]: row for row in json.loads(run("review", workspace, "--json"))}


def test_a_review_that_waits_says_who_is_asked_in_which_role_since_when_and_of_which_content(workspace: Path) -> None:
    row = reviewed(workspace)["doors"]
    assert row["state"] == "waiting"
    assert row["content"] == read_policies(workspace).policy_digest("doors")
    assert datetime.fromisoformat(row["since"]) == WRITTEN
    assert row["asked"] == [
        {"role": "legal", "missing": 1, "people": ["ana", "cy"]},
        {"role": "safety", "missing": 1, "people": ["ana"]},
    ]
    assert (row["binds"], row["answers"], Path(row["file"]).name) == (True, [], "doors.md")
    shown = run("review", workspace)
    assert re.search(r"doors +waiting since 2026-03-01\n +digest of its text +sha256:[0-9a-f]{64}\n", shown)
    assert re.search(r"legal +1 missing, asked: ana, cy\n +safety +1 missing, asked: ana\n", shown)
    assert not (workspace / ".colonnade").exists(), "to look is not to write"


def test_answers_are_told_with_role_time_and_last_day(workspace: Path, keys: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=9)
    sign(workspace, keys, "approve", "doors", "cy", "--until", str(until), "--reason", "read it")
    row = reviewed(workspace)["doors"]
    assert row["asked"] == [{"role": "safety", "missing": 1, "people": ["ana"]}]
    (answer,) = row["answers"]
    assert {name: answer[name] for name in ("act", "person", "role", "reason", "expires")} == {
        "act": "approve",
        "person": "cy",
        "role": "legal",
        "reason": "read it",
        "expires": str(until),
    }
    sign(workspace, keys, "approve", "doors", "ana", "--role", "safety")
    row = reviewed(workspace)["doors"]
    assert (row["state"], row["asked"]) == ("approved", [])
    assert row["since"] == max(answer["at"] for answer in row["answers"]).replace("Z", "+00:00")


def test_a_withdrawal_begins_the_waiting_anew_and_a_delegate_is_asked(workspace: Path, keys: Path) -> None:
    sign(workspace, keys, "approve", "doors", "cy")
    sign(workspace, keys, "withdraw", "doors", "cy", "--reason", "read it again")
    assert datetime.fromisoformat(reviewed(workspace)["doors"]["since"]) > WRITTEN + timedelta(days=1)
    sign(workspace, keys, "delegate", "doors", "cy", "--to", "dee", "--reason", "away", "--role", "legal")
    assert reviewed(workspace)["doors"]["asked"][0]["people"] == ["ana", "cy", "dee"]


def test_a_refusal_is_told_with_its_day(workspace: Path, keys: Path) -> None:
    sign(workspace, keys, "refuse", "doors", "cy", "--reason", "too wide")
    row = reviewed(workspace)["doors"]
    assert (row["state"], row["asked"], row["answers"][0]["reason"]) == ("refused", [], "too wide")
    assert "refused by cy: too wide" in run("review", workspace)


def test_a_reason_of_blanks_is_refused_on_the_command_line(workspace: Path, keys: Path) -> None:
    with pytest.raises(InputError, match="to refuse 'doors' needs a reason"):
        sign(workspace, keys, "refuse", "doors", "cy", "--reason", "  ")
    assert not (workspace / ".colonnade").exists()


def test_an_accepted_harm_is_shown_without_any_taxonomy(workspace: Path, keys: Path) -> None:
    until = datetime.now(UTC).date() + timedelta(days=9)
    assert "open, so the gate holds: break-in" in run("risks", workspace)
    sign(workspace, keys, "accept", "break-in", "cy", "--until", str(until), "--reason", "the porter looks")
    shown = run("risks", workspace)
    assert "No taxonomy was imported" in shown
    assert f"accepted: break-in, by cy until {until}" in shown
    assert "gate holds" not in shown


def test_a_group_that_answers_for_nothing_here_accepts_no_harm(workspace: Path, keys: Path) -> None:
    with pytest.raises(InputError, match=r"dee \(press\) may not accept it: the harm 'break-in' is about safety"):
        sign(workspace, keys, "accept", "break-in", "dee", "--until", "2027-01-01", "--reason", "why not")


def test_a_quorum_that_nobody_can_fill_is_named_and_stops_no_other_policy(workspace: Path, keys: Path) -> None:
    policy = workspace / "policies" / "honesty.md"
    policy.write_text(re.sub(r"(status: active\n)", r"\1quorum: {press: 2}\n", policy.read_text(), count=1))
    told = sign(workspace, keys, "approve", "doors", "cy")
    assert "signed: approve 'doors', by cy" in told
    assert "asks for 2 of 'press', and people.yaml has 1" in told
    shown = reviewed(workspace)
    assert "asks for 2 of 'press'" in shown["honesty"]["unreachable"]
    assert shown["doors"]["unreachable"] == ""
    assert re.search(r"cannot be filled +the quorum of policy 'honesty' asks for 2 of", run("review", workspace))
    with pytest.raises(InputError, match="asks for 2 of 'press'"):
        check_workspace(open_workspace(workspace))


def test_who_is_in_none_of_the_groups_asked_is_told_which_these_are(workspace: Path, keys: Path) -> None:
    with pytest.raises(InputError, match=r"'doors' asks for legal, safety, and dee is in press only\."):
        sign(workspace, keys, "approve", "doors", "dee")
    with pytest.raises(InputError, match=r"Say '--role' with one of safety, legal"):
        sign(workspace, keys, "approve", "doors", "ana")


def test_the_public_half_of_a_key_can_be_printed_again(tmp_path: Path) -> None:
    made = run("key", tmp_path / "ana.pem")
    assert run("key", tmp_path / "ana.pem", "--public") == made
    with pytest.raises(InputError, match="'--public' prints the public half"):
        run("key", tmp_path / "ana.pem")


def test_what_was_signed_is_said_with_the_group_and_to_whom(workspace: Path, keys: Path) -> None:
    told = sign(workspace, keys, "approve", "doors", "cy")
    assert told.splitlines()[0] == "signed: approve 'doors', by cy for legal"
    told = sign(workspace, keys, "delegate", "doors", "cy", "--to", "dee", "--reason", "away")
    assert told.splitlines()[0] == "signed: delegate 'doors' to dee, by cy for legal"
