"""One step of a ledger with what it read and what it made, stored honestly whatever the records say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from colonnade.records import Record
from colonnade.store import Store

from .small_workspace import make_run

Rows = Mapping[str, Sequence[Record]]


def stored(folder: Path, step: str, taken: Rows, made: Rows, **fields: object) -> Path:
    """A workspace in whose ledger the step read ``taken`` and made ``made``: every digest and every link is right."""
    workspace = folder / "workspace"
    workspace.mkdir(exist_ok=True)
    store = Store(workspace)
    inputs = {name: store.put_records(rows) for name, rows in taken.items()}
    outputs = {name: store.put_records(rows) for name, rows in made.items()}
    store.record(make_run("earlier.step", {}, inputs), "tester")
    store.record(make_run(step, inputs, outputs, **fields), "tester")
    store.close()
    return workspace
