"""What the monitors of grants see, how often they are wrong, and what they cost.

Usage: python benchmarks/access_monitoring.py [drift] [creep] [patterns] [grants] [--data DIR] [--encoder NAME]
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from colonnade.guard.access import grant_content, grant_subject
from colonnade.guard.access.indexing import Creep, Parts, Question, Repeats
from colonnade.guard.access.patterns import assembled, repeated, seen, word_weights
from colonnade.guard.access.purposes import PurposeReader
from colonnade.guard.access.sightings import Sighting, SightingFile
from colonnade.guard.configuration import Purpose
from colonnade.models import adapter
from colonnade.pipeline import open_workspace
from colonnade.pipeline.access import now
from colonnade.pipeline.access_book import ASKED, BookReader
from colonnade.pipeline.access_service import AccessService
from colonnade.records import Act, Cell, Grant, Level, SignedStatement, Statement
from colonnade.statistics.cusum import DRIFT, climb, first_drift
from colonnade.store import Store
from colonnade.store.statements import STATED, new_key, read_key, sign
from results import bar, show, write

PARTS = ("drift", "creep", "patterns", "grants")
KEY = bytes(range(32))
START = datetime(2026, 1, 1, tzinfo=UTC)
DRAWS, OWN, BESIDE = 100, 20, 10
"""Times that examples are drawn anew, and how many of a purpose and of what is beside it."""

Scores = NDArray[np.float64]


class Spread(NamedTuple):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """The figure and its interval."""
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The monitors of specialised access.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the public sets")
    parser.add_argument("--encoder", default="static", help="the adapter that reads purposes")
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--grants", type=int, default=10_000)
    parser.add_argument("--out", type=Path, help="a JSON file for all numbers")
    options = parser.parse_args(arguments)
    measured: dict[str, Any] = {}
    if "drift" in options.parts:
        measured["drift"] = drift(options.data, options.encoder)
    if "creep" in options.parts:
        measured["creep"] = creep()
    if "patterns" in options.parts:
        measured["patterns"] = patterns(options.texts)
    if "grants" in options.parts:
        measured["grants"] = grants(options.grants)
    write(options.out, measured)
    return 0


# --- drift ----------------------------------------------------------------------------------------


class Drawn(NamedTuple):
    """Scores of held-out texts under one draw of examples."""

    honest: Scores
    beside: Scores


def drift(data: Path, name: str) -> dict[str, Any]:
    """Purposes of public questions, then holders made of their scores."""
    pools = public_texts(data)
    if not pools:
        print(f"no public sets below {data}: drift was not measured")
        return {}
    encoder = adapter(name)()
    vectors = _Remembered(encoder)
    pairs = (
        ("clinical", "vignettes"),
        ("anatomy", "genetics"),
        ("clinical", "security"),
        ("clinical", "college"),
        ("safe", "unsafe"),
    )
    rows, found = [], {}
    drawn: list[Drawn] = []
    for one, other in pairs:
        draws = [draw for seed in range(DRAWS) if (draw := _scores(pools[one], pools[other], vectors, seed))]
        drawn += draws
        honest, beside = ([float(getattr(draw, side).mean()) for draw in draws] for side in ("honest", "beside"))
        found[f"{one}/{other}"] = {"read": len(draws), "honest": honest, "beside": beside}
        shown = [f"{np.mean(honest):.3f}", f"{max(honest):.3f}", f"{np.mean(beside):.3f}"] if draws else ["–"] * 3
        rows.append((f"{one} against {other}", f"{len(draws)}/{DRAWS}", *shown))
    show(
        f"Purposes read from {OWN} examples and {BESIDE} beside them ({name})",
        ("purpose", "read", "score on purpose", "worst draw", "score beside"),
        rows,
        ["'read': draws of examples from which the reader says that it can tell; in the others it gives no score."],
    )
    return {"encoder": name, "purposes": found, "holders": _holders(drawn)}


def public_texts(data: Path) -> dict[str, list[str]]:
    """Questions of people by subject, and XSTest's by intention; empty where a set is missing."""
    medical = {
        "clinical": "clinicalknowledge",
        "vignettes": "professionalmedicine",
        "anatomy": "anatomy",
        "genetics": "medicalgenetics",
        "college": "collegemedicine",
    }
    try:
        pools = {}
        for name, file in medical.items():
            rows = json.loads((data / "mmlu_medical_bio" / f"mmlu-{file}.json").read_text(encoding="utf-8"))["examples"]
            pools[name] = [row["input"].split("\nA.")[0] for row in rows]
        questions = json.loads((data / "cybermetric" / "CyberMetric-80-v1.json").read_text(encoding="utf-8"))
        pools["security"] = [row["question"] for row in questions["questions"]]
        with (data / "xstest_v2" / "xstest_prompts.csv").open(encoding="utf-8", newline="") as stream:
            prompts = list(csv.DictReader(stream))
        for label in ("safe", "unsafe"):
            pools[label] = [row["prompt"] for row in prompts if row["label"] == label]
    except FileNotFoundError:
        return {}
    return pools


