"""Signed statements: whose signature counts, and that no clock brings back what was taken back."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colonnade.audit import verify
from colonnade.records import Act, InputError, People, Person, SignedStatement, Statement, digest_of
from colonnade.store import Store
from colonnade.store.statements import (
    counting,
    fault_of_signature,
    new_key,
    public_half,
    read_key,
    record_statement,
    sign,
    statements,
    verifies,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def statement(person: str = "ana", minute: int = 0, **fields: object) -> Statement:
    content = {
        "act": Act.APPROVE,
        "subject": "doors",
        "content": digest_of("doors"),
        "person": person,
        "role": "legal",
        "at": NOON + timedelta(minutes=minute),
    }
    return Statement.model_validate({**content, **fields})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def people(keys: Path) -> People:
    rows = (Person(id=name, roles=("legal",), key=new_key(keys / name)) for name in ("ana", "bo"))
    return People(people=tuple(rows))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    opened.ledger.clock = lambda: NOON + timedelta(hours=1)
    yield opened
    opened.close()


def signed(keys: Path, said: Statement, key: str = "") -> SignedStatement:
    return sign(said, read_key(keys / (key or said.person), keys / "workspace"))


def test_only_its_owner_may_read_a_new_key(keys: Path, people: People) -> None:
    assert stat.S_IMODE((keys / "ana").stat().st_mode) == 0o600
    assert people.people[0].key != people.people[1].key


def test_a_key_is_never_written_over(keys: Path, people: People) -> None:
    before = (keys / "ana").read_bytes()
    with pytest.raises(InputError, match="exists already"):
        new_key(keys / "ana")
    assert (keys / "ana").read_bytes() == before


def test_the_public_half_of_a_key_can_be_had_again(keys: Path, people: People) -> None:
    assert [public_half(keys / person.id) for person in people.people] == [person.key for person in people.people]
    with pytest.raises(InputError, match="there is no such key"):
        public_half(keys / "nobody")


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(InputError, match="not an Ed25519 key") as fault:
        read_key(tmp_path / "key", tmp_path / "workspace")
    assert fault.value.file == tmp_path / "key"


def test_a_key_inside_the_workspace_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "workspace" / "key")
    with pytest.raises(InputError, match="lies in the workspace"):
        read_key(tmp_path / "workspace" / "key", tmp_path / "workspace")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such key"):
        read_key(tmp_path / "key", tmp_path / "workspace")


def test_what_was_signed_counts_and_is_read_back(store: Store, keys: Path, people: People) -> None:
    said = statement()
    record_statement(store, signed(keys, said), people)
    assert counting(statements(store), people) == (said,)
    assert verify(store.home.parent).sound


@pytest.mark.parametrize(
    ("act", "noun"),
    [
        (Act.APPROVE, "approval"),
        (Act.REFUSE, "refusal"),
        (Act.WITHDRAW, "withdrawal"),
        (Act.DELEGATE, "delegation"),
        (Act.ATTEST, "attestation"),
        (Act.ACCEPT, "acceptance"),
        (Act.REVOKE, "revocation"),
    ],
)
def test_what_does_not_count_is_called_by_a_noun(keys: Path, people: People, act: Act, noun: str) -> None:
    wrong = signed(keys, statement().model_copy(update={"act": act}), "bo")
    assert fault_of_signature(wrong, people).startswith(f"the {noun} of 'doors' by ana does not count: ")


def test_a_signature_with_somebody_elses_key_names_who_and_what(store: Store, keys: Path, people: People) -> None:
    with pytest.raises(
        InputError, match="the approval of 'doors' by ana does not count: it was signed with another key"
    ):
        record_statement(store, signed(keys, statement(), "bo"), people)
    assert statements(store) == ()


def test_a_person_whom_nobody_named_does_not_count(keys: Path, people: People) -> None:
    stranger = signed(keys, statement("carl"), "ana")
    assert "no such person" in fault_of_signature(stranger, people)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(
        [
            {"act": Act.REFUSE},
            {"subject": "windows"},
            {"content": digest_of("windows")},
            {"role": "product"},
            {"reason": "changed"},
            {"at": NOON + timedelta(days=1)},
            {"person": "bo"},
        ]
    )
)
def test_no_field_of_a_signed_statement_can_be_changed(keys: Path, people: People, change: dict[str, object]) -> None:
    whole = signed(keys, statement())
    assert verifies(whole)
    forged = whole.model_copy(update={"statement": whole.statement.model_copy(update=change)})
    assert not verifies(forged)
    assert fault_of_signature(forged, people)


def test_a_clock_that_runs_backwards_is_refused(store: Store, keys: Path, people: People) -> None:
    record_statement(store, signed(keys, statement(minute=10)), people)
    with pytest.raises(InputError, match="before the newest one in the ledger"):
        record_statement(store, signed(keys, statement(minute=9)), people)
    assert len(statements(store)) == 1


def test_a_statement_of_a_day_to_come_is_refused(store: Store, keys: Path, people: People) -> None:
    with pytest.raises(InputError, match="still to come"):
        record_statement(store, signed(keys, statement(minute=300)), people)
    assert statements(store) == ()


def test_no_private_key_enters_the_store(store: Store, keys: Path, people: People) -> None:
    record_statement(store, signed(keys, statement()), people)
    secret = (keys / "ana").read_bytes().splitlines()[1]
    stored = [path.read_bytes() for path in store.home.rglob("*") if path.is_file()]
    assert stored
    assert not any(secret in content for content in stored)


def test_a_forged_statement_in_the_store_is_found(store: Store, keys: Path, people: People) -> None:
    whole = signed(keys, statement())
    forged = whole.model_copy(update={"statement": whole.statement.model_copy(update={"subject": "windows"})})
    store.ledger.append("statement", store.put_records([forged]), "ana")
    (problem,) = verify(store.home.parent).problems
    assert "ledger line 1" in problem
    assert "the approve of 'windows' by ana does not verify" in problem
    assert counting(statements(store), people) == ()
