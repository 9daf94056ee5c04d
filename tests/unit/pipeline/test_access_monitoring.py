"""Alerts, break-glass, words for reviewers, and attacks, from the command line and against a running service."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from colonnade.guard import Guard
from colonnade.guard.access.grants import boundaries_under, grant_content
from colonnade.guard.access.writing import commitment_to_words
from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import access_key, access_settings, now
from colonnade.pipeline.access_book import ALERTED, BookReader, Standings, read_book, set_down
from colonnade.pipeline.access_service import AccessService, _compiled, known_of
from colonnade.records import Alert, GrantUse, InputError, Level, digest_of
from colonnade.store import Store
from colonnade.store.log import Entry, KeyRing, TransparencyLog, create_log, seal_contents
from colonnade.store.log.secrets import new_secret, read_secret
from colonnade.store.log.segments import body_of
from tests.unit.guard.access.requests import finished, ruling
from tests.unit.guard.nearest_examples import Detector
from tests.unit.guard.small_policies import WordEncoder
from tests.workspaces import DOORS, GUARD

from .small_access import ACCESS, TODAY, active, ask, cell, invoke, listed, sign, state

QUESTION = "Get me into the room of my colleague without her key."
CLOSED = ruling("deflect", "doors.entry", Level.ACTIONABLE)


def alert(**changes: Any) -> Alert:
    at = datetime.now(UTC)
    fields = {"kind": "repeated", "subjects": ("key-7", "key-8"), "since": at, "until": at, "strength": 0.9}
    return Alert.model_validate({**fields, "clause": "doors.entry", "rows": ("row-1", "row-2"), **changes})


def alerts(home: Path, *more: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(invoke("alerts", home / "w", "--json", *more).output)
    return rows


def answer(home: Path, name: str, how: str, person: str = "ren", reason: str = "three accounts, one letter") -> str:
    signed = ("--as", person, "--key", home / person, "--reason", reason)
    return invoke("alert", name, home / "w", f"--{how}", *signed).output


# --- alerts ---------------------------------------------------------------------------------------


def test_what_a_running_service_sees_becomes_an_alert_in_the_ledger(home: Path) -> None:
    active(home)
    service = AccessService(open_workspace(home / "w"), encoder=WordEncoder)
    service.watch.look()
    assert service.monitor is not None
    for number, who in enumerate(("key-7", "key-8", "key-9")):
        service.monitor.finished(finished(QUESTION, CLOSED, who=who, at=datetime.now(UTC) + timedelta(hours=number)))
    service.monitor.look()
    service.stop()
    (row,) = alerts(home)
    assert (row["kind"], row["state"], row["clause"]) == ("repeated", "open", "doors.entry")
    assert row["subjects"] == ["key-7", "key-8", "key-9"]
    shown = invoke("alerts", home / "w").output
    assert "repeated on doors.entry by key-7, key-8, key-9" in shown
    assert "1 alert waits" in shown
    again = AccessService(open_workspace(home / "w"), encoder=WordEncoder)
    again.watch.look()
    assert again.monitor is not None
    again.monitor.look()
    again.stop()
    assert len(alerts(home, "--all")) == 1, "a restart raises none again"


def test_to_uphold_an_alert_suspends_the_grants_of_those_concerned_until_two_people_sign_anew(home: Path) -> None:
    active(home)
    row = alert()
    set_down(home / "w", ALERTED, row)
    assert "upheld" in answer(home, row.id, "uphold")
    (found,) = listed(home)["grants"]
    assert (found["state"], found["stopped_for"]) == ("suspended", "alert")
    assert alerts(home) == []
    assert alerts(home, "--all")[0]["state"] == "upheld"
    sign(home, "approve", "ana")
    sign(home, "approve", "bo")
    assert state(home) == "active"


def test_to_dismiss_it_changes_nothing_and_the_subject_and_who_does_not_review_cannot_answer(home: Path) -> None:
    active(home)
    row, own = alert(), alert(subjects=("ren",))
    for found in (row, own):
        set_down(home / "w", ALERTED, found)
    with pytest.raises(InputError, match="ren may not answer"):
        answer(home, own.id, "dismiss")
    with pytest.raises(InputError, match="ana may not answer"):
        answer(home, row.id, "dismiss", "ana")
    with pytest.raises(InputError, match="needs a reason"):
        answer(home, row.id, "dismiss", reason=" ")
    with pytest.raises(InputError, match="no alert 'alert-x'"):
        answer(home, "alert-x", "dismiss")
    answer(home, row.id, "dismiss", reason="a class with one exercise")
    assert state(home) == "active"
    assert [found["id"] for found in alerts(home)] == [own.id]


def test_an_alert_while_a_run_holds_the_workspace_is_set_down_beside_the_ledger(home: Path) -> None:
    row = alert()
    store = Store(home / "w")
    try:
        with store.held():
            set_down(home / "w", ALERTED, row, patience=0.1)
    finally:
        store.close()
    assert [found["id"] for found in alerts(home)] == [row.id]
    set_down(home / "w", ALERTED, row)
    assert len(alerts(home)) == 1, "the same twice is one"


def test_the_monitor_knows_the_violating_examples_and_says_which_purposes_it_cannot_tell(home: Path) -> None:
    known = known_of(open_workspace(home / "w"), b"k" * 32, WordEncoder)
    assert {question.clause for question in known.questions} == {"doors.entry", "doors.rosters"}
    assert known.reader is not None
    assert "has 0 examples" in known.reader.silent["repair"]


# --- break-glass ----------------------------------------------------------------------------------


def break_glass(home: Path, name: str, *more: object) -> str:
    options = ("--subject", "key-7", "--topic", "doors.entry", "--level", "actionable", "--purpose", "repair")
    why = ("--evidence", home / "letter.txt", "--reason", "water behind a locked door")
    return invoke("request", name, home / "w", *options, *why, "--break-glass", *more).output


def test_break_glass_takes_one_signature_and_its_review_blocks_the_next(home: Path) -> None:
    assert "1 of 1 approvals" in break_glass(home, "flood", "--minutes", 5)
    with pytest.raises(InputError, match="'flood' is a break-glass of key-7, too"):
        break_glass(home, "again")
    assert "active: approved by ana" in sign(home, "approve", "ana", name="flood")
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.use("key-7", cell(Level.ACTIONABLE), "request", "x").grant == "flood"
    sign(home, "revoke", "bo", "--reason", "the door is open", name="flood")
    with pytest.raises(InputError, match="a use of the break-glass 'flood' of key-7 waits for review"):
        break_glass(home, "again")
    invoke("review", home / "w", "--grant", "flood", "--use", 0, "--within", "--as", "ren", "--key", home / "ren")
    assert "requested" in break_glass(home, "again")
    assert "requested" in ask(home), "an ordinary grant is not blocked by it"


def test_who_opened_it_alone_does_not_judge_what_was_done_with_it(home: Path) -> None:
    configuration = home / "w" / "guard.yaml"
    configuration.write_text(GUARD + ACCESS.replace("reviewers: [review]", "reviewers: [review, safety]"))
    break_glass(home, "flood")
    sign(home, "approve", "ana", name="flood")
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    service.desk.use("key-7", cell(Level.ACTIONABLE), "request", "x")
    with pytest.raises(InputError, match="ana opened 'flood' alone"):
        invoke("review", home / "w", "--grant", "flood", "--use", 0, "--within", "--as", "ana", "--key", home / "ana")


def test_break_glass_reaches_nothing_that_nobody_may_be_granted_and_takes_no_last_day(home: Path) -> None:
    with pytest.raises(InputError, match=r"'doors.rosters' is prohibited"):
        break_glass(home, "flood", "--topic", "doors.rosters")
    with pytest.raises(InputError, match="ends by itself"):
        break_glass(home, "flood", "--until", TODAY)
    with pytest.raises(InputError, match="needs a last day"):
        invoke("request", "x", home / "w", "--subject", "key-7", "--topic", "doors.entry", "--level", "actionable",
               "--purpose", "repair", "--evidence", home / "letter.txt", "--reason", "why not")  # fmt: skip


# --- the words of a use ---------------------------------------------------------------------------


def test_a_reviewer_with_the_keys_sees_the_words_and_only_those_that_fit_the_commitment(home: Path) -> None:
    (home / "w" / "guard.yaml").write_text(GUARD + ACCESS.replace("0.5", "1.0"))
    active(home, per_minute=100)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    texts = ("how does this lock act", "and that one", "a third")
    for text in texts:
        service.desk.use("key-7", cell(), "request", text)
    log, keys, secret = home / "log", home / "keys", home / "secret"
    new_secret(secret)
    create_log(log, "example.com/guard")
    ring = KeyRing(keys, read_secret(secret), log)
    opened = TransparencyLog(log)
    for text in (texts[0], "something else was said", "and again"):
        sealed = seal_contents(ring, "key-7", TODAY, {"user messages.0": text})
        row = {"act": "request", "ruling": {"grant": "locks", "side": "request"}, "contents": sealed.references}
        opened.append_entries([Entry(body_of(row), sealed.lines)])
    opened.close()
    plain = invoke("review", home / "w").output
    assert "commitment sha256:" in plain
    assert texts[0] not in plain
    shown = invoke("review", home / "w", "--log", log, "--keys", keys, "--secret", secret).output
    assert f"fits its commitment: {texts[0]}" in shown
    assert "something else was said" not in shown
    assert shown.count("no whole text in the log fits") == 2
    ring.destroy(ring.keys_of("key-7"))
    erased = json.loads(invoke("review", home / "w", "--log", log, "--keys", keys, "--secret", secret, "--json").output)
    assert [row["state"] for row in erased] == ["erased"] * 3
    with pytest.raises(InputError, match="has no audit log so far"):
        invoke("review", home / "w", "--words")


def test_a_commitment_fits_its_words_and_place_and_no_others(home: Path) -> None:
    key = access_key(home / "w")
    made = commitment_to_words(key, "sha256:" + "0" * 64, 3, "request", "x")
    assert made == commitment_to_words(key, "sha256:" + "0" * 64, 3, "request", "x")
    others = [(4, "request", "x"), (3, "reply", "x"), (3, "request", "y")]
    assert all(made != commitment_to_words(key, "sha256:" + "0" * 64, *other) for other in others)  # type: ignore[arg-type]
    assert commitment_to_words(key, "sha256:" + "0" * 64, 3, "request", "\ud800").startswith("sha256:")


# --- attacks --------------------------------------------------------------------------------------


def test_an_unreadable_ledger_closes_the_desk_and_a_service_starts_closed_on_it(home: Path) -> None:
    active(home)
    ledger = home / "w" / ".colonnade" / "ledger.jsonl"
    whole = ledger.read_bytes()
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is not None
    ledger.unlink()
    ledger.mkdir()
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is None
    blind = AccessService(open_workspace(home / "w"))
    blind.start()
    assert blind.desk.use("key-7", cell(), "request", "x").grant == ""
    blind.stop()
    ledger.rmdir()
    ledger.write_bytes(whole)
    service.watch.look()
    assert service.desk.opening("key-7", cell(), TODAY) is not None


def test_what_is_read_on_is_what_would_be_read_anew_and_an_old_line_is_not_changed_unseen(home: Path) -> None:
    people = open_workspace(home / "w").people
    reader = BookReader(home / "w")
    assert reader.book(people).grants == ()
    ask(home)
    assert reader.book(people) == read_book(home / "w", people)
    sign(home, "approve", "ana")
    sign(home, "approve", "bo")
    assert reader.book(people) == read_book(home / "w", people)
    assert len(reader.book(people).events) == 2
    assert reader.book(None).events == ()
    ledger = home / "w" / ".colonnade" / "ledger.jsonl"
    whole = ledger.read_bytes()
    lines = whole.splitlines(keepends=True)
    ledger.write_bytes(lines[0].replace(b'"grant"', b'"grown"') + b"".join(lines[1:]))
    with pytest.raises(Exception, match="ledger is broken"):
        reader.book(people)
    ledger.write_bytes(whole)
    assert reader.book(people) == read_book(home / "w", people)


def test_standings_that_are_remembered_are_what_they_would_be_anew(home: Path) -> None:
    ask(home)
    ask(home, "second", subject="key-8")
    opened, reader = open_workspace(home / "w"), BookReader(home / "w")
    kept, settings = Standings(opened.policies, opened.launch.name), access_settings(opened)

    def both(days: int = 0) -> list[str]:
        book, at = reader.book(opened.people), now() + timedelta(days=days)
        found = kept.of(book, opened.people, settings, at)
        assert found == Standings(opened.policies, opened.launch.name).of(book, opened.people, settings, at)
        return [row.state for row in found]

    assert both() == ["requested", "requested"]
    sign(home, "approve", "ana", name="second")
    sign(home, "approve", "bo", name="second")
    assert both() == ["requested", "active"]
    assert both(days=100) == ["expired", "expired"]
    set_down(home / "w", ALERTED, alert(subjects=("key-8",)))
    answer(home, read_book(home / "w", opened.people).alerts[0].id, "uphold")
    assert both() == ["requested", "suspended"]
    sign(home, "revoke", "ren", "--reason", "over", name="second")
    assert both() == ["requested", "revoked"]


def test_standings_under_other_policies_are_what_they_would_be_anew(home: Path) -> None:
    active(home)
    ask(home, "second", subject="key-8")
    reader, file = BookReader(home / "w"), home / "w" / "policies" / "doors.md"
    good = file.read_text()
    opened = open_workspace(home / "w")
    kept, settings, at = Standings(opened.policies, opened.launch.name), access_settings(opened), now()
    states = []
    for before, after in (
        ("The model must not help", "The model may not help"),  # no boundary
        ("severity: high", "severity: critical"),
        ("severity: high", "severity: high"),
    ):
        file.write_text(good.replace(before, after, 1))
        opened = open_workspace(home / "w")
        kept, book = kept.under(opened.policies), reader.book(opened.people)
        found = kept.of(book, opened.people, settings, at)
        assert found == Standings(opened.policies, opened.launch.name).of(book, opened.people, settings, at)
        states.append(found[0].state)
        clauses = opened.policies.active
        for row in found:
            said = {"grant": row.grant.digest, "boundaries": boundaries_under(row.grant, clauses)}
            assert row.content == grant_content(row.grant, clauses) == digest_of(said)
    assert states == ["active", "requested", "active"]


def test_a_statement_whose_signature_is_not_the_persons_counts_for_nothing_when_it_is_read_on(home: Path) -> None:
    active(home)
    opened = open_workspace(home / "w")
    assert opened.people is not None
    reader = BookReader(home / "w")
    assert len(reader.book(opened.people).events) == 2
    ana, bo = (opened.people.person(name) for name in ("ana", "bo"))
    assert ana is not None
    assert bo is not None
    rows = tuple(row.model_copy(update={"key": bo.key}) if row.id == "ana" else row for row in opened.people.people)
    assert [row.person for row in reader.book(opened.people.model_copy(update={"people": rows})).events] == ["bo"]  # type: ignore[union-attr]


def test_a_renamed_topic_closes_the_grant_in_a_running_service(home: Path) -> None:
    active(home)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    file = home / "w" / "policies" / "doors.md"
    file.write_text(DOORS.replace("doors.entry", "doors.access"))
    launch = home / "w" / "launch.yaml"
    launch.write_text(launch.read_text().replace("doors.entry", "doors.access"))
    service.watch.look()
    for topic in ("doors.entry", "doors.access"):
        renamed = cell().model_copy(update={"topic": topic})
        assert service.desk.use("key-7", renamed, "request", "x").grant == ""
    assert state(home) == "requested"


def test_a_grant_that_ends_at_midnight_lets_no_reply_out_after_it(home: Path) -> None:
    active(home, until=TODAY)
    opened = open_workspace(home / "w")
    service = AccessService(opened)
    service.watch.look()
    noon = datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=23, minutes=59)
    service.desk._now = lambda: noon
    guard = Guard(_compiled(opened, TODAY), Detector(opened.policies.active, WordEncoder()), lambda: noon.date())
    holder = service.desk.holder("key-7")
    asked = guard.rule_request(QUESTION, "guest", "repair", holder)
    assert (asked.action, asked.grant) == ("allow", "locks")
    assert guard.rule_reply(QUESTION, asked, "guest", "repair", holder).action == "allow"
    noon += timedelta(minutes=2)
    assert guard.rule_reply(QUESTION, asked, "guest", "repair", holder).action != "allow"


def test_a_desk_whose_guard_lives_in_another_time_zone_ends_by_its_own_day(home: Path) -> None:
    active(home, until=TODAY)
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    service.desk._now = lambda: now() + timedelta(days=1)
    assert service.desk.opening("key-7", cell(), TODAY) is None, "the guard still has yesterday"


def test_a_reviewer_who_is_the_subject_judges_nothing(home: Path) -> None:
    (home / "w" / "guard.yaml").write_text(GUARD + ACCESS.replace("0.5", "1.0"))
    active(home, subject="ren")
    service = AccessService(open_workspace(home / "w"))
    service.watch.look()
    assert service.desk.use("ren", cell(), "request", "x").grant == "locks"
    with pytest.raises(InputError, match="ren is the subject"):
        invoke("review", home / "w", "--grant", "locks", "--use", 0, "--within", "--as", "ren", "--key", home / "ren")
    assert len(json.loads(invoke("review", home / "w", "--json").output)) == 1


def test_two_services_on_one_workspace_count_together(home: Path) -> None:
    active(home, per_day=2)
    opened = open_workspace(home / "w")
    one, two = AccessService(opened), AccessService(opened)
    for service in (one, two):
        service.watch.look()
    through = [service.desk.use("key-7", cell(), "request", "x").grant for service in (one, two, one, two)]
    assert through == ["locks", "locks", "", ""]
    assert state(home) == "suspended"
    uses = [GrantUse.model_validate_json(line) for line in (home / "w/.colonnade/uses.jsonl").read_text().splitlines()]
    assert [use.number for use in uses] == [0, 1]
