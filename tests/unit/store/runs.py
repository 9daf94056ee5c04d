"""Runs as steps would leave them, for the tests of the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from colonnade.records import Digest, Run, Use, digest_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_run(
    step: str = "policy.map",
    key: str = "one",
    *,
    inputs: dict[str, Digest] | None = None,
    outputs: dict[str, Digest] | None = None,
    uses: Iterable[Use] = (),
    minute: int = 0,
) -> Run:
    """A run; another minute makes it another run."""
    return Run.model_validate(
        {
            "step": step,
            "key": digest_of(key),
            "inputs": inputs or {},
            "files": {},
            "parameters": digest_of({}),
            "model": None,
            "code": digest_of("code"),
            "uses": tuple(uses),
            "outputs": outputs or {},
            "started": NOON + timedelta(minutes=minute),
            "ended": NOON + timedelta(minutes=minute),
        }
    )
