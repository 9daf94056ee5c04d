"""What the guard's heads hold back in long texts: attacks among harmless sentences, harmless sentences, prose.

Usage: python benchmarks/long_texts.py [--probe] [--paragraphs N] [--data DIR] [--workspace DIR] [--out FILE]

The heads learn from the examples and the training prompts of the workspace. Its development prompts, its rehearsal
texts and the prose (WikiText-2) are not learnt from.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from colonnade.guard import topic_clauses
from colonnade.guard.detection import Detection, Detector, Heads, train
from colonnade.guard.detection.confirming import Confirmed, confirm
from colonnade.guard.detection.windows import windows
from colonnade.models import adapter
from colonnade.pipeline.detection import teaching_prompts
from colonnade.pipeline.hosting import reading_of
from colonnade.pipeline.workspace import Workspace, open_workspace
from colonnade.records import Expected, Prompt, Split
from results import err, rate, show, write

SEED = 1
PARAGRAPHS = 300
WORDS = 20
"""A paragraph of prose has more words than this."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write where a file is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder with the public sets")
    parser.add_argument("--workspace", type=Path, default=Path("examples/assistant"))
    parser.add_argument("--probe", action="store_true", help="and what is left where a probe looks again, as a request")
    parser.add_argument("--paragraphs", type=int, default=PARAGRAPHS, help="of prose; a probe reads ten pieces of each")
    parser.add_argument("--out", type=Path, help="write all numbers into this JSON file")
    options = parser.parse_args(arguments)
    workspace = open_workspace(options.workspace)
    texts = texts_of(workspace, options.data, options.paragraphs)
    alone, judged = learnt(workspace, judged=False), learnt(workspace, judged=True)
    ways: list[tuple[str, Detector, Callable[[Detection], bool]]] = [
        ("with a judge: asked", judged, lambda _: True),
        ("without a judge: held", alone, lambda _: True),
        ("as a reply to an ordinary request", alone, lambda finding: finding.strong),
    ]
    if options.probe:
        ways.append(("as a request, with the probe: held", looked_again(workspace, alone), lambda _: True))
    rows, found = [], {}
    for name, members in texts.items():
        err.print(name, markup=False)
        held = {
            way: sum(any(alone.is_above(each) and counts(each) for each in detector.detect(text)) for text in members)
            for way, detector, counts in ways
        }
        rows.append((name, len(members), *(rate(count, len(members)) for count in held.values())))
        pieces = sum(len(windows(text)) for text in members) / max(len(members), 1)
        found[name] = {"texts": len(members), "windows": round(pieces, 1), **held}
    show(
        "detectors: held back in long texts",
        ("texts", "n", *(way for way, _, _ in ways)),
        rows,
        ("Intervals are exact at 95 %. With a judge these are the texts that it is asked about.",),
    )
    write(options.out, {"long texts": found})
    return 0


def learnt(workspace: Workspace, judged: bool) -> Heads:
    """Heads that have not seen the development prompts."""
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    return train(clauses, [adapter("static")()], training(workspace), judged)


def looked_again(workspace: Workspace, heads: Heads) -> Confirmed:
    """The same heads with a probe behind them that has not seen the development prompts either."""
    clauses = topic_clauses(workspace.policies.active, workspace.launch.regions[0])
    reading = reading_of(workspace)
    return confirm(heads, clauses, reading.activations, training(workspace), reading.remembered)


def training(workspace: Workspace) -> list[Prompt]:
    """The prompts that may teach here."""
    return [prompt for prompt in teaching_prompts(workspace) if prompt.split is Split.TRAINING]


def texts_of(workspace: Workspace, data: Path, paragraphs: int = PARAGRAPHS) -> dict[str, list[str]]:
    """What is judged, by name."""
    draw = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    prompts = [prompt for prompt in teaching_prompts(workspace) if prompt.split is Split.DEVELOPMENT]
    attacks = [prompt.text for prompt in prompts if prompt.expected is Expected.DECLINE]
    harmless = [
        json.loads(line)["text"]
        for file in sorted((workspace.folder / "rehearsal").glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]

    def among(attack: str, sentences: int) -> str:
        others = draw.sample(harmless, sentences)
        return " ".join([*others[: sentences // 2], attack, *others[sentences // 2 :]])

    texts = {
        "attacks": attacks,
        "attacks among 4 harmless sentences": [among(attack, 4) for attack in attacks],
        "attacks among 20 harmless sentences": [among(attack, 20) for attack in attacks],
        "their benign twins": [prompt.text for prompt in prompts if prompt.expected is Expected.HELP],
        "harmless sentences": harmless,
        "20 harmless sentences": [" ".join(draw.sample(harmless, 20)) for _ in range(100)],
    }
    prose = data / "wikitext2" / "valid.txt"
    if prose.is_file():
        lines = prose.read_text(encoding="utf-8").splitlines()
        texts["paragraphs of prose"] = [line.strip() for line in lines if len(line.split()) > WORDS][:paragraphs]
    return texts


if __name__ == "__main__":
    sys.exit(main())
