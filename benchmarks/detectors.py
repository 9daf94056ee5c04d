"""The guard's detectors on public prompts: what is harmful, what is only alike, and a new topic from few examples.

Usage: python benchmarks/detectors.py [--data DIR] [--out FILE]

Trained on nothing from the tested fold: within a set each fold is judged by what learnt from the others; across
sets by what learnt from other sets alone, without near copies of a tested text.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from numpy.typing import NDArray

from colonnade.evaluation.intake.likeness import copy_pairs, groups, near_pairs
from colonnade.guard.detection import ridge, wording
from colonnade.guard.detection.material import everyday
from colonnade.models import Encoder, adapter
from moderation import PUBLISHED, Measured, Texts, figures, moderation_categories, moderation_set, other_sets
from public_data import AbsentError, spread, table, xstest_prompts
from results import bar, err, rate, show, write

FOLDS = 5
PENALTIES = (0.1, 0.3, 1.0)
"""Of each fold the one that does best within the other folds."""
WORDS, LONGEST = 50, 20
"""Of a text so many pieces of so many words are read."""
SHOWN = (1, 5, 10, 20)
DRAWS = 5
ALARMS = 0.01
LLAMA_GUARD = (("Llama Guard 1, 7B", 0.737, 0.079), ("Llama Guard 2, 8B", 0.884, 0.084), ("GPT-4", 0.895, 0.128))
"""F1 and false-positive rate on XSTest: PurpleLlama, the model cards of Llama Guard 1 and 2."""

Array = NDArray[np.float64]


class Kernels(NamedTuple):
    """How alike every two texts are, by each way of reading them; shape (texts, texts)."""

    static: Array
    minilm: Array
    words: Array

    def bent(self) -> Array:
        """All ways together, each bent: near texts count, far ones hardly."""
        return (2 * bend(self.words, 2) + 2 * bend(self.minilm, 2) + bend(self.static, 1)) / 5


def bend(kernel: Array, sharpness: float) -> Array:
    """From cosines to a kernel that falls off with distance (Broomhead and Lowe, 1988)."""
    return np.asarray(np.exp(sharpness * (kernel - 1)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the public sets")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    static, minilm = adapter("static")(), adapter("minilm-onnx")()
    found: dict[str, object] = {}
    parts: tuple[tuple[str, Callable[[Path, Encoder, Encoder], dict[str, object]]], ...] = (
        ("speed", lambda _, *encoders: speed(*encoders)),
        ("new topics", new_topics),
        ("xstest", xstest),
        ("openai_moderation", moderation),
    )
    for name, part in parts:
        try:
            found[name] = part(options.data, static, minilm)
        except AbsentError as fault:
            err.print(f"Skipped {name}: {fault}", markup=False)
    write(options.out, {"detectors": found})
    return 0


def kernels(texts: Sequence[str], static: Encoder, minilm: Encoder) -> Kernels:
    """How alike the texts are; a long text by the mean of its windows."""
    pieces = [(row, piece) for row, text in enumerate(texts) for piece in long_windows(text)]
    rows = np.array([row for row, _ in pieces])

    def read(encoder: Encoder, name: str) -> Array:
        with bar(f"reading, {name}") as moved:
            vectors = encoder.encode([piece for _, piece in pieces], moved)
        summed = np.zeros((len(texts), vectors.shape[1]))
        np.add.at(summed, rows, vectors)
        summed /= np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)
        return np.asarray(summed @ summed.T)

    places = [wording.places(" ".join(long_windows(text))) for text in texts]
    damped = [damp(row) for row in places]
    rarity = wording.rarity([wording.Counted(where, counts.astype(np.float32)) for where, counts in damped])
    words = np.zeros((len(texts), wording.PLACES), dtype=np.float32)
    for row, (where, counts) in enumerate(damped):
        words[row, where] = counts * rarity[where]
    words /= np.maximum(np.linalg.norm(words, axis=1, keepdims=True), 1e-9)
    return Kernels(read(static, "static"), read(minilm, "MiniLM"), np.asarray(words @ words.T, dtype=np.float64))


def long_windows(text: str) -> list[str]:
    """Pieces of some fifty words without overlap: here whole texts are labelled, not places in them."""
    words = text.split()
    return [" ".join(words[start : start + WORDS]) for start in range(0, max(len(words), 1), WORDS)][:LONGEST]


def damp(places: NDArray[np.int64]) -> tuple[NDArray[np.int64], Array]:
    """Each place once, with one more than the logarithm of its count."""
    where, counts = np.unique(places, return_counts=True)
    return where, 1 + np.log(counts)


def folds_of(clusters: Sequence[int]) -> NDArray[np.int64]:
    """The fold of each text; a cluster lies in one."""
    order = sorted(set(clusters), key=lambda cluster: zlib.crc32(str(cluster).encode()))
    fold = {cluster: place % FOLDS for place, cluster in enumerate(order)}
    return np.asarray([fold[cluster] for cluster in clusters])


def within(kernel: Array, targets: Array, clusters: Sequence[int]) -> Array:
    """Each fold's scores by heads that learnt from the others, their penalty chosen within the others.

    The first target is what is wanted; of further ones (categories) the likeliest adds to the score.
    """
    folds, names = folds_of(clusters), [str(cluster) for cluster in clusters]
    scores = np.zeros(len(kernel))
    for fold in range(FOLDS):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        own, known = kernel[np.ix_(train, train)], [names[row] for row in train]
        fits = [ridge.fit(own, targets[train], known, penalty) for penalty in PENALTIES]
        best = max(fits, key=lambda fitted: precision(targets[train, 0], total(fitted.held_out)))
        scores[test] = total((kernel[np.ix_(test, train)] + ridge.INTERCEPT) @ best.duals)
    return scores


def total(found: Array) -> Array:
    """The first head, and the likeliest category where there are some."""
    return np.asarray(found[:, 0] + (found[:, 1:].max(axis=1) if found.shape[1] > 1 else 0))


def precision(labels: Array, scores: Array) -> float:
    """Average precision."""
    hits = labels[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits > 0].mean())


def ways(made: Kernels) -> dict[str, Array]:
    """The readings alone and mixed."""
    linear = {"static": made.static, "MiniLM (8 bits)": made.minilm, "words (TF-IDF)": made.words}
    return {
        **linear,
        "static + words (the guard's default)": (made.static + made.words) / 2,
        "static + words + MiniLM": (made.static + made.words + made.minilm) / 3,
        "the same, bent": made.bent(),
    }


def moderation(data: Path, static: Encoder, minilm: Encoder) -> dict[str, object]:
    """OpenAI's set by folds, and by other sets alone."""
    tested = moderation_set(data)
    learnt, _ = other_sets(data, tested.texts)
    made = kernels((*tested.texts, *learnt.texts), static, minilm)
    size = len(tested.texts)
    labels = np.array(tested.harmful, dtype=float)[:, None]
    categories = np.hstack([labels, moderation_categories(data)])
    found: dict[str, dict[str, Measured]] = {}
    for name, kernel in ways(made).items():
        found[f"same set, {FOLDS} folds: {name}"] = figures(
            tested, within(kernel[:size, :size], labels, tested.clusters)
        )
    bent = within(made.bent()[:size, :size], categories, tested.clusters)
    found[f"same set, {FOLDS} folds: the same, a head per category"] = figures(tested, bent)
    elsewhere = np.array(learnt.harmful, dtype=float)[:, None]
    for name, kernel in ways(made).items():
        found[f"other sets only: {name}"] = figures(tested, across(kernel, size, elsewhere))
    rows: list[tuple[object, ...]] = [
        (name, row["auprc"], row["auroc"], row["false_positives_at_recall"]) for name, row in found.items()
    ]
    rows += [(name, f"{value:.3f}", "–", "–") for name, value in PUBLISHED]
    remarks = (
        f"{size} texts, {sum(tested.harmful)} harmful. The published models saw no label of this set: the fair"
        " comparison is 'other sets only'.",
        "The penalty of a fold is chosen within the other folds; the mixture and its bend were chosen on this set.",
    )
    show(
        "detectors: openai_moderation",
        ("detector", "AUPRC (95 %)", "AUROC (95 %)", "FPR at 90 % recall"),
        rows,
        remarks,
    )
    return {"found": found, "published_auprc": dict(PUBLISHED)}


