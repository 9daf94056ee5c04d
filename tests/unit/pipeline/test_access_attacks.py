"""Ways to more than two people signed: by an old signature, another workspace, another spelling, a wrong input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import Signer, now, request_grant, sign_grant, standings
from colonnade.pipeline.access_book import ASKED, SUSPENDED, append_record
from colonnade.pipeline.access_service import AccessService
from colonnade.records import Act, ColonnadeError, InputError, Suspension
from colonnade.store import HOME, Store
from colonnade.store.statements import STATED, entries_in

from .small_access import TODAY, active, ask, cell, invoke, listed, sign, state


def copied_again(home: Path, act: Act) -> None:
    """What somebody does who may write to the workspace, and has nobody's key."""
    store = Store(home / "w")
    try:
        with store.held(5):
            old = [entry for entry in entries_in(home / "w") if entry.act == STATED]
            for entry in old:
                if json.loads(store.objects.get(entry.subject))["statement"]["act"] == act:
                    store.ledger.append(STATED, entry.subject, entry.actor)
    finally:
        store.close()


# --- old signatures -------------------------------------------------------------------------------


def test_old_approvals_that_are_copied_to_the_end_of_the_ledger_bring_no_suspended_grant_back(home: Path) -> None:
    active(home)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    stopped = Suspension(grant="locks", cause="cap", what="too often", at=now())
    append_record(home / "w", SUSPENDED, stopped, "guard")
    assert state(home) == "suspended"
    copied_again(home, Act.APPROVE)
    assert state(home) == "suspended"
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is None


def test_an_approval_that_was_taken_back_is_not_given_again_by_a_copy_of_it(home: Path) -> None:
    active(home)
    sign(home, "refuse", "ana", "--reason", "the letter is forged")
    assert state(home) == "requested"
    copied_again(home, Act.APPROVE)
    assert state(home) == "requested"
    sign(home, "approve", "ana")
    assert state(home) == "active", "her own fresh signature counts"


def test_a_second_grant_of_the_same_id_in_the_ledger_takes_over_no_approval(home: Path) -> None:
    active(home)
    (row,) = standings(open_workspace(home / "w"), now())
    more = row.grant.model_copy(update={"subject": "key-8", "until": row.grant.until + timedelta(days=90)})
    append_record(home / "w", ASKED, more, "mallory")
    assert [row["state"] for row in listed(home)["grants"]] == ["active", "requested"]
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.opening("key-8", cell(), TODAY) is None


# --- other workspaces -----------------------------------------------------------------------------


def test_a_grant_that_is_copied_to_another_workspace_with_its_signatures_holds_only_where_it_was_asked_for(
    home: Path,
) -> None:
    active(home)
    shutil.copytree(home / "w", home / "other")
    file = home / "other" / "launch.yaml"
    name = open_workspace(home / "w").launch.name
    file.write_text(file.read_text().replace(f"name: {name}", "name: another"))
    (row,) = standings(open_workspace(home / "other"), now())
    assert (row.state, row.approved_by) == ("requested", ())
    assert f"it was asked for in '{name}'" in row.reason
    with pytest.raises(InputError, match=f"was asked for in '{name}', and can be used nowhere else"):
        invoke("approve", "locks", home / "other", "--as", "ana", "--key", home / "ana")
    service = AccessService(open_workspace(home / "other"))
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is None
    assert state(home) == "active"


def test_a_grant_from_before_launches_were_named_keeps_its_digest_and_its_signatures(home: Path) -> None:
    ask(home)
    (row,) = standings(open_workspace(home / "w"), now())
    assert row.grant.launch
    old = row.grant.model_copy(update={"launch": "", "id": "old"})
    assert "launch" not in old.model_dump(mode="json")
    append_record(home / "w", ASKED, old, "old")
    for person in ("ana", "bo"):
        sign(home, "approve", person, name="old")
    assert listed(home)["grants"][1]["state"] == "active"


# --- spellings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["Ana", "ANA", "ana"])
def test_nobody_approves_their_own_access_under_another_spelling(home: Path, subject: str) -> None:
    ask(home, subject=subject)
    with pytest.raises(InputError, match="ana is the subject of 'locks'"):
        sign(home, "approve", "ana")
    sign(home, "approve", "bo")
    sign(home, "approve", "sam")
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.opening(subject, cell(), TODAY) is not None
    other = subject.swapcase()
    assert service.desk.opening(other, cell(), TODAY) is None, "a key with another spelling is another principal"


def test_a_reviewer_does_not_judge_their_own_use_under_another_spelling(home: Path) -> None:
    active(home, subject="Ren")
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.use("Ren", cell(), "request", "x").grant == "locks"
    with pytest.raises(InputError, match="ren is the subject"):
        invoke("review", home / "w", "--grant", "locks", "--use", 0, "--within", "--as", "ren", "--key", home / "ren")


# --- at once --------------------------------------------------------------------------------------


def at_once(*calls: Callable[[], object]) -> list[object]:
    def said(call: Callable[[], object]) -> object:
        try:
            return call()
        except ColonnadeError as fault:
            return fault

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(said, calls))


def signing(home: Path, act: Act, person: str) -> Callable[[], object]:
    signer = Signer(person, home / person, "said at once")
    return lambda: sign_grant(open_workspace(home / "w"), act, "locks", signer, now())


def test_one_person_who_signs_twice_at_once_is_one_person(home: Path) -> None:
    ask(home)
    at_once(signing(home, Act.APPROVE, "ana"), signing(home, Act.APPROVE, "ana"))
    assert state(home) == "requested"


