"""The prompts of a workspace: pairs of a violating request and its benign twin, in three splits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field

from colonnade.records import (
    Digest,
    Expected,
    InputError,
    OriginWord,
    Pillar,
    PolicySet,
    Prompt,
    PromptOrigin,
    Record,
    Retirement,
    Sensitivity,
    Split,
    digest_of,
)
from colonnade.records.reading import read_rows, row_to_record
from colonnade.records.record import Pairs

RETIRED_FILE = "retired.jsonl"
"""Beside the splits; names the prompts that are no longer asked by default."""


class PromptRow(Record):
    """One line of a prompt file.

    Attributes:
        violating: a request that a model keeping to the clause declines.
        benign: its twin, which looks alike and deserves help.
        cluster: rows that paraphrase one another share it; by default the row stands alone.
        source: the set that the row was taken from.
        source_rows: for each of ``violating`` and ``benign``, its row in that set.
        canary: the token of a sealed row; it is looked for in everything that training reads.

    The other attributes are those of :class:`colonnade.records.Prompt`.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    clause: str
    violating: Annotated[str, Field(min_length=3)] | None = None
    benign: Annotated[str, Field(min_length=3)] | None = None
    cluster: str | None = None
    language: str = "en"
    modality: str = "text"
    origin: OriginWord = PromptOrigin.AUTHORED.value
    contributor: str = ""
    licence: str = ""
    sensitivity: Sensitivity = Sensitivity.RESTRICTED
    pillar: Pillar | None = None
    region: str = ""
    source: str = ""
    source_rows: Pairs = ()
    canary: str = ""
    parent: str = ""
    round: Annotated[int, Field(ge=0)] = 0
    confirmed_by: str = ""


class FiledPrompt(NamedTuple):
    """A prompt and where it stands; ``file`` is named from ``prompts/`` on."""

    file: str
    line: int
    prompt: Prompt


def prompt_files(workspace: Path, split: Split) -> tuple[Path, ...]:
    """The file of a split and, after it, the sets that were imported into it."""
    folder = workspace / "prompts"
    return (folder / f"{split}.jsonl", *sorted((folder / str(split)).glob("*.jsonl")))


def read_prompts(workspace: Path, policies: PolicySet, splits: Sequence[Split] = tuple(Split)) -> tuple[Prompt, ...]:
    """Every prompt of ``prompts/SPLIT.jsonl`` and ``prompts/SPLIT/*.jsonl`` that has not retired.

    Args:
        workspace: the folder with ``prompts/``.
        policies: whose clauses the prompts name.
        splits: those that are read; the files of others need not be there.

    Raises:
        InputError: for a row that is wrong, an unknown clause, an id used twice, the same text
            twice, a cluster that stands in two splits, or a split without a prompt.
    """
    active, _ = _by_standing(workspace, policies, splits)
    for split in splits:
        if not any(prompt.split is split for prompt in active):
            file = workspace / "prompts" / RETIRED_FILE
            mend = "Take some of them out of this file."
            raise InputError(f"every prompt of the split '{split}' has retired.", file=file, mend=mend)
    return active


def read_retired_prompts(workspace: Path, policies: PolicySet) -> tuple[Prompt, ...]:
    """The prompts that have retired: not asked by default, but they can be at any time.

    Raises:
        InputError: as :func:`read_prompts`.
    """
    return _by_standing(workspace, policies)[1]


def _by_standing(
    workspace: Path, policies: PolicySet, splits: Sequence[Split] = tuple(Split)
) -> tuple[tuple[Prompt, ...], tuple[Prompt, ...]]:
    """The prompts that are asked, and those that have retired."""
    standing = standing_retirements(read_retirements(workspace))
    prompts = [row.prompt for row in read_filed_prompts(workspace, policies, splits)]
    retired = {prompt.id for prompt in prompts if has_retired(prompt, standing)}
    return (
        tuple(prompt for prompt in prompts if prompt.id not in retired),
        tuple(prompt for prompt in prompts if prompt.id in retired),
    )