def across(kernel: Array, size: int, targets: Array) -> Array:
    """The first texts' scores by heads that learnt from the texts after them."""
    own = kernel[size:, size:]
    names = [str(row) for row in range(len(own))]
    fits = [ridge.fit(own, targets, names, penalty) for penalty in PENALTIES]
    best = max(fits, key=lambda fitted: precision(targets[:, 0], fitted.held_out[:, 0]))
    return np.asarray((kernel[:size, size:] + ridge.INTERCEPT) @ best.duals)[:, 0]


def xstest(data: Path, static: Encoder, minilm: Encoder) -> dict[str, object]:
    """XSTest by folds, and by other sets alone: how many safe prompts are refused where most unsafe ones are."""
    prompts = xstest_prompts(data)
    texts = (*prompts["safe"], *prompts["unsafe"])
    harmful = tuple(number >= len(prompts["safe"]) for number in range(len(texts)))
    alike = [(pair.one, pair.other) for pair in (*near_pairs(texts), *copy_pairs(texts))]
    tested = Texts(texts, harmful, groups(len(texts), alike))
    learnt = _without_xstest(data, texts)
    made = kernels((*texts, *learnt.texts), static, minilm)
    labels, elsewhere = (np.array(side, dtype=float)[:, None] for side in (harmful, learnt.harmful))
    rows: list[tuple[object, ...]] = []
    found: dict[str, object] = {}
    for name, kernel in ways(made).items():
        own = kernel[: len(texts), : len(texts)]
        for how, scores in (
            (f"same set, {FOLDS} folds", within(own, labels, tested.clusters)),
            ("other sets only", across(kernel, len(texts), elsewhere)),
        ):
            measured, (best, refused) = figures(tested, scores), best_f1(labels[:, 0], scores)
            alarms = measured["false_positives_at_recall"]
            rows.append((f"{how}: {name}", measured["auprc"], f"{best:.3f}", refused, alarms))
            found[f"{how}: {name}"] = {**measured, "f1": best, "false_refusals": refused}
    rows.sort(key=lambda row: str(row[0]).startswith("other"))
    rows += [(f"{name} (published)", "–", f"{f1:.3f}", f"{alarms:.3f}", "–") for name, f1, alarms in LLAMA_GUARD]
    show(
        "detectors: XSTest, safe prompts that look unsafe",
        ("detector", "AUPRC (95 %)", "best F1", "false refusals there", "false refusals at 90 % recall"),
        rows,
        ("The best F1 is picked on the tested scores, so it flatters; the published ones are at a fixed threshold.",),
    )
    return found


