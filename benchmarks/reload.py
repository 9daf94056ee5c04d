"""How soon a change on disk is in force in a running gateway, seen by its clients, while streams go on.

Usage: python benchmarks/reload.py [--grants N] [--rounds N] [--streams N] [--busy N] [--only EDIT] [--quick] [--json]
                                   [--out FILE]

A real ``colonnade serve`` with the example's policies, keys, signed grants and the audit log answers paced streams all
the while. Files are edited beneath it, and a client asks until the answer is another one: a clause's prose, its action
and its ceiling, its examples, a revoked key, a boundary under which every grant was signed (and the edit taken back),
a revoked grant. Ends with 1 where one took longer than a second, a stream did not end right, or the log is not whole.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPResponse, RemoteDisconnected
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import perf_counter, sleep
from typing import Any, NamedTuple

import gateways
from reload_workspace import (
    APPROVERS,
    INTRUSION,
    LOAD,
    MALWARE,
    POLICY,
    PURPOSE,
    Keyed,
    revoke,
    revoke_key,
    write_workspace,
)
from results import err, show, write
from traffic import CHAT, Compiled, Load, Target, compiled, drive, upstream

BOUND = 1.0
"""Seconds within which a change has to be in force."""

PATIENCE = 20.0
LOOK = 0.005
"""Seconds between two looks of the client; the figures are that much too long."""

PACED = "pace-100"
"""Streams of two seconds, so that every edit meets all of them under way."""

Streaming = Callable[[], AbstractContextManager[list[dict[str, Any]]]]
"""Streams under way within it; what came of them is whole after it."""

STREAM_COUNTS = ("right", "wrong", "refused", "told", "torn", "timed_out")


class Scene(NamedTuple):
    """The service under measurement.

    Attributes:
        policy: the file that is edited, and what it says before anybody edits it.
        home: the folder of people's private keys.
    """

    client: HTTPConnection
    policy: Path
    original: str
    home: Path
    keyed: Keyed

    def health(self) -> dict[str, Any]:
        """What the service says of itself."""
        return dict(json.loads(self._said("GET", "/health")[1]))

    def ask(self, text: str, key: str) -> tuple[int, str]:
        """Status and action for one request."""
        body = json.dumps({"model": "mock", "messages": [{"role": "user", "content": text}]})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}", "X-Colonnade-Purpose": PURPOSE}
        response, _ = self._said("POST", CHAT, body, headers)
        return response.status, (response.getheader("x-colonnade-ruling") or "").partition(";")[0]

    def _said(self, *request: Any) -> tuple[HTTPResponse, bytes]:
        """A response and its body; asked once more where the service closed a connection that nothing went through."""
        for last in (False, True):
            try:
                self.client.request(*request)
                response = self.client.getresponse()
                return response, response.read()
            except (BrokenPipeError, RemoteDisconnected):
                self.client.close()
                if last:
                    raise
        raise AssertionError

    def edit(self, before: str, after: str) -> float:
        """Write the policy anew, with one thing changed from the original; 0 seconds ago."""
        changed = self.original.replace(before, after, 1)
        if before != after and changed == self.original:
            raise RuntimeError(f"the policy does not say '{before}'")
        self.policy.write_text(changed, encoding="utf-8")
        return 0.0


Change = tuple[Callable[[], float], Callable[[], bool]]
"""What is done, which says how long ago it was on disk, and whether a client sees it in force."""


def prose(scene: Scene, number: int) -> Change:
    """A sentence more; seen as another digest of the policies."""
    return _digest(scene, "detect, remove and report them.", f"detect, remove and report them, in all {number} cases.")


def action(scene: Scene, number: int) -> Change:
    """What happens above the ceiling; seen as another ruling."""
    wanted = "deflect" if number % 2 else "refuse"
    return (
        lambda: scene.edit("above: deflect", f"above: {wanted}"),
        lambda: scene.ask(MALWARE, LOAD)[1] == wanted,
    )


def ceiling(scene: Scene, number: int) -> Change:
    """How far a topic is open to everybody, which the detectors learn; seen as another ruling."""
    level, wanted = ("overview", "deflect") if number % 2 else ("recipe", "allow")
    return (
        lambda: scene.edit("ceiling: overview", f"ceiling: {level}"),
        lambda: scene.ask(MALWARE, LOAD)[1] == wanted,
    )


def examples(scene: Scene, number: int) -> Change:
    """Another example, from which all detectors learn anew; seen as another digest of the detectors."""
    before = _heads(scene)
    return (
        lambda: scene.edit("until somebody pays.", f"until somebody pays {number + 2} coins."),
        lambda: _heads(scene) != before,
    )


def key(scene: Scene, number: int) -> Change:
    """A key is revoked; seen as a refusal at the door."""
    name = f"spare-{number}"
    return lambda: revoke_key(scene.keyed, name), lambda: scene.ask("Hello", f"ck-{name}")[0] == 401


def boundary(scene: Scene, number: int) -> Change:
    """A boundary that all grants were signed under moves, and back; seen by the last holder."""
    severity, opened = ("high", True) if number % 2 else ("critical", False)
    return (
        lambda: scene.edit("severity: high", f"severity: {severity}"),
        lambda: (scene.ask(INTRUSION, "ck-holder-last")[1] == "allow") is opened,
    )


def grant(scene: Scene, number: int) -> Change:
    """A grant is revoked by somebody's signature; seen as a closed case of its holder."""
    return (
        lambda: revoke(scene.policy.parents[1], scene.home, APPROVERS[0], number),
        lambda: scene.ask(INTRUSION, f"ck-holder-{number}")[1] != "allow",
    )


