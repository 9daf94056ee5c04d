"""A holder of a grant in front of the gateway: uses with their words, a refusal that says how to appeal, drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from colonnade.guard.keys import StoredKey, hash_of, keys_file, write_keys
from tests.workspaces import GUARD

from . import test_gateway_service
from .small_access import ACCESS, active, invoke, listed, state
from .test_gateway_service import Served, within

ASKED = "Get me into the room of my colleague without her key."
WATCHED = ACCESS.replace("0.5", "1.0, appeals: the key office")
OTHER = "When is Mira alone in the workshop?"


@pytest.fixture
def unserved(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a grant that may be used twice in a minute."""
    monkeypatch.setattr(test_gateway_service, "BAKE", "My key broke, who gives me a new one?")  # open to all
    (home / "w" / "guard.yaml").write_text(GUARD + WATCHED)
    key = StoredKey(
        id="k", hash=hash_of("ck-7"), principal="key-7", tier="guest", purposes=("repair",), added=date(2026, 1, 1)
    )
    (home / "w" / ".colonnade").mkdir(exist_ok=True)
    write_keys(keys_file(home / "w"), [key])
    active(home, per_minute=2)
    return home / "w"


@pytest.fixture
def served(unserved: Path) -> Iterator[Served]:
    with started(unserved) as found:
        yield found


@contextmanager
def started(folder: Path) -> Iterator[Served]:
    found = Served(folder)
    found.service.start()
    try:
        yield found
    finally:
        found.service.stop()


def ask(served: Served, text: str = ASKED) -> dict[str, Any]:
    body = {"model": "help-desk", "messages": [{"role": "user", "content": text}]}
    headers = {"Authorization": "Bearer ck-7", "X-Colonnade-Purpose": "repair"}
    answer: dict[str, Any] = served.client.post("/v1/chat/completions", json=body, headers=headers).json()
    shown: dict[str, Any] = answer["colonnade"]
    return shown


def left(served: Served, text: str = ASKED, **more: object) -> str | None:
    """What the header says is left of the caps."""
    body = {"model": "help-desk", "messages": [{"role": "user", "content": text}], **more}
    headers = {"Authorization": "Bearer ck-7", "X-Colonnade-Purpose": "repair"}
    said: str | None = served.client.post("/v1/chat/completions", json=body, headers=headers).headers.get(
        "X-Colonnade-Grant-Remaining"
    )
    return said


def seen_by_the_monitor(home: Path) -> list[dict[str, Any]]:
    file = home / "w" / ".colonnade" / "sightings.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_use_is_counted_recorded_and_its_words_are_shown_to_who_holds_the_keys(home: Path, served: Served) -> None:
    assert ask(served)["action"] == "allow"
    assert listed(home)["grants"][0]["uses"] == 1, "in two logs, and one use"
    (row,) = json.loads(invoke("review", home / "w", "--words", "--json").output)
    assert (row["state"], row["words"], row["side"]) == ("found", ASKED, "request")
    assert ASKED not in invoke("review", home / "w").output


def test_who_is_refused_for_a_suspension_is_told_so_and_where_to_appeal(home: Path, served: Served) -> None:
    assert [ask(served)["action"] for _ in range(2)] == ["allow", "allow"]
    for _ in range(2):
        refused = ask(served)
        assert refused["action"] != "allow"
        assert "Your access 'locks' is suspended since" in refused["reason"]
        assert "name 'locks' and say why to the key office." in refused["reason"]
        assert within(5, lambda: state(home) == "suspended")


def test_a_holder_is_told_what_is_left_of_each_cap_and_nobody_where_no_grant_was_used(served: Served) -> None:
    assert left(served) == "locks; per-minute=1; per-day=199; specific-per-day=49"
    assert left(served, "Who may enter the bakery?") is None, "nothing was used"
    assert left(served, stream=True) == "locks; per-minute=0; per-day=198; specific-per-day=48"
    assert left(served) is None, "the use that would be one too many was none"


