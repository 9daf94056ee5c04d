"""What may end a grant waits behind nothing: no reading of ten thousand others, and no policy that is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import pytest

from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import now
from colonnade.pipeline.access_book import ALERTED, SET_DOWN, append_record, set_down
from colonnade.pipeline.access_service import AccessService
from colonnade.pipeline.access_stops import Tail
from colonnade.records import Alert, Suspension
from colonnade.store import HOME, Store
from colonnade.store.store import LEDGER

from .small_access import TODAY, active, ask, cell, invoke, listed, sign


@pytest.fixture
def service(home: Path) -> Iterator[AccessService]:
    active(home, per_minute=100)
    made = AccessService(open_workspace(home / "w"))
    made.watch.look()
    yield made
    made.stop()


def opened(service: AccessService) -> bool:
    return service.desk.opening("key-7", cell(), TODAY) is not None


def revoke(home: Path) -> None:
    sign(home, "revoke", "ren", "--reason", "stolen key")


def test_a_revocation_closes_the_grant_by_a_look_that_reads_nothing_else(
    home: Path, service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoke(home)
    monkeypatch.setattr(service._book, "book", lambda _: pytest.fail("this reads everything"))
    assert opened(service)
    service.stops.look()
    assert not opened(service)
    assert service.desk.use("key-7", cell(), "request", "x").grant == ""


def test_a_look_that_fails_closes_the_desk_until_everything_was_read_and_no_longer(
    home: Path, service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Tail) -> list[bytes]:
        raise OSError("too many open files")

    service._first.look()
    (home / "w" / HOME / SET_DOWN).touch()
    service.watch.look()  # which reads everything, may be the first to see it
    with monkeypatch.context() as patched:
        patched.setattr(Tail, "news", fails)
        assert service._first.look()
    assert not opened(service)
    assert service.watch.look()
    assert opened(service)
    assert not service.watch.look()


def test_a_revocation_while_everything_is_read_is_not_undone_by_what_was_read_before_it(
    home: Path, service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = service._standings.of
    found = []

    def meanwhile(*of: Any) -> Any:
        read = real(*of)
        revoke(home)
        service.stops.look()
        found.append(opened(service))
        return read

    with monkeypatch.context() as patched:
        patched.setattr(service._standings, "of", meanwhile)
        ask(home, "another")
        service.watch.look()
    assert found == [False]
    assert not opened(service), "what was read before the revocation says that the grant is active"
    service.watch.look()
    assert not opened(service)


def test_a_running_service_closes_it_while_it_learns_a_policy_for_seconds(
    home: Path, service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning, learnt = Event(), Event()

    def slow() -> Any:
        learning.set()
        assert learnt.wait(20)
        return real()

    real = service._rereader.workspace
    monkeypatch.setattr(service._rereader, "workspace", slow)
    service.start()
    file = home / "w" / "guard.yaml"
    file.write_text(file.read_text() + "\n")
    assert learning.wait(10)
    try:
        revoking = Thread(target=revoke, args=(home,))
        revoking.start()
        revoking.join()
        written = monotonic()
        while opened(service):
            assert monotonic() - written < 1.0
            sleep(0.005)
    finally:
        learnt.set()


def test_a_verdict_on_a_use_closes_the_other_grants_of_its_holder_until_all_is_read(
    home: Path, service: AccessService
) -> None:
    active_too(home, service)
    assert service.desk.use("key-7", cell(), "request", "x").grant
    (use,) = [row for row in listed(home)["grants"] if row["uses"]]
    judge = ["--grant", use["grant"]["id"], "--use", 0, "--outside", "--reason", "another building"]
    invoke("review", home / "w", *judge, "--as", "ren", "--key", home / "ren")
    service.stops.look()
    assert not opened(service)
    service.watch.look()
    assert not opened(service), "it bars the other grant on its topics"


def active_too(home: Path, service: AccessService) -> None:
    ask(home, "second", per_minute=100)
    for person in ("ana", "bo"):
        sign(home, "approve", person, name="second")
    service.watch.look()


def test_a_revocation_leaves_the_other_grants_of_its_holder_open(home: Path, service: AccessService) -> None:
    active_too(home, service)
    revoke(home)
    service.stops.look()
    assert [row.grant.id for row in service.desk.standings_of("key-7")] == ["second"]


def test_what_another_process_suspended_is_closed_at_once_in_the_ledger_and_beside_it(
    home: Path, service: AccessService
) -> None:
    active_too(home, service)
    found = Suspension(grant="locks", cause="cap", what="too often", at=now())
    store = Store(home / "w")
    try:
        with store.held():
            set_down(home / "w", "suspension", found, patience=0.0)
    finally:
        store.close()
    assert (home / "w" / HOME / SET_DOWN).exists()
    service.stops.look()
    assert not opened(service)
    service.watch.look()
    assert not opened(service)
    (home / "w" / HOME / SET_DOWN).unlink()
    service.watch.look()
    assert opened(service)
    set_down(home / "w", "suspension", found)
    service.stops.look()
    assert not opened(service)


def test_an_upheld_alert_closes_the_grants_of_those_whom_it_is_about(home: Path, service: AccessService) -> None:
    at = now()
    alert = Alert(kind="repeated", subjects=("key-7", "key-8"), since=at, until=at, strength=0.9, rows=("ex-1",))
    append_record(home / "w", ALERTED, alert, "guard")
    service.watch.look()
    assert opened(service)
    signer = ["--as", "ren", "--key", home / "ren", "--reason", "one letter, two accounts"]
    invoke("alert", alert.id, home / "w", "--uphold", *signer)
    service.stops.look()
    assert not opened(service)


def test_a_line_that_names_nothing_withholds_nothing_and_the_next_one_is_heard(
    home: Path, service: AccessService
) -> None:
    ledger = home / "w" / HOME / LEDGER
    whole = ledger.read_bytes()
    with ledger.open("ab") as stream:
        stream.write(b'{"act":"statement","subject":"sha256:0"}\nnothing\n[]\n')
    service.stops.look()
    assert opened(service)
    ledger.write_bytes(whole)
    service.stops.look()
    revoke(home)
    service.stops.look()
    assert not opened(service)


def test_a_tail_gives_whole_lines_once_and_nothing_of_a_file_that_was_replaced(tmp_path: Path) -> None:
    file = tmp_path / "x"
    tail = Tail(file)
    assert tail.news() == []
    file.write_bytes(b"one\ntw")
    assert [tail.news(), tail.news()] == [[b"one"], []]
    with file.open("ab") as stream:
        stream.write(b"o\nthree\n")
    assert tail.news() == [b"two", b"three"]
    file.write_bytes(b"short\n")
    assert tail.news() == []
    (tmp_path / "y").write_bytes(b"another, and longer than the one before\n")
    (tmp_path / "y").replace(file)
    assert tail.news() == []
    with file.open("ab") as stream:
        stream.write(b"new\n")
    assert tail.news() == [b"new"]
