"""Runs and ledger entries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from colonnade.records import Entry, Run, digest_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_run(**fields: Any) -> Run:
    content = {
        "step": "policy.map",
        "key": digest_of("key"),
        "inputs": {},
        "files": {},
        "parameters": digest_of({}),
        "model": None,
        "code": digest_of("code"),
        "uses": (),
        "outputs": {},
        "started": NOON,
        "ended": NOON,
    }
    return Run.model_validate({**content, **fields})


def test_a_mapping_is_kept_as_sorted_pairs() -> None:
    run = make_run(outputs={"b": digest_of(2), "a": digest_of(1)})
    assert run.outputs == (("a", digest_of(1)), ("b", digest_of(2)))
    assert run.digest == make_run(outputs={"a": digest_of(1), "b": digest_of(2)}).digest
    assert Run.model_validate_json(run.model_dump_json()) == run


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        make_run(started=NOON.replace(tzinfo=None))


def test_the_sequence_of_an_entry_starts_at_zero() -> None:
    content = {"at": NOON, "actor": "ada", "act": "run", "subject": digest_of(1), "previous": digest_of(0)}
    assert Entry.model_validate({**content, "sequence": 0}).sequence == 0
    with pytest.raises(ValidationError, match="sequence"):
        Entry.model_validate({**content, "sequence": -1})