EDITS: dict[str, Callable[[Scene, int], Change]] = {
    "a clause's prose": prose,
    "a clause's action": action,
    "a clause's ceiling": ceiling,
    "a clause's examples": examples,
    "a revoked key": key,
    "a boundary under all grants": boundary,
    "a revoked grant": grant,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where every change was in force in time and every stream ended right."""
    parser = argparse.ArgumentParser(description="How soon a change is in force in a running gateway.")
    parser.add_argument("--grants", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=10, help="of each edit; an even number ends where it began")
    parser.add_argument("--streams", type=int, default=32, help="under way at any moment")
    parser.add_argument("--busy", type=int, default=0, help="processes that only compute beside it")
    parser.add_argument("--only", action="append", choices=list(EDITS), help="these edits; by default all of them")
    parser.add_argument("--quick", action="store_true", help="1,000 grants, two rounds: whether everything works")
    parser.add_argument("--json", action="store_true", help="print one JSON value instead of tables")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    grants, rounds = (1_000, 2) if options.quick else (options.grants, options.rounds)
    with tempfile.TemporaryDirectory(prefix="reload-") as folder, _busy(options.busy):
        measured, problems = _measure(Path(folder), grants, rounds, options.streams, options.only or list(EDITS))
    measured |= {"grants": grants, "streams at once": options.streams, "busy": options.busy, "problems": problems}
    if options.json:
        print(json.dumps(measured, indent=1))
    else:
        _show(measured)
    write(options.out, measured)
    for problem in problems:
        err.print(f"- {problem}", markup=False)
    return 1 if problems else 0


def _measure(
    home: Path, grants: int, rounds: int, streams: int, edits: Sequence[str]
) -> tuple[dict[str, Any], list[str]]:
    programs = compiled(home)
    keyed = write_workspace(gateways.our_workspace(home), home, grants, rounds)
    with upstream(programs, ()) as port:
        err.print("starting the gateway ...")
        with gateways.ours(home, port) as ours:
            log_key = gateways.public_key(ours)
            target = ours.target._replace(key=LOAD)
            streaming = partial(_streaming, programs, target, streams, home)
            times, ended = _all_edits(ours, home, keyed, rounds, streaming, edits)
    log = gateways.check_log(ours.workspace, log_key, sorted(home.glob("ids-*")))
    problems = [
        f"{name}: {max(seconds):.2f} s, more than {BOUND:g} s"
        for name, seconds in times.items()
        if max(seconds) > BOUND
    ]
    problems += [
        f"{name}: streams {counts}"
        for name, counts in ended.items()
        if counts["right"] != sum(counts.values()) or not counts["right"]
    ]
    if not log.whole:
        problems.append(f"the log: {log.said[-200:]!r}, {log.missing} rows missing, {log.twice} twice")
    return {"seconds": times, "streams": ended, "log": log._asdict()}, problems


def _all_edits(
    ours: gateways.Ours, home: Path, keyed: Keyed, rounds: int, streaming: Streaming, edits: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, dict[str, int]]]:
    """Seconds of every round of every edit, and what came of the streams under way in them."""
    draw = random.Random(0)  # noqa: S311  # only so that edits meet the watcher at any moment of its pause
    policy = ours.workspace / "policies" / POLICY
    client = HTTPConnection("127.0.0.1", ours.target.port, timeout=30)
    scene = Scene(client, policy, policy.read_text(encoding="utf-8"), home, keyed)
    before = scene.health()["policies"]["digest"]
    times: dict[str, list[float]] = {}
    ended: dict[str, dict[str, int]] = {}
    try:
        for name in edits:
            make = EDITS[name]
            err.print(f"{name} ...")
            times[name] = []
            with streaming() as found:
                for number in range(rounds):
                    sleep(0.5 + draw.random() / 2)
                    times[name].append(_seconds(*make(scene, number)))
                scene.edit("", "")
                _wait(lambda: scene.health()["policies"]["digest"] == before)
            ended[name] = {count: sum(row[count] for row in found) for count in STREAM_COUNTS}
    finally:
        client.close()
    return times, ended


def _seconds(change: Callable[[], float], in_force: Callable[[], bool]) -> float:
    _wait(lambda: not in_force())  # what was edited before has settled
    ago = change()
    return ago + _wait(in_force)


def _wait(true: Callable[[], bool]) -> float:
    began = perf_counter()
    while not true():
        if perf_counter() - began > PATIENCE:
            raise RuntimeError(f"a change was not in force within {PATIENCE:g} s")
        sleep(LOOK)
    return perf_counter() - began


def _digest(scene: Scene, before: str, after: str) -> Change:
    digest = scene.health()["policies"]["digest"]
    return lambda: scene.edit(before, after), lambda: scene.health()["policies"]["digest"] != digest


def _heads(scene: Scene) -> str:
    found = scene.health()["detectors"]
    return next(str(row["digest"]) for row in found if row["name"].startswith("heads/"))


@contextmanager
def _streaming(programs: Compiled, target: Target, streams: int, home: Path) -> Iterator[list[dict[str, Any]]]:
    """Streams under way until this is left; what came of them is whole then."""
    found: list[dict[str, Any]] = []
    ended = Event()

    def keep_asking() -> None:
        while not ended.is_set():
            run = len(list(home.glob("ids-*")))
            load = Load(streams, seconds=3, first=1 + 10_000 * run, text=PACED, ids=home / f"ids-{run}")
            found.append(drive(programs, target, load))

    thread = Thread(target=keep_asking)
    thread.start()
    try:
        sleep(1)
        yield found
    finally:
        ended.set()
        thread.join()


@contextmanager
def _busy(processes: int) -> Iterator[None]:
    started = [multiprocessing.Process(target=_compute, daemon=True) for _ in range(processes)]
    for process in started:
        process.start()
    try:
        yield
    finally:
        for process in started:
            process.kill()


def _compute() -> None:
    while os.getppid() > 1:
        sum(range(100_000))


def _show(measured: dict[str, Any]) -> None:
    right = sum(counts["right"] for counts in measured["streams"].values())
    not_right = sum(sum(counts.values()) for counts in measured["streams"].values()) - right
    rows = [
        (name, f"{median(seconds):.2f}", f"{max(seconds):.2f}", " ".join(f"{one:.2f}" for one in sorted(seconds)))
        for name, seconds in measured["seconds"].items()
    ]
    notes = [
        f"{measured['grants']:,} grants; of the streams under way, {right:,} ended right and {not_right} otherwise.",
        f"The log verifies: {measured['log']['status'] == 0}; {measured['log']['rows']:,} rows.",
    ]
    show("Seconds until a change is in force", ("changed", "median", "worst", "each"), rows, notes)


if __name__ == "__main__":
    sys.exit(main())