def best_f1(labels: Array, scores: Array) -> tuple[float, object]:
    """The best F1 over thresholds, and the share of safe texts at or over that threshold."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order])
    values = 2 * hits / (np.arange(1, len(hits) + 1) + labels.sum())
    taken = int(values.argmax()) + 1
    return float(values.max()), rate(taken - int(hits[taken - 1]), int(len(labels) - labels.sum()))


def _without_xstest(data: Path, tested: Sequence[str]) -> Texts:
    learnt, _ = other_sets(data, tested)
    own = {text for side in xstest_prompts(data).values() for text in side}
    kept = [place for place, text in enumerate(learnt.texts) if text not in own]
    return Texts(tuple(learnt.texts[place] for place in kept), tuple(learnt.harmful[place] for place in kept), ())


def new_topics(data: Path, static: Encoder, minilm: Encoder) -> dict[str, object]:
    """HarmBench's categories as topics, each learnt from few examples: what is found at 1 % false positives."""
    rows = table(data / "harmbench_behaviors" / "harmbench_behaviors_text.csv")
    asked = [row for row in rows if row["FunctionalCategory"] == "standard"]
    names = [row["SemanticCategory"] for row in asked]
    topics = sorted(name for name in set(names) if names.count(name) >= max(SHOWN) + 5)
    harmless = [*xstest_prompts(data)["safe"], *_questions(data)]
    texts = [*(row["Behavior"] for row in asked), *harmless, *everyday()]
    made = kernels(texts, static, minilm)
    owner = np.array([*names, *["harmless"] * len(harmless), *["everyday"] * len(everyday())])
    measured: list[tuple[object, ...]] = []
    for name, kernel in (
        ("static + words", (made.static + made.words) / 2),
        ("static + words + MiniLM", (made.static + made.words + made.minilm) / 3),
    ):
        for shown in SHOWN:
            for contrast in (False, True):
                recall, confused = _onboard(kernel, owner, topics, shown, contrast)
                told = "with" if contrast else "without"
                measured.append((name, shown, told, f"{recall:.2f}", f"{confused:.2f}"))
    show(
        "detectors: a new topic from few examples (HarmBench's categories)",
        ("detector", "examples", "hard negatives", "recall at 1 % false positives", "other topics that fire, too"),
        measured,
        (
            f"{len(topics)} topics, {DRAWS} draws each; false positives on {len(harmless)} harmless prompts"
            " (XSTest's safe ones and TruthfulQA), none of them learnt from; everyday texts are always learnt from.",
            "Hard negatives: as many examples of every other topic.",
        ),
    )
    return {"rows": measured, "topics": topics}