def read_retirements(workspace: Path) -> tuple[Retirement, ...]:
    """Every line of ``prompts/retired.jsonl``, in order; none where there is no such file.

    Raises:
        InputError: for a line that is wrong, or that retires a training prompt: what training reads is not asked.
    """
    file = workspace / "prompts" / RETIRED_FILE
    if not file.exists():
        return ()
    rows = []
    for line, content in read_rows(file):
        row = row_to_record(Retirement, content, file, line)
        if row.split is Split.TRAINING:
            what = f"'{row.prompt}' is a training prompt, and these do not retire."
            raise InputError(what, file=file, line=line, mend="Take this line out.")
        rows.append(row)
    return tuple(rows)


def standing_retirements(rows: Iterable[Retirement]) -> Mapping[str, Retirement]:
    """The retirements that hold, by prompt: of several lines about a prompt the last one counts."""
    last = {row.prompt: row for row in rows}
    return {name: row for name, row in last.items() if row.returned is None}


def has_retired(prompt: Prompt, standing: Mapping[str, Retirement]) -> bool:
    """Whether this very text has retired; another text under the same id has not."""
    row = standing.get(prompt.id)
    return row is not None and row.content == text_digest(prompt.text)


def read_filed_prompts(
    workspace: Path, policies: PolicySet, splits: Sequence[Split] = tuple(Split)
) -> tuple[FiledPrompt, ...]:
    """Every prompt, retired or not, each with its place: what nothing new may repeat, and what stays sealed.

    Raises:
        InputError: where a row is wrong, repeats an id or a text, or a split has no prompt.
    """
    prompts: list[FiledPrompt] = []
    places: dict[str, str] = {}
    clusters: dict[str, Split] = {}
    texts: dict[str, str] = {}
    for split in splits:
        before = len(prompts)
        for file in prompt_files(workspace, split):
            name = file.relative_to(workspace / "prompts").as_posix()
            for line, row in _rows(file):
                _check_row(row, policies, places, clusters, split, file, line)
                places[row.id] = f"{name}, line {line}"
                for prompt in prompts_of(row, split):
                    _check_text(prompt, texts, file, line)
                    prompts.append(FiledPrompt(name, line, prompt))
        if len(prompts) == before:
            file = prompt_files(workspace, split)[0]
            raise InputError("there is no prompt here.", file=file, mend="Write one JSON object per line.")
    return tuple(prompts)


def _rows(file: Path) -> Iterator[tuple[int, PromptRow]]:
    for line, content in read_rows(file):
        yield line, row_to_record(PromptRow, content, file, line)


def text_key(text: str) -> str:
    """What two texts share that count as the same: case and blanks make no difference."""
    return " ".join(text.lower().split())


def text_digest(text: str) -> Digest:
    """A digest that two texts share that count as the same."""
    return digest_of(text_key(text))


def prompts_of(row: PromptRow, split: Split) -> tuple[Prompt, ...]:
    """The one or two prompts of a row, each naming the other as its twin."""
    sides = {"violating": (row.violating, Expected.DECLINE), "benign": (row.benign, Expected.HELP)}
    other = {"violating": "benign", "benign": "violating"}
    taken_from = dict(row.source_rows)
    return tuple(
        Prompt(
            id=f"{row.id}/{side}",
            text=text,
            clause=row.clause,
            expected=expected,
            twin=f"{row.id}/{other[side]}" if sides[other[side]][0] else None,
            cluster=row.cluster or row.id,
            language=row.language,
            modality=row.modality,
            split=split,
            origin=row.origin,
            contributor=row.contributor,
            licence=row.licence,
            sensitivity=row.sensitivity,
            pillar=row.pillar,
            region=row.region,
            source=f"{row.source}/{taken_from.get(side, row.id)}" if row.source else "",
            canary=row.canary,
            parent=row.parent,
            round=row.round,
            confirmed_by=row.confirmed_by,
        )
        for side, (text, expected) in sides.items()
        if text
    )


def _check_text(prompt: Prompt, texts: dict[str, str], file: Path, line: int) -> None:
    key = text_key(prompt.text)
    if key in texts:
        what = f"this text stands in '{texts[key]}' already."
        raise InputError(what, file=file, line=line, mend="Remove one of the two.")
    texts[key] = prompt.id


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
    cluster = row.cluster or row.id
    if clusters.setdefault(cluster, split) is not split:
        raise InputError(
            f"the cluster '{cluster}' stands in the splits '{clusters[cluster]}' and '{split}'.",
            file=file,
            line=line,
            mend="Keep paraphrases in one split: what training has seen measures nothing.",
        )