class _Remembered:
    """An encoder that encodes each text once."""

    def __init__(self, encoder: Any) -> None:
        self.name, self._encoder = encoder.name, encoder
        self._vectors: dict[str, Any] = {}

    def encode(self, texts: Sequence[str], progress: object = None) -> Any:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


def _scores(own: Sequence[str], other: Sequence[str], encoder: _Remembered, seed: int) -> Drawn | None:
    """Held-out scores; none where the reader says that it cannot tell."""
    draw = random.Random(seed)  # noqa: S311  # only to vary the cases
    mine, theirs = draw.sample(own, len(own)), draw.sample(other, len(other))
    purpose = Purpose(id="p", examples=tuple(mine[:OWN]), beside=tuple(theirs[:BESIDE]))
    reader = PurposeReader([purpose], encoder)
    if not reader.read:
        return None
    honest, beside = (reader.beside([("p", text) for text in rows]) for rows in (mine[OWN:], theirs[BESIDE:]))
    return Drawn(np.array(honest, dtype=np.float64), np.array(beside, dtype=np.float64))


def _holders(drawn: Sequence[Drawn]) -> dict[str, Any]:
    """Suspensions of honest holders, and uses until one of those who are not."""
    draw = np.random.default_rng(0)
    rows, found = [], dict[str, Any]()
    for wrong in (0.0, 0.01, 0.03, 0.05):
        alarms, uses = 0, 0
        for place in range(400):
            scores = draw.choice(drawn[place % len(drawn)].honest, size=2_000)
            scores = np.where(draw.random(scores.size) < wrong, 1.0, scores)
            level = 0.0
            for score in scores:
                level = climb(level, float(score))
                uses += 1
                if level >= DRIFT.limit:
                    alarms, level = alarms + 1, 0.0
        rate = _per_thousand(alarms, uses)
        found[f"honest, {wrong:.0%} wrongly refused"] = {"alarms": alarms, "uses": uses, "per_thousand": rate}
        rows.append((f"honest, {wrong:.0%} of requests wrongly refused as beside", f"{rate} per 1,000 uses", ""))
    kinds: dict[str, Callable[[int], float]] = {
        "switching at once": lambda _: 1.0,
        "half beside": lambda _: 0.5,
        "three in ten beside": lambda _: 0.3,
        "drifting, to half within 200 uses": lambda number: min(0.5, number / 400),
    }
    for kind, share in kinds.items():
        shares = np.array([share(number) for number in range(1_000)])
        until = []
        for place in range(2_000):
            pool = drawn[place % len(drawn)]
            beside = draw.random(shares.size) < shares
            scores = np.where(beside, draw.choice(pool.beside, shares.size), draw.choice(pool.honest, shares.size))
            until.append(first_drift(scores.tolist()))
        missed = sum(row is None for row in until)
        counts = np.array([1_000 if row is None else row + 1 for row in until])
        middle = _bootstrap_median(counts, draw)
        found[kind] = {"median": middle, "nine_in_ten": float(np.quantile(counts, 0.9)), "missed": missed}
        rows.append(
            (kind, f"{middle} uses", f"nine in ten within {np.quantile(counts, 0.9):.0f}; {missed} of 2,000 never")
        )
    show("Simulated holders", ("holder", "suspended", ""), rows)
    return found


def _per_thousand(events: int, uses: int) -> Spread:
    """A rate per thousand with the exact Poisson interval (Garwood, 1936)."""
    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    return Spread(*(1000 * float(value) / uses for value in (events, low, chi2.ppf(0.975, 2 * events + 2) / 2)))


def _bootstrap_median(counts: NDArray[np.int64], draw: np.random.Generator) -> Spread:
    medians = np.median(draw.choice(counts, (1_000, counts.size)), axis=1)
    return Spread(float(np.median(counts)), *map(float, np.quantile(medians, (0.025, 0.975))))


# --- creep ----------------------------------------------------------------------------------------