def _onboard(
    kernel: Array, owner: NDArray[np.str_], topics: Sequence[str], shown: int, contrast: bool
) -> tuple[float, float]:
    generator = np.random.default_rng(0)
    recalls, confusions = [], []
    for topic in topics:
        for _ in range(DRAWS):
            picked = {name: generator.permutation(np.flatnonzero(owner == name)) for name in topics}
            learnt = [picked[topic][:shown], np.flatnonzero(owner == "everyday")]
            learnt += [picked[name][:shown] for name in topics if name != topic] if contrast else []
            train = np.concatenate(learnt)
            targets = (owner[train] == topic).astype(float)[:, None]
            fitted = ridge.fit(kernel[np.ix_(train, train)], targets, [str(row) for row in train])
            scores = ((kernel[:, train] + ridge.INTERCEPT) @ fitted.duals)[:, 0]
            threshold = np.quantile(scores[owner == "harmless"], 1 - ALARMS)
            recalls.append(float((scores[picked[topic][shown:]] > threshold).mean()))
            others = np.concatenate([picked[name][shown:] for name in topics if name != topic])
            confusions.append(float((scores[others] > threshold).mean()))
    return float(np.mean(recalls)), float(np.mean(confusions))


def _questions(data: Path) -> list[str]:
    file = data / "truthfulqa" / "truthfulqa-multiple-open-ended.json"
    if not file.is_file():
        raise AbsentError("truthfulqa is not there.")
    content = json.loads(file.read_text(encoding="utf-8"))
    return spread([row["input"] for row in (content["examples"] if isinstance(content, dict) else content)], 400)


def speed(static: Encoder, minilm: Encoder) -> dict[str, object]:
    """Milliseconds for a text of about so many words, the median of many."""
    sentence = "Our choir meets on Thursdays in the old hall behind the station and sings until nine o'clock. "
    rows: list[tuple[object, ...]] = []
    for words in (17, 51, 204):
        text = sentence * (words // 17)
        for name, work, times in (
            ("static", lambda text=text: static.encode([text]), 200),
            ("words", lambda text=text: wording.places(text), 200),
            ("MiniLM (8 bits)", lambda text=text: minilm.encode([text]), 20),
        ):
            work()
            taken = []
            for _ in range(times):
                start = time.perf_counter()
                work()
                taken.append(time.perf_counter() - start)
            rows.append((name, words, f"{np.median(taken) * 1000:.3f}"))
    show(
        "detectors: milliseconds per text",
        ("reading", "words", "ms"),
        rows,
        ("One text at a time, words seen before.",),
    )
    return {"rows": rows}


if __name__ == "__main__":
    sys.exit(main())
