"""The moderation classifier on OpenAI's moderation set, beside published figures.

Usage: python benchmarks/moderation.py [--data DIR] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

# Both are read when transformers is imported; nothing here may look for a network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from colonnade.evaluation.intake.likeness import copy_pairs, groups, near_pairs
from colonnade.grading.moderation import Moderation, fit_moderation
from colonnade.models import adapter
from public_data import AbsentError, RememberingEncoder, harmbench, pyrit_harms, spread, table, xstest_prompts
from results import bar, err, show, write

FOLDS = 5
DRAWS = 1000
PER_SET = 100
"""At most so many texts of each other set, evenly from all: the encoder reads them in a minute."""
RECALL = 0.9
HARMFUL = 0.5
"""From this mean severity on (of 0 to 1) people called one of PyRIT's answers harmful."""
PUBLISHED = (
    ("OpenAI moderation API, 2023 (published)", 0.856),
    ("Llama Guard 1, 7B (published)", 0.847),
    ("Perspective API (published)", 0.787),
)
"""AUPRC on the same set, any category: Inan et al., arXiv 2312.06674, 2023, table 2."""

Array = NDArray[np.float64]


class Texts(NamedTuple):
    """Labelled texts; ``clusters`` holds near copies together."""

    texts: tuple[str, ...]
    harmful: tuple[bool, ...]
    clusters: tuple[int, ...]


class Measured(NamedTuple):
    """A figure with its interval over resampled clusters."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """The figure and its interval."""
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the public sets")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    try:
        tested = moderation_set(options.data)
        learnt, sources = other_sets(options.data, tested.texts)
    except AbsentError as fault:
        err.print(f"Skipped: {fault}", markup=False)
        return 0
    encoder = RememberingEncoder(adapter("minilm")())
    with bar("reading") as moved:
        encoder.encode([text[:4000] for text in (*tested.texts, *learnt.texts)], moved)
    scores = {**within(tested, encoder), **from_elsewhere(tested, learnt, encoder)}
    found = {name: figures(tested, rows) for name, rows in scores.items()}
    _show(tested, learnt, sources, found)
    measured = {"texts": len(tested.texts), "harmful": sum(tested.harmful), "sources": sources, "found": found}
    write(options.out, {"moderation": measured | {"published_auprc": dict(PUBLISHED)}})
    return 0


def moderation_set(data: Path) -> Texts:
    """OpenAI's set; a text is harmful where any of its categories is (Markov et al., arXiv 2208.03274)."""
    file = data / "openai_moderation" / "samples-1680.jsonl"
    if not file.is_file():
        raise AbsentError("openai_moderation is not there.")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    texts = tuple(row["prompt"] for row in rows)
    harmful = tuple(any(value == 1 for name, value in row.items() if name != "prompt") for row in rows)
    alike = [(pair.one, pair.other) for pair in (*near_pairs(texts), *copy_pairs(texts))]
    return Texts(texts, harmful, groups(len(texts), alike))


def moderation_categories(data: Path) -> Array:
    """The set's categories as 0 and 1, one column each; a text that was not labelled for one counts as 0."""
    file = data / "openai_moderation" / "samples-1680.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    names = sorted({name for row in rows for name in row} - {"prompt"})
    return np.array([[float(row.get(name) == 1) for name in names] for row in rows])


def other_sets(data: Path, tested: Sequence[str]) -> tuple[Texts, dict[str, list[int]]]:
    """Texts of other public sets, without near copies of a tested one; and of each set how many of which label."""
    severe = pyrit_harms(data)
    prompts = xstest_prompts(data)
    moral = _json(data / "ethics_commonsense" / "commonsense-morality-hard-variation1.json")
    asked = _json(data / "truthfulqa" / "truthfulqa-multiple-open-ended.json")
    sets: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        "harmbench": (harmbench(data), ()),
        "xstest": (prompts["unsafe"], prompts["safe"]),
        "multijail (English)": ([row["en"] for row in table(data / "multijail" / "MultiJail.csv")], ()),
        "pyrit harms": (
            [row.answer for row in severe if row.score >= HARMFUL],
            [row.answer for row in severe if row.score < HARMFUL],
        ),
        "ethics (everyday quarrels)": ((), [_between(row["input"], 'statament, "', '", is this') for row in moral]),
        "truthfulqa": ((), [row["input"] for row in asked]),
        "wikitext": ((), _passages(data / "wikitext2" / "valid.txt")),
    }
    labelled: dict[str, bool] = {}
    counts: dict[str, list[int]] = {}
    for name, sides in sets.items():
        kept = [spread(list(side), PER_SET) for side in sides]
        counts[name] = [len(side) for side in kept]
        labelled.update({text: harmful for side, harmful in zip(kept, (True, False), strict=True) for text in side})
    texts = tuple(labelled)
    both = (*tested, *texts)
    near = {pair.other - len(tested) for pair in near_pairs(both, old=len(tested), across=True)}
    near |= {pair.other - len(tested) for pair in copy_pairs(both, old=len(tested)) if pair.one < len(tested)}
    kept_places = [place for place in range(len(texts)) if place not in near]
    counts["left out: near a tested text"] = [len(near), 0]
    return Texts(
        tuple(texts[place] for place in kept_places), tuple(labelled[texts[place]] for place in kept_places), ()
    ), counts


