"""The corpus as one Daft dataframe."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from colonnade.pretraining.filing import CorpusFile, CorpusRow, read_files
from colonnade.records import InputError

os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")
os.environ.setdefault("DAFT_PROGRESS_BAR", "0")
os.environ.setdefault("DO_NOT_TRACK", "1")

import daft  # its telemetry is read from the environment at import

__all__ = ["daft", "read_corpus"]


def read_corpus(workspace: Path) -> Any:
    """Every document below ``corpus/``: id, text, language, source, licence, file.

    Raises:
        InputError: see :func:`colonnade.pretraining.filing.read_files`.
    """
    frames = [frame for file in read_files(workspace) if (frame := _frame(file)) is not None]
    corpus = frames[0]
    for frame in frames[1:]:
        corpus = corpus.concat(frame)
    return corpus


def _frame(file: CorpusFile) -> Any:
    if file.file.suffix.lower() == ".parquet":
        return _parquet(file)
    if not file.rows:
        return None
    columns: dict[str, list[str]] = {
        field: [getattr(row, field) for row in file.rows] for field in CorpusRow.model_fields
    }
    return daft.from_pydict({**columns, "file": [file.name] * len(file.rows)})


def _parquet(file: CorpusFile) -> Any:
    frame = daft.read_parquet(str(file.file))
    missing = {"id", "text"} - set(frame.column_names)
    if missing:
        raise InputError(
            f"the column '{min(missing)}' is missing.", file=file.file, mend="Every document needs 'id' and 'text'."
        )
    _check_ids(file, frame)
    columns = [
        daft.col(field).cast(daft.DataType.string()) if field in frame.column_names else daft.lit(default).alias(field)
        for field, default in (
            ("id", ""),
            ("text", ""),
            ("language", ""),
            ("source", "unknown"),
            ("licence", "unknown"),
        )
    ]
    return frame.select(*columns, daft.lit(file.name).alias("file"))


def _check_ids(file: CorpusFile, frame: Any) -> None:
    """Every row has an id of its own, and a text."""
    seen: set[str] = set()
    rows = frame.select("id", "text").to_pydict()
    for number, (identifier, text) in enumerate(zip(rows["id"], rows["text"], strict=True), start=1):
        if identifier is None or text is None:
            raise InputError(f"row {number} has no id or no text.", file=file.file, mend="Fill both in.")
        if str(identifier) in seen:
            raise InputError(
                f"the document id '{identifier}' is used twice.", file=file.file, mend="Give each an id of its own."
            )
        seen.add(str(identifier))
