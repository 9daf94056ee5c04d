"""Approval is a step that waits without a process; attested rewordings keep what rests on them fresh."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from colonnade.audit import verify
from colonnade.guard import read_guard_configuration
from colonnade.pipeline import impact as impact_module
from colonnade.pipeline import open_workspace
from colonnade.pipeline.agreement import Agreement, agreement
from colonnade.pipeline.impact import Impact, impact_of, touched_by, why
from colonnade.pipeline.signing import Signing, sign_statement
from colonnade.pipeline.workspace import with_library
from colonnade.policy.reviews import NO_REWORDINGS
from colonnade.policy.revisions import read_revision
from colonnade.records import Act, InputError, PolicySet
from colonnade.store import Store
from colonnade.store.statements import new_key, statements_in
from tests.repositories import git

from .conftest import Job
from .fake_steps import REVIEWED_STEPS, calls
from .reporting import Notebook

TODAY = date(2026, 3, 1)
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
DOORS = "policies/doors.md"
REWORDED = ("is reported and who hands", "is reported, and who hands")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def reviewed(job: Job, keys: Path) -> Job:
    """A workspace whose policy of doors asks for one approval of the group 'safety'."""
    rows = (
        f"- {{id: {name}, roles: [{role}], key: {new_key(keys / name)}}}"
        for name, role in (("ana", "safety"), ("bo", "legal"))
    )
    (job.folder / "people.yaml").write_text("people:\n" + "\n".join(rows) + "\n")
    job.use_steps(REVIEWED_STEPS)
    return job


def sign(job: Job, keys: Path, act: Act, subject: str = "doors", person: str = "ana", **more: object) -> None:
    what = Signing(act, subject, person, **{"reason": "because", **more})  # type: ignore[arg-type]  # whatever a test gives
    sign_statement(open_workspace(job.folder), what, keys / person, datetime.now(UTC))


def test_a_run_ends_waiting_for_people_and_does_all_that_needs_none(reviewed: Job) -> None:
    seen = Notebook()
    finished = reviewed.run(seen)
    assert finished.waiting == ("waiting for safety (1) on policy doors",)
    assert (finished.decision, finished.report) == (None, None)
    assert finished.rebuilt == ("intake.prompts", "rubric.count", "train.fit")
    assert set(seen.waiting_steps) == {"policy.review", "gate.decide", "audit.report"}


def test_the_next_run_goes_on_from_an_approval_and_redoes_nothing(reviewed: Job, keys: Path) -> None:
    reviewed.run()
    sign(reviewed, keys, Act.APPROVE)
    finished = reviewed.run()
    assert finished.waiting == ()
    assert finished.rebuilt == ("policy.review", "gate.decide", "audit.report")
    assert finished.decision is not None
    assert reviewed.run().rebuilt == ()
    assert verify(reviewed.folder).sound


def test_an_edit_voids_the_approval_and_a_revert_brings_it_back(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.APPROVE)
    reviewed.run()
    before = calls(reviewed.folder)
    reviewed.edit(DOORS, "must not help anybody", "must never help anybody")
    assert reviewed.plan()["policy.review"].reasons == ("waiting for safety (1) on policy doors",)
    reviewed.edit(DOORS, "must never help anybody", "must not help anybody")
    finished = reviewed.run()
    assert (finished.waiting, finished.rebuilt) == ((), ())
    assert calls(reviewed.folder) == before


def test_a_refusal_is_told_with_its_reason(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.REFUSE, reason="too wide")
    assert reviewed.run().waiting == ("policy doors was refused by ana: too wide",)


def test_what_a_person_may_not_sign_is_refused_and_nothing_is_written(reviewed: Job, keys: Path) -> None:
    cases = (
        (Signing(Act.APPROVE, "doors", "carl"), "there is no person 'carl'"),
        (Signing(Act.APPROVE, "doors", "bo"), "asks for safety, and bo is in legal only"),
        (Signing(Act.APPROVE, "doors", "ana", role="legal"), "does not ask for 'legal'"),
        (Signing(Act.APPROVE, "windows", "ana"), "'windows' is not a policy"),
        (Signing(Act.APPROVE, "doors", "ana", expires=date(2020, 1, 1)), "is past"),
        (Signing(Act.DELEGATE, "doors", "ana", to="carl"), "there is no person 'carl'"),
        (Signing(Act.ATTEST, "doors.entry.text", "bo"), "bo may not attest for doors.entry"),
        (Signing(Act.ATTEST, "doors.entry.text", "ana"), "no run has read doors.entry.text yet"),
        (Signing(Act.ACCEPT, "break-in", "ana"), "for a year at most"),
        (Signing(Act.ACCEPT, "break-in", "ana", expires=date(2900, 1, 1)), "for a year at most"),
    )
    for what, fault in cases:
        with pytest.raises(InputError, match=fault):
            sign_statement(open_workspace(reviewed.folder), what, keys / "ana", datetime.now(UTC))
    assert not (reviewed.folder / ".colonnade").exists()


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
@pytest.mark.parametrize(
    "what",
    [
        Signing(Act.REFUSE, "doors", "ana"),
        Signing(Act.DELEGATE, "doors", "ana", to="bo"),
        Signing(Act.ATTEST, "doors.entry.text", "ana"),
        Signing(Act.ACCEPT, "break-in", "ana", expires=TOMORROW),
        Signing(Act.WITHDRAW, "doors", "ana"),
        Signing(Act.WITHDRAW, "break-in", "ana"),
    ],
)
def test_all_but_an_approval_needs_a_reason(reviewed: Job, keys: Path, what: Signing, reason: str) -> None:
    if what.act is Act.ATTEST:
        reviewed.run()
        reviewed.edit(DOORS, *REWORDED)
    if what.act is Act.WITHDRAW:
        sign(reviewed, keys, Act.APPROVE)
        sign(reviewed, keys, Act.ACCEPT, "break-in", expires=TOMORROW)
    before = statements_in(reviewed.folder)
    with pytest.raises(InputError, match=f"to {what.act} '.*' needs a reason"):
        sign_statement(open_workspace(reviewed.folder), what._replace(reason=reason), keys / "ana", datetime.now(UTC))
    assert statements_in(reviewed.folder) == before


def test_where_nothing_was_said_there_is_nothing_to_withdraw(reviewed: Job, keys: Path) -> None:
    reviewed.run()
    for subject, fault in (
        ("break-in", "ana has not accepted the harm 'break-in' as it stands: there is nothing to withdraw"),
        ("harm:break-in", "there is nothing to withdraw"),
        ("doors.entry.text", "ana has not attested doors.entry.text as it stands: there is nothing to withdraw"),
    ):
        with pytest.raises(InputError, match=fault):
            sign(reviewed, keys, Act.WITHDRAW, subject)
    assert statements_in(reviewed.folder) == ()
    sign(reviewed, keys, Act.ACCEPT, "break-in", expires=TOMORROW)
    sign(reviewed, keys, Act.WITHDRAW, "break-in")
    with pytest.raises(InputError, match="there is nothing to withdraw"):
        sign(reviewed, keys, Act.WITHDRAW, "break-in")


def test_a_group_that_does_not_answer_for_a_harm_cannot_accept_it(reviewed: Job, keys: Path) -> None:
    with pytest.raises(InputError, match=r"the harm 'break-in' is about safety\. Ask somebody of safety, who answer"):
        sign(reviewed, keys, Act.ACCEPT, "break-in", "bo", expires=TOMORROW)
    with pytest.raises(InputError, match=r"ana \(safety\) may not speak for 'legal'"):
        sign(reviewed, keys, Act.ACCEPT, "break-in", role="legal", expires=TOMORROW)
    assert not (reviewed.folder / ".colonnade").exists()
    sign(reviewed, keys, Act.ACCEPT, "break-in", role="safety", expires=TOMORROW)


def test_nobody_delegates_to_an_author_or_to_who_belongs_to_the_group(reviewed: Job, keys: Path) -> None:
    reviewed.edit(DOORS, "owners: [workshop]\nquorum", "owners: [workshop]\nauthors: [bo]\nquorum")
    with pytest.raises(InputError, match="bo is an author of 'doors' and may not answer for it"):
        sign(reviewed, keys, Act.DELEGATE, to="bo")
    reviewed.edit(DOORS, "authors: [bo]\n", "")
    reviewed.edit("people.yaml", "roles: [legal]", "roles: [legal, safety]")
    with pytest.raises(InputError, match="bo speaks for 'safety' already"):
        sign(reviewed, keys, Act.DELEGATE, to="bo")
    assert not (reviewed.folder / ".colonnade").exists()


def test_a_harm_that_is_called_like_a_policy_or_a_facet_is_told_apart(reviewed: Job, keys: Path) -> None:
    reviewed.edit("launch.yaml", "- id: break-in", "- id: doors")
    sign(reviewed, keys, Act.APPROVE)
    sign(reviewed, keys, Act.ACCEPT, "doors", expires=TOMORROW)
    subjects = [row.statement.subject for row in statements_in(reviewed.folder)]
    assert subjects == ["doors", "harm:doors"]
    sign(reviewed, keys, Act.WITHDRAW, "harm:doors")
    assert agreed(reviewed).accepted == ()
    assert [row.state for row in agreed(reviewed).reviews if row.policy == "doors"] == ["approved"]
    sign(reviewed, keys, Act.ACCEPT, "harm:doors", expires=TOMORROW)
    sign(reviewed, keys, Act.WITHDRAW, "doors")
    assert [harm for harm, _ in agreed(reviewed).accepted] == ["doors"]
    assert [row.state for row in agreed(reviewed).reviews if row.policy == "doors"] == ["waiting"]


def test_two_who_sign_at_once_are_both_heard(reviewed: Job, keys: Path) -> None:
    reviewed.edit(DOORS, "quorum: {safety: 1}", "quorum: {safety: 1, legal: 1}")
    script = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime\n"
        "from colonnade.pipeline import open_workspace\n"
        "from colonnade.pipeline.signing import Signing, sign_statement\n"
        "from colonnade.records import Act\n"
        "folder, keys, person, act = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Act(sys.argv[4])\n"
        "opened = open_workspace(folder); print('ready', flush=True); sys.stdin.readline()\n"
        "sign_statement(opened, Signing(act, 'doors', person, reason='x'), keys / person, datetime.now(UTC))\n"
    )
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(reviewed.folder), str(keys), person, act],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for person, act in (("ana", "approve"), ("bo", "approve"), ("ana", "refuse"), ("bo", "refuse"))
    ]
    for command in commands:
        assert command.stdout is not None
        assert command.stdout.readline() == "ready\n"
    for command in commands:
        assert command.stdin is not None
        command.stdin.write("\n")
        command.stdin.flush()
    said = [command.communicate(timeout=120)[1] for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0, 0], said
    assert len(statements_in(reviewed.folder)) == 4


def test_a_clock_that_is_set_back_brings_no_expired_signature_back(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.ACCEPT, "break-in", expires=TOMORROW)
    today = TOMORROW - timedelta(days=1)
    assert [harm for harm, _ in agreed(reviewed, today).accepted] == ["break-in"]
    store = Store(reviewed.folder)
    store.ledger.clock = lambda: datetime.now(UTC) + timedelta(days=3)
    store.ledger.append("note", store.put_records([]), "ana")
    store.close()
    assert agreed(reviewed, today).accepted == ()


def test_a_torn_last_line_of_the_ledger_stops_no_signature(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.APPROVE)
    ledger = reviewed.folder / ".colonnade" / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + whole[: len(whole) // 2])
    assert len(statements_in(reviewed.folder)) == 1
    sign(reviewed, keys, Act.WITHDRAW)
    assert [row.statement.act for row in statements_in(reviewed.folder)] == [Act.APPROVE, Act.WITHDRAW]
    assert verify(reviewed.folder).sound


def agreed(job: Job, today: date = TODAY) -> Agreement:
    store = Store(job.folder)
    try:
        return agreement(open_workspace(job.folder), store, today)
    finally:
        store.close()


def test_an_attested_rewording_keeps_everything_fresh_and_one_that_is_not_does_not(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.APPROVE)
    reviewed.run()
    reviewed.edit(DOORS, *REWORDED)
    assert reviewed.plan()["train.fit"].state == "stale"
    sign(reviewed, keys, Act.ATTEST, "doors.entry.text", reason="a comma")
    assert reviewed.plan()["train.fit"].state == "fresh"
    sign(reviewed, keys, Act.WITHDRAW, "doors.entry.text")
    assert reviewed.plan()["train.fit"].state == "stale"


def test_the_signature_of_a_rewording_stands_in_every_trace(reviewed: Job, keys: Path) -> None:
    from colonnade.audit import format_trace, trace

    finished = reviewed.run()
    reviewed.edit(DOORS, *REWORDED)
    sign(reviewed, keys, Act.ATTEST, "doors.entry.text", reason="a comma")
    opened = open_workspace(reviewed.folder)
    store = Store(reviewed.folder)
    try:
        reworded = agreement(opened, store, TODAY).reworded(opened.policies)
        fitted = next(run for run in finished.runs if run.step == "train.fit")
        shown = format_trace(trace(store, fitted.digest, opened.policies, reworded))
    finally:
        store.close()
    assert "text (reworded since; the same, says ana," in shown
    assert "a comma)" in shown


# --- impact --------------------------------------------------------------------------------------


def impact(job: Job, before: PolicySet, monkeypatch: pytest.MonkeyPatch) -> Impact:
    monkeypatch.setattr(impact_module, "STEPS", REVIEWED_STEPS)
    opened = open_workspace(job.folder)
    store = Store(job.folder)
    try:
        configuration = read_guard_configuration(job.folder / "guard.yaml")
        older = with_library(opened, before, None)
        return impact_of(older, opened, store, configuration, agreement(older, store, TODAY), TODAY)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("old", "new", "direct"),
    [
        ("must not help anybody", "must never help anybody", {"train.fit"}),
        ("Does it say who hands out keys?", "Does it say who has keys?", {"rubric.count"}),
        ("ceiling: overview", "ceiling: mention", set()),
        ("owners: [workshop]\nquorum", "owners: [somebody]\nquorum", set()),
    ],
)
def test_the_impact_is_exactly_what_a_plan_then_finds(
    reviewed: Job, keys: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, direct: set[str]
) -> None:
    sign(reviewed, keys, Act.APPROVE)
    reviewed.run()
    before = open_workspace(reviewed.folder).policies
    reviewed.edit(DOORS, old, new)
    found = impact(reviewed, before, monkeypatch)
    assert {step.step for step in found.steps if step.reads} == direct
    reviewed.use_steps(tuple(step for step in REVIEWED_STEPS if step.name != "policy.review")[:3])
    assert {name for name, row in reviewed.plan().items() if row.state == "stale"} == direct


def test_cells_that_change_their_answer_and_approvals_that_end_are_listed(
    reviewed: Job, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(reviewed, keys, Act.APPROVE)
    reviewed.run()
    before = open_workspace(reviewed.folder).policies
    reviewed.edit(DOORS, "ceiling: overview", "ceiling: mention")
    found = impact(reviewed, before, monkeypatch)
    assert {(cell.topic, cell.level, cell.before, cell.after) for cell in found.cells} == {
        ("doors.entry", "overview", "allow", "deflect"),
        ("doors.entry", "overview", "allow", "allow until 2099-12-31"),
    }
    assert len(found.cells) == 4
    assert found.approvals == (("doors", ("ana",)),)


def test_what_rests_on_a_facet_is_found_with_all_that_rests_on_it(reviewed: Job, keys: Path) -> None:
    sign(reviewed, keys, Act.APPROVE)
    reviewed.run()
    opened = open_workspace(reviewed.folder)
    store = Store(reviewed.folder)
    try:
        rows = touched_by(store, opened.policies, "doors.entry.rubric", NO_REWORDINGS)
        assert [(row.step, row.direct) for row in rows] == [
            ("rubric.count", True),
            ("gate.decide", False),
            ("audit.report", False),
        ]
        assert touched_by(store, opened.policies, "doors.entry.maps", NO_REWORDINGS) == ()
        (sentence,) = why(opened, store, rows[0].artefact)
        assert "fresh, all that it was made from is as it was" in sentence
        with pytest.raises(InputError, match=r"no clause or facet 'doors\.entry\.colour'"):
            touched_by(store, opened.policies, "doors.entry.colour", NO_REWORDINGS)
        with pytest.raises(InputError, match=r"The nearest clauses are doors\.entry"):
            touched_by(store, opened.policies, "doors.enrty", NO_REWORDINGS)
    finally:
        store.close()


def test_what_rests_on_an_attested_rewording_is_found_under_its_new_words(reviewed: Job, keys: Path) -> None:
    reviewed.run()
    reviewed.edit(DOORS, *REWORDED)
    sign(reviewed, keys, Act.ATTEST, "doors.entry.text", reason="a comma")
    opened = open_workspace(reviewed.folder)
    store = Store(reviewed.folder)
    try:
        assert touched_by(store, opened.policies, "doors.entry.text", NO_REWORDINGS) == ()
        rewordings = agreement(opened, store, TODAY).rewordings
        assert [row.step for row in touched_by(store, opened.policies, "doors.entry.text", rewordings)] == ["train.fit"]
    finally:
        store.close()


# --- revisions -----------------------------------------------------------------------------------


def test_policies_are_read_as_they_stood_in_a_revision(job: Job) -> None:
    git(job.folder.parent, "init", "-q")
    git(job.folder.parent, "add", "-A")
    git(job.folder.parent, "commit", "-q", "-m", "first")
    before = open_workspace(job.folder).policies
    job.edit(DOORS, "must not help anybody", "must never help anybody")
    found = read_revision(job.folder, "HEAD").policies
    assert [clause.digest for clause in found.clauses] == [clause.digest for clause in before.clauses]
    assert found.clauses[0].file == "policies/doors.md at HEAD"
    assert "must never" in (job.folder / DOORS).read_text()


@pytest.mark.parametrize("revision", ["no-such", "--help", "HEAD^^^"])
def test_a_revision_that_is_none_is_named(job: Job, revision: str) -> None:
    git(job.folder.parent, "init", "-q")
    with pytest.raises(InputError, match=re.escape(f"git knows no revision '{revision}'")):
        read_revision(job.folder, revision)
