"""What was done: one Run per step, one Entry per act in the ledger."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from colonnade.records.clause import Use
from colonnade.records.record import Digest, Pairs, Record


class Run(Record):
    """One finished step and everything its result depends on.

    Attributes:
        key: the digest of all that follows up to ``uses``; equal keys give equal results.
        inputs, outputs: artefact digests by name.
        code: the digest of the meaning of the step's code.
        uses: every facet of every clause that was read.
        notes: what the step wants a reader to see, as name and value.
    """

    step: str
    key: Digest
    inputs: Pairs
    files: Pairs
    parameters: Digest
    model: Digest | None
    code: Digest
    uses: tuple[Use, ...]
    outputs: Pairs
    notes: Pairs = ()
    commit: str = ""
    packages: Pairs = ()
    seed: int = 0
    started: AwareDatetime
    ended: AwareDatetime


class Entry(Record):
    """One line of the ledger.

    Attributes:
        previous: digest of the entry before; the first names 64 zeros.
    """

    sequence: Annotated[int, Field(ge=0)]
    at: AwareDatetime
    actor: str
    act: str
    subject: Digest
    previous: Digest
