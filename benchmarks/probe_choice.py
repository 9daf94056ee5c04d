"""What the probe is worth when layer, vector, kernel and penalty are chosen where the test has no part.

Usage: python benchmarks/probe_choice.py [--workspace DIR] [--vectors FILE] [--out FILE]

Outer folds as in ``intentions.py``: each fifth of the training and development prompts is judged by what learnt from
the others. Inside the others every choice is judged by held-out answers, a cluster at a time; the best is the one that
puts most pairs of an attack and a harmless text in the right order, of those that the static heads suspect. The search
begins at linear heads with the penalty of the static ones: first layer and vector, then kernel and penalty, then
layer and vector again. Thresholds come from inside, too. Beside it stands the choice that is built in.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from colonnade.guard import topic_clauses
from colonnade.guard.detection import Heads, probe, ridge, train
from colonnade.guard.detection.heads import TOPIC_SHARE
from colonnade.guard.detection.material import Labelled, material
from colonnade.guard.detection.thresholds import balanced
from colonnade.guard.detection.wording import numbers_alike
from colonnade.models import adapter
from colonnade.pipeline import open_workspace
from colonnade.pipeline.detection import teaching_prompts
from colonnade.records import Clause, Expected, Prompt
from intentions import FOLDS, fold_of, rehearsal
from results import bar, err, rate, show, write

LAYERS = (8, 10, 12, 14, 16, 18, 20, 22)
VECTORS = ("last", "mean")
SHARPNESS = (0.0, 1.0, 2.0, 3.0)
"""0 stands for heads that are linear."""
PENALTIES = (0.05, 0.1, 0.2, 0.6)
BATCH = 16

Array = NDArray[np.float64]


class Choice(NamedTuple):
    """One way of making the probe."""

    layer: int
    vector: str
    sharpness: float
    penalty: float

    def __str__(self) -> str:
        bent = f"sharpness {self.sharpness:g}" if self.sharpness else "linear"
        return f"layer {self.layer}, {self.vector}, {bent}, penalty {self.penalty:g}"


BUILT_IN = Choice(16, "mean", probe.SHARPNESS, probe.PENALTY)
BEGIN = Choice(LAYERS[0], "mean", 0.0, ridge.PENALTY)


class Answers(NamedTuple):
    """What a choice holds of the tested texts, and how well it orders what it learns from, held out."""

    held: NDArray[np.bool_]
    inside: float


class Fold(NamedTuple):
    """What one fold is judged with: the rows to learn from, the texts to judge, and whom the heads suspect."""

    rows: tuple[Labelled, ...]
    asked: NDArray[np.bool_]
    texts: list[str]
    kinds: list[str]
    suspected: NDArray[np.bool_]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"), help="whose prompts are judged")
    parser.add_argument("--vectors", type=Path, help="keep what was read in this file, and read it from there again")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    workspace = open_workspace(options.workspace)
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    topics = {clause.id for clause in clauses}
    prompts = [prompt for prompt in teaching_prompts(workspace) if prompt.clause in topics]
    everyday = rehearsal(workspace)
    texts = [*(row.text for row in material(clauses, prompts)), *everyday]
    seen = Seen(list(dict.fromkeys(map(numbers_alike, texts))), workspace.launch.model.system, options.vectors)
    kinds, chosen, nested, built_in = list[str](), list[Choice](), list[bool](), list[bool]()
    for number in range(FOLDS):
        err.print(f"fold {number + 1} of {FOLDS}", markup=False)
        each = fold(number, clauses, prompts, everyday)
        best, held = searched(each, clauses, seen)
        chosen.append(best)
        kinds += each.kinds
        nested += held.tolist()
        built_in += answers(BUILT_IN, each, clauses, seen).held.tolist()
    ways = (("chosen inside the training folds", nested), (f"built in: {BUILT_IN}", built_in))
    rows = [
        (name, *(rate(*counted(way, kinds, kind)) for kind in ("attack", "twin", "everyday"))) for name, way in ways
    ]
    show(
        "the probe behind the static heads: how it was chosen",
        ("choice", "attacks found", "benign twins held", "everyday texts held"),
        rows,
        (f"Chosen in the {FOLDS} folds: {'; '.join(map(str, chosen))}.",),
    )
    write(options.out, {"probe choice": {"rows": rows, "chosen": list(map(str, chosen))}})
    return 0


def fold(number: int, clauses: Sequence[Clause], prompts: Sequence[Prompt], everyday: Sequence[str]) -> Fold:
    """One fold, with the heads that learnt from the others."""
    others = [prompt for prompt in prompts if fold_of(prompt.cluster) != number]
    tested = [prompt for prompt in prompts if fold_of(prompt.cluster) == number]
    ordinary = [text for text in everyday if fold_of(text) == number]
    heads: Heads = train(clauses, [adapter("static")()], others)
    texts = [*(prompt.text for prompt in tested), *ordinary]
    kinds = ["attack" if prompt.expected is Expected.DECLINE else "twin" for prompt in tested]
    return Fold(
        rows=material(clauses, others),
        asked=heads.calibrated.nearest >= heads.calibrated.near,
        texts=[numbers_alike(text) for text in texts],
        kinds=[*kinds, *["everyday"] * len(ordinary)],
        suspected=np.array([heads.scores(text).max() >= heads.calibrated.near for text in texts]),
    )


def searched(each: Fold, clauses: Sequence[Clause], seen: Seen) -> tuple[Choice, NDArray[np.bool_]]:
    """The best choice by what the fold learns from alone, and what it holds of the tested texts."""
    known: dict[Choice, Answers] = {}

    def best(choices: Iterable[Choice]) -> Choice:
        for choice in choices:
            if choice not in known:
                known[choice] = answers(choice, each, clauses, seen)
        return max(known, key=lambda choice: known[choice].inside)

    now = BEGIN
    now = best(now._replace(layer=layer, vector=vector) for layer, vector in product(LAYERS, VECTORS))
    now = best(now._replace(sharpness=bent, penalty=penalty) for bent, penalty in product(SHARPNESS, PENALTIES))
    now = best(now._replace(layer=layer, vector=vector) for layer, vector in product(LAYERS, VECTORS))
    return now, known[now].held


def answers(choice: Choice, each: Fold, clauses: Sequence[Clause], seen: Seen) -> Answers:
    """What comes of one choice in one fold."""
    known, tested = seen.at(choice, [numbers_alike(row.text) for row in each.rows]), seen.at(choice, each.texts)
    scale = probe.scale_of(known)
    learnt, new = probe.directions(scale(known)), probe.directions(scale(tested))
    columns = [[float(row.topic == clause.id) for row in each.rows] for clause in clauses]
    targets = np.array([*columns, [float(row.above) for row in each.rows]]).T
    fitted = ridge.fit(alike(learnt, learnt, choice), targets, [row.cluster for row in each.rows], choice.penalty)
    held_out = closed(fitted.held_out)
    nearest, above = held_out.max(axis=1), np.array([row.above for row in each.rows])
    pairs = nearest[above & each.asked][:, None] - nearest[~above & each.asked][None, :]
    held_out[~each.asked] = 0.0
    lows = np.array(balanced(held_out, each.rows, clauses))
    scores = closed((alike(new, learnt, choice) + ridge.INTERCEPT) @ fitted.duals)
    held = each.suspected & (scores >= lows).any(axis=1)
    return Answers(held, float((pairs > 0).mean() + 0.5 * (pairs == 0).mean()))


def alike(some: Array, others: Array, choice: Choice) -> Array:
    """How alike rows of length 1 are: straight, or falling off with distance."""
    straight = some @ others.T
    return np.asarray(np.exp(choice.sharpness * (straight - 1)) if choice.sharpness else straight)


def closed(outputs: Array) -> Array:
    """About the topic and above its ceiling, 0 to 1."""
    held = np.clip(outputs, 0, 1)
    return np.asarray(held[:, :-1] ** TOPIC_SHARE * held[:, -1:] ** (1 - TOPIC_SHARE))


def counted(held: Sequence[bool], kinds: Sequence[str], kind: str) -> tuple[int, int]:
    """How many texts of a kind are held, of how many."""
    own = np.array([each == kind for each in kinds])
    return int(np.array(held)[own].sum()), int(own.sum())


class Seen:
    """Every text at every place, from the file where it has the same texts.

    Args:
        texts: each once.
        system: the operator's system message.
        kept: the file; none to keep nothing.
    """

    def __init__(self, texts: Sequence[str], system: str, kept: Path | None) -> None:
        self._row = {text: row for row, text in enumerate(texts)}
        found = _stored(kept, texts) if kept is not None and kept.is_file() else None
        if found is None:
            found = read(texts, system)
            if kept is not None:
                np.savez(
                    kept, texts=np.array(texts), **{f"{layer}-{name}": each for (layer, name), each in found.items()}
                )
        self._found = found

    def at(self, choice: Choice, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector per text, at the layer of a choice."""
        return self._found[choice.layer, choice.vector][[self._row[text] for text in texts]]


