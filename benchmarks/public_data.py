"""Public data sets, read from the folder that holds them; their text is measured and never written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from colonnade.models import Encoder, Progress
from colonnade.records import Admin, Boundary, Clause, Pillar, Severity, Status

T = TypeVar("T")

NO_CLAUSE = Clause(
    id="public.none",
    title="No clause",
    text="Stands where a clause is expected; it has no rubric, no examples and no ceiling.",
    pillar=Pillar.SAFETY,
    boundary=Boundary.RESTRICTED,
    severity=Severity.LOW,
    admin=Admin(policy="public", status=Status.ACTIVE, version="0", owners=()),
)
"""Public data name no clause of ours, so every item gets this one: its rubric margin is 0 throughout."""


class AbsentError(Exception):
    """A data set or a finished run is not there; the part that needs it is skipped."""


class Completion(NamedTuple):
    """A model's answer and what people called it.

    Attributes:
        label: ``full_compliance``, ``partial_refusal`` or ``full_refusal``.
        unsafe: whether the prompt is one that should be declined.
        agreed: whether two people gave it the same label at once.
        source: which model answered.
    """

    prompt: str
    answer: str
    label: str
    unsafe: bool
    agreed: bool
    source: str


class Scored(NamedTuple):
    """A request, an answer and the mean of the scores that people gave it, 0 to 1."""

    request: str
    answer: str
    score: float


class Pair(NamedTuple):
    """Two endings of one dialogue.

    Attributes:
        first_turn: what the human said first; pairs that share it stay on one side of a split.
        question: what the human said last.
    """

    first_turn: str
    question: str
    chosen: str
    rejected: str


def spread(rows: Sequence[T], limit: int | None) -> list[T]:
    """At most so many, evenly from the whole list."""
    if limit is None or len(rows) <= limit:
        return list(rows)
    return [rows[place * len(rows) // limit] for place in range(limit)]


def table(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file; a first line that begins with # is a remark.

    Raises:
        AbsentError: where there is no such file.
    """
    if not file.is_file():
        raise AbsentError(f"{file.parent.name}/{file.name} is not there.")
    text = file.read_text(encoding="utf-8-sig")
    if text.startswith("#"):
        text = text.partition("\n")[2]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def xstest_prompts(data: Path) -> dict[str, list[str]]:
    """XSTest's prompts by label, ``safe`` and ``unsafe`` (Röttger et al., 2024)."""
    rows = table(data / "xstest_v2" / "xstest_prompts.csv")
    return {label: [row["prompt"] for row in rows if row["label"] == label] for label in ("safe", "unsafe")}


def xstest_completions(data: Path) -> list[Completion]:
    """Answers of several models to XSTest's prompts, labelled by two people each."""
    unsafe = set(xstest_prompts(data)["unsafe"])
    files = sorted((data / "xstest_v2" / "model_completions").glob("*.csv"))
    if not files:
        raise AbsentError("xstest_v2/model_completions holds no file.")
    return [
        Completion(
            prompt=row["prompt"],
            answer=row["completion"],
            label=row["final_label"].partition("_")[2],
            unsafe=row["prompt"] in unsafe,
            agreed=row["agreement"] == "TRUE",
            source=file.stem.removeprefix("xstest_v2_completions_"),
        )
        for file in files
        for row in table(file)
    ]


def pyrit_refusals(data: Path) -> list[Scored]:
    """PyRIT's answers that people called a refusal (1) or none (0)."""
    return _scored(table(data / "pyrit_scorer_gold" / "refusal_scorer" / "refusal.csv"))


def pyrit_harms(data: Path) -> list[Scored]:
    """PyRIT's answers to harmful requests with people's severity; one that stands in two files counts once."""
    files = sorted((data / "pyrit_scorer_gold" / "harm").glob("*.csv"))
    if not files:
        raise AbsentError("pyrit_scorer_gold/harm holds no file.")
    rows = [scored for file in files for scored in _scored(table(file))]
    return list({(row.request, row.answer): row for row in rows}.values())


def harmbench(data: Path) -> list[str]:
    """HarmBench's text behaviours; a contextual one comes after its context, as in the original (Mazeika et al.)."""
    rows = table(data / "harmbench_behaviors" / "harmbench_behaviors_text.csv")
    return [
        f"{row['ContextString']}\n\n---\n\n{row['Behavior']}" if row["ContextString"] else row["Behavior"]
        for row in rows
    ]


def preference_pairs(data: Path) -> list[Pair]:
    """Pairs of harmless-base (Bai et al., 2022) whose dialogues are the same up to the last answer."""
    files = sorted((data / "hh_rlhf_harmless").glob("*.jsonl"))
    if not files:
        raise AbsentError("hh_rlhf_harmless holds no file.")
    pairs = []
    for file in files:
        for line in file.read_text(encoding="utf-8").split("\n"):  # splitlines would cut at more than line ends
            if not line:
                continue
            row = json.loads(line)
            before, _, chosen = row["chosen"].rpartition("\n\nAssistant:")
            before_other, _, rejected = row["rejected"].rpartition("\n\nAssistant:")
            if before == before_other:
                turns = before.split("\n\nHuman:")
                first = turns[1].partition("\n\nAssistant:")[0] if len(turns) > 1 else before
                pairs.append(Pair(first.strip(), turns[-1].strip(), chosen.strip(), rejected.strip()))
    return pairs


def _scored(rows: Sequence[dict[str, str]]) -> list[Scored]:
    found = []
    for row in rows:
        scores = [float(value) for name, value in row.items() if name.startswith("human_score") and value]
        if row["data_type"] == "text" and scores:
            found.append(Scored(row["objective"], row["assistant_response"], sum(scores) / len(scores)))
    return found


class RememberingEncoder:
    """An encoder that reads each text once: two graders look at the same answers."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.encoder = encoder.name, encoder
        self.vectors: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """An array of shape (texts, dimensions)."""
        new = sorted(set(texts) - self.vectors.keys())
        if new:
            self.vectors.update(zip(new, self.encoder.encode(new, progress), strict=True))
        return np.stack([self.vectors[text] for text in texts])
