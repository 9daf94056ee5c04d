"""A linear probe on the served model's own activations: what goes too far? Beside an encoder of sentences.

Usage: python benchmarks/probe.py [--data DIR] [--workspace DIR] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Both are read when transformers is imported; nothing here may look for a network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
from numpy.typing import NDArray

from colonnade.guard import topic_clauses
from colonnade.guard.detection import ridge
from colonnade.guard.detection.material import material
from colonnade.guard.detection.probe import scale_of
from colonnade.models import adapter
from colonnade.models.activations import POOLINGS, every_place
from colonnade.models.local import converted_weights, load
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import teaching_prompts
from colonnade.records import Prompt, Split
from moderation import Measured, Texts, figures
from public_data import AbsentError, table
from results import bar, err, rate, show, write

FOLDS = 5
PENALTIES = (0.1, 0.3, 1.0)
FIRST, STEP = 8, 2
"""From this layer on every other one is looked at; the first few know words, and hardly what is asked."""
EARLIER = 0.891
"""A first measurement on the same prompts: layer 20, last token, chosen on the folds that it was scored on."""

Array = NDArray[np.float64]


class Views(NamedTuple):
    """The same texts, seen in several ways to choose from: their names, and shape (views, texts, dimensions)."""

    names: tuple[str, ...]
    vectors: NDArray[np.float32]

    def of(self, places: NDArray[np.intp]) -> Views:
        """The same views of some of the texts."""
        return Views(self.names, self.vectors[:, places])


class Learnt(NamedTuple):
    """What a head says of texts it did not learn from, and the view and penalty that it was chosen with."""

    scores: Array
    view: str
    penalty: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the public sets")
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"), help="whose examples teach")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    try:
        rows = table(options.data / "xstest_v2" / "xstest_prompts.csv")
    except AbsentError as fault:
        err.print(f"Skipped: {fault}", markup=False)
        return 0
    workspace = open_workspace(options.workspace)
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    prompts = [prompt for prompt in teaching_prompts(workspace) if prompt.clause in {clause.id for clause in clauses}]
    training = [prompt for prompt in prompts if prompt.split is Split.TRAINING]
    development = [prompt for prompt in prompts if prompt.split is Split.DEVELOPMENT]
    # Every text once, by what is learnt from it: the public set, examples, both splits of prompts.
    public = Texts(
        tuple(row["prompt"] for row in rows),
        tuple(row["label"] == "unsafe" for row in rows),
        tuple(range(len(rows))),
    )
    written = material(clauses, ())
    taught = material(clauses, training)
    everything = material(clauses, prompts)
    held_out = _texts(development)
    texts = list(dict.fromkeys((*public.texts, *(row.text for row in everything), *held_out.texts)))
    started = time.monotonic()
    views = see(texts, workspace.launch.model.system)
    seconds = time.monotonic() - started
    place = {text: row for row, text in enumerate(texts)}

    def pick(chosen: Sequence[str], seen: Views) -> Views:
        return seen.of(np.array([place[text] for text in chosen]))

    kinds = [_family(row["type"]) for row in rows]
    measured: dict[str, dict[str, tuple[dict[str, Measured], tuple[str, ...]]]] = {}
    scores_within: dict[str, Array] = {}
    for name, seen in views.items():
        err.print(f"learning from {name}", markup=False)
        own = pick(public.texts, seen)
        for title, folds in (("5 folds", _spread(public.harmful)), ("kinds held out", _kind_folds(kinds))):
            scores, chosen = nested(own, public.harmful, folds)
            measured.setdefault(f"XSTest, {title}", {})[name] = (figures(public, scores), chosen)
            scores_within[f"{title}/{name}"] = scores
        for title, teaching, tested in (
            ("clauses' examples -> development prompts", written, held_out),
            ("examples and training prompts -> development prompts", taught, held_out),
            ("examples and all prompts -> XSTest", everything, public),
        ):
            found = learn(
                pick([row.text for row in teaching], seen),
                [row.above for row in teaching],
                [row.cluster for row in teaching],
                pick(tested.texts, seen),
            )
            measured.setdefault(title, {})[name] = (figures(tested, found.scores), (_named(found),))
            scores_within[f"{title}/{name}"] = found.scores
        found = learn(own, public.harmful, [str(row) for row in range(len(rows))], pick(held_out.texts, seen))
        measured.setdefault("XSTest -> development prompts", {})[name] = (
            figures(held_out, found.scores),
            (_named(found),),
        )
        scores_within[f"XSTest -> development prompts/{name}"] = found.scores
    pairs = {key: _pairs_right(development, scores) for key, scores in scores_within.items() if "-> development" in key}
    _show(measured, public, held_out, len(written), len(everything), seconds, pairs)
    plain = {
        title: {name: {"figures": row, "chosen": chosen} for name, (row, chosen) in rows_.items()}
        for title, rows_ in measured.items()
    }
    write(options.out, {"probe": {"found": plain, "pairs": pairs, "seconds": seconds, "texts": len(texts)}})
    return 0


def see(texts: Sequence[str], system: str) -> dict[str, Views]:
    """Every layer of the served model, and the encoder of sentences."""
    loaded = load(converted_weights())
    layers = range(FIRST, loaded.model.config.num_hidden_layers, STEP)
    with bar("reading with the served model") as moved:
        found = every_place(loaded, system, texts, layers, moved)
    names = tuple(f"layer {layer}, {pooling}" for layer in layers for pooling in POOLINGS)
    flat = found.transpose(1, 2, 0, 3).reshape(len(names), len(texts), -1)
    encoder = adapter("minilm")()
    with bar("reading with MiniLM") as moved:
        return {
            "activations": Views(names, flat),
            "MiniLM": Views(("embedding",), encoder.encode(texts, moved)[None]),
        }


def nested(views: Views, labels: Sequence[bool], folds: NDArray[np.intp]) -> tuple[Array, tuple[str, ...]]:
    """Each fold scored by a head that saw the others only; view and penalty are chosen inside those others."""
    scores = np.zeros(len(labels))
    chosen = []
    for fold in range(folds.max() + 1):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        inner = [str(place) for place in train]
        found = learn(views.of(train), [labels[place] for place in train], inner, views.of(test))
        scores[test] = found.scores
        chosen.append(_named(found))
    return scores, tuple(chosen)


def learn(taught: Views, labels: Sequence[bool], clusters: Sequence[str], tested: Views) -> Learnt:
    """The head whose held-out answers on what it learns from are best, view by view, and what it says of other texts.

    Held out is a cluster at a time, in closed form; the tested texts have no part in the choice.
    """
    wanted = np.asarray(labels, dtype=np.float64)
    best: tuple[float, int, float] = (-1.0, 0, PENALTIES[0])
    for view in range(len(taught.names)):
        scaled = scale_of(taught.vectors[view])(taught.vectors[view])
        kernel = scaled @ scaled.T
        for penalty in PENALTIES:
            fitted = ridge.fit(kernel, wanted[:, None], clusters, penalty)
            precision = average_precision(wanted, fitted.held_out[:, 0])
            best = max(best, (precision, view, penalty), key=lambda row: row[0])
    _, view, penalty = best
    scale = scale_of(taught.vectors[view])
    scaled = scale(taught.vectors[view])
    duals = ridge.fit(scaled @ scaled.T, wanted[:, None], clusters, penalty).duals[:, 0]
    outputs = scale(tested.vectors[view]) @ (scaled.T @ duals) + ridge.INTERCEPT * duals.sum()
    return Learnt(outputs, taught.names[view], penalty)


def average_precision(labels: Array, scores: Array) -> float:
    """Area under precision and recall, by steps."""
    hits = labels[np.argsort(-scores, kind="stable")] > 0
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def _texts(prompts: Sequence[Prompt]) -> Texts:
    clusters = {name: place for place, name in enumerate(dict.fromkeys(prompt.cluster for prompt in prompts))}
    return Texts(
        tuple(prompt.text for prompt in prompts),
        tuple(prompt.expected == "decline" for prompt in prompts),
        tuple(clusters[prompt.cluster] for prompt in prompts),
    )


def _pairs_right(prompts: Sequence[Prompt], scores: Array) -> str:
    """Of the requests with a twin, the share scored above it: chance is a half."""
    by_cluster: dict[str, dict[bool, float]] = {}
    for prompt, score in zip(prompts, scores, strict=True):
        by_cluster.setdefault(prompt.cluster, {})[prompt.expected == "decline"] = float(score)
    pairs = [sides for sides in by_cluster.values() if len(sides) == 2]
    return str(rate(sum(sides[True] > sides[False] for sides in pairs), len(pairs)))


def _spread(labels: Sequence[bool]) -> NDArray[np.intp]:
    """Folds with as many of each label, drawn once."""
    generator, folds = np.random.default_rng(0), np.zeros(len(labels), dtype=np.intp)
    for label in (True, False):
        rows = generator.permutation(np.flatnonzero(np.asarray(labels) == label))
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def _family(kind: str) -> str:
    """A kind of prompt with its contrast: they are about the same words."""
    name = kind.removeprefix("contrast_")
    return "discr" if "discr" in name else "privacy" if name.startswith("privacy") else name


def _kind_folds(kinds: Sequence[str]) -> NDArray[np.intp]:
    names = sorted(set(kinds))
    return np.array([names.index(kind) for kind in kinds])


def _named(found: Learnt) -> str:
    return f"{found.view}, penalty {found.penalty:g}"


def _show(
    measured: dict[str, dict[str, tuple[dict[str, Measured], tuple[str, ...]]]],
    public: Texts,
    held_out: Texts,
    written: int,
    everything: int,
    seconds: float,
    pairs: dict[str, str],
) -> None:
    rows: list[tuple[object, ...]] = []
    for title, by_name in measured.items():
        for name, (row, chosen) in by_name.items():
            usual = max(set(chosen), key=chosen.count)
            right = pairs.get(f"{title}/{name}", "–")
            rows.append((title, name, row["auprc"], row["auroc"], row["false_positives_at_recall"], right, usual))
    rows.append(
        ("XSTest, 5 folds (an earlier note)", "activations", f"{EARLIER:.3f}", "0.916", "–", "–", "layer 20, last")
    )
    show(
        "probe: which requests go too far?",
        (
            "learnt from",
            "seen by",
            "AUPRC (95 %)",
            "AUROC (95 %)",
            "false positives at 90 %",
            "pairs right",
            "chosen most",
        ),
        rows,
        (
            f"XSTest: {len(public.texts)} prompts, {sum(public.harmful)} unsafe: chance has an AUPRC of"
            f" {sum(public.harmful) / len(public.texts):.3f}. Development: {len(held_out.texts)} prompts,"
            f" {sum(held_out.harmful)} violating.",
            "Layer, vector and penalty are chosen inside what is learnt from, by held-out answers there; intervals are"
            " over resampled prompts, or pairs of them. The earlier note chose its layer on the folds that scored it.",
            f"Learnt from {written} examples and everyday texts of the clauses; {everything} with all prompts."
            f" Reading all layers took {seconds:.0f} s.",
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
