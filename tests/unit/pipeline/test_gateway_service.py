"""A workspace that is served: what changes on disk is in force within a second, and what breaks says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from colonnade.guard import Guard, compile_table, read_guard_configuration, topic_clauses
from colonnade.guard.gateway import Standing
from colonnade.guard.keys import StoredKey, hash_of, keys_file, write_keys
from colonnade.pipeline import open_workspace
from colonnade.pipeline.gateway_service import GatewayService, Wish
from colonnade.pipeline.recording import log_settings, open_log
from colonnade.pipeline.service import Behind, server_behind
from colonnade.pipeline.workspace import Workspace
from colonnade.records import InputError
from tests.fuzz.described import fits
from tests.unit.guard.gateway.behind import BAKE, says
from tests.unit.guard.nearest_examples import Detector as Examples
from tests.unit.guard.small_policies import WordEncoder
from tests.workspaces import GUARD, write_workspace


def build(workspace: Workspace, probed: bool) -> Guard:
    assert not probed
    configuration, region = read_guard_configuration(workspace.folder / "guard.yaml"), workspace.launch.regions[0]
    clauses = topic_clauses(workspace.policies.active, region)
    table = compile_table(workspace.policies.active, configuration, region, datetime.now(UTC).date())
    return Guard(table, Examples(clauses, WordEncoder()), clauses=clauses)


class Served:
    def __init__(self, folder: Path) -> None:
        self.folder, self.upstream = folder, says(BAKE)
        workspace = open_workspace(folder)
        settings = log_settings(workspace)
        self.log = open_log(workspace, settings) if settings is not None else None
        behind = Behind(self.upstream, {"help-desk": "m"}, "a script")
        self.service = GatewayService(workspace, behind, self.log, Wish(build=build))
        self.client = TestClient(self.service.application, base_url="http://localhost")

    def ask(self, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        body = {"model": "help-desk", "messages": [{"role": "user", "content": "zyx zyx"}]}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get("/health").json()
        return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    write_workspace(tmp_path / "w", {})
    found = Served(tmp_path / "w")
    found.service.start()
    yield found
    found.service.stop()


LAB = StoredKey(
    id="lab",
    hash=hash_of("ck-1"),
    principal="ana",
    tier="guest",
    purposes=("general",),
    added=date(2026, 1, 1),
)


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def test_health_names_what_is_served_and_the_log_fills(served: Served) -> None:
    health = served.health()
    assert (health["status"], health["models"], health["log"]["rows"]) == ("ok", ["help-desk"], 0)
    assert [row["name"] for row in health["detectors"]] == ["examples/words"]
    assert served.ask().status_code == 200
    assert served.health()["log"]["rows"] >= 1
    assert (served.folder / ".colonnade/audit-keys/log.pem").stat().st_mode & 0o777 == 0o600


def test_the_document_describes_health_to_its_last_key(served: Served) -> None:
    health = served.health()
    assert fits("Health", health)
    assert not fits("Health", health | {"more": 1})


def test_health_has_the_last_fault_of_the_model_until_it_answers(served: Served) -> None:
    assert served.health()["upstream"] is None
    served.service.service.faults.note("status 401", "http://127.0.0.1:9/v1")
    health = served.health()
    assert (health["upstream"]["fault"], health["upstream"]["count"]) == ("status 401", 1)
    assert datetime.fromisoformat(health["upstream"]["at"]).tzinfo is not None
    assert fits("Health", health)
    assert served.ask().json()["choices"][0]["finish_reason"] == "content_filter"
    assert served.health()["upstream"] is not None, "a refusal says nothing of the model"
    served.service.service.faults.over()
    assert served.health()["upstream"] is None


def test_a_change_of_guard_yaml_is_in_force_soon_and_a_broken_one_keeps_the_last_good_table(served: Served) -> None:
    file, before = served.folder / "guard.yaml", served.health()["guard"]
    good = file.read_text(encoding="utf-8")
    file.write_text(good.replace("tiers: [guest, staff]", "tiers: [guest, staff, master]"), encoding="utf-8")
    assert within(5, lambda: served.health()["guard"] != before)
    newest = served.health()["guard"]
    file.write_text("tiers: [\n", encoding="utf-8")
    assert within(5, lambda: served.health()["status"] == "stale")
    assert served.health()["guard"] == newest
    assert "guard.yaml" in served.health()["policies"]["fault"]
    assert served.ask().status_code == 200
    file.write_text(good, encoding="utf-8")
    assert within(5, lambda: served.health()["status"] == "ok" and served.health()["guard"] == before)


def test_keys_come_and_go_in_a_running_service_and_a_broken_file_locks_everybody_out(served: Served) -> None:
    file, row = keys_file(served.folder), LAB
    write_keys(file, [row])
    assert within(5, lambda: served.ask().status_code == 401)
    assert served.ask("ck-1").status_code == 200
    write_keys(file, [row.model_copy(update={"revoked": date(2026, 1, 2)})])
    assert within(5, lambda: served.ask("ck-1").status_code == 401)
    write_keys(file, [row])
    assert within(5, lambda: served.ask("ck-1").status_code == 200)
    file.write_text("{broken", encoding="utf-8")
    assert within(5, lambda: served.ask("ck-1").status_code == 401)
    file.unlink()
    assert not within(1, lambda: served.ask().status_code == 200)


def test_a_key_that_ends_at_the_moment_at_which_policies_are_taken_up_stays_ended(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, replace = served.service, Standing._replace
    service.stop()  # what the threads do is done here, in the worst of all orders
    write_keys(keys_file(served.folder), [LAB])
    service._take_keys()
    ended = Thread(target=service._take_keys)

    def at_that_moment(standing: Standing, **changes: Any) -> Standing:
        if {"keys", "stale"} <= changes.keys():
            ended.start()
            ended.join(0.5)
        return replace(standing, **changes)

    monkeypatch.setattr(Standing, "_replace", at_that_moment)
    write_keys(keys_file(served.folder), [LAB.model_copy(update={"revoked": date(2026, 1, 2)})])
    before = service.standing.guard
    service._take_up()
    ended.join()
    assert service.standing.guard is not before
    assert [key.revoked for key in service.standing.keys.keys] == [date(2026, 1, 2)]


def test_a_service_without_a_log_lets_no_grant_be_used(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    write_workspace(folder, {"guard.yaml": GUARD + "log: none\n"})
    served = Served(folder)
    assert served.service.standing.desk is None
    assert served.health()["log"] is None
    assert not (folder / ".colonnade/audit-log").exists()


def test_the_key_of_the_log_does_not_lie_in_the_log(tmp_path: Path) -> None:
    write_workspace(tmp_path / "w", {"guard.yaml": GUARD + "log: {key: .colonnade/audit-log/log.pem}\n"})
    with pytest.raises(InputError, match="lies in the log"):
        Served(tmp_path / "w")


@pytest.mark.parametrize("text", ["", "model", "http://127.0.0.1/v1", "model@ftp://x", "model@http://u:p@x/v1"])
def test_what_names_no_server_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        server_behind(text)


def test_a_server_is_named_with_its_model() -> None:
    behind = server_behind("org/llama:8b@http://127.0.0.1:11434/v1")
    assert behind.models == {"org/llama:8b": "org/llama:8b"}
