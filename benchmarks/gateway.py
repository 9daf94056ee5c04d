"""Our gateway beside LiteLLM's proxy and NeMo Guardrails' server, in one run, in front of one server.

Usage: python benchmarks/gateway.py [--litellm PYTHON] [--nemo PYTHON] [--parts NAME ...] [--seconds N] [--rounds N]
       [--quick] [--json] [--out FILE]

The parts: ``latency`` and ``rate`` beside the others; ``memory``, ``streams``, ``faults`` and ``kill`` for ours alone.
PYTHON is the interpreter of an environment in which the other one is installed; without it, it is left out. The server
and the clients are programs in C on a core of their own, so that a gateway has its core to itself. After each part our
log is verified, and its rows are held against the answers that the clients saw. Ends with 1 where an answer was wrong,
a log was not whole, or a bound was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import gateway_endurance
import gateways
from gateways import check_log, cores_for, cpu_seconds, public_key
from results import err, show, write
from traffic import Compiled, Load, Target, compiled, drive, free_port, upstream

ADDED_MS = 2.0
TIMES_LITELLM = 50.0
STREAMS_PER_CORE = 1500.0
PARTS = ("latency", "rate", "memory", "streams", "faults", "kill")
CLIENTS = (16, 64)
BURST = 100
"""Requests of one burst to one target; bursts take turns, so that a busy moment of the machine hits everybody."""


class Setting(NamedTuple):
    """What the parts share.

    Attributes:
        gateway: the core of the gateway under measurement.
        others: those of the server and of the clients.
    """

    programs: Compiled
    folder: Path
    gateway: tuple[int, ...]
    others: tuple[int, ...]
    seconds: float
    rounds: int
    quick: bool
    litellm: Path | None
    nemo: Path | None


class Started(NamedTuple):
    """A gateway under way; ours has a log."""

    target: Target
    process: int
    ours: gateways.Ours | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; 0 where every answer was right, every log whole and every bound kept."""
    parser = argparse.ArgumentParser(description="Our gateway beside others.")
    parser.add_argument("--litellm", type=Path, metavar="PYTHON", help="of an environment with litellm[proxy]")
    parser.add_argument("--nemo", type=Path, metavar="PYTHON", help="of an environment with nemoguardrails[server]")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison")
    parser.add_argument("--quick", action="store_true", help="seconds in all: whether everything works, not how fast")
    parser.add_argument("--json", action="store_true", help="print one JSON value instead of tables")
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    gateway, others = cores_for()
    measured: dict[str, Any] = {"cores": {"gateway": gateway, "others": others}}
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
        setting = Setting(
            compiled(Path(folder)),
            Path(folder),
            gateway,
            others,
            1.0 if options.quick else options.seconds,
            1 if options.quick else options.rounds,
            options.quick,
            options.litellm,
            options.nemo,
        )
        for part in options.parts:
            err.print(f"{part} ...")
            measured[part], found = RUNS[part](setting)
            problems += [f"{part}: {problem}" for problem in found]
    measured["problems"] = problems
    if options.json:
        print(json.dumps(measured, indent=1, default=str))
    else:
        _show(measured)
    write(options.out, measured)
    for problem in problems:
        err.print(f"- {problem}", markup=False)
    return 1 if problems else 0


@contextmanager
def _all_started(setting: Setting, port: int, name: str) -> Iterator[list[Started]]:
    """Every gateway that there is, one after the other on the same core, in front of one server."""
    with ExitStack() as stack:
        ours = stack.enter_context(gateways.ours(_fresh(setting, name), port, setting.gateway))
        started = [Started(ours.target, ours.process.pid, ours)]
        for python, start in ((setting.litellm, gateways.litellm), (setting.nemo, gateways.nemo)):
            if python is not None:
                err.print(f"starting {start.__name__} ...")
                target, process = stack.enter_context(start(python, setting.folder, port, setting.gateway))
                started.append(Started(target, process.pid))
        for one in started:  # what is made at first use is made now
            drive(setting.programs, one.target, Load(count=20), setting.others)
        yield started


def _fresh(setting: Setting, name: str) -> Path:
    folder = setting.folder / name
    folder.mkdir()
    return folder