def test_a_revocation_among_two_approvals_at_once_is_for_good(home: Path) -> None:
    ask(home)
    signers = (Act.APPROVE, "ana"), (Act.REVOKE, "ren"), (Act.APPROVE, "bo")
    found = at_once(*(signing(home, act, person) for act, person in signers))
    assert not isinstance(found[1], ColonnadeError), "who signed a moment earlier and is written later is not refused"
    assert state(home) == "revoked"


def test_of_two_requests_for_one_id_at_once_one_is_written(home: Path) -> None:
    ask(home)
    (row,) = standings(open_workspace(home / "w"), now())
    wanted = [row.grant.model_copy(update={"id": "twice", "subject": subject}) for subject in ("key-8", "key-9")]
    found = at_once(*(lambda one=one: request_grant(open_workspace(home / "w"), one, now()) for one in wanted))
    assert sorted(isinstance(one, InputError) for one in found) == [False, True]
    assert len(listed(home)["grants"]) == 2


# --- wrong input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": "key 7"}, "the subject of a grant has letters"),
        ({"subject": "kеy-7"}, "the subject of a grant has letters"),
        ({"subject": "k" * 201}, "the subject of the grant has 201 characters, and 200 are the most"),
        ({"topic": ""}, "a topic has letters"),
        ({"purpose": ""}, "a purpose has letters"),
        ({"reason": "  \n "}, "the reason of the grant 'locks' is too short"),
        ({"evidence": "EMPTY"}, "this file is empty"),
        ({"per_day": 10**30}, "asks for more than 1,000,000 uses, which is no cap"),
        ({"minutes": 30}, "only a break-glass lasts for minutes"),
        ({"from": TODAY + timedelta(days=366), "until": TODAY + timedelta(days=400)}, "more than a year ahead"),
        ({"from": "9999-12-31", "until": "9999-12-31"}, "more than a year ahead"),
    ],
)
def test_a_request_that_says_something_wrong_is_one_sentence_and_nothing_is_written(
    home: Path, changes: dict[str, Any], words: str
) -> None:
    (home / "empty").write_text(" \n")
    if changes.get("evidence") == "EMPTY":
        changes = {"evidence": home / "empty"}
    with pytest.raises(InputError, match=words):
        ask(home, **changes)
    assert not (home / "w" / HOME).exists()


def test_a_break_glass_on_the_last_day_that_there_is_is_refused_like_any_other(home: Path) -> None:
    options = ["--subject", "key-7", "--topic", "doors.entry", "--level", "actionable", "--purpose", "repair"]
    why = ["--evidence", home / "letter.txt", "--reason", "water behind a locked door"]
    with pytest.raises(InputError, match="more than a year ahead"):
        invoke("request", "flood", home / "w", *options, *why, "--break-glass", "--from", "9999-12-31")


def test_what_somebody_writes_steers_no_terminal_and_looks_like_no_other_line(home: Path) -> None:
    active(home)
    reason = "left\nother       active: approved by ana and bo\x1b[2K"
    sign(home, "revoke", "ren", "--reason", reason)
    invoke("appeal", "locks", home / "w", "--by", "key-7", "--reason", reason)
    shown = invoke("list", home / "w").output
    assert "\x1b" not in shown
    assert not any(line.startswith("other") for line in shown.splitlines())


# --- caps that are seen before they are spent -----------------------------------------------------


def test_the_caps_are_named_when_a_grant_is_asked_for_and_how_far_they_are_used_when_it_is_listed(home: Path) -> None:
    asked = ask(home, per_minute=3, per_day=7, specific_per_day=2)
    caps = "within a minute ({} left), {} of 7 within a day ({} left), {} of 2 at actionable or recipe within a day"
    caps += " ({} left)"
    assert "caps: 0 of 3 " + caps.format(3, 0, 7, 0, 2) + "; one use more suspends it" in asked
    for person in ("ana", "bo"):
        sign(home, "approve", person)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.use("key-7", cell(), "request", "x").grant == "locks"
    shown = invoke("list", home / "w").output
    assert "used 1 time\n" in shown
    assert "caps: 1 of 3 " + caps.format(2, 1, 6, 0, 2) in shown
    caps_of = listed(home)["grants"][0]["caps"]
    assert [(row["used"], row["remaining"]) for row in caps_of] == [(1, 2), (1, 6), (0, 2)]


def test_numbers_of_one_are_in_the_singular(home: Path) -> None:
    ask(home)
    assert "1 of 2 approvals of what it now says is missing" in sign(home, "approve", "ana")
    sign(home, "approve", "bo")
    append_record(home / "w", SUSPENDED, Suspension(grant="locks", cause="cap", what="x", at=now()), "guard")
    assert "2 fresh approvals would bring it back" in invoke("list", home / "w").output
    assert "a fresh approval would bring it back" in sign(home, "approve", "ana")
    assert "0 uses wait for review." in invoke("review", home / "w").output


def test_who_stands_in_no_people_yaml_is_named_with_the_file_and_the_way_in(home: Path) -> None:
    ask(home)
    with pytest.raises(InputError, match=r"people.yaml: there is no person 'zoe'. Add them .*policy key FILE"):
        invoke("approve", "locks", home / "w", "--as", "zoe", "--key", home / "ana")
    (home / "w" / "people.yaml").unlink()
    with pytest.raises(InputError, match=r"people.yaml: there is no person 'ana'"):
        sign(home, "approve", "ana")
