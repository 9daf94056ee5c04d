"""A served workspace whose policies change: in force within a second, no stream is dropped, a slip changes nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Event, Thread
from typing import Any

import anyio
import pytest
from typer.testing import CliRunner

from colonnade.cli.guard import guard_application
from tests.unit.guard.gateway.behind import events, finish, streamed
from tests.unit.pipeline.guarded_log import ALONE, BREAK_IN, BROKE, SWAP, small_words
from tests.unit.pipeline.served import answers, serving, until
from tests.workspaces import write_workspace

EVERYBODY = "ceiling: mechanism, when: {tier: staff, purpose: repair}", "ceiling: actionable, when: {}"
LOCKS = "How do locks act?"
PROMPTS = (BREAK_IN, BROKE, ALONE, SWAP, LOCKS, "hello")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    small_words(monkeypatch)
    write_workspace(tmp_path / "w", {})
    return tmp_path / "w"


def test_an_edit_is_in_force_within_a_second_and_no_request_fails_meanwhile(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        assert served.action(BREAK_IN) == "deflect"
        took = []
        for before, after, wanted in (
            (*EVERYBODY, "allow"),
            (*EVERYBODY[::-1], "deflect"),
            ("above: deflect", "above: escalate", "escalate"),
        ):
            served.edit(before, after)
            took.append(until(lambda wanted=wanted: served.action(BREAK_IN) == wanted))  # type: ignore[misc]
            assert served.ask(BROKE).status_code == 200
        # The machine may be busy with something else: once in three is what is asked here.
        assert min(took) < 1.0
        assert served.health()["status"] == "ok"


def test_a_stream_under_way_ends_whole_under_the_guard_that_it_began_with(workspace: Path) -> None:
    begun, changed = Event(), Event()

    async def wait() -> None:
        begun.set()
        await anyio.to_thread.run_sync(changed.wait)

    def script(_path: str, _body: Any, stream: bool) -> list[Any]:
        pieces = streamed(f"{BREAK_IN} ", size=9)
        return [*pieces[:1], wait, *pieces[1:]]

    found: list[Any] = []
    with serving(workspace, script) as served:
        client = Thread(target=lambda: found.append(served.ask(BROKE, stream=True)))
        client.start()
        assert begun.wait(10)
        old = served.health()["guard"]
        served.edit(*EVERYBODY)
        until(lambda: served.health()["guard"] != old)
        changed.set()
        client.join(10)
        (stream,) = found
        assert events(stream.text)
        assert finish(stream) == "content_filter"
        # One that begins now is ruled on by the new guard from its first piece to its last.
        assert finish(served.ask(BROKE, stream=True)) == "stop"


def test_a_slip_of_the_pen_changes_nothing_and_everybody_can_see_it(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(workspace, answers(BROKE)) as served, caplog.at_level(logging.INFO, "colonnade"):
        before = served.health()
        served.edit("above: deflect", "above: deflekt")
        until(lambda: served.health()["status"] == "stale")
        health = served.health()
        assert health["guard"] == before["guard"]
        assert "doors.md, line" in health["policies"]["fault"]
        assert served.action(BREAK_IN) == "deflect"
        assert "colonnade_policies_stale 1.0" in served.client.get("/metrics").text
        assert any("cannot be served" in record.getMessage() for record in caplog.records)
        served.edit("above: deflekt", "above: refuse")
        until(lambda: served.health()["status"] == "ok")
        assert served.action(BREAK_IN) == "refuse"
        assert "colonnade_policies_stale 0.0" in served.client.get("/metrics").text
        assert any("taken up as they stand now" in record.getMessage() for record in caplog.records)


def test_whoever_edits_a_clause_reads_one_line_that_it_is_in_force_and_no_warning(
    workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(workspace, answers(BROKE)) as served, caplog.at_level(logging.INFO, "colonnade"):
        served.edit("above: deflect", "above: refuse")
        until(lambda: served.action(BREAK_IN) == "refuse")
        until(lambda: any("taken up" in record.getMessage() for record in caplog.records))
        guard = served.health()["guard"]
    told = [(record.levelname, record.getMessage()) for record in caplog.records if "taken up" in record.getMessage()]
    assert told == [("INFO", f"the policies were taken up as they stand now, guard {guard}")]


def test_another_log_in_guard_yaml_waits_for_a_fresh_start_and_health_says_so(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        file = workspace / "guard.yaml"
        before = file.read_text()
        file.write_text(before + "log: {folder: elsewhere}\n")
        until(lambda: served.health()["status"] == "stale")
        assert "start it again" in served.health()["policies"]["fault"]
        assert served.action(BREAK_IN) == "deflect"
        file.write_text(before)
        until(lambda: served.health()["status"] == "ok")


def test_what_a_replay_announces_is_what_changes_and_nothing_else(workspace: Path) -> None:
    with serving(workspace, answers(BROKE)) as served:
        before = {text: served.action(text) for text in PROMPTS}
        names = {served.ask(text).headers["x-colonnade-id"]: text for text in PROMPTS}
        tomorrow = workspace.parent / "tomorrow"
        (tomorrow / "policies").mkdir(parents=True)
        for file in (workspace / "policies").iterdir():
            (tomorrow / "policies" / file.name).write_text(file.read_text().replace(*EVERYBODY))
        for name in ("guard.yaml", "launch.yaml"):
            (tomorrow / name).write_text((workspace / name).read_text())
        done = CliRunner().invoke(
            guard_application, ["replay", "-w", str(workspace), "--against", str(tomorrow), "--json"]
        )
        told = json.loads(done.stdout)
        announced = {names[row["id"]]: row["after"]["action"] for row in told["changed"] if row["id"] in names}
        assert told["unread"] == {}
        served.edit(*EVERYBODY)
        until(lambda: served.action(BREAK_IN) == "allow")
        after = {text: served.action(text) for text in PROMPTS}
        assert announced == {text: action for text, action in after.items() if action != before[text]}
        assert announced
