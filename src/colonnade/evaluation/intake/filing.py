"""Where an imported set lies in a workspace, and what is there already."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colonnade.evaluation.intake.importing import Plan, Rejected
from colonnade.evaluation.prompts import FiledPrompt, PromptRow
from colonnade.records import InputError, Split

REJECTED = "rejected"
"""The folder beside the splits in which lies what was left out; no step reads it."""

_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


def check_name(workspace: Path, name: str, replace: bool) -> None:
    """Look whether a set of this name can be written.

    Raises:
        InputError: where the name is none for a file, or a set has it already and shall not be replaced.
    """
    if not _NAME.match(name):
        mend = "Use small letters, digits, full stops, underscores and hyphens: '--name NAME'."
        raise InputError(f"'{name}' is no name for a set.", mend=mend)
    there = [file for file in _files(workspace, name).values() if file.exists()]
    if there and not replace:
        mend = "Choose another '--name', or say '--replace'."
        raise InputError("a set of this name was imported before.", file=there[0], mend=mend)


def _files(workspace: Path, name: str) -> dict[str, Path]:
    return {folder: workspace / "prompts" / folder / f"{name}.jsonl" for folder in (*map(str, Split), REJECTED)}


def without_set(prompts: Iterable[FiledPrompt], name: str) -> tuple[FiledPrompt, ...]:
    """The prompts that do not stand in the files of this set."""
    files = {f"{split}/{name}.jsonl" for split in Split}
    return tuple(row for row in prompts if row.file not in files)


def write_import(workspace: Path, name: str, plan: Plan) -> tuple[Path, ...]:
    """Write the rows of each split and what was rejected; files of an earlier import are replaced.

    Every file is written beside its place first, so that a full disk leaves the workspace as it was.
    """
    files = _files(workspace, name)
    contents = {str(split): [_row_line(row) for row in rows] for split, rows in plan.rows.items()}
    contents[REJECTED] = [_rejected_line(row) for row in plan.rejected]
    drafts: dict[Path, Path] = {}
    try:
        for folder, lines in contents.items():
            if lines:
                file = files[folder]
                file.parent.mkdir(parents=True, exist_ok=True)
                drafts[file] = file.with_name(f".{file.name}.draft")
                drafts[file].write_text("".join(lines), encoding="utf-8")
        for file, draft in drafts.items():
            draft.replace(file)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
    for file in files.values():
        if file not in drafts:
            file.unlink(missing_ok=True)
    return tuple(drafts)


def _row_line(row: PromptRow) -> str:
    content = row.model_dump(mode="json", exclude_defaults=True)
    if row.source_rows:
        content["source_rows"] = dict(row.source_rows)
    return _line(content)


def _rejected_line(rejected: Rejected) -> str:
    row = rejected.row
    content: dict[str, Any] = {"row": row.id, "line": row.line, "reason": rejected.reason, "detail": rejected.detail}
    return _line(content | {"categories": list(row.categories), "text": row.text})


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False) + "\n"


class SetCount(NamedTuple):
    """How many prompts of one kind a set has."""

    set: str
    split: str
    origin: str
    licence: str
    language: str
    sensitivity: str
    prompts: int
    clusters: int


def count_sets(prompts: Sequence[FiledPrompt]) -> tuple[SetCount, ...]:
    """Every set with its prompts by split, origin, licence and language.

    A prompt that was not imported counts to the set of its file.
    """
    counted: dict[tuple[str, str, str, str, str, str], list[str]] = {}
    for filed in prompts:
        prompt = filed.prompt
        name = Path(filed.file).stem if "/" in filed.file else "written here"
        key = (name, str(prompt.split), prompt.origin, prompt.licence, prompt.language, str(prompt.sensitivity))
        counted.setdefault(key, []).append(prompt.cluster)
    order = {str(split): place for place, split in enumerate(Split)}
    keys = sorted(counted, key=lambda key: (key[0], order[key[1]], *key[2:]))
    return tuple(SetCount(*key, len(counted[key]), len(set(counted[key]))) for key in keys)
