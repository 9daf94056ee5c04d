"""What our gateway has to stand: a hundred thousand requests, a thousand streams at once, faults, and being killed."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import gateways
from gateways import check_log, public_key, resident
from results import err
from traffic import Load, Target, drive, driving, stats

GROWTH = 1.10
"""Times of the memory at ten thousand requests that a hundred thousand may take."""

STREAMS = 1000
SETTLED = 10.0
"""Seconds after which the server must have been let go."""

KILLS = 20
SEED = 20261123

FAULTS = {
    "die": "It is for my diary.",
    "garbage": "It is for my garden.",
    "stall": "It is for my school.",
}
"""What a request says for the server to fail as ``upstream.c`` does: everyday words, none of which names a fault."""

FALSELY_REFUSED = 0.02
"""Of these everyday requests the most that detectors may refuse; more of them would leave too few faults to be told."""

Found = tuple[dict[str, Any], list[str], Sequence[Path]]


def memory(setting: Any, ours: gateways.Ours, _port: int) -> Found:
    """Resident memory at the start and after 10,000, 50,000 and 100,000 requests."""
    marks = (0, 200, 1_000, 2_000) if setting.quick else (0, 10_000, 50_000, 100_000)
    sizes = {}
    problems: list[str] = []
    ids = []
    drive(setting.programs, ours.target, Load(count=50), setting.others)
    for before, mark in zip((0, *marks), marks, strict=False):
        if mark > before:
            file = setting.folder / f"memory-{mark}"
            ids.append(file)
            load = Load(16, count=mark - before, streaming=mark % 20_000 == 10_000, first=before + 1, ids=file)
            found = drive(setting.programs, ours.target, load, setting.others)
            problems += _all_right(found, mark - before)
        sizes[f"MB after {mark:,}"] = round(resident(ours.process) / 1e6, 1)
        err.print(f"  {mark:,} requests: {sizes[f'MB after {mark:,}']} MB", markup=False)
    values = list(sizes.values())
    if not setting.quick and values[-1] > values[1] * GROWTH:
        problems.append(f"memory grew from {values[1]} to {values[-1]} MB")
    return sizes, problems, ids


def streams(setting: Any, ours: gateways.Ours, _port: int) -> Found:
    """A thousand streams at once, paced so that all of them are open together; every byte is accounted for."""
    count = 100 if setting.quick else STREAMS
    ids = setting.folder / "streams-ids"
    load = Load(count, count=2 * count, text="pace-50 long-60", ids=ids, timeout=120)
    found = drive(setting.programs, ours.target, load, setting.others)
    shown = {"streams at once": count, "right": found["right"], "of": 2 * count, "seconds": found["seconds"]}
    shown |= {"first text p50 ms": found["first_p50"], "first text p99 ms": found["first_p99"]}
    return shown, _all_right(found, 2 * count), [ids]


def faults(setting: Any, ours: gateways.Ours, port: int) -> Found:
    """The server dies, stalls and sends garbage, the clients hang up: each is told, and nothing is left open.

    A request that the detectors refuse reaches no server that could fail: it is counted apart, as falsely refused.
    """
    shown: dict[str, Any] = {}
    problems: list[str] = []
    ids = []
    count = 40 if setting.quick else 200
    for fault in ("die", "garbage"):  # one that stalls comes last
        for streaming in (True, False):
            name = f"{fault} {'streaming' if streaming else 'whole'}"
            ids.append(setting.folder / f"fault-{name}")
            load = Load(16, count=count, streaming=streaming, text=FAULTS[fault], ids=ids[-1], timeout=20)
            found = drive(setting.programs, ours.target, load, setting.others)
            told, falsely = found["told"] + found["refused"], found["withheld"]
            shown[name] = (
                f"{told} of {count} told, {found['right']} right, {found['wrong']} wrong, {found['torn']} torn;"
                f" {falsely} falsely refused by the detectors"
            )
            if told + falsely != count or falsely > count * FALSELY_REFUSED:
                problems.append(f"{name}: {shown[name]}: {found['example'][:160]!r}")
    found = drive(setting.programs, ours.target, Load(16, count=count, text="pace-20", hang_up=300), setting.others)
    let_go = _settled(port)
    shown["clients hang up"] = f"{found['hung_up']} of {count}; the server is let go: {let_go}"
    if found["hung_up"] != count or not let_go:
        problems.append(f"hanging up: {shown['clients hang up']}")
    # A server that stalls holds a request for as long as the gateway is patient; it must not hold up the others.
    stalled = driving(setting.programs, ours.target, Load(8, count=8, text=FAULTS["stall"], timeout=3), setting.others)
    time.sleep(0.5)
    found = drive(setting.programs, ours.target, Load(16, count=count), setting.others)
    output, _ = stalled.communicate()
    waited = json.loads(output)
    shown["beside stalled ones"] = f"{found['right']} of {count} right; {waited['timed_out']} of 8 clients gave up"
    problems += _all_right(found, count)
    if not _settled(port):
        problems.append("a stalled server is not let go after its clients gave up")
    return shown, problems, ids


def _settled(port: int) -> bool:
    """Whether every answer of the server was taken to its end or broken off, and none is under way."""
    until = time.monotonic() + SETTLED
    while time.monotonic() < until:
        now = stats(port)
        if now["asked"] == now["answered"] + now["broken_off"]:
            return True
        time.sleep(0.2)
    return False


def _all_right(found: dict[str, Any], count: int) -> list[str]:
    return [] if found["right"] == count else [f"{found['right']} of {count} answers were right: {found}"]


def kills(setting: Any, folder: Path, port: int, gateway_port: int) -> tuple[dict[str, Any], list[str]]:
    """Kill the gateway at random moments under load; the log must verify and hold every answer that was given."""
    chance = random.Random(SEED)  # noqa: S311  # moments, not secrets
    times = 3 if setting.quick else KILLS
    problems: list[str] = []
    ids: list[Path] = []
    answered = torn = falsely = 0
    log = None
    for number in range(times):
        ids.append(folder / f"ids-{number}")
        with gateways.ours(folder, port, setting.gateway, gateway_port) as ours:
            key = public_key(ours)
            text = "" if number % 2 else "pace-5"
            load = Load(
                32, 3.0, first=number * 100_000 + 1, text=text, ids=ids[-1], timeout=3, streaming=number % 4 < 2
            )
            clients = driving(setting.programs, Target("colonnade", gateway_port), load, setting.others)
            time.sleep(chance.uniform(0.3, 2.5))
            ours.process.send_signal(signal.SIGKILL)
            output, _ = clients.communicate()
            with suppress(ChildProcessError):
                ours.process.wait()
        found = json.loads(output)
        answered, torn = answered + found["right"], torn + found["torn"]
        falsely += found["withheld"]
        if found["wrong"]:
            problems.append(f"kill {number + 1}: {found['wrong']} answers were wrong: {found['example'][:120]!r}")
        log = check_log(ours.workspace, key, ids)
        err.print(
            f"  kill {number + 1}: {found['right']} answers, {log.rows} rows, {log.missing} missing", markup=False
        )
        if log.status != 0 or log.missing or log.twice or log.lone:
            problems.append(f"kill {number + 1}: {log._replace(said=log.said[-200:])}")
    assert log is not None
    return {
        "kills": times,
        "answers": answered,
        "torn": torn,
        "falsely refused": falsely,
        "log": log._asdict(),
    }, problems
