"""Who has to approve, whose answer counts, and that it counts for that content alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.policy.reviews import (
    accepted_until,
    accepting_roles,
    attested,
    check_people,
    read_people,
    review,
    reviewed_policy,
    unreachable,
)
from colonnade.policy.seats import pair_off
from colonnade.records import (
    Act,
    Admin,
    Facet,
    Harm,
    InputError,
    People,
    Person,
    Pillar,
    PolicyReview,
    PolicySet,
    Severity,
    Statement,
    Status,
    digest_of,
)
from tests.unit.records.samples import make_clause

TODAY = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = [f"{letter * 42}A=" for letter in "ABCDE"]
PEOPLE = People(
    people=(
        Person(id="ana", roles=("legal",), key=KEYS[0]),
        Person(id="bo", roles=("product", "legal"), key=KEYS[1]),
        Person(id="cy", roles=("product",), key=KEYS[2]),
        Person(id="dee", roles=("security",), key=KEYS[3]),
        Person(id="eve", roles=("legal", "product"), key=KEYS[4]),
    )
)
ADMIN = Admin(
    policy="doors",
    status=Status.ACTIVE,
    version="1.0.0",
    owners=("workshop",),
    authors=("eve",),
    quorum=(("legal", 1), ("product", 1)),
)


def policies(text: str = "Nobody may enter.", **fields: object) -> PolicySet:
    return PolicySet(clauses=(make_clause(text=text, admin=ADMIN, **fields),))


HERE = policies()


def said(act: Act, person: str, role: str, minute: int = 0, **fields: object) -> Statement:
    content = {
        "act": act,
        "subject": "doors",
        "content": HERE.policy_digest("doors"),
        "person": person,
        "role": role,
        "reason": "because",
        "at": NOON + timedelta(minutes=minute),
    }
    return Statement.model_validate({**content, **fields})


def state(*rows: Statement, of: PolicySet = HERE, today: date = TODAY) -> PolicyReview:
    (found,) = review([reviewed_policy(of, "doors")], PEOPLE, rows, today)
    return found


BOTH = (said(Act.APPROVE, "ana", "legal"), said(Act.APPROVE, "cy", "product", 1))


def test_a_quorum_is_filled_by_the_groups_that_it_names() -> None:
    assert state().state == "waiting"
    half = state(BOTH[0])
    assert [(row.role, row.missing) for row in half.roles] == [("legal", 0), ("product", 1)]
    assert state(*BOTH).state == "approved"


def test_without_people_nobody_was_asked() -> None:
    (found,) = review([reviewed_policy(HERE, "doors")], None, BOTH, TODAY)
    assert (found.state, [row.role for row in found.roles]) == ("unasked", ["legal", "product"])


def test_a_policy_without_a_quorum_asks_for_nobody() -> None:
    free = PolicySet(clauses=(make_clause(admin=ADMIN.model_copy(update={"quorum": ()})),))
    assert (state(of=free).state, state(of=free).roles) == ("unasked", ())


def test_an_author_does_not_approve_their_own_policy() -> None:
    assert state(said(Act.APPROVE, "eve", "legal"), BOTH[1]).state == "waiting"


def test_one_person_does_not_fill_two_groups() -> None:
    assert state(said(Act.APPROVE, "bo", "legal"), said(Act.APPROVE, "bo", "product", 1)).state == "waiting"


def test_nobody_speaks_for_a_group_that_is_not_theirs() -> None:
    assert state(said(Act.APPROVE, "dee", "legal"), BOTH[1]).state == "waiting"


def test_a_delegate_speaks_for_the_group_until_the_last_day() -> None:
    delegation = said(Act.DELEGATE, "ana", "legal", to="dee", expires=TODAY)
    rows = (delegation, said(Act.APPROVE, "dee", "legal", 1), BOTH[1])
    assert state(*rows).state == "approved"
    assert state(*rows, today=TODAY + timedelta(days=1)).state == "waiting"


def test_only_who_belongs_to_a_group_delegates_for_it() -> None:
    delegation = said(Act.DELEGATE, "cy", "legal", to="dee")
    assert state(delegation, said(Act.APPROVE, "dee", "legal", 1), BOTH[1]).state == "waiting"


TWO = PolicySet(
    clauses=(make_clause(text="Nobody may enter.", admin=ADMIN.model_copy(update={"quorum": (("legal", 2),)})),)
)


def of_two(*rows: Statement) -> tuple[str, ...]:
    """Whose approval counts where two of 'legal' are asked for."""
    bound = [row.model_copy(update={"content": TWO.policy_digest("doors")}) for row in rows]
    return state(*bound, of=TWO).roles[0].approved_by


def test_a_member_and_their_delegate_are_one_voice_and_so_are_two_delegates_of_one() -> None:
    by_ana = [said(Act.DELEGATE, "ana", "legal", to=name) for name in ("dee", "cy")]
    dee, cy = said(Act.APPROVE, "dee", "legal", 1), said(Act.APPROVE, "cy", "legal", 2)
    ana, bo = said(Act.APPROVE, "ana", "legal", 3), said(Act.APPROVE, "bo", "legal", 4)
    assert of_two(*by_ana, dee) == ("dee",)
    assert of_two(*by_ana, dee, cy) == ("dee",)
    assert of_two(*by_ana, dee, ana) == ("ana",)
    assert of_two(*by_ana, dee, bo) == ("dee", "bo")
    assert of_two(*by_ana, said(Act.DELEGATE, "bo", "legal", to="dee"), dee, cy) == ("dee", "cy")


def test_a_withdrawal_for_one_group_leaves_a_delegation_for_another() -> None:
    rows = (
        said(Act.DELEGATE, "bo", "legal", to="dee"),
        said(Act.APPROVE, "dee", "legal", 1),
        said(Act.APPROVE, "bo", "product", 2),
        said(Act.WITHDRAW, "bo", "product", 3),
    )
    assert [row.missing for row in state(*rows).roles] == [0, 1]


def test_a_refusal_stops_and_says_why_until_it_is_withdrawn() -> None:
    refused = (*BOTH, said(Act.REFUSE, "bo", "legal", 2, reason="too wide"))
    found = state(*refused)
    assert found.state == "refused"
    assert [row.refused_by for row in found.roles if row.role == "legal"] == [(("bo", "too wide"),)]
    assert state(*refused, said(Act.WITHDRAW, "bo", "legal", 3)).state == "approved"


def test_a_withdrawn_approval_is_none() -> None:
    assert state(*BOTH, said(Act.WITHDRAW, "ana", "legal", 2)).state == "waiting"


def test_an_approval_ends_after_its_last_day() -> None:
    rows = (said(Act.APPROVE, "ana", "legal", expires=TODAY), BOTH[1])
    assert (state(*rows).state, state(*rows).until) == ("approved", TODAY)
    assert state(*rows, today=TODAY + timedelta(days=1)).state == "waiting"


CHANGES = st.sampled_from(
    [
        {"text": "Nobody may ever enter."},
        {"rubric": ()},
        {"exceptions": ()},
        {"examples": ()},
        {"severity": Severity.LOW},
        {"maps": ()},
        {"title": "Another title"},
    ]
)


@settings(max_examples=40, deadline=None)
@given(CHANGES)
def test_an_approval_of_one_content_never_approves_another_and_holds_again_after_a_revert(
    change: dict[str, object],
) -> None:
    edited = PolicySet(clauses=(HERE.clauses[0].model_copy(update=change),))
    assert state(*BOTH, of=edited).state == "waiting"
    assert state(*BOTH, of=policies()).state == "approved"


def test_a_new_owner_or_version_keeps_the_approval_and_another_quorum_does_not() -> None:
    renamed = ADMIN.model_copy(update={"owners": ("somebody",), "version": "1.0.1", "review_by": date(2028, 1, 1)})
    assert (
        state(*BOTH, of=PolicySet(clauses=(make_clause(text="Nobody may enter.", admin=renamed),))).state == "approved"
    )
    wider = ADMIN.model_copy(update={"quorum": (("product", 1),)})
    assert state(*BOTH, of=PolicySet(clauses=(make_clause(text="Nobody may enter.", admin=wider),))).state == "waiting"


# --- rewordings ----------------------------------------------------------------------------------


def attestation(
    old: PolicySet, new: PolicySet, person: str = "ana", act: Act = Act.ATTEST, minute: int = 0
) -> Statement:
    before, after = (row.clauses[0].facet(Facet.TEXT) for row in (old, new))
    return said(act, person, "legal", minute, subject="doors.entry.text", content=after, replaces=before)


SECOND, THIRD = policies("No one may enter."), policies("Entry is for nobody.")


def key(of: PolicySet) -> tuple[str, Facet, str]:
    return "doors.entry", Facet.TEXT, of.clauses[0].facet(Facet.TEXT)


def test_an_attested_rewording_stands_for_the_oldest_wording() -> None:
    found = attested(HERE, PEOPLE, (attestation(HERE, SECOND), attestation(SECOND, THIRD, minute=1)), TODAY)
    assert {found[key(SECOND)], found[key(THIRD)]} == {HERE.clauses[0].facet(Facet.TEXT)}


def test_nobody_else_may_attest() -> None:
    for person in ("dee", "eve", "nobody"):
        assert not attested(HERE, PEOPLE, (attestation(HERE, SECOND, person),), TODAY)


def test_a_withdrawn_attestation_is_none() -> None:
    rows = (attestation(HERE, SECOND), attestation(HERE, SECOND, act=Act.WITHDRAW, minute=1))
    assert not attested(HERE, PEOPLE, rows, TODAY)


def test_two_wordings_attested_both_ways_stand_for_one() -> None:
    found = attested(HERE, PEOPLE, (attestation(HERE, SECOND), attestation(SECOND, HERE, minute=1)), TODAY)
    assert found[key(HERE)] == found[key(SECOND)]


# --- accepted risks ------------------------------------------------------------------------------

HARM = Harm(
    id="break-in", title="In", pillar=Pillar.SAFETY, likelihood="low", severity=Severity.LOW, judged_by="the workshop"
)


GROUPS = accepting_roles(HARM, HERE)


def acceptance(**fields: object) -> Statement:
    content = {"subject": "break-in", "content": HARM.digest, "expires": TODAY, "person": "ana", "role": "legal"}
    return said(Act.ACCEPT, **{**content, **fields})  # type: ignore[arg-type]  # whatever a test gives


def test_a_risk_is_accepted_as_it_was_rated_and_until_a_day() -> None:
    row = acceptance()
    assert accepted_until(HARM, PEOPLE, [row], TODAY, GROUPS) == row
    assert accepted_until(HARM, PEOPLE, [row], TODAY + timedelta(days=1), GROUPS) is None
    worse = HARM.model_copy(update={"severity": Severity.CRITICAL})
    assert accepted_until(worse, PEOPLE, [row], TODAY, GROUPS) is None
    assert accepted_until(HARM, PEOPLE, [acceptance(expires=None)], TODAY, GROUPS) is None
    withdrawn = said(Act.WITHDRAW, "ana", "legal", 1, subject="break-in", content=HARM.digest)
    assert accepted_until(HARM, PEOPLE, [row, withdrawn], TODAY, GROUPS) is None


def test_a_risk_is_accepted_by_a_group_that_answers_for_its_pillar() -> None:
    assert GROUPS == ("legal", "product")
    elsewhere = HARM.model_copy(update={"pillar": Pillar.GOVERNANCE})
    rai = ADMIN.model_copy(update={"policy": "board", "quorum": (("rai", 1), ("press", 0))})
    both = PolicySet(clauses=(*HERE.clauses, make_clause("board.a", pillar=Pillar.GOVERNANCE, admin=rai)))
    assert accepting_roles(elsewhere, both) == ("rai",)
    assert accepting_roles(elsewhere, HERE) == ("legal", "product")
    nobody = PolicySet(clauses=(make_clause(admin=ADMIN.model_copy(update={"quorum": ()})),))
    assert accepting_roles(HARM, nobody) == ()
    for person, role in (("dee", "security"), ("ana", "product"), ("dee", "legal")):
        row = acceptance(person=person, role=role)
        assert accepted_until(HARM, PEOPLE, [row], TODAY, GROUPS) is None, (person, role)


def test_who_withdraws_an_acceptance_withdraws_their_own_alone() -> None:
    ana, cy = acceptance(), acceptance(person="cy", role="product")
    withdrawal = said(Act.WITHDRAW, "cy", "product", 1, subject="harm:break-in", content=HARM.digest)
    assert accepted_until(HARM, PEOPLE, [ana, cy, withdrawal], TODAY, GROUPS) == ana
    assert accepted_until(HARM, PEOPLE, [cy, withdrawal], TODAY, GROUPS) is None


def test_who_withdraws_an_attestation_withdraws_their_own_alone() -> None:
    both = (attestation(HERE, SECOND), attestation(HERE, SECOND, "bo", minute=1))
    withdrawn = attestation(HERE, SECOND, "bo", Act.WITHDRAW, 2)
    assert key(SECOND) in attested(HERE, PEOPLE, (*both, withdrawn), TODAY)
    assert not attested(HERE, PEOPLE, (both[1], withdrawn), TODAY)


# --- people.yaml ---------------------------------------------------------------------------------


def test_a_workspace_without_people_has_none(tmp_path: Path) -> None:
    assert read_people(tmp_path) is None


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (
            f"- {{id: ana, roles: [legal], key: {KEYS[0]}}}\n- {{id: ana, roles: [legal], key: {KEYS[1]}}}",
            "'ana' stands twice",
        ),
        (
            f"- {{id: ana, roles: [legal], key: {KEYS[0]}}}\n- {{id: bo, roles: [legal], key: {KEYS[0]}}}",
            "stands twice",
        ),
        (f"- {{id: bo, roles: [], key: {KEYS[0]}}}\n- {{id: bo, roles: [], key: {KEYS[0]}}}", "roles"),
        ("- {id: bo, roles: [legal], key: short}", "write the line that 'colonnade policy key FILE' prints"),
    ],
)
def test_a_wrong_line_of_people_is_named(tmp_path: Path, rows: str, what: str) -> None:
    (tmp_path / "people.yaml").write_text(f"people:\n{rows}\n")
    with pytest.raises(InputError, match=what) as fault:
        read_people(tmp_path)
    assert fault.value.file == tmp_path / "people.yaml"
    assert fault.value.line in (2, 3)


def test_a_quorum_that_nobody_can_fill_is_refused_at_once() -> None:
    few = People(people=(PEOPLE.people[0], PEOPLE.people[4]))
    with pytest.raises(InputError, match=r"asks for 1 of 'product', and people\.yaml has 0"):
        check_people([reviewed_policy(HERE, "doors")], few, Path("workspace"))
    check_people([reviewed_policy(HERE, "doors")], PEOPLE, Path("workspace"))
    check_people([reviewed_policy(HERE, "doors")], None, Path("workspace"))


def test_people_who_may_not_fill_a_seat_are_told_from_those_who_may() -> None:
    ana = Person(id="ana", roles=("press",), key=KEYS[0])
    fault = unreachable(reviewed_policy(HERE, "doors"), People(people=(ana, PEOPLE.people[1])))
    assert f"of the 2 in people.yaml those who may answer for these ({PEOPLE.people[1].id}) can fill 1 of" in fault


def test_a_quorum_that_would_need_one_person_on_two_seats_is_refused_at_once() -> None:
    alone = People(people=(PEOPLE.people[1],))
    with pytest.raises(InputError, match=r"asks for 2 people \(.+\), and of the 1 in people\.yaml"):
        check_people([reviewed_policy(HERE, "doors")], alone, Path("workspace"))
    check_people([reviewed_policy(HERE, "doors")], People(people=PEOPLE.people[:2]), Path("workspace"))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 5))))
def test_pairs_are_as_many_as_there_can_be_and_nobody_is_in_two(choices: dict[int, set[int]]) -> None:
    def most(ones: list[int], taken: frozenset[int]) -> int:
        if not ones:
            return 0
        first, *rest = ones
        with_it = (1 + most(rest, taken | {other}) for other in choices[first] - taken)
        return max((most(rest, taken), *with_it))

    found = pair_off(choices)
    assert all(other in choices[one] for one, other in found.items())
    assert len(set(found.values())) == len(found) == most(list(choices), frozenset())


def test_the_digest_of_a_policy_does_not_depend_on_the_order_of_its_clauses() -> None:
    first, second = make_clause("doors.a", admin=ADMIN), make_clause("doors.b", admin=ADMIN)
    one, other = PolicySet(clauses=(first, second)), PolicySet(clauses=(second, first))
    assert one.policy_digest("doors") == other.policy_digest("doors")
    assert one.policy_digest("doors") != digest_of("doors")


def test_one_key_in_two_spellings_is_not_two_keys(tmp_path: Path) -> None:
    key = PEOPLE.people[0].key
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = key[:-2] + letters[letters.index(key[-2]) + 1] + "="
    rows = "".join(f'  - {{id: {name}, roles: [legal], key: "{one}"}}\n' for name, one in (("ana", key), ("bo", other)))
    (tmp_path / "people.yaml").write_text(f"people:\n{rows}")
    with pytest.raises(
        InputError, match="this is no public key; write the line that 'colonnade policy key FILE' prints"
    ):
        read_people(tmp_path)