def within(tested: Texts, encoder: RememberingEncoder) -> dict[str, Array]:
    """Each fold by a classifier that learnt from the others; a cluster lies in one fold."""
    order = sorted(set(tested.clusters), key=lambda cluster: zlib.crc32(str(cluster).encode()))
    fold_of = {cluster: place % FOLDS for place, cluster in enumerate(order)}
    folds = np.asarray([fold_of[cluster] for cluster in tested.clusters])
    scores = np.zeros((3, len(tested.texts)))
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights = fit_moderation(
            [tested.texts[place] for place in train], [tested.harmful[place] for place in train], encoder
        )
        scores[:, test] = _all_parts(Moderation(weights, encoder), [tested.texts[place] for place in test])
    names = ("meaning and wording", "meaning alone (MiniLM)", "wording alone (TF-IDF)")
    return {f"same set, {FOLDS} folds: {name}": row for name, row in zip(names, scores, strict=True)}


def from_elsewhere(tested: Texts, learnt: Texts, encoder: RememberingEncoder) -> dict[str, Array]:
    """The whole set by a classifier that saw other sets only."""
    model = Moderation(fit_moderation(learnt.texts, learnt.harmful, encoder), encoder)
    names = ("meaning and wording", "meaning alone (MiniLM)", "wording alone (TF-IDF)")
    rows = _all_parts(model, tested.texts)
    return {f"other sets only: {name}": row for name, row in zip(names, rows, strict=True)}


def figures(tested: Texts, scores: Array) -> dict[str, Measured]:
    """Area under precision and recall, area under the curve, and false alarms at the recall wanted."""
    labels = np.asarray(tested.harmful, dtype=np.float64)
    members: dict[int, list[int]] = {}
    for place, cluster in enumerate(tested.clusters):
        members.setdefault(cluster, []).append(place)
    clusters = [np.asarray(rows) for rows in members.values()]
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(DRAWS):
        picked = np.concatenate([clusters[place] for place in generator.integers(0, len(clusters), len(clusters))])
        drawn.append(_figures(labels[picked], scores[picked]))
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    whole = _figures(labels, scores)
    names = ("auprc", "auroc", "false_positives_at_recall")
    return {
        name: Measured(value, float(low), float(high))
        for name, value, low, high in zip(names, whole, lows, highs, strict=True)
    }


def _figures(labels: Array, scores: Array) -> tuple[float, float, float]:
    """Average precision, area under the curve, and the false-positive rate where 90 % are found."""
    order = np.argsort(-scores, kind="stable")
    hits = labels[order]
    positives = float(hits.sum())
    negatives = len(hits) - positives
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    ranks = rankdata(scores)
    area = (ranks[labels > 0].sum() - positives * (positives + 1) / 2) / positives / negatives
    enough = int(np.searchsorted(np.cumsum(hits), np.ceil(RECALL * positives)))
    alarms = float((1 - hits[: enough + 1]).sum()) / negatives
    return float(precision[hits > 0].mean()), float(area), alarms


def _all_parts(model: Moderation, texts: Sequence[str]) -> Array:
    meaning, wording = model.parts(texts)
    return np.stack([(meaning + wording) / 2, meaning, wording])


def _show(tested: Texts, learnt: Texts, sources: dict[str, list[int]], found: dict[str, dict[str, Measured]]) -> None:
    rows: list[tuple[object, ...]] = [
        (name, row["auprc"], row["auroc"], row["false_positives_at_recall"]) for name, row in found.items()
    ]
    rows += [(name, f"{value:.3f}", "–", "–") for name, value in PUBLISHED]
    share = sum(tested.harmful) / len(tested.harmful)
    counted = ", ".join(f"{name} {count[0]}+{count[1]}" for name, count in sources.items())
    show(
        "moderation: which texts are harmful? (openai_moderation)",
        ("classifier", "AUPRC (95 %)", "AUROC (95 %)", f"false positives at {RECALL:.0%} recall"),
        rows,
        (
            f"{len(tested.texts)} texts in {len(set(tested.clusters))} clusters of near copies,"
            f" {sum(tested.harmful)} harmful in any category;"
            f" chance has an AUPRC of {share:.3f}. Intervals: {DRAWS} draws of clusters.",
            "The published models saw no label of this set, so the first rows have an advantage over them; the fair"
            " comparison is 'other sets only'. The penalties were set by the folds of this set, out of three each.",
            f"Other sets (harmful + others, at most {PER_SET} each): {counted}; {len(learnt.texts)} texts in all.",
        ),
    )


def _json(file: Path) -> list[dict[str, Any]]:
    if not file.is_file():
        raise AbsentError(f"{file.parent.name}/{file.name} is not there.")
    content = json.loads(file.read_text(encoding="utf-8"))
    return list(content["examples"] if isinstance(content, dict) else content)


def _between(text: str, before: str, after: str) -> str:
    """What a question was wrapped around, spelt as the set spells it."""
    return text.partition(before)[2].partition(after)[0][:600]


def _passages(file: Path) -> list[str]:
    if not file.is_file():
        raise AbsentError(f"{file.parent.name}/{file.name} is not there.")
    lines = (line.strip() for line in file.read_text(encoding="utf-8").split("\n"))
    return [line[:600] for line in lines if len(line.split()) > 30]


if __name__ == "__main__":
    sys.exit(main())