def _stored(kept: Path, texts: Sequence[str]) -> dict[tuple[int, str], NDArray[np.float32]] | None:
    with np.load(kept) as file:
        if file["texts"].tolist() != list(texts):
            return None
        return {(layer, name): file[f"{layer}-{name}"] for layer, name in product(LAYERS, VECTORS)}


def read(texts: Sequence[str], system: str) -> dict[tuple[int, str], NDArray[np.float32]]:
    """Every text at every place, by the model up to the last layer that is looked at.

    What all texts begin with is read once.
    """
    import torch
    from transformers import DynamicCache

    from colonnade.models.activations import asked, shared_beginning
    from colonnade.models.decoding import decoder_layers
    from colonnade.models.local import LocalModel, converted_weights, load, pad_right

    loaded = load(converted_weights())
    del decoder_layers(loaded.model)[max(LAYERS) + 1 :]  # one more, since what the last one gives is normalised
    beginning = shared_beginning(loaded, system)
    speaker = LocalModel(loaded)
    rows = [
        loaded.tokenizer(speaker.prompt_text(asked(system, text)), add_special_tokens=False)["input_ids"]
        for text in texts
    ]
    first = rows[0][:beginning]
    usual = all(row[:beginning] == first for row in rows)
    err.print(f"{len(texts)} texts, the first {beginning if usual else 0} tokens of each are the same", markup=False)
    start = beginning if usual else 0
    decoder, memory = loaded.model.get_decoder(), DynamicCache(config=loaded.model.config)
    size = loaded.model.config.hidden_size
    found = {place: np.zeros((len(texts), size), dtype=np.float32) for place in product(LAYERS, VECTORS)}
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    with torch.inference_mode(), bar("reading with the model") as moved:
        if start:
            decoder(**pad_right([first], 0, loaded.model.device), past_key_values=memory, use_cache=True)
        for begin in range(0, len(order), BATCH):
            batch = order[begin : begin + BATCH]
            padded = pad_right([rows[row][start:] for row in batch], loaded.tokenizer.pad_token_id, loaded.model.device)
            given = None
            if start:
                given = deepcopy(memory)
                given.batch_repeat_interleave(len(batch))
                before = torch.ones((len(batch), start), dtype=torch.long, device=loaded.model.device)
                padded["attention_mask"] = torch.cat([before, padded["attention_mask"]], dim=1)
            states = decoder(
                **padded, past_key_values=given, use_cache=given is not None, output_hidden_states=True
            ).hidden_states
            for number, row in enumerate(batch):
                for layer in LAYERS:
                    own = states[layer][number, : len(rows[row]) - start].float()
                    own = own if start else own[beginning:]
                    found[layer, "last"][row], found[layer, "mean"][row] = own[-1].numpy(), own.mean(0).numpy()
            moved(min(begin + BATCH, len(order)), len(order))
    return found


if __name__ == "__main__":
    sys.exit(main())
