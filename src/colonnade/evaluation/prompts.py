"""The prompts of a workspace: pairs of a violating request and its benign twin, in three splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from colonnade.records import Expected, InputError, PolicySet, Prompt, Record, Split
from colonnade.records.reading import read_rows, row_to_record


class PromptRow(Record):
    """One line of a prompt file.

    Attributes:
        violating: a request that a model keeping to the clause declines.
        benign: its twin, which looks alike and deserves help.
        cluster: rows that paraphrase one another share it; by default the row stands alone.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    clause: str
    violating: Annotated[str, Field(min_length=3)] | None = None
    benign: Annotated[str, Field(min_length=3)] | None = None
    cluster: str | None = None
    language: str = "en"
    origin: str = "authored"


def read_prompts(workspace: Path, policies: PolicySet) -> tuple[Prompt, ...]:
    """Every prompt of ``prompts/training.jsonl``, ``development.jsonl`` and ``gate.jsonl``.

    Raises:
        InputError: for a row that is wrong, an unknown clause, an id used twice, the same text
            twice, a cluster that stands in two splits, or a split without a prompt.
    """
    prompts: list[Prompt] = []
    places: dict[str, str] = {}
    clusters: dict[str, Split] = {}
    texts: dict[str, str] = {}
    for split in Split:
        file = workspace / "prompts" / f"{split}.jsonl"
        for line, content in read_rows(file):
            row = row_to_record(PromptRow, content, file, line)
            _check_row(row, policies, places, clusters, split, file, line)
            for prompt in prompts_of(row, split):
                key = " ".join(prompt.text.lower().split())
                if key in texts:
                    raise InputError(
                        f"this text stands in '{texts[key]}' already.",
                        file=file,
                        line=line,
                        mend="Remove one of the two.",
                    )
                texts[key] = prompt.id
                prompts.append(prompt)
        if not any(prompt.split is split for prompt in prompts):
            raise InputError("there is no prompt here.", file=file, mend="Write one JSON object per line.")
    return tuple(prompts)


def prompts_of(row: PromptRow, split: Split) -> tuple[Prompt, ...]:
    """The one or two prompts of a row, each naming the other as its twin."""
    sides = {"violating": (row.violating, Expected.DECLINE), "benign": (row.benign, Expected.HELP)}
    other = {"violating": "benign", "benign": "violating"}
    return tuple(
        Prompt(
            id=f"{row.id}/{side}",
            text=text,
            clause=row.clause,
            expected=expected,
            twin=f"{row.id}/{other[side]}" if sides[other[side]][0] else None,
            cluster=row.cluster or row.id,
            language=row.language,
            split=split,
            origin=row.origin,
        )
        for side, (text, expected) in sides.items()
        if text
    )


def _check_row(
    row: PromptRow,
    policies: PolicySet,
    places: dict[str, str],
    clusters: dict[str, Split],
    split: Split,
    file: Path,
    line: int,
) -> None:
    if policies.clause(row.clause) is None:
        raise InputError(
            f"no policy has the clause '{row.clause}'.",
            file=file,
            line=line,
            mend="Correct the id, or write the clause.",
        )
    if row.violating is None and row.benign is None:
        raise InputError(
            "this row has neither 'violating' nor 'benign'.", file=file, line=line, mend="Add at least one of them."
        )
    if row.id in places:
        raise InputError(
            f"the id '{row.id}' is used twice; it stands in {places[row.id]}, too.",
            file=file,
            line=line,
            mend="Give this row an id of its own.",
        )
    places[row.id] = f"{file.name}, line {line}"
    cluster = row.cluster or row.id
    if clusters.setdefault(cluster, split) is not split:
        raise InputError(
            f"the cluster '{cluster}' stands in the splits '{clusters[cluster]}' and '{split}'.",
            file=file,
            line=line,
            mend="Keep paraphrases in one split: what training has seen measures nothing.",
        )
