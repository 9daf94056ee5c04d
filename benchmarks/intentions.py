"""What the guard's detectors make of requests of its own topics: attacks, their benign twins, and everyday texts.

Usage: python benchmarks/intentions.py [--workspace DIR] [--out FILE]

Each fold of the training and development prompts is judged by what learnt from the others, thresholds included; a pair
lies in one fold. The rehearsal texts are everyday ones that nothing learns from. The gate's prompts have no part in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard import topic_clauses
from colonnade.guard.detection import Heads, train
from colonnade.guard.detection.confirming import Confirmed, confirm
from colonnade.guard.detection.material import material
from colonnade.guard.detection.thresholds import balanced
from colonnade.guard.detection.wording import numbers_alike
from colonnade.models import Encoder, adapter
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.hosting import Reading, reading_of
from colonnade.pipeline.workspace import Workspace
from colonnade.records import Clause, Digest, Expected, Prompt
from results import err, rate, show, write

FOLDS = 5
SHARES = (0.25, 0.5, 0.75, 1.0)
TIMED = 60

Array = NDArray[np.float64]


class Known:
    """What was read before is not read again."""

    def __init__(self, reading: Reading, texts: Sequence[str]) -> None:
        self.name, self.digest = reading.activations.name, Digest(reading.activations.digest)
        self._vectors = dict(zip(texts, reading.remembered(texts), strict=True))
        self._read = reading.activations

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector per text."""
        new = [text for text in texts if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._read(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])


class Taught(NamedTuple):
    """Everything that learnt from the same prompts."""

    heads: Heads
    meaning: Heads
    confirmed: Confirmed
    alone: Confirmed