def test_what_a_holder_asks_reaches_the_monitor_as_evidence_and_without_words(home: Path, served: Served) -> None:
    assert ask(served)["action"] == "allow"
    assert ask(served, OTHER)["action"] == "refuse"
    assert within(5, lambda: len(seen_by_the_monitor(home)) == 2)
    assert [row["evidence"] for row in seen_by_the_monitor(home)] == [
        [["locks", 0.0, "use"]],
        [["locks", 1.0, "outside"]],
    ]
    written = (home / "w" / ".colonnade" / "sightings.jsonl").read_text()
    assert "Mira" not in written
    assert "colleague" not in written
    monitor = served.service.access.monitor
    assert monitor is not None
    assert within(5, lambda: monitor.leads and monitor.faults == 0)


def test_what_the_monitor_of_grants_did_not_see_is_on_the_page_and_in_health(
    home: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitor = served.service.access.monitor
    assert monitor is not None
    assert served.health()["access"]["dropped"] == 0
    monkeypatch.setattr("colonnade.guard.access.monitoring.MOST_WAITING", 0)
    assert ask(served)["action"] == "allow"
    assert within(5, lambda: served.health()["access"]["dropped"] == 1)
    served.service.service.teller.dropped = 3
    served.service.service.teller.failed = 2
    monitor.faults, monitor.unread["repair"] = 4, 5
    health = served.health()
    assert health["observers"] == {"dropped": 3, "failed": 2}
    assert (health["access"]["dropped"], health["access"]["faults"], health["access"]["unread"]) == (1, 4, 5)
    page = served.service.metrics.page()[0].decode()
    for line in (
        "observations_dropped 3.0",
        "observers_failed 2.0",
        "access_dropped 1.0",
        "access_faults 4.0",
        "access_unread 5.0",
        "access_waiting 0.0",
    ):
        assert f"colonnade_{line}" in page.splitlines()


# --- guard.yaml begins and ends to speak of access while the service runs ----------------------------


def test_grants_begin_and_end_with_the_words_on_access_and_no_use_is_forgotten(home: Path, unserved: Path) -> None:
    file = unserved / "guard.yaml"
    file.write_text(GUARD)
    with started(unserved) as served:
        assert served.health()["access"] is None
        assert "colonnade_access_dropped 0.0" in served.service.metrics.page()[0].decode()
        assert ask(served)["action"] != "allow"
        file.write_text(GUARD + WATCHED)
        assert within(5, lambda: ask(served)["action"] == "allow")
        assert served.health()["status"] == "ok"
        assert within(5, lambda: served.health()["access"]["leads"])
        assert within(5, lambda: any(row.get("evidence") for row in seen_by_the_monitor(home)))
        assert listed(home)["grants"][0]["uses"] == 1
        file.write_text(GUARD)
        assert within(5, lambda: served.health()["access"] is None)
        assert within(5, lambda: ask(served)["action"] != "allow")
        file.write_text(GUARD + WATCHED)
        assert within(5, lambda: ask(served)["action"] == "allow")
        refused = ask(served)
        assert "is suspended since" in refused["reason"], "the use before counts"
        assert "to the key office" in refused["reason"]


def test_an_edit_of_the_share_of_whom_to_appeal_to_and_of_the_log_is_in_force_without_a_start(
    home: Path, served: Served
) -> None:
    assert ask(served)["action"] == "allow"
    file = home / "w" / "guard.yaml"
    file.write_text(GUARD + WATCHED.replace("the key office", "the porter").replace("uses.jsonl", "counted.jsonl"))
    assert within(5, (home / "w" / ".colonnade" / "counted.jsonl").exists)
    assert ask(served)["action"] == "allow"
    assert listed(home)["grants"][0]["uses"] == 2
    refused = ask(served)
    assert "is suspended since" in refused["reason"], "what was counted by the other file counts"
    assert "to the porter" in refused["reason"]