def creep() -> dict[str, Any]:
    """Alerts about people who stay at one level, while the detector slips; and about those who climb."""
    rows, found, levels = [], {}, list(Level)
    for slips in (0.0, 0.05, 0.1, 0.2):
        alerts, climbed = 0, []
        for person in range(2_000):
            draw = random.Random(person)  # noqa: S311
            alerts += bool(_asked(Creep(), [1] * 40, slips, draw, levels))
            climbed.append(_asked(Creep(), [min(4, 1 + number // 8) for number in range(40)], slips, draw, levels))
        seen_at = [place for place in climbed if place]
        found[str(slips)] = {"alerts": alerts, "people": 2_000, "found": len(seen_at)}
        middle = f"request {np.median(seen_at):.0f} of 40" if seen_at else "–"
        rows.append((f"{slips:.0%}", f"{alerts} of 2,000", f"{len(seen_at)} of 2,000", middle))
    show(
        "Level creep: 40 requests on one topic in 30 days, open to 'overview'",
        ("levels read wrongly", "alerts about who stays", "found of who climbs a level every 8", "at"),
        rows,
        ["A slip reads any of the five levels, each as likely."],
    )
    return found


def _asked(index: Creep, ranks: Sequence[int], slips: float, draw: random.Random, levels: Sequence[Level]) -> int:
    """The request at which the alert came, from 1; 0 where none did."""
    for number, rank in enumerate(ranks):
        rank = draw.randrange(5) if draw.random() < slips else rank
        at = START + timedelta(hours=17 * number)
        row = Sighting(str(number), seen("a", at, "", KEY), "topic", levels[rank], rank > 1)
        if index.add(row) is not None:
            return number + 1
    return 0


# --- patterns -------------------------------------------------------------------------------------


def patterns(texts: int) -> dict[str, Any]:
    """Texts of a month, a fifth of them closed: as they come in, after a restart, and all at once."""
    draw = random.Random(0)  # noqa: S311
    words = [f"word{number}" for number in range(20_000)]
    weights_of_words = [1 / (rank + 10) for rank in range(len(words))]
    questions = [" ".join(draw.choices(words, weights_of_words, k=12)) for _ in range(120)]
    weights = word_weights((" ".join(draw.choices(words, weights_of_words, k=14)) for _ in range(2_000)), KEY)
    known = tuple(Question("c", seen("", START, text, KEY)) for text in questions)

    def sighting(number: int) -> Sighting:
        text = " ".join(draw.choices(words, weights_of_words, k=draw.randint(6, 22)))
        row = seen(f"s{draw.randrange(2_000)}", START + timedelta(seconds=24 * number), text, KEY)
        return Sighting(f"row-{number}", row, "c", Level.ACTIONABLE, draw.random() < 0.2)

    with tempfile.TemporaryDirectory() as folder, bar("texts") as progress:
        file = SightingFile(Path(folder) / "s")
        for start in range(0, texts, 1_000):
            file.add(sighting(number) for number in range(start, min(start + 1_000, texts)))
            progress(start + 1_000, texts)
        size, before = file.file.stat().st_size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        index, many, rising, alerts, worst = Parts(known, weights), Repeats(), Creep(), 0, 0.0
        began, coming_in = perf_counter(), 0.0
        for row in SightingFile(file.file).news():
            one = perf_counter()
            alerts += len(index.add(row)) + (many.add(row) is not None) + (rising.add(row) is not None)
            taken = perf_counter() - one
            coming_in, worst = coming_in + taken, max(worst, taken)
        restart = perf_counter() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        rows = list(file.news())
        began = perf_counter()
        file.shorten(START + timedelta(days=20))
        shortened = perf_counter() - began
    began = perf_counter()
    repeated([row.seen for row in rows if row.closed])
    assembled([row.seen for row in rows], [question.seen for question in known], weights)
    whole = perf_counter() - began
    found = {
        "texts": len(rows),
        "seconds_as_they_come_in": coming_in,
        "milliseconds_each": coming_in / len(rows) * 1000,
        "worst_millisecond": worst * 1000,
        "file_bytes": size,
        "seconds_after_a_restart": restart,
        "seconds_to_shorten": shortened,
        "grown_kilobytes": grown,
        "seconds_of_a_full_pass": whole,
        "alerts": alerts,
    }
    show(
        f"Patterns over {len(rows):,} texts by 2,000 subjects, 120 known questions",
        ("what", "cost"),
        [
            ("one text as it comes in", f"{coming_in / len(rows) * 1000:.3f} ms ({worst * 1000:.1f} ms at worst)"),
            (
                "all of them, after a restart",
                f"{restart:.1f} s, {restart - coming_in:.1f} of it reading {size / 1e6:.0f} MB",
            ),
            ("memory of the indexes", f"{grown / 1024:.0f} MiB"),
            ("a shorter file in the place of a long one", f"{shortened:.1f} s"),
            ("one full pass, for comparison", f"{whole:.1f} s"),
            ("alerts (texts of random words)", f"{alerts}"),
        ],
    )
    return found


# --- grants ---------------------------------------------------------------------------------------


def grants(number: int) -> dict[str, Any]:
    """A service with many grants: how long it takes to start, and until a revocation holds."""
    from tests.workspaces import GUARD, write_workspace  # the smallest whole workspace there is

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        people = {name: new_key(home / name) for name in ("ana", "bo")}
        rows = "".join(f"  - {{id: {name}, roles: [safety], key: {key}}}\n" for name, key in people.items())
        access = "access: {approvers: [safety], reviewers: [safety], log: .colonnade/uses.jsonl}\n"
        write_workspace(home / "w", {"people.yaml": f"people:\n{rows}", "guard.yaml": GUARD + access})
        workspace = open_workspace(home / "w")
        _written(home, number)
        began = perf_counter()
        reader = BookReader(home / "w")
        book = reader.book(workspace.people)
        read = perf_counter() - began
        began = perf_counter()
        service = AccessService(open_workspace(home / "w"))
        service.watch.look()
        started = perf_counter() - began
        cell = Cell.model_validate(
            {"topic": "doors.entry", "level": "mechanism", "tier": "guest", "purpose": "repair"}
            | {"action": "deflect", "rule": "x", "grantable": True}
        )
        opened = service.desk.opening("key-5", cell, now().date()) is not None
        service.start()
        times = []
        for name in ("grant-5", "grant-6", "grant-7"):
            _state(home, Act.REVOKE, "bo", [row for row in book.grants if row.id == name])
            began = perf_counter()
            while service.desk.opening(f"key-{name[6:]}", cell, now().date()) is not None:
                sleep(0.001)
            times.append(perf_counter() - began)
        file = home / "w" / "policies" / "doors.md"
        file.write_text(file.read_text().replace("severity: high", "severity: critical", 1))
        began = perf_counter()
        while service.desk.opening("key-8", cell, now().date()) is not None:
            sleep(0.001)
        edited = perf_counter() - began
        service.stop()
    found = {"grants": len(book.grants), "read": read, "start": started, "edit": edited, "revocations": times}
    show(
        f"{len(book.grants):,} grants, {len(book.events):,} signatures",
        ("what", "seconds"),
        [
            ("reading and verifying the ledger anew", f"{read:.1f}"),
            ("starting the service", f"{started:.1f}"),
            ("from a written revocation until it holds", ", ".join(f"{row:.2f}" for row in times)),
            ("from an edited boundary until it closes them all", f"{edited:.2f}"),
        ],
        [] if opened else ["No grant opened its cell: the figures mean nothing."],
    )
    return found


def _written(home: Path, number: int) -> None:
    """Grants and two approvals of each, straight into the ledger."""
    today = now().date()
    rows = [_grant(place, today) for place in range(number)]
    with bar("grants") as progress:
        store = Store(home / "w")
        with store.held():
            for place, row in enumerate(rows, start=1):
                store.ledger.append(ASKED, store.put_records([row]), row.id)
                progress(place, 3 * number)
        store.close()
        for done, person in enumerate(("ana", "bo"), start=1):
            _state(home, Act.APPROVE, person, rows)
            progress((1 + done) * number, 3 * number)


def _grant(place: int, today: date) -> Grant:
    return Grant(
        id=f"grant-{place}",
        subject=f"key-{place}",
        topics=("doors.entry",),
        highest=Level.ACTIONABLE,
        purposes=("repair",),
        starts=today,
        until=today + timedelta(days=90),
        evidence="sha256:" + "0" * 64,
        because="a measurement",
    )


def _state(home: Path, act: Act, person: str, rows: Sequence[Grant]) -> None:
    clauses = open_workspace(home / "w").policies.active
    store, key = Store(home / "w"), read_key(home / person, home / "w")
    signed: list[SignedStatement] = []
    for row in rows:
        fields = {"act": act, "subject": grant_subject(row.id), "content": grant_content(row, clauses), "at": now()}
        signed.append(
            sign(Statement.model_validate({**fields, "person": person, "role": "safety", "reason": "x"}), key)
        )
    try:
        with store.held():
            for statement in signed:
                store.ledger.append(STATED, store.put_records([statement]), person)
    finally:
        store.close()


if __name__ == "__main__":
    raise SystemExit(main())