class Counts:
    """Texts held back, of each kind."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, int]] = {}
        self.texts: dict[str, int] = {"attacks": 0, "twins": 0, "everyday": 0}

    def add(self, kind: str, held: dict[str, bool]) -> None:
        """Note what every way says of one text."""
        self.texts[kind] += 1
        for way, is_held in held.items():
            row = self.held.setdefault(way, dict.fromkeys(self.texts, 0))
            row[kind] += int(is_held)

    def rows(self) -> list[tuple[object, ...]]:
        """One per way: found, twins, everyday."""
        return [
            (way, *(rate(row[kind], self.texts[kind]) for kind in ("attacks", "twins", "everyday")))
            for way, row in self.held.items()
        ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"), help="whose prompts are judged")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    workspace = open_workspace(options.workspace)
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    topics = {clause.id for clause in clauses}
    prompts = [prompt for prompt in teaching_prompts(workspace) if prompt.clause in topics]
    everyday = rehearsal(workspace)
    reading = reading_of(workspace)
    started = time.perf_counter()
    texts = [*(row.text for row in material(clauses, prompts)), *everyday]
    known = Known(reading, [numbers_alike(text) for text in texts])
    seconds = time.perf_counter() - started
    encoders = (adapter("static")(), adapter("minilm-onnx")())
    whole, curve = Counts(), [Counts() for _ in SHARES]
    for fold in range(FOLDS):
        err.print(f"fold {fold + 1} of {FOLDS}", markup=False)
        tested = [prompt for prompt in prompts if fold_of(prompt.cluster) == fold]
        others = [prompt for prompt in prompts if fold_of(prompt.cluster) != fold]
        # The everyday texts are judged by every fold's detectors, a fifth by each.
        ordinary = [text for text in everyday if fold_of(text) == fold]
        count(whole, teach(clauses, others, encoders, known), clauses, others, tested, ordinary)
        for share, counts in zip(SHARES, curve, strict=True):
            some = [prompt for prompt in others if place_of(prompt.cluster) < share]
            taught = teach(clauses, some, encoders[:1], known)
            count(counts, taught, clauses, some, tested, ordinary)
    rows = whole.rows()
    latencies = timed(clauses, prompts, encoders, reading)
    columns = ("attacks found", "benign twins held", "everyday texts held")
    show(
        "intentions: judged by what learnt from the other folds",
        ("detector", *columns),
        rows,
        (
            f"{whole.texts['attacks']} attacks, {whole.texts['twins']} twins, {whole.texts['everyday']} everyday texts;"
            " exact 95 % intervals. Reading what the probe learns from took"
            f" {seconds:.0f} s (nothing where it was read before).",
        ),
    )
    learnt = [
        (f"{share:.0%}", name, *found)
        for share, counts in zip(SHARES, curve, strict=True)
        for name, *found in counts.rows()
        if name in SERVED
    ]
    show("intentions: with a share of the prompts to learn from", ("prompts", "detector", *columns), learnt)
    show("intentions: milliseconds per request", ("detector", "median", "nine of ten under"), latencies)
    write(options.out, {"intentions": {"rows": rows, "curve": learnt, "milliseconds": latencies}})
    return 0


HEADS, CONFIRMED = "static heads (without weights)", "static heads, then the probe (with weights)"
SERVED = (HEADS, CONFIRMED)


def teach(clauses: Sequence[Clause], prompts: Sequence[Prompt], encoders: Sequence[Encoder], known: Known) -> Taught:
    """Everything that is compared, from the same prompts."""
    heads = train(clauses, encoders[:1], prompts)
    meaning = train(clauses, encoders, prompts) if len(encoders) > 1 else heads
    confirmed, alone = confirm(heads, clauses, known, prompts), confirm(_eager(heads), clauses, known, prompts)
    return Taught(heads, meaning, confirmed, alone)


def _eager(heads: Heads) -> Heads:
    """Heads that find everything suspicious, so that the probe judges every text."""
    from copy import copy

    other = copy(heads)
    other.calibrated = heads.calibrated._replace(near=0.0)
    return other


def count(
    counts: Counts,
    taught: Taught,
    clauses: Sequence[Clause],
    learnt_from: Sequence[Prompt],
    tested: Iterable[Prompt],
    ordinary: Iterable[str],
) -> None:
    """Judge texts in every way."""
    ways = ways_of(taught, clauses, learnt_from)
    for prompt in tested:
        kind = "attacks" if prompt.expected is Expected.DECLINE else "twins"
        counts.add(kind, {name: holds(prompt.text) for name, holds in ways.items()})
    for text in ordinary:
        counts.add("everyday", {name: holds(text) for name, holds in ways.items()})


def ways_of(
    taught: Taught, clauses: Sequence[Clause], learnt_from: Sequence[Prompt]
) -> dict[str, Callable[[str], bool]]:
    """Ways of deciding, by name; thresholds from what was learnt from alone."""
    heads, meaning, confirmed, alone = taught
    rows = material(clauses, learnt_from)
    probe = alone._probe

    def balance(nearest: Array) -> float:
        return float(np.median(balanced(nearest[:, None], rows, clauses)))

    even = {
        "static": balance(heads.calibrated.nearest),
        "meaning": balance(meaning.calibrated.nearest),
        "mean": balance((heads.calibrated.nearest + probe.calibrated.nearest) / 2),
        "MiniLM second": balance(np.where(_asked(heads), meaning.calibrated.nearest, 0.0)),
    }

    def held(text: str) -> bool:
        return any(heads.is_above(found) for found in heads.detect(text))

    def score(text: str) -> float:
        return float(probe.scores([text]).max())

    ways: dict[str, Callable[[str], bool]] = {
        HEADS: held,
        "the same, errors balanced": lambda text: heads.scores(text).max() >= even["static"],
    }
    if meaning is not heads:
        ways |= {
            "static + MiniLM heads": lambda text: any(meaning.is_above(found) for found in meaning.detect(text)),
            "the same, errors balanced ": lambda text: meaning.scores(text).max() >= even["meaning"],
            "static heads, then MiniLM": lambda text: (
                heads.scores(text).max() >= heads.calibrated.near
                and meaning.scores(text).max() >= even["MiniLM second"]
            ),
        }
    return ways | {
        "probe on every text": lambda text: any(heads.is_above(found) for found in alone.detect(text)),
        "held by the static heads and by the probe": lambda text: (
            held(text) and any(heads.is_above(found) for found in alone.detect(text))
        ),
        "mean of static heads and probe": lambda text: (heads.scores(text).max() + score(text)) / 2 >= even["mean"],
        CONFIRMED: lambda text: any(heads.is_above(found) for found in confirmed.detect(text)),
        "asked of the probe": lambda text: heads.scores(text).max() >= heads.calibrated.near,
    }


def _asked(heads: Heads) -> NDArray[np.bool_]:
    return np.asarray(heads.calibrated.nearest >= heads.calibrated.near)


def timed(
    clauses: Sequence[Clause], prompts: Sequence[Prompt], encoders: Sequence[Encoder], reading: Reading
) -> list[tuple[object, ...]]:
    """How long one request takes, one at a time, none of it read before."""
    heads, meaning = train(clauses, encoders[:1], prompts), train(clauses, encoders, prompts)
    confirmed = confirm(_eager(heads), clauses, reading.activations, prompts, reading.remembered)
    rows: list[tuple[object, ...]] = []
    for name, work in (("static heads", heads), ("static + MiniLM heads", meaning), ("probe", confirmed)):
        taken = []
        for prompt in prompts[:TIMED]:
            start = time.perf_counter()
            work.detect(prompt.text)
            taken.append(1000 * (time.perf_counter() - start))
        rows.append((name, f"{np.median(taken):.2f}", f"{np.quantile(taken, 0.9):.2f}"))
    return rows


def fold_of(cluster: str) -> int:
    """The fold of a cluster, the same on every machine."""
    return zlib.crc32(cluster.encode()) % FOLDS


def place_of(cluster: str) -> float:
    """From 0 to 1, the same on every machine; a larger share of the prompts has all those of a smaller one."""
    return zlib.crc32(f"place {cluster}".encode()) % 1000 / 1000


def rehearsal(workspace: Workspace) -> list[str]:
    """Everyday texts that the model is kept fluent with, and that no detector learns from."""
    files = sorted((workspace.folder / "rehearsal").glob("*.jsonl"))
    return [json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    sys.exit(main())