def _latency(setting: Setting) -> tuple[dict[str, Any], list[str]]:
    """One client: what a gateway adds to each answer, in bursts that alternate with bursts straight to the server."""
    bursts = 3 if setting.quick else 5 * setting.rounds
    rows: dict[str, Any] = {}
    problems: list[str] = []
    with upstream(setting.programs, setting.others) as port:
        direct = Target("the server itself", port)
        with _all_started(setting, port, "latency") as started:
            ids = setting.folder / "latency-ids"
            for streaming in (True, False):
                kept: dict[str, list[dict[str, Any]]] = {one.target.name: [] for one in (*started, Started(direct, 0))}
                for _ in range(bursts):
                    for target in (direct, *(one.target for one in started)):
                        count = BURST if target.name in (direct.name, "colonnade") else BURST // 4
                        found = drive(setting.programs, target, Load(count=count, streaming=streaming), setting.others)
                        problems += _wrong(target, found, count)
                        kept[target.name].append(found)
                way = "streaming" if streaming else "whole"
                rows |= {f"{name} {way}": _added(kept[name], kept[direct.name]) for name in kept}
            ours = started[0].ours
            assert ours is not None
            key = public_key(ours)
            drive(setting.programs, ours.target, Load(count=50, ids=ids), setting.others)
        log = check_log(ours.workspace, key, [ids])
    added = rows["colonnade streaming"]["added_p50"]
    problems += _log_problems(log)
    if added > ADDED_MS:
        problems.append(f"{added} ms are added at the median, more than {ADDED_MS}")
    return {"rows": rows, "log": log._asdict()}, problems


