"""Grants of a workspace from the command line: two signatures, a ledger, a log, and an end that comes at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from colonnade.guard.access.past import PastHolder
from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import access_key, now, standings
from colonnade.pipeline.access_book import read_book
from colonnade.pipeline.access_service import AccessService
from colonnade.pipeline.replaying import Replaying
from colonnade.records import GrantState, InputError
from colonnade.store import Store
from tests.workspaces import DOORS, GUARD

from .small_access import TODAY, active, ask, cell, invoke, listed, sign, state


@pytest.fixture
def service(home: Path) -> Iterator[AccessService]:
    active(home, per_minute=100)
    made = AccessService(open_workspace(home / "w"))
    made.start()
    yield made
    made.stop()


# --- asking and signing ---------------------------------------------------------------------------


def test_a_grant_is_active_after_two_signatures_and_not_before(home: Path) -> None:
    assert "locks" in ask(home)
    assert state(home) == "requested"
    assert "1 of 2 approvals" in sign(home, "approve", "ana")
    assert "active: approved by ana and bo" in sign(home, "approve", "bo")
    (row,) = listed(home)["grants"]
    assert (row["grant"]["subject"], row["uses"], row["approved_by"]) == ("key-7", 0, ["ana", "bo"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topic": "doors.rosters"}, r"doors.md, line \d+: .*the clause 'doors.rosters' is prohibited"),
        ({"topic": "doors"}, "'doors.rosters' is prohibited"),
        ({"topic": "windows"}, "the topic 'windows', which does not exist"),
        ({"purpose": "fun"}, "the purpose 'fun', which does not exist"),
        ({"until": TODAY + timedelta(days=400)}, "a year at most"),
        ({"until": "soon"}, "'soon' is not a day"),
        ({"evidence": "nowhere.txt"}, "no such file"),
    ],
)
def test_what_cannot_be_granted_is_refused_when_it_is_asked_for_and_nothing_is_written(
    home: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ask(home, **changes)
    assert not (home / "w" / ".colonnade").exists()


def test_an_id_is_given_once(home: Path) -> None:
    ask(home)
    with pytest.raises(InputError, match="a grant 'locks' already"):
        ask(home, subject="key-8")


def test_who_has_no_say_the_subject_and_whoever_signed_already_are_turned_away(home: Path) -> None:
    ask(home, subject="sam")
    with pytest.raises(InputError, match="dee may not decide"):
        sign(home, "approve", "dee")
    with pytest.raises(InputError, match="sam is the subject"):
        sign(home, "approve", "sam")
    sign(home, "approve", "ana")
    with pytest.raises(InputError, match="ana approves 'locks' already"):
        sign(home, "approve", "ana")
    with pytest.raises(InputError, match="another key"):
        invoke("approve", "locks", home / "w", "--as", "bo", "--key", home / "ana")
    with pytest.raises(InputError, match="there is no grant 'other'"):
        sign(home, "approve", "bo", name="other")
    with pytest.raises(InputError, match="needs a reason"):
        sign(home, "revoke", "bo", "--reason", " ")
    assert state(home) == "requested"


def test_a_moved_boundary_ends_the_approvals_and_moving_it_back_revives_them(home: Path) -> None:
    active(home)
    file = home / "w" / "policies" / "doors.md"
    assert file.read_text() == DOORS
    file.write_text(DOORS.replace("severity: high", "severity: critical", 1))
    assert state(home) == "requested"
    file.write_text(DOORS)
    assert state(home) == "active"


def test_without_a_log_it_is_approved_and_not_active(home: Path) -> None:
    active(home)
    (home / "w" / "guard.yaml").write_text(GUARD + "access: {approvers: [safety, security], reviewers: [review]}\n")
    assert state(home) == "approved"
    (home / "w" / "guard.yaml").write_text(GUARD)
    assert state(home) != "active"


def test_a_person_who_is_taken_off_the_list_approves_no_more(home: Path) -> None:
    active(home)
    people = home / "w" / "people.yaml"
    people.write_text("".join(line for line in people.read_text().splitlines(True) if "id: bo," not in line))
    assert state(home) == "requested"


def test_a_revoked_grant_cannot_be_approved_again_and_an_appeal_waits_in_the_list(home: Path) -> None:
    active(home)
    assert "revoked by ren: left the company" in sign(home, "revoke", "ren", "--reason", "left the company")
    with pytest.raises(InputError, match="is revoked"):
        sign(home, "approve", "ana")
    assert listed(home)["appeals"] == []
    invoke("appeal", "locks", home / "w", "--by", "key-7", "--reason", "I am still there")
    (appeal,) = listed(home)["appeals"]
    assert (appeal["by"], appeal["what"]) == ("key-7", "I am still there")
    assert "appeal about locks by key-7" in invoke("list", home / "w").output
    with pytest.raises(InputError, match="no grant 'x'"):
        invoke("appeal", "x", home / "w", "--by", "key-7", "--reason", "why not")


def test_a_replay_knows_a_grant_from_its_second_signature_to_its_revocation(home: Path) -> None:
    moments = [datetime.now(UTC)]
    active(home)
    moments.append(datetime.now(UTC))
    sign(home, "revoke", "ren", "--reason", "left the company")
    moments.append(datetime.now(UTC))
    grants = Replaying(open_workspace(home / "w")).now().grants
    opened = [PastHolder(grants(moment), "key-7", TODAY).opens(cell(), TODAY) for moment in moments]
    assert opened == ["", "locks", ""]


# --- use, review, suspension ----------------------------------------------------------------------


def test_uses_are_logged_drawn_reviewed_and_a_bad_verdict_suspends(home: Path, service: AccessService) -> None:
    for _ in range(30):
        assert service.desk.use("key-7", cell(), "request", "how does this lock act").grant == "locks"
    queue = json.loads(invoke("review", home / "w", "--json").output)
    assert 2 < len(queue) < 30, "half of them, by the lot of the key"
    assert listed(home)["grants"][0]["uses"] == 30
    first, second = queue[0]["number"], queue[1]["number"]
    judge = ["review", home / "w", "--grant", "locks", "--as", "ren", "--key", home / "ren"]
    invoke(*judge, "--use", first, "--within")
    assert len(json.loads(invoke("review", home / "w", "--json").output)) == len(queue) - 1
    assert state(home) == "active"
    with pytest.raises(InputError, match="ana may not decide"):
        invoke("review", home / "w", "--grant", "locks", "--as", "ana", "--key", home / "ana", "--use", 0, "--outside")
    with pytest.raises(InputError, match="no use 99"):
        invoke(*judge, "--use", 99, "--within")
    invoke(*judge, "--use", second, "--outside", "--reason", "another building")
    assert state(home) == "suspended"
    assert f"{len(queue) - 2} uses wait" in invoke("review", home / "w").output


def test_a_breached_cap_is_in_the_ledger_and_two_fresh_signatures_bring_the_grant_back(home: Path) -> None:
    active(home, per_minute=1)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.use("key-7", cell(), "request", "x").grant == "locks"
    assert "suspended" in service.desk.use("key-7", cell(), "request", "x").refusal
    assert state(home) == "suspended"
    service.watch.look()
    sign(home, "approve", "ana")
    assert state(home) == "suspended"
    sign(home, "approve", "bo")
    assert state(home) == "active"
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is not None


def test_a_suspension_while_a_run_holds_the_workspace_outlasts_both(home: Path) -> None:
    active(home, per_minute=1)
    opened = open_workspace(home / "w")
    service = AccessService(opened)
    service.watch.look()
    store = Store(home / "w")
    try:
        with store.held():
            service.desk.use("key-7", cell(), "request", "x")
            assert "suspended" in service.desk.use("key-7", cell(), "request", "x").refusal
    finally:
        store.close()
    assert state(home) == "suspended"
    again = AccessService(opened)
    again.watch.look()
    assert again.desk.opening("key-7", cell(), TODAY) is None
    sign(home, "approve", "ana")
    sign(home, "approve", "bo")
    assert state(home) == "active"


def test_a_revocation_reaches_a_running_service_within_a_second(home: Path, service: AccessService) -> None:
    assert service.desk.opening("key-7", cell(), TODAY) is not None
    sign(home, "revoke", "ren", "--reason", "stolen key")
    written = monotonic()
    while service.desk.opening("key-7", cell(), TODAY) is not None:
        assert monotonic() - written < 1.0
        sleep(0.01)
    assert service.desk.use("key-7", cell(), "request", "x").grant == ""


def test_a_revoked_grant_is_closed_before_it_is_known_where_all_others_stand(
    home: Path, service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def slow(*of: Any) -> Any:
        opened.append(service.desk.opening("key-7", cell(), TODAY))
        return real(*of)

    real = service._standings.of
    assert service.desk.opening("key-7", cell(), TODAY) is not None
    monkeypatch.setattr(service._standings, "of", slow)
    sign(home, "revoke", "ren", "--reason", "stolen key")
    service.watch.look()
    assert opened[-1] is None


def test_a_moved_boundary_reaches_it_too_and_a_broken_ledger_closes_it(home: Path, service: AccessService) -> None:
    file = home / "w" / "policies" / "doors.md"
    file.write_text(
        DOORS.replace("grantable: true", "grantable: false").replace("ceiling: mechanism", "ceiling: overview")
    )
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is None
    file.write_text(DOORS)
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is not None
    ledger = home / "w" / ".colonnade" / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole.replace(b'"statement"', b'"statemend"', 1))
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is None
    ledger.write_bytes(whole)
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is not None


def test_the_key_is_made_once_and_for_its_owner_alone(home: Path) -> None:
    key = access_key(home / "w")
    file = home / "w" / ".colonnade" / "access.key"
    assert access_key(home / "w") == key
    assert len(key) == 32
    assert file.stat().st_mode & 0o077 == 0


def test_to_look_is_not_to_write(home: Path) -> None:
    opened = open_workspace(home / "w")
    assert standings(opened, now()) == ()
    assert read_book(home / "w", opened.people).grants == ()
    assert "No grant" in invoke("list", home / "w").output
    assert not (home / "w" / ".colonnade").exists()


def test_a_clock_that_was_set_back_revives_no_grant(home: Path) -> None:
    active(home)
    opened = open_workspace(home / "w")
    assert [row.state for row in standings(opened, now() + timedelta(days=91))] == [GrantState.EXPIRED]
    assert [row.state for row in standings(opened, now().replace(year=2020))] == [GrantState.ACTIVE]