def _added(bursts: Sequence[dict[str, Any]], direct: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians over bursts of what a gateway took, and took more than the server itself right before."""
    pairs = list(zip(bursts, direct, strict=True))
    row = {key: round(median(burst[key] for burst in bursts), 3) for key in ("p50", "p99", "first_p50")}
    for key in ("p50", "p99"):
        row[f"added_{key}"] = round(median(one[key] - two[key] for one, two in pairs), 3)
    return row


def _rate(setting: Setting) -> tuple[dict[str, Any], list[str]]:
    """Requests per second at 16 and at 64 clients on one core, streaming and not, in rounds that take turns."""
    cells = [(clients, streaming) for clients in CLIENTS for streaming in (True, False)]
    kept: dict[tuple[str, int, bool], list[dict[str, Any]]] = {}
    problems: list[str] = []
    ids = []
    with upstream(setting.programs, setting.others) as port, _all_started(setting, port, "rate") as started:
        direct = Started(Target("the server itself", port), 0)
        for round_ in range(setting.rounds):
            for clients, streaming in cells:
                for one in (direct, *started):
                    file = setting.folder / f"rate-{round_}-{clients}-{streaming}" if one.ours else None
                    ids += [file] if file else []
                    load = Load(clients, setting.seconds, streaming=streaming, first=round_ * 1_000_000 + 1, ids=file)
                    busy = cpu_seconds(one.process)
                    found = drive(setting.programs, one.target, load, setting.others)
                    found["gateway_cpu"] = cpu_seconds(one.process) - busy
                    problems += _wrong(one.target, found)
                    kept.setdefault((one.target.name, clients, streaming), []).append(found)
        ours = started[0].ours
        assert ours is not None
        key = public_key(ours)
    log = check_log(ours.workspace, key, ids)
    rows = {
        f"{name}|{clients}|{'streaming' if way else 'whole'}": _rates(found)
        for (name, clients, way), found in kept.items()
    }
    for cell, row in rows.items():
        name, _, rest = cell.partition("|")
        other = rows.get(f"LiteLLM|{rest}")
        row["times_litellm"] = (
            round(row["per_second"] / other["per_second"], 1) if other and other["per_second"] else None
        )
        if name == "colonnade" and row["times_litellm"] is not None and row["times_litellm"] < TIMES_LITELLM:
            problems.append(
                f"{rest}: {row['times_litellm']} times LiteLLM's requests per second, under {TIMES_LITELLM}"
            )
        if name == "colonnade" and rest == "64|streaming" and row["per_cpu_second"] < STREAMS_PER_CORE:
            problems.append(f"{row['per_cpu_second']} streams per second of a core, under {STREAMS_PER_CORE:.0f}")
    return {"rows": rows, "log": log._asdict()}, problems + _log_problems(log)


def _rates(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Median over rounds; a second of the gateway's processor counts the same on a busy machine."""
    each = sorted(found["right"] / found["seconds"] for found in rounds)
    busy = [found["right"] / found["gateway_cpu"] for found in rounds if found["gateway_cpu"] > 0]
    return {
        "per_second": round(median(each), 1),
        "from": round(each[0], 1),
        "to": round(each[-1], 1),
        "per_cpu_second": round(median(busy), 1) if busy else None,
        "p50": round(median(found["p50"] for found in rounds), 2),
        "p99": round(median(found["p99"] for found in rounds), 2),
    }


def _wrong(target: Target, found: dict[str, Any], count: int = 0) -> list[str]:
    """Answers that were not what the server said."""
    bad = {name: found[name] for name in ("wrong", "refused", "withheld", "told", "torn", "timed_out") if found[name]}
    if bad or (count and found["right"] != count):
        return [f"{target.name}: {bad}, for instance {found['example'][:120]!r}"]
    return []


def _log_problems(log: gateways.LogCheck) -> list[str]:
    if log.whole:
        return []
    return [f"the log: {log.said[-200:]!r}, {log.missing} rows missing, {log.twice} twice, {log.lone} without request"]


def _alone(
    measure: Callable[..., tuple[dict[str, Any], list[str]]],
) -> Callable[[Setting], tuple[dict[str, Any], list[str]]]:
    """A part for ours alone: started fresh, stopped, its log verified."""

    def run(setting: Setting) -> tuple[dict[str, Any], list[str]]:
        folder = _fresh(setting, measure.__name__)
        with upstream(setting.programs, setting.others) as port:
            with gateways.ours(folder, port, setting.gateway) as ours:
                key = public_key(ours)
                found, problems, ids = measure(setting, ours, port)
            log = check_log(ours.workspace, key, ids)
        return {**found, "log": log._asdict()}, problems + _log_problems(log)

    return run


def _kill(setting: Setting) -> tuple[dict[str, Any], list[str]]:
    with upstream(setting.programs, setting.others) as port:
        return gateway_endurance.kills(setting, _fresh(setting, "kill"), port, free_port())


RUNS: dict[str, Callable[[Setting], tuple[dict[str, Any], list[str]]]] = {
    "latency": _latency,
    "rate": _rate,
    "memory": _alone(gateway_endurance.memory),
    "streams": _alone(gateway_endurance.streams),
    "faults": _alone(gateway_endurance.faults),
    "kill": _kill,
}


def _show(measured: dict[str, Any]) -> None:
    if "latency" in measured:
        rows = [(name, *row.values()) for name, row in measured["latency"]["rows"].items()]
        columns = ("one client", "p50 ms", "p99", "first byte p50", "added p50", "added p99")
        show("Latency", columns, rows, ["Medians over bursts; added: less the burst straight to the server before it."])
    if "rate" in measured:
        rows = [(*cell.split("|"), *row.values()) for cell, row in measured["rate"]["rows"].items()]
        columns = ("gateway", "clients", "way", "right/s", "from", "to", "per CPU-second", "p50 ms", "p99", "x LiteLLM")
        notes = ["Chats of twenty pieces, every answer checked. Per CPU-second: of the gateway's own processes."]
        show("Requests per second on one core", columns, rows, notes)
    for part in ("memory", "streams", "faults", "kill"):
        if part in measured:
            rows = [(name, value) for name, value in measured[part].items() if name != "log"]
            show(part.capitalize(), ("", ""), rows)
    logs = [(part, measured[part]["log"]) for part in PARTS if part in measured]
    columns = ("log after", "verified", "rows", "requests", "replies", "missing", "twice", "lone")
    cells = [(part, log["status"] == 0, *(log[name] for name in columns[2:])) for part, log in logs]
    show("The audit log", columns, cells, ["Missing: rows of answers that a client was given."])


if __name__ == "__main__":
    sys.exit(main())
